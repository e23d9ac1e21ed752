/*
 * generate.c: writes manual pages when pbt is built; it is not installed.
 *
 *     generate man1|man5 FOLDER        every page of that section, in a folder made anew
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/manual.h"
#include "render/print.h"

enum { TEXT_MAXIMUM = 1024 * 1024 };

static pbt_err write_file(const char *path, pbt__text *text, pbt_error *error)
{
    pbt_err err = text->failed ? pbt__fail_memory(error)
                               : pbt__file_write(path, text->bytes, text->length, error);
    pbt__text_fini(text);
    return err;
}

static pbt_err make_folder(const char *folder, pbt_error *error)
{
    pbt_err err = pbt__file_remove(folder, error);
    return err == PBT_OK ? pbt__file_make_folder(folder, error) : err;
}

static pbt_err write_command(const char *folder, const pbt__command *command, pbt_error *error)
{
    char name[64], file[80], path[PBT__PATH_SIZE];
    pbt__manual_name(command, name, sizeof name);
    snprintf(file, sizeof file, "%s.1", name);
    pbt_err err = pbt__path_join(folder, file, path, error);
    if (err != PBT_OK) {
        return err;
    }
    pbt__text page = pbt__text_init(TEXT_MAXIMUM);
    pbt__manual_command(&page, command);
    return write_file(path, &page, error);
}

static pbt_err write_commands(const char *folder, pbt_error *error)
{
    pbt_err err = make_folder(folder, error);
    if (err == PBT_OK) {
        err = write_command(folder, &pbt__root_command, error);
    }
    for (size_t i = 0; i < PBT__COMMAND_COUNT && err == PBT_OK; i++) {
        err = write_command(folder, &pbt__commands[i], error);
    }
    return err;
}

static pbt_err write_formats(const char *folder, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_err err = make_folder(folder, error);
    if (err == PBT_OK) {
        err = pbt__path_join(folder, "pbt-spec.5", path, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    pbt__text page = pbt__text_init(TEXT_MAXIMUM);
    pbt__manual_spec(&page);
    return write_file(path, &page, error);
}

static pbt_err generate(const char *what, const char *path, pbt_error *error)
{
    if (strcmp(what, "man1") == 0) {
        return write_commands(path, error);
    }
    if (strcmp(what, "man5") == 0) {
        return write_formats(path, error);
    }
    return pbt__fail(error, PBT_ERR_ARGUMENT, "cannot generate '%s'", what);
}

int main(int count, char **arguments)
{
    pbt_error error = {.code = PBT_OK};
    if (count != 3) {
        (void)fputs("usage: generate man1|man5 FOLDER\n", stderr);
        return 2;
    }
    return generate(arguments[1], arguments[2], &error) == PBT_OK ? 0 : pbt__print_error(&error);
}
