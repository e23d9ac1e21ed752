/*
 * faults.c: the N-th operation below a study fails, for N = 1, 2, ... until none does.
 *
 * A script drives a whole study by one thread: workers claim, beat, report, fail, release, vanish; a user
 * amends, stops, resumes, reopens, looks, verifies and deletes. What it does depends on nothing but the
 * segments it is handed. The first run is undisturbed, and what the study is after each call is written
 * down. In the others operations fail, in two ways:
 *
 *     each call   the 1st operation of a call fails, then its 2nd, ... until the call goes through
 *     once        one operation in the whole run fails, also one whose failure a call hides
 *
 * After a call that failed the study is what it was before the call or, where the commit itself failed,
 * what it is after it: never anything between. The same call is made again, and the end is the same.
 */
#include "support.h"

#include <dirent.h>
#include <sqlite3.h>

#include "../store/fault_vfs.h"
#include "base/fault.h"
#include "fault_memory.h"
#include "study/json.h"

enum {
    MEMBERS = 4,
    WORKERS = 3,
    CALLS_MAXIMUM = 400,
    LARGE = PBT__BLOB_MAXIMUM + 1000,
    LEASE_SECONDS = 300,
    SAMPLED = 16, /* one failure in so many is also looked at by another handle */
};

typedef struct worker {
    const char *name;
    char session[16];
    int session_count;
    pbt__action action;
    double score; /* of the segment, whose hyperparameters end with the handle */
    bool is_busy;
} worker;

typedef enum method { LEARN, EACH_CALL, ONCE } method;

typedef struct run {
    bench *bench;
    method method;
    unsigned kinds;
    const char *mode; /* the spec's */
    bool has_fired;   /* ONCE: it is over */
    worker workers[WORKERS];
    int calls;
    int64_t operations, failures;
    char *states[CALLS_MAXIMUM + 1]; /* what the study is before the first call, after it, ... */
} run;

typedef pbt_err (*call)(run *self, worker *w);

/* ---- what a study is, as text ---- */

static pbt_err add_event(void *context, const json_t *event)
{
    json_t *copy = json_deep_copy(event);
    (void)json_object_del(copy, "checkpoint"); /* times and inodes of files */
    json_array_append_new(context, copy);
    return PBT_OK;
}

static pbt_err add_claim(void *context, const pbt__claim *c)
{
    char text[256];
    snprintf(text, sizeof text, "m%ds%d.%d until %lld step %lld '%s' '%s'", (int)c->member,
             (int)c->number, (int)c->attempt, (long long)c->lease_until_us, (long long)c->step,
             c->worker, c->session);
    json_array_append_new(context, json_string(text));
    return PBT_OK;
}

static int64_t read_clock(void *context)
{
    return ((const bench *)context)->now_us;
}

static pbt__study_options options_of(const bench *b, bool is_observer)
{
    return (pbt__study_options){
        .checkpoint_folder = b->folder, .is_observer = is_observer, .relative_to = b->folder};
}

/* What a handle believes: its view. */
static json_t *view_of(pbt__study *study)
{
    json_t *show = NULL;
    json_t *members = NULL;
    json_t *segments = NULL;
    assert_ok(pbt__study_show(study, &show, NULL));
    assert_ok(pbt__study_members(study, &members, NULL));
    assert_ok(pbt__study_segments(study, &segments, NULL));
    return json_pack("[o, o, o]", show, members, segments);
}

/* What another handle reads: the log's view. */
static json_t *view_read(const bench *b)
{
    pbt__study *observer = NULL;
    const pbt__study_options options = options_of(b, true);
    assert_ok(pbt__study_open(b->store, "bench", &options, &observer, NULL));
    json_t *view = view_of(observer);
    pbt__study_close(observer);
    return view;
}

static json_t *log_of(const bench *b)
{
    pbt__study *observer = NULL;
    pbt__study_row row;
    json_t *log = json_array();
    const pbt__study_options options = options_of(b, true);
    assert_ok(pbt__store_find(b->store, "bench", &row, NULL));
    assert_ok(b->store->ops->claim_list(b->store, row.id, 0, add_claim, log, NULL));
    assert_ok(pbt__study_open(b->store, "bench", &options, &observer, NULL));
    assert_ok(pbt__study_events(observer, 0, add_event, log, NULL));
    pbt__study_close(observer);
    return log;
}

static char *state_of(const bench *b)
{
    pbt__study_row row;
    if (pbt__store_find(b->store, "bench", &row, NULL) == PBT_ERR_NOT_FOUND) {
        return strdup("absent");
    }
    json_t *view = b->study != NULL ? view_of(b->study) : view_read(b);
    json_t *state = json_pack("[o, o]", view, log_of(b));
    char *text = pbt__json_write(state);
    json_decref(state);
    assert_non_null(text);
    return text;
}

/* Invariant I5: the view after making events is the view after reading them. */
static void assert_view_is_as_read(const bench *b)
{
    pbt__study_row row;
    bool is_there = pbt__store_find(b->store, "bench", &row, NULL) == PBT_OK;
    if (b->study != NULL && is_there) {
        json_t *own = view_of(b->study);
        json_t *read = view_read(b);
        assert_true(json_equal(own, read));
        json_decref(own);
        json_decref(read);
    }
}

/* ---- making calls ---- */

/* Where two texts part, with what comes before. */
static const char *parting(const char *text, const char *other)
{
    size_t at = 0;
    while (text[at] != '\0' && text[at] == other[at]) {
        at++;
    }
    return text + (at > 40 ? at - 40 : 0);
}

static void assert_state(const run *self, bool may_be_before)
{
    char *state = state_of(self->bench);
    const char *before = self->states[self->calls - 1];
    const char *after = self->states[self->calls];
    bool is_sound =
        strcmp(state, after) == 0 || (may_be_before && strcmp(state, before) == 0);
    if (!is_sound) {
        fail_msg("call %d (%s):\n%.250s\nis not what it was:\n%.250s\nnor what it is to be:\n%.250s",
                 self->calls, self->bench->error.message, parting(state, before),
                 parting(before, state), parting(after, state));
    }
    free(state);
}

static void look_at_failure(run *self, pbt_err err)
{
    bool is_allowed = err == PBT_ERR_MEMORY || err == PBT_ERR_STORE || err == PBT_ERR_IO;
    if (!is_allowed || !pbt__fault_has_fired()) {
        fail_msg("call %d: error %d: %s: %s", self->calls, (int)err, self->bench->error.message,
                 self->bench->error.detail);
    }
    assert_int_equal(self->bench->error.code, err);
    pbt__fault_arm(0, 0);
    assert_state(self, true);
    if (self->failures++ % SAMPLED == 0) {
        assert_view_is_as_read(self->bench);
    }
}

static void make_with_each_operation_failing(run *self, call make, worker *w)
{
    for (int64_t n = 1;; n++) {
        pbt__fault_arm(n, self->kinds);
        pbt_err err = make(self, w);
        if (err == PBT_OK) {
            bool has_fired = pbt__fault_has_fired();
            pbt__fault_arm(0, 0);
            self->operations += n - (has_fired ? 0 : 1);
            assert_state(self, false);
            return;
        }
        look_at_failure(self, err);
    }
}

static void make_with_one_operation_failing(run *self, call make, worker *w)
{
    pbt_err err = make(self, w);
    if (self->has_fired || (err == PBT_OK && !pbt__fault_has_fired())) {
        assert_ok(err);
        return;
    }
    self->has_fired = true;
    if (err != PBT_OK) {
        look_at_failure(self, err);
        assert_ok(make(self, w));
    }
    pbt__fault_arm(0, 0);
    assert_state(self, false);
}

static void carry_out(run *self, call make, worker *w)
{
    self->calls++;
    assert_true(self->calls <= CALLS_MAXIMUM);
    switch (self->method) {
    case LEARN:
        if (make(self, w) != PBT_OK) {
            fail_msg("call %d: %s: %s", self->calls, self->bench->error.message,
                     self->bench->error.detail);
        }
        self->states[self->calls] = state_of(self->bench);
        assert_view_is_as_read(self->bench);
        break;
    case EACH_CALL:
        make_with_each_operation_failing(self, make, w);
        break;
    case ONCE:
        make_with_one_operation_failing(self, make, w);
        break;
    }
}

/* ---- a worker's calls ---- */

static pbt__claimant who_is(const worker *w)
{
    return (pbt__claimant){.worker = w->name, .session = w->session};
}

static double score_of(const pbt_segment *s)
{
    double x = s->values[0].real;
    return (double)s->end_age * (1 - (x - 0.7) * (x - 0.7));
}

static void take(worker *w, const pbt__action *action)
{
    w->action = *action;
    w->is_busy = action->verb == PBT__TRAIN;
    w->score = w->is_busy ? score_of(&action->train.segment) : 0;
}

static pbt_err claim(run *self, worker *w)
{
    const pbt__claimant who = who_is(w);
    pbt__action action;
    pbt_err err = pbt__study_claim(self->bench->study, &who, &action, &self->bench->error);
    if (err == PBT_OK) {
        take(w, &action);
    }
    return err;
}

/* A result or a lease that comes too late is dropped. */
static pbt_err drop_if_late(worker *w, pbt_err err)
{
    if (err == PBT_ERR_LATE) {
        w->is_busy = false;
        return PBT_OK;
    }
    return err;
}

static pbt_err beat(run *self, worker *w)
{
    const pbt__claimant who = who_is(w);
    const pbt__assignment *train = &w->action.train;
    pbt__verb verb = PBT__TRAIN;
    return drop_if_late(w, pbt__study_heartbeat(self->bench->study, &who, train->segment.id,
                                                train->attempt, train->segment.start_step + 1,
                                                &verb, &self->bench->error));
}

/* A small checkpoint in the store, a file that the trainer saved, bytes too many for the store. */
static int kind_of(const worker *w)
{
    const pbt_segment_id id = w->action.train.segment.id;
    return (id.member + id.number) % 3;
}

static pbt_err report(run *self, worker *w)
{
    static char bytes[LARGE];
    const pbt__claimant who = who_is(w);
    const pbt__assignment *train = &w->action.train;
    const double samples[] = {w->score - 1, w->score + 1};
    const pbt__metric metrics[] = {
        {.name = "score", .value = w->score, .has_value = true,
         .samples = samples, .sample_count = 2},
        {.name = "loss", .value = NAN, .has_value = true},
    };
    int kind = kind_of(w);
    const pbt__result result = {.segment = train->segment.id,
                                .attempt = train->attempt,
                                .step = train->segment.end_step,
                                .metrics = metrics,
                                .metric_count = 2,
                                .checkpoint = kind == 1 ? PBT__SAVED : PBT__IN_MEMORY,
                                .bytes = bytes,
                                .byte_count = kind == 2 ? LARGE : 100};
    pbt__reply reply;
    pbt_err err =
        pbt__study_report(self->bench->study, &who, &result, &reply, &self->bench->error);
    if (err == PBT_OK) {
        take(w, &reply.action);
    }
    return drop_if_late(w, err);
}

static pbt_err break_down(run *self, worker *w)
{
    const pbt__claimant who = who_is(w);
    const pbt__failure failure = {.segment = w->action.train.segment.id,
                                  .attempt = w->action.train.attempt,
                                  .message = "it broke",
                                  .can_retry = true};
    pbt__action action;
    pbt_err err =
        pbt__study_fail(self->bench->study, &who, &failure, &action, &self->bench->error);
    if (err == PBT_OK) {
        take(w, &action);
    }
    return drop_if_late(w, err);
}

static pbt_err give_back(run *self, worker *w)
{
    const pbt__claimant who = who_is(w);
    const pbt__assignment *train = &w->action.train;
    pbt_err err = pbt__study_release(self->bench->study, &who, train->segment.id, train->attempt,
                                     train->segment.start_step + 5, true, &self->bench->error);
    w->is_busy = err != PBT_OK;
    return err;
}

/* ---- a user's calls ---- */

static pbt_err create(run *self, worker *w)
{
    (void)w;
    bench *b = self->bench;
    char text[1024];
    pbt_spec *spec = NULL;
    pbt__study *study = NULL;
    const pbt__study_options options = options_of(b, false);
    snprintf(text, sizeof text,
             "version: 1\nname: bench\nseed: 5\npopulation: %d\nmode: %s\nready: {every: 10}\n"
             "stop: {steps: 40}\nfailure: {retries: 1, lost: 2}\nlease: {seconds: %d}\n"
             "checkpoints: {keep_best: 1}\n"
             "hyperparameters:\n  x: {type: float, min: 0, max: 1}\n"
             "  n: {type: int, scale: log, min: 1, max: 100}\n"
             "trainer: {protocol: command, command: [train]}\n",
             MEMBERS, self->mode, LEASE_SECONDS);
    pbt_err err = pbt__spec_parse(text, "bench.yaml", ".", &spec, &b->error);
    json_t *provenance = json_object();
    if (err == PBT_OK && provenance == NULL) {
        err = b->error.code = PBT_ERR_MEMORY;
    }
    if (err == PBT_OK) {
        err = pbt__study_create(b->store, spec, provenance, &options, &study, &b->error);
    }
    if (err != PBT_OK) {
        pbt_spec_free(spec);
    }
    if (err == PBT_ERR_EXISTS) { /* the commit that failed was kept */
        err = pbt__study_open(b->store, "bench", &options, &study, &b->error);
    }
    json_decref(provenance);
    b->study = err == PBT_OK ? study : NULL;
    return err;
}

static pbt_err reopen(run *self, worker *w)
{
    (void)w;
    bench *b = self->bench;
    pbt__study *study = NULL;
    const pbt__study_options options = options_of(b, false);
    pbt__study_close(b->study);
    b->study = NULL;
    pbt_err err = pbt__study_open(b->store, "bench", &options, &study, &b->error);
    b->study = err == PBT_OK ? study : NULL;
    return err;
}

static pbt_err amend(run *self, worker *w)
{
    (void)w;
    static const char *const KEYS[] = {"stop.steps", "checkpoints.keep_best"};
    static const char *const VALUES[] = {"50", "2"};
    return pbt__study_amend(self->bench->study, KEYS, VALUES, 2, &self->bench->error);
}

static pbt_err stop(run *self, worker *w)
{
    (void)w;
    return pbt__study_stop(self->bench->study, &self->bench->error);
}

static pbt_err resume(run *self, worker *w)
{
    (void)w;
    return pbt__study_resume(self->bench->study, &self->bench->error);
}

static pbt_err look(run *self, worker *w)
{
    (void)w;
    bench *b = self->bench;
    json_t *lists[3] = {NULL, NULL, NULL};
    pbt__summary summary;
    pbt_err err = pbt__study_summary(b->study, &summary, &b->error);
    err = err == PBT_OK ? pbt__study_show(b->study, &lists[0], &b->error) : err;
    err = err == PBT_OK ? pbt__study_members(b->study, &lists[1], &b->error) : err;
    err = err == PBT_OK ? pbt__study_segments(b->study, &lists[2], &b->error) : err;
    for (int i = 0; i < 3; i++) {
        json_decref(lists[i]);
    }
    return err;
}

static pbt_err see_nothing(void *context, const json_t *event)
{
    (void)context;
    return event != NULL ? PBT_OK : PBT_ERR_STATE;
}

static pbt_err list(run *self, worker *w)
{
    (void)w;
    return pbt__study_events(self->bench->study, 0, see_nothing, NULL, &self->bench->error);
}

static void show_problem(void *context, const char *line)
{
    snprintf(context, 512, "%s", line);
}

/* A checkpoint that cannot be read is a problem and no error. */
static pbt_err verify(run *self, worker *w)
{
    (void)w;
    bench *b = self->bench;
    pbt__verdict verdict;
    char problem[512] = "";
    pbt_err err = pbt__study_verify(b->study, show_problem, problem, &verdict, &b->error);
    if (err == PBT_OK && verdict.problem_count > 0) {
        assert_true(pbt__fault_has_fired() && (self->kinds & PBT__FAULT_MEMORY) == 0);
        assert_int_equal(verdict.problem_count, 1);
        assert_non_null(strstr(problem, "checkpoint of m"));
        return b->error.code = PBT_ERR_IO;
    }
    return err;
}

static pbt_err delete(run *self, worker *w)
{
    (void)w;
    bench *b = self->bench;
    pbt_err err = pbt__study_delete(b->study, false, &b->error);
    if (err == PBT_OK) {
        pbt__study_close(b->study);
        b->study = NULL;
    }
    return err;
}

/* ---- the script ---- */

static void write_progress(const worker *w)
{
    FILE *file = fopen(w->action.train.save_to, "we");
    assert_non_null(file);
    assert_true(fputs("progress", file) > 0);
    assert_int_equal(fclose(file), 0);
}

static void begin_session(worker *w)
{
    snprintf(w->session, sizeof w->session, "%s-%d", w->name, ++w->session_count);
    w->is_busy = false;
}

/* What becomes of a segment follows from its name and attempt alone. */
static void end_segment(run *self, worker *w)
{
    const pbt__assignment *train = &w->action.train;
    int32_t member = train->segment.id.member;
    int32_t number = train->segment.id.number;
    if (member == 2 && number == 1) {
        carry_out(self, break_down, w); /* every attempt: it is given up and rescued */
    } else if (member == 1 && number == 1 && train->attempt == 1) {
        write_progress(w);
        carry_out(self, give_back, w);
    } else if (member == 0 && number == 2 && train->attempt == 1) {
        begin_session(w); /* it died and comes again */
    } else if (member == 3 && number == 2 && train->attempt == 1) {
        w->is_busy = false; /* it is never heard of, and by then everybody's lease has ended */
        self->bench->now_us += (LEASE_SECONDS + 1) * INT64_C(1000000);
    } else {
        if (kind_of(w) == 1) {
            write_progress(w);
        }
        carry_out(self, report, w);
    }
}

static void take_turn(run *self, int turn)
{
    worker *w = &self->workers[turn % WORKERS];
    self->bench->now_us += 1000000;
    if (!w->is_busy) {
        carry_out(self, claim, w);
        return;
    }
    if (turn % 2 == 0) {
        carry_out(self, beat, w);
    }
    if (w->is_busy) {
        end_segment(self, w);
    }
}

static bool is_over(run *self)
{
    for (int i = 0; i < WORKERS; i++) {
        if (self->workers[i].action.verb != PBT__STOP) {
            return false;
        }
    }
    return true;
}

static void run_turns(run *self)
{
    static const struct {
        int turn;
        call make;
    } USER[] = {{8, amend}, {14, stop}, {17, resume}, {20, reopen}, {23, look}, {26, list}};
    for (int turn = 0; turn < 20 || !is_over(self); turn++) {
        assert_true(turn < 150);
        for (size_t i = 0; i < sizeof USER / sizeof *USER; i++) {
            if (USER[i].turn == turn) {
                carry_out(self, USER[i].make, NULL);
            }
        }
        take_turn(self, turn);
    }
}

static void open_store(bench *b)
{
    const pbt__store_options options = {
        .url = b->url, .can_create = true, .now_us = read_clock, .clock_context = b};
    assert_ok(pbt__store_open(&options, &b->store, &b->error));
}

static void assert_no_stray_file(run *self)
{
    char folder[PBT__PATH_SIZE];
    size_t recorded = 0;
    size_t found = 0;
    json_t *segments = NULL;
    json_t *segment = NULL;
    size_t i = 0;
    assert_ok(pbt__study_segments(self->bench->study, &segments, NULL));
    json_array_foreach(segments, i, segment)
    {
        const char *place = json_string_value(json_object_get(segment, "checkpoint"));
        recorded += place != NULL && strncmp(place, "store:", 6) != 0 ? 1 : 0;
    }
    json_decref(segments);
    assert_ok(pbt__path_join(self->bench->folder, "bench.checkpoints", folder, NULL));
    DIR *stream = opendir(folder);
    assert_non_null(stream);
    for (const struct dirent *e = readdir(stream); e != NULL; e = readdir(stream)) {
        found += e->d_name[0] == 'm' ? 1 : 0;
    }
    closedir(stream);
    assert_int_equal(found, recorded);
    assert_true(found > 0);
}

static void assert_end(run *self)
{
    assert_no_stray_file(self);
    assert_int_equal(bench_count(self->bench, "rescued"), 1);
    assert_true(bench_summary(self->bench).exploit_count > 0);
}

static void run_calls(run *self)
{
    carry_out(self, create, NULL);
    run_turns(self);
    carry_out(self, reopen, NULL);
    carry_out(self, verify, NULL);
    if (self->method != ONCE || self->has_fired) {
        assert_end(self); /* calls of its own would be counted otherwise */
    }
    carry_out(self, delete, NULL);
}

/* `n`: the operation that fails, for ONCE. Returns whether it did. */
static bool run_script(run *self, method how, int64_t n)
{
    static const char *const NAMES[WORKERS] = {"a", "b", "c"};
    void *fresh = NULL;
    assert_int_equal(bench_make(&fresh), 0);
    self->bench = fresh;
    self->method = how;
    self->calls = 0;
    self->has_fired = false;
    for (int i = 0; i < WORKERS; i++) {
        worker *w = &self->workers[i];
        *w = (worker){.name = NAMES[i], .action = {.verb = PBT__WAIT}};
        begin_session(w);
    }
    open_store(self->bench);
    pbt__fault_arm(n, how == ONCE ? self->kinds : 0);
    run_calls(self);
    pbt__fault_arm(0, 0);
    assert_int_equal(bench_remove(&fresh), 0);
    return self->has_fired;
}

/* ---- the cases ---- */

typedef struct plan {
    const char *mode;
    unsigned kinds;
    int code; /* of writes of the store that fail */
} plan;

static int learn(void **state)
{
    const plan *p = *state;
    run *self = calloc(1, sizeof *self);
    assert_non_null(self);
    self->mode = p->mode;
    self->states[0] = strdup("absent");
    (void)run_script(self, LEARN, 0);
    self->kinds = p->kinds;
    fault_vfs_fail_writes_with(p->code);
    *state = self;
    return 0;
}

static int forget(void **state)
{
    run *self = *state;
    pbt__fault_arm(0, 0);
    for (int i = 0; i <= CALLS_MAXIMUM; i++) {
        free(self->states[i]);
    }
    free(self);
    return 0;
}

static void each_call(void **state)
{
    run *self = *state;
    int calls = self->calls;
    (void)run_script(self, EACH_CALL, 0);
    assert_int_equal(self->calls, calls);
    print_message("# %d calls, %lld operations, %lld failures\n", calls,
                  (long long)self->operations, (long long)self->failures);
}

static void once(void **state)
{
    run *self = *state;
    int64_t stride = (self->kinds & PBT__FAULT_MEMORY) != 0 ? 97 : 1;
    int64_t n = 1;
    while (run_script(self, ONCE, n)) {
        n += stride;
    }
    print_message("# %lld operations, %lld failures\n", (long long)n, (long long)self->failures);
    assert_true(n > 100);
}

int main(void)
{
    enum { FILES = PBT__FAULT_WRITE | PBT__FAULT_SYNC | PBT__FAULT_READ };
    static plan memory[] = {{"asynchronous", PBT__FAULT_MEMORY, SQLITE_IOERR_WRITE},
                            {"generational", PBT__FAULT_MEMORY, SQLITE_IOERR_WRITE}};
    static plan files[] = {{"asynchronous", FILES, SQLITE_IOERR_WRITE},
                           {"generational", FILES, SQLITE_IOERR_WRITE}};
    static plan stores[] = {{"asynchronous", PBT__FAULT_STORE, SQLITE_IOERR_WRITE},
                            {"generational", PBT__FAULT_STORE, SQLITE_FULL}};
    const struct CMUnitTest tests[] = {
        {"memory, each call, asynchronous", each_call, learn, forget, &memory[0]},
        {"memory, each call, generational", each_call, learn, forget, &memory[1]},
        {"memory, once, asynchronous", once, learn, forget, &memory[0]},
        {"memory, once, generational", once, learn, forget, &memory[1]},
        {"files, each call, asynchronous", each_call, learn, forget, &files[0]},
        {"files, each call, generational", each_call, learn, forget, &files[1]},
        {"files, once, asynchronous", once, learn, forget, &files[0]},
        {"files, once, generational", once, learn, forget, &files[1]},
        {"store, each call, asynchronous", each_call, learn, forget, &stores[0]},
        {"store, each call, disk full, generational", each_call, learn, forget, &stores[1]},
        {"store, once, asynchronous", once, learn, forget, &stores[0]},
        {"store, once, disk full, generational", once, learn, forget, &stores[1]},
    };
    fault_memory_install();
    if (access("/dev/shm", W_OK) == 0) {
        (void)setenv("TMPDIR", "/dev/shm", 1); /* durability is not in question */
    }
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
