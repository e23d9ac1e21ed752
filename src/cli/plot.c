/* plot.c: `pbt plot`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/asked.h"
#include "plot/gnuplot.h"
#include "plot/picture.h"
#include "render/format.h"
#include "render/print.h"

enum { SCRIPT_MAXIMUM = 1 << 28, FACTS_SIZE = 768 }; /* Units: bytes */

static pbt_err choose_kind(const pbt__arguments *arguments, pbt__picture_kind *out,
                           pbt_error *error)
{
    const char *name = arguments->values[PBT__OPTION_KIND];
    for (int kind = 0; kind < PBT__PICTURE_COUNT; kind++) {
        if (name == NULL || strcmp(name, pbt__picture_name((pbt__picture_kind)kind)) == 0) {
            *out = (pbt__picture_kind)kind;
            return PBT_OK;
        }
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "unknown kind of picture '%s'", name);
    pbt__error_hint(error, "--kind takes summary, scores, schedules or lineage");
    return PBT_ERR_ARGUMENT;
}

/* What colours the lineage: the score if nothing else is said. */
static pbt_err choose_color(const pbt__arguments *arguments, const pbt_space *space,
                            pbt__picture_kind kind, const pbt_parameter **out, pbt_error *error)
{
    const char *name = arguments->values[PBT__OPTION_COLOR];
    *out = NULL;
    if (name != NULL && kind != PBT__PICTURE_SUMMARY && kind != PBT__PICTURE_LINEAGE) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "--color cannot be used with --kind %s",
                        pbt__picture_name(kind));
        pbt__error_hint(error, "it applies to 'lineage' and 'summary'");
        return PBT_ERR_ARGUMENT;
    }
    if (name == NULL || strcmp(name, "score") == 0) {
        return PBT_OK;
    }
    for (size_t i = 0; i < space->count; i++) {
        if (strcmp(space->parameters[i].name, name) == 0) {
            *out = &space->parameters[i];
            return PBT_OK;
        }
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "no hyperparameter is called '%s'", name);
    pbt__error_hint(error, "--color takes 'score' or a hyperparameter's name");
    return PBT_ERR_ARGUMENT;
}

/* Say in two lines what is seen. Shape: facts[2][FACTS_SIZE] */
static void write_facts(const pbt_spec *spec, const pbt__summary *summary, const pbt__trace *trace,
                        char facts[2][FACTS_SIZE])
{
    char members[PBT__CELL_SIZE], segments[PBT__CELL_SIZE], copies[PBT__CELL_SIZE];
    char progress[PBT__CELL_SIZE];
    pbt__format_progress(summary, progress);
    pbt__format_count(summary->member_count, "member", members);
    pbt__format_count(summary->segment_count, "segment", segments);
    pbt__format_count(summary->exploit_count, "copy", copies);
    (void)snprintf(
        facts[0], FACTS_SIZE, "%s, %s, exploit %s, explore %s; %s, %s, %s, %" PRId32 " failed",
        members, pbt_mode_name(spec->search.mode), pbt_exploit_rule_name(spec->search.exploit.rule),
        pbt_explore_rule_name(spec->search.explore.rule), progress, segments, copies,
        summary->failed_count);
    facts[1][0] = '\0';
    if (trace->winner >= 0) {
        (void)snprintf(facts[1], FACTS_SIZE,
                       "best: %s %.6g by m%" PRId32 "s%" PRId32 " at age %" PRId64, spec->metric,
                       summary->best.score, summary->best.id.member, summary->best.id.number,
                       summary->best.end_age);
    }
}

static pbt_err draw(const pbt__picture *picture, pbt__picture_kind kind, const char *path,
                    pbt_error *error)
{
    int width = 0, height = 0;
    pbt__text script = pbt__text_init(SCRIPT_MAXIMUM);
    pbt_err err = pbt__picture_write(picture, kind, &script, &width, &height, error);
    if (err == PBT_OK) {
        err = pbt__gnuplot_draw(&script, width, height, path, error);
    }
    pbt__text_fini(&script);
    return err;
}

static pbt_err read_trace(const pbt__row_list *rows, pbt__trace *out, pbt_error *error)
{
    pbt_err err = pbt__trace_read(out, rows, error);
    if (err == PBT_OK && out->count == 0) {
        pbt__trace_fini(out);
        err = pbt__fail(error, PBT_ERR_NOT_FOUND, "nothing to draw yet: no segment was reported");
    }
    return err;
}

static pbt_err plot(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    const pbt__told *told = &asked->told;
    const pbt_spec *spec = told->spec;
    char facts[2][FACTS_SIZE];
    pbt__summary summary;
    pbt__trace trace;
    pbt__picture_kind kind = PBT__PICTURE_SUMMARY;
    pbt__picture picture = {
        .trace = &trace,
        .title = spec->name,
        .facts = {facts[0], facts[1]},
        .metric = spec->metric,
        .direction = spec->search.direction,
    };
    pbt_err err = choose_kind(arguments, &kind, error);
    if (err == PBT_OK) {
        err = choose_color(arguments, told->rows.space, kind, &picture.color, error);
    }
    if (err == PBT_OK) {
        err = pbt__summary_read(json_object_get(told->answer, "show"), &summary, error);
    }
    if (err == PBT_OK) {
        err = read_trace(&told->rows, &trace, error);
    }
    if (err == PBT_OK) {
        write_facts(spec, &summary, &trace, facts);
        err = draw(&picture, kind, arguments->values[PBT__OPTION_OUTPUT], error);
        pbt__trace_fini(&trace);
    }
    if (err == PBT_OK) {
        printf("%s: drawn to %s\n", spec->name, arguments->values[PBT__OPTION_OUTPUT]);
    }
    return err;
}

/* Check what needs no study first: a wrong ending should not wait for a large log. */
static pbt_err check_output(const pbt__arguments *arguments, pbt_error *error)
{
    const char *path = arguments->values[PBT__OPTION_OUTPUT];
    if (path == NULL) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "option '--output FILE' is required");
        pbt__error_hint(error, "such as --output study.svg");
        return PBT_ERR_ARGUMENT;
    }
    return pbt__gnuplot_check(path, error);
}

int pbt__command_plot(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    if (check_output(arguments, &error) != PBT_OK) {
        return pbt__print_error(&error);
    }
    return pbt__ask_to_show(arguments, "show,segments", PBT_NO_SEGMENT, plot);
}
