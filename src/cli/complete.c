/*
 * complete.c: `pbt __complete WORD...`, called by the shells' scripts. It lists what may replace
 * the last word, which may be empty or incomplete.
 *
 * The first line says what kind it is: "words", "keys" (as words, with no blank behind), "files",
 * "files" and the endings that they have, or "folders". Words follow, one per line, some with a tab
 * and their meaning. On any failure nothing is printed.
 */
#include "cli/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/operand.h"
#include "cli/place.h"
#include "cli/query.h"
#include "spec/keys.h"

/* What was written so far, behind `pbt`. */
typedef struct line {
    char **words;
    int count;
    const char *last;
    const pbt__command *command; /* NULL: none, or none of that name */
} line;

/* ---- what is written ---- */

/* The option of the command that a word is, if it takes an argument; NULL: none. */
static const pbt__option *find_valued(const pbt__command *command, const char *word)
{
    if (strncmp(word, "--", 2) != 0) {
        return NULL;
    }
    const size_t length = strcspn(word + 2, "=");
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        const pbt__option *option = &pbt__options[i];
        if (option->argument != NULL && pbt__command_takes(command, (pbt__option_id)i) &&
            strlen(option->name) == length && strncmp(option->name, word + 2, length) == 0) {
            return option;
        }
    }
    return NULL;
}

/* Say whether the word behind `word` is its argument. */
static bool takes_next(const line *written, const char *word)
{
    return strchr(word, '=') == NULL && find_valued(written->command, word) != NULL;
}

/* The option whose argument the last word is; NULL: none's. */
static const pbt__option *valued_option(const line *written)
{
    if (strchr(written->last, '=') != NULL) {
        return find_valued(written->command, written->last);
    }
    const char *before = written->count > 2 ? written->words[written->count - 2] : "";
    return takes_next(written, before) ? find_valued(written->command, before) : NULL;
}

/* What the operand that is being written stands for. */
static pbt__offer operand_offer(const line *written)
{
    int place = 0;
    for (int i = 1; i < written->count - 1; i++) {
        if (takes_next(written, written->words[i])) {
            i++;
        } else if (written->words[i][0] != '-') {
            place++;
        }
    }
    pbt__operand operand = {.is_repeated = false};
    const char *rest = written->command->operands;
    bool is_there = true;
    while (place >= 0 && (is_there = pbt__operand_next(&rest, &operand))) {
        place--;
    }
    return is_there || operand.is_repeated ? pbt__word_offer(operand.word) : PBT__OFFER_NOTHING;
}

/* ---- candidates ---- */

static void print_names(const pbt__place *place, pbt__store *store)
{
    pbt__names names = {0};
    if (pbt__names_list(place, store, &names, NULL) == PBT_OK) {
        for (size_t i = 0; i < names.count; i++) {
            (void)puts(names.names[i]);
        }
    }
    free(names.names);
}

/* Print the studies of the store that the words name, as `pbt list` would find it. */
static void print_studies(const line *written)
{
    const pbt__command *list = pbt__command_find("list");
    pbt__arguments arguments;
    pbt__place place;
    pbt__store *store = NULL;
    char **words = pbt__calloc((size_t)written->count + 2, sizeof *words);
    int count = 2;
    if (words == NULL) {
        return;
    }
    words[0] = words[1] = (char *)(uintptr_t)list->name;
    for (int i = 1; i < written->count - 1; i++) {
        const bool has_next = takes_next(written, written->words[i]);
        if (find_valued(list, written->words[i]) != NULL) {
            words[count++] = written->words[i];
            words[count] = written->words[i + 1];
            count += has_next ? 1 : 0;
        }
        i += has_next ? 1 : 0;
    }
    if (pbt__arguments_parse(count, words, &arguments, NULL) == PBT_OK) {
        if (pbt__place_find(&arguments, &place, NULL) == PBT_OK &&
            pbt__place_open(&place, PBT__ACCESS_READ, &store, NULL) == PBT_OK) {
            print_names(&place, store);
        }
        pbt__store_close(store);
        pbt__arguments_fini(&arguments);
    }
    free(words);
}

static void print_keys(const char *written)
{
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        const bool can_amend = key->kind != PBT__KIND_MAP && (key->flags & PBT__KEY_AMENDABLE) != 0;
        if (can_amend && strchr(written, '=') == NULL) {
            (void)printf("%s=\n", key->path);
        }
    }
}

static void print_offer(const line *written, pbt__offer offer)
{
    static const char *const KINDS[PBT__OFFER_COUNT] = {
        [PBT__OFFER_NOTHING] = "words",   [PBT__OFFER_FILES] = "files",
        [PBT__OFFER_FOLDERS] = "folders", [PBT__OFFER_SPECS] = "files yaml yml",
        [PBT__OFFER_STUDIES] = "words",   [PBT__OFFER_KEYS] = "keys",
    };
    (void)puts(KINDS[offer]);
    if (offer == PBT__OFFER_STUDIES) {
        print_studies(written);
    } else if (offer == PBT__OFFER_KEYS) {
        print_keys(written->last);
    }
}

static void print_values(const line *written, const pbt__option *option)
{
    const pbt__offer offer = pbt__word_offer(option->argument);
    if (option->values == NULL) {
        print_offer(written, offer);
        return;
    }
    const bool is_file = offer == PBT__OFFER_FILES;
    (void)fputs(is_file ? "files" : "words", stdout);
    for (size_t i = 0; option->values[i] != NULL; i++) {
        (void)printf("%s%s", is_file ? " " : "\n", option->values[i]);
    }
    (void)puts("");
}

static void print_options(const pbt__command *command)
{
    (void)puts("words");
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        if (pbt__command_takes(command, (pbt__option_id)i)) {
            (void)printf("--%s\t%s\n", pbt__options[i].name, pbt__options[i].help);
        }
    }
}

static void print_commands(void)
{
    (void)puts("words");
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        (void)printf("%s\t%s\n", pbt__commands[i].name, pbt__commands[i].summary);
    }
}

int pbt__complete(int count, char **words)
{
    line written = {.words = words, .count = count, .last = words[count - 1]};
    written.command = count > 1 ? pbt__command_find(words[0]) : &pbt__root_command;
    if (written.command == NULL) {
        return 0;
    }
    const pbt__option *option = valued_option(&written);
    if (option != NULL) {
        print_values(&written, option);
    } else if (written.last[0] == '-') {
        print_options(written.command);
    } else if (count == 1) {
        print_commands();
    } else {
        print_offer(&written, operand_offer(&written));
    }
    return 0;
}
