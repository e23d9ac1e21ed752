/* echo.c: hyperparameters that a trainer reports back, as metrics of the same names. */
#include <math.h>
#include <stdio.h>

#include "core/type.h"
#include "study/json.h"
#include "try/trial.h"

static const double ECHO_TOLERANCE = 1e-6; /* relative: a float of 32 bits will do */

/* A hyperparameter as a number; false if it is a text. */
static bool number_of(const pbt_parameter *parameter, pbt_value value, double *out)
{
    const pbt_item item = pbt__value_item(parameter, value);
    *out = item.type == PBT_ITEM_FLOAT ? item.real : (double)item.integer;
    return item.type != PBT_ITEM_TEXT;
}

static bool is_near(double a, double b)
{
    return fabs(a - b) <= ECHO_TOLERANCE * fmax(fabs(a), fabs(b));
}

/* Compare one segment's echo of one hyperparameter. Returns false if it has another value. */
static bool check_echo(const pbt__trained *trained, const pbt_parameter *parameter, pbt_value value,
                       bool *is_found, double *echoed)
{
    double wanted = 0;
    const json_t *metric = json_object_get(trained->metrics, parameter->name);
    if (metric == NULL || !pbt__json_number_read(metric, echoed) ||
        !number_of(parameter, value, &wanted)) {
        return true;
    }
    *is_found = true;
    return is_near(wanted, *echoed);
}

/* One segment and what it was given. */
typedef struct given {
    const pbt__trained *trained;
    pbt_value value;
} given;

static bool check_given(const pbt_parameter *parameter, const given *one, bool *is_found,
                        char *words, size_t size)
{
    double echoed = 0, wanted = 0;
    if (check_echo(one->trained, parameter, one->value, is_found, &echoed)) {
        return true;
    }
    (void)number_of(parameter, one->value, &wanted);
    (void)snprintf(words, size, "'%s' was to be %.6g, and the trainer says %.6g", parameter->name,
                   wanted, echoed);
    return false;
}

static bool check_parameter(const pbt__trial *trial, size_t index, bool *is_found, char *words,
                            size_t size)
{
    const pbt_parameter *parameter = &trial->spec->search.space.parameters[index];
    bool is_right = true;
    for (int i = 0; is_right && i < PBT__PROBE_COUNT * PBT__PROBE_MEMBERS * PBT__PROBE_SEGMENTS;
         i++) {
        const int member = i / PBT__PROBE_SEGMENTS % PBT__PROBE_MEMBERS;
        const pbt__probe_id id = (pbt__probe_id)(i / (PBT__PROBE_MEMBERS * PBT__PROBE_SEGMENTS));
        const given one = {pbt__trial_segment(trial, id, member, i % PBT__PROBE_SEGMENTS),
                           pbt__trial_values(trial, id, member)[index]};
        is_right = check_given(parameter, &one, is_found, words, size);
    }
    for (size_t i = 0; is_right && i < trial->variation_count; i++) {
        const pbt__variation *variation = &trial->variations[i];
        const bool is_this = variation->parameter == index;
        const given one = {&variation->probed.segments[0][1],
                           is_this ? variation->given : trial->low[index]};
        is_right = check_given(parameter, &one, is_found, words, size);
    }
    return is_right;
}

bool pbt__trial_echoes(const pbt__trial *trial, pbt__text *names, char *words, size_t size)
{
    const pbt_space *space = &trial->spec->search.space;
    for (size_t i = 0; i < space->count; i++) {
        bool is_found = false;
        if (!check_parameter(trial, i, &is_found, words, size)) {
            return false;
        }
        if (is_found) {
            pbt__text_format(names, "%s'%s'", names->length > 0 ? ", " : "",
                             space->parameters[i].name);
        }
    }
    return true;
}
