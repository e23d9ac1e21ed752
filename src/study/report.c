/*
 * report.c: recording a result.
 *
 * Outside any lock the checkpoint is made durable and digested. Then, in one transaction: the
 * attempt is found to be the newest, the checkpoint takes its published name, and the report, its
 * decisions and the next claim are written. Nothing is visible before all of it is durable.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "study/inside.h"
#include "study/json.h"

typedef struct report_call {
    const pbt__claimant *who;
    const pbt__result *result;
    const char *metric;
    double score;
    bool has_checkpoint;
    pbt__checkpoint checkpoint;
    pbt_err unprepared; /* what is wrong with it, told only to an attempt that may report */
    pbt_error *why;
    json_t *metrics, *samples;
    double
        *objective_samples; /* with those that are not numbers; Shape: [objective_sample_count] */
    size_t objective_sample_count;
    pbt__reply *reply;
    pbt__claim holder; /* what `who` may point into */
    pbt__claimant asker;
} report_call;

/* ---- before the lock ---- */

static double mean_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum / (double)count;
}

static double value_of(const pbt__metric *metric)
{
    return metric->has_value ? metric->value : mean_of(metric->samples, metric->sample_count);
}

/* What was reported instead, as far as it fits. */
static pbt_err refuse_metrics(const report_call *call, pbt_error *error)
{
    enum { NAMES_MAXIMUM = 120 }; /* Units: bytes */
    const pbt__result *result = call->result;
    pbt__text names = pbt__text_init(NAMES_MAXIMUM + PBT__NAME_SIZE);
    for (size_t i = 0; i < result->metric_count; i++) {
        const char *name = result->metrics[i].name;
        if (!pbt__utf8_is_valid(name)) {
            continue;
        }
        const char *gap = names.length == 0 ? "; it has: " : ", ";
        if (names.length + strlen(gap) + strlen(name) > NAMES_MAXIMUM) {
            pbt__text_format(&names, "%s...", gap);
            break;
        }
        pbt__text_format(&names, "%s%s", gap, name);
    }
    (void)pbt__fail(error, PBT_ERR_REPORT, "the report has no metric '%s'%s", call->metric,
                    pbt__text_string(&names));
    pbt__text_fini(&names);
    pbt__error_hint(error, "report it, or name another one in the spec's objective.metric");
    return PBT_ERR_REPORT;
}

static pbt_err find_score(report_call *call, pbt_error *error)
{
    const pbt__result *result = call->result;
    for (size_t i = 0; i < result->metric_count; i++) {
        const pbt__metric *metric = &result->metrics[i];
        bool has_any = metric->has_value || metric->sample_count > 0;
        if (strcmp(metric->name, call->metric) == 0 && has_any) {
            call->score = value_of(metric);
            call->objective_samples = (double *)(uintptr_t)metric->samples;
            call->objective_sample_count = metric->sample_count;
            return PBT_OK;
        }
    }
    return refuse_metrics(call, error);
}

static json_t *samples_json(const pbt__metric *metric)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < metric->sample_count; i++) {
        if (json_array_append_new(list, pbt__json_number(metric->samples[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static pbt_err build_metrics(report_call *call, pbt_error *error)
{
    call->metrics = json_object();
    bool is_whole = call->metrics != NULL;
    for (size_t i = 0; is_whole && i < call->result->metric_count; i++) {
        const pbt__metric *metric = &call->result->metrics[i];
        bool has_any = metric->has_value || metric->sample_count > 0;
        if (!pbt__utf8_is_valid(metric->name)) {
            return pbt__fail(error, PBT_ERR_REPORT, "a metric's name is not UTF-8");
        }
        if (has_any) {
            is_whole = json_object_set_new(call->metrics, metric->name,
                                           pbt__json_number(value_of(metric))) == 0;
        }
        if (is_whole && metric->sample_count > 0) {
            call->samples = call->samples != NULL ? call->samples : json_object();
            is_whole = json_object_set_new(call->samples, metric->name, samples_json(metric)) == 0;
        }
    }
    return is_whole ? PBT_OK : pbt__fail_memory(error);
}

static pbt_err prepare_bytes(pbt__study *study, report_call *call, pbt_error *error)
{
    const pbt__result *result = call->result;
    if (result->byte_count > PBT__BLOB_MAXIMUM && !pbt__study_holds_states(study)) {
        pbt_err err = pbt__vault_write(study->vault, result->segment, result->attempt,
                                       result->bytes, result->byte_count, error);
        return err == PBT_OK ? pbt__vault_prepare(study->vault, result->segment, result->attempt,
                                                  &call->checkpoint, error)
                             : err;
    }
    call->checkpoint = (pbt__checkpoint){
        .kind = PBT__CHECKPOINT_INLINE,
        .size_bytes = (int64_t)result->byte_count,
        .digest = pbt__digest_bytes(result->bytes, result->byte_count),
    };
    return PBT_OK;
}

/* A report has a checkpoint unless it diverged; a diverged one's files are not kept. */
static pbt_err prepare_checkpoint(pbt__study *study, report_call *call, pbt_error *error)
{
    if (!isfinite(call->score)) {
        return PBT_OK;
    }
    call->has_checkpoint = true;
    if (call->result->checkpoint == PBT__IN_MEMORY) {
        return prepare_bytes(study, call, error);
    }
    if (call->result->checkpoint == PBT__SAVED) {
        return pbt__vault_prepare(study->vault, call->result->segment, call->result->attempt,
                                  &call->checkpoint, error);
    }
    (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "the report has no checkpoint");
    pbt__error_hint(error, "save to where the segment says, then report");
    return PBT_ERR_CHECKPOINT;
}

/* ---- in the transaction ---- */

static pbt_err publish(pbt__study *study, const report_call *call, pbt_error *error)
{
    const pbt__result *result = call->result;
    if (!call->has_checkpoint) {
        return PBT_OK;
    }
    if (call->checkpoint.kind == PBT__CHECKPOINT_INLINE) {
        return pbt__draft_blob_lend(&study->draft, result->segment, result->bytes,
                                    result->byte_count, error); /* its caller waits */
    }
    study->has_published = true;
    return pbt__vault_publish(study->vault, result->segment, result->attempt, &call->checkpoint,
                              error);
}

/* Files aside are not needed any more; an attempt with weights in memory wrote none. */
static pbt_err forget_attempts(pbt__study *study, const pbt__result *result, pbt_error *error)
{
    const bool has_written = result->checkpoint != PBT__IN_MEMORY;
    const int32_t last = has_written ? result->attempt : result->attempt - 1;
    for (int32_t attempt = 1; attempt <= last; attempt++) {
        if (pbt__study_remove_later(study, result->segment, attempt) != PBT_OK) {
            return pbt__fail_memory(error);
        }
    }
    return PBT_OK;
}

static void fill_decision(const pbt__study *study, report_call *call)
{
    pbt_segment_id id = call->result->segment;
    pbt_segment_id next = {id.member, id.number + 1};
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, id);
    call->reply->has_decision =
        entry->is_decided &&
        pbt_population_segment(study->view.population, next, &call->reply->decision);
}

static pbt_err record(pbt__study *study, report_call *call, pbt_error *error)
{
    const pbt__result *result = call->result;
    char worker[PBT__NAME_SIZE];
    pbt__claim claim = study->claims[result->segment.member];
    pbt__copy(call->who->worker, worker, sizeof worker);
    pbt__reading reading = {
        .entry = {.kind = PBT__REPORTED,
                  .segment = result->segment,
                  .attempt = result->attempt,
                  .worker = worker,
                  .step = result->step,
                  .score = call->score,
                  .metrics = call->metrics,
                  .samples = call->samples,
                  .has_checkpoint = call->has_checkpoint,
                  .checkpoint = call->checkpoint},
        .samples = call->objective_samples,
        .sample_count = call->objective_sample_count,
    };
    claim.worker[0] = claim.session[0] = '\0';
    pbt_err err = pbt__study_put_claim(study, &claim, error);
    if (err == PBT_OK) {
        err = pbt__study_log(study, &reading, error);
    }
    if (err == PBT_OK && pbt__outage_report(study, result->segment) != PBT_OK) {
        err = pbt__fail_memory(error);
    }
    return err == PBT_OK ? forget_attempts(study, result, error) : err;
}

static pbt_err check(pbt__study *study, const report_call *call, pbt_error *error)
{
    pbt_report report = {
        .segment = call->result->segment,
        .step = call->result->step,
        .score = call->score,
        .sample_count = call->objective_sample_count,
    };
    pbt_segment segment;
    pbt_err err = pbt__population_check(study->view.population, &report, error);
    if (err == PBT_ERR_REPORT &&
        pbt_population_segment(study->view.population, report.segment, &segment)) {
        pbt__error_detail(error, "step %lld for a segment from %lld to %lld",
                          (long long)report.step, (long long)segment.start_step,
                          (long long)segment.end_step);
    }
    return err;
}

static pbt_err record_new(pbt__study *study, report_call *call, pbt_error *error)
{
    pbt_err err = check(study, call, error);
    if (err == PBT_OK && call->has_checkpoint) {
        err = pbt__study_check_bytes(study, &call->checkpoint, error);
    }
    if (err == PBT_OK) {
        err = publish(study, call, error);
    }
    if (err == PBT_OK) {
        err = record(study, call, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_expire(study, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_assign(study, call->who, call->result->segment.member,
                                &call->reply->action, error);
    }
    return err;
}

static pbt_err run_report(pbt__study *study, void *arguments, pbt_error *error)
{
    report_call *call = arguments;
    const pbt__result *result = call->result;
    bool is_over = false;
    pbt_err err = pbt__study_admit(study, result->segment, result->attempt, &is_over, error);
    if (err != PBT_OK) {
        return err;
    }
    if (call->unprepared != PBT_OK && !is_over) {
        *error = *call->why;
        return call->unprepared;
    }
    call->reply->is_repeat = is_over;
    call->reply->has_decision = false;
    call->asker =
        pbt__study_asker(study, call->who, result->segment, result->attempt, &call->holder);
    call->who = &call->asker;
    if (is_over && pbt__study_remove_later(study, result->segment, result->attempt) != PBT_OK) {
        return pbt__fail_memory(error); /* what a repeat left aside */
    }
    err = is_over ? pbt__study_assign_held(study, call->who, &call->reply->action, error)
                  : record_new(study, call, error);
    if (err == PBT_OK) {
        fill_decision(study, call);
    }
    return err;
}

static pbt_err submit_report(pbt__study *study, report_call *call, pbt_error *error)
{
    pbt_err err = find_score(call, error);
    if (err == PBT_OK) {
        err = build_metrics(call, error);
    }
    if (err == PBT_OK) {
        call->unprepared = prepare_checkpoint(study, call, call->why);
        err = pbt__study_submit(study, run_report, call, error);
    }
    return err;
}

pbt_err pbt__study_report(pbt__study *study, const pbt__claimant *who, const pbt__result *result,
                          pbt__reply *out, pbt_error *error)
{
    pbt__reply reply;
    pbt_error why;
    report_call call = {
        .who = who, .result = result, .metric = study->metric, .why = &why, .reply = &reply};
    pbt_err err = submit_report(study, &call, error);
    json_decref(call.metrics);
    json_decref(call.samples);
    if (err == PBT_OK) {
        pbt__audience_tell(&study->audience, call.who->worker, NULL, &reply.action, true);
        pbt__reply_copy(out, &reply);
        return err;
    }
    if (error != NULL) {
        pbt__outage_refuse(study, result->segment, error);
    }
    if (study->refused != NULL && error != NULL) {
        study->refused(study->refused_context, error);
    }
    return err;
}
