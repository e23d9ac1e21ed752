/* lineage.c: `pbt lineage`: whose weights came from where. */
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/query.h"
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

static pbt_err print_lineage(const json_t *lineage, const char *format, pbt_error *error)
{
    pbt__text text = pbt__text_init(LINEAGE_MAXIMUM);
    if (format == NULL) {
        pbt__tree_text(lineage, is_utf8_terminal(), PBT__TREE_LINES_MAXIMUM, &text);
    } else {
        pbt__tree_dot(lineage, &text);
    }
    return pbt__print_text(&text, error);
}

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)place;
    json_t *lineage = NULL;
    int64_t member = -1;
    const char *format = arguments->values[PBT__OPTION_GRAPH];
    const char *text = arguments->values[PBT__OPTION_MEMBER];
    pbt_err err = PBT_OK;
    if (format != NULL && strcmp(format, "dot") != 0) {
        err = pbt__fail(error, PBT_ERR_ARGUMENT, "unknown format '%.40s'", format);
        pbt__error_hint(error, "--format is dot; without it, text");
    } else if (format != NULL && arguments->has[PBT__OPTION_JSON]) {
        err = pbt__fail(error, PBT_ERR_ARGUMENT, "use --json or --format dot, not both");
    } else if (text != NULL) {
        err = pbt__arguments_integer("--member", text, 0, INT32_MAX, &member, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_lineage(study, (int32_t)member, &lineage, error);
    }
    if (err == PBT_OK) {
        err = arguments->has[PBT__OPTION_JSON] ? pbt__print_json(lineage, error)
                                               : print_lineage(lineage, format, error);
    }
    json_decref(lineage);
    return err;
}

int pbt__command_lineage(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_READ, answer);
}
