/* job.c: filling in a job, and what its functions do. */
#include "executor/job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "core/type.h"
#include "executor/log.h"

/* ---- what a plugin may call ------------------------------------------------------------------ */

static bool is_stopping(void *host)
{
    return pbt__slot_is_stopping(host);
}

static void progress(void *host, int64_t step)
{
    pbt__slot *slot = host;
    atomic_store(&slot->step, step);
}

static void metric(void *host, const char *name, double value)
{
    pbt__slot *slot = host;
    pbt__metrics_set(&slot->metrics, name, value);
}

static void sample(void *host, const char *name, double value)
{
    pbt__slot *slot = host;
    pbt__metrics_add(&slot->metrics, name, value);
}

static void message(void *host, const char *text)
{
    const pbt__slot *slot = host;
    pbt__log_line(slot->log, text);
}

/* ---- hyperparameters ------------------------------------------------------------------------- */

/* Round to nearest, within an int64_t. */
static int64_t round_real(double value)
{
    if (!(value > -9.2e18)) {
        return INT64_MIN;
    }
    return value < 9.2e18 ? (int64_t)llround(value) : INT64_MAX;
}

/* A value as trainers see it; its texts are the spec's. */
static pbt_hyperparameter convert(const pbt_parameter *parameter, pbt_value value)
{
    const pbt_item item = pbt__value_item(parameter, value);
    pbt_hyperparameter converted = {.name = parameter->name};
    if (item.type == PBT_ITEM_TEXT) {
        converted.text = item.text;
    } else if (item.type == PBT_ITEM_FLOAT) {
        converted.real = item.real;
        converted.integer = round_real(item.real);
    } else {
        converted.real = (double)item.integer;
        converted.integer = item.integer;
    }
    return converted;
}

static size_t text_size(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

/* Copy a text to `*end`, which moves on. */
static const char *copy_text(const char *text, char **end)
{
    if (text == NULL) {
        return NULL;
    }
    char *copy = *end;
    const size_t size = text_size(text);
    memcpy(copy, text, size);
    *end = copy + size;
    return copy;
}

/* ---- the job --------------------------------------------------------------------------------- */

static pbt_job describe(pbt__slot *slot, const pbt__assignment *assignment)
{
    const pbt_segment *segment = &assignment->segment;
    return (pbt_job){
        .version = PBT_TRAINER_VERSION,
        .member = segment->id.member,
        .number = segment->id.number,
        .seed = segment->seed,
        .start_step = assignment->resume_step,
        .end_step = segment->end_step,
        .start_age = segment->start_age + assignment->resume_step - segment->start_step,
        .end_age = segment->end_age,
        .host = slot,
        .is_stopping = is_stopping,
        .progress = progress,
        .metric = metric,
        .sample = sample,
        .message = message,
    };
}

/* The most that a value's text takes. */
static size_t longest_text(const pbt_parameter *parameter)
{
    size_t longest = 0;
    for (int32_t i = 0; i < parameter->item_count; i++) {
        const pbt_item *item = &parameter->items[i];
        const size_t size = item->type == PBT_ITEM_TEXT ? text_size(item->text) : 0;
        longest = size > longest ? size : longest;
    }
    return longest;
}

size_t pbt__job_room(const pbt_space *space)
{
    size_t size = sizeof(pbt_job) + space->count * sizeof(pbt_hyperparameter);
    for (size_t i = 0; i < space->count; i++) {
        size += text_size(space->parameters[i].name) + longest_text(&space->parameters[i]);
    }
    return size;
}

static const char *move_text(const char *text, uintptr_t from, pbt_job *to)
{
    return text != NULL ? (const char *)to + ((uintptr_t)text - from) : NULL;
}

void pbt__job_move(pbt_job *job, uintptr_t from)
{
    pbt_hyperparameter *list = (pbt_hyperparameter *)(job + 1);
    for (size_t i = 0; i < job->hyperparameter_count; i++) {
        list[i].name = move_text(list[i].name, from, job);
        list[i].text = move_text(list[i].text, from, job);
    }
    job->hyperparameters = list;
}

pbt_err pbt__job_new(pbt__slot *slot, const pbt__assignment *assignment, pbt_job **out)
{
    const pbt_space *space = &slot->local->spec->search.space;
    const pbt_value *values = assignment->segment.values;
    pbt_job *job = pbt__calloc(1, pbt__job_room(space));
    if (job == NULL) {
        return PBT_ERR_MEMORY;
    }
    pbt_hyperparameter *list = (pbt_hyperparameter *)(job + 1);
    char *end = (char *)(list + space->count);
    for (size_t i = 0; i < space->count; i++) {
        list[i] = convert(&space->parameters[i], values[i]);
        list[i].name = copy_text(list[i].name, &end);
        list[i].text = copy_text(list[i].text, &end);
    }
    *job = describe(slot, assignment);
    job->hyperparameters = list;
    job->hyperparameter_count = space->count;
    *out = job;
    return PBT_OK;
}
