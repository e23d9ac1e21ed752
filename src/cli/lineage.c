/* lineage.c: `pbt lineage`: whose weights came from where. */
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/asked.h"
#include "render/print.h"
#include "render/tree.h"

enum { LINEAGE_MAXIMUM = 1 << 30 }; /* Units: bytes */

/* Lines are drawn where they can be seen: on a terminal whose locale says UTF-8. */
static bool is_utf8_terminal(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (locale == (locale_t)0) {
        return false;
    }
    bool is_utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return is_utf8 && isatty(STDOUT_FILENO);
}

static pbt_err print_asked(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    const pbt__told *told = &asked->told;
    const pbt_direction direction = told->spec->search.direction;
    pbt__text text = pbt__text_init(LINEAGE_MAXIMUM);
    if (arguments->has[PBT__OPTION_JSON]) {
        pbt__tree_write(&told->rows, told->name, told->spec, &text);
        return pbt__print_json_text(&text, error);
    }
    if (arguments->values[PBT__OPTION_GRAPH] == NULL) {
        pbt__tree_text(&told->rows, direction, is_utf8_terminal(), PBT__TREE_LINES_MAXIMUM, &text);
    } else {
        pbt__tree_dot(&told->rows, direction, told->name, &text);
    }
    return pbt__print_text(&text, error);
}

static pbt_err read_options(const pbt__arguments *arguments, int64_t *member, pbt_error *error)
{
    const char *format = arguments->values[PBT__OPTION_GRAPH];
    const char *text = arguments->values[PBT__OPTION_MEMBER];
    if (format != NULL && strcmp(format, "dot") != 0) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "unknown format '%.40s'", format);
        pbt__error_hint(error, "--format is dot; without it, text");
        return PBT_ERR_ARGUMENT;
    }
    if (format != NULL && arguments->has[PBT__OPTION_JSON]) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "use --json or --format dot, not both");
    }
    return text != NULL ? pbt__arguments_integer("--member", text, 0, INT32_MAX, member, error)
                        : PBT_OK;
}

int pbt__command_lineage(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    int64_t member = -1;
    if (read_options(arguments, &member, &error) != PBT_OK) {
        return pbt__print_error(&error);
    }
    const pbt_segment_id id = {(int32_t)member, -1};
    return pbt__ask_to_show(arguments, "tree", id, print_asked);
}
