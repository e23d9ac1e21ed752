/* check.c: what only several keys together can say. What one key says is checked where it is
 * read. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "core/space.h"
#include "spec/reader.h"

/* In the order of a message. */
static const char *const placeholders[] = {
    "load", "save_to", "start_step", "end_step", "start_age", "end_age", "seed", "member", NULL,
};

bool pbt__is_reserved(const char *name)
{
    bool means_a_start = false;
    for (size_t i = 0; i < PBT__START_FIELDS; i++) {
        means_a_start |= strcmp(pbt__start_fields[i].name, name) == 0;
    }
    return means_a_start || pbt__names_find(placeholders, name) >= 0;
}

static pbt__place place_of(const pbt__reader *reader, const char *path)
{
    return pbt__spec_place(reader->spec, pbt__key_find(path));
}

/* ---- options and their rules ---- */

/* A key that has no effect was meant to have one. */
static pbt_err check_owners(const pbt__reader *reader)
{
    for (size_t i = 0; i < PBT__KEY_COUNT; i++) {
        const pbt__key *key = &pbt__keys[i];
        if (reader->nodes[i] == NULL || pbt__key_applies(reader->spec, key)) {
            continue;
        }
        pbt__text owner = pbt__text_init(256);
        pbt__write_key(&owner, PBT__YAML, reader->spec, pbt__key_find(key->owner));
        pbt_err err =
            pbt__refuse(reader, reader->nodes[i]->name_place, "%s: has no effect where %s is '%s'",
                        key->path, key->owner, pbt__text_string(&owner));
        pbt__error_hint(reader->error, "remove '%s', or give '%s' a value that uses it", key->path,
                        key->owner);
        pbt__text_fini(&owner);
        return err;
    }
    return PBT_OK;
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

/* ---- placeholders ---- */

static bool is_known(const pbt_space *space, const char *name, size_t length)
{
    for (size_t i = 0; placeholders[i] != NULL; i++) {
        if (strlen(placeholders[i]) == length && strncmp(placeholders[i], name, length) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < space->count; i++) {
        const char *known = space->parameters[i].name;
        if (strlen(known) == length && strncmp(known, name, length) == 0) {
            return true;
        }
    }
    return false;
}

static void write_known(pbt__text *out, const pbt_space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        pbt__text_format(out, "{%s} ", space->parameters[i].name);
    }
    for (size_t i = 0; placeholders[i] != NULL; i++) {
        pbt__text_format(out, "%s{%s}", i > 0 ? " " : "", placeholders[i]);
    }
}

static pbt_err refuse_unknown(const pbt__reader *reader, pbt__place place, const char *name,
                              size_t length)
{
    enum { LIST_MAXIMUM = 128 * 1024, SHOWN = 90 };
    pbt__text known = pbt__text_init(LIST_MAXIMUM);
    write_known(&known, &reader->spec->search.space);
    const char *list = pbt__text_string(&known);
    pbt_err err = pbt__refuse(
        reader, place, "trainer.command: found the placeholder '{%.*s}'; allowed: %.*s%s",
        (int)(length < 40 ? length : 40), name, SHOWN, list, strlen(list) > SHOWN ? "..." : "");
    pbt__error_detail(reader->error, "known placeholders: %s", list);
    pbt__error_hint(reader->error, "write '{{' and '}}' for braces that are meant as they are");
    pbt__text_fini(&known);
    return err;
}

static pbt_err refuse_brace(const pbt__reader *reader, pbt__place place, char found, char missing)
{
    return pbt__refuse(reader, place,
                       "trainer.command: found '%c' without a '%c'; allowed: '%c%c' for a brace",
                       found, missing, found, found);
}

/* A process per segment: every brace is a placeholder's, or doubled. */
static pbt_err check_command(const pbt__reader *reader, pbt__place place, const char *argument)
{
    for (const char *at = argument; *at != '\0'; at++) {
        if ((*at == '{' || *at == '}') && at[1] == *at) {
            at++;
        } else if (*at == '{') {
            size_t length = strcspn(at + 1, "{}");
            if (at[1 + length] != '}') {
                return refuse_brace(reader, place, '{', '}');
            }
            if (!is_known(&reader->spec->search.space, at + 1, length)) {
                return refuse_unknown(reader, place, at + 1, length);
            }
            at += length + 1;
        } else if (*at == '}') {
            return refuse_brace(reader, place, '}', '{');
        }
    }
    return PBT_OK;
}

/* A process that asks for its segments is started once: there is nothing to put in. */
static pbt_err check_worker(const pbt__reader *reader, pbt__place place, const char *argument)
{
    for (const char *at = strchr(argument, '{'); at != NULL; at = strchr(at + 1, '{')) {
        size_t length = strcspn(at + 1, "{}");
        if (at[1 + length] == '}' && is_known(&reader->spec->search.space, at + 1, length)) {
            pbt_err err = pbt__refuse(reader, place,
                                      "trainer.command: found the placeholder '{%.*s}', which only "
                                      "the protocol 'command' fills in",
                                      (int)length, at + 1);
            pbt__error_hint(reader->error, "write 'protocol: command' below 'trainer'");
            return err;
        }
    }
    return PBT_OK;
}

static pbt_err check_placeholders(const pbt__reader *reader)
{
    const pbt__trainer_spec *trainer = &reader->spec->trainer;
    const pbt__node *list = reader->nodes[pbt__key_find("trainer.command") - pbt__keys];
    const pbt__node *node = list != NULL ? list->first : NULL;
    if (trainer->command == NULL || trainer->protocol == PBT__PROTOCOL_LIBRARY) {
        return PBT_OK;
    }
    for (size_t i = 0; trainer->command[i] != NULL; i++) {
        pbt__place place = node != NULL ? node->place : place_of(reader, "trainer.command");
        pbt_err err = trainer->protocol == PBT__PROTOCOL_COMMAND
                          ? check_command(reader, place, trainer->command[i])
                          : check_worker(reader, place, trainer->command[i]);
        if (err != PBT_OK) {
            return err;
        }
        node = node != NULL ? node->next : NULL;
    }
    return PBT_OK;
}

/* ---- the search ---- */

/* What pbt_search_check says of sums, with a place. */
static pbt_err check_totals(const pbt__reader *reader)
{
    const pbt_search *search = &reader->spec->search;
    const int64_t steps_maximum = INT64_C(1) << 53;
    const int64_t segments_maximum = INT64_C(1) << 24;
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

static pbt_err check_search(const pbt__reader *reader)
{
    pbt_error error = {.code = PBT_OK};
    pbt_err err = pbt_search_check(&reader->spec->search, &error);
    return err == PBT_OK ? PBT_OK : pbt__refuse(reader, (pbt__place){1, 1}, "%s", error.message);
}

pbt_err pbt__check_spec(const pbt__reader *reader)
{
    static pbt_err (*const checks[])(const pbt__reader *) = {
        check_owners, check_trainer, check_placeholders, check_totals, check_search,
    };
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < sizeof checks / sizeof *checks; i++) {
        err = checks[i](reader);
    }
    return err;
}
