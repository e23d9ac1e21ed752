/*
 * command.h: the commands and their options, as one table.
 *
 * Parsing, usage texts, suggestions, man pages and shell completion read these rows and nothing
 * else. Only this layer reads the environment and exits.
 */
#ifndef PBT_CLI_COMMAND_H
#define PBT_CLI_COMMAND_H

#include <pbt/pbt.h>

/* The options of all commands. An option whose meaning differs between commands has a row for each
 * meaning, under one name. They are bits in commands.c: at most 32. */
typedef enum pbt__option_id {
    PBT__OPTION_STORE,
    PBT__OPTION_SERVER,
    PBT__OPTION_TOKEN_FILE,
    PBT__OPTION_EXECUTOR,
    PBT__OPTION_SLOTS,
    PBT__OPTION_GPUS,
    PBT__OPTION_LISTEN,
    PBT__OPTION_SEEDS,
    PBT__OPTION_FOLDER,
    PBT__OPTION_TABLES,
    PBT__OPTION_TENSORBOARD,
    PBT__OPTION_ON_EVENT,
    PBT__OPTION_AT,
    PBT__OPTION_STEPS,
    PBT__OPTION_KEEP,
    PBT__OPTION_SECONDS,
    PBT__OPTION_QUIET,
    PBT__OPTION_JSON,
    PBT__OPTION_OUTPUT,
    PBT__OPTION_PAGE,
    PBT__OPTION_KIND,
    PBT__OPTION_COLOR,
    PBT__OPTION_FORMAT,
    PBT__OPTION_GRAPH,
    PBT__OPTION_MEMBER,
    PBT__OPTION_SEGMENT,
    PBT__OPTION_EXPORT,
    PBT__OPTION_NAME,
    PBT__OPTION_SCALE,
    PBT__OPTION_YES,
    PBT__OPTION_FORCE,
    PBT__OPTION_MEMBERS,
    PBT__OPTION_VERSION,
    PBT__OPTION_HELP,
    PBT__OPTION_COUNT,
} pbt__option_id;

typedef struct pbt__option {
    const char *name;          /* without its dashes */
    const char *argument;      /* what follows it in usage texts; NULL: a flag */
    const char *help;          /* one line; `$NAME` is a variable that stands in for the option */
    const char *const *values; /* Nullable: what completion offers, NULL-terminated; of a FILE the
                                  endings */
} pbt__option;

/* A term and what it means. Lists of them end with a NULL term. */
typedef struct pbt__note {
    const char *term;
    const char *text;
} pbt__note;

typedef enum pbt__section {
    PBT__SECTION_TRAIN,
    PBT__SECTION_LOOK,
    PBT__SECTION_CHANGE,
    PBT__SECTION_COUNT,
} pbt__section;

/* The commands, in the order in which they are listed. Each has a row in commands.c, and a file
 * for its function. */
#define PBT__COMMANDS(X)                                                                           \
    X(RUN, run)                                                                                    \
    X(TRY, try)                                                                                    \
    X(REPLAY, replay)                                                                              \
    X(CHECK, check)                                                                                \
    X(LIST, list)                                                                                  \
    X(SHOW, show)                                                                                  \
    X(MEMBERS, members)                                                                            \
    X(SEGMENTS, segments)                                                                          \
    X(BEST, best)                                                                                  \
    X(EXPORT, export)                                                                              \
    X(PLOT, plot)                                                                                  \
    X(SCHEDULE, schedule)                                                                          \
    X(LINEAGE, lineage)                                                                            \
    X(WHY, why)                                                                                    \
    X(REPORT, report)                                                                              \
    X(COMPARE, compare)                                                                            \
    X(VERIFY, verify)                                                                              \
    X(STOP, stop)                                                                                  \
    X(RESUME, resume)                                                                              \
    X(AMEND, amend)                                                                                \
    X(DELETE, delete)

typedef enum pbt__command_id {
#define X(id, name) PBT__COMMAND_##id,
    PBT__COMMANDS(X)
#undef X
        PBT__COMMAND_COUNT,
} pbt__command_id;

typedef struct pbt__command {
    const char *name;
    const char *operands; /* as usage texts show them */
    int operand_minimum;
    int operand_maximum; /* -1: no limit */
    uint64_t options;    /* bits 1 << pbt__option_id */
    uint64_t required;   /* those of them that must be given */
    pbt__section section;
    const char *summary; /* one line */
    const char *text;    /* paragraphs of at most 80 columns; indented lines are kept as they are */
    const pbt__note *examples; /* Nullable: command lines */
    const pbt__note *statuses; /* Nullable: exit statuses, where they are not pbt__statuses */
} pbt__command;

/* A command line, parsed. Owner: texts point into argv; pbt__arguments_fini frees the rest. */
typedef struct pbt__arguments {
    const pbt__command *command;
    const char **operands; /* Shape: operands[operand_count] */
    int operand_count;
    bool has[PBT__OPTION_COUNT];
    const char *values[PBT__OPTION_COUNT]; /* NULL for a flag or where it was not given */
    int argc;
    char **argv; /* the whole command line */
} pbt__arguments;

extern const pbt__option pbt__options[PBT__OPTION_COUNT];
extern const pbt__note pbt__statuses[]; /* of commands that name none of their own */
extern const pbt__note pbt__files[];    /* what commands that take --store read and write */
extern const char *const pbt__sections[PBT__SECTION_COUNT];
extern const pbt__command pbt__root_command; /* `pbt` itself, without a command */
extern const pbt__command pbt__commands[PBT__COMMAND_COUNT];

/* Say whether a command takes an option. */
bool pbt__command_takes(const pbt__command *command, pbt__option_id option);

/* Say whether a command cannot do without an option. */
bool pbt__command_needs(const pbt__command *command, pbt__option_id option);

/* Find a command by its name; NULL if there is none. */
const pbt__command *pbt__command_find(const char *name);

/*
 * Parse a command line against the table. With --help among the options, operands are not checked.
 * Errors: PBT_ERR_ARGUMENT with a hint that names the nearest option or command, PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__arguments_parse(int argc, char **argv, pbt__arguments *out,
                                          pbt_error *error);
void pbt__arguments_fini(pbt__arguments *arguments);

/* The operand at `index`; NULL if fewer were given. */
const char *pbt__arguments_operand(const pbt__arguments *arguments, int index);

/* Read a whole number in [minimum, maximum] that a user wrote for `what`.
 * Errors: PBT_ERR_ARGUMENT with what was found and what is allowed. */
PBT_MUST_USE pbt_err pbt__arguments_integer(const char *what, const char *text, int64_t minimum,
                                            int64_t maximum, int64_t *out, pbt_error *error);

/* Read a segment's name, such as m3s12. Errors: PBT_ERR_ARGUMENT. */
PBT_MUST_USE pbt_err pbt__arguments_segment(const char *text, pbt_segment_id *out,
                                            pbt_error *error);

/* The segment whose lineage is meant: --segment, --member N's latest report ({N, -1}), else the
 * best (PBT_NO_SEGMENT). Errors: PBT_ERR_ARGUMENT. */
PBT_MUST_USE pbt_err pbt__arguments_lineage(const pbt__arguments *arguments, pbt_segment_id *out,
                                            pbt_error *error);

/* Run a command; returns the exit status. */
#define X(id, name) int pbt__command_##name(const pbt__arguments *arguments);
PBT__COMMANDS(X)
#undef X

#endif
