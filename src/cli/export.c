/* export.c: `pbt export`: into a folder aside, which is renamed once it is whole. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/asked.h"
#include "cli/remote.h"
#include "export/tables.h"
#include "render/print.h"

typedef struct format {
    const char *name;
    unsigned tables; /* a set of pbt__table_format; 0: TensorBoard runs */
} format;

static const format FORMATS[] = {
    {"csv", PBT__FORMAT_CSV},
    {"jsonl", PBT__FORMAT_JSONL},
    {"tensorboard", 0},
};
static const format DEFAULT = {NULL, PBT__FORMAT_CSV | PBT__FORMAT_JSONL};

static pbt_err read_format(const char *name, format *out, pbt_error *error)
{
    if (name == NULL) {
        *out = DEFAULT;
        return PBT_OK;
    }
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        if (strcmp(FORMATS[i].name, name) == 0) {
            *out = FORMATS[i];
            return PBT_OK;
        }
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "--format has no '%s'", name);
    pbt__error_hint(error, "csv, jsonl or tensorboard; without it, csv and jsonl");
    return PBT_ERR_ARGUMENT;
}

static pbt_err refuse_existing(const char *folder, pbt_error *error)
{
    struct stat status;
    if (lstat(folder, &status) != 0) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "'%s' exists already", folder);
    pbt__error_hint(error, "remove it, or name another folder");
    return PBT_ERR_ARGUMENT;
}

/* "DIR" without the slashes at its end, and a name beside it that no other process takes.
 * Shape: folder, aside [PBT__PATH_SIZE] */
static pbt_err name_folders(const char *output, char *folder, char *aside, pbt_error *error)
{
    pbt_err err = pbt__path_join("", output, folder, error);
    if (err != PBT_OK) {
        return err;
    }
    for (size_t end = strlen(folder); end > 1 && folder[end - 1] == '/'; end--) {
        folder[end - 1] = '\0';
    }
    int length = snprintf(aside, PBT__PATH_SIZE, "%s.part-%ld", folder, (long)getpid());
    return length < PBT__PATH_SIZE
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_LIMIT, "the name of the folder is too long");
}

/* The log goes with the tables, whoever has it. */
static pbt_err give_events(void *context, pbt__taker take, void *taker, pbt_error *error)
{
    const pbt__asked *asked = context;
    const pbt__subject *subject = &asked->subject;
    return subject->study != NULL
               ? pbt__study_events(subject->study, 0, take, taker, error)
               : pbt__remote_events(&subject->place, asked->told.name, take, taker, error);
}

static pbt_err write_aside(pbt__asked *asked, const format *as, const char *aside, pbt_error *error)
{
    const pbt__tables_source from = {&asked->told, give_events, asked};
    pbt_err err = pbt__file_make_folder(aside, error);
    if (err == PBT_OK && as->tables != 0) {
        err = pbt__tables_write(&from, as->tables, aside, error);
    } else if (err == PBT_OK) {
        err = pbt__tables_board(&asked->told, aside, error);
    }
    return err == PBT_OK ? pbt__file_sync(aside, error) : err;
}

static pbt_err export_study(pbt__asked *asked, const format *as, const char *output,
                            pbt_error *error)
{
    char folder[PBT__PATH_SIZE], aside[PBT__PATH_SIZE];
    pbt_err err = name_folders(output, folder, aside, error);
    if (err == PBT_OK) {
        err = refuse_existing(folder, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    err = write_aside(asked, as, aside, error);
    if (err == PBT_OK) {
        err = refuse_existing(folder, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_rename(aside, folder, error);
    }
    if (err != PBT_OK && pbt__file_remove(aside, NULL) != PBT_OK) {
        pbt__error_hint(error, "remove '%s'", aside);
    }
    if (err != PBT_OK) {
        return err;
    }
    printf("%s: exported to %s\n", asked->told.name, folder);
    return PBT_OK;
}

static pbt_err export(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    format as = DEFAULT;
    const char *output = arguments->values[PBT__OPTION_FOLDER];
    pbt_err err = read_format(arguments->values[PBT__OPTION_TABLES], &as, error);
    if (err == PBT_OK && (output == NULL || output[0] == '\0')) {
        err = pbt__fail(error, PBT_ERR_ARGUMENT, "option '--output DIR' is required");
        pbt__error_hint(error, "'pbt export %s --output DIR'", asked->told.name);
    }
    return err == PBT_OK ? export_study(asked, &as, output, error) : err;
}

int pbt__command_export(const pbt__arguments *arguments)
{
    return pbt__ask_to_show(arguments, PBT__TABLES_ASKS, PBT_NO_SEGMENT, export);
}
