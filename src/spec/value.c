/* value.c: a key's value, from a node of YAML into its field. One function per kind of value. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/reader.h"

/* ---- numbers ---- */

static bool is_within(const pbt__key *key, double value)
{
    bool is_above = key->flags & PBT__KEY_ABOVE ? value > key->least : value >= key->least;
    return is_above && value <= key->most;
}

static pbt_err read_integer(const pbt__reader *reader, const pbt__key *key, const pbt__node *node,
                            int64_t *out)
{
    pbt__scalar scalar = pbt__node_scalar(node);
    if (scalar.type != PBT__SCALAR_INT || scalar.is_beyond || !is_within(key, scalar.real)) {
        return pbt__refuse_key(reader, node, key);
    }
    *out = scalar.integer;
    return PBT_OK;
}

static pbt_err read_version(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    int64_t version = 0;
    return read_integer(reader, key, node, &version);
}

static pbt_err set_number(const pbt__reader *reader, const pbt__key *key, const pbt__node *node,
                          double value)
{
    return pbt__key_set_number(reader->spec, key, value)
               ? PBT_OK
               : pbt__refuse(reader, node->place, "%s: more than %d options of rules", key->path,
                             PBT_OPTIONS);
}

static pbt_err read_count(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    int64_t value = 0;
    pbt_err err = read_integer(reader, key, node, &value);
    return err == PBT_OK ? set_number(reader, key, node, (double)value) : err;
}

static pbt_err read_steps(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    const bool is_optional = (key->flags & PBT__KEY_NULLABLE) != 0; /* stop.steps alone */
    if (is_optional) {
        reader->spec->is_open_ended = pbt__node_is_nothing(node);
    }
    if (is_optional && pbt__node_is_nothing(node)) {
        return PBT_OK;
    }
    return read_integer(reader, key, node, pbt__key_field(reader->spec, key));
}

static pbt_err read_seed(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    int64_t value = 0;
    pbt_err err = read_integer(reader, key, node, &value);
    if (err == PBT_OK) {
        *(uint64_t *)pbt__key_field(reader->spec, key) = (uint64_t)value;
    }
    return err;
}

static bool is_number(const pbt__scalar *scalar)
{
    return (scalar->type == PBT__SCALAR_INT || scalar->type == PBT__SCALAR_FLOAT) &&
           !scalar->is_beyond && isfinite(scalar->real);
}

static pbt_err read_real(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    pbt__scalar scalar = pbt__node_scalar(node);
    if (pbt__node_is_nothing(node) && key->flags & PBT__KEY_NULLABLE) {
        return set_number(reader, key, node, (double)NAN);
    }
    if (!is_number(&scalar) || !is_within(key, scalar.real)) {
        return pbt__refuse_key(reader, node, key);
    }
    return set_number(reader, key, node, scalar.real);
}

static pbt_err read_list(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    if (node->kind != PBT__NODE_LIST || node->count < 1 || (double)node->count > key->most) {
        return pbt__refuse_key(reader, node, key);
    }
    double *list = pbt__arena_take(reader->arena, node->count, sizeof *list);
    if (list == NULL) {
        return pbt__refuse_memory(reader);
    }
    size_t count = 0;
    for (const pbt__node *each = node->first; each != NULL; each = each->next) {
        pbt__scalar scalar = pbt__node_scalar(each);
        if (!is_number(&scalar) || scalar.real <= key->least) {
            char allowed[PBT__ALLOWED_SIZE];
            (void)snprintf(allowed, sizeof allowed, "numbers above %.17g", key->least);
            return pbt__refuse_value(reader, each, key->path, allowed);
        }
        list[count++] = scalar.real;
    }
    pbt__rule_set_list(&reader->spec->search, key->option, list, (int32_t)count);
    return PBT_OK;
}

/* The power of two that a size's letter stands for, or -1. */
static int shift_of(const char *letter)
{
    static const char letters[] = "KMGT";
    const char *found = *letter != '\0' && letter[1] == '\0' ? strchr(letters, *letter) : NULL;
    return found != NULL ? 10 * (int)(found - letters + 1) : -1;
}

static pbt_err read_size(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    int64_t *field = pbt__key_field(reader->spec, key);
    pbt__scalar scalar = pbt__node_scalar(node);
    if (scalar.type != PBT__SCALAR_TEXT) {
        return read_integer(reader, key, node, field);
    }
    size_t digits = strspn(node->text, "0123456789");
    int shift = shift_of(node->text + digits);
    if (digits < 1 || digits > 18 || shift < 0) {
        return pbt__refuse_key(reader, node, key);
    }
    int64_t value = strtoll(node->text, NULL, 10);
    if (value > INT64_MAX >> shift) {
        return pbt__refuse_key(reader, node, key);
    }
    *field = value * ((int64_t)1 << shift);
    return PBT_OK;
}

/* ---- names ---- */

/* The name's place in its list, or -1. */
static int name_index(const char *const *names, const pbt__node *node)
{
    return pbt__node_scalar(node).type == PBT__SCALAR_TEXT ? pbt__names_find(names, node->text)
                                                           : -1;
}

static pbt_err read_name(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    int32_t index = name_index(key->names, node);
    if (index < 0) {
        return pbt__refuse_key(reader, node, key);
    }
    memcpy(pbt__key_field(reader->spec, key), &index, sizeof index);
    return PBT_OK;
}

static pbt_err read_switch(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    int index = name_index(key->names, node);
    if (index < 0) {
        return pbt__refuse_key(reader, node, key);
    }
    *(bool *)pbt__key_field(reader->spec, key) = index == 1;
    return PBT_OK;
}

static pbt_err read_names(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    if (node->kind != PBT__NODE_LIST || node->count == 0) {
        return pbt__refuse_key(reader, node, key);
    }
    int set = 0;
    for (const pbt__node *each = node->first; each != NULL; each = each->next) {
        int index = name_index(key->names, each);
        if (index < 0) {
            return pbt__refuse_key(reader, each, key);
        }
        if (set & 1 << index) {
            return pbt__refuse(reader, each->place, "%s: '%s' is given twice", key->path,
                               each->text);
        }
        set |= 1 << index;
    }
    *(int *)pbt__key_field(reader->spec, key) = set;
    return PBT_OK;
}

/* ---- texts ---- */

static pbt_err read_notes(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    return pbt__read_text(reader, node, key->path, pbt__key_field(reader->spec, key));
}

/* Words are shown on terminals: no control characters. */
static bool is_word(const char *text)
{
    const char *end = text;
    while ((unsigned char)*end >= ' ' && *end != 0x7f) {
        end++;
    }
    return end != text && *end == '\0';
}

static pbt_err read_word(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    char **field = pbt__key_field(reader->spec, key);
    if (pbt__node_is_nothing(node) && key->flags & PBT__KEY_NULLABLE) {
        *field = NULL;
        return PBT_OK;
    }
    if (pbt__node_scalar(node).type != PBT__SCALAR_TEXT || !is_word(node->text)) {
        return pbt__refuse_key(reader, node, key);
    }
    return pbt__read_text(reader, node, key->path, field);
}

static bool is_study_name(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strspn(text, allowed);
    return length >= 1 && length <= 64 && text[length] == '\0' && strchr("._-", *text) == NULL;
}

static pbt_err read_study(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    if (pbt__node_scalar(node).type != PBT__SCALAR_TEXT || !is_study_name(node->text)) {
        return pbt__refuse_key(reader, node, key);
    }
    return pbt__read_text(reader, node, key->path, pbt__key_field(reader->spec, key));
}

/* ---- the trainer's arguments and environment ---- */

static pbt_err read_arguments(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    static char refused[] = ""; /* stands for an argument, so that those behind it are seen */
    char ***field = pbt__key_field(reader->spec, key);
    if (pbt__node_is_nothing(node)) {
        *field = NULL;
        return PBT_OK;
    }
    if (node->kind != PBT__NODE_LIST || node->count == 0) {
        return pbt__refuse_key(reader, node, key);
    }
    char **arguments = pbt__arena_take(reader->arena, node->count + 1, sizeof *arguments);
    if (arguments == NULL) {
        return pbt__refuse_memory(reader);
    }
    size_t count = 0;
    for (const pbt__node *each = node->first; each != NULL; each = each->next) {
        arguments[count] = refused;
        pbt_err err =
            pbt__go_on(reader, pbt__read_text(reader, each, key->path, &arguments[count++]));
        if (err != PBT_OK) {
            return err;
        }
    }
    if (arguments[0] != refused && *arguments[0] == '\0') {
        return pbt__refuse_key(reader, node->first, key);
    }
    *field = arguments;
    return PBT_OK;
}

static bool is_variable_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    return *name != '\0' && strchr("0123456789", *name) == NULL &&
           name[strspn(name, allowed)] == '\0';
}

/* Read one entry as "NAME=value". */
static pbt_err read_variable(const pbt__reader *reader, const pbt__key *key, const pbt__node *node,
                             char **out)
{
    if (!is_variable_name(node->name)) {
        return pbt__refuse(reader, node->name_place,
                           "%s: found the name '%.40s'; allowed: letters, digits and '_', no digit "
                           "first",
                           key->path, node->name);
    }
    char *value = NULL;
    pbt_err err = pbt__read_text(reader, node, key->path, &value);
    if (err != PBT_OK) {
        return err;
    }
    size_t name_length = strlen(node->name);
    char *variable = pbt__arena_take(reader->arena, name_length + strlen(value) + 2, 1);
    if (variable == NULL) {
        return pbt__refuse_memory(reader);
    }
    memcpy(variable, node->name, name_length);
    variable[name_length] = '=';
    memcpy(variable + name_length + 1, value, strlen(value) + 1);
    *out = variable;
    return PBT_OK;
}

static pbt_err read_environment(const pbt__reader *reader, const pbt__key *key,
                                const pbt__node *node)
{
    char ***field = pbt__key_field(reader->spec, key);
    if (node->kind != PBT__NODE_MAP) {
        return pbt__refuse_key(reader, node, key);
    }
    if (node->count == 0) {
        *field = NULL;
        return PBT_OK;
    }
    char **variables = pbt__arena_take(reader->arena, node->count + 1, sizeof *variables);
    if (variables == NULL) {
        return pbt__refuse_memory(reader);
    }
    size_t count = 0;
    for (const pbt__node *each = node->first; each != NULL; each = each->next) {
        pbt_err err = pbt__go_on(reader, read_variable(reader, key, each, &variables[count++]));
        if (err != PBT_OK) {
            return err;
        }
    }
    *field = variables;
    return PBT_OK;
}

/* ---- all of them ---- */

static pbt_err read_space(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    return node->kind == PBT__NODE_MAP ? pbt__read_space(reader, node)
                                       : pbt__refuse_key(reader, node, key);
}

static pbt_err read_starts(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    return node->kind == PBT__NODE_LIST ? pbt__read_starts(reader, node)
                                        : pbt__refuse_key(reader, node, key);
}

pbt_err pbt__read_key(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    static pbt_err (*const read[])(const pbt__reader *, const pbt__key *, const pbt__node *) = {
        [PBT__KIND_VERSION] = read_version,
        [PBT__KIND_COUNT] = read_count,
        [PBT__KIND_STEPS] = read_steps,
        [PBT__KIND_SEED] = read_seed,
        [PBT__KIND_REAL] = read_real,
        [PBT__KIND_SIZE] = read_size,
        [PBT__KIND_NAME] = read_name,
        [PBT__KIND_SWITCH] = read_switch,
        [PBT__KIND_NAMES] = read_names,
        [PBT__KIND_STUDY] = read_study,
        [PBT__KIND_WORD] = read_word,
        [PBT__KIND_NOTES] = read_notes,
        [PBT__KIND_LIST] = read_list,
        [PBT__KIND_ARGUMENTS] = read_arguments,
        [PBT__KIND_ENVIRONMENT] = read_environment,
        [PBT__KIND_SPACE] = read_space,
        [PBT__KIND_STARTS] = read_starts,
    };
    return read[key->kind](reader, key, node);
}
