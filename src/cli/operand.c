/* operand.c: the words of the table, read. */
#include "cli/operand.h"

#include <stdio.h>
#include <string.h>

static const char CAPITALS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
static const char DOTS[] = "...";

static const struct {
    const char *word;
    pbt__offer offer;
} OFFERS[] = {
    {"FILE", PBT__OFFER_FILES},       {"DIR", PBT__OFFER_FOLDERS},
    {"FOLDER", PBT__OFFER_FOLDERS},   {"SPEC", PBT__OFFER_SPECS},
    {"STUDY", PBT__OFFER_STUDIES},    {"STUDIES", PBT__OFFER_STUDIES},
    {"BASELINE", PBT__OFFER_STUDIES}, {"KEY", PBT__OFFER_KEYS},
};

/* The length of what stands before the next blank, or within brackets. */
static size_t span(const char *text)
{
    const char *end = text[0] == '[' ? strchr(text, ']') : NULL;
    return end == NULL ? strcspn(text, " ") : (size_t)(end - text) + 1;
}

/* Take a trailing "..." off, with the blank before it. */
static bool cut_dots(char *word)
{
    size_t length = strlen(word), dots = sizeof DOTS - 1;
    if (length < dots || strcmp(word + length - dots, DOTS) != 0) {
        return false;
    }
    length -= dots;
    length -= length > 0 && word[length - 1] == ' ';
    word[length] = '\0';
    return true;
}

bool pbt__operand_next(const char **rest, pbt__operand *out)
{
    const char *text = *rest + strspn(*rest, " ");
    if (text[0] == '\0') {
        return false;
    }
    size_t length = span(text);
    bool is_optional = text[0] == '[';
    size_t edge = is_optional ? 1 : 0;
    pbt__operand operand = {.is_optional = is_optional};
    snprintf(operand.word, sizeof operand.word, "%.*s", (int)(length - 2 * edge), text + edge);
    operand.is_repeated = cut_dots(operand.word);
    text += length;
    if (strncmp(text, DOTS, sizeof DOTS - 1) == 0) {
        operand.is_repeated = true;
        text += sizeof DOTS - 1;
    }
    *rest = text;
    *out = operand;
    return true;
}

pbt__offer pbt__word_offer(const char *word)
{
    size_t length = strspn(word, CAPITALS);
    for (size_t i = 0; i < sizeof OFFERS / sizeof OFFERS[0]; i++) {
        if (strlen(OFFERS[i].word) == length && strncmp(OFFERS[i].word, word, length) == 0) {
            return OFFERS[i].offer;
        }
    }
    return PBT__OFFER_NOTHING;
}

void pbt__option_variable(const pbt__option *option, char *out)
{
    const char *name = strchr(option->help, '$');
    int length = name == NULL ? 0 : (int)strspn(name + 1, CAPITALS);
    snprintf(out, PBT__WORD_SIZE, "%.*s", length, name == NULL ? "" : name + 1);
}
