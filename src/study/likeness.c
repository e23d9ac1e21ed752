/* likeness.c: a message's words without the names in it, hashed as FNV-1a. */
#include "study/likeness.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const uint64_t BASIS = UINT64_C(14695981039346656037);
static const uint64_t PRIME = UINT64_C(1099511628211);

static bool is_space(char c)
{
    return isspace((unsigned char)c) != 0;
}

/* Part of a word in any language: an apostrophe beside one is no quote. */
static bool is_letter(char c)
{
    return isalnum((unsigned char)c) != 0 || (unsigned char)c >= 0x80;
}

/* What is quoted here ends there; NULL if no quote begins, or it never ends. `like' is one. */
static const char *find_quote_end(const char *message, const char *at)
{
    bool is_inside = at > message && is_letter(at[-1]);
    if (*at == '\0' || strchr("'\"`", *at) == NULL || is_inside) {
        return NULL;
    }
    for (const char *end = at + 1; *end != '\0'; end++) {
        bool is_same = *end == *at || (*at == '`' && *end == '\'');
        if (is_same && !is_letter(end[1])) {
            return end + 1;
        }
    }
    return NULL;
}

static bool is_end_of_word(const char *message, const char *at)
{
    return *at == '\0' || is_space(*at) || find_quote_end(message, at) != NULL;
}

static bool is_name(const char *word, size_t length)
{
    bool is_hexadecimal = false, has_other = false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)word[i];
        if (isdigit(c) != 0 || c == '/' || c == '\\') {
            return true;
        }
        is_hexadecimal = is_hexadecimal || isxdigit(c) != 0;
        has_other = has_other || (is_letter(word[i]) && isxdigit(c) == 0);
    }
    return is_hexadecimal && !has_other;
}

static uint64_t add_word(uint64_t hash, const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)word[i]) * PRIME;
    }
    return (hash ^ ' ') * PRIME;
}

uint64_t pbt__likeness(const char *message)
{
    uint64_t hash = BASIS;
    const char *at = message;
    while (*at != '\0') {
        const char *quote_end = find_quote_end(message, at);
        const char *word = at;
        if (quote_end != NULL || is_space(*at)) {
            at = quote_end != NULL ? quote_end : at + 1;
            continue;
        }
        do {
            at++;
        } while (!is_end_of_word(message, at));
        size_t length = (size_t)(at - word);
        hash = is_name(word, length) ? hash : add_word(hash, word, length);
    }
    return hash;
}
