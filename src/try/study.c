/*
 * study.c: a probe's study, from its making to what came of it.
 *
 * Where member 0's first segment is given, it is reported from here before any trainer starts. The
 * study is stopped while that happens, so that nothing is handed to us in return.
 *
 * The study is as long as the user's, so that a trainer is told of the same end. When all that is
 * wanted has been reported its trainer is ended, whatever it has begun.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "executor/gpus.h"
#include "executor/log.h"
#include "executor/signals.h"
#include "render/print.h"
#include "render/words.h"
#include "server/server.h"
#include "study/desk.h"
#include "study/host.h"
#include "study/json.h"
#include "try/probe.h"

static const double LOOK_SECONDS = 0.02; /* at signals, and whether the trainer has ended */

static const pbt__claimant US = {"try", "00000000000000000000000000000000"};

/* A probe while it is trained. */
typedef struct stage {
    const pbt__probe *probe;
    pbt__store *store;
    pbt__study *study;
    pbt__server *server;
    pbt__gpus gpus;
    char folder[PBT__PATH_SIZE];
    char logs[PBT__PATH_SIZE];
    char token[PBT__TOKEN_SIZE], worker_token[PBT__TOKEN_SIZE];
    int64_t sequence;     /* the newest event that was seen */
    int64_t begin_us;     /* when the process was started */
    int64_t report_us;    /* when the last report came, or the process was started */
    double start_seconds; /* see pbt__probed; below 0 until it is known */
    int opened;           /* an inotify descriptor on the checkpoint that a command loads, or -1 */
    int32_t wanted_count; /* segments that are still to be reported */
    bool has_failed;
    char failed_log[32]; /* of the member that has; "" */
    bool is_refused;     /* under `lock`, with */
    pbt_error refusal;   /* the first one */
    pthread_mutex_t lock;
    json_t *result;
} stage;

/* ---- making ---- */

static void see_refusal(void *context, const pbt_error *error)
{
    stage *this = context;
    pthread_mutex_lock(&this->lock);
    if (!this->is_refused && error->code != PBT_ERR_LATE) {
        this->is_refused = true;
        this->refusal = *error;
    }
    pthread_mutex_unlock(&this->lock);
    pbt__study_wake(this->study);
}

static bool is_refused(stage *this)
{
    pthread_mutex_lock(&this->lock);
    bool refused = this->is_refused;
    pthread_mutex_unlock(&this->lock);
    return refused;
}

static pbt_err make_folders(stage *this, pbt_error *error)
{
    pbt_err err = pbt__path_join(this->probe->folder, this->probe->name, this->folder, error);
    if (err == PBT_OK) {
        err = pbt__path_join(this->folder, "logs", this->logs, error);
    }
    return err == PBT_OK ? pbt__file_make_folder(this->logs, error) : err;
}

static pbt_err make_study(stage *this, pbt_error *error)
{
    const pbt__store_options in_memory = {.url = "memory:", .can_create = true};
    const pbt__study_options options = {
        .checkpoint_folder = this->folder,
        .refused = see_refusal,
        .refused_context = this,
    };
    pbt_spec *spec = NULL;
    pbt_err err = pbt__probe_spec(this->probe, &spec, error);
    if (err == PBT_OK) {
        err = pbt__store_open(&in_memory, &this->store, error);
    }
    if (err == PBT_OK) {
        json_t *provenance = json_object();
        err = pbt__study_create(this->store, spec, provenance, &options, &this->study, error);
        json_decref(provenance);
        spec = err == PBT_OK ? NULL : spec;
    }
    pbt_spec_free(spec);
    return err;
}

static pbt_err report_start(stage *this, const pbt__assignment *train, pbt_error *error)
{
    const pbt__trained *start = this->probe->start;
    const pbt__metric score = {
        .name = this->probe->spec->metric, .value = start->score, .has_value = true};
    const pbt__result result = {
        .segment = train->segment.id,
        .attempt = train->attempt,
        .step = this->probe->start_step,
        .metrics = &score,
        .metric_count = 1,
        .checkpoint = PBT__SAVED,
    };
    pbt__reply reply;
    return pbt__study_report(this->study, &US, &result, &reply, error);
}

/* Find a checkpoint's file or folder; one that is kept in the store becomes a file. */
static pbt_err find_place(stage *this, pbt_segment_id id, char *out, pbt_error *error)
{
    pbt__assignment found;
    char name[PBT__ID_SIZE];
    void *bytes = NULL;
    size_t length = 0;
    pbt__id_write(id, name);
    pbt_err err = pbt__study_find(this->study, id, &found, error);
    if (err != PBT_OK || found.load_kind != PBT__CHECKPOINT_INLINE) {
        (void)snprintf(out, PBT__PATH_SIZE, "%s", err == PBT_OK ? found.load : "");
        return err;
    }
    err = pbt__study_blob(this->study, id, &bytes, &length, error);
    if (err == PBT_OK) {
        err = pbt__path_join(this->folder, name, out, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_write(out, bytes, length, error);
    }
    free(bytes);
    return err;
}

/* Be told when a command opens the checkpoint that it starts from. */
static void watch_checkpoint(stage *this, const char *path)
{
    if (this->probe->spec->trainer.protocol == PBT__PROTOCOL_COMMAND) {
        this->opened = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        (void)inotify_add_watch(this->opened, path, IN_OPEN);
    }
}

/* Report member 0's first segment as it was trained elsewhere. */
static pbt_err give_start(stage *this, pbt_error *error)
{
    pbt__action action;
    char place[PBT__PATH_SIZE];
    pbt_err err = pbt__study_claim(this->study, &US, &action, error);
    if (err == PBT_OK) {
        err = pbt__probe_copy(this->probe->start->place, action.train.save_to, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_stop(this->study, error);
    }
    if (err == PBT_OK) {
        err = report_start(this, &action.train, error);
    }
    if (err == PBT_OK) {
        err = find_place(this, action.train.segment.id, place, error);
    }
    if (err == PBT_OK) {
        watch_checkpoint(this, place);
    }
    return err == PBT_OK ? pbt__study_resume(this->study, error) : err;
}

static pbt_err serve(stage *this, pbt_error *error)
{
    const pbt__server_options options = {
        .address = "127.0.0.1", .token = this->token, .worker_token = this->worker_token};
    pbt_err err = pbt__token_make(this->token, error);
    if (err == PBT_OK) {
        err = pbt__token_make(this->worker_token, error);
    }
    if (err == PBT_OK) {
        err = pbt__server_start(&options, &this->server, error);
    }
    return err == PBT_OK ? pbt__server_add(this->server, this->study, error) : err;
}

static pbt_err make(stage *this, pbt_error *error)
{
    pbt_err err = make_folders(this, error);
    if (err == PBT_OK) {
        err = pbt__gpus_find(this->probe->gpus, &this->gpus, error);
    }
    if (err == PBT_OK) {
        err = make_study(this, error);
    }
    if (err == PBT_OK && this->probe->start != NULL) {
        err = give_start(this, error);
    }
    if (err == PBT_OK && this->probe->spec->trainer.protocol == PBT__PROTOCOL_WORKER) {
        err = serve(this, error);
    }
    return err;
}

static void unmake(stage *this)
{
    if (this->server != NULL) {
        pbt__server_stop(this->server);
    }
    pbt__study_close(this->study);
    pbt__store_close(this->store);
    pbt__gpus_fini(&this->gpus);
    if (this->opened >= 0) {
        (void)close(this->opened);
    }
    pthread_mutex_destroy(&this->lock);
}

/* ---- what came of it ---- */

static json_t *field(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return value != NULL ? json_incref(value) : json_null();
}

static pbt_err add_report(stage *this, const json_t *event)
{
    const int64_t now_us = pbt__clock_monotonic_us();
    const char *name = json_string_value(json_object_get(event, "segment"));
    const json_t *checkpoint = json_object_get(event, "checkpoint");
    char place[PBT__PATH_SIZE] = "";
    pbt_segment_id id;
    pbt_err err = PBT_OK;
    if (!pbt__id_read(name, &id)) {
        return PBT_ERR_CORRUPT;
    }
    json_t *trained =
        json_pack("{s:o, s:o, s:o, s:f, s:o, s:o}", "step", field(event, "step"), "score",
                  field(event, "score"), "metrics", field(event, "metrics"), "seconds",
                  (double)(now_us - this->report_us) / 1e6, "size_bytes",
                  field(checkpoint, "size_bytes"), "digest", field(checkpoint, "digest"));
    this->report_us = now_us;
    this->wanted_count--;
    if (json_is_object(checkpoint)) {
        err = find_place(this, id, place, NULL);
    }
    if (json_object_set_new(trained, "place", json_string(place)) != 0 ||
        json_object_set_new(this->result, name, trained) != 0) {
        return PBT_ERR_MEMORY;
    }
    return err;
}

static pbt_err see_event(void *context, const json_t *event)
{
    stage *this = context;
    const char *kind = json_string_value(json_object_get(event, "kind"));
    this->sequence = json_integer_value(json_object_get(event, "sequence"));
    if (this->wanted_count == 0) {
        return PBT_OK;
    }
    if (strcmp(kind, "reported") == 0) {
        return add_report(this, event);
    }
    if (strcmp(kind, "failed") == 0 && !this->has_failed) {
        pbt_segment_id id;
        this->has_failed = true;
        if (pbt__id_read(json_string_value(json_object_get(event, "segment")), &id)) {
            (void)snprintf(this->failed_log, sizeof this->failed_log, "m%" PRId32 ".log",
                           id.member);
        }
        (void)json_object_set_new(this->result, "message", field(event, "message"));
    }
    return PBT_OK;
}

/* Events are read outside of every lock, so that what they say can be asked about. */
static pbt_err collect(void *context, const json_t *event)
{
    return json_array_append(context, (json_t *)(uintptr_t)event) == 0 ? PBT_OK : PBT_ERR_MEMORY;
}

static pbt_err see_events(stage *this, pbt_error *error)
{
    json_t *events = json_array();
    pbt_err err = pbt__study_events(this->study, this->sequence, collect, events, error);
    for (size_t i = 0; err == PBT_OK && i < json_array_size(events); i++) {
        err = see_event(this, json_array_get(events, i));
        if (err != PBT_OK) {
            (void)pbt__fail(error, err, "cannot tell what was trained");
        }
    }
    json_decref(events);
    return err;
}

static void tell_failure(const stage *this, pbt_err failure, const char *message)
{
    (void)json_object_set_new(this->result, "failure", json_integer(failure));
    if (message != NULL) {
        (void)json_object_set_new(this->result, "message", json_string(message));
    }
}

static void tell_error(const stage *this, const pbt_error *error)
{
    char words[sizeof error->message + sizeof error->detail + 4], hint[PBT__HINT_SIZE];
    pbt__hint_words(error->hint, hint);
    (void)snprintf(words, sizeof words, "%s%s%s", error->message,
                   error->detail[0] != '\0' ? ": " : "", error->detail);
    (void)json_object_set_new(this->result, "is_step",
                              json_boolean(strstr(error->message, "the step is ") != NULL));
    (void)json_object_set_new(this->result, "hint", json_string(hint));
    tell_failure(this, error->code, words);
}

/* The first of them that has anything to say; before all others, of the member that failed. */
static void tell_log(const stage *this)
{
    enum { TAIL_SIZE = 1 << 16 };
    const char *const names[] = {this->failed_log, "m0.log", "m1.log", "try-0.log"};
    char path[PBT__PATH_SIZE];
    bool is_found = false;
    for (size_t i = 0; !is_found && i < sizeof names / sizeof *names; i++) {
        char *tail = NULL;
        is_found = names[i][0] != '\0' &&
                   pbt__path_join(this->logs, names[i], path, NULL) == PBT_OK &&
                   pbt__log_tail(path, TAIL_SIZE, &tail, NULL) == PBT_OK && tail[0] != '\0';
        if (is_found) {
            const char *newest = pbt__log_newest(tail);
            (void)json_object_set_new(this->result, "log", json_string(path));
            (void)json_object_set_new(this->result, "log_says_more",
                                      json_boolean(pbt__log_says_more(newest)));
            if (pbt__log_hint(newest) != NULL) {
                (void)json_object_set_new(this->result, "hint", json_string(pbt__log_hint(newest)));
            }
        }
        free(tail);
    }
}

/* ---- training ---- */

/* Say whether the command has opened what it loads. */
static bool has_opened(const stage *this)
{
    char events[sizeof(struct inotify_event) * 16];
    return this->opened >= 0 && read(this->opened, events, sizeof events) > 0;
}

/* How long a trainer took until it was there. */
static pbt_err see_start(stage *this, pbt_error *error)
{
    pbt__summary summary = {0};
    const bool is_worker = this->probe->spec->trainer.protocol == PBT__PROTOCOL_WORKER;
    if (this->start_seconds >= 0) {
        return PBT_OK;
    }
    const pbt_err err = is_worker ? pbt__study_summary(this->study, &summary, error) : PBT_OK;
    if (err == PBT_OK && (summary.worker_count > 0 || has_opened(this))) {
        this->start_seconds = (double)(pbt__clock_monotonic_us() - this->begin_us) / 1e6;
    }
    return err;
}

static pbt_err watch(stage *this, pbt__executor *executor, pbt_error *error)
{
    pbt_err err = PBT_OK;
    bool is_ending = false;
    while (err == PBT_OK && !executor->ops->is_done(executor)) {
        uint64_t seen = pbt__study_changes(this->study);
        err = see_start(this, error);
        if (err == PBT_OK) {
            err = see_events(this, error);
        }
        const bool must_end = this->wanted_count == 0 || this->has_failed || is_refused(this) ||
                              pbt__signals_count() > 0;
        if (must_end && !is_ending) {
            is_ending = true;
            executor->ops->stop(executor, true);
        }
        pbt__study_wait(this->study, seen, LOOK_SECONDS);
    }
    return err == PBT_OK ? see_events(this, error) : err;
}

static pbt_err train(stage *this, pbt_error *error)
{
    const pbt__executor_options options = {
        .log_folder = this->logs,
        .worker_name = "try",
        .slots = {.count = 1,
                  .thread_count = this->probe->thread_count,
                  .gpus = this->gpus.names,
                  .gpu_count = this->gpus.count},
        .server_url = this->server != NULL ? pbt__server_url(this->server) : NULL,
        .token = this->worker_token,
    };
    pbt__study_desk desk = pbt__study_desk_init(this->study);
    const pbt__executor_ops *ops = NULL;
    pbt__executor *executor = NULL;
    pbt__summary summary;
    pbt_error late = {0};
    pbt_err err = pbt__study_summary(this->study, &summary, error);
    if (err == PBT_OK) {
        err = pbt__executor_find(NULL, &ops, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    this->sequence = summary.last_sequence;
    this->begin_us = this->report_us = pbt__clock_monotonic_us();
    err = ops->start(&desk.desk, &options, &executor, error);
    if (err != PBT_OK) {
        return err;
    }
    err = watch(this, executor, error);
    const pbt_err end = ops->finish(executor, &late);
    if (err == PBT_OK && end != PBT_OK && this->wanted_count > 0 && !this->has_failed &&
        !is_refused(this)) {
        *error = late;
        err = end;
    }
    return err;
}

/* Say why not all was trained, if so. */
static void tell_ending(const stage *this)
{
    if (this->has_failed) {
        tell_failure(this, PBT_ERR_TRAINER, NULL);
    } else if (this->wanted_count > 0) {
        tell_failure(this, PBT_ERR_TRAINER, PBT__WORDS_IDLE);
    }
}

/* What a client says that it pinned. */
static void tell_pinned(const stage *this)
{
    enum { NAMES_SIZE = 256 };
    char path[PBT__PATH_SIZE], names[NAMES_SIZE] = "";
    FILE *file = NULL;
    if (this->probe->is_pinned && pbt__probe_pin_path(this->probe, path, NULL) == PBT_OK) {
        file = fopen(path, "re");
    }
    if (file != NULL) {
        names[fread(names, 1, sizeof names - 1, file)] = '\0';
        (void)fclose(file);
    }
    names[strcspn(names, "\n")] = '\0';
    (void)json_object_set_new(this->result, "pinned", json_string(names));
}

static pbt_err make_and_train(stage *this, pbt_error *error)
{
    pbt_err err = make(this, error);
    if (err == PBT_OK) {
        err = train(this, error);
    }
    if (err == PBT_OK && this->wanted_count > 0 && is_refused(this)) {
        tell_error(this, &this->refusal);
    } else if (err == PBT_OK) {
        tell_ending(this);
    } else if (err == PBT_ERR_TRAINER) {
        tell_error(this, error);
        err = PBT_OK;
    }
    tell_log(this);
    tell_pinned(this);
    (void)json_object_set_new(this->result, "start_seconds", json_real(this->start_seconds));
    return err;
}

pbt_err pbt__probe_train(const pbt__probe *probe, json_t **out, pbt_error *error)
{
    stage this = {
        .probe = probe,
        .result = json_object(),
        .start_seconds = -1,
        .opened = -1,
        .wanted_count = probe->population * probe->segment_count - (probe->start != NULL ? 1 : 0),
    };
    pthread_mutex_init(&this.lock, NULL);
    const pbt_err err =
        this.result != NULL ? make_and_train(&this, error) : pbt__fail_memory(error);
    unmake(&this);
    if (err != PBT_OK) {
        json_decref(this.result);
        return err;
    }
    *out = this.result;
    return PBT_OK;
}
