/* support.c: driving a study by hand. */
#include "support.h"

#include "all_segments.h"
#include "study/json.h"

int64_t bench_now(void *context)
{
    return ((const bench *)context)->now_us;
}

int bench_make(void **state)
{
    bench *b = calloc(1, sizeof *b);
    const char *base = getenv("TMPDIR");
    if (b == NULL) {
        return -1;
    }
    snprintf(b->folder, sizeof b->folder, "%s/pbt-study-XXXXXX", base != NULL ? base : "/tmp");
    b->now_us = 1000000000;
    *state = b;
    if (mkdtemp(b->folder) == NULL) {
        return -1;
    }
    snprintf(b->url, sizeof b->url, "sqlite:%.4000s/pbt.db", b->folder);
    return 0;
}

void bench_close(bench *b)
{
    pbt__study_close(b->study);
    pbt__store_close(b->store);
    b->study = NULL;
    b->store = NULL;
}

int bench_remove(void **state)
{
    bench *b = *state;
    bench_close(b);
    pbt_err err = pbt__file_remove(b->folder, NULL);
    free(b);
    return err == PBT_OK ? 0 : -1;
}

static void open_store(bench *b)
{
    const pbt__store_options options = {
        .url = b->url, .can_create = true, .owns = true, .now_us = bench_now, .clock_context = b};
    assert_ok(pbt__store_open(&options, &b->store, &b->error));
}

static pbt_spec *parse(bench *b, int population, const char *more)
{
    char text[4096];
    pbt_spec *spec = NULL;
    snprintf(text, sizeof text,
             "version: 1\nname: bench\npopulation: %d\nready: {every: 10}\n"
             "%s%s\n%strainer: {protocol: command, command: [train]}\n",
             population, strstr(more, "stop:") == NULL ? "stop: {steps: 100}\n" : "", more,
             strstr(more, "hyperparameters:") == NULL
                 ? "hyperparameters: {x: {type: float, min: 0, max: 1}}\n"
                 : "");
    if (pbt__spec_parse(text, "bench.yaml", b->folder, &spec, &b->error) != PBT_OK) {
        fail_msg("%s", b->error.message);
    }
    return spec;
}

pbt_err bench_try_create(bench *b, int population, const char *more)
{
    const pbt__study_options options = {.checkpoint_folder = b->folder,
                                        .is_patient = b->is_patient};
    pbt_spec *spec = parse(b, population, more);
    json_t *provenance = json_object();
    if (b->store == NULL) {
        open_store(b);
    }
    pbt_err err = pbt__study_create(b->store, spec, provenance, &options, &b->study, &b->error);
    if (err != PBT_OK) {
        pbt_spec_free(spec);
    }
    json_decref(provenance);
    return err;
}

void bench_create(bench *b, int population, const char *more)
{
    assert_ok(bench_try_create(b, population, more));
}

void bench_reopen(bench *b)
{
    const pbt__study_options options = {.checkpoint_folder = b->folder,
                                        .is_patient = b->is_patient};
    bench_close(b);
    open_store(b);
    assert_ok(pbt__study_open(b->store, "bench", &options, &b->study, &b->error));
}

pbt__action bench_claim(bench *b, const char *worker)
{
    const pbt__claimant who = {.worker = worker, .session = worker};
    pbt__action action;
    if (pbt__study_claim(b->study, &who, &action, &b->error) != PBT_OK) {
        fail_msg("%s", b->error.message);
    }
    return action;
}

pbt__action bench_claim_member(bench *b, int32_t member, const char *worker)
{
    for (int i = 0; i < 1000; i++) {
        char other[32];
        snprintf(other, sizeof other, "other-%d", i);
        const pbt__claimant who = {.worker = other, .session = other};
        pbt__action action = bench_claim(b, worker);
        assert_int_equal(action.verb, PBT__TRAIN);
        if (action.train.segment.id.member == member) {
            return action;
        }
        /* Give it back, and let somebody else have it. */
        const pbt__claimant self = {.worker = worker, .session = worker};
        assert_ok(pbt__study_release(b->study, &self, action.train.segment.id, action.train.attempt,
                                     0, false, &b->error));
        assert_ok(pbt__study_claim(b->study, &who, &action, &b->error));
    }
    fail_msg("member %d is never handed out", (int)member);
    return (pbt__action){0};
}

static size_t text_of(const pbt__action *action, char *text, size_t size)
{
    char id[PBT__ID_SIZE];
    pbt__id_write(action->train.segment.id, id);
    return (size_t)snprintf(text, size, "%s.%d", id, (int)action->train.attempt);
}

pbt_err bench_try_report(bench *b, const char *worker, const pbt__action *action, double score,
                         int64_t step, pbt__reply *out)
{
    const pbt__claimant who = {.worker = worker, .session = worker};
    const pbt__metric metric = {.name = "score", .value = score, .has_value = true};
    char text[64];
    const pbt__result result = {.segment = action->train.segment.id,
                                .attempt = action->train.attempt,
                                .step = step,
                                .metrics = &metric,
                                .metric_count = 1,
                                .checkpoint = PBT__IN_MEMORY,
                                .bytes = text,
                                .byte_count = text_of(action, text, sizeof text)};
    return pbt__study_report(b->study, &who, &result, out, &b->error);
}

pbt__reply bench_report(bench *b, const char *worker, const pbt__action *action, double score)
{
    pbt__reply reply;
    if (bench_try_report(b, worker, action, score, action->train.segment.end_step, &reply) !=
        PBT_OK) {
        fail_msg("%s: %s", b->error.message, b->error.detail);
    }
    return reply;
}

pbt_err bench_report_saved(bench *b, const char *worker, const pbt__action *action, double score,
                           pbt__reply *out)
{
    const pbt__claimant who = {.worker = worker, .session = worker};
    const pbt__metric metric = {.name = "score", .value = score, .has_value = true};
    const pbt__result result = {.segment = action->train.segment.id,
                                .attempt = action->train.attempt,
                                .step = action->train.segment.end_step,
                                .metrics = &metric,
                                .metric_count = 1,
                                .checkpoint = PBT__SAVED};
    return pbt__study_report(b->study, &who, &result, out, &b->error);
}

pbt_err bench_report_file(bench *b, const char *worker, const pbt__action *action, double score,
                          pbt__reply *out)
{
    char text[64];
    size_t length = text_of(action, text, sizeof text);
    FILE *file = fopen(action->train.save_to, "we");
    if (file != NULL) {
        assert_int_equal(fwrite(text, 1, length, file), length);
        assert_int_equal(fclose(file), 0);
    }
    return bench_report_saved(b, worker, action, score, out);
}

pbt_err bench_fail(bench *b, const char *worker, const pbt__action *action, bool can_retry)
{
    const pbt__claimant who = {.worker = worker, .session = worker};
    const pbt__failure failure = {.segment = action->train.segment.id,
                                  .attempt = action->train.attempt,
                                  .message = "it\nbroke",
                                  .can_retry = can_retry};
    return pbt__study_fail(b->study, &who, &failure, NULL, &b->error);
}

int bench_train(bench *b, double (*score)(const pbt_segment *segment), int limit)
{
    int count = 0;
    pbt__action action = bench_claim(b, "a");
    while (action.verb == PBT__TRAIN) {
        assert_true(count < limit);
        action = bench_report(b, "a", &action, score(&action.train.segment)).action;
        count++;
    }
    assert_int_equal(action.verb, PBT__STOP);
    return count;
}

const char *bench_loaded(bench *b, const pbt__action *action)
{
    static char text[256];
    void *bytes = NULL;
    size_t length = 0;
    if (action->train.is_fresh) {
        return "";
    }
    if (action->train.load_kind == PBT__CHECKPOINT_INLINE) {
        assert_ok(pbt__study_blob(b->study, action->train.load_from, &bytes, &length, &b->error));
    } else {
        assert_ok(pbt__file_read(action->train.load, sizeof text - 1, (char **)&bytes, &length,
                                 &b->error));
    }
    snprintf(text, sizeof text, "%.*s", (int)length, (const char *)bytes);
    free(bytes);
    return text;
}

pbt__summary bench_summary(bench *b)
{
    pbt__summary summary;
    assert_ok(pbt__study_summary(b->study, &summary, &b->error));
    return summary;
}

/* ---- the log ---- */

typedef struct search {
    const char *kind;
    int count;
    json_t *last;
} search;

static pbt_err see(void *context, const json_t *event)
{
    search *s = context;
    if (strcmp(json_string_value(json_object_get(event, "kind")), s->kind) == 0) {
        s->count++;
        json_decref(s->last);
        s->last = json_deep_copy(event);
    }
    return PBT_OK;
}

static search look_for(bench *b, const char *kind)
{
    search s = {.kind = kind};
    assert_ok(pbt__study_events(b->study, 0, see, &s, &b->error));
    return s;
}

int bench_count(bench *b, const char *kind)
{
    search s = look_for(b, kind);
    json_decref(s.last);
    return s.count;
}

json_t *bench_last(bench *b, const char *kind)
{
    search s = look_for(b, kind);
    assert_non_null(s.last);
    return s.last;
}

static void ignore(void *context, const char *line)
{
    (void)context;
    print_message("# %s\n", line);
}

int64_t bench_problems(bench *b)
{
    pbt__verdict verdict;
    assert_ok(pbt__study_verify(b->study, ignore, NULL, &verdict, &b->error));
    return verdict.problem_count;
}

char *bench_segments(bench *b)
{
    static const char *const ASIDE[] = {"attempts", "sequence", "created_at", "reported_at"};
    json_t *list = NULL;
    json_t *segment = NULL;
    size_t i = 0;
    assert_ok(all_segments(b->study, &list, &b->error));
    json_array_foreach(list, i, segment)
    {
        for (size_t j = 0; j < sizeof ASIDE / sizeof *ASIDE; j++) {
            assert_int_equal(json_object_del(segment, ASIDE[j]), 0);
        }
    }
    char *text = pbt__json_write(list);
    assert_non_null(text);
    json_decref(list);
    return text;
}

pbt_err bench_beat(pbt__study *study, const pbt__claimant *who, pbt_segment_id id, int32_t attempt,
                   int64_t step, pbt__verb *verb, pbt_error *error)
{
    const pbt__pulse progress = {.segment = id, .attempt = attempt, .step = step};
    return pbt__study_heartbeat(study, who, &progress, verb, error);
}
