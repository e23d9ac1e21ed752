/* schedule.c: `pbt schedule`: the hyperparameters along one lineage, for people or to be used
 * again. */
#include <string.h>

#include "base/error.h"
#include "cli/asked.h"
#include "render/print.h"
#include "render/rows.h"
#include "study/schedule.h"

enum { SCHEDULE_MAXIMUM = 1 << 30 }; /* Units: bytes */

static const pbt__row_column COLUMNS[] = {
    {"from", "start_age"},
    {"to", "end_age"},
    {"segment", "segment"},
};

static const struct {
    const char *name;
    void (*write)(const json_t *schedule, pbt__text *out);
} FORMATS[] = {
    {"csv", pbt__schedule_csv},
    {"json", pbt__schedule_json},
    {"yaml", pbt__schedule_yaml},
};

static pbt_err print_schedule(const json_t *schedule, const char *format, const pbt_space *space,
                              pbt_error *error)
{
    pbt__text text = pbt__text_init(SCHEDULE_MAXIMUM);
    if (format == NULL) {
        pbt__rows_write(json_object_get(schedule, "rows"), COLUMNS,
                        sizeof COLUMNS / sizeof COLUMNS[0], space, &text);
        return pbt__print_text(&text, error);
    }
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        if (strcmp(format, FORMATS[i].name) == 0) {
            FORMATS[i].write(schedule, &text);
            return pbt__print_text(&text, error);
        }
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "unknown format '%.40s'", format);
    pbt__error_hint(error, "--format is csv, json or yaml");
    return PBT_ERR_ARGUMENT;
}

/* The value of --format; NULL: text. */
static pbt_err choose_format(const pbt__arguments *arguments, const char **out, pbt_error *error)
{
    const char *format = arguments->values[PBT__OPTION_FORMAT];
    const bool is_json = arguments->has[PBT__OPTION_JSON];
    if (is_json && format != NULL && strcmp(format, "json") != 0) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "use --json or --format %.40s, not both", format);
    }
    *out = is_json ? "json" : format;
    return PBT_OK;
}

static pbt_err print_asked(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    const char *format = NULL;
    pbt_err err = choose_format(arguments, &format, error);
    return err == PBT_OK
               ? print_schedule(asked->told.answer, format, &asked->told.spec->search.space, error)
               : err;
}

int pbt__command_schedule(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    const char *format = NULL;
    pbt_segment_id id = PBT_NO_SEGMENT;
    pbt_err err = choose_format(arguments, &format, &error);
    if (err == PBT_OK) {
        err = pbt__arguments_lineage(arguments, &id, &error);
    }
    return err == PBT_OK ? pbt__ask_to_show(arguments, "schedule", id, print_asked)
                         : pbt__print_error(&error);
}
