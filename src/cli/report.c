/* report.c: `pbt report`: a study's page, in a file. */
#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/asked.h"
#include "cli/remote.h"
#include "render/print.h"

enum { PROBLEMS_MAXIMUM = 1 << 20 }; /* Units: bytes */

static void add_line(void *context, const char *line)
{
    pbt__text_format(context, "%s\n", line);
}

/* Verify. A server does so for its owner alone; what it refuses is said on the page. */
static pbt_err prove(const pbt__asked *asked, pbt__text *problems, pbt__report_proof *out,
                     pbt_error *why, pbt_error *error)
{
    if (asked->subject.study != NULL) {
        return pbt__study_verify(asked->subject.study, add_line, problems, &out->verdict, error);
    }
    pbt_err err = pbt__remote_verify(&asked->subject.place, asked->told.name, add_line, problems,
                                     &out->verdict, why);
    out->why_not = err != PBT_OK ? why->message : NULL;
    return PBT_OK;
}

/* Make the page, then the file: a file that was there stays whole until then. */
static pbt_err write_report(const pbt__asked *asked, const pbt__groups *others, const char *path,
                            pbt_error *error)
{
    pbt_error why = {.code = PBT_OK};
    pbt__report_proof proof = {.why_not = NULL};
    pbt__text problems = pbt__text_init(PROBLEMS_MAXIMUM);
    pbt__text page = pbt__text_init(PBT__PAGE_MAXIMUM);
    pbt_err err = prove(asked, &problems, &proof, &why, error);
    proof.problems = pbt__text_string(&problems);
    if (err == PBT_OK) {
        err = pbt__report_write(&asked->told, &proof, others, &page, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_replace(path, pbt__text_string(&page), page.length, 0666, error);
    }
    if (err == PBT_OK) {
        printf("%s: reported in %s\n", asked->told.name, path);
    }
    pbt__text_fini(&page);
    pbt__text_fini(&problems);
    return err;
}

/* With studies named behind its own, it is held against them. */
static pbt_err report(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    pbt__groups others = {0};
    const pbt__subject *subject = &asked->subject;
    const bool has_others = arguments->operand_count > 1;
    pbt_err err = has_others
                      ? pbt__ask_groups(arguments, &subject->place, subject->store, &others, error)
                      : PBT_OK;
    if (err == PBT_OK) {
        err = write_report(asked, has_others ? &others : NULL, arguments->values[PBT__OPTION_PAGE],
                           error);
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
    return check_output(arguments, &error) == PBT_OK
               ? pbt__ask_to_show(arguments, PBT__REPORT_ASKS, PBT_NO_SEGMENT, report)
               : pbt__print_error(&error);
}
