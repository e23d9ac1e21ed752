/* check.c: `pbt check`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/spec_file.h"
#include "executor/gpus.h"
#include "render/format.h"
#include "render/print.h"
#include "study/json.h"

/* Another machine may be the one that trains, so this is a warning. */
static void look_for_gpus(pbt__spec_file *file)
{
    pbt__gpus gpus;
    const int32_t asked = file->spec != NULL ? file->spec->trainer.gpus : 0;
    if (asked == 0 || pbt__gpus_find(NULL, &gpus, NULL) != PBT_OK) {
        return;
    }
    if (gpus.count < asked) {
        char count[PBT__CELL_SIZE], what[2 * PBT__CELL_SIZE];
        pbt__format_count(gpus.count, "GPU", count);
        (void)snprintf(what, sizeof what, "found %d, but this machine has %s", (int)asked,
                       gpus.count == 0 ? "no GPU" : count);
        pbt__spec_warn(file->spec, "trainer.gpus", what, "delete it to train without GPUs",
                       &file->complaints);
    }
    pbt__gpus_fini(&gpus);
}

/* What is wrong, as the last entries of an object that is open. */
static pbt_err print_complaints(const pbt__spec_file *file, pbt_error *error)
{
    json_t *complaints = json_pack("{s:o, s:o}", "errors", pbt__spec_file_list(file, false),
                                   "warnings", pbt__spec_file_list(file, true));
    char *text = complaints != NULL ? pbt__json_write(complaints) : NULL;
    json_decref(complaints);
    if (text == NULL) {
        return pbt__fail_memory(error);
    }
    puts(text + 1); /* the brace that opens it was printed before */
    free(text);
    return PBT_OK;
}

static pbt_err print_json(const pbt__spec_file *file, pbt_error *error)
{
    char *text = NULL;
    if (pbt__spec_file_is_refused(file)) {
        printf("{");
        return print_complaints(file, error);
    }
    pbt_err err = pbt__spec_describe_json(file->spec, &text, error);
    if (err == PBT_OK) {
        printf("%.*s, ", (int)strlen(text) - 1, text);
        err = print_complaints(file, error);
    }
    free(text);
    return err;
}

static pbt_err print_words(const pbt__spec_file *file, pbt_error *error)
{
    char *text = NULL;
    if (pbt__spec_file_is_refused(file)) {
        return PBT_OK;
    }
    pbt_err err = pbt__spec_describe(file->spec, &text, error);
    if (err == PBT_OK) {
        size_t length = strlen(text);
        bool is_ended = length > 0 && text[length - 1] == '\n';
        printf("%s%s", text, is_ended ? "" : "\n");
    }
    free(text);
    return err;
}

int pbt__command_check(const pbt__arguments *arguments)
{
    pbt__spec_file file;
    pbt_error error = {0};
    const char *path = arguments->operands[0];
    pbt__spec_file_read(path, &file);
    look_for_gpus(&file);
    pbt_err err =
        arguments->has[PBT__OPTION_JSON] ? print_json(&file, &error) : print_words(&file, &error);
    int status = pbt__spec_file_print(&file, path);
    pbt__spec_file_fini(&file);
    return err != PBT_OK ? pbt__print_error(&error) : status;
}
