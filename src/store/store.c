/* store.c: from a URL to a backend, and what works over every store alike. */
#include "store/store.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/backend.h"

#define ROW(scheme, place, offer) &pbt__##scheme##_ops,
static const pbt__store_ops *const BACKENDS[] = {PBT__STORES(ROW)};
enum { BACKEND_COUNT = sizeof(BACKENDS) / sizeof(BACKENDS[0]) };

/* Measure the scheme before a ':'; 0 if the URL is a plain file name. One letter is none. */
static size_t scheme_length(const char *url)
{
    size_t length = strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789+");
    return url[length] == ':' && length > 1 ? length : 0;
}

/* Find the backend of an URL, and the place that the URL names there. */
static pbt_err find_backend(const char *url, const pbt__store_ops **out, const char **place,
                            pbt_error *error)
{
    size_t length = scheme_length(url);
    *place = length == 0 ? url : url + length + 1;
    for (int i = 0; i < BACKEND_COUNT; i++) {
        const char *scheme = BACKENDS[i]->scheme;
        if (length == 0 || (strlen(scheme) == length && memcmp(scheme, url, length) == 0)) {
            *out = BACKENDS[i];
            return PBT_OK;
        }
    }
    pbt__fail(error, PBT_ERR_ARGUMENT, "there is no store of scheme '%.*s'",
              length > 32 ? 32 : (int)length, url);
    pbt__error_hint(error, "stores: %s; a file with a ':' in its name: ./FILE",
                    &PBT__STORES(PBT__STORE_FORM)[2]);
    return PBT_ERR_ARGUMENT;
}

const char *pbt__store_url_file(const char *url)
{
    const pbt__store_ops *ops = NULL;
    const char *place = NULL;
    const pbt_err err = find_backend(url, &ops, &place, NULL);
    return err == PBT_OK && ops->file != NULL ? place : NULL;
}

pbt_err pbt__store_open(const pbt__store_options *options, pbt__store **out, pbt_error *error)
{
    const pbt__store_ops *ops = NULL;
    const char *place = NULL;
    pbt__store *store = NULL;
    pbt_err err = find_backend(options->url, &ops, &place, error);
    if (err == PBT_OK) {
        err = ops->open(place, options, &store, error);
    }
    if (err == PBT_OK) {
        pbt__store_init(store, ops, options);
        *out = store;
    }
    return err;
}

/* ---- finding a study by name ---- */

enum { NAMES_SIZE = 200 };

typedef struct search {
    const char *name;
    pbt__study_row found;   /* id 0: not yet */
    char names[NAMES_SIZE]; /* those that fit, separated by ", " */
    bool is_cut;            /* some did not */
} search;

static void add_name(search *self, const char *name)
{
    size_t used = strlen(self->names);
    size_t room = NAMES_SIZE - used;
    int length = snprintf(self->names + used, room, "%s%s", used == 0 ? "" : ", ", name);
    if ((size_t)length >= room) {
        self->names[used] = '\0';
        self->is_cut = true;
    }
}

static pbt_err look_at(void *context, const pbt__study_row *row)
{
    search *self = context;
    if (strcmp(row->name, self->name) == 0) {
        self->found = *row;
    }
    if (!self->is_cut) {
        add_name(self, row->name);
    }
    return PBT_OK;
}

static pbt_err fail_not_found(const search *self, pbt_error *error)
{
    pbt__fail(error, PBT_ERR_NOT_FOUND, "there is no study '%.100s'", self->name);
    if (self->names[0] == '\0') {
        pbt__error_hint(error, "the store holds no study");
    } else {
        pbt__error_hint(error, "there are: %s%s", self->names, self->is_cut ? ", ..." : "");
    }
    return PBT_ERR_NOT_FOUND;
}

pbt_err pbt__store_find(pbt__store *store, const char *name, pbt__study_row *out, pbt_error *error)
{
    search self = {.name = name};
    pbt_err err = pbt__store_list(store, look_at, &self, error);
    if (err != PBT_OK) {
        return err;
    }
    if (self.found.id == 0) {
        return fail_not_found(&self, error);
    }
    *out = self.found;
    return PBT_OK;
}
