/*
 * play.c: a study played by the lines of its spec.
 *
 * Workers take turns, a second each; what they report is a function of the segment. A spec says
 * what happens beside that, in comments:
 *   # play: workers=3; samples; patient; m2s1 fail; m1s1.1 release; @8 amend stop.steps=50
 * `mXsY` is every attempt of a segment, `mXsY.A` one of them, `mX` all of a member's, `*` all:
 *   fail quit odd   a failure, that may be retried or not; or in words of the member's own
 *   vanish linger   it is never heard of again, and its lease ends: at once, or in 4 seconds
 *   die             its worker comes again as another session
 *   still           it beats, and its step does not move
 *   release yield   it is given back, with progress saved or without
 *   nan inf short   its score is no number, or infinite; or no number, after half of its steps
 *   bad tie         its score is lower by 3, or 1
 *   over            it trains 3 steps more than asked
 *   save folder     its checkpoint is a file, or a folder
 *   twice           it is reported twice
 *   late            its lease ends, and then it is reported
 *   lose            what it has loaded is removed, and it is given back
 * `@T` is before turn T, by a user:
 *   amend K=V, stop, resume, revive [M], reopen, tick SECONDS
 * A start may name the checkpoint start.pt.
 */
#include <inttypes.h>

#include "golden.h"

enum { WORKER_MAXIMUM = 16, ACT_MAXIMUM = 64, TURN_MAXIMUM = 2000, SAMPLES = 4 };

typedef struct act {
    int turn;               /* -1: a trainer's */
    int32_t member, number; /* -1: any */
    int32_t attempt;        /* 0: any */
    char verb[16];
    char argument[96];
} act;

typedef struct player {
    const char *name;
    char names[WORKER_MAXIMUM][16];
    char sessions[WORKER_MAXIMUM][32];
    int session_counts[WORKER_MAXIMUM];
    pbt__action actions[WORKER_MAXIMUM];
    bool is_busy[WORKER_MAXIMUM];
    act acts[ACT_MAXIMUM];
    int act_count, worker_count, last_turn, turn;
    bool has_samples, is_patient;
    bench *bench;
    pbt__text *calls;
} player;

/* ---- the lines ---- */

/* "*", "@T", "mX", "mXsY" or "mXsY.A" */
static void read_who(act *a, const char *who)
{
    const char *at = who + 1;
    if (who[0] == '@') {
        a->turn = (int)golden_number(&at);
        return;
    }
    assert_true(who[0] == 'm' || strcmp(who, "*") == 0);
    a->member = *at != '\0' ? (int32_t)golden_number(&at) : -1;
    a->number = *at != '\0' ? (int32_t)golden_number(&at) : -1;
    a->attempt = *at != '\0' ? (int32_t)golden_number(&at) : 0;
}

static void read_act(player *self, const char *text)
{
    act *a = &self->acts[self->act_count];
    const char *count = strncmp(text, "workers=", 8) == 0 ? text + 8 : NULL;
    char who[32] = "";
    int at = 0;
    if (count != NULL) {
        self->worker_count = (int)golden_number(&count);
        assert_in_range(self->worker_count, 1, WORKER_MAXIMUM);
        return;
    }
    if (strcmp(text, "samples") == 0 || strcmp(text, "patient") == 0) {
        *(text[0] == 's' ? &self->has_samples : &self->is_patient) = true;
        return;
    }
    assert_true(self->act_count < ACT_MAXIMUM);
    *a = (act){.turn = -1};
    assert_int_equal(sscanf(text, "%31s %15s %n", who, a->verb, &at), 2);
    snprintf(a->argument, sizeof a->argument, "%s", at > 0 ? text + at : "");
    read_who(a, who);
    self->last_turn = a->turn > self->last_turn ? a->turn : self->last_turn;
    self->act_count++;
}

static void read_lines(player *self, const char *yaml)
{
    static const char MARK[] = "# play: ";
    char *copy = strdup(yaml);
    assert_non_null(copy);
    for (char *rest = copy, *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        char *part = NULL;
        char *parts = strncmp(line, MARK, strlen(MARK)) == 0 ? line + strlen(MARK) : NULL;
        while ((part = strsep(&parts, ";")) != NULL) {
            read_act(self, part + strspn(part, " "));
        }
    }
    free(copy);
}

/* What is to become of an attempt: the first line that speaks of it. */
static const char *verb_of(const player *self, const pbt__assignment *train)
{
    const pbt_segment_id id = train->segment.id;
    for (int i = 0; i < self->act_count; i++) {
        const act *a = &self->acts[i];
        if (a->turn < 0 && (a->member < 0 || a->member == id.member) &&
            (a->number < 0 || a->number == id.number) &&
            (a->attempt == 0 || a->attempt == train->attempt)) {
            return a->verb;
        }
    }
    return "report";
}

/* ---- scores ---- */

static double place_of(const pbt_parameter *parameter, pbt_value value)
{
    switch (parameter->type) {
    case PBT_FLOAT:
        return (value.real - parameter->min.real) / (parameter->max.real - parameter->min.real);
    case PBT_INT:
        return (double)(value.integer - parameter->min.integer) /
               (double)(parameter->max.integer - parameter->min.integer);
    default:
        return (double)value.integer / (double)parameter->item_count;
    }
}

/* A landscape over hyperparameters, better with age, with noise that is a function of the name and
 * ties here and there: three digits. Only what is exact on every machine is used. */
static double score_of(const pbt_search *search, const pbt_segment *s)
{
    double sum = (double)s->end_age / ((double)s->end_age + 60);
    const uint32_t mixed =
        ((uint32_t)s->id.member * 7919U + (uint32_t)s->id.number * 104729U + 11U) % 101U;
    for (size_t i = 0; i < search->space.count; i++) {
        const double off = place_of(&search->space.parameters[i], s->values[i]) - 0.6;
        sum -= off * off;
    }
    const double score = round((sum + 0.002 * (double)mixed) * 1000) / 1000;
    return search->direction == PBT_MINIMIZE ? 4 - score : score;
}

/* ---- calls ---- */

static void write_action(player *self, int w, const char *call, const pbt__action *action)
{
    char id[PBT__ID_SIZE], from[PBT__ID_SIZE];
    const pbt__assignment *train = &action->train;
    pbt__text_format(self->calls, "call %d %s %s -> ", self->turn, self->names[w], call);
    if (action->verb == PBT__TRAIN) {
        pbt__id_write(train->segment.id, id);
        pbt__id_write(train->load_from, from);
        pbt__text_format(
            self->calls, "%s.%d %s %d bytes=%" PRId64 " resume=%" PRId64 " stop=%" PRId64 " %s%g\n",
            id, (int)train->attempt,
            train->is_fresh ? "fresh" : (train->load_from.member >= 0 ? from : "start"),
            (int)train->load_kind, train->load_bytes, train->resume_step, train->stop_step,
            train->reload_always ? "reload " : "", train->lease_seconds);
    } else if (action->verb == PBT__WAIT) {
        pbt__text_format(self->calls, "wait %g\n", action->wait_seconds);
    } else {
        pbt__text_format(self->calls, "stop %s\n", pbt__stop_name(action->reason));
    }
}

static pbt__claimant who_is(const player *self, int w)
{
    return (pbt__claimant){.worker = self->names[w], .session = self->sessions[w]};
}

static void take(player *self, int w, const char *call, const pbt__action *action)
{
    self->actions[w] = *action;
    self->is_busy[w] = action->verb == PBT__TRAIN;
    write_action(self, w, call, action);
}

static void note(player *self, int w, const char *call, pbt_err err)
{
    pbt__text_format(self->calls, "call %d %s %s -> error %d\n", self->turn, self->names[w], call,
                     (int)err);
    self->is_busy[w] = false;
}

static void begin_session(player *self, int w)
{
    snprintf(self->sessions[w], sizeof self->sessions[w], "s%d-%d", w, ++self->session_counts[w]);
    self->is_busy[w] = false;
}

static void claim(player *self, int w)
{
    const pbt__claimant who = who_is(self, w);
    pbt__action action;
    assert_ok(pbt__study_claim(self->bench->study, &who, &action, &self->bench->error));
    take(self, w, "claim", &action);
}

static void beat(player *self, int w, int64_t step)
{
    const pbt__claimant who = who_is(self, w);
    const pbt__assignment *train = &self->actions[w].train;
    pbt__verb verb = PBT__TRAIN;
    pbt_err err = bench_beat(self->bench->study, &who, train->segment.id, train->attempt, step,
                             &verb, &self->bench->error);
    if (err != PBT_OK) {
        note(self, w, "beat", err);
    } else if (verb != PBT__TRAIN) {
        pbt__text_format(self->calls, "call %d %s beat -> verb %d\n", self->turn, self->names[w],
                         (int)verb);
    }
}

static void save(const pbt__assignment *train, bool is_folder)
{
    char path[PBT__PATH_SIZE + 8];
    snprintf(path, sizeof path, "%s%s", train->save_to, is_folder ? "/part" : "");
    if (is_folder) {
        assert_ok(pbt__file_make_folder(train->save_to, NULL));
    }
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(
        fprintf(file, "m%ds%d", (int)train->segment.id.member, (int)train->segment.id.number) > 0);
    assert_int_equal(fclose(file), 0);
}

static void report(player *self, int w, double score, int64_t step, int kind)
{
    const pbt__claimant who = who_is(self, w);
    const pbt__assignment *train = &self->actions[w].train;
    const pbt_spec *spec = pbt__study_spec(self->bench->study);
    const double samples[SAMPLES] = {score - 0.03, score - 0.01, score + 0.01, score + 0.03};
    const size_t sample_count = self->has_samples ? SAMPLES : 0;
    const pbt__metric metrics[] = {
        {.name = spec->metric,
         .value = score,
         .has_value = true,
         .samples = samples,
         .sample_count = sample_count},
        {.name = "loss", .value = 1 / (1 + (double)step), .has_value = true},
    };
    char bytes[PBT__ID_SIZE];
    pbt__id_write(train->segment.id, bytes);
    const pbt__result result = {.segment = train->segment.id,
                                .attempt = train->attempt,
                                .step = step,
                                .metrics = metrics,
                                .metric_count = 2,
                                .checkpoint = !isfinite(score) ? PBT__NO_CHECKPOINT
                                              : kind == 0      ? PBT__IN_MEMORY
                                                               : PBT__SAVED,
                                .bytes = bytes,
                                .byte_count = strlen(bytes)};
    pbt__reply reply;
    if (result.checkpoint == PBT__SAVED) {
        save(train, kind == 2);
    }
    pbt_err err = pbt__study_report(self->bench->study, &who, &result, &reply, &self->bench->error);
    if (err != PBT_OK) {
        note(self, w, "report", err);
    } else {
        take(self, w, reply.is_repeat ? "repeat" : "report", &reply.action);
    }
}

static void fail_attempt(player *self, int w, bool can_retry, const char *word)
{
    const pbt__claimant who = who_is(self, w);
    const pbt__assignment *train = &self->actions[w].train;
    char message[64];
    snprintf(message, sizeof message, "member %d %s", (int)train->segment.id.member, word);
    const pbt__failure failure = {.segment = train->segment.id,
                                  .attempt = train->attempt,
                                  .message = message,
                                  .can_retry = can_retry};
    pbt__action action;
    pbt_err err = pbt__study_fail(self->bench->study, &who, &failure, &action, &self->bench->error);
    if (err != PBT_OK) {
        note(self, w, "fail", err);
    } else {
        take(self, w, "fail", &action);
    }
}

static void give_back(player *self, int w, bool has_progress)
{
    const pbt__claimant who = who_is(self, w);
    const pbt__assignment *train = &self->actions[w].train;
    if (has_progress) {
        save(train, false);
    }
    assert_ok(pbt__study_release(self->bench->study, &who, train->segment.id, train->attempt,
                                 train->segment.start_step + (has_progress ? 4 : 0), has_progress,
                                 &self->bench->error));
    self->is_busy[w] = false;
}

static void let_lease_end(player *self)
{
    const pbt_spec *spec = pbt__study_spec(self->bench->study);
    self->bench->now_us += (int64_t)((spec->lease_seconds + 1) * 1e6);
}

static void lose_start(player *self, int w)
{
    const pbt__assignment *train = &self->actions[w].train;
    assert_true(train->load[0] != '\0');
    assert_ok(pbt__file_remove(train->load, NULL));
    give_back(self, w, false);
}

static void begin_again(player *self, int w)
{
    begin_session(self, w);
}

static void vanish(player *self, int w)
{
    self->is_busy[w] = false;
    let_lease_end(self);
}

static void linger(player *self, int w)
{
    vanish(self, w);
    self->bench->now_us -= INT64_C(5000000);
}

static void stand_still(player *self, int w)
{
    beat(self, w, self->actions[w].train.segment.start_step);
    self->bench->now_us += INT64_C(20000000);
}

/* ---- a worker's turn ---- */

static double score_of_held(player *self, int w)
{
    return score_of(&pbt__study_spec(self->bench->study)->search, &self->actions[w].train.segment);
}

static void report_end(player *self, int w)
{
    report(self, w, score_of_held(self, w), self->actions[w].train.segment.end_step, 0);
}

static void report_nan(player *self, int w)
{
    report(self, w, NAN, self->actions[w].train.segment.end_step, 0);
}

static void report_infinite(player *self, int w)
{
    report(self, w, INFINITY, self->actions[w].train.segment.end_step, 0);
}

static void report_short(player *self, int w)
{
    const pbt_segment *s = &self->actions[w].train.segment;
    report(self, w, NAN, (s->start_step + s->end_step) / 2, 0);
}

static void report_bad(player *self, int w)
{
    report(self, w, score_of_held(self, w) - 3, self->actions[w].train.segment.end_step, 0);
}

static void report_tie(player *self, int w)
{
    report(self, w, 1, self->actions[w].train.segment.end_step, 0);
}

static void report_over(player *self, int w)
{
    report(self, w, score_of_held(self, w), self->actions[w].train.segment.end_step + 3, 0);
}

static void report_file(player *self, int w)
{
    report(self, w, score_of_held(self, w), self->actions[w].train.segment.end_step, 1);
}

static void report_folder(player *self, int w)
{
    report(self, w, score_of_held(self, w), self->actions[w].train.segment.end_step, 2);
}

static void report_twice(player *self, int w)
{
    const pbt__action action = self->actions[w];
    report_end(self, w);
    self->actions[w] = action;
    report_end(self, w);
}

static void report_late(player *self, int w)
{
    let_lease_end(self);
    report_end(self, w);
}

static void break_down(player *self, int w)
{
    fail_attempt(self, w, true, "broke");
}

static void break_oddly(player *self, int w)
{
    static const char *const WORDS[] = {"exploded", "sank", "melted", "got lost", "slept"};
    const int32_t member = self->actions[w].train.segment.id.member;
    fail_attempt(self, w, true, WORDS[(size_t)member % (sizeof WORDS / sizeof *WORDS)]);
}

static void quit(player *self, int w)
{
    fail_attempt(self, w, false, "broke");
}

static void release(player *self, int w)
{
    give_back(self, w, true);
}

static void yield(player *self, int w)
{
    give_back(self, w, false);
}

static const struct {
    const char *verb;
    void (*act)(player *self, int w);
} VERBS[] = {
    {"report", report_end},  {"nan", report_nan},   {"inf", report_infinite},
    {"short", report_short}, {"bad", report_bad},   {"tie", report_tie},
    {"over", report_over},   {"save", report_file}, {"folder", report_folder},
    {"twice", report_twice}, {"late", report_late}, {"fail", break_down},
    {"odd", break_oddly},    {"quit", quit},        {"vanish", vanish},
    {"linger", linger},      {"die", begin_again},  {"still", stand_still},
    {"release", release},    {"yield", yield},      {"lose", lose_start},
};

static void end_segment(player *self, int w)
{
    const char *verb = verb_of(self, &self->actions[w].train);
    size_t i = 0;
    while (i < sizeof VERBS / sizeof *VERBS && strcmp(VERBS[i].verb, verb) != 0) {
        i++;
    }
    assert_true(i < sizeof VERBS / sizeof *VERBS);
    VERBS[i].act(self, w);
}

static void take_turn(player *self)
{
    const int w = self->turn % self->worker_count;
    self->bench->now_us += 1000000;
    if (!self->is_busy[w]) {
        claim(self, w);
        return;
    }
    if (self->turn % 2 == 0) {
        beat(self, w, self->actions[w].train.segment.start_step + 1);
    }
    if (self->is_busy[w]) {
        end_segment(self, w);
    }
}

/* ---- a user's acts ---- */

static void open_study(player *self)
{
    bench *b = self->bench;
    const pbt__study_options options = {
        .checkpoint_folder = b->folder, .is_patient = self->is_patient, .relative_to = b->folder};
    pbt__study_close(b->study);
    b->study = NULL;
    assert_ok(pbt__study_open(b->store, self->name, &options, &b->study, &b->error));
    memset(self->is_busy, 0, sizeof self->is_busy);
}

static pbt_err amend(bench *b, const char *argument)
{
    char key[sizeof((act *)NULL)->argument];
    snprintf(key, sizeof key, "%s", argument);
    char *value = strchr(key, '=');
    assert_non_null(value);
    *value++ = '\0';
    const char *const keys[] = {key}, *const values[] = {value};
    return pbt__study_amend(b->study, keys, values, 1, &b->error);
}

static void do_act(player *self, const act *a)
{
    bench *b = self->bench;
    const int32_t member = (int32_t)strtol(a->argument, NULL, 10);
    pbt_err err = PBT_OK;
    if (strcmp(a->verb, "amend") == 0) {
        err = amend(b, a->argument);
    } else if (strcmp(a->verb, "stop") == 0) {
        err = pbt__study_stop(b->study, &b->error);
    } else if (strcmp(a->verb, "resume") == 0) {
        err = pbt__study_resume(b->study, &b->error);
    } else if (strcmp(a->verb, "revive") == 0) {
        err = pbt__study_revive(b->study, &member, a->argument[0] != '\0' ? 1 : 0, &b->error);
    } else if (strcmp(a->verb, "tick") == 0) {
        b->now_us += member * INT64_C(1000000);
    } else {
        assert_string_equal(a->verb, "reopen");
        open_study(self);
    }
    if (err != PBT_OK) {
        fail_msg("@%d %s: %s", a->turn, a->verb, b->error.message);
    }
}

static void do_acts(player *self)
{
    for (int i = 0; i < self->act_count; i++) {
        if (self->acts[i].turn == self->turn) {
            do_act(self, &self->acts[i]);
        }
    }
}

static bool is_over(const player *self)
{
    for (int w = 0; w < self->worker_count; w++) {
        if (self->actions[w].verb != PBT__STOP) {
            return false;
        }
    }
    return self->turn > self->last_turn;
}

static void create(player *self, const char *yaml)
{
    bench *b = self->bench;
    pbt_spec *spec = NULL;
    const pbt__study_options options = {
        .checkpoint_folder = b->folder, .is_patient = self->is_patient, .relative_to = b->folder};
    json_t *provenance = json_object();
    char start[PBT__PATH_SIZE];
    assert_ok(pbt__path_join(b->folder, "start.pt", start, NULL));
    assert_ok(pbt__file_write(start, "weights", 7, NULL));
    if (pbt__spec_parse(yaml, "golden.yaml", b->folder, &spec, &b->error) != PBT_OK ||
        pbt__study_create(b->store, spec, provenance, &options, &b->study, &b->error) != PBT_OK) {
        fail_msg("%s: %s", b->error.message, b->error.detail);
    }
    json_decref(provenance);
    self->name = pbt__study_name(b->study);
}

void golden_play(bench *b, const char *yaml, pbt__text *calls)
{
    player *self = calloc(1, sizeof *self);
    char name[PBT__NAME_SIZE];
    assert_non_null(self);
    *self = (player){.bench = b, .calls = calls, .worker_count = 2, .last_turn = -1};
    read_lines(self, yaml);
    for (int w = 0; w < self->worker_count; w++) {
        snprintf(self->names[w], sizeof self->names[w], "w%d", w);
        self->actions[w].verb = PBT__WAIT;
        begin_session(self, w);
    }
    create(self, yaml);
    snprintf(name, sizeof name, "%s", self->name);
    self->name = name;
    for (; !is_over(self); self->turn++) {
        if (self->turn == TURN_MAXIMUM) {
            fail_msg("the study has not ended after %d turns", TURN_MAXIMUM);
        }
        do_acts(self);
        take_turn(self);
    }
    free(self);
}
