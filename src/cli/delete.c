/* delete.c: `pbt delete`. */
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/query.h"

/* Ask on the terminal. Errors: PBT_ERR_ARGUMENT if there is none or the answer is not yes. */
static pbt_err confirm(pbt__study *study, pbt_error *error)
{
    pbt__summary summary;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT,
                        "cannot ask for confirmation: standard input is not a terminal");
        pbt__error_hint(error, "use --yes to delete '%s' without asking", pbt__study_name(study));
        return PBT_ERR_ARGUMENT;
    }
    pbt_err err = pbt__study_summary(study, &summary, error);
    if (err != PBT_OK) {
        return err;
    }
    fprintf(stderr, "delete '%s', its %lld segments, checkpoints and logs, for good? [y/N] ",
            pbt__study_name(study), (long long)summary.segment_count);
    int first = getchar();
    if (first != 'y' && first != 'Y') {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "'%s' was not deleted", pbt__study_name(study));
    }
    return PBT_OK;
}

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    char logs[PBT__PATH_SIZE], name[PBT__NAME_SIZE];
    snprintf(name, sizeof name, "%s", pbt__study_name(study));
    pbt__summary summary;
    pbt__remains remains = {0};
    pbt_err err = arguments->has[PBT__OPTION_YES] ? PBT_OK : confirm(study, error);
    if (err == PBT_OK) {
        err = pbt__place_logs(place, name, logs, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_summary(study, &summary, error);
    }
    if (err == PBT_OK) {
        /* Leases of killed processes do not prevent it. */
        const bool is_free = summary.shown == PBT__STUDY_INTERRUPTED;
        err = pbt__study_delete(study, is_free || arguments->has[PBT__OPTION_FORCE], logs, &remains,
                                error);
    }
    if (err == PBT_OK) {
        printf("deleted %s\n", name);
    }
    if (err == PBT_OK && remains.are_any) {
        printf("its checkpoints and logs stay: %s goes on with them\n",
               remains.keeper[0] != '\0' ? remains.keeper : "another copy of the store");
    }
    return err;
}

int pbt__command_delete(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_CHANGE, answer);
}
