/* report.c: `pbt report`: a study's page, in a file. */
#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/query.h"
#include "render/print.h"

/* Make the page, then the file: a file that was there stays whole until then. */
static pbt_err write_report(const pbt__subject *subject, const pbt__groups *others,
                            const char *path, pbt_error *error)
{
    pbt__text page = pbt__text_init(PBT__PAGE_MAXIMUM);
    pbt_err err = pbt__report_write(subject->study, others, &page, error);
    if (err == PBT_OK) {
        err = pbt__file_replace(path, pbt__text_string(&page), page.length, error);
    }
    if (err == PBT_OK) {
        printf("%s: reported in %s\n", pbt__study_name(subject->study), path);
    }
    pbt__text_fini(&page);
    return err;
}

/* With studies named behind its own, it is held against them. */
static pbt_err report(const pbt__arguments *arguments, const pbt__subject *subject,
                      pbt_error *error)
{
    pbt__groups others = {0};
    const bool has_others = arguments->operand_count > 1;
    pbt_err err =
        has_others ? pbt__query_groups(arguments, &subject->place, subject->store, &others, error)
                   : PBT_OK;
    if (err == PBT_OK) {
        err = write_report(subject, has_others ? &others : NULL,
                           arguments->values[PBT__OPTION_PAGE], error);
    }
    pbt__groups_fini(&others);
    return err;
}

static pbt_err check_output(const pbt__arguments *arguments, pbt_error *error)
{
    const char *path = arguments->values[PBT__OPTION_PAGE];
    const size_t length = path != NULL ? strlen(path) : 0;
    if (length > 5 && strcmp(path + length - 5, ".html") == 0) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "--output needs a file that ends in .html");
    pbt__error_hint(error, "such as --output report.html");
    return PBT_ERR_ARGUMENT;
}

int pbt__command_report(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    pbt__subject subject;
    pbt_err err = check_output(arguments, &error);
    if (err == PBT_OK) {
        err = pbt__subject_open(&subject, arguments, PBT__ACCESS_READ, &error);
    }
    if (err == PBT_OK) {
        err = report(arguments, &subject, &error);
        pbt__subject_close(&subject);
    }
    return err != PBT_OK ? pbt__print_error(&error) : 0;
}
