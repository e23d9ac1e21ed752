/* main.c: the program: parse, run the command, end. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/usage.h"
#include "executor/cell.h"
#include "executor/signals.h"
#include "render/print.h"

/* A parent process may have closed a standard stream. The next file opened would get its number,
 * and printed text would be written into that file: into STORE.lock, or the store. */
static void fill_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", O_RDWR) != stream) {
            _exit(EXIT_FAILURE); /* there is nothing to say it with */
        }
    }
}

/* The owner can always read and write what pbt and its trainers make, whatever the umask. */
static void keep_own_rights(void)
{
    const mode_t mask = umask(0);
    (void)umask(mask & ~(mode_t)S_IRWXU);
}

static int (*const RUN[PBT__COMMAND_COUNT])(const pbt__arguments *arguments) = {
#define X(id, name) [PBT__COMMAND_##id] = pbt__command_##name,
    PBT__COMMANDS(X)
#undef X
};

/* `pbt` alone: it needs a command. */
static int run_program(const pbt__arguments *arguments)
{
    pbt__usage_print(arguments->command, stderr);
    return 2;
}

static int run(const pbt__arguments *arguments)
{
    return arguments->command == &pbt__root_command
               ? run_program(arguments)
               : RUN[arguments->command - pbt__commands](arguments);
}

int main(int argc, char **argv)
{
    pbt_error error = {0};
    pbt__arguments arguments;
    fill_streams();
    keep_own_rights();
    pbt__signals_survive();
    if (pbt__cell_is_asked(argc, argv)) {
        return pbt__cell_main(argc, argv);
    }
    if (argc > 2 && strcmp(argv[1], "__complete") == 0) {
        return pbt__complete(argc - 2, argv + 2);
    }
    pbt__exits_watch();
    if (pbt__arguments_parse(argc, argv, &arguments, &error) != PBT_OK) {
        return pbt__print_error(&error);
    }
    int status = 0;
    if (arguments.has[PBT__OPTION_HELP]) {
        pbt__usage_print(arguments.command, stdout);
    } else if (arguments.has[PBT__OPTION_VERSION]) {
        printf("pbt %s\n", pbt_version());
    } else {
        status = run(&arguments);
    }
    pbt__arguments_fini(&arguments);
    return pbt__print_end(status);
}
