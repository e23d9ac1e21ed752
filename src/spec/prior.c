/* prior.c: `hyperparameters`: a map from names to priors. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "core/names.h"
#include "core/space.h"
#include "core/type.h"
#include "spec/reader.h"

enum { PATH_SIZE = 112 }; /* Units: bytes: "hyperparameters.", a name, ".", a field */

#define BIT(shape) (1U << (unsigned)(shape))
#define NUMBERS BIT(PBT__SHAPE_NUMBER)
#define LISTS BIT(PBT__SHAPE_LIST)
#define CONSTANTS BIT(PBT__SHAPE_SINGLE)

static const char *type_at(int32_t value)
{
    const pbt__type *row = pbt__type_row((pbt_type)value);
    return row != NULL ? row->name : NULL;
}

static const char *scale_at(int32_t value)
{
    return pbt__scale_names[value];
}

/* clang-format off */
const pbt__field pbt__prior_fields[PBT__PRIOR_FIELDS] = {
    {"type", NUMBERS | LISTS | CONSTANTS, true, NULL, NULL,
     "`ordinal` values have an order and move one place at a time; those of a `choice` have none.",
     type_at},
    {"scale", NUMBERS, false, NULL, "linear",
     "Where the prior is uniform and noise is added. `log` needs min > 0; `reverse_log` is the "
     "logarithm of 1 - x and needs max < 1.", scale_at},
    {"min", NUMBERS, true, "a number of the type", NULL, "The least value."},
    {"max", NUMBERS, true, "a number of the type", NULL, "The greatest value."},
    {"values", LISTS, true, "a list of two or more different texts, numbers and booleans", NULL,
     "Each keeps the type it is written in."},
    {"value", CONSTANTS, true, "a text, a number or a boolean", NULL,
     "The value, which never changes."},
    {"inherit", NUMBERS | LISTS, false, "true, false", "false",
     "It belongs to the weights: drawn once, copied with them, never explored."},
};
/* clang-format on */

typedef struct prior_reader {
    const pbt__reader *reader;
    const pbt__node *node; /* the prior's map */
    pbt_parameter *parameter;
} prior_reader;

static void path_of(const prior_reader *prior, const char *field, char *out)
{
    (void)snprintf(out, PATH_SIZE, "hyperparameters.%.64s%s%.24s", prior->node->name,
                   *field != '\0' ? "." : "", field);
}

static pbt_err refuse_field(const prior_reader *prior, const pbt__node *node, const char *allowed)
{
    char path[PATH_SIZE];
    path_of(prior, node->name, path);
    return pbt__refuse_value(prior->reader, node, path, allowed);
}

static const pbt__node *find_field(const pbt__node *map, const char *name)
{
    const pbt__node *each = map->first;
    while (each != NULL && strcmp(each->name, name) != 0) {
        each = each->next;
    }
    return each;
}

/* ---- fields ---- */

/* What a word says; an empty text where the node is none. */
static const char *word_of(const pbt__node *node)
{
    return pbt__node_scalar(node).type == PBT__SCALAR_TEXT ? node->text : "";
}

static pbt_err refuse_name(const prior_reader *prior, const pbt__node *node,
                           const pbt__field *field)
{
    char allowed[PBT__ALLOWED_SIZE];
    pbt__field_allowed(field, allowed);
    return refuse_field(prior, node, allowed);
}

/* Which of a field's names a word is; -1: none. */
static int32_t name_of(const pbt__field *field, const pbt__node *node)
{
    const char *name = "";
    int32_t value = 0;
    while ((name = field->name_at(value)) != NULL && strcmp(word_of(node), name) != 0) {
        value++;
    }
    return name != NULL ? value : -1;
}

static pbt_err read_type(const prior_reader *prior, const pbt__node *node)
{
    const pbt__field *field = &pbt__prior_fields[0];
    const int32_t type = name_of(field, node);
    prior->parameter->type = type >= 0 ? (pbt_type)type : prior->parameter->type;
    return type >= 0 ? PBT_OK : refuse_name(prior, node, field);
}

static pbt_err read_scale(const prior_reader *prior, const pbt__node *node)
{
    const pbt__field *field = &pbt__prior_fields[1];
    const int32_t scale = name_of(field, node);
    prior->parameter->scale = scale >= 0 ? (pbt_scale)scale : prior->parameter->scale;
    return scale >= 0 ? PBT_OK : refuse_name(prior, node, field);
}

bool pbt__read_number(const pbt_parameter *parameter, const pbt__node *node, pbt_value *out)
{
    const pbt__type *type = pbt__type_of(parameter);
    pbt_item item;
    if (!pbt__scalar_item(node, &item)) {
        return false;
    }
    const pbt_item real = {.type = PBT_ITEM_FLOAT, .real = (double)item.integer};
    return type->read(parameter, &item, out) ||
           (item.type == PBT_ITEM_INT && type->read(parameter, &real, out));
}

static pbt_err read_bound(const prior_reader *prior, const pbt__node *node, pbt_value *out)
{
    const bool is_read = pbt__read_number(prior->parameter, node, out);
    const char *allowed = pbt__is_integer(prior->parameter) ? "an integer" : "a number";
    return is_read ? PBT_OK : refuse_field(prior, node, allowed);
}

static pbt_err read_min(const prior_reader *prior, const pbt__node *node)
{
    return read_bound(prior, node, &prior->parameter->min);
}

static pbt_err read_max(const prior_reader *prior, const pbt__node *node)
{
    return read_bound(prior, node, &prior->parameter->max);
}

static pbt_err read_inherit(const prior_reader *prior, const pbt__node *node)
{
    pbt__scalar scalar = pbt__node_scalar(node);
    prior->parameter->inherit = scalar.flag;
    return scalar.type == PBT__SCALAR_BOOL ? PBT_OK : refuse_field(prior, node, "true, false");
}

/* ---- items ---- */

static pbt_err read_item(const prior_reader *prior, const pbt__node *field, const pbt__node *node,
                         pbt_item *out)
{
    char path[PATH_SIZE];
    path_of(prior, field->name, path);
    if (!pbt__scalar_item(node, out)) {
        return pbt__refuse_value(prior->reader, node, path, "a text, a number or a boolean");
    }
    if (out->type == PBT_ITEM_TEXT) {
        out->text = pbt__arena_copy(prior->reader->arena, out->text, strlen(out->text));
    }
    return out->type != PBT_ITEM_TEXT || out->text != NULL ? PBT_OK
                                                           : pbt__refuse_memory(prior->reader);
}

static int32_t find_item(const pbt_item *items, int32_t count, const pbt_item *wanted)
{
    for (int32_t i = 0; i < count; i++) {
        if (pbt__items_equal(&items[i], wanted)) {
            return i;
        }
    }
    return -1;
}

static pbt_err read_values(const prior_reader *prior, const pbt__node *node)
{
    if (node->kind == PBT__NODE_LIST && node->count == 1) {
        return pbt__refuse(prior->reader, node->place,
                           "hyperparameters.%.64s.values: found one value; allowed: two or more",
                           prior->node->name);
    }
    if (node->kind != PBT__NODE_LIST || node->count == 0) {
        return refuse_field(prior, node, "a list of two or more values");
    }
    pbt_item *items = pbt__arena_take(prior->reader->arena, node->count, sizeof *items);
    if (items == NULL) {
        return pbt__refuse_memory(prior->reader);
    }
    int32_t count = 0;
    for (const pbt__node *each = node->first; each != NULL; each = each->next) {
        pbt_err err = read_item(prior, node, each, &items[count]);
        if (err != PBT_OK) {
            return err;
        }
        if (find_item(items, count, &items[count]) >= 0) {
            return pbt__refuse(prior->reader, each->place,
                               "hyperparameters.%.64s.values: '%.40s' is given twice",
                               prior->node->name, each->text);
        }
        count++;
    }
    prior->parameter->items = items;
    prior->parameter->item_count = count;
    return PBT_OK;
}

static pbt_err read_constant(const prior_reader *prior, const pbt__node *node)
{
    pbt_item *item = pbt__arena_take(prior->reader->arena, 1, sizeof *item);
    if (item == NULL) {
        return pbt__refuse_memory(prior->reader);
    }
    prior->parameter->items = item;
    prior->parameter->item_count = 1;
    return read_item(prior, node, node, item);
}

/* ---- one prior ---- */

void pbt__field_allowed(const pbt__field *field, char *out)
{
    if (field->name_at == NULL) {
        (void)snprintf(out, PBT__ALLOWED_SIZE, "%s", field->allowed);
        return;
    }
    const char *name = NULL;
    size_t length = 0;
    for (int32_t i = 0; (name = field->name_at(i)) != NULL; i++) {
        length += (size_t)snprintf(out + length, PBT__ALLOWED_SIZE - length, "%s%s",
                                   i > 0 ? ", " : "", name);
    }
}

bool pbt__field_is_of(const pbt__field *field, pbt_type type)
{
    return (field->shapes & BIT(pbt__type_row(type)->shape)) != 0;
}

/* Write the fields that a type has, for a message. */
static void fields_of(pbt_type type, char *out, size_t size)
{
    int length = 0;
    for (size_t i = 0; i < PBT__PRIOR_FIELDS; i++) {
        if (pbt__field_is_of(&pbt__prior_fields[i], type)) {
            length += snprintf(out + length, size - (size_t)length, "%s%s", i > 0 ? ", " : "",
                               pbt__prior_fields[i].name);
        }
    }
}

static pbt_err refuse_unknown(const prior_reader *prior, const pbt__node *field)
{
    char known[80];
    fields_of(prior->parameter->type, known, sizeof known);
    return pbt__refuse(prior->reader, field->name_place,
                       "hyperparameters.%.64s: found the key '%.40s'; allowed for type %s: %s",
                       prior->node->name, field->name, pbt_type_name(prior->parameter->type),
                       known);
}

static pbt_err read_field(const prior_reader *prior, const pbt__node *node)
{
    static pbt_err (*const read[])(const prior_reader *, const pbt__node *) = {
        read_type, read_scale, read_min, read_max, read_values, read_constant, read_inherit,
    };
    for (size_t i = 0; i < PBT__PRIOR_FIELDS; i++) {
        if (strcmp(pbt__prior_fields[i].name, node->name) == 0 &&
            pbt__field_is_of(&pbt__prior_fields[i], prior->parameter->type)) {
            return read[i](prior, node);
        }
    }
    return refuse_unknown(prior, node);
}

static pbt_err check_required(const prior_reader *prior)
{
    for (size_t i = 0; i < PBT__PRIOR_FIELDS; i++) {
        const pbt__field *field = &pbt__prior_fields[i];
        if (field->is_required && pbt__field_is_of(field, prior->parameter->type) &&
            find_field(prior->node, field->name) == NULL) {
            char allowed[PBT__ALLOWED_SIZE];
            pbt__field_allowed(field, allowed);
            return pbt__refuse(prior->reader, prior->node->place,
                               "hyperparameters.%.64s.%s: missing; allowed: %s", prior->node->name,
                               field->name, allowed);
        }
    }
    return PBT_OK;
}

static pbt_err check_prior(const prior_reader *prior)
{
    const char *fault = pbt__parameter_fault(prior->parameter);
    if (fault == NULL) {
        return PBT_OK;
    }
    const pbt__node *min = find_field(prior->node, "min");
    return pbt__refuse(prior->reader, min != NULL ? min->place : prior->node->place,
                       "hyperparameters.%.64s: %s", prior->node->name, fault);
}

static bool is_parameter_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    size_t length = strspn(name, allowed);
    return length >= 1 && length <= PBT__NAME_MAXIMUM && name[length] == '\0' &&
           strchr("0123456789", *name) == NULL;
}

static pbt_err check_name(const prior_reader *prior)
{
    const char *name = prior->node->name;
    if (!is_parameter_name(name)) {
        return pbt__refuse(prior->reader, prior->node->name_place,
                           "hyperparameters: found the name '%.40s'; allowed: 1 to %d of a-z, 0-9 "
                           "and '_', no digit first",
                           name, PBT__NAME_MAXIMUM);
    }
    if (pbt__is_reserved(name)) {
        pbt_err err = pbt__refuse(prior->reader, prior->node->name_place,
                                  "hyperparameters: the name '%s' is reserved", name);
        pbt__error_hint(prior->reader->error,
                        "it means something else in commands or below 'start'");
        return err;
    }
    return PBT_OK;
}

static pbt_err read_fields(const prior_reader *prior)
{
    const pbt__node *type = find_field(prior->node, "type");
    pbt_err err = type != NULL ? read_type(prior, type) : check_required(prior);
    for (const pbt__node *each = prior->node->first; err == PBT_OK && each != NULL;
         each = each->next) {
        err = pbt__go_on(prior->reader, read_field(prior, each));
    }
    return err;
}

static pbt_err read_prior(const prior_reader *prior)
{
    const int32_t before = pbt__error_count(prior->reader);
    pbt_err err = pbt__go_on(prior->reader, check_name(prior));
    if (err != PBT_OK) {
        return err;
    }
    if (prior->node->kind != PBT__NODE_MAP) {
        char path[PATH_SIZE];
        path_of(prior, "", path);
        return pbt__refuse_value(prior->reader, prior->node, path, "a map: {type: float, ...}");
    }
    err = read_fields(prior);
    if (err == PBT_OK) {
        err = check_required(prior);
    }
    const bool is_read = err == PBT_OK && pbt__error_count(prior->reader) == before;
    return is_read ? check_prior(prior) : err;
}

pbt_err pbt__read_space(const pbt__reader *reader, const pbt__node *node)
{
    pbt_parameter *parameters = pbt__arena_take(reader->arena, node->count, sizeof *parameters);
    pbt__spot *places = pbt__arena_take(reader->arena, node->count, sizeof *places);
    if (parameters == NULL || places == NULL) {
        return pbt__refuse_memory(reader);
    }
    size_t count = 0;
    for (const pbt__node *each = node->first; each != NULL; each = each->next, count++) {
        const prior_reader prior = {reader, each, &parameters[count]};
        places[count] = each->name_place;
        parameters[count].name = pbt__arena_copy(reader->arena, each->name, strlen(each->name));
        pbt_err err =
            parameters[count].name != NULL ? read_prior(&prior) : pbt__refuse_memory(reader);
        err = pbt__go_on(reader, err);
        if (err != PBT_OK) {
            return err;
        }
    }
    reader->spec->search.space = (pbt_space){.parameters = parameters, .count = count};
    pbt__spec_origin(reader->spec)->parameters = places;
    return PBT_OK;
}
