/*
 * mdoc.c: texts as mdoc.
 *
 * man fills paragraphs by itself but wants each sentence on a line of its own, no line beyond 80
 * columns, and no text that begins like a macro. So words are laid out here again. A page is dated
 * by SOURCE_DATE_EPOCH where it is set, so that a build can be repeated byte for byte.
 */
#include "cli/mdoc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pbt/pbt.h>

enum { LINE_MAXIMUM = 76 };

/* ---- characters ---- */

static void add_character(pbt__text *page, char c, bool is_code)
{
    switch (c) {
    case '\\':
        pbt__text_add(page, "\\e");
        break;
    case '\'':
        pbt__text_add(page, "\\(aq");
        break;
    case '"':
        pbt__text_add(page, "\\(dq");
        break;
    case '-':
        pbt__text_add(page, is_code ? "\\-" : "-");
        break;
    default:
        pbt__text_append(page, &c, 1);
    }
}

static void add_code(pbt__text *page, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        add_character(page, text[i], true);
    }
}

void pbt__mdoc_words(pbt__text *page, const char *text)
{
    add_code(page, text, strlen(text));
}

/* ---- prose ---- */

/* One word: options keep their dashes, and what stands between backticks is bold. `*is_bold` holds
 * from one word to the next. */
static void add_word(pbt__text *page, const char *word, size_t length, bool *is_bold)
{
    bool is_option = word[0] == '-' || strncmp(word, "'-", 2) == 0 || strncmp(word, "(-", 2) == 0;
    if (word[0] == '.') {
        pbt__text_add(page, "\\&");
    }
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '`') {
            *is_bold = !*is_bold;
            pbt__text_add(page, *is_bold ? "\\fB" : "\\fP");
        } else {
            add_character(page, word[i], is_option || *is_bold);
        }
    }
}

static bool ends_sentence(const char *word, size_t length)
{
    while (length > 1 && strchr(")'\"`", word[length - 1]) != NULL) {
        length--;
    }
    return length > 0 && strchr(".!?", word[length - 1]) != NULL;
}

/* Units: columns of the page's own text, at most. */
static size_t word_width(const char *word, size_t length)
{
    size_t width = length;
    for (size_t i = 0; i < length; i++) {
        width += strchr("'\"", word[i]) != NULL ? 3 : 0;
        width += strchr("`\\-", word[i]) != NULL ? 2 : 0;
    }
    return width;
}

/* Lay out one paragraph of `length` bytes. */
static void add_paragraph(pbt__text *page, const char *text, size_t length)
{
    size_t column = 0;
    bool is_bold = false;
    const char *end = text + length;
    for (;;) {
        text += strspn(text, " \n");
        if (text >= end) {
            break;
        }
        size_t size = strcspn(text, " \n");
        size_t width = word_width(text, size);
        bool is_next = column > 0 && column + 1 + width > LINE_MAXIMUM;
        if (column > 0) {
            pbt__text_add(page, is_next ? "\n" : " ");
        }
        column = is_next ? width : column + 1 + width;
        add_word(page, text, size, &is_bold);
        if (ends_sentence(text, size)) {
            pbt__text_add(page, "\n");
            column = 0;
        }
        text += size;
    }
    pbt__text_add(page, column > 0 ? "\n" : "");
}

static void add_display(pbt__text *page, const char *text, size_t length)
{
    pbt__text_add(page, ".Bd -literal -offset indent\n");
    const char *end = text + length;
    while (text < end) {
        size_t size = strcspn(text, "\n");
        size_t indent = strspn(text, " ");
        indent = indent < 4 ? indent : 4;
        pbt__text_add(page, text[indent] == '.' ? "\\&" : "");
        add_code(page, text + indent, size - indent);
        pbt__text_add(page, "\n");
        text += size + 1;
    }
    pbt__text_add(page, ".Ed\n");
}

/* ---- tables: terms, two blanks or more, and texts whose further lines are indented ---- */

/* The length of the term that a line begins with, up to two blanks; that of a line without them. */
static size_t term_length(const char *line)
{
    const size_t length = strcspn(line, "\n");
    const char *gap = strstr(line, "  ");
    return gap != NULL && gap < line + length ? (size_t)(gap - line) : length;
}

static bool is_table(const char *text)
{
    return text[term_length(text)] == ' ';
}

/* The length of a row: its first line and the indented ones behind it. */
static size_t row_length(const char *text, size_t length)
{
    size_t size = strcspn(text, "\n");
    while (size < length && text[size + 1] == ' ') {
        size += 1 + strcspn(text + size + 1, "\n");
    }
    return size < length ? size : length;
}

static void add_table(pbt__text *page, const char *text, size_t length)
{
    const char *end = text + length;
    pbt__mdoc_list(page);
    while (text < end) {
        const size_t term = term_length(text);
        const size_t size = row_length(text, (size_t)(end - text));
        pbt__text_add(page, ".It ");
        add_code(page, text, term);
        pbt__text_add(page, "\n");
        add_paragraph(page, text + term, size - term);
        text += size + (text + size < end);
    }
    pbt__mdoc_list_end(page);
}

void pbt__mdoc_prose(pbt__text *page, const char *text)
{
    bool is_first = true;
    while (text[0] != '\0') {
        const char *blank = strstr(text, "\n\n");
        size_t length = blank == NULL ? strlen(text) : (size_t)(blank - text);
        if (text[0] == ' ') {
            add_display(page, text, length);
        } else if (is_table(text)) {
            add_table(page, text, length);
        } else {
            pbt__text_add(page, is_first ? "" : ".Pp\n");
            add_paragraph(page, text, length);
        }
        is_first = false;
        text += length;
        text += strspn(text, "\n");
    }
}

/* The first word is one of prose: no name, no value. */
static bool begins_small(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    return length > 0 && (text[length] == ' ' || text[length] == ',' || text[length] == '\0');
}

void pbt__mdoc_ended(pbt__text *page, const char *text, char end)
{
    pbt__text sentence = pbt__text_init(4096);
    const size_t length = strlen(text);
    const bool is_ended = length > 1 && strchr(".!?\n", text[length - 1]) != NULL;
    pbt__text_add(&sentence, text);
    pbt__text_append(&sentence, &end, is_ended ? 0 : 1);
    pbt__mdoc_prose(page, pbt__text_string(&sentence));
    pbt__text_fini(&sentence);
}

void pbt__mdoc_sentence(pbt__text *page, const char *text, char end)
{
    pbt__text sentence = pbt__text_init(4096);
    const char first = begins_small(text) ? (char)(text[0] - 'a' + 'A') : text[0];
    pbt__text_format(&sentence, "%c%s", first, text + 1);
    pbt__mdoc_ended(page, pbt__text_string(&sentence), end);
    pbt__text_fini(&sentence);
}

/* ---- blocks ---- */

/* Shape: out[48] */
static void write_day(char *out)
{
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    time_t now = fixed != NULL ? (time_t)strtoll(fixed, NULL, 10) : time(NULL);
    struct tm day;
    char month[16] = "January";
    (void)gmtime_r(&now, &day);
    (void)strftime(month, sizeof month, "%B", &day);
    snprintf(out, 48, "%s %d, %d", month, day.tm_mday, day.tm_year + 1900);
}

void pbt__mdoc_head(pbt__text *page, const char *name, int section, const char *about)
{
    char day[48], title[64];
    write_day(day);
    snprintf(title, sizeof title, "%s", name);
    for (char *c = title; *c != '\0'; c++) {
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    }
    pbt__text_format(page, ".Dd %s\n.Dt %s %d\n.Os pbt %s\n", day, title, section, PBT_VERSION);
    pbt__text_format(page, ".Sh NAME\n.Nm %s\n.Nd ", name);
    pbt__mdoc_words(page, about);
    pbt__text_add(page, "\n");
}

void pbt__mdoc_section(pbt__text *page, const char *title)
{
    pbt__text_format(page, ".Sh %s\n", title);
}

void pbt__mdoc_list(pbt__text *page)
{
    pbt__text_add(page, ".Bl -tag -width Ds\n");
}

void pbt__mdoc_item(pbt__text *page, const char *macro, const char *term, const char *text)
{
    pbt__text_format(page, ".It %s%s", macro, macro[0] != '\0' ? " " : "");
    pbt__mdoc_words(page, term);
    pbt__text_add(page, "\n");
    pbt__mdoc_sentence(page, text, '.');
}

void pbt__mdoc_list_end(pbt__text *page)
{
    pbt__text_add(page, ".El\n");
}

void pbt__mdoc_command_line(pbt__text *page, const char *line)
{
    pbt__text_add(page, ".Dl ");
    pbt__mdoc_words(page, line);
    pbt__text_add(page, "\n");
}
