/*
 * load.c: a spec from its file.
 *
 * A program that uses the library gets the first error. The command line gets all errors and
 * warnings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "spec/reader.h"

/* Write the folder part of a path; "." where it has none. */
static void folder_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == NULL) {
        (void)snprintf(out, PBT__PATH_SIZE, ".");
    } else {
        (void)snprintf(out, PBT__PATH_SIZE, "%.*s", length == 0 ? 1 : (int)length, path);
    }
}

/* Read a file that may hold a spec. Owner: the caller frees `*out`. */
static pbt_err read_file(const char *path, char **out, pbt_error *error)
{
    if (strlen(path) >= PBT__PATH_SIZE) {
        return pbt__fail(error, PBT_ERR_IO, "path of %zu bytes is too long", strlen(path));
    }
    char *text = NULL;
    size_t length = 0;
    pbt_err err = pbt__file_read_stream(path, PBT__SPEC_MAXIMUM, &text, &length, error);
    if (err == PBT_ERR_LIMIT) {
        return pbt__fail(error, PBT_ERR_SPEC, "%.100s:1:1: more than %d bytes", path,
                         PBT__SPEC_MAXIMUM);
    }
    if (err != PBT_OK) {
        if (error != NULL && err == PBT_ERR_NOT_FOUND) {
            error->code = PBT_ERR_IO;
        }
        return err == PBT_ERR_NOT_FOUND ? PBT_ERR_IO : err;
    }
    if (memchr(text, '\0', length) != NULL) {
        free(text);
        return pbt__fail(error, PBT_ERR_SPEC, "%.100s:1:1: the file holds a NUL", path);
    }
    *out = text;
    return PBT_OK;
}

pbt_err pbt_spec_read(const char *path, pbt_spec **out, pbt_error *error)
{
    char *text = NULL;
    pbt_err err = read_file(path, &text, error);
    if (err != PBT_OK) {
        return err;
    }
    char folder[PBT__PATH_SIZE];
    folder_of(path, folder);
    err = pbt__spec_parse(text, path, folder, out, error);
    free(text);
    return err;
}

/* ---- with all that is wrong ---- */

/* Make the spec of the text with `~` expanded; messages keep the places of the original text.
 * Replaces `*spec`. */
static pbt_err take_expanded(pbt_spec **spec, const char *expanded, pbt_error *error)
{
    pbt_spec *again = NULL;
    const pbt__origin *origin = pbt__spec_origin(*spec);
    pbt_err err = pbt__spec_parse(expanded, origin->file, (*spec)->folder, &again, error);
    if (err == PBT_OK) {
        pbt__origin *of = pbt__spec_origin(again);
        of->written = pbt__arena_copy(of->arena, (*spec)->source, strlen((*spec)->source));
        memcpy(of->keys, origin->keys, sizeof of->keys);
        err = of->written != NULL ? PBT_OK : pbt__fail_memory(error);
    }
    pbt_spec_free(*spec);
    *spec = again;
    return err;
}

/* Return the first error in the text's order. */
static pbt_err finish(const pbt__complaints *complaints, pbt_err err, pbt_error *error)
{
    const pbt_error *first = pbt__complaints_first(complaints);
    if (err == PBT_ERR_SPEC && first != NULL && error != NULL) {
        *error = *first;
    }
    return err;
}

pbt_err pbt__spec_load(const char *path, const char *home, pbt__complaints *complaints,
                       pbt_spec **out, pbt_error *error)
{
    char *text = NULL;
    pbt_spec *spec = NULL;
    pbt_error scratch = {.code = PBT_OK};
    pbt_err err = read_file(path, &text, error);
    if (err != PBT_OK) {
        return err;
    }
    char folder[PBT__PATH_SIZE];
    folder_of(path, folder);
    pbt__findings findings = {.complaints = complaints, .home = home};
    err = pbt__spec_make(text, path, folder, &findings, &spec, &scratch);
    free(text);
    if (err == PBT_OK && findings.expanded != NULL) {
        err = take_expanded(&spec, findings.expanded, &scratch);
    }
    if (err != PBT_OK) {
        pbt_spec_free(spec);
        if (error != NULL) {
            *error = scratch;
        }
        return finish(complaints, err, error);
    }
    *out = spec;
    return PBT_OK;
}
