/*
 * faults.c: the N-th operation below a study fails, for N = 1, 2, ... until none does.
 *
 * The script (script.h) is run undisturbed at first, and what the study is after each call is
 * written down. In the other runs operations fail, in two ways:
 *
 *     each call   the 1st operation of a call fails, then its 2nd, ... until the call goes through
 *     once        one operation in the whole run fails, also one whose failure a call hides
 *
 * After a call that failed the study is what it was before the call or, where the commit itself
 * failed, what it is after it: never anything between. The same call is made again, and the end is
 * the same.
 */
#include "all_segments.h"
#include "script.h"

#include <dirent.h>
#include <sqlite3.h>

#include "../store/fault_vfs.h"
#include "base/fault.h"
#include "fault_memory.h"
#include "study/event.h"

enum {
    CALLS_MAXIMUM = 400,
    /* One failure in so many is looked at: what one leaves behind shows in those after it, too. */
    SAMPLED_OF_MEMORY = 32,
    SAMPLED = 64, /* as another handle reads it */
};

typedef enum method { LEARN, EACH_CALL, ONCE } method;

typedef struct run {
    script script; /* first: what the script is handed is the run */
    method method;
    unsigned kinds;
    bool has_fired; /* ONCE: it is over */
    int calls;
    int64_t operations, failures;
    char *states[CALLS_MAXIMUM + 1]; /* what the study is before the first call, after it, ... */
} run;

/* ---- what a study is, as text ---- */

static pbt_err add_event(void *context, const pbt__event *event)
{
    char text[96];
    snprintf(text, sizeof text, "event %lld at %lld: %s", (long long)event->sequence,
             (long long)event->time_us, pbt__event_kind_name(event->kind));
    json_array_append_new(context, json_string(text));
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

/* What a handle believes: its view. */
static json_t *view_of(pbt__study *study)
{
    json_t *show = NULL;
    json_t *members = NULL;
    json_t *segments = NULL;
    assert_ok(pbt__study_show(study, &show, NULL));
    assert_ok(pbt__study_members(study, &members, NULL));
    assert_ok(all_segments(study, &segments, NULL));
    return json_pack("[o, o, o]", show, members, segments);
}

/* What another handle reads: the log's view. */
static json_t *view_read(const bench *b)
{
    pbt__study *observer = NULL;
    const pbt__study_options options = script_options(b, true);
    assert_ok(pbt__study_open(b->store, "bench", &options, &observer, NULL));
    json_t *view = view_of(observer);
    pbt__study_close(observer);
    return view;
}

/* Claims, and events without their bodies: those are in the view, and hold times and inodes of
 * files. */
static json_t *log_of(const bench *b, int64_t study)
{
    json_t *log = json_array();
    assert_ok(pbt__store_claim_list(b->store, study, 0, add_claim, log, NULL));
    assert_ok(pbt__store_read(b->store, study, 0, add_event, log, NULL));
    return log;
}

static char *state_of(const bench *b)
{
    pbt__study_row row;
    if (pbt__store_find(b->store, "bench", &row, NULL) == PBT_ERR_NOT_FOUND) {
        return strdup("absent");
    }
    json_t *view = b->study != NULL ? view_of(b->study) : view_read(b);
    json_t *state = json_pack("[o, o]", log_of(b, row.id), view);
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
    char *state = state_of(self->script.bench);
    const char *before = self->states[self->calls - 1];
    const char *after = self->states[self->calls];
    bool is_sound = strcmp(state, after) == 0 || (may_be_before && strcmp(state, before) == 0);
    if (!is_sound) {
        fail_msg(
            "call %d (%s):\n%.250s\nis not what it was:\n%.250s\nnor what it is to be:\n%.250s",
            self->calls, self->script.bench->error.message, parting(state, before),
            parting(before, state), parting(after, state));
    }
    free(state);
}

static void look_at_failure(run *self, pbt_err err)
{
    const bool is_memory = (self->kinds & PBT__FAULT_MEMORY) != 0;
    /* A checkpoint that cannot be read is a problem that verify finds. */
    bool is_allowed = is_memory
                          ? err == PBT_ERR_MEMORY
                          : err == PBT_ERR_STORE || err == PBT_ERR_IO || err == PBT_ERR_CHECKPOINT;
    if (!is_allowed || !pbt__fault_has_fired()) {
        fail_msg("call %d: error %d: %s: %s", self->calls, (int)err,
                 self->script.bench->error.message, self->script.bench->error.detail);
    }
    assert_int_equal(self->script.bench->error.code, err);
    pbt__fault_arm(0, 0);
    if (!is_memory || self->failures % SAMPLED_OF_MEMORY == 0) {
        assert_state(self, true);
    }
    if (self->failures++ % SAMPLED == 0) {
        assert_view_is_as_read(self->script.bench);
    }
}

static void make_with_each_operation_failing(run *self, script_call make, script_worker *w)
{
    for (int64_t n = 1;; n++) {
        pbt__fault_arm(n, self->kinds);
        pbt_err err = make(&self->script, w);
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

static void make_with_one_operation_failing(run *self, script_call make, script_worker *w)
{
    pbt_err err = make(&self->script, w);
    if (self->has_fired || (err == PBT_OK && !pbt__fault_has_fired())) {
        assert_ok(err);
        return;
    }
    self->has_fired = true;
    if (err != PBT_OK) {
        look_at_failure(self, err);
        assert_ok(make(&self->script, w));
    }
    pbt__fault_arm(0, 0);
    assert_state(self, false);
}

static void carry_out(script *of, script_call make, script_worker *w)
{
    run *self = (run *)of;
    self->calls++;
    assert_true(self->calls <= CALLS_MAXIMUM);
    switch (self->method) {
    case LEARN:
        if (make(&self->script, w) != PBT_OK) {
            fail_msg("call %d: %s: %s", self->calls, self->script.bench->error.message,
                     self->script.bench->error.detail);
        }
        self->states[self->calls] = state_of(self->script.bench);
        assert_view_is_as_read(self->script.bench);
        break;
    case EACH_CALL:
        make_with_each_operation_failing(self, make, w);
        break;
    case ONCE:
        make_with_one_operation_failing(self, make, w);
        break;
    }
}

static void assert_no_stray_file(run *self)
{
    char folder[PBT__PATH_SIZE];
    size_t recorded = 0;
    size_t found = 0;
    json_t *segments = NULL;
    json_t *segment = NULL;
    size_t i = 0;
    assert_ok(all_segments(self->script.bench->study, &segments, NULL));
    json_array_foreach(segments, i, segment)
    {
        const char *place = json_string_value(json_object_get(segment, "checkpoint"));
        recorded += place != NULL && strncmp(place, "store:", 6) != 0 ? 1 : 0;
    }
    json_decref(segments);
    assert_ok(pbt__path_join(self->script.bench->folder, "bench.checkpoints", folder, NULL));
    DIR *stream = opendir(folder);
    assert_non_null(stream);
    for (const struct dirent *e = readdir(stream); e != NULL; e = readdir(stream)) {
        found += e->d_name[0] == 'm' ? 1 : 0;
    }
    closedir(stream);
    assert_int_equal(found, recorded);
    assert_true(found > 0);
}

/* Calls of our own would be counted as long as a fault is armed. */
static void look_at_end(script *of)
{
    run *self = (run *)of;
    if (self->method != ONCE || self->has_fired) {
        assert_no_stray_file(self);
        assert_int_equal(bench_count(of->bench, "rescued"), 1);
        assert_true(bench_summary(of->bench).exploit_count > 0);
    }
}

/* `n`: the operation that fails, for ONCE. Returns whether it did. */
static bool run_script(run *self, method how, int64_t n)
{
    void *fresh = NULL;
    assert_int_equal(bench_make(&fresh), 0);
    self->script.bench = fresh;
    self->method = how;
    self->calls = 0;
    self->has_fired = false;
    script_open_store(fresh);
    pbt__fault_arm(n, how == ONCE ? self->kinds : 0);
    script_run(&self->script);
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
    self->script = (script){.mode = p->mode, .carry_out = carry_out, .look_at_end = look_at_end};
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
    /* What a call does not hide, each_call has met already. */
    int64_t stride = (self->kinds & PBT__FAULT_MEMORY) != 0 ? 197 : 3;
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
