/*
 * compare.c: a spec's file compared with the spec in force in a study.
 *
 * Keys that the file does not name stay as they are. So an amended study goes on with its original
 * file, unless the file names another value.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "spec/reader.h"

enum {
    TEXT_MAXIMUM = 4 * PBT__SPEC_MAXIMUM, /* Units: bytes */
    PATH_SIZE = 96,
    SHOWN = 60,     /* Units: bytes of a value in a message with their NUL */
    DETAILED = 230, /* ... and in its detail */
};

struct comparison {
    const pbt_spec *file;
    const pbt_spec *study;
    const pbt__key *first; /* of the keys that differ, or NULL; one that cannot be amended if any */
    int count;             /* of keys that differ */
    pbt__text amendments;  /* " 'key=value'" for each */
    pbt_error *error;
};

/* ---- keys that differ ---- */

static bool is_safe(const char *text)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "_./=+-";
    return text[strspn(text, safe)] == '\0';
}

/* Add one argument of a command line, quoted for a shell where it needs to be. */
static void add_amendment(pbt__text *out, const char *key, const char *value)
{
    if (is_safe(value)) {
        pbt__text_format(out, " %s=%s", key, value);
        return;
    }
    pbt__text_format(out, " '%s=", key);
    for (const char *each = value; *each != '\0'; each++) {
        pbt__text_format(out, *each == '\'' ? "'\\''" : "%c", *each);
    }
    pbt__text_add(out, "'");
}

static bool can_amend(const pbt__key *key)
{
    return (key->flags & PBT__KEY_AMENDABLE) != 0;
}

static void note_difference(struct comparison *comparison, const pbt__key *key, const char *file)
{
    const pbt__key *first = comparison->first;
    const bool is_worse = first != NULL && can_amend(first) && !can_amend(key);
    comparison->first = first == NULL || is_worse ? key : first;
    comparison->count++;
    add_amendment(&comparison->amendments, key->path, file);
}

static bool is_given(const pbt_spec *spec, const pbt__key *key)
{
    return pbt__spec_origin(spec)->keys[pbt__key_index(key)].line != 0;
}

static pbt_err compare_key(struct comparison *comparison, const pbt__key *key)
{
    char *file = NULL;
    char *study = NULL;
    pbt_err err = pbt__spec_value(comparison->file, key->path, &file, comparison->error);
    if (err == PBT_OK) {
        err = pbt__spec_value(comparison->study, key->path, &study, comparison->error);
    }
    if (err == PBT_OK && strcmp(file, study) != 0) {
        note_difference(comparison, key, file);
    }
    free(file);
    free(study);
    return err;
}

/* ---- saying so ---- */

/* One difference in words: where, its name, and both values; an empty value is one that is
 * absent. */
struct difference {
    pbt__spot place;
    char path[PATH_SIZE];
    pbt__text file, study;
};

static void set_path(struct difference *out, const char *format, const char *name, int index)
{
    pbt__text path = pbt__text_init(PATH_SIZE - 1);
    if (name != NULL) {
        pbt__text_format(&path, "%s.%s", format, name);
    } else {
        pbt__text_format(&path, "%s[%d]", format, index);
    }
    memcpy(out->path, pbt__text_string(&path), path.length + 1);
    pbt__text_fini(&path);
}

static bool differs(const struct difference *difference)
{
    return strcmp(pbt__text_string(&difference->file), pbt__text_string(&difference->study)) != 0;
}

static void restart(struct difference *difference)
{
    pbt__text_fini(&difference->file);
    pbt__text_fini(&difference->study);
}

static void write_named(pbt__text *out, const pbt_space *space, size_t index)
{
    if (index < space->count) {
        pbt__text_format(out, "%s: ", space->parameters[index].name);
        pbt__write_parameter(out, PBT__YAML, &space->parameters[index]);
    }
}

/* Find the first hyperparameter that differs. Their order counts: random numbers follow it. */
static void find_parameter(const struct comparison *comparison, struct difference *out)
{
    const pbt_space *file = &comparison->file->search.space;
    const pbt_space *study = &comparison->study->search.space;
    for (size_t i = 0; i < file->count || i < study->count; i++) {
        write_named(&out->file, file, i);
        write_named(&out->study, study, i);
        if (differs(out)) {
            const pbt_space *named = i < file->count ? file : study;
            set_path(out, "hyperparameters", named->parameters[i].name, 0);
            if (i < file->count) {
                out->place = pbt__spec_origin(comparison->file)->parameters[i];
            }
            return;
        }
        restart(out);
    }
}

static void find_start(const struct comparison *comparison, struct difference *out)
{
    const pbt_search *file = &comparison->file->search;
    const pbt_search *study = &comparison->study->search;
    for (int32_t i = 0; i < file->start_count || i < study->start_count; i++) {
        if (i < file->start_count) {
            pbt__write_start(&out->file, PBT__YAML, &file->space, &file->starts[i]);
        }
        if (i < study->start_count) {
            pbt__write_start(&out->study, PBT__YAML, &study->space, &study->starts[i]);
        }
        if (differs(out)) {
            set_path(out, "start", NULL, i);
            if (i < file->start_count) {
                out->place = pbt__spec_origin(comparison->file)->starts[i];
            }
            return;
        }
        restart(out);
    }
}

static void find_difference(const struct comparison *comparison, struct difference *out)
{
    const pbt__key *key = comparison->first;
    out->place = pbt__spec_place(comparison->file, key);
    if (key->kind == PBT__KIND_SPACE) {
        find_parameter(comparison, out);
    } else if (key->kind == PBT__KIND_STARTS) {
        find_start(comparison, out);
    } else {
        memcpy(out->path, key->path, strlen(key->path) + 1);
        pbt__write_key(&out->file, PBT__YAML, comparison->file, key);
        pbt__write_key(&out->study, PBT__YAML, comparison->study, key);
    }
}

/* Both remedies: change the file, or amend the study. */
static void hint_remedy(const struct comparison *comparison, const pbt__text *study)
{
    const char *name = comparison->study->name;
    pbt_error *error = comparison->error;
    const bool is_short = comparison->count == 1 && study->length > 0 && study->length < SHOWN;
    const char *value = is_short ? pbt__text_string(study) : "";
    const char *all = pbt__text_string(&comparison->amendments);
    const size_t words = sizeof "change the spec to the study's values, or: `amend `";
    if (!can_amend(comparison->first)) {
        pbt__error_hint(error,
                        "what differs cannot change in a study: give the spec another 'name'");
    } else if (words + strlen(value) + strlen(name) + strlen(all) > sizeof error->hint) {
        pbt__error_hint(error,
                        "change the spec to the study's values, or: `amend %s KEY=VALUE ...` "
                        "for every key that differs, beginning with '%s'",
                        name, comparison->first->path);
    } else if (is_short) {
        pbt__error_hint(error, "write %s into the spec, as the study has it, or: `amend %s%s`",
                        value, name, all);
    } else {
        pbt__error_hint(error, "change the spec to the study's values, or: `amend %s%s`", name,
                        all);
    }
}

/* Shape: out[size] */
static void cut_value(const pbt__text *value, size_t size, char *out)
{
    pbt__cut(value->length > 0 ? pbt__text_string(value) : "nothing", size, out);
}

static pbt_err refuse_difference(const struct comparison *comparison)
{
    struct difference found = {
        .file = pbt__text_init(TEXT_MAXIMUM),
        .study = pbt__text_init(TEXT_MAXIMUM),
    };
    const pbt__reader reader = {
        .file = pbt__spec_origin(comparison->file)->file,
        .error = comparison->error,
    };
    char file[DETAILED];
    char study[DETAILED];
    find_difference(comparison, &found);
    cut_value(&found.file, SHOWN, file);
    cut_value(&found.study, SHOWN, study);
    pbt_err err = pbt__refuse(&reader, found.place, "%s: found %s; the study has %s", found.path,
                              file, study);
    cut_value(&found.file, DETAILED, file);
    cut_value(&found.study, DETAILED, study);
    pbt__error_detail(comparison->error, "found %s; the study has %s", file, study);
    hint_remedy(comparison, &found.study);
    restart(&found);
    return err;
}

static pbt_err compare_specs(const pbt_spec *file, const pbt_spec *study, pbt_error *error)
{
    struct comparison comparison = {
        .file = file,
        .study = study,
        .amendments = pbt__text_init(TEXT_MAXIMUM),
        .error = error,
    };
    pbt_err err = PBT_OK;
    for (const pbt__key *key = pbt__key_next(NULL); err == PBT_OK && key != NULL;
         key = pbt__key_next(key)) {
        if (key->kind != PBT__KIND_MAP && is_given(file, key) && pbt__key_applies(file, key)) {
            err = compare_key(&comparison, key);
        }
    }
    if (err == PBT_OK && comparison.first != NULL) {
        err = refuse_difference(&comparison);
    }
    pbt__text_fini(&comparison.amendments);
    return err;
}

/* An old study has paths with `~` unexpanded. */
static bool is_as_written(const pbt_spec *file, const pbt_spec *study)
{
    pbt_spec *written = NULL;
    const pbt__origin *origin = pbt__spec_origin(file);
    if (origin->written == NULL ||
        pbt__spec_parse(origin->written, origin->file, file->folder, &written, NULL) != PBT_OK) {
        return false;
    }
    const bool is_same = compare_specs(written, study, NULL) == PBT_OK;
    pbt_spec_free(written);
    return is_same;
}

pbt_err pbt__spec_compare(const pbt_spec *file, const pbt_spec *study, pbt_error *error)
{
    pbt_err err = compare_specs(file, study, error);
    return err == PBT_ERR_SPEC && is_as_written(file, study) ? PBT_OK : err;
}
