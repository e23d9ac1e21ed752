/* rule.c: options, wherever they are kept. */
#include "core/rule.h"

#include <string.h>

static void *field_of(pbt_search *search, size_t offset)
{
    return (char *)search + offset;
}

static const void *field_of_const(const pbt_search *search, size_t offset)
{
    return (const char *)search + offset;
}

/* ---- named ---- */

static bool is_name(const pbt_option *named, const char *name)
{
    return strncmp(named->name, name, sizeof named->name) == 0;
}

static double named_value(const pbt_search *search, const pbt__rule_option *option)
{
    for (size_t i = 0; i < PBT_OPTIONS; i++) {
        if (is_name(&search->options[i], option->name)) {
            return search->options[i].value;
        }
    }
    return option->fallback;
}

static bool set_named(pbt_search *search, const pbt__rule_option *option, double value)
{
    for (size_t i = 0; i < PBT_OPTIONS; i++) {
        pbt_option *named = &search->options[i];
        if (named->name[0] == '\0' || is_name(named, option->name)) {
            strncpy(named->name, option->name, sizeof named->name - 1);
            named->value = value;
            return true;
        }
    }
    return false;
}

/* ---- all ---- */

double pbt__rule_value(const pbt_search *search, const pbt__rule_option *option)
{
    if (option->offset == PBT__RULE_NAMED) {
        return named_value(search, option);
    }
    const void *field = field_of_const(search, option->offset);
    return option->type == PBT__RULE_COUNT   ? *(const int32_t *)field
           : option->type == PBT__RULE_STEPS ? (double)*(const int64_t *)field
                                             : *(const double *)field;
}

bool pbt__rule_set(pbt_search *search, const pbt__rule_option *option, double value)
{
    if (option->offset == PBT__RULE_NAMED) {
        return set_named(search, option, value);
    }
    void *field = field_of(search, option->offset);
    if (option->type == PBT__RULE_COUNT) {
        *(int32_t *)field = (int32_t)value;
    } else if (option->type == PBT__RULE_STEPS) {
        *(int64_t *)field = (int64_t)value;
    } else {
        *(double *)field = value;
    }
    return true;
}

const double *pbt__rule_list(const pbt_search *search, const pbt__rule_option *option,
                             int32_t *count)
{
    *count = *(const int32_t *)field_of_const(search, option->count_offset);
    return *(const double *const *)field_of_const(search, option->offset);
}

void pbt__rule_set_list(pbt_search *search, const pbt__rule_option *option, const double *list,
                        int32_t count)
{
    *(const double **)field_of(search, option->offset) = list;
    *(int32_t *)field_of(search, option->count_offset) = count;
}

/* ---- rows ---- */

const pbt__exploit_row *pbt__exploit_row_of(const pbt_search *search)
{
    return pbt__exploit_rows[search->exploit.rule];
}

const pbt__explore_row *pbt__explore_row_of(const pbt_search *search)
{
    return pbt__explore_rows[search->explore.rule];
}

const pbt__rule *pbt__rule_at(size_t index)
{
    if (index < pbt__exploit_row_count) {
        return &pbt__exploit_rows[index]->rule;
    }
    index -= pbt__exploit_row_count;
    return index < pbt__explore_row_count ? &pbt__explore_rows[index]->rule : NULL;
}
