/*
 * train.c: slots of this process that train at a server, for travel.py.
 *
 * Usage: remote-train URL TOKEN FOLDER SLOTS
 *
 * FOLDER is where the spec's paths begin here; logs and what travels lie below it. Trains the study
 * `tiny` until it is over, and ends with status 0 where that went well. Workers' processes speak to
 * a server of this process, which has that desk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "executor/cell.h"
#include "executor/executor.h"
#include "remote/desk.h"
#include "server/server.h"

static void must(pbt_err err, const pbt_error *error)
{
    if (err != PBT_OK) {
        fprintf(stderr, "train: %s: %s\n", error->message, error->detail);
        exit(1);
    }
}

int main(int count, char **words)
{
    pbt_error error = {0};
    pbt__desk *desk = NULL;
    pbt__executor *executor = NULL;
    pbt__server *server = NULL;
    char token[PBT__TOKEN_SIZE];
    char logs[PBT__PATH_SIZE], away[PBT__PATH_SIZE];
    if (pbt__cell_is_asked(count, words)) {
        return pbt__cell_main(count, words);
    }
    if (count != 5) {
        return 2;
    }
    must(pbt__path_join(words[3], "logs", logs, &error), &error);
    must(pbt__path_join(words[3], "away", away, &error), &error);
    const pbt__remote_options where = {
        .server = words[1],
        .study = "tiny",
        .token = words[2],
        .folder = away,
        .spec_folder = words[3],
        .patience_seconds = 10,
    };
    const pbt__server_options serving = {.address = "127.0.0.1", .token = token};
    must(pbt__token_make(token, &error), &error);
    must(pbt__remote_desk_open(&where, &desk, &error), &error);
    must(pbt__server_start(&serving, &server, &error), &error);
    must(pbt__server_add_desk(server, desk, &error), &error);
    const pbt__executor_options options = {
        .slots = {.count = (int32_t)strtol(words[4], NULL, 10)},
        .log_folder = logs,
        .worker_name = "elsewhere",
        .server_url = pbt__server_url(server),
        .token = token,
    };
    const pbt__executor_ops *local = NULL;
    must(pbt__executor_find("local", &local, &error), &error);
    must(local->check(desk, &options, &error), &error);
    must(local->start(desk, &options, &executor, &error), &error);
    while (!local->is_done(executor)) {
        (void)usleep(5000);
    }
    must(local->finish(executor, &error), &error);
    pbt__server_stop(server);
    pbt__remote_desk_close(desk);
    return 0;
}
