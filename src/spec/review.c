/*
 * review.c: what a spec says that its user can hardly mean.
 *
 * The parser refuses what has no meaning. This looks at what has one, and would cost hours before
 * it shows: a hyperparameter that the program never sees, weights that are never loaded, a loss
 * that is maximized. An error here is what can only be a mistake; it keeps a new study from being
 * made, while a study of old goes on. The rest are warnings.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "spec/placeholder.h"
#include "spec/review.h"

/* Where and in what the command is looked at. */
typedef struct review {
    const pbt__reader *reader;
    const pbt_space *space;
    char *const *command;
    bool *is_named; /* Shape: [PBT__PLACEHOLDER_COUNT + space->count]; as `{name}` */
    bool *is_told;  /* the same; a complaint names it */
} review;

/* Where an argument stands; the command's place where it is not of this text. */
pbt__place pbt__review_argument(const pbt__reader *reader, size_t index)
{
    const pbt__key *key = pbt__key_find("trainer.command");
    const pbt__node *list = reader->nodes[key - pbt__keys];
    const pbt__node *node = list != NULL ? list->first : NULL;
    for (size_t i = 0; node != NULL && i < index; i++) {
        node = node->next;
    }
    return node != NULL ? node->place : pbt__spec_place(reader->spec, key);
}

/* "sh -c SCRIPT": a shell reads this argument. */
bool pbt__review_is_script(char *const *command, size_t index)
{
    const char *before = index > 0 ? command[index - 1] : "";
    return before[0] == '-' && before[1] != '-' && strchr(before, 'c') != NULL &&
           strchr(before, 'c')[1] == '\0';
}

static pbt_err mark_names(const review *this)
{
    for (size_t i = 0; this->command[i] != NULL; i++) {
        size_t at = 0, length = 0;
        const char *name = NULL;
        while ((name = pbt__placeholder_next(this->command[i], &at, &length)) != NULL) {
            const int32_t index = pbt__placeholder_find(this->space, name, length);
            if (index >= 0) {
                this->is_named[index] = true;
            }
        }
    }
    return PBT_OK;
}

/* ---- other languages' placeholders ---- */

static void tell_filled(const review *this, pbt__place place, const pbt__foreign *found)
{
    (void)pbt__refuse(this->reader, place,
                      "trainer.command: found '%.*s': '{%.*s}' is replaced, and the '$' stays",
                      found->length, found->begin, found->name_length, found->name);
    pbt__error_hint(this->reader->error, "write '{%.*s}'; for a shell's own variable '${{%.*s}}'",
                    found->name_length, found->name, found->name_length, found->name);
}

static void tell_foreign(const review *this, pbt__place place, const pbt__foreign *found)
{
    const bool is_command = this->reader->spec->trainer.protocol == PBT__PROTOCOL_COMMAND;
    (void)pbt__refuse(this->reader, place, "trainer.command: found '%.*s', which is no placeholder",
                      found->length, found->begin);
    pbt__error_hint(this->reader->error,
                    is_command ? "write '{%.*s}' for its value"
                               : "a worker is told '%.*s' with each segment, not by its command",
                    found->name_length, found->name);
}

/* A name that no `{name}` has is never passed: an error. In a worker's command none is. */
static pbt_err review_foreign(const review *this, size_t index, const pbt__foreign *found)
{
    const bool is_command = this->reader->spec->trainer.protocol == PBT__PROTOCOL_COMMAND;
    const pbt__place place = pbt__review_argument(this->reader, index);
    const bool is_script = pbt__review_is_script(this->command, index);
    if (found->is_filled && is_command) {
        tell_filled(this, place, found);
        this->is_told[found->index] = true;
        return pbt__go_on(this->reader, PBT_ERR_SPEC);
    }
    if (found->is_shell && is_script) {
        return PBT_OK;
    }
    tell_foreign(this, place, found);
    this->is_told[found->index] = true;
    if (is_command && !this->is_named[found->index]) {
        return pbt__go_on(this->reader, PBT_ERR_SPEC);
    }
    pbt__warn(this->reader);
    return PBT_OK;
}

static pbt_err review_forms(const review *this)
{
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && this->command[i] != NULL; i++) {
        size_t at = 0;
        pbt__foreign found;
        while (err == PBT_OK && pbt__foreign_next(this->space, this->command[i], &at, &found)) {
            err = review_foreign(this, i, &found);
        }
    }
    return err;
}

/* ---- what a command does not say ---- */

static pbt__place command_place(const review *this)
{
    return pbt__spec_place(this->reader->spec, pbt__key_find("trainer.command"));
}

static void warn_unused(const review *this, size_t parameter)
{
    const char *name = this->space->parameters[parameter].name;
    (void)pbt__refuse(this->reader, pbt__spec_origin(this->reader->spec)->parameters[parameter],
                      "hyperparameters.%s: no argument of trainer.command has '{%s}'", name, name);
    pbt__error_hint(this->reader->error, "add '--%s={%s}' to the command, or remove '%s'", name,
                    name, name);
    pbt__warn(this->reader);
}

/* The program is told nothing else: what no argument has is searched in vain. */
static pbt_err review_unused(const review *this)
{
    const size_t count = this->space->count;
    size_t unused = 0;
    for (size_t i = 0; i < count; i++) {
        unused += !this->is_named[PBT__PLACEHOLDER_COUNT + i];
    }
    if (unused == count && count > 3) {
        const char *name = this->space->parameters[0].name;
        (void)pbt__refuse(this->reader, command_place(this),
                          "trainer.command: no argument has any of the %zu hyperparameters", count);
        pbt__error_hint(this->reader->error, "add '--%s={%s}', and so on", name, name);
        pbt__warn(this->reader);
        return PBT_OK;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t index = PBT__PLACEHOLDER_COUNT + i;
        if (!this->is_named[index] && !this->is_told[index]) {
            warn_unused(this, i);
        }
    }
    return PBT_OK;
}

static bool has(const review *this, const char *name)
{
    const int32_t index = pbt__placeholder_find(this->space, name, strlen(name));
    return index >= 0 && (this->is_named[index] || this->is_told[index]);
}

static pbt_err review_length(const review *this)
{
    if (has(this, "end_step") || has(this, "end_age") || has(this, "steps")) {
        return PBT_OK;
    }
    (void)pbt__refuse(this->reader, command_place(this),
                      "trainer.command: no argument has '{end_step}', '{end_age}' or '{steps}', so "
                      "the program is not told how long to train");
    pbt__error_hint(this->reader->error, "add '--steps={steps}' to the command");
    pbt__warn(this->reader);
    return PBT_OK;
}

static pbt_err review_save(const review *this)
{
    if (has(this, "save_to")) {
        return PBT_OK;
    }
    (void)pbt__refuse(this->reader, command_place(this),
                      "trainer.command: no argument has '{save_to}', and without a checkpoint no "
                      "report counts");
    pbt__error_hint(this->reader->error, "add '--save={save_to}' to the command");
    return pbt__go_on(this->reader, PBT_ERR_SPEC);
}

static bool has_end(const review *this)
{
    return this->reader->nodes[pbt__key_find("stop.steps") - pbt__keys] != NULL;
}

static pbt_err review_end(const review *this)
{
    if (has_end(this) || !has(this, "stop_step")) {
        return PBT_OK;
    }
    (void)pbt__refuse(this->reader, command_place(this),
                      "trainer.command: '{stop_step}' has no value without 'stop.steps'");
    pbt__error_hint(this->reader->error, "give 'stop.steps', or remove '{stop_step}'");
    return pbt__go_on(this->reader, PBT_ERR_SPEC);
}

/* A study of one segment a member loads nothing but what members start from. */
static pbt_err review_load(const review *this)
{
    const pbt_search *search = &this->reader->spec->search;
    bool is_needed = !has_end(this) || search->stop_steps > search->ready_every;
    for (int32_t i = 0; i < search->start_count; i++) {
        is_needed = is_needed || search->starts[i].checkpoint != NULL;
    }
    if (!is_needed || has(this, "load")) {
        return PBT_OK;
    }
    (void)pbt__refuse(this->reader, command_place(this),
                      "trainer.command: no argument has '{load}', so every segment starts from "
                      "scratch");
    pbt__error_hint(this->reader->error, "add '--load={load}' to the command");
    pbt__warn(this->reader);
    return PBT_OK;
}

/* ---- negative values ---- */

static bool can_be_negative(const pbt_parameter *parameter)
{
    if (parameter->type == PBT_FLOAT) {
        return parameter->min.real < 0;
    }
    if (parameter->type == PBT_INT) {
        return parameter->min.integer < 0;
    }
    bool is_negative = false;
    for (int32_t i = 0; i < parameter->item_count; i++) {
        const pbt_item *item = &parameter->items[i];
        is_negative = is_negative || (item->type == PBT_ITEM_FLOAT && item->real < 0) ||
                      (item->type == PBT_ITEM_INT && item->integer < 0) ||
                      (item->type == PBT_ITEM_TEXT && item->text[0] == '-');
    }
    return is_negative;
}

static void warn_negative(const review *this, size_t index, const char *name)
{
    const char *option = this->command[index - 1];
    const bool is_long = option[1] == '-';
    (void)pbt__refuse(this->reader, pbt__review_argument(this->reader, index),
                      "trainer.command: a negative '{%.64s}' after '%.64s' may be read as another "
                      "option",
                      name, option);
    pbt__error_hint(this->reader->error, "write '%.64s%s{%.64s}'", option, is_long ? "=" : "",
                    name);
    pbt__warn(this->reader);
}

/* `--bias -1e-05`: Python's argparse, for one, takes the value for an option. */
static pbt_err review_negative(const review *this)
{
    for (size_t i = 1; this->command[i] != NULL; i++) {
        const char *option = this->command[i - 1], *argument = this->command[i];
        size_t at = 0, length = 0;
        const char *name = pbt__placeholder_next(argument, &at, &length);
        const bool is_alone = name == argument + 1 && argument[at] == '\0';
        const bool is_option =
            option[0] == '-' && option[1] != '\0' && strpbrk(option, "={") == NULL;
        const int32_t index =
            is_alone && is_option ? pbt__placeholder_find(this->space, name, length) : -1;
        if (index >= PBT__PLACEHOLDER_COUNT) {
            const pbt_parameter *parameter =
                &this->space->parameters[index - PBT__PLACEHOLDER_COUNT];
            if (can_be_negative(parameter)) {
                warn_negative(this, i, parameter->name);
            }
        }
    }
    return PBT_OK;
}

/* ---- the command ---- */

static pbt_err review_command(const pbt__reader *reader)
{
    static pbt_err (*const steps[])(const review *) = {
        mark_names,  review_forms,  review_unused, review_end,
        review_save, review_length, review_load,   review_negative,
    };
    const pbt__trainer_spec *trainer = &reader->spec->trainer;
    const size_t names = PBT__PLACEHOLDER_COUNT + reader->spec->search.space.count;
    const review this = {
        .reader = reader,
        .space = &reader->spec->search.space,
        .command = trainer->command,
        .is_named = pbt__arena_take(reader->arena, names, sizeof(bool)),
        .is_told = pbt__arena_take(reader->arena, names, sizeof(bool)),
    };
    if (this.is_named == NULL || this.is_told == NULL) {
        return pbt__refuse_memory(reader);
    }
    if (trainer->protocol == PBT__PROTOCOL_LIBRARY || trainer->command == NULL) {
        return PBT_OK;
    }
    const size_t count =
        trainer->protocol == PBT__PROTOCOL_COMMAND ? sizeof steps / sizeof *steps : 2;
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        err = steps[i](&this);
    }
    return err;
}

/* ---- hyperparameters' names ---- */

static pbt_err review_names(const pbt__reader *reader)
{
    pbt_err err = PBT_OK;
    const pbt_space *space = &reader->spec->search.space;
    for (size_t i = 0; err == PBT_OK && i < space->count; i++) {
        for (size_t j = 0; err == PBT_OK && j < PBT__PLACEHOLDER_COUNT; j++) {
            if (strcmp(space->parameters[i].name, pbt__placeholders[j].name) != 0) {
                continue;
            }
            err = pbt__refuse(reader, pbt__spec_origin(reader->spec)->parameters[i],
                              "hyperparameters: the name '%s' is reserved",
                              pbt__placeholders[j].name);
            pbt__error_hint(reader->error, "it means something else in commands");
            err = pbt__go_on(reader, err);
        }
    }
    return err;
}

/* ---- all ---- */

pbt_err pbt__review_spec(const pbt__reader *reader)
{
    static const struct {
        pbt_err (*review)(const pbt__reader *reader);
        const char *needs[4]; /* keys without which it cannot tell */
    } reviews[] = {
        {pbt__review_metric, {"objective.metric", "trainer.protocol"}},
        {pbt__review_direction, {"objective.metric", "objective.direction"}},
        {review_names, {"hyperparameters"}},
        {review_command, {"trainer.protocol", "trainer.command", "hyperparameters", "stop.steps"}},
        {pbt__review_paths, {NULL}},
        {pbt__review_environment, {"trainer.environment"}},
    };
    pbt_err err = PBT_OK;
    const size_t count = reader->findings != NULL ? sizeof reviews / sizeof *reviews : 0;
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        bool can_tell = true;
        for (size_t j = 0; j < 4 && reviews[i].needs[j] != NULL; j++) {
            can_tell = can_tell && pbt__is_good(reader, reviews[i].needs[j]);
        }
        err = can_tell ? reviews[i].review(reader) : PBT_OK;
    }
    return err;
}
