/*
 * evidence.c: two results beside each other: a number of each, and their checkpoints.
 *
 * Numbers are short where that tells them apart, and exact where they differ late.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "render/format.h"
#include "study/json.h"
#include "try/trial.h"

/* ---- which number ---- */

static bool is_equal(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Find the metric to show: the objective where it differs, else the first that does, else the
 * objective. */
static const char *find_metric(const pbt__trial *trial, const pbt__evidence *evidence,
                               double *values)
{
    const json_t *metrics[] = {evidence->sides[0]->metrics, evidence->sides[1]->metrics};
    void *at = json_object_iter((json_t *)(uintptr_t)metrics[0]);
    values[0] = evidence->sides[0]->score;
    values[1] = evidence->sides[1]->score;
    while (is_equal(values[0], values[1]) && at != NULL) {
        const char *name = json_object_iter_key(at);
        const json_t *other = json_object_get(metrics[1], name);
        double pair[2] = {0};
        if (other != NULL && pbt__json_number_read(json_object_iter_value(at), &pair[0]) &&
            pbt__json_number_read(other, &pair[1]) && !is_equal(pair[0], pair[1])) {
            memcpy(values, pair, sizeof pair);
            return name;
        }
        at = json_object_iter_next((json_t *)(uintptr_t)metrics[0], at);
    }
    return trial->spec->metric;
}

/* ---- words ---- */

/* Write two numbers so that one sees how they differ. Shape: out[2][PBT__CELL_SIZE] */
static void write_values(const double *values, char (*out)[PBT__CELL_SIZE])
{
    enum { DIGITS_SHORT = 6, DIGITS_EXACT = 17 };
    const int tries[] = {DIGITS_SHORT, 9, 12, 15, DIGITS_EXACT};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        (void)snprintf(out[0], PBT__CELL_SIZE, "%.*g", tries[i], values[0]);
        (void)snprintf(out[1], PBT__CELL_SIZE, "%.*g", tries[i], values[1]);
        if (strcmp(out[0], out[1]) != 0 || is_equal(values[0], values[1])) {
            return;
        }
    }
}

static bool have_checkpoints(const pbt__evidence *evidence)
{
    return evidence->sides[0] != NULL && evidence->sides[0]->digest[0] != '\0' &&
           evidence->sides[1]->digest[0] != '\0';
}

static bool are_bytes_equal(const pbt__evidence *evidence)
{
    return strcmp(evidence->sides[0]->digest, evidence->sides[1]->digest) == 0;
}

void pbt__evidence_write(const pbt__trial *trial, const pbt__evidence *evidence, pbt__text *out)
{
    double values[2];
    char words[2][PBT__CELL_SIZE];
    if (evidence->sides[0] == NULL) {
        return;
    }
    const char *metric = find_metric(trial, evidence, values);
    const bool is_same = is_equal(values[0], values[1]);
    write_values(values, words);
    if (is_same && have_checkpoints(evidence) && !are_bytes_equal(evidence)) {
        pbt__text_format(out, "only the checkpoints' bytes differ; %s is %s in both", metric,
                         words[0]);
        return;
    }
    if (is_same) {
        pbt__text_format(out, "%s is %s in both", metric, words[0]);
    } else {
        pbt__text_format(out, "%s %s %s, %s %s", metric, words[0], evidence->names[0], words[1],
                         evidence->names[1]);
    }
    if (have_checkpoints(evidence)) {
        pbt__text_format(out, "; the checkpoints %s",
                         are_bytes_equal(evidence) ? "are the same" : "differ");
    }
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

void pbt__evidence_command(const pbt__evidence *evidence, pbt__text *out)
{
    if (have_checkpoints(evidence) && !are_bytes_equal(evidence)) {
        pbt__text_format(out, "%s %s %s", is_folder(evidence->sides[0]->place) ? "diff -r" : "cmp",
                         evidence->sides[0]->place, evidence->sides[1]->place);
    }
}

/* ---- JSON ---- */

json_t *pbt__evidence_json(const pbt__trial *trial, const pbt__evidence *evidence)
{
    double values[2];
    if (evidence->sides[0] == NULL) {
        return json_null();
    }
    const char *metric = find_metric(trial, evidence, values);
    return json_pack("{s:[s,s], s:s, s:[o,o], s:o, s:[s,s]}", "between", evidence->names[0],
                     evidence->names[1], "metric", metric, "values", pbt__json_number(values[0]),
                     pbt__json_number(values[1]), "same_bytes",
                     have_checkpoints(evidence) ? json_boolean(are_bytes_equal(evidence))
                                                : json_null(),
                     "checkpoints", evidence->sides[0]->place, evidence->sides[1]->place);
}
