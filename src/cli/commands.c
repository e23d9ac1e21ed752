/*
 * commands.c: the table of commands. A new command is a row here and a file of its own; a new
 * option is a row and an enumerator.
 */
#include "cli/command.h"

#include <string.h>

#define BIT(name) (UINT64_C(1) << PBT__OPTION_##name)
#define PLACE (BIT(STORE) | BIT(SERVER) | BIT(TOKEN_FILE))
#define QUERY (PLACE | BIT(JSON) | BIT(HELP))
#define CHANGE (PLACE | BIT(HELP))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const store_values[] = {"sqlite:pbt.db", "memory:", NULL};
static const char *const kind_values[] = {"summary", "scores", "schedules", "lineage", NULL};
static const char *const schedule_values[] = {"csv", "json", "yaml", NULL};
static const char *const graph_values[] = {"dot", NULL};
static const char *const table_values[] = {"csv", "jsonl", "tensorboard", NULL};
static const char *const picture_endings[] = {"svg", "png", "pdf", "gp", NULL};
static const char *const page_endings[] = {"html", NULL};

const pbt__option pbt__options[PBT__OPTION_COUNT] = {
    [PBT__OPTION_STORE] = {"store", "URL",
                           "sqlite:FILE or memory: ($PBT_STORE, else sqlite:pbt.db)", store_values},
    [PBT__OPTION_SERVER] = {"server", "URL", "ask a server instead, such as a run's ($PBT_SERVER)"},
    [PBT__OPTION_TOKEN_FILE] = {"token-file", "FILE", "the server's token ($PBT_TOKEN_FILE)"},
    [PBT__OPTION_SLOTS] = {"slots", "N",
                           "trainers at a time (default: as GPUs or processors allow)"},
    [PBT__OPTION_GPUS] = {"gpus", "0,1,..",
                          "GPUs to share out among slots; one named twice is shared"},
    [PBT__OPTION_LISTEN] = {"listen", "A:P",
                            "serve the API there (default: 127.0.0.1 and a free port)"},
    [PBT__OPTION_SEEDS] = {"seeds", "A..B",
                           "one study per seed, named NAME-SEED, one after another"},
    [PBT__OPTION_FOLDER] = {"output", "DIR", "the folder to make"},
    [PBT__OPTION_TABLES] = {"format", "F", "csv, jsonl or tensorboard (default: csv and jsonl)",
                            table_values},
    [PBT__OPTION_TENSORBOARD] = {"tensorboard", "DIR",
                                 "write TensorBoard runs to DIR/NAME as reports come"},
    [PBT__OPTION_ON_EVENT] = {"on-event", "PROGRAM",
                              "run a program that reads each event as a line of JSON"},
    [PBT__OPTION_AT] = {"at", "STEPS", "compare when each had done so many steps, all members'"},
    [PBT__OPTION_STEPS] = {"steps", "N",
                           "steps in a segment (default: a tenth of ready.every, or 5)"},
    [PBT__OPTION_SECONDS] = {"seconds", "N",
                             "time to change hyperparameters one at a time (default: 120)"},
    [PBT__OPTION_KEEP] = {"keep", NULL, "keep what was trained, and the logs"},
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
    [PBT__OPTION_MEMBER] = {"member", "N", "of this member's latest report"},
    [PBT__OPTION_SEGMENT] = {"segment", "ID", "of the lineage that ends in this segment"},
    [PBT__OPTION_EXPORT] = {"export", "DIR", "make a folder of it, to take away"},
    [PBT__OPTION_NAME] = {"name", "NAME", "of the new study (default: STUDY-replay)"},
    [PBT__OPTION_SCALE] = {"scale", "X", "stretch all ages by this factor"},
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
    {"pbt.db", "the store, unless another one is named"},
    {"pbt.db.owner", "where commands find the 'pbt run' that holds the store"},
    {"NAME.checkpoints", "checkpoints of the study NAME, beside the store"},
    {"NAME.logs", "what its trainers wrote, a file per member, beside the store"},
    {NULL, NULL},
};

static const pbt__note program_examples[] = {
    {"pbt check study.yaml", "what would this spec do?"},
    {"pbt run study.yaml", "run it; after any interruption, go on with it"},
    {"pbt best", "what came out"},
    {NULL, NULL},
};

static const pbt__note run_examples[] = {
    {"pbt run study.yaml", "run a study, or go on with it"},
    {"pbt run study.yaml --slots 4 --gpus 0,0,1,1", "two trainers on each of two GPUs"},
    {"pbt run study.yaml --seeds 1..5", "five studies, each with a seed of its own"},
    {NULL, NULL},
};

static const pbt__note try_examples[] = {
    {"pbt try study.yaml --steps 5", "does the trainer save, load and go on?"},
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
    {"pbt compare tuned plain --output both.svg", "and their best scores over steps"},
    {NULL, NULL},
};

static const pbt__note report_examples[] = {
    {"pbt report tuned plain --output tuned.html", "'tuned', with 'plain' to compare it with"},
    {NULL, NULL},
};

static const pbt__note amend_examples[] = {
    {"pbt amend first stop.steps=8000", "train longer; 'pbt run' then goes on"},
    {"pbt amend first explore.factors='[0.9, 1.1]' notes=calmer", "two keys at once"},
    {NULL, NULL},
};

const char *const pbt__sections[PBT__SECTION_COUNT] = {
    [PBT__SECTION_TRAIN] = "train",
    [PBT__SECTION_LOOK] = "look",
    [PBT__SECTION_CHANGE] = "change",
};

const pbt__command pbt__program = {
    .name = "",
    .operands = "COMMAND",
    .options = BIT(VERSION) | BIT(HELP),
    .text = "Population Based Training: trains a population of your program, moves the search\n"
            "to what works while it trains, and keeps a log of everything it did.\n",
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
            .options = BIT(STORE) | BIT(SLOTS) | BIT(GPUS) | BIT(LISTEN) | BIT(SEEDS) |
                       BIT(TENSORBOARD) | BIT(ON_EVENT) | BIT(QUIET) | BIT(HELP),
            .section = PBT__SECTION_TRAIN,
            .summary = "run a study here; Ctrl-C stops cleanly, the same command resumes",
            .text =
                "Runs the study that a spec describes, on this machine. A study that exists\n"
                "already is continued; a finished one prints its result. On a terminal a live\n"
                "table shows the members; elsewhere every event is a line.\n"
                "\n"
                "The same command once more, while the first runs, joins it: its slots train\n"
                "beside the others until the study is over. Each goes on without the other.\n"
                "Runs of --seeds are not joined.\n"
                "\n"
                "Ctrl-C once asks the trainers to end, so that they may save how far they have\n"
                "come, and waits for them, 30 seconds at most; twice, it ends them at once.\n"
                "Either way, and after any crash, the same command goes on where the study was.\n"
                "\n"
                "What trainers print is in NAME.logs, a file per member, checkpoints go to\n"
                "NAME.checkpoints, both beside the store.\n"
                "\n"
                "By default there are as many slots as GPUs go into trainer.gpus, of those that\n"
                "CUDA_VISIBLE_DEVICES or ROCR_VISIBLE_DEVICES name, Slurm has allotted, or the\n"
                "driver shows; without GPUs, as many as the processors that the affinity, the\n"
                "cgroup and Slurm grant, which the slots share by OMP_NUM_THREADS.\n"
                "\n"
                "--tensorboard goes on where its files ended, after any crash; one run at a time\n"
                "may write there. The HParams tab shows what a member began with; 'pbt export'\n"
                "writes what it has now.\n"
                "\n"
                "--on-event starts one process for the run, which reads every event from the\n"
                "first new one on, in order, until its input ends. It has 10 seconds to end then.\n"
                "It finds PBT_STUDY and PBT_STORE in its environment; what it prints goes to\n"
                "NAME.logs/on-event.log, which is never cut. One that is slow or fails holds\n"
                "nothing up: what it does not take is counted in a warning, where what is in its\n"
                "pipe counts as taken.\n",
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
            .summary = "train a few tiny segments and say whether the trainer does its part",
            .text =
                "Before hours are spent: trains short segments, alone and in turns, from scratch\n"
                "and from checkpoints, and compares them. Says whether the trainer runs, saves,\n"
                "loads, goes on at the right step, applies hyperparameters after loading, repeats\n"
                "itself, and keeps members apart; and what the study will take, and the program's\n"
                "start. Each hyperparameter is changed alone, as long as --seconds allow, so that\n"
                "one that is ignored is named. One that is reported back, as a metric of the same\n"
                "name, must be the one that was given.\n"
                "\n"
                "Each check prints 'ok', 'no', '?' (undecided) or '-' (does not apply). 'no' and\n"
                "'?' come with both numbers and a command that compares the checkpoints. Lost\n"
                "moments of an optimizer are 'no'; a random state that is not saved, or bytes\n"
                "alone that differ, are '?'. No store and no checkpoint of yours is touched. What\n"
                "is made lies in $TMPDIR, or /tmp; it is removed where no check says 'no' or '?',\n"
                "unless --keep is given.\n",
            .examples = try_examples,
            .statuses = try_statuses,
        },
    [PBT__COMMAND_REPLAY] =
        {
            .name = "replay",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = BIT(STORE) | BIT(MEMBER) | BIT(SEGMENT) | BIT(NAME) | BIT(SCALE) |
                       BIT(SLOTS) | BIT(GPUS) | BIT(LISTEN) | BIT(QUIET) | BIT(HELP),
            .section = PBT__SECTION_TRAIN,
            .summary = "train one model by the schedule that a study found",
            .text =
                "Trains one model with exactly the hyperparameters of every age of a lineage:\n"
                "that of the best segment, or of --member's or --segment's. It is a study of its\n"
                "own in the same store, named STUDY-replay, with the same trainer, and is run,\n"
                "interrupted and continued like any other. --scale 2 trains twice as long by the\n"
                "same schedule, in STUDY-replay-x2. STUDY may be left out where the store holds a\n"
                "single one.\n",
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
                "Reads a spec and says what a run of it would do: how many members, segments and\n"
                "decisions, who copies whom, and the space with its priors. Nothing is created.\n"
                "\n"
                "All errors are printed, each with its line, column and a remedy; the exit status\n"
                "is then 2. Warnings name what is allowed but probably not meant, such as a\n"
                "hyperparameter that no argument mentions. 'run' and 'try' print the same.\n",
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
            .text = "Shows one study. STUDY may be left out where the store holds a single one.\n",
        },
    [PBT__COMMAND_MEMBERS] =
        {
            .name = "members",
            .operands = "[STUDY]",
            .operand_maximum = 1,
            .options = QUERY,
            .section = PBT__SECTION_LOOK,
            .summary = "list a study's members with their scores and hyperparameters",
            .text = "Lists the members of a study: where each one is, its latest score, and the\n"
                    "hyperparameters it trains with. Of those that train: NOW is the step inside\n"
                    "the segment, SEEN and MOVED how long ago a sign of life came and the step\n"
                    "moved, LOGGED the values it logged last. STUDY may be left out where the\n"
                    "store holds a single one.\n",
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
                "Lists the segments of a study, ordered by number, then member: PARENT is the\n"
                "segment whose weights one started from, DONOR the member it copied. STUDY may be\n"
                "left out where the store holds a single one.\n",
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
                "Shows the best segment that was reported and still holds its checkpoint. STUDY\n"
                "may be left out where the store holds a single one.\n"
                "\n"
                "--export makes a folder with the checkpoint, its schedule, the spec in force and\n"
                "where all of it comes from; whole or not at all, also while the study runs. A\n"
                "folder that exists is left alone.\n",
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
                "Makes the folder that --output names, whole or not at all; one that exists is\n"
                "refused. STUDY may be left out where the store holds a single one.\n"
                "\n"
                "csv, jsonl   segments and members, a row each, numbers exact; one that is not\n"
                "             finite is nan, inf or -inf. events.jsonl is the log, study.json\n"
                "             what 'pbt show' says, spec.yaml the spec as it was read\n"
                "tensorboard  a run per member (m0, m1, ...) with a point per report at the\n"
                "             member's step, and one, best, for the lineage of the best segment,\n"
                "             at its age; the HParams tab shows a member with the\n"
                "             hyperparameters of its newest report; values have 32 bits there\n",
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
                "Draws a study into FILE, by gnuplot. 'scores' shows every member's score over\n"
                "steps, with an arrow from donor to copier; 'schedules' each hyperparameter on\n"
                "its own scale; 'lineage' who came from whom. 'summary' is all of them on one\n"
                "page. The best segment and its ancestors are drawn thick in each. STUDY may be\n"
                "left out where the store holds a single one.\n",
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
                "Lists the hyperparameters that the weights of one segment were trained with,\n"
                "whoever trained them, by age: the steps in the weights. Without --member or\n"
                "--segment, those of the best. --format is csv, json or yaml. STUDY may be left\n"
                "out where the store holds a single one.\n",
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
                "Draws the tree of segments: a line is what one member trained by itself,\n"
                "straight down is where most of the tree went on, and * marks the way to the\n"
                "best. Of a large tree only that way is drawn, the rest is summed up. With\n"
                "--member, the lineage of that member's latest report alone. --format dot is for\n"
                "Graphviz. STUDY may be left out where the store holds a single one.\n",
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
            .summary = "say how a segment was decided: who was compared, drawn, changed",
            .text =
                "Makes the decision that made a segment (such as m3s12) again, from the log, and\n"
                "says how it came about: the rule, who was compared at which scores, what was\n"
                "drawn, what changed, or why nothing did. STUDY may be left out where the store\n"
                "holds a single one.\n",
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
            .summary = "write a page about a study, fit for an appendix",
            .text =
                "Writes one HTML file that needs nothing else: the winner with its age and\n"
                "schedule, pictures, the fixed members of the population, the budget, what\n"
                "'verify' says, space and rules, the spec, and where it all came from. With\n"
                "BASELINE, studies as 'compare' takes them, their results stand beside it with\n"
                "their statistics.\n",
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
                "studies that 'run --seeds' made, or a pattern such as 'toy-*'. Studies that\n"
                "differ in their seed alone, by name, are one group; LABEL=STUDY,STUDY makes a\n"
                "group of any. Without STUDY, all studies of the store but\n"
                "replays.\n"
                "\n"
                "For each group: the interquartile mean (IQM) over its seeds with a bootstrap\n"
                "interval, the median, and the best with the age of its weights. For each two\n"
                "groups: the difference, the probability of improvement, and the p of a rank\n"
                "test, paired where the seeds are the same, corrected for the number of tests.\n"
                "Where the seeds are too few to tell, it says so. A study without a usable score\n"
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
            .summary = "read a study's log again and check all of it",
            .text =
                "Reads the whole log: every digest, every decision made again, every checkpoint's\n"
                "bytes. Without STUDY, all studies of the store. Each problem is a line.\n",
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
            .summary = "stop a study: no segment is handed out until it is resumed",
            .text = "Stops a study at once, wherever it runs. What is being trained is given back\n"
                    "with its progress.\n",
        },
    [PBT__COMMAND_RESUME] =
        {
            .name = "resume",
            .operands = "STUDY",
            .operand_minimum = 1,
            .operand_maximum = 1,
            .options = CHANGE | BIT(MEMBERS),
            .section = PBT__SECTION_CHANGE,
            .summary = "undo a stop, or bring back members that failed",
            .text =
                "Lets a stopped study go on. 'pbt run' of its spec resumes it as well.\n"
                "\n"
                "--members brings back members that failed for good or lost their last segment,\n"
                "also of a study that has finished or failed: each goes on from the weights it\n"
                "had, else from a copy of another's, else afresh. 'pbt run' of the spec trains\n"
                "them.\n",
        },
    [PBT__COMMAND_AMEND] =
        {
            .name = "amend",
            .operands = "STUDY KEY=VALUE...",
            .operand_minimum = 2,
            .operand_maximum = -1,
            .options = CHANGE,
            .section = PBT__SECTION_CHANGE,
            .summary = "change what a study may change, such as stop.steps=8000",
            .text =
                "Changes keys of a study's spec, all of them or none, as one event of its log.\n"
                "The keys of stop, lease, failure, trainer, checkpoints, notes, ready, exploit,\n"
                "explore and objective.window may change; the others are what the study is.\n"
                "Values are in YAML's notation: explore.factors='[0.9, 1.1]'.\n",
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
                "Deletes a study, its checkpoints and its trainers' logs, for good. Asks first;\n"
                "where nobody can be asked, --yes is needed.\n",
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
