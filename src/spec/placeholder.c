/* placeholder.c: the table of names, and the table of foreign forms. */
#include "spec/placeholder.h"

#include <string.h>

const pbt__placeholder pbt__placeholders[PBT__PLACEHOLDER_COUNT] = {
    {"load", false, "the checkpoint to start from; empty if there is none"},
    {"save_to", false, "where to leave the checkpoint, a file or a folder"},
    {"start_step", false, "the member's own step where this segment begins"},
    {"end_step", false, "the member's own step where it ends"},
    {"start_age", false, "the age of the weights there: the steps of training in them"},
    {"end_age", false, "the age of the weights at the segment's end"},
    {"seed", false, "a seed for the trainer, the same in every attempt"},
    {"member", false, "the member's number, from 0"},
    {"stop_step", true, "the member's own step where its training ends: `stop.steps`"},
    {"steps", true, "the steps to train now: from `{start_step}` to `{end_step}`"},
};

static bool is_named(const char *known, const char *name, size_t length)
{
    return strlen(known) == length && memcmp(known, name, length) == 0;
}

int32_t pbt__placeholder_find(const pbt_space *space, const char *name, size_t length)
{
    for (size_t i = 0; i < space->count; i++) {
        if (is_named(space->parameters[i].name, name, length)) {
            return PBT__PLACEHOLDER_COUNT + (int32_t)i;
        }
    }
    for (int32_t i = 0; i < PBT__PLACEHOLDER_COUNT; i++) {
        if (is_named(pbt__placeholders[i].name, name, length)) {
            return i;
        }
    }
    return -1;
}

void pbt__placeholder_list(pbt__text *out, const pbt_space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        pbt__text_format(out, "{%s} ", space->parameters[i].name);
    }
    for (size_t i = 0; i < PBT__PLACEHOLDER_COUNT; i++) {
        pbt__text_format(out, "%s{%s}", i > 0 ? " " : "", pbt__placeholders[i].name);
    }
}

const char *pbt__placeholder_next(const char *argument, size_t *at, size_t *length)
{
    for (const char *each = argument + *at; *each != '\0'; each++) {
        if ((*each == '{' || *each == '}') && each[1] == *each) {
            each++;
        } else if (*each == '{') {
            const size_t found = strcspn(each + 1, "{}");
            if (each[1 + found] == '}') {
                *length = found;
                *at = (size_t)(each + 2 + found - argument);
                return each + 1;
            }
        }
    }
    return NULL;
}

/* ---- other languages' forms ---- */

/* The longer ones first. A conversion's letter after "%(name)" belongs to it. */
static const struct {
    const char *open, *close;
    bool is_filled, is_shell;
} forms[] = {
    {"${{", "}}", false, true}, {"{{", "}}", false, false}, {"${", "}", true, true},
    {"$(", ")", false, true},   {"%(", ")", false, false},  {"<", ">", false, true},
    {"%", "%", false, true},    {"@", "@", false, false},   {"$", "", false, true},
};

static size_t identifier_length(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    const size_t length = strspn(text, letters);
    const bool goes_on = text[length] >= 'A' && text[length] <= 'Z';
    return goes_on ? 0 : length;
}

static bool read_form(const pbt_space *space, const char *at, size_t form, pbt__foreign *out)
{
    const size_t open = strlen(forms[form].open), close = strlen(forms[form].close);
    if (strncmp(at, forms[form].open, open) != 0) {
        return false;
    }
    const size_t name = identifier_length(at + open);
    const char *behind = at + open + name;
    if (name == 0 || strncmp(behind, forms[form].close, close) != 0) {
        return false;
    }
    behind += close;
    if (strcmp(forms[form].open, "%(") == 0 && *behind != '\0') {
        behind += strchr("sdfger", *behind) != NULL;
    }
    *out = (pbt__foreign){
        .index = pbt__placeholder_find(space, at + open, name),
        .begin = at,
        .length = (int32_t)(behind - at),
        .name = at + open,
        .name_length = (int32_t)name,
        .is_filled = forms[form].is_filled,
        .is_shell = forms[form].is_shell,
    };
    return out->index >= 0;
}

bool pbt__foreign_next(const pbt_space *space, const char *argument, size_t *at, pbt__foreign *out)
{
    for (const char *each = argument + *at; *each != '\0'; each++) {
        for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
            if (read_form(space, each, form, out)) {
                *at = (size_t)(each + out->length - argument);
                return true;
            }
        }
        each += (*each == '{' || *each == '}') && each[1] == *each;
    }
    return false;
}
