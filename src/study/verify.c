/*
 * verify.c: reading a whole log again.
 *
 * It checks that no event was altered (digests); that every decision is the one that the rules make
 * from the events before it (choices exactly, computed values to a few units in the last place,
 * because machines may differ there); and that every published checkpoint has the recorded bytes.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/type.h"
#include "study/inside.h"

typedef struct audit_state {
    pbt__study *study;
    pbt__view view;
    void (*problem)(void *context, const char *line);
    void *context;
    pbt__verdict verdict;
    pbt__decision *expected; /* due and not yet seen in the log; Shape: [expected_count] */
    pbt_value *values;       /* what `expected` points to */
    size_t expected_count, expected_seen;
    pbt_error error;
} audit_state;

static void complain(audit_state *audit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(audit_state *audit, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    audit->verdict.problem_count++;
    audit->problem(audit->context, line);
}

/* ---- decisions ---- */

enum { ULPS = 8 };

static bool is_near(double a, double b)
{
    double scale = fmax(fabs(a), fabs(b));
    return a == b || fabs(a - b) <= ULPS * 2.3e-16 * scale;
}

static bool same_values(const pbt_space *space, const pbt_value *a, const pbt_value *b)
{
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        const pbt__type *type = pbt__type_of(parameter);
        const bool may_differ = pbt__is_number(parameter) && !pbt__is_integer(parameter);
        if (!type->equal(a[i], b[i]) &&
            !(may_differ && is_near(type->number(a[i]), type->number(b[i])))) {
            return false;
        }
    }
    return true;
}

static bool same_id(pbt_segment_id a, pbt_segment_id b)
{
    return a.member == b.member && a.number == b.number;
}

bool pbt__decision_same(const pbt_space *space, const pbt__decision *a, const pbt__decision *b)
{
    const pbt_segment *s = &a->segment;
    const pbt_segment *t = &b->segment;
    return same_id(s->id, t->id) && same_id(s->parent, t->parent) && s->donor == t->donor &&
           s->reason == t->reason && s->start_step == t->start_step && s->end_step == t->end_step &&
           s->start_age == t->start_age && s->end_age == t->end_age && s->seed == t->seed &&
           same_values(space, s->values, t->values);
}

static pbt_err expect(audit_state *audit, const pbt__view *view, pbt_error *error)
{
    const pbt__decision *due = NULL;
    size_t count = 0;
    size_t width = view->facts.spec->search.space.count;
    if (pbt__population_decide(view->population, &due, &count) != PBT_OK) {
        return pbt__fail_memory(error);
    }
    free(audit->expected);
    free(audit->values);
    audit->expected = pbt__calloc(count + 1, sizeof *audit->expected);
    audit->values = pbt__calloc(count * width + 1, sizeof *audit->values);
    if (audit->expected == NULL || audit->values == NULL) {
        return pbt__fail_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        audit->expected[i] = due[i];
        if (width > 0) {
            memcpy(audit->values + i * width, due[i].segment.values, width * sizeof(pbt_value));
        }
        audit->expected[i].segment.values = audit->values + i * width;
    }
    audit->expected_count = count;
    audit->expected_seen = 0;
    return PBT_OK;
}

static const pbt__decision *find_expected(const audit_state *audit, pbt_segment_id id)
{
    for (size_t i = 0; i < audit->expected_count; i++) {
        if (same_id(audit->expected[i].segment.id, id)) {
            return &audit->expected[i];
        }
    }
    return NULL;
}

static void compare_decision(audit_state *audit, const pbt__view *view, const pbt__decision *logged)
{
    char id[PBT__ID_SIZE];
    long long sequence = (long long)view->facts.sequence + 1;
    const pbt__decision *expected = find_expected(audit, logged->segment.id);
    pbt__id_write(logged->segment.id, id);
    audit->verdict.decision_count++;
    audit->expected_seen += expected != NULL ? 1 : 0;
    if (expected == NULL) {
        complain(audit, "event %lld: the rules decide nothing for %s", sequence, id);
    } else if (!pbt__decision_same(&view->facts.spec->search.space, expected, logged)) {
        complain(audit, "event %lld: the rules decide otherwise for %s", sequence, id);
    }
}

static void complain_missing(audit_state *audit, const pbt__view *view)
{
    if (audit->expected_seen < audit->expected_count) {
        complain(audit, "event %lld: a decision that was due before it is missing",
                 (long long)view->facts.sequence + 1);
    }
    audit->expected_count = audit->expected_seen = 0;
}

/* Rescues are separate events after their cause; at every other event nothing may be left. */
static pbt_err audit_event(void *context, pbt__view *view, const pbt__entry *entry,
                           pbt_error *error)
{
    audit_state *audit = context;
    if (entry->kind != PBT__RESCUED) {
        complain_missing(audit, view);
    }
    bool may_decide = entry->kind == PBT__CREATED || entry->kind == PBT__REPORTED ||
                      entry->kind == PBT__FAILED || entry->kind == PBT__AMENDED ||
                      entry->kind == PBT__REVIVED;
    if (may_decide) {
        pbt_err err = expect(audit, view, error);
        if (err != PBT_OK) {
            return err;
        }
    }
    for (size_t i = 0; i < entry->decision_count; i++) {
        compare_decision(audit, view, &entry->decisions[i]);
    }
    return PBT_OK;
}

static pbt_err read_event(void *context, const pbt__event *event)
{
    audit_state *audit = context;
    audit->verdict.event_count++;
    pbt_err err = pbt__view_read(&audit->view, event, audit_event, audit, &audit->error);
    if (err == PBT_OK) {
        pbt__view_keep(&audit->view);
    }
    return err;
}

/* ---- checkpoints ---- */

static pbt_err verify_blob(audit_state *audit, pbt_segment_id id, const pbt__checkpoint *record,
                           pbt_error *error)
{
    void *bytes = NULL;
    size_t length = 0;
    pbt_err err = pbt__study_blob(audit->study, id, &bytes, &length, error);
    if (err == PBT_OK && !pbt__digest_equal(pbt__digest_bytes(bytes, length), record->digest)) {
        err = pbt__fail(error, PBT_ERR_CHECKPOINT, "its bytes are not those that were reported");
    }
    free(bytes);
    return err;
}

static pbt_err verify_checkpoint(audit_state *audit, pbt_segment_id id, pbt_error *error)
{
    char name[PBT__ID_SIZE];
    pbt_error why = {0};
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(audit->view.ledger, id);
    if (entry == NULL) {
        return pbt__fail_memory(error);
    }
    if (entry->is_gone || entry->checkpoint.kind == PBT__CHECKPOINT_NONE) {
        return PBT_OK;
    }
    audit->verdict.checkpoint_count++;
    bool is_inline = entry->checkpoint.kind == PBT__CHECKPOINT_INLINE;
    pbt_err err = is_inline
                      ? verify_blob(audit, id, &entry->checkpoint, &why)
                      : pbt__vault_verify(audit->study->vault, id, 0, &entry->checkpoint, &why);
    if (err == PBT_ERR_MEMORY || err == PBT_ERR_STORE) {
        return pbt__fail(error, err, "%s", why.message);
    }
    if (err != PBT_OK) {
        pbt__id_write(id, name);
        complain(audit, "checkpoint of %s: %s", name, why.message);
    }
    return PBT_OK;
}

static pbt_err verify_checkpoints(audit_state *audit, pbt_error *error)
{
    for (int32_t m = 0; m < audit->view.facts.spec->search.population; m++) {
        pbt_segment newest;
        int32_t last =
            pbt__population_newest(audit->view.population, m, &newest) ? newest.id.number : -1;
        for (int32_t number = 0; number <= last; number++) {
            pbt_err err = verify_checkpoint(audit, (pbt_segment_id){m, number}, error);
            if (err != PBT_OK) {
                return err;
            }
        }
    }
    return PBT_OK;
}

/* Read the log; one that cannot be read on is a problem, named by the view. */
static pbt_err verify_log(audit_state *audit, pbt_error *error)
{
    pbt__study *study = audit->study;
    pbt_error found = {0};
    pbt_err err = pbt__store_read(study->store, study->row.id, 0, read_event, audit, &found);
    const pbt_error *why = audit->error.code != PBT_OK ? &audit->error : &found;
    if (err == PBT_ERR_CORRUPT) {
        complain(audit, "%s%s%s", why->message, why->detail[0] != '\0' ? ": " : "", why->detail);
        return PBT_OK;
    }
    if (err != PBT_OK) {
        return pbt__fail(error, err, "%s", why->message);
    }
    if (audit->view.population == NULL) {
        return PBT_OK;
    }
    complain_missing(audit, &audit->view);
    return verify_checkpoints(audit, error);
}

pbt_err pbt__study_verify(pbt__study *study, void (*problem)(void *context, const char *line),
                          void *context, pbt__verdict *out, pbt_error *error)
{
    audit_state audit = {.study = study, .problem = problem, .context = context};
    pbt__view_init(&audit.view);
    pthread_mutex_lock(&study->view_lock);
    pbt_err err = study->vault != NULL ? PBT_OK : pbt__study_find_vault(study, error);
    if (err != PBT_OK) {
        pthread_mutex_unlock(&study->view_lock);
        return err;
    }
    err = verify_log(&audit, error);
    pthread_mutex_unlock(&study->view_lock);
    if (err == PBT_OK) {
        *out = audit.verdict;
    }
    free(audit.expected);
    free(audit.values);
    pbt__view_fini(&audit.view);
    return err;
}
