/* html.c: escaping, tables, pictures. */
#include "report/html.h"

#include <string.h>

#include "base/plain.h"
#include "render/format.h"

static void add_byte(unsigned char byte, pbt__text *out)
{
    static const char *const entities[] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    const char *entity = byte < sizeof entities / sizeof *entities ? entities[byte] : NULL;
    const char plain = (char)byte;
    pbt__text_append(out, entity != NULL ? entity : &plain, entity != NULL ? strlen(entity) : 1);
}

void pbt__html_text(const char *text, pbt__text *out)
{
    const size_t start = out->length;
    for (const char *c = text; *c != '\0'; c++) {
        add_byte((unsigned char)*c, out);
    }
    pbt__plain_since(out, start, true);
}

void pbt__html_table(const pbt__table *table, bool has_head, pbt__text *out)
{
    const char *cell = pbt__text_string(&table->cells);
    pbt__text_add(out, "<table>\n");
    for (size_t i = 0; i < table->cell_count; i++, cell += strlen(cell) + 1) {
        const size_t column = i % table->column_count;
        const bool is_head = has_head ? i < table->column_count : column == 0;
        pbt__text_add(out, column == 0 ? "<tr>" : "");
        pbt__text_add(out, is_head ? "<th>" : "<td>");
        pbt__html_text(cell, out);
        pbt__text_add(out, is_head ? "</th>" : "</td>");
        pbt__text_add(out, column + 1 == table->column_count ? "</tr>\n" : "");
    }
    pbt__text_add(out, "</table>\n");
}

void pbt__html_lines(const char *text, pbt__text *out)
{
    pbt__text_add(out, "<pre>");
    pbt__html_text(text, out);
    pbt__text_add(out, "</pre>\n");
}

/* Bytes that a URL has no other meaning for. */
static bool is_safe(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr(" -_.,:;/()=*!~", byte) != NULL);
}

void pbt__html_picture(const char *svg, const char *words, pbt__text *out)
{
    pbt__text_add(out, "<img alt=\"");
    pbt__html_text(words, out);
    pbt__text_add(out, "\" src=\"data:image/svg+xml,");
    for (const char *c = svg; *c != '\0'; c++) {
        if (is_safe(*c)) {
            pbt__text_append(out, c, 1);
        } else {
            pbt__text_format(out, "%%%02X", (unsigned char)*c);
        }
    }
    pbt__text_add(out, "\">\n");
}
