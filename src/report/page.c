/* page.c: what the parts of a page are written with. */
#include "report/report.h"

#include <stdlib.h>

#include "plot/gnuplot.h"
#include "render/format.h"

void pbt__report_section(pbt__report *this, const char *title)
{
    pbt__text_format(this->page, "<h2>%s</h2>\n", title);
}

void pbt__report_table(pbt__report *this, pbt__table *table, bool has_head)
{
    pbt__text_add(this->page, "<div class=\"wide\">\n");
    pbt__html_table(table, has_head, this->page);
    pbt__text_add(this->page, "</div>\n");
    this->page->failed = this->page->failed || table->cells.failed;
    pbt__table_fini(table);
}

void pbt__report_pair(pbt__table *table, const char *name, const json_t *value)
{
    char cell[PBT__CELL_SIZE];
    pbt__format_json(value, cell);
    pbt__table_add(table, name);
    pbt__table_add(table, json_is_string(value) ? json_string_value(value) : cell);
}

pbt_err pbt__report_drawing(pbt__report *this, const pbt__text *script, int width, int height,
                            const char *words, pbt_error *error)
{
    char *svg = NULL;
    size_t length = 0;
    pbt_err err = pbt__gnuplot_render(script, width, height, ".svg", &svg, &length, error);
    if (err == PBT_OK) {
        pbt__html_picture(svg, words, this->page);
    }
    free(svg);
    return err;
}
