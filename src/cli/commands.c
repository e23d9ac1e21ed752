/*
 * commands.c: the table of commands. A new command is a row here and a file of its own; a new
 * option is a row and an enumerator.
 */
#include "cli/command.h"

#include <string.h>

#include "executor/executor.h"
#include "store/store.h"

#define BIT(name) (UINT64_C(1) << PBT__OPTION_##name)
#define PLACE (BIT(STORE) | BIT(SERVER) | BIT(TOKEN_FILE))
#define QUERY (PLACE | BIT(JSON) | BIT(HELP))
#define CHANGE (PLACE | BIT(HELP))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define STORE(scheme, place, offer) #scheme ":" offer,
#define EXECUTOR(name, words) #name,
static const char *const store_values[] = {PBT__STORES(STORE) NULL};
static const char *const executor_values[] = {PBT__EXECUTORS(EXECUTOR) NULL};
static const char *const kind_values[] = {"summary", "scores", "schedules", "lineage", NULL};
static const char *const schedule_values[] = {"csv", "json", "yaml", NULL};
static const char *const graph_values[] = {"dot", NULL};
static const char *const table_values[] = {"csv", "jsonl", "tensorboard", NULL};
static const char *const picture_endings[] = {"svg", "png", "pdf", "gp", NULL};
static const char *const page_endings[] = {"html", NULL};

const pbt__option pbt__options[PBT__OPTION_COUNT] = {
    [PBT__OPTION_STORE] = {"store", "URL",
                           &PBT__STORES(PBT__STORE_FORM) " ($PBT_STORE, else sqlite:pbt.db)"[2],
                           store_values},
    [PBT__OPTION_SERVER] = {"server", "URL", "ask a server instead, such as a run's ($PBT_SERVER)"},
    [PBT__OPTION_TOKEN_FILE] = {"token-file", "FILE", "the server's token ($PBT_TOKEN_FILE)"},
    [PBT__OPTION_EXECUTOR] = {"executor", "NAME",
                              "what trains (default: the first)" PBT__EXECUTORS(PBT__EXECUTOR_FORM),
                              executor_values},
    [PBT__OPTION_SLOTS] = {"slots", "N", "trainers at a time (default: by GPUs, else processors)"},
    [PBT__OPTION_GPUS] = {"gpus", "0,1,..", "GPUs for the slots; one named twice is shared"},
    [PBT__OPTION_LISTEN] = {"listen", "A:P",
                            "serve the API there (default: 127.0.0.1 and a free port)"},
    [PBT__OPTION_SEEDS] = {"seeds", "A..B", "run one study per seed, in turn, named NAME-SEED"},
    [PBT__OPTION_FOLDER] = {"output", "DIR", "the folder to make"},
    [PBT__OPTION_TABLES] = {"format", "F", "csv, jsonl or tensorboard (default: csv and jsonl)",
                            table_values},
    [PBT__OPTION_TENSORBOARD] = {"tensorboard", "DIR",
                                 "write TensorBoard runs to DIR/NAME as reports come"},
    [PBT__OPTION_ON_EVENT] = {"on-event", "PROGRAM",
                              "run a program that reads each event as a line of JSON"},
    [PBT__OPTION_AT] = {"at", "STEPS", "compare the studies after STEPS steps (sum over members)"},
    [PBT__OPTION_STEPS] = {"steps", "N",
                           "steps in a segment (default: a tenth of ready.every, or 5)"},
    [PBT__OPTION_SECONDS] = {"seconds", "N",
                             "time limit for changing hyperparameters (default: 120)"},
    [PBT__OPTION_KEEP] = {"keep", NULL, "keep checkpoints and logs"},
    [PBT__OPTION_QUIET] = {"quiet", NULL, "print only the result"},
    [PBT__OPTION_JSON] = {"json", NULL, "print JSON, one object per line, numbers exact"},
    [PBT__OPTION_OUTPUT] = {"output", "FILE",
                            "the picture to write: .svg, .png, .pdf, or .gp for the script",
                            picture_endings},
    [PBT__OPTION_PAGE] = {"output", "FILE", "the page to write, ending in .html", page_endings},
    [PBT__OPTION_KIND] = {"kind", "KIND", "summary (default), scores, schedules or lineage",
                          kind_values},
    [PBT__OPTION_COLOR] = {"color", "NAME",
                           "what colours the lineage: score (default) or a hyperparameter"},
    [PBT__OPTION_FORMAT] = {"format", "FORM", "csv, json or yaml (default: text)", schedule_values},
    [PBT__OPTION_GRAPH] = {"format", "FORM", "dot (default: text)", graph_values},
    [PBT__OPTION_MEMBER] = {"member", "N", "use this member's latest report"},
    [PBT__OPTION_SEGMENT] = {"segment", "ID", "use the lineage that ends in this segment"},
    [PBT__OPTION_EXPORT] = {"export", "DIR", "export it to this new folder"},
    [PBT__OPTION_NAME] = {"name", "NAME", "name of the new study (default: STUDY-replay)"},
    [PBT__OPTION_SCALE] = {"scale", "X", "multiply all ages by this factor"},
    [PBT__OPTION_YES] = {"yes", NULL, "do not ask"},
    [PBT__OPTION_FORCE] = {"force", NULL, "even while it is being trained"},
    [PBT__OPTION_MEMBERS] = {"members", "LIST", "bring back members that failed: 1,3 or all"},
    [PBT__OPTION_VERSION] = {"version", NULL, "print the version"},
    [PBT__OPTION_HELP] = {"help", NULL, "print this text"},
};

const pbt__note pbt__statuses[] = {
    {"0", "done"},
    {"1", "failed"},
    {"2", "usage or spec error"},
    {NULL, NULL},
};

static const pbt__note training_statuses[] = {
    {"0", "the study finished, or was stopped"},
    {"1", "failed"},
    {"2", "usage or spec error"},
    {"3", "the study ended without one usable member"},
    {"129, 130, 143", "ended by SIGHUP, SIGINT (Ctrl-C) or SIGTERM"},
    {NULL, NULL},
};

static const pbt__note try_statuses[] = {
    {"0", "nothing is wrong"},
    {"1", "a check says 'no'"},
    {"2", "usage or spec error"},
    {"129, 130, 143", "ended by SIGHUP, SIGINT (Ctrl-C) or SIGTERM"},
    {NULL, NULL},
};

static const pbt__note verify_statuses[] = {
    {"0", "nothing is wrong"},
    {"1", "there are problems, or the store cannot be read"},
    {"2", "usage error"},
    {NULL, NULL},
};

const pbt__note pbt__files[] = {
    {"pbt.db", "the store, unless --store names another"},
    {"pbt.db.owner", "address and tokens of the 'pbt run' that owns the store"},
    {"NAME.checkpoints", "checkpoints of the study NAME, beside the store"},
    {"NAME.logs", "its trainers' output, one file per member, beside the store"},
    {NULL, NULL},
};

static const pbt__note program_examples[] = {
    {"pbt check study.yaml", "check a spec and see what it would do"},
    {"pbt run study.yaml", "run it; after any interruption, continue it"},
    {"pbt best", "show the best result"},
    {NULL, NULL},
};

static const pbt__note run_examples[] = {
    {"pbt run study.yaml", "run a study, or continue it"},
    {"pbt run study.yaml --slots 4 --gpus 0,0,1,1", "two trainers on each of two GPUs"},
    {"pbt run study.yaml --seeds 1..5", "five studies, one per seed"},
    {NULL, NULL},
};

static const pbt__note try_examples[] = {
    {"pbt try study.yaml --steps 5", "does the trainer save, load and continue?"},
    {NULL, NULL},
};

static const pbt__note replay_examples[] = {
    {"pbt replay first", "one model, by the best schedule"},
    {"pbt replay first --scale 4", "the same schedule, stretched to four times its steps"},
    {NULL, NULL},
};

static const pbt__note segments_examples[] = {
    {"pbt segments first --json | jq 'select(.reason == \"exploit\")'", "every copy"},
    {NULL, NULL},
};

static const pbt__note best_examples[] = {
    {"pbt best first --export best", "checkpoint, schedule and spec, to take away"},
    {NULL, NULL},
};

static const pbt__note plot_examples[] = {
    {"pbt plot first --output first.svg", "a study on one page"},
    {"pbt plot first --kind lineage --color rate --output rates.png", "who came from whom"},
    {NULL, NULL},
};

static const pbt__note schedule_examples[] = {
    {"pbt schedule first --format csv >rates.csv", "the best schedule, as a table"},
    {NULL, NULL},
};

static const pbt__note lineage_examples[] = {
    {"pbt lineage first --format dot | dot -Tsvg >tree.svg", "draw it with Graphviz"},
    {NULL, NULL},
};

static const pbt__note why_examples[] = {
    {"pbt why first m3s12", "why did member 3 train segment 12 as it did?"},
    {NULL, NULL},
};

static const pbt__note compare_examples[] = {
    {"pbt compare tuned plain", "two groups that 'run --seeds' made"},
    {"pbt compare tuned plain --output both.svg", "the same, with a picture of their best scores"},
    {NULL, NULL},
};

static const pbt__note report_examples[] = {
    {"pbt report tuned plain --output tuned.html", "'tuned', with 'plain' to compare it with"},
    {NULL, NULL},
};

static const pbt__note amend_examples[] = {
    {"pbt amend first stop.steps=8000", "train longer; then use 'pbt run' again"},
    {"pbt amend first explore.factors='[0.9, 1.1]' notes=calmer", "two keys at once"},
    {NULL, NULL},
};

const char *const pbt__sections[PBT__SECTION_COUNT] = {
    [PBT__SECTION_TRAIN] = "train",
    [PBT__SECTION_LOOK] = "look",
    [PBT__SECTION_CHANGE] = "change",
};

const pbt__command pbt__root_command = {
    .name = "",
    .operands = "COMMAND",
    .options = BIT(VERSION) | BIT(HELP),
    .text = "Population Based Training: trains a population of your program, improves the\n"
            "hyperparameters while it trains, and keeps a log of everything it did.\n",
    .examples = program_examples,
    .statuses = training_statuses,
};

const pbt__command pbt__commands[PBT__COMMAND_COUNT] = {
    [PBT__COMMAND_RUN] =
        {
            .name = "run",
            .operands = "SPEC",
            .operand_minimum = 1,
            .operand_maximum = 1,
            .options = BIT(STORE) | BIT(EXECUTOR) | BIT(SLOTS) | BIT(GPUS) | BIT(LISTEN) |
                       BIT(SEEDS) | BIT(TENSORBOARD) | BIT(ON_EVENT) | BIT(QUIET) | BIT(HELP),
            .section = PBT__SECTION_TRAIN,
            .summary = "run a study here; Ctrl-C stops cleanly, the same command resumes",
            .text =
                "Runs the study that a spec describes, on this machine. An existing study is\n"
                "continued; for a finished one the result is printed. On a terminal a live table\n"
                "shows the members; elsewhere each event is a line.\n"
                "\n"
                "Running the same command again while it runs adds its slots to the study. Either\n"
                "process may stop; the other continues. Runs of --seeds cannot be joined.\n"
                "\n"
                "Ctrl-C asks the trainers to save and stop, and waits at most 30 seconds for\n"
                "them. A second Ctrl-C stops them at once. In both cases, and after any crash,\n"
                "the same command continues the study.\n"
                "\n"
                "Trainers' output goes to NAME.logs, one file per member. Checkpoints go to\n"
                "NAME.checkpoints. Both folders lie beside the store.\n"
                "\n"
                "Default number of slots: visible GPUs divided by trainer.gpus. GPUs are visible\n"
                "by CUDA_VISIBLE_DEVICES or ROCR_VISIBLE_DEVICES, else by Slurm, else by the\n"
                "driver. Without GPUs: the processors available to this process (CPU affinity,\n"
                "cgroup, Slurm). OMP_NUM_THREADS is set to processors / slots.\n"
                "\n"
                "--tensorboard appends to existing files, also after a crash. Only one run may\n"
                "write to a folder at a time. The HParams tab shows each member's first\n"
                "hyperparameters; 'pbt export' writes the present ones.\n"
                "\n"
                "--on-event starts one process for the run. It reads every event in order, from\n"
                "the first new one on, until its input ends; then it has 10 seconds to finish.\n"
                "PBT_STUDY and PBT_STORE are in its environment. Its output goes to\n"
                "NAME.logs/on-event.log, which is never truncated. A slow or failing program\n"
                "never delays the study. Events it did not read are counted in a warning; events\n"
                "already in its pipe count as read.\n",
            .examples = run_examples,
            .statuses = training_statuses,
        },
    [PBT__COMMAND_TRY] =
        {
            .name = "try",
            .operands = "SPEC",
            .operand_minimum = 1,
            .operand_maximum = 1,
            .options = BIT(STEPS) | BIT(SECONDS) | BIT(SLOTS) | BIT(GPUS) | BIT(KEEP) | BIT(JSON) |
                       BIT(HELP),
            .section = PBT__SECTION_TRAIN,
            .summary = "train a few tiny segments and check the trainer",
            .text =
                "Trains short segments, alone and in turns, from scratch and from checkpoints,\n"
                "and compares them. Checks that the trainer runs, saves, loads, continues at the\n"
                "right step, applies hyperparameters after loading, repeats itself, and keeps\n"
                "members apart. Estimates the study's time and disk space, and the program's\n"
                "start-up time. Hyperparameters are changed one at a time, for at most --seconds,\n"
                "to find those that are ignored. A metric with the name of a hyperparameter must\n"
                "have its value.\n"
                "\n"
                "Each check prints 'ok', 'no', '?' (undecided) or '-' (does not apply). 'no' and\n"
                "'?' show both numbers and a command that compares the checkpoints. If an\n"
                "optimizer loses its moments, that is 'no'. If a random state is not saved, or\n"
                "only bytes differ, that is '?'. Your stores and checkpoints are not touched.\n"
                "Files are made in $TMPDIR, or /tmp. They are removed if no check prints 'no' or\n"
                "'?', unless --keep is given.\n",
            .examples = try_examples,
            .statuses = try_statuses,
        },
    [PBT__COMMAND_REPLAY] =
        {
            .name = "replay",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = BIT(STORE) | BIT(MEMBER) | BIT(SEGMENT) | BIT(NAME) | BIT(SCALE) |
                       BIT(EXECUTOR) | BIT(SLOTS) | BIT(GPUS) | BIT(LISTEN) | BIT(QUIET) |
                       BIT(HELP),
            .section = PBT__SECTION_TRAIN,
            .summary = "train one model by the schedule that a study found",
            .text =
                "Trains one model with exactly the hyperparameters of every age of a lineage:\n"
                "that of the best segment, or of --member or --segment. The result is a new study\n"
                "in the same store, named STUDY-replay, with the same trainer. It is run,\n"
                "interrupted and continued like any other. --scale 2 trains twice as long by the\n"
                "same schedule, in STUDY-replay-x2. STUDY may be omitted if the store holds only\n"
                "one.\n",
            .examples = replay_examples,
            .statuses = training_statuses,
        },
    [PBT__COMMAND_CHECK] =
        {
            .name = "check",
            .operands = "SPEC",
            .operand_minimum = 1,
            .operand_maximum = 1,
            .options = BIT(JSON) | BIT(HELP),
            .section = PBT__SECTION_TRAIN,
            .summary = "validate a spec and print what it means",
            .text =
                "Reads a spec and prints what a run would do: how many members, segments and\n"
                "decisions, who copies whom, and the space with its priors. Nothing is created.\n"
                "\n"
                "All errors are printed, each with its line, column and remedy; the exit status\n"
                "is then 2. Warnings name what is allowed but probably a mistake, such as a\n"
                "hyperparameter that no argument uses. 'run' and 'try' print the same.\n",
        },
    [PBT__COMMAND_LIST] =
        {
            .name = "list",
            .operands = "",
            .options = QUERY,
            .section = PBT__SECTION_LOOK,
            .summary = "list the studies of a store",
            .text = "Lists the studies of a store by name, each with its state, progress and best\n"
                    "score.\n",
        },
    [PBT__COMMAND_SHOW] =
        {
            .name = "show",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = QUERY,
            .section = PBT__SECTION_LOOK,
            .summary = "show a study: state, progress, best",
            .text = "Shows one study. STUDY may be omitted if the store holds only one.\n",
        },
    [PBT__COMMAND_MEMBERS] =
        {
            .name = "members",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = QUERY,
            .section = PBT__SECTION_LOOK,
            .summary = "list a study's members with their scores and hyperparameters",
            .text =
                "Lists the members of a study: their state, latest score, and hyperparameters.\n"
                "For those in training, NOW is the step inside the segment, SEEN the time since\n"
                "the last sign of life, MOVED the time since the step last changed, and LOGGED\n"
                "the values logged last. STUDY may be omitted if the store holds only one.\n",
        },
    [PBT__COMMAND_SEGMENTS] =
        {
            .name = "segments",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = QUERY,
            .section = PBT__SECTION_LOOK,
            .summary = "list everything a study trained, in order",
            .text =
                "Lists the segments of a study, ordered by number, then member. PARENT is the\n"
                "segment whose weights it started from, DONOR the member it copied. STUDY may be\n"
                "omitted if the store holds only one.\n",
            .examples = segments_examples,
        },
    [PBT__COMMAND_BEST] =
        {
            .name = "best",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = QUERY | BIT(EXPORT),
            .section = PBT__SECTION_LOOK,
            .summary = "show the best segment: score, checkpoint, hyperparameters",
            .text =
                "Shows the best segment that was reported and still has its checkpoint. STUDY may\n"
                "be omitted if the store holds only one.\n"
                "\n"
                "--export makes a folder with the checkpoint, its schedule, the spec in force,\n"
                "and the origin of all of it. The folder is complete or not made at all, also\n"
                "while the study runs. An existing folder is refused.\n",
            .examples = best_examples,
        },
    [PBT__COMMAND_EXPORT] =
        {
            .name = "export",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = PLACE | BIT(FOLDER) | BIT(TABLES) | BIT(HELP),
            .required = BIT(FOLDER),
            .section = PBT__SECTION_LOOK,
            .summary = "write a study as CSV, JSON lines or TensorBoard event files",
            .text =
                "Makes the folder named by --output, complete or not at all. An existing folder\n"
                "is refused. STUDY may be omitted if the store holds only one.\n"
                "\n"
                "csv, jsonl   one row per segment and per member, numbers exact; numbers that\n"
                "             are not finite are nan, inf or -inf. events.jsonl is the log,\n"
                "             study.json the output of 'pbt show', spec.yaml the spec as read\n"
                "tensorboard  one run per member (m0, m1, ...) with one point per report, at the\n"
                "             member's step; and one run, best, for the lineage of the best\n"
                "             segment, at its age. The HParams tab shows the hyperparameters of\n"
                "             each member's latest report. Values have 32 bits there\n",
        },
    [PBT__COMMAND_PLOT] =
        {
            .name = "plot",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = PLACE | BIT(OUTPUT) | BIT(KIND) | BIT(COLOR) | BIT(HELP),
            .required = BIT(OUTPUT),
            .section = PBT__SECTION_LOOK,
            .summary = "draw scores, schedules and lineage",
            .text =
                "Draws a study into FILE with gnuplot. 'scores' shows every member's score over\n"
                "steps, with an arrow from donor to copier; 'schedules' shows each hyperparameter\n"
                "on its own scale; 'lineage' shows whose weights came from where. 'summary' puts\n"
                "all of them on one page. The best segment and its ancestors are drawn thick.\n"
                "STUDY may be omitted if the store holds only one.\n",
            .examples = plot_examples,
        },
    [PBT__COMMAND_SCHEDULE] =
        {
            .name = "schedule",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = QUERY | BIT(MEMBER) | BIT(SEGMENT) | BIT(FORMAT),
            .section = PBT__SECTION_LOOK,
            .summary = "list the hyperparameters along one lineage, from age 0",
            .text =
                "Lists the hyperparameters that the weights of one segment were trained with, by\n"
                "age (the steps in the weights), whichever member trained them. Default: the best\n"
                "segment. --format is csv, json or yaml. STUDY may be omitted if the store holds\n"
                "only one.\n",
            .examples = schedule_examples,
        },
    [PBT__COMMAND_LINEAGE] =
        {
            .name = "lineage",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = QUERY | BIT(MEMBER) | BIT(GRAPH),
            .section = PBT__SECTION_LOOK,
            .summary = "draw whose weights came from where",
            .text =
                "Draws the tree of segments. Each line is what one member trained by itself; the\n"
                "main line of the tree runs straight down, and * marks the path to the best. Of a\n"
                "large tree only that path is drawn, and the rest is summarized. --member draws\n"
                "only the lineage of that member's latest report. --format dot is for Graphviz.\n"
                "STUDY may be omitted if the store holds only one.\n",
            .examples = lineage_examples,
        },
    [PBT__COMMAND_WHY] =
        {
            .name = "why",
            .operands = "[STUDY] SEGMENT",
            .operand_minimum = 1,
            .operand_maximum = 2,
            .options = QUERY,
            .section = PBT__SECTION_LOOK,
            .summary = "explain how a segment was decided",
            .text =
                "Makes the decision that created a segment (such as m3s12) again, from the log,\n"
                "and explains it: the rule, who was compared at which scores, what was drawn, and\n"
                "what changed or why nothing did. STUDY may be omitted if the store holds only\n"
                "one.\n",
            .examples = why_examples,
        },
    [PBT__COMMAND_REPORT] =
        {
            .name = "report",
            .operands = "STUDY [BASELINE...]",
            .operand_minimum = 1,
            .operand_maximum = -1,
            .options = PLACE | BIT(PAGE) | BIT(HELP),
            .required = BIT(PAGE),
            .section = PBT__SECTION_LOOK,
            .summary = "write an HTML page about a study",
            .text =
                "Writes one HTML file that needs no other file: the winner with its age and\n"
                "schedule, pictures, the fixed members of the population, the budget, the result\n"
                "of 'verify', space and rules, the spec, and its origin. BASELINE names other\n"
                "studies, as for 'compare'; their results and statistics are shown beside it.\n",
            .examples = report_examples,
        },
    [PBT__COMMAND_COMPARE] =
        {
            .name = "compare",
            .operands = "[STUDY...]",
            .operand_maximum = -1,
            .options = QUERY | BIT(AT) | BIT(OUTPUT),
            .section = PBT__SECTION_LOOK,
            .summary = "compare studies, several seeds each, with statistics",
            .text =
                "Compares the best scores of groups of studies. STUDY is a name, the NAME of\n"
                "studies made by 'run --seeds', or a pattern such as 'toy-*'. Studies whose names\n"
                "differ only in their seed are one group. LABEL=STUDY,STUDY makes a group of any\n"
                "studies. Without STUDY: all studies of the store except replays.\n"
                "\n"
                "For each group: the interquartile mean (IQM) over its seeds with a bootstrap\n"
                "interval, the median, and the best with the age of its weights. For each pair of\n"
                "groups: the difference, the probability of improvement, and the p of a rank\n"
                "test, paired if the seeds are the same, corrected for the number of tests. If\n"
                "the seeds are too few to decide, it says so. A study without a usable score\n"
                "counts as the worst.\n"
                "\n"
                "docs/compare.md has the formulas.\n",
            .examples = compare_examples,
        },
    [PBT__COMMAND_VERIFY] =
        {
            .name = "verify",
            .operands = "[STUDY...]",
            .operand_maximum = -1,
            .options = QUERY,
            .section = PBT__SECTION_LOOK,
            .summary = "check a study's whole log and its checkpoints",
            .text =
                "Reads the whole log again: checks every digest, makes every decision again, and\n"
                "reads every checkpoint. Without STUDY: all studies of the store. Each problem is\n"
                "a line.\n",
            .statuses = verify_statuses,
        },
    [PBT__COMMAND_STOP] =
        {
            .name = "stop",
            .operands = "STUDY",
            .operand_minimum = 1,
            .operand_maximum = 1,
            .options = CHANGE,
            .section = PBT__SECTION_CHANGE,
            .summary = "stop a study until it is resumed",
            .text = "Stops a study at once, wherever it runs. Segments in training are given back\n"
                    "with their progress.\n",
        },
    [PBT__COMMAND_RESUME] =
        {
            .name = "resume",
            .operands = "STUDY",
            .operand_minimum = 1,
            .operand_maximum = 1,
            .options = CHANGE | BIT(MEMBERS),
            .section = PBT__SECTION_CHANGE,
            .summary = "resume a stopped study, or bring back failed members",
            .text =
                "Lets a stopped study continue. 'pbt run' of its spec resumes it as well.\n"
                "\n"
                "--members brings back members that failed for good or lost their last segment,\n"
                "also in a study that has finished or failed. Each continues from the weights it\n"
                "had, else from a copy of another member's, else from scratch. 'pbt run' of the\n"
                "spec then trains them.\n",
        },
    [PBT__COMMAND_AMEND] =
        {
            .name = "amend",
            .operands = "STUDY KEY=VALUE...",
            .operand_minimum = 2,
            .operand_maximum = -1,
            .options = CHANGE,
            .section = PBT__SECTION_CHANGE,
            .summary = "change keys of a study's spec, such as stop.steps=8000",
            .text =
                "Changes keys of a study's spec, all of them or none, as one event of its log.\n"
                "These may change: stop, lease, failure, trainer, checkpoints, notes, ready,\n"
                "exploit, explore and objective.window. The other keys define the study. Values\n"
                "are written as in YAML: explore.factors='[0.9, 1.1]'.\n",
            .examples = amend_examples,
        },
    [PBT__COMMAND_DELETE] =
        {
            .name = "delete",
            .operands = "STUDY",
            .operand_minimum = 1,
            .operand_maximum = 1,
            .options = BIT(STORE) | BIT(YES) | BIT(FORCE) | BIT(HELP),
            .section = PBT__SECTION_CHANGE,
            .summary = "delete a study with its checkpoints and logs",
            .text =
                "Deletes a study, its checkpoints and its trainers' logs, for good. Asks first.\n"
                "If standard input is not a terminal, --yes is required.\n",
        },
};

bool pbt__command_takes(const pbt__command *command, pbt__option_id option)
{
    return (command->options & UINT64_C(1) << option) != 0;
}

bool pbt__command_needs(const pbt__command *command, pbt__option_id option)
{
    return (command->required & UINT64_C(1) << option) != 0;
}

const pbt__command *pbt__command_find(const char *name)
{
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        if (strcmp(pbt__commands[i].name, name) == 0) {
            return &pbt__commands[i];
        }
    }
    return NULL;
}
