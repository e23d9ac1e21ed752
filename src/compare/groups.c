/* groups.c: words, names and seeds. */
#include "compare/groups.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/json.h"

typedef struct reading {
    const pbt__shelf *shelf;
    pbt__groups groups;
    bool is_everything; /* nothing was named */
    pbt_error *error;
} reading;

/* ---- groups ---- */

/* The name of a study without its seed, where it has the one it was given. */
static void base_name(const pbt__course *course, char *out)
{
    char suffix[32];
    snprintf(suffix, sizeof suffix, "-%" PRIu64, course->seed);
    size_t length = strlen(course->name), tail = strlen(suffix);
    bool is_seeded = length > tail && strcmp(course->name + length - tail, suffix) == 0;
    snprintf(out, PBT__NAME_SIZE, "%.*s", (int)(is_seeded ? length - tail : length), course->name);
}

static pbt_err find_group(reading *this, const char *label, pbt__group **out)
{
    pbt__groups *all = &this->groups;
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->groups[i].label, label) == 0) {
            *out = &all->groups[i];
            return PBT_OK;
        }
    }
    if (all->count == PBT__GROUPS_MAXIMUM) {
        return pbt__fail(this->error, PBT_ERR_LIMIT, "more than %d groups", PBT__GROUPS_MAXIMUM);
    }
    pbt__group *grown = pbt__realloc(all->groups, all->count + 1, sizeof *grown);
    if (grown == NULL) {
        return pbt__fail_memory(this->error);
    }
    all->groups = grown;
    *out = &grown[all->count++];
    **out = (pbt__group){0};
    snprintf((*out)->label, sizeof(*out)->label, "%s", label);
    return PBT_OK;
}

/* The group that holds a study; NULL if none does. */
static const pbt__group *holder_of(const pbt__groups *all, const char *study)
{
    for (size_t i = 0; i < all->count; i++) {
        for (size_t j = 0; j < all->groups[i].count; j++) {
            if (strcmp(all->groups[i].courses[j].name, study) == 0) {
                return &all->groups[i];
            }
        }
    }
    return NULL;
}

static const char *verb_of(pbt_direction direction)
{
    return direction == PBT_MINIMIZE ? "minimizes" : "maximizes";
}

static pbt_err check_metric(reading *this, const pbt__course *course)
{
    if (this->groups.metric == NULL) {
        return PBT_OK;
    }
    if (strcmp(course->metric, this->groups.metric) == 0 &&
        course->direction == this->groups.direction) {
        return PBT_OK;
    }
    (void)pbt__fail(this->error, PBT_ERR_ARGUMENT, "the studies have different objectives");
    pbt__error_detail(this->error, "'%s' %s '%s', those before it: %s '%s'", course->name,
                      verb_of(course->direction), course->metric, verb_of(this->groups.direction),
                      this->groups.metric);
    pbt__error_hint(this->error, "compare studies with the same metric and direction");
    return PBT_ERR_ARGUMENT;
}

/* Add a course to a group. Takes it on success. */
static pbt_err add_course(reading *this, const char *label, pbt__course *course)
{
    pbt__group *group = NULL;
    pbt_err err = check_metric(this, course);
    if (err == PBT_OK) {
        err = find_group(this, label, &group);
    }
    if (err != PBT_OK) {
        return err;
    }
    pbt__course *grown = pbt__realloc(group->courses, group->count + 1, sizeof *grown);
    if (grown == NULL) {
        return pbt__fail_memory(this->error);
    }
    group->courses = grown;
    grown[group->count++] = *course;
    this->groups.metric = course->metric;
    this->groups.direction = course->direction;
    return PBT_OK;
}

/* ---- words ---- */

/* How a word means a study. */
typedef enum kinship { STRANGER, MEANT, PERHAPS_SEEDED } kinship;

static bool is_pattern(const char *word)
{
    return strpbrk(word, "*?[") != NULL;
}

static kinship kinship_of(const char *word, const char *name, bool is_name)
{
    if (is_pattern(word)) {
        return fnmatch(word, name, 0) == 0 ? MEANT : STRANGER;
    }
    if (is_name) {
        return strcmp(word, name) == 0 ? MEANT : STRANGER;
    }
    size_t length = strlen(word);
    bool is_longer = strncmp(word, name, length) == 0 && name[length] == '-';
    const char *seed = is_longer ? name + length + 1 : "";
    bool is_number = seed[0] != '\0' && strspn(seed, "0123456789") == strlen(seed);
    return is_number ? PERHAPS_SEEDED : STRANGER;
}

/* Read a study and add it. `word` is NULL, or the name that it must have without its seed. */
static pbt_err add_study(reading *this, const char *label, const char *name, const char *word,
                         bool *is_meant)
{
    char base[PBT__NAME_SIZE];
    pbt__course course;
    pbt_err err = this->shelf->read(this->shelf->context, name, &course, this->error);
    if (err != PBT_OK) {
        return err;
    }
    base_name(&course, base);
    const bool is_left_out = this->is_everything && course.is_replay;
    this->groups.replay_count += is_left_out;
    *is_meant = !is_left_out && (word == NULL || strcmp(base, word) == 0);
    if (*is_meant) {
        err = add_course(this, label != NULL ? label : base, &course);
    }
    if (err != PBT_OK || !*is_meant) {
        pbt__course_fini(&course);
    }
    return err;
}

/* A study named twice is one; in two groups it would be compared with itself. */
static pbt_err check_holder(reading *this, const char *label, const char *name, bool *is_known)
{
    const pbt__group *holder = holder_of(&this->groups, name);
    *is_known = holder != NULL;
    if (holder == NULL || label == NULL || strcmp(holder->label, label) == 0) {
        return PBT_OK;
    }
    return pbt__fail(this->error, PBT_ERR_ARGUMENT, "study '%s' is in two groups, '%s' and '%s'",
                     name, holder->label, label);
}

static bool is_name(const pbt__shelf *shelf, const char *word)
{
    for (size_t i = 0; i < shelf->count; i++) {
        if (strcmp(shelf->names[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* Add the studies that a word means. Nullable: label (then each goes by its own name). */
static pbt_err add_word(reading *this, const char *label, const char *word)
{
    bool is_whole_name = is_name(this->shelf, word), has_any = false;
    pbt_err err = PBT_OK;
    for (size_t i = 0; i < this->shelf->count && err == PBT_OK; i++) {
        const char *name = this->shelf->names[i];
        kinship kin = kinship_of(word, name, is_whole_name);
        bool is_known = kin == STRANGER, is_meant = false;
        if (kin != STRANGER) {
            err = check_holder(this, label, name, &is_known);
            has_any = has_any || is_known;
        }
        if (err == PBT_OK && !is_known) {
            err = add_study(this, label, name, kin == MEANT ? NULL : word, &is_meant);
            has_any = has_any || is_meant;
        }
    }
    if (err == PBT_OK && !has_any) {
        err = pbt__fail(this->error, PBT_ERR_NOT_FOUND, "no study matches '%s'", word);
        pbt__error_hint(this->error, "see 'pbt list'");
    }
    return err;
}

/* Read the label of "LABEL=WORD,WORD": UTF-8 on one line. Shape: out[PBT__NAME_SIZE] */
static pbt_err read_label(const char *operand, size_t length, char *out, pbt_error *error)
{
    bool is_label = length > 0 && length < PBT__NAME_SIZE;
    for (size_t i = 0; i < length && is_label; i++) {
        const unsigned char byte = (unsigned char)operand[i];
        is_label = byte >= 0x20 && byte != 0x7f;
    }
    if (is_label) {
        snprintf(out, PBT__NAME_SIZE, "%.*s", (int)length, operand);
    }
    if (is_label && pbt__utf8_is_valid(out)) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "no label in '%s'", operand);
    pbt__error_hint(error, "LABEL=STUDY,STUDY with a label of one line and at most %d bytes",
                    PBT__NAME_SIZE - 1);
    return PBT_ERR_ARGUMENT;
}

/* Add "LABEL=WORD,WORD". */
static pbt_err add_labelled(reading *this, const char *operand, size_t label_length)
{
    char label[PBT__NAME_SIZE];
    char *rest = NULL;
    pbt_err err = read_label(operand, label_length, label, this->error);
    if (err != PBT_OK) {
        return err;
    }
    char *words = pbt__strdup(operand + label_length + 1);
    if (words == NULL) {
        return pbt__fail_memory(this->error);
    }
    size_t count = 0;
    for (char *word = strtok_r(words, ",", &rest); word != NULL && err == PBT_OK;
         word = strtok_r(NULL, ",", &rest)) {
        err = add_word(this, label, word);
        count++;
    }
    free(words);
    if (err == PBT_OK && count == 0) {
        err = pbt__fail(this->error, PBT_ERR_ARGUMENT, "no study in '%s'", operand);
    }
    return err;
}

/* ---- all of it ---- */

static int compare_courses(const void *left, const void *right)
{
    const pbt__course *a = left;
    const pbt__course *b = right;
    int order = (a->seed > b->seed) - (a->seed < b->seed);
    return order != 0 ? order : strcmp(a->name, b->name);
}

static pbt_err read_words(reading *this, const char *const *words, int word_count)
{
    pbt_err err = PBT_OK;
    for (int i = 0; i < word_count && err == PBT_OK; i++) {
        const char *word = words[i];
        size_t label_length = strcspn(word, "=");
        err = word[label_length] == '=' ? add_labelled(this, word, label_length)
                                        : add_word(this, NULL, word);
    }
    if (err == PBT_OK && this->shelf->count == 0) {
        err = pbt__fail(this->error, PBT_ERR_NOT_FOUND, "the store holds no study");
        pbt__error_hint(this->error, "'pbt run SPEC' creates one");
    } else if (err == PBT_OK && word_count == 0) {
        this->is_everything = true;
        err = add_word(this, NULL, "*");
    }
    return err;
}

pbt_err pbt__groups_read(const pbt__shelf *shelf, const char *const *words, int word_count,
                         pbt__groups *out, pbt_error *error)
{
    reading this = {.shelf = shelf, .error = error};
    pbt_err err = read_words(&this, words, word_count);
    if (err != PBT_OK) {
        pbt__groups_fini(&this.groups);
        return err;
    }
    for (size_t i = 0; i < this.groups.count; i++) {
        pbt__group *group = &this.groups.groups[i];
        qsort(group->courses, group->count, sizeof *group->courses, compare_courses);
    }
    *out = this.groups;
    return PBT_OK;
}

void pbt__groups_fini(pbt__groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        for (size_t j = 0; j < groups->groups[i].count; j++) {
            pbt__course_fini(&groups->groups[i].courses[j]);
        }
        free(groups->groups[i].courses);
    }
    free(groups->groups);
    *groups = (pbt__groups){0};
}

bool pbt__groups_pair(const pbt__group *a, const pbt__group *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        bool is_repeated = i > 0 && a->courses[i].seed == a->courses[i - 1].seed;
        if (is_repeated || a->courses[i].seed != b->courses[i].seed) {
            return false;
        }
    }
    return true;
}
