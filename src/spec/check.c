/* check.c: checks that need several keys. A single key is checked when it is read. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "core/space.h"
#include "spec/placeholder.h"
#include "spec/reader.h"

static pbt__spot place_of(const pbt__reader *reader, const char *path)
{
    return pbt__spec_place(reader->spec, pbt__key_find(path));
}

/* ---- options and their rules ---- */

static pbt_err refuse_idle(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    pbt__text owner = pbt__text_init(256);
    pbt__write_key(&owner, PBT__YAML, reader->spec, pbt__key_find(key->owner));
    pbt_err err = pbt__refuse(reader, node->name_place, "%s: has no effect where %s is '%s'",
                              key->path, key->owner, pbt__text_string(&owner));
    pbt__error_hint(reader->error, "remove '%s', or give '%s' a value that uses it", key->path,
                    key->owner);
    pbt__text_fini(&owner);
    return err;
}

/* A key without effect is an error. */
static pbt_err check_owners(const pbt__reader *reader)
{
    pbt_err err = PBT_OK;
    for (const pbt__key *key = pbt__key_next(NULL); err == PBT_OK && key != NULL;
         key = pbt__key_next(key)) {
        const pbt__node *node = reader->nodes[pbt__key_index(key)];
        const bool is_idle = node != NULL && !pbt__key_applies(reader->spec, key);
        if (is_idle && pbt__is_good(reader, key->owner)) {
            err = pbt__go_on(reader, refuse_idle(reader, key, node));
        }
    }
    return err;
}

static pbt_err check_trainer(const pbt__reader *reader)
{
    const pbt__trainer_spec *trainer = &reader->spec->trainer;
    if (trainer->protocol == PBT__PROTOCOL_COMMAND && trainer->command == NULL) {
        return pbt__refuse(reader, place_of(reader, "trainer.protocol"),
                           "trainer.command: missing; the protocol 'command' needs it");
    }
    if (trainer->protocol == PBT__PROTOCOL_LIBRARY && trainer->library == NULL) {
        return pbt__refuse(reader, place_of(reader, "trainer.protocol"),
                           "trainer.library: missing; the protocol 'library' needs it");
    }
    return PBT_OK;
}

pbt_err pbt__spec_can_train(const pbt_spec *spec, pbt_error *error)
{
    const pbt__reader reader = {.file = pbt__spec_origin(spec)->file, .error = error};
    if (spec->trainer.protocol == PBT__PROTOCOL_LIBRARY || spec->trainer.command != NULL) {
        return PBT_OK;
    }
    return pbt__refuse(&reader, pbt__spec_place(spec, pbt__key_find("trainer.command")),
                       "trainer.command: missing; it names the program that trains: "
                       "[python3, train.py]");
}

void pbt__spec_warn(const pbt_spec *spec, const char *key, const char *what, const char *hint,
                    pbt__complaints *complaints)
{
    const pbt__spot place = pbt__spec_place(spec, pbt__key_find(key));
    pbt__complaint warning = {.line = place.line, .column = place.column, .is_warning = true};
    const pbt__reader reader = {.file = pbt__spec_origin(spec)->file, .error = &warning.error};
    (void)pbt__refuse(&reader, place, "%s: %s", key, what);
    pbt__error_hint(&warning.error, "%s", hint);
    pbt__complaints_add(complaints, &warning);
}

/* ---- placeholders ---- */

static pbt_err refuse_unknown(const pbt__reader *reader, pbt__spot place, const char *name,
                              size_t length)
{
    enum { LIST_MAXIMUM = 128 * 1024, SHOWN = 90 };
    pbt__text known = pbt__text_init(LIST_MAXIMUM);
    pbt__placeholder_list(&known, &reader->spec->search.space);
    const char *list = pbt__text_string(&known);
    size_t shown = strlen(list);
    if (shown > SHOWN) {
        for (shown = SHOWN; shown > 0 && list[shown] != ' '; shown--) {
        }
    }
    pbt_err err = pbt__refuse(reader, place,
                              "trainer.command: found the placeholder '{%.*s}'; allowed: %.*s%s",
                              (int)(length < 40 ? length : 40), name, (int)shown, list,
                              list[shown] != '\0' ? " ..." : "");
    pbt__error_detail(reader->error, "known placeholders: %s", list);
    pbt__error_hint(reader->error, "write '{{' and '}}' for literal braces");
    pbt__text_fini(&known);
    return err;
}

static pbt_err refuse_brace(const pbt__reader *reader, pbt__spot place, char found)
{
    return pbt__refuse(reader, place,
                       "trainer.command: found '%c' without a '%c'; allowed: '%c%c' for a brace",
                       found, found == '{' ? '}' : '{', found, found);
}

static pbt_err refuse_filled(const pbt__reader *reader, pbt__spot place, const char *name,
                             size_t length)
{
    pbt_err err = pbt__refuse(reader, place,
                              "trainer.command: found the placeholder '{%.*s}', which only the "
                              "protocol 'command' fills in",
                              (int)length, name);
    pbt__error_hint(reader->error, "write 'protocol: command' below 'trainer'");
    return err;
}

/* Look a placeholder up, and remember that the command has it. */
static pbt_err check_name(const pbt__reader *reader, pbt__spot place, const char *name,
                          size_t length)
{
    const int32_t index = pbt__placeholder_find(&reader->spec->search.space, name, length);
    if (index < 0) {
        return refuse_unknown(reader, place, name, length);
    }
    if (reader->findings != NULL) {
        reader->findings->is_named[index] = true;
    }
    return PBT_OK;
}

/* With a process per segment every brace belongs to a placeholder, or is doubled. Only the first
 * other one is reported: a JSON object has many. */
static pbt_err check_command(const pbt__reader *reader, pbt__spot place, const char *argument)
{
    pbt_err err = PBT_OK;
    bool is_brace_told = false;
    for (const char *at = argument; err == PBT_OK && *at != '\0'; at++) {
        const size_t length = *at == '{' ? strcspn(at + 1, "{}") : 0;
        if (*at != '{' && *at != '}') {
            continue;
        }
        if (at[1] == *at) {
            at++;
        } else if (*at == '{' && at[1 + length] == '}') {
            err = pbt__go_on(reader, check_name(reader, place, at + 1, length));
            at += length + 1;
        } else if (!is_brace_told) {
            err = pbt__go_on(reader, refuse_brace(reader, place, *at));
            is_brace_told = true;
        }
    }
    return err;
}

/* Say whether a worker's command was always refused for this name: "{steps}" in a study of old may
 * be a shell's "${steps}". */
static bool is_refused_of_workers(const pbt_space *space, const char *name, size_t length)
{
    const int32_t index = pbt__placeholder_find(space, name, length);
    return index >= 0 && (index >= PBT__PLACEHOLDER_COUNT || !pbt__placeholders[index].is_late);
}

/* A worker is started once, so placeholders have no value. */
static pbt_err check_worker(const pbt__reader *reader, pbt__spot place, const char *argument)
{
    pbt_err err = PBT_OK;
    const char *at = strchr(argument, '{');
    for (; err == PBT_OK && at != NULL; at = strchr(at + 1, '{')) {
        const size_t length = strcspn(at + 1, "{}");
        if (at[1 + length] == '}' &&
            is_refused_of_workers(&reader->spec->search.space, at + 1, length)) {
            err = pbt__go_on(reader, refuse_filled(reader, place, at + 1, length));
        }
    }
    return err;
}

/* Allocate the flags of a command's names. */
static pbt_err mark_names(const pbt__reader *reader)
{
    pbt__findings *findings = reader->findings;
    const size_t count = PBT__PLACEHOLDER_COUNT + reader->spec->search.space.count;
    if (findings == NULL) {
        return PBT_OK;
    }
    findings->is_told = pbt__arena_take(reader->arena, count, sizeof *findings->is_told);
    findings->is_named = pbt__arena_take(reader->arena, count, sizeof *findings->is_named);
    return findings->is_told != NULL && findings->is_named != NULL ? PBT_OK
                                                                   : pbt__refuse_memory(reader);
}

/* A hyperparameter's name is known even if it is wrong otherwise. */
static bool has_names(const pbt__reader *reader)
{
    return pbt__is_good(reader, "hyperparameters") || reader->spec->search.space.count > 0;
}

static pbt_err check_placeholders(const pbt__reader *reader)
{
    const pbt__trainer_spec *trainer = &reader->spec->trainer;
    const pbt__node *list = reader->nodes[pbt__key_index(pbt__key_find("trainer.command"))];
    const pbt__node *node = list != NULL ? list->first : NULL;
    if (trainer->command == NULL || trainer->protocol == PBT__PROTOCOL_LIBRARY ||
        !has_names(reader)) {
        return PBT_OK;
    }
    const int32_t before = pbt__error_count(reader);
    pbt_err err = mark_names(reader);
    for (size_t i = 0; err == PBT_OK && trainer->command[i] != NULL; i++) {
        const pbt__spot place = node != NULL ? node->place : place_of(reader, "trainer.command");
        err = trainer->protocol == PBT__PROTOCOL_COMMAND
                  ? check_command(reader, place, trainer->command[i])
                  : check_worker(reader, place, trainer->command[i]);
        node = node != NULL ? node->next : NULL;
    }
    if (pbt__error_count(reader) > before) {
        pbt__spoil(reader, pbt__key_find("trainer.command"));
    }
    return err;
}

/* ---- the search ---- */

static const int64_t steps_maximum = INT64_C(1) << 53;
static const int64_t segments_maximum = INT64_C(1) << 24;

/* Without stop.steps the steps have no limit, so the time must have one. */
static pbt_err check_stop(const pbt__reader *reader)
{
    pbt_spec *spec = reader->spec;
    char allowed[PBT__ALLOWED_SIZE];
    if (!spec->is_open_ended || !pbt__is_good(reader, "stop")) {
        return PBT_OK;
    }
    if (!(spec->stop_seconds > 0)) {
        pbt__key_allowed(pbt__key_find("stop.steps"), allowed);
        return pbt__refuse(reader, place_of(reader, "stop.steps"),
                           "stop.steps: missing; allowed: %s, or stop.seconds alone", allowed);
    }
    if (!pbt__is_good(reader, "population") || !pbt__is_good(reader, "ready.every")) {
        return PBT_OK;
    }
    const int64_t most = steps_maximum / spec->search.population;
    const int64_t every = spec->search.ready_every;
    const bool is_bounded = every <= most / (segments_maximum - 1);
    spec->search.stop_steps = is_bounded ? every * (segments_maximum - 1) : most;
    return PBT_OK;
}

/* What pbt_search_check says of sums, with a place. */
static pbt_err check_totals(const pbt__reader *reader)
{
    const pbt_search *search = &reader->spec->search;
    if (search->stop_steps > steps_maximum / search->population) {
        return pbt__refuse(reader, place_of(reader, "stop.steps"),
                           "stop.steps: times the population's %d, more than 2^53 steps",
                           search->population);
    }
    if (search->stop_steps / search->ready_every >= segments_maximum) {
        return pbt__refuse(reader, place_of(reader, "ready.every"),
                           "ready.every: more than 2^24 segments up to stop.steps");
    }
    if (search->space.count > PBT__PARAMETERS_MAXIMUM) {
        return pbt__refuse(reader, place_of(reader, "hyperparameters"),
                           "hyperparameters: found %zu; allowed: at most %d", search->space.count,
                           PBT__PARAMETERS_MAXIMUM);
    }
    return PBT_OK;
}

/* After an error some fields of a search are not set. */
static pbt_err check_search(const pbt__reader *reader)
{
    pbt_error error = {.code = PBT_OK};
    if (pbt__error_count(reader) > 0) {
        return PBT_OK;
    }
    pbt_err err = pbt_search_check(&reader->spec->search, &error);
    return err == PBT_OK ? PBT_OK : pbt__refuse(reader, (pbt__spot){1, 1}, "%s", error.message);
}

pbt_err pbt__check_spec(const pbt__reader *reader)
{
    static const pbt__look looks[] = {
        {check_owners, {NULL}},
        {check_trainer, {"trainer.protocol", "trainer.command", "trainer.library"}},
        {check_placeholders, {"trainer.protocol"}},
        {check_stop, {"stop.steps", "stop.seconds"}},
        {check_totals, {"stop.steps", "population", "ready.every", "hyperparameters"}},
        {check_search, {NULL}},
    };
    return pbt__look_at(reader, looks, sizeof looks / sizeof *looks);
}
