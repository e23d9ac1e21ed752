/*
 * plugin_cell.c: the cell that a slot trains its plugin in, from one to the next.
 *
 * If a plugin breaks its cell, only the current attempt fails: the next segment gets a new cell. If
 * no cell can be started, the segment is given back and the study waits (outage.h): the library may
 * be being rebuilt, a disk may be gone, or a system limit reached.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/id.h"
#include "executor/log.h"
#include "executor/plugin.h"

/* ---- what a plugin says of itself ------------------------------------------------------------ */

/* Say of a study that goes on from states of another size that it cannot, before anybody tries. */
static pbt_err check_sizes(const pbt__local *local, const struct pbt__plugin *plugin,
                           pbt_error *error)
{
    pbt__start found = {.member = -1};
    pbt__desk *desk = local->desk;
    char id[PBT__ID_SIZE] = "a start checkpoint";
    const int64_t size_bytes = (int64_t)plugin->facts.state_size;
    const pbt_err err = desk->ops->other_size != NULL
                            ? desk->ops->other_size(desk, size_bytes, &found, error)
                            : PBT_OK;
    if (err != PBT_OK || found.member < 0) {
        return err;
    }
    if (found.from.member >= 0) {
        pbt__id_write(found.from, id);
    }
    (void)pbt__fail(error, PBT_ERR_TRAINER,
                    "the trainer's state has %zu bytes, the checkpoint that it goes on from has "
                    "%" PRId64,
                    plugin->facts.state_size, found.size_bytes);
    pbt__error_detail(error, "member %" PRId32 " starts from %s; the library is '%s'", found.member,
                      id, plugin->path);
    pbt__error_hint(error, "use the library that the study was begun with, give the plugin `save` "
                           "and `load` that know both, or begin a study of another name");
    return PBT_ERR_TRAINER;
}

pbt_err pbt__plugin_learn(pbt__local *local, pbt__cell_facts facts, pbt_error *error)
{
    struct pbt__plugin *plugin = local->runner_data;
    plugin->facts = facts;
    if (facts.does_save) {
        return PBT_OK;
    }
    const pbt_err err = check_sizes(local, plugin, error);
    return err == PBT_OK && !local->desk->holds_states
               ? pbt__cache_new(local->spec->search.population, facts.state_size, &plugin->cache)
               : err;
}

/* ---- one cell -------------------------------------------------------------------------------- */

void pbt__plugin_cell_close(struct pbt__plugin_slot *own)
{
    pbt__cell_close(own->cell);
    own->cell = NULL;
    own->state = NULL;
    own->held = PBT_NO_SEGMENT;
}

static bool is_like(pbt__cell_facts a, pbt__cell_facts b)
{
    return a.state_size == b.state_size && a.does_save == b.does_save;
}

static pbt_err start_cell(pbt__slot *slot, pbt_error *error)
{
    const struct pbt__plugin *plugin = slot->local->runner_data;
    struct pbt__plugin_slot *own = slot->runner_data;
    const pbt_err err = pbt__cell_open(slot, plugin->path, &own->cell, error);
    own->state = err == PBT_OK ? pbt__cell_state(own->cell) : NULL;
    return err;
}

/* See that a cell's library is the one that the others have; the first is taken as it is. */
static pbt_err recognise(pbt__slot *slot, pbt_error *error)
{
    const struct pbt__plugin *plugin = slot->local->runner_data;
    const struct pbt__plugin_slot *own = slot->runner_data;
    const pbt__cell_facts facts = pbt__cell_facts_of(own->cell);
    if (plugin->facts.room == 0) {
        return pbt__plugin_learn(slot->local, facts, error);
    }
    if (is_like(facts, plugin->facts)) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_TRAINER,
                    "the library '%s' has changed: its state had %zu bytes, and has %zu",
                    plugin->path, plugin->facts.state_size, facts.state_size);
    pbt__error_hint(error, "`run` once more says whether the study can go on with it");
    return PBT_ERR_TRAINER;
}

pbt_err pbt__plugin_cell_open(pbt__slot *slot, pbt_error *error)
{
    const pbt_err err = start_cell(slot, error);
    return err == PBT_OK ? recognise(slot, error) : err;
}

/* Say whether a cell lives; one that has ended between two segments is nobody's failure. */
static bool has_cell(pbt__slot *slot)
{
    struct pbt__plugin_slot *own = slot->runner_data;
    char words[128], line[192];
    if (own->cell != NULL && !pbt__cell_is_alive(own->cell)) {
        (void)pbt__cell_describe(own->cell, words, sizeof words);
        (void)snprintf(line, sizeof line, "pbt: before this segment: %s, or after it", words);
        pbt__log_line(slot->log, line);
        pbt__plugin_cell_close(own);
    }
    return own->cell != NULL;
}

/* It worked before, so the name is right, whatever the error says. Wait for it, also before the
 * first report. */
static void hinder(pbt__slot *slot, pbt__outcome *out)
{
    pbt_error *error = &slot->error;
    error->code = error->code == PBT_ERR_TRAINER ? PBT_ERR_IO : error->code;
    pbt__outcome_hinder(out, slot);
}

bool pbt__plugin_cell_have(pbt__slot *slot, pbt__outcome *out)
{
    if (has_cell(slot)) {
        return true;
    }
    const bool is_started = start_cell(slot, &slot->error) == PBT_OK;
    if (is_started && recognise(slot, &slot->error) == PBT_OK) {
        return true;
    }
    pbt__plugin_cell_close(slot->runner_data);
    if (pbt__slot_is_stopping(slot)) {
        return false; /* that was to be so */
    }
    if (is_started) {
        out->ending = PBT__ENDING_FATAL;
    } else {
        hinder(slot, out);
    }
    return false;
}

void pbt__plugin_end_unopened(pbt__slot *slot, const char *words, pbt__outcome *out)
{
    const struct pbt__plugin *plugin = slot->local->runner_data;
    (void)pbt__fail(&slot->error, PBT_ERR_TRAINER, "%s", words);
    if (atomic_load(&plugin->was_opened)) {
        hinder(slot, out);
        return;
    }
    pbt__outcome_fail(out, slot, "%s", words);
    (void)pbt__fail(&slot->error, PBT_ERR_TRAINER, "%s", out->message);
    out->ending = PBT__ENDING_FATAL;
}

bool pbt__plugin_forgives(pbt__slot *slot, int32_t member)
{
    return pbt__slot_is_stopping(slot) || pbt__slot_forgives(slot, member);
}

/* A cell has ended in a lesson. */
static void judge_death(pbt__slot *slot, pbt__outcome *out)
{
    const struct pbt__plugin_slot *own = slot->runner_data;
    char words[128];
    const pbt__stage stage = pbt__cell_describe(own->cell, words, sizeof words);
    if (stage == PBT__STAGE_OPEN) {
        pbt__plugin_end_unopened(slot, words, out);
    } else if (stage == PBT__STAGE_NONE) {
        (void)pbt__fail(&slot->error, PBT_ERR_IO, "%s", words);
        pbt__outcome_hinder(out, slot); /* it has no state, for it could not map it */
    } else {
        pbt__outcome_fail(out, slot, "%s", words);
    }
}

bool pbt__plugin_cell_give(pbt__slot *slot, pbt__lesson *lesson, const pbt_job *job,
                           pbt__outcome *out)
{
    struct pbt__plugin *plugin = slot->local->runner_data;
    struct pbt__plugin_slot *own = slot->runner_data;
    const pbt__cell_end end = pbt__cell_give(own->cell, lesson, job);
    if (end == PBT__CELL_ANSWERED) {
        const bool is_unopened =
            lesson->ending == PBT__LESSON_FAILED && lesson->stage == PBT__STAGE_OPEN;
        atomic_store(&plugin->was_opened, atomic_load(&plugin->was_opened) || !is_unopened);
        if (is_unopened) {
            pbt__plugin_cell_close(own); /* `open` is called once in a process */
        }
        return true;
    }
    if (end == PBT__CELL_KILLED) {
        pbt__log_line(slot->log, "pbt: the trainer did not return; its process is killed");
    } else if (end == PBT__CELL_DIED || !pbt__plugin_forgives(slot, job->member)) {
        judge_death(slot, out);
    }
    pbt__plugin_cell_close(own);
    return false;
}
