/* main.c: the program: parse, run the command, end. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/print.h"
#include "cli/usage.h"

int main(int argc, char **argv)
{
    pbt_error error = {0};
    pbt__arguments arguments;
    if (pbt__arguments_parse(argc, argv, &arguments, &error) != PBT_OK) {
        return pbt__print_error(&error);
    }
    int status = 0;
    if (arguments.has[PBT__OPTION_HELP]) {
        pbt__usage_print(arguments.command, stdout);
    } else if (arguments.has[PBT__OPTION_VERSION]) {
        printf("pbt %s\n", pbt_version());
    } else {
        status = arguments.command->run(&arguments);
    }
    pbt__arguments_fini(&arguments);
    return pbt__print_end(status);
}
