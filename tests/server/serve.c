/*
 * serve.c: a study behind a server, for the tests that talk to it.
 *
 * Usage: server-serve SPEC [NAME=VALUE...]   options of the server, or store=URL
 *
 * Prints one line of JSON, {url, token, worker_token}, and then obeys the lines it reads, each
 * answered by one:
 *
 *     inline N     train N segments here, their checkpoints kept in the store
 *     drain, stop, resume
 *     verify       how many problems pbt verify finds
 *     remove, add  the study
 *     also SPEC    serve one more
 *     memory       the process's resident KiB
 *     hold, let    no long answer is made in between
 *
 * Ends at the end of its input, after stopping the server.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "server/inside.h"

typedef struct serve {
    pbt__store *store;
    pbt__study *study;
    pbt__study *others[8];
    size_t other_count;
    pbt__server *server;
    char token[PBT__TOKEN_SIZE], worker_token[PBT__TOKEN_SIZE];
} serve;

static void must(pbt_err err, const pbt_error *error)
{
    if (err != PBT_OK) {
        fprintf(stderr, "serve: %s: %s\n", error->message, error->detail);
        exit(1);
    }
}

/* ---- options --------------------------------------------------------------------------------- */

static double number(const char *text)
{
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0') {
        fprintf(stderr, "serve: '%s' is no number\n", text);
        exit(2);
    }
    return value;
}

static bool begins(const char *word, const char *name)
{
    return strncmp(word, name, strlen(name)) == 0 && word[strlen(name)] == '=';
}

static void set_option(pbt__server_options *options, const char **store, const char *word)
{
    const char *value = word + strcspn(word, "=") + 1;
    if (begins(word, "store")) {
        *store = value;
    } else if (begins(word, "request_seconds")) {
        options->request_seconds = number(value);
    } else if (begins(word, "rate_minimum")) {
        options->rate_minimum = number(value);
    } else if (begins(word, "idle_seconds")) {
        options->idle_seconds = number(value);
    } else if (begins(word, "upload_maximum_bytes")) {
        options->upload_maximum_bytes = (int64_t)number(value);
    } else if (begins(word, "connection_maximum")) {
        options->connection_maximum = (int32_t)number(value);
    } else {
        fprintf(stderr, "serve: what is '%s'?\n", word);
        exit(2);
    }
}

static pbt__study *open_study(serve *self, const char *spec_path)
{
    pbt_error error = {0};
    pbt_spec *spec = NULL;
    pbt__study *study = NULL;
    char folder[PBT__PATH_SIZE];
    const pbt__study_options options = {.checkpoint_folder = getcwd(folder, sizeof folder)};
    must(pbt_spec_read(spec_path, &spec, &error), &error);
    const pbt_err err = pbt__study_open(self->store, spec->name, &options, &study, &error);
    if (err == PBT_ERR_NOT_FOUND) {
        json_t *provenance = json_object();
        must(pbt__study_create(self->store, spec, provenance, &options, &study, &error), &error);
        json_decref(provenance);
    } else {
        must(err, &error);
        pbt_spec_free(spec);
    }
    return study;
}

static void serve_also(serve *self, const char *spec_path)
{
    pbt_error error = {0};
    if (self->other_count == sizeof self->others / sizeof *self->others) {
        fprintf(stderr, "serve: too many studies\n");
        exit(2);
    }
    pbt__study *study = open_study(self, spec_path);
    self->others[self->other_count++] = study;
    must(pbt__server_add(self->server, study, &error), &error);
    printf("done\n");
}

/* ---- commands -------------------------------------------------------------------------------- */

static void train_inline(serve *self, int count)
{
    const pbt__claimant who = {.worker = "here", .session = "here"};
    pbt_error error = {0};
    pbt__action action;
    must(pbt__study_claim(self->study, &who, &action, &error), &error);
    for (int i = 0; i < count && action.verb == PBT__TRAIN; i++) {
        char text[PBT__ID_SIZE];
        pbt__id_write(action.train.segment.id, text);
        const pbt__metric metric = {.name = "score", .value = i, .has_value = true};
        const pbt__result result = {
            .segment = action.train.segment.id,
            .attempt = action.train.attempt,
            .step = action.train.segment.end_step,
            .metrics = &metric,
            .metric_count = 1,
            .checkpoint = PBT__IN_MEMORY,
            .bytes = text,
            .byte_count = strlen(text),
        };
        pbt__reply reply;
        must(pbt__study_report(self->study, &who, &result, &reply, &error), &error);
        action = reply.action;
    }
    if (action.verb == PBT__TRAIN) {
        must(pbt__study_release(self->study, &who, action.train.segment.id, action.train.attempt, 0,
                                false, &error),
             &error);
    }
    printf("done\n");
}

static void tell_problem(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "serve: %s\n", line);
}

static void verify(serve *self)
{
    pbt_error error = {0};
    pbt__verdict verdict;
    must(pbt__study_verify(self->study, tell_problem, NULL, &verdict, &error), &error);
    printf("%lld\n", (long long)verdict.problem_count);
}

static void tell_memory(void)
{
    char *text = NULL, *end = NULL;
    size_t length = 0;
    pbt_error error = {0};
    (void)malloc_trim(0);
    must(pbt__file_read("/proc/self/statm", 4096, &text, &length, &error), &error);
    (void)strtol(text, &end, 10); /* the whole; what is resident follows */
    printf("%ld\n", strtol(end, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024));
    free(text);
}

static void obey(serve *self, const char *line)
{
    pbt_error error = {0};
    if (strncmp(line, "inline ", 7) == 0) {
        train_inline(self, (int)number(line + 7));
        return;
    }
    if (strncmp(line, "also ", 5) == 0) {
        serve_also(self, line + 5);
        return;
    }
    if (strcmp(line, "verify") == 0) {
        verify(self);
        return;
    }
    if (strcmp(line, "memory") == 0) {
        tell_memory();
        return;
    }
    if (strcmp(line, "drain") == 0) {
        pbt__server_drain(self->server);
    } else if (strcmp(line, "hold") == 0) {
        pthread_mutex_lock(&self->server->large);
    } else if (strcmp(line, "let") == 0) {
        pthread_mutex_unlock(&self->server->large);
    } else if (strcmp(line, "stop") == 0) {
        must(pbt__study_stop(self->study, &error), &error);
    } else if (strcmp(line, "resume") == 0) {
        must(pbt__study_resume(self->study, &error), &error);
    } else if (strcmp(line, "remove") == 0) {
        pbt__server_remove(self->server, self->study);
    } else if (strcmp(line, "add") == 0) {
        must(pbt__server_add(self->server, self->study, &error), &error);
    } else {
        fprintf(stderr, "serve: what is '%s'?\n", line);
        exit(2);
    }
    printf("done\n");
}

int main(int count, char **words)
{
    serve self = {.store = NULL};
    pbt_error error = {0};
    char line[256];
    const char *store_url = "sqlite:pbt.db";
    pbt__server_options options = {
        .address = "127.0.0.1", .token = self.token, .worker_token = self.worker_token};
    for (int i = 2; i < count; i++) {
        set_option(&options, &store_url, words[i]);
    }
    const pbt__store_options store_options = {.url = store_url, .can_create = true, .owns = true};
    must(pbt__store_open(&store_options, &self.store, &error), &error);
    self.study = open_study(&self, words[1]);
    must(pbt__token_make(self.token, &error), &error);
    must(pbt__token_make(self.worker_token, &error), &error);
    must(pbt__server_start(&options, &self.server, &error), &error);
    must(pbt__server_add(self.server, self.study, &error), &error);
    printf("{\"url\": \"%s\", \"token\": \"%s\", \"worker_token\": \"%s\"}\n",
           pbt__server_url(self.server), self.token, self.worker_token);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        obey(&self, line);
        fflush(stdout);
    }
    pbt__server_stop(self.server);
    pbt__study_close(self.study);
    while (self.other_count > 0) {
        pbt__study_close(self.others[--self.other_count]);
    }
    pbt__store_close(self.store);
    return 0;
}
