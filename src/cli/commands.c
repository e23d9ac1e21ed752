/*
 * commands.c: the table of commands. A new command is a row here and a file of its own; a new
 * option is a row and an enumerator.
 */
#include "cli/command.h"

#include <string.h>

#include "cli/usage.h"

#define BIT(name) (1u << PBT__OPTION_##name)
#define QUERY (BIT(STORE) | BIT(JSON) | BIT(HELP))
#define CHANGE (BIT(STORE) | BIT(HELP))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const pbt__option pbt__options[PBT__OPTION_COUNT] = {
    [PBT__OPTION_STORE] = {"store", "URL",
                           "sqlite:FILE or memory: (default: $PBT_STORE, else sqlite:pbt.db)"},
    [PBT__OPTION_SLOTS] = {"slots", "N", "trainers at a time (default: the processors it may use)"},
    [PBT__OPTION_GPUS] = {"gpus", "0,1,..",
                          "GPUs to share out among slots; one named twice is shared"},
    [PBT__OPTION_LISTEN] = {"listen", "A:P",
                            "serve the API there (default: 127.0.0.1 and a free port)"},
    [PBT__OPTION_SEEDS] = {"seeds", "A..B",
                           "one study per seed, named NAME-SEED, one after another"},
    [PBT__OPTION_OUTPUT] = {"output", "DIR", "the folder to make"},
    [PBT__OPTION_FORMAT] = {"format", "NAME", "csv, jsonl or tensorboard (default: csv and jsonl)"},
    [PBT__OPTION_TENSORBOARD] = {"tensorboard", "DIR",
                                 "write TensorBoard runs to DIR/NAME as reports come"},
    [PBT__OPTION_ON_EVENT] = {"on-event", "PROGRAM",
                              "run a program that reads each event as a line of JSON"},
    [PBT__OPTION_QUIET] = {"quiet", NULL, "print only the result"},
    [PBT__OPTION_JSON] = {"json", NULL, "print JSON, one object per line, numbers exact"},
    [PBT__OPTION_YES] = {"yes", NULL, "do not ask"},
    [PBT__OPTION_FORCE] = {"force", NULL, "even while it is being trained"},
    [PBT__OPTION_VERSION] = {"version", NULL, "print the version"},
    [PBT__OPTION_HELP] = {"help", NULL, "print this text"},
};

const char *const pbt__sections[PBT__SECTION_COUNT] = {
    [PBT__SECTION_TRAIN] = "train",
    [PBT__SECTION_LOOK] = "look",
    [PBT__SECTION_CHANGE] = "change",
};

static int run_program(const pbt__arguments *arguments)
{
    pbt__usage_print(arguments->command, stderr);
    return 2;
}

const pbt__command pbt__program = {
    .name = "",
    .operands = "COMMAND",
    .options = BIT(VERSION) | BIT(HELP),
    .text = "Population Based Training: trains a population of your program, moves the search\n"
            "to what works while it trains, and keeps a log of everything it did.\n",
    .run = run_program,
};

const pbt__command pbt__commands[] = {
    {
        .name = "run",
        .operands = "SPEC",
        .operand_minimum = 1,
        .operand_maximum = 1,
        .options = BIT(STORE) | BIT(SLOTS) | BIT(GPUS) | BIT(LISTEN) | BIT(SEEDS) |
                   BIT(TENSORBOARD) | BIT(ON_EVENT) | BIT(QUIET) | BIT(HELP),
        .section = PBT__SECTION_TRAIN,
        .summary = "run a study here; Ctrl-C stops cleanly, the same command resumes",
        .text = "Runs the study that a spec describes, on this machine. A study that exists\n"
                "already is continued; a finished one prints its result. On a terminal a live\n"
                "table shows the members; elsewhere every event is a line.\n"
                "\n"
                "Ctrl-C once asks the trainers to end and waits for them; twice, it ends them at\n"
                "once. Either way, and after any crash, the same command goes on where the study\n"
                "was.\n"
                "\n"
                "Trainers write to NAME.logs, checkpoints go to NAME.checkpoints, both beside the\n"
                "store.\n"
                "\n"
                "--tensorboard goes on where its files ended, after any crash. The HParams tab\n"
                "shows what a member began with; 'pbt export' writes what it has now.\n"
                "\n"
                "--on-event starts one process for the run, which reads every event from the\n"
                "first new one on, in order, until its input ends. It has 10 seconds to end then.\n"
                "It finds PBT_STUDY and PBT_STORE in its environment; what it prints goes to\n"
                "NAME.logs/on-event.log. One that is slow or fails holds nothing up: what it does\n"
                "not take is counted in a warning.\n"
                "\n"
                "Exit status: 0 finished or stopped, 1 failed, 2 usage or spec error, 3 ended\n"
                "without one usable member, 130 and 143 interrupted.\n",
        .run = pbt__command_run,
    },
    {
        .name = "check",
        .operands = "SPEC",
        .operand_minimum = 1,
        .operand_maximum = 1,
        .options = BIT(JSON) | BIT(HELP),
        .section = PBT__SECTION_TRAIN,
        .summary = "validate a spec and print what it means",
        .text = "Reads a spec and says what a run of it would do: how many members, segments and\n"
                "decisions, who copies whom, and the space with its priors. Nothing is created.\n",
        .run = pbt__command_check,
    },
    {
        .name = "list",
        .operands = "",
        .options = QUERY,
        .section = PBT__SECTION_LOOK,
        .summary = "list the studies of a store",
        .text = "Lists the studies of a store by name, each with its state, progress and best\n"
                "score.\n",
        .run = pbt__command_list,
    },
    {
        .name = "show",
        .operands = "[STUDY]",
        .operand_maximum = 1,
        .options = QUERY,
        .section = PBT__SECTION_LOOK,
        .summary = "show a study: state, progress, best",
        .text = "Shows one study. STUDY may be left out where the store holds a single one.\n",
        .run = pbt__command_show,
    },
    {
        .name = "members",
        .operands = "[STUDY]",
        .operand_maximum = 1,
        .options = QUERY,
        .section = PBT__SECTION_LOOK,
        .summary = "list a study's members with their scores and hyperparameters",
        .text = "Lists the members of a study: where each one is, its latest score, and the\n"
                "hyperparameters it trains with. STUDY may be left out where the store holds a\n"
                "single one.\n",
        .run = pbt__command_members,
    },
    {
        .name = "segments",
        .operands = "[STUDY]",
        .operand_maximum = 1,
        .options = QUERY,
        .section = PBT__SECTION_LOOK,
        .summary = "list everything a study trained, in order",
        .text = "Lists the segments of a study, ordered by number, then member: PARENT is the\n"
                "segment whose weights one started from, DONOR the member it copied. STUDY may be\n"
                "left out where the store holds a single one.\n",
        .run = pbt__command_segments,
    },
    {
        .name = "best",
        .operands = "[STUDY]",
        .operand_maximum = 1,
        .options = QUERY,
        .section = PBT__SECTION_LOOK,
        .summary = "show the best segment: score, checkpoint, hyperparameters",
        .text = "Shows the best segment that was reported and still holds its checkpoint. STUDY\n"
                "may be left out where the store holds a single one.\n",
        .run = pbt__command_best,
    },
    {
        .name = "export",
        .operands = "[STUDY]",
        .operand_maximum = 1,
        .options = BIT(STORE) | BIT(OUTPUT) | BIT(FORMAT) | BIT(HELP),
        .section = PBT__SECTION_LOOK,
        .summary = "write a study as CSV, JSON lines or TensorBoard event files",
        .text = "Makes the folder that --output names, whole or not at all; one that exists is\n"
                "refused. STUDY may be left out where the store holds a single one.\n"
                "\n"
                "csv, jsonl   segments and members, a row each, numbers exact; one that is not\n"
                "             finite is nan, inf or -inf. events.jsonl is the log, study.json\n"
                "             what 'pbt show' says, spec.yaml the spec as it was read\n"
                "tensorboard  a run per member (m0, m1, ...) with a point per report at the\n"
                "             member's step, and one, best, for the lineage of the best segment,\n"
                "             at its age; the HParams tab shows a member with the\n"
                "             hyperparameters of its newest report; values have 32 bits there\n",
        .run = pbt__command_export,
    },
    {
        .name = "verify",
        .operands = "[STUDY...]",
        .operand_maximum = -1,
        .options = QUERY,
        .section = PBT__SECTION_LOOK,
        .summary = "read a study's log again and check all of it",
        .text = "Reads the whole log: every digest, every decision made again, every checkpoint's\n"
                "bytes. Without STUDY, all studies of the store. Each problem is a line; exit\n"
                "status 1 where there is any.\n",
        .run = pbt__command_verify,
    },
    {
        .name = "stop",
        .operands = "STUDY",
        .operand_minimum = 1,
        .operand_maximum = 1,
        .options = CHANGE,
        .section = PBT__SECTION_CHANGE,
        .summary = "stop a study: no segment is handed out until it is resumed",
        .text = "Stops a study wherever it runs. What is being trained is given back with its\n"
                "progress.\n",
        .run = pbt__command_stop,
    },
    {
        .name = "resume",
        .operands = "STUDY",
        .operand_minimum = 1,
        .operand_maximum = 1,
        .options = CHANGE,
        .section = PBT__SECTION_CHANGE,
        .summary = "undo a stop",
        .text = "Lets a stopped study go on. 'pbt run' of its spec resumes it as well.\n",
        .run = pbt__command_resume,
    },
    {
        .name = "amend",
        .operands = "STUDY KEY=VALUE...",
        .operand_minimum = 2,
        .operand_maximum = -1,
        .options = CHANGE,
        .section = PBT__SECTION_CHANGE,
        .summary = "change what a study may change, such as stop.steps=8000",
        .text = "Changes keys of a study's spec, all of them or none, as one event of its log.\n"
                "The keys of stop, lease, failure, trainer, checkpoints, notes, ready, exploit,\n"
                "explore and objective.window may change; the others are what the study is.\n"
                "Values are in YAML's notation: explore.factors='[0.9, 1.1]'.\n",
        .run = pbt__command_amend,
    },
    {
        .name = "delete",
        .operands = "STUDY",
        .operand_minimum = 1,
        .operand_maximum = 1,
        .options = BIT(STORE) | BIT(YES) | BIT(FORCE) | BIT(HELP),
        .section = PBT__SECTION_CHANGE,
        .summary = "delete a study with its checkpoints and logs",
        .text = "Deletes a study, its checkpoints and its trainers' logs, for good. Asks first;\n"
                "where nobody can be asked, --yes is needed.\n",
        .run = pbt__command_delete,
    },
};

const size_t pbt__command_count = COUNT(pbt__commands);

bool pbt__command_takes(const pbt__command *command, pbt__option_id option)
{
    return (command->options & 1u << option) != 0;
}

const pbt__command *pbt__command_find(const char *name)
{
    for (size_t i = 0; i < pbt__command_count; i++) {
        if (strcmp(pbt__commands[i].name, name) == 0) {
            return &pbt__commands[i];
        }
    }
    return NULL;
}
