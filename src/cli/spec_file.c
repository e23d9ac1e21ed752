/*
 * spec_file.c: reading a spec and printing its errors and warnings.
 *
 * They are printed in the order of the text, each with its place and hint. A last line counts them.
 */
#include "cli/spec_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/format.h"
#include "render/print.h"

const char *pbt__spec_file_home(void)
{
    const char *home = getenv("HOME");
    return home != NULL && home[0] == '/' ? home : NULL;
}

void pbt__spec_file_read(const char *path, pbt__spec_file *out)
{
    *out = (pbt__spec_file){.spec = NULL};
    (void)!pbt__spec_load(path, pbt__spec_file_home(), &out->complaints, &out->spec, &out->error);
    const pbt_error *first = pbt__complaints_first(&out->complaints);
    if (out->spec != NULL && first != NULL) {
        out->error = *first;
    }
}

void pbt__spec_file_fini(pbt__spec_file *file)
{
    pbt_spec_free(file->spec);
    file->spec = NULL;
}

bool pbt__spec_file_is_refused(const pbt__spec_file *file)
{
    return file->spec == NULL || file->complaints.error_count > 0;
}

/* ---- printing ---- */

static void print_complaint(const pbt__complaint *complaint, bool is_warning)
{
    const pbt_error *error = &complaint->error;
    if (!is_warning) {
        (void)pbt__print_error(error);
        return;
    }
    fprintf(stderr, "pbt: warning: %s\n", error->message);
    pbt__print_hint(error);
}

/* "3 errors, 1 warning in 's.yaml'", where there is more than one. */
static void print_sum(const pbt__complaints *complaints, int32_t errors, int32_t warnings,
                      const char *path)
{
    char error_count[PBT__CELL_SIZE], warning_count[PBT__CELL_SIZE];
    if (errors + warnings < 2) {
        return;
    }
    pbt__format_count(errors, "error", error_count);
    pbt__format_count(warnings, "warning", warning_count);
    fprintf(stderr, "pbt: %s%s%s in '%s'", errors > 0 ? error_count : "",
            errors > 0 && warnings > 0 ? ", " : "", warnings > 0 ? warning_count : "", path);
    if (errors + warnings > complaints->count) {
        fprintf(stderr, "; the first %d are shown", (int)complaints->count);
    }
    fputc('\n', stderr);
}

static void print_all(const pbt__complaints *complaints, bool are_warnings, const char *path)
{
    const int32_t errors = are_warnings ? 0 : complaints->error_count;
    fflush(stdout);
    for (int32_t i = 0; i < complaints->count; i++) {
        print_complaint(&complaints->items[i], are_warnings || complaints->items[i].is_warning);
    }
    print_sum(complaints, errors, complaints->error_count + complaints->warning_count - errors,
              path);
}

int pbt__spec_file_print(const pbt__spec_file *file, const char *path)
{
    print_all(&file->complaints, false, path);
    if (!pbt__spec_file_is_refused(file)) {
        return 0;
    }
    return file->complaints.error_count == 0 ? pbt__print_error(&file->error)
                                             : pbt__exit_status(file->error.code);
}

void pbt__spec_file_warn(const pbt__spec_file *file, const char *path)
{
    print_all(&file->complaints, true, path);
}

/* ---- JSON ---- */

static json_t *complaint_json(const pbt__complaint *complaint)
{
    const pbt_error *error = &complaint->error;
    char hint[PBT__HINT_SIZE];
    pbt__hint_words(error->hint, hint);
    return json_pack("{s:i, s:i, s:s, s:s?, s:s?}", "line", (int)complaint->line, "column",
                     (int)complaint->column, "message", error->message, "detail",
                     error->detail[0] != '\0' ? error->detail : NULL, "hint",
                     hint[0] != '\0' ? hint : NULL);
}

json_t *pbt__spec_file_list(const pbt__spec_file *file, bool is_warning)
{
    json_t *list = json_array();
    for (int32_t i = 0; list != NULL && i < file->complaints.count; i++) {
        const pbt__complaint *each = &file->complaints.items[i];
        if (each->is_warning == is_warning &&
            json_array_append_new(list, complaint_json(each)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}
