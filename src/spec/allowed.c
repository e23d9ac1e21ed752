/* allowed.c: what a key may be, in words. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "spec/keys.h"

/* Numbers that are easier to read as a power. */
static void write_integer(double value, char *out, size_t size)
{
    if (value == PBT__INT64_MOST) {
        (void)snprintf(out, size, "2^63 - 1");
    } else if (value == PBT__STEPS_MOST) {
        (void)snprintf(out, size, "2^53");
    } else {
        (void)snprintf(out, size, "%" PRId64, (int64_t)value);
    }
}

static void integers_allowed(const pbt__key *key, char *out)
{
    char most[24];
    write_integer(key->most, most, sizeof most);
    if (key->least == key->most) {
        (void)snprintf(out, PBT__ALLOWED_SIZE, "%s", most);
        return;
    }
    (void)snprintf(out, PBT__ALLOWED_SIZE, "an integer from %" PRId64 " to %s", (int64_t)key->least,
                   most);
}

static void reals_allowed(const pbt__key *key, char *out)
{
    if (isinf(key->least)) {
        (void)snprintf(out, PBT__ALLOWED_SIZE, "a number");
        return;
    }
    const char *from = key->flags & PBT__KEY_ABOVE ? "above" : "from";
    if (isinf(key->most)) {
        (void)snprintf(out, PBT__ALLOWED_SIZE, "a number %s %.17g%s", from, key->least,
                       key->flags & PBT__KEY_ABOVE ? "" : " up");
        return;
    }
    (void)snprintf(out, PBT__ALLOWED_SIZE, "a number %s %.17g to %.17g", from, key->least,
                   key->most);
}

static void names_allowed(const pbt__key *key, const char *before, char *out)
{
    int length = snprintf(out, PBT__ALLOWED_SIZE, "%s", before);
    for (size_t i = 0; key->names[i] != NULL && length < PBT__ALLOWED_SIZE; i++) {
        length += snprintf(out + length, PBT__ALLOWED_SIZE - (size_t)length, "%s%s",
                           i > 0 ? ", " : "", key->names[i]);
    }
}

/* A key's name within its map. */
static const char *word_of(const pbt__key *key)
{
    const char *dot = strrchr(key->path, '.');
    return dot != NULL ? dot + 1 : key->path;
}

void pbt__key_entries(const pbt__key *map, char *out)
{
    int length = 0;
    out[0] = '\0';
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        if (pbt__key_map(key) == map && length < PBT__ALLOWED_SIZE) {
            length += snprintf(out + length, PBT__ALLOWED_SIZE - (size_t)length, "%s%s",
                               length > 0 ? ", " : "", word_of(key));
        }
    }
}

static void map_allowed(const pbt__key *map, char *out)
{
    char entries[PBT__ALLOWED_SIZE];
    pbt__key_entries(map, entries);
    (void)snprintf(out, PBT__ALLOWED_SIZE, "a map of %.140s", entries);
}

static const char *words_allowed(pbt__key_kind kind)
{
    switch (kind) {
    case PBT__KIND_SIZE:
        return "bytes as an integer, also with K, M, G or T (powers of 1024): 50G";
    case PBT__KIND_STUDY:
        return "a text of 1 to 64 of a-z, 0-9, '.', '_' and '-', the first a letter or a digit";
    case PBT__KIND_WORD:
        return "a text, not empty, without control characters";
    case PBT__KIND_NOTES:
        return "a text";
    case PBT__KIND_ARGUMENTS:
        return "a list of texts: the program, then its arguments";
    case PBT__KIND_ENVIRONMENT:
        return "a map from names of variables to texts";
    case PBT__KIND_SPACE:
        return "a map from names to priors: learning_rate: {type: float, min: 0, max: 1}";
    case PBT__KIND_STARTS:
        return "a list of maps: - {learning_rate: 0.01, fixed: true}";
    default:
        return "";
    }
}

void pbt__key_allowed(const pbt__key *key, char *out)
{
    switch (key->kind) {
    case PBT__KIND_MAP:
        map_allowed(key, out);
        return;
    case PBT__KIND_VERSION:
    case PBT__KIND_COUNT:
    case PBT__KIND_STEPS:
    case PBT__KIND_SEED:
        integers_allowed(key, out);
        return;
    case PBT__KIND_REAL:
        reals_allowed(key, out);
        return;
    case PBT__KIND_LIST:
        (void)snprintf(out, PBT__ALLOWED_SIZE, "a list of 1 to %.17g numbers above %.17g",
                       key->most, key->least);
        return;
    case PBT__KIND_NAME:
    case PBT__KIND_SWITCH:
        names_allowed(key, "", out);
        return;
    case PBT__KIND_NAMES:
        names_allowed(key, "a list of one or more of ", out);
        return;
    default:
        (void)snprintf(out, PBT__ALLOWED_SIZE, "%s", words_allowed(key->kind));
    }
}
