/* script.c: the calls, and when they are made. */
#include "script.h"

#include "all_segments.h"

enum { LARGE = PBT__BLOB_MAXIMUM + 1000 };

/* ---- the bench ---- */

static int64_t read_clock(void *context)
{
    return ((const bench *)context)->now_us;
}

pbt__study_options script_options(const bench *b, bool is_observer)
{
    return (pbt__study_options){
        .checkpoint_folder = b->folder, .is_observer = is_observer, .relative_to = b->folder};
}

/* ---- a worker's calls ---- */

static pbt__claimant who_is(const script_worker *w)
{
    return (pbt__claimant){.worker = w->name, .session = w->session};
}

static double score_of(const pbt_segment *s)
{
    double x = s->values[0].real;
    return (double)s->end_age * (1 - (x - 0.7) * (x - 0.7));
}

static void take(script_worker *w, const pbt__action *action)
{
    w->action = *action;
    w->is_busy = action->verb == PBT__TRAIN;
    w->score = w->is_busy ? score_of(&action->train.segment) : 0;
}

static pbt_err claim(script *self, script_worker *w)
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
static pbt_err drop_if_late(script_worker *w, pbt_err err)
{
    if (err == PBT_ERR_LATE) {
        w->is_busy = false;
        return PBT_OK;
    }
    return err;
}

static pbt_err beat(script *self, script_worker *w)
{
    const pbt__claimant who = who_is(w);
    const pbt__assignment *train = &w->action.train;
    pbt__verb verb = PBT__TRAIN;
    return drop_if_late(w, bench_beat(self->bench->study, &who, train->segment.id, train->attempt,
                                      train->segment.start_step + 1, &verb, &self->bench->error));
}

/* A small checkpoint in the store, a file that the trainer saved, bytes too many for the store. */
static int kind_of(const script_worker *w)
{
    const pbt_segment_id id = w->action.train.segment.id;
    return (id.member + id.number) % 3;
}

static pbt_err report(script *self, script_worker *w)
{
    static char bytes[LARGE];
    const pbt__claimant who = who_is(w);
    const pbt__assignment *train = &w->action.train;
    const double samples[] = {w->score - 1, w->score + 1};
    const pbt__metric metrics[] = {
        {.name = "score",
         .value = w->score,
         .has_value = true,
         .samples = samples,
         .sample_count = 2},
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
    pbt_err err = pbt__study_report(self->bench->study, &who, &result, &reply, &self->bench->error);
    if (err == PBT_OK) {
        take(w, &reply.action);
    }
    return drop_if_late(w, err);
}

static pbt_err break_down(script *self, script_worker *w)
{
    const pbt__claimant who = who_is(w);
    const pbt__failure failure = {.segment = w->action.train.segment.id,
                                  .attempt = w->action.train.attempt,
                                  .message = "it broke",
                                  .can_retry = true};
    pbt__action action;
    pbt_err err = pbt__study_fail(self->bench->study, &who, &failure, &action, &self->bench->error);
    if (err == PBT_OK) {
        take(w, &action);
    }
    return drop_if_late(w, err);
}

static pbt_err give_back(script *self, script_worker *w)
{
    const pbt__claimant who = who_is(w);
    const pbt__assignment *train = &w->action.train;
    pbt_err err = pbt__study_release(self->bench->study, &who, train->segment.id, train->attempt,
                                     train->segment.start_step + 5, true, &self->bench->error);
    w->is_busy = err != PBT_OK;
    return err;
}

/* ---- a user's calls ---- */

static pbt_err create(script *self, script_worker *w)
{
    (void)w;
    bench *b = self->bench;
    char text[1024];
    pbt_spec *spec = NULL;
    pbt__study *study = NULL;
    const pbt__study_options options = script_options(b, false);
    snprintf(text, sizeof text,
             "version: 1\nname: bench\nseed: 5\npopulation: %d\nmode: %s\nready: {every: 10}\n"
             "stop: {steps: 40}\nfailure: {retries: 1, lost: 2}\nlease: {seconds: %d}\n"
             "checkpoints: {keep_best: 1}\n"
             "hyperparameters:\n  x: {type: float, min: 0, max: 1}\n"
             "  n: {type: int, scale: log, min: 1, max: 100}\n"
             "trainer: {protocol: command, command: [train]}\n",
             SCRIPT_MEMBERS, self->mode, SCRIPT_LEASE_SECONDS);
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

static pbt_err reopen(script *self, script_worker *w)
{
    (void)w;
    bench *b = self->bench;
    pbt__study *study = NULL;
    const pbt__study_options options = script_options(b, false);
    pbt__study_close(b->study);
    b->study = NULL;
    pbt_err err = pbt__study_open(b->store, "bench", &options, &study, &b->error);
    b->study = err == PBT_OK ? study : NULL;
    return err;
}

static pbt_err amend(script *self, script_worker *w)
{
    (void)w;
    static const char *const KEYS[] = {"stop.steps", "checkpoints.keep_best"};
    static const char *const VALUES[] = {"50", "2"};
    return pbt__study_amend(self->bench->study, KEYS, VALUES, 2, &self->bench->error);
}

static pbt_err stop(script *self, script_worker *w)
{
    (void)w;
    return pbt__study_stop(self->bench->study, &self->bench->error);
}

static pbt_err resume(script *self, script_worker *w)
{
    (void)w;
    return pbt__study_resume(self->bench->study, &self->bench->error);
}

static pbt_err look(script *self, script_worker *w)
{
    (void)w;
    bench *b = self->bench;
    json_t *lists[3] = {NULL, NULL, NULL};
    pbt__summary summary;
    pbt_err err = pbt__study_summary(b->study, &summary, &b->error);
    err = err == PBT_OK ? pbt__study_show(b->study, &lists[0], &b->error) : err;
    err = err == PBT_OK ? pbt__study_members(b->study, &lists[1], &b->error) : err;
    err = err == PBT_OK ? all_segments(b->study, &lists[2], &b->error) : err;
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

static pbt_err list(script *self, script_worker *w)
{
    (void)w;
    return pbt__study_events(self->bench->study, 0, see_nothing, NULL, &self->bench->error);
}

static void keep_problem(void *context, const char *line)
{
    snprintf(context, sizeof((pbt_error *)NULL)->message, "%s", line);
}

/* A problem counts as an error of its own. */
static pbt_err verify(script *self, script_worker *w)
{
    (void)w;
    bench *b = self->bench;
    pbt__verdict verdict;
    pbt_err err = pbt__study_verify(b->study, keep_problem, b->error.message, &verdict, &b->error);
    return err == PBT_OK && verdict.problem_count > 0 ? (b->error.code = PBT_ERR_CHECKPOINT) : err;
}

static pbt_err delete (script *self, script_worker *w)
{
    (void)w;
    bench *b = self->bench;
    pbt__remains remains;
    pbt_err err = pbt__study_delete(b->study, false, NULL, &remains, &b->error);
    if (err == PBT_OK) {
        pbt__study_close(b->study);
        b->study = NULL;
    }
    return err;
}

/* ---- the script ---- */

static void write_progress(const script_worker *w)
{
    FILE *file = fopen(w->action.train.save_to, "we");
    assert_non_null(file);
    assert_true(fputs("progress", file) > 0);
    assert_int_equal(fclose(file), 0);
}

static void begin_session(script_worker *w)
{
    snprintf(w->session, sizeof w->session, "%s-%d", w->name, ++w->session_count);
    w->is_busy = false;
}

/* What becomes of a segment follows from its name and attempt alone. */
static void end_segment(script *self, script_worker *w)
{
    const pbt__assignment *train = &w->action.train;
    int32_t member = train->segment.id.member;
    int32_t number = train->segment.id.number;
    if (member == 2 && number == 1) {
        self->carry_out(self, break_down, w); /* every attempt: it is given up and rescued */
    } else if (member == 1 && number == 1 && train->attempt == 1) {
        write_progress(w);
        self->carry_out(self, give_back, w);
    } else if (member == 0 && number == 2 && train->attempt == 1) {
        begin_session(w); /* it died and comes again */
    } else if (member == 3 && number == 2 && train->attempt == 1) {
        w->is_busy = false; /* it is never heard of, and by then everybody's lease has ended */
        self->bench->now_us += (SCRIPT_LEASE_SECONDS + 1) * INT64_C(1000000);
    } else {
        if (kind_of(w) == 1) {
            write_progress(w);
        }
        self->carry_out(self, report, w);
    }
}

static void take_turn(script *self, int turn)
{
    script_worker *w = &self->workers[turn % SCRIPT_WORKERS];
    self->bench->now_us += 1000000;
    if (!w->is_busy) {
        self->carry_out(self, claim, w);
        return;
    }
    if (turn % 2 == 0) {
        self->carry_out(self, beat, w);
    }
    if (w->is_busy) {
        end_segment(self, w);
    }
}

static bool is_over(script *self)
{
    for (int i = 0; i < SCRIPT_WORKERS; i++) {
        if (self->workers[i].action.verb != PBT__STOP) {
            return false;
        }
    }
    return true;
}

static void run_turns(script *self)
{
    static const struct {
        int turn;
        script_call make;
    } USER[] = {{8, amend}, {14, stop}, {17, resume}, {20, reopen}, {23, look}, {26, list}};
    for (int turn = 0; turn < 20 || !is_over(self); turn++) {
        assert_true(turn < 150);
        for (size_t i = 0; i < sizeof USER / sizeof *USER; i++) {
            if (USER[i].turn == turn) {
                self->carry_out(self, USER[i].make, NULL);
            }
        }
        take_turn(self, turn);
    }
}

void script_open_store(bench *b)
{
    const pbt__store_options options = {
        .url = b->url, .can_create = true, .owns = true, .now_us = read_clock, .clock_context = b};
    assert_ok(pbt__store_open(&options, &b->store, &b->error));
}

void script_run(script *self)
{
    static const char *const NAMES[SCRIPT_WORKERS] = {"a", "b", "c"};
    for (int i = 0; i < SCRIPT_WORKERS; i++) {
        script_worker *w = &self->workers[i];
        *w = (script_worker){.name = NAMES[i], .action = {.verb = PBT__WAIT}};
        begin_session(w);
    }
    self->carry_out(self, create, NULL);
    run_turns(self);
    self->carry_out(self, reopen, NULL);
    self->carry_out(self, verify, NULL);
    self->look_at_end(self);
    self->carry_out(self, delete, NULL);
}
