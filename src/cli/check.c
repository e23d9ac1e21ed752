/* check.c: `pbt check`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/print.h"
#include "spec/spec.h"

int pbt__command_check(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    pbt_spec *spec = NULL;
    char *text = NULL;
    bool as_json = arguments->has[PBT__OPTION_JSON];
    pbt_err err = pbt_spec_read(arguments->operands[0], &spec, &error);
    if (err == PBT_OK) {
        err = as_json ? pbt__spec_describe_json(spec, &text, &error)
                      : pbt__spec_describe(spec, &text, &error);
    }
    if (err == PBT_OK) {
        size_t length = strlen(text);
        bool is_ended = length > 0 && text[length - 1] == '\n';
        printf("%s%s", text, is_ended ? "" : "\n");
    }
    free(text);
    pbt_spec_free(spec);
    return err != PBT_OK ? pbt__print_error(&error) : 0;
}
