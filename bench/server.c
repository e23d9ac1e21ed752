/*
 * bench/server.c: what a worker's call costs over HTTP on this machine, as its workers see it.
 *
 * A server over an SQLite store, and workers that talk to it over loopback, one kept connection
 * each. A report carries a checkpoint of 64 bytes, which is made durable like any, and is answered
 * by the next segment. Prints the median of the rounds, and their range.
 *
 * Usage: bench-server [FOLDER]   (a scratch folder is made there; default /tmp)
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/server.h"

enum { ROUND_COUNT = 7, WORKERS_MAXIMUM = 256, ANSWER_SIZE = 64 * 1024, CHECKPOINT_SIZE = 64 };
static const int64_t ROUND_US = 1000000;

typedef enum call_kind { HEARTBEAT, REPORT } call_kind;

typedef struct worker {
    struct bench *bench;
    pthread_t thread;
    int socket;
    int index;
    json_t *segment; /* what it trains */
    char answer[ANSWER_SIZE];
} worker;

typedef struct bench {
    char folder[PBT__PATH_SIZE];
    char token[PBT__TOKEN_SIZE];
    pbt__store *store;
    pbt__study *study;
    pbt__server *server;
    uint16_t port;
    call_kind kind;
    atomic_bool is_over;
    atomic_int count;
    worker workers[WORKERS_MAXIMUM];
} bench;

static void must(bool is_good, const char *what)
{
    if (!is_good) {
        fprintf(stderr, "bench-server: %s\n", what);
        exit(1);
    }
}

/* ---- HTTP, as little as it takes ---- */

static void dial(worker *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(self->bench->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self->socket = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(self->socket, (struct sockaddr *)&address, sizeof address) == 0, "cannot connect");
}

/* Read one answer into `answer`; its body. */
static const char *receive(worker *self)
{
    size_t length = 0;
    for (;;) {
        const ssize_t count =
            recv(self->socket, self->answer + length, ANSWER_SIZE - 1 - length, 0);
        must(count > 0, "the server hung up");
        length += (size_t)count;
        self->answer[length] = '\0';
        const char *end = strstr(self->answer, "\r\n\r\n");
        const char *size = strcasestr(self->answer, "content-length:");
        if (end != NULL && size != NULL &&
            length >= (size_t)(end + 4 - self->answer) + strtoul(size + 15, NULL, 10)) {
            return end + 4;
        }
    }
}

/* POST a body; the answer's JSON, which the caller decrefs. */
static json_t *post(worker *self, const char *path, const char *body)
{
    char request[2048];
    const int length =
        snprintf(request, sizeof request,
                 "POST /v1/studies/bench/%s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 path, self->bench->token, strlen(body), body);
    must(send(self->socket, request, (size_t)length, 0) == length, "cannot send");
    json_error_t why;
    json_t *json = json_loads(receive(self), 0, &why);
    must(json != NULL && strncmp(self->answer + 9, "200", 3) == 0, self->answer);
    return json;
}

/* ---- workers ---- */

static void take_action(worker *self, json_t *action)
{
    json_t *segment = json_object_get(action, "segment");
    must(segment != NULL, "nothing to train");
    json_incref(segment);
    json_decref(self->segment);
    self->segment = segment;
}

static void claim(worker *self)
{
    char body[128];
    (void)snprintf(body, sizeof body, "{\"worker\": \"w%d\", \"session\": \"s\"}", self->index);
    json_t *action = post(self, "claim", body);
    take_action(self, action);
    json_decref(action);
}

static void save(const worker *self)
{
    static const char BYTES[CHECKPOINT_SIZE];
    FILE *file = fopen(json_string_value(json_object_get(self->segment, "save_to")), "wb");
    must(file != NULL && fwrite(BYTES, 1, sizeof BYTES, file) == sizeof BYTES, "cannot save");
    must(fclose(file) == 0, "cannot save");
}

static void call(worker *self)
{
    char path[128], body[256];
    const bool is_report = self->bench->kind == REPORT;
    const char *id = json_string_value(json_object_get(self->segment, "segment"));
    const json_int_t attempt = json_integer_value(json_object_get(self->segment, "attempt"));
    const json_int_t step = json_integer_value(json_object_get(self->segment, "end_step"));
    (void)snprintf(path, sizeof path, "segments/%s/%s", id, is_report ? "report" : "heartbeat");
    (void)snprintf(body, sizeof body,
                   "{\"attempt\": %lld, \"step\": %lld, \"metrics\": {\"score\": 0.%d}%s}",
                   (long long)attempt, (long long)step, self->index + 100,
                   is_report ? ", \"checkpoint\": \"saved\"" : "");
    if (is_report) {
        save(self);
    }
    json_t *answer = post(self, path, body);
    if (is_report) {
        take_action(self, json_object_get(answer, "action"));
    }
    json_decref(answer);
}

static void *work(void *argument)
{
    worker *self = argument;
    while (!atomic_load(&self->bench->is_over)) {
        call(self);
        atomic_fetch_add(&self->bench->count, 1);
    }
    return NULL;
}

/* ---- measuring ---- */

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double round_rate(bench *self, int worker_count)
{
    atomic_store(&self->is_over, false);
    atomic_store(&self->count, 0);
    const int64_t begun_us = pbt__clock_monotonic_us();
    for (int i = 0; i < worker_count; i++) {
        worker *one = &self->workers[i];
        must(pthread_create(&one->thread, NULL, work, one) == 0, "cannot start a thread");
    }
    usleep((useconds_t)ROUND_US);
    atomic_store(&self->is_over, true);
    for (int i = 0; i < worker_count; i++) {
        (void)pthread_join(self->workers[i].thread, NULL);
    }
    const int64_t elapsed_us = pbt__clock_monotonic_us() - begun_us;
    return (double)atomic_load(&self->count) * 1e6 / (double)elapsed_us;
}

static void measure(bench *self, call_kind kind, int worker_count)
{
    double rates[ROUND_COUNT];
    self->kind = kind;
    for (int i = 0; i < ROUND_COUNT; i++) {
        rates[i] = round_rate(self, worker_count);
    }
    qsort(rates, ROUND_COUNT, sizeof *rates, compare);
    printf("%-10s %3d workers %8.0f/s  (%.0f to %.0f)\n", kind == REPORT ? "reports" : "heartbeats",
           worker_count, rates[ROUND_COUNT / 2], rates[0], rates[ROUND_COUNT - 1]);
    fflush(stdout);
}

/* ---- the study ---- */

static void make_study(bench *self)
{
    static const char SPEC[] =
        "version: 1\nname: bench\npopulation: 256\nready: {every: 10}\nstop: {steps: 100000000}\n"
        "hyperparameters:\n  rate: {type: float, scale: log, min: 0.001, max: 1.0}\n"
        "  batch: {type: int, min: 16, max: 256}\n"
        "trainer: {command: [none]}\ncheckpoints: {keep_best: 1}\n";
    char url[PBT__PATH_SIZE + 16];
    pbt_error error = {0};
    pbt_spec *spec = NULL;
    (void)snprintf(url, sizeof url, "sqlite:%s/bench.db", self->folder);
    const pbt__store_options store_options = {.url = url, .can_create = true};
    const pbt__study_options options = {.checkpoint_folder = self->folder};
    json_t *provenance = json_object();
    must(pbt__store_open(&store_options, &self->store, &error) == PBT_OK &&
             pbt__spec_parse(SPEC, "bench", self->folder, &spec, &error) == PBT_OK &&
             pbt__study_create(self->store, spec, provenance, &options, &self->study, &error) ==
                 PBT_OK,
         error.message);
    json_decref(provenance);
}

static void start_server(bench *self)
{
    pbt_error error = {0};
    const pbt__server_options options = {.address = "127.0.0.1", .token = self->token};
    must(pbt__token_make(self->token, &error) == PBT_OK &&
             pbt__server_start(&options, &self->server, &error) == PBT_OK &&
             pbt__server_add(self->server, self->study, &error) == PBT_OK,
         error.message);
    const char *url = pbt__server_url(self->server);
    self->port = (uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10);
}

int main(int count, char **words)
{
    static bench self;
    static const int COUNTS[] = {1, 8, 64, WORKERS_MAXIMUM};
    (void)snprintf(self.folder, sizeof self.folder, "%s/pbt-bench-XXXXXX",
                   count > 1 ? words[1] : "/tmp");
    must(mkdtemp(self.folder) != NULL, "cannot make a folder");
    make_study(&self);
    start_server(&self);
    for (int i = 0; i < WORKERS_MAXIMUM; i++) {
        self.workers[i].bench = &self;
        self.workers[i].index = i;
        dial(&self.workers[i]);
        claim(&self.workers[i]);
    }
    for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
        measure(&self, HEARTBEAT, COUNTS[i]);
        measure(&self, REPORT, COUNTS[i]);
    }
    for (int i = 0; i < WORKERS_MAXIMUM; i++) {
        (void)close(self.workers[i].socket);
        json_decref(self.workers[i].segment);
    }
    pbt__server_stop(self.server);
    pbt__study_close(self.study);
    pbt__store_close(self.store);
    return pbt__file_remove(self.folder, NULL) == PBT_OK ? 0 : 1;
}
