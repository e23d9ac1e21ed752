/*
 * keys.c: every key of a spec, once.
 *
 * A new option is a line here and a field in pbt_spec or pbt_search; what reads the table follows.
 */
#include "spec/keys.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/population.h"

/* Fields are read and written as 32-bit numbers where they are enums. */
_Static_assert(sizeof(pbt_mode) == 4 && sizeof(pbt__protocol) == 4 && sizeof(pbt__isolation) == 4,
               "an enum is 32 bits wide");

static const char *const direction_names[] = {"maximize", "minimize", NULL};
static const char *const mode_names[] = {"asynchronous", "generational", NULL};
static const char *const compare_names[] = {"step", "latest", NULL};
static const char *const copy_names[] = {"weights", "hyperparameters", NULL};
static const char *const when_names[] = {"copy", "always", NULL};
static const char *const protocol_names[] = {"worker", "command", "library", NULL};
static const char *const isolation_names[] = {"process", "thread", NULL};
static const char *const reload_names[] = {"needed", "always", NULL};
static const char *const exploit_names[] = {
    "truncation", "t_test", "binary_tournament", "best", "threshold", "none", NULL,
};
static const char *const explore_names[] = {"perturb", "gaussian", "resample", "none", NULL};

static const char *const type_names[] = {"float", "int", "ordinal", "choice", "constant", NULL};
static const char *const scale_names[] = {"linear", "log", "reverse_log", NULL};

/* What pbt_search_check allows; what has no end of its own still has a stated one. */
#define POPULATION_MOST PBT__POPULATION_MAXIMUM
#define WINDOW_MOST PBT__WINDOW_MAXIMUM
#define STEPS_MOST 0x1p53
#define COUNT_MOST 1e6
#define INT64_MOST 0x1p63

#define FIELD(name) offsetof(pbt_spec, name)
#define SEARCH(name) (offsetof(pbt_spec, search) + offsetof(pbt_search, name))
#define EXPLOIT(name) (SEARCH(exploit) + offsetof(pbt_exploit, name))
#define EXPLORE(name) (SEARCH(explore) + offsetof(pbt_explore, name))
#define TRAINER(name) (FIELD(trainer) + offsetof(pbt__trainer_spec, name))

#define REQUIRED PBT__KEY_REQUIRED
/* What may change in a study says from where: by whoever has the store, or also over HTTP. */
#define LOCALLY PBT__KEY_AMENDABLE
#define ANYWHERE (PBT__KEY_AMENDABLE | PBT__KEY_REMOTE)
#define NULLABLE PBT__KEY_NULLABLE
#define ABOVE PBT__KEY_ABOVE
#define BIT(value) (1U << (unsigned)(value))

/* clang-format off */
const pbt__key pbt__keys[PBT__KEY_COUNT] = {
    {.path = "version", .kind = PBT__KIND_VERSION, .flags = REQUIRED, .least = 1, .most = 1,
     .meaning = "The version of this format."},
    {.path = "name", .kind = PBT__KIND_STUDY, .flags = REQUIRED, .offset = FIELD(name),
     .meaning = "The study's name, unique in a store."},
    {.path = "seed", .kind = PBT__KIND_SEED, .offset = SEARCH(seed), .most = INT64_MOST,
     .fallback = "0",
     .meaning = "Every random number of the study follows from it."},

    {.path = "objective", .kind = PBT__KIND_MAP, .meaning = "What is sought."},
    {.path = "objective.metric", .kind = PBT__KIND_WORD, .offset = FIELD(metric),
     .fallback = "score",
     .meaning = "The metric that reports are judged by."},
    {.path = "objective.direction", .kind = PBT__KIND_NAME, .offset = SEARCH(direction),
     .names = direction_names, .fallback = "maximize",
     .meaning = "Whether higher or lower is better."},
    {.path = "objective.window", .kind = PBT__KIND_COUNT, .flags = ANYWHERE,
     .offset = SEARCH(window), .least = 1, .most = WINDOW_MOST, .fallback = "1",
     .meaning = "Ranks use the mean of that many reports along a lineage."},

    {.path = "population", .kind = PBT__KIND_COUNT, .flags = REQUIRED,
     .offset = SEARCH(population), .least = 1, .most = POPULATION_MOST,
     .meaning = "The number of members."},
    {.path = "mode", .kind = PBT__KIND_NAME, .offset = SEARCH(mode), .names = mode_names,
     .fallback = "asynchronous",
     .meaning = "Asynchronous: a report is decided at once, and nobody waits. Generational: all "
                "members decide together at each ready point."},

    {.path = "ready", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "How long a segment is."},
    {.path = "ready.every", .kind = PBT__KIND_STEPS, .flags = REQUIRED | ANYWHERE,
     .offset = SEARCH(ready_every), .least = 1, .most = STEPS_MOST,
     .meaning = "Steps in a segment. A member is judged at the end of each."},
    {.path = "ready.after", .kind = PBT__KIND_STEPS, .flags = ANYWHERE,
     .offset = SEARCH(ready_after), .most = STEPS_MOST, .fallback = "0",
     .meaning = "No decision before this step."},

    {.path = "stop", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "When the study ends: whichever comes first."},
    {.path = "stop.steps", .kind = PBT__KIND_STEPS, .flags = NULLABLE | ANYWHERE,
     .offset = SEARCH(stop_steps), .least = 1, .most = STEPS_MOST, .fallback = "null",
     .meaning = "Steps per member. It may be left out where `stop.seconds` is given."},
    {.path = "stop.score", .kind = PBT__KIND_REAL, .flags = NULLABLE | ANYWHERE,
     .offset = SEARCH(stop_score), .least = -INFINITY, .most = INFINITY, .fallback = "null",
     .meaning = "A score that is good enough."},
    {.path = "stop.seconds", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = FIELD(stop_seconds), .most = INFINITY, .fallback = "0.0",
     .meaning = "Time of training: while nobody trains, it does not pass. Trainers are then asked "
                "to stop, and what they save is kept. 0 is no limit."},

    {.path = "exploit", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "Whether a member copies another one."},
    {.path = "exploit.rule", .kind = PBT__KIND_NAME, .flags = ANYWHERE, .offset = EXPLOIT(rule),
     .names = exploit_names, .fallback = "truncation",
     .meaning = "`truncation`: the worst draw a donor from the best. `t_test`: copy a member "
                "drawn at random if it is significantly better. `binary_tournament`: if it is "
                "better. `best`: everyone copies the best. `threshold`: those well below the "
                "mean copy one well above. `none`: nobody copies, which is random search."},
    {.path = "exploit.fraction", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = EXPLOIT(fraction), .most = 0.5, .owner = "exploit.rule",
     .owner_values = BIT(PBT_EXPLOIT_TRUNCATION), .fallback = "0.25",
     .meaning = "The share of members that copy, and the share that is copied."},
    {.path = "exploit.alpha", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = EXPLOIT(alpha), .most = 1, .owner = "exploit.rule",
     .owner_values = BIT(PBT_EXPLOIT_T_TEST), .fallback = "0.05",
     .meaning = "The level of Welch's two-sided test."},
    {.path = "exploit.window", .kind = PBT__KIND_COUNT, .flags = ANYWHERE,
     .offset = EXPLOIT(window), .least = 2, .most = WINDOW_MOST, .owner = "exploit.rule",
     .owner_values = BIT(PBT_EXPLOIT_T_TEST), .fallback = "10",
     .meaning = "The evaluations along a lineage that the test compares."},
    {.path = "exploit.sigmas", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = EXPLOIT(sigmas), .most = INFINITY, .owner = "exploit.rule",
     .owner_values = BIT(PBT_EXPLOIT_THRESHOLD), .fallback = "0.5",
     .meaning = "The distance from the mean that counts, in standard deviations."},
    {.path = "exploit.absolute", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = EXPLOIT(absolute), .most = INFINITY, .owner = "exploit.rule",
     .owner_values = BIT(PBT_EXPLOIT_THRESHOLD), .fallback = "0.0",
     .meaning = "The least distance from the mean that counts, in units of the score."},
    {.path = "exploit.quorum", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = EXPLOIT(quorum), .most = 1, .fallback = "0.75",
     .meaning = "The share of live members that must have reported a ready point before anybody "
                "is judged there; never fewer than two."},
    {.path = "exploit.compare", .kind = PBT__KIND_NAME, .flags = ANYWHERE,
     .offset = EXPLOIT(compare), .names = compare_names, .fallback = "step",
     .meaning = "`step`: everyone with the score it had at the same ready point. `latest`: "
                "everyone's latest report, as in the paper."},
    {.path = "exploit.copy", .kind = PBT__KIND_NAMES, .flags = ANYWHERE, .offset = EXPLOIT(copy),
     .names = copy_names, .fallback = "[weights, hyperparameters]",
     .meaning = "What is copied."},

    {.path = "explore", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "How hyperparameters change."},
    {.path = "explore.rule", .kind = PBT__KIND_NAME, .flags = ANYWHERE, .offset = EXPLORE(rule),
     .names = explore_names, .fallback = "perturb",
     .meaning = "`perturb`: each is multiplied by a factor, or drawn anew. `gaussian`: noise is "
                "added. `resample`: each is drawn anew. `none`: they stay."},
    {.path = "explore.factors", .kind = PBT__KIND_FACTORS, .flags = ANYWHERE,
     .offset = EXPLORE(factors), .owner = "explore.rule",
     .owner_values = BIT(PBT_EXPLORE_PERTURB), .fallback = "[0.8, 1.25]",
     .meaning = "One of them is drawn for each hyperparameter."},
    {.path = "explore.resample_probability", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = EXPLORE(resample_probability), .most = 1, .owner = "explore.rule",
     .owner_values = BIT(PBT_EXPLORE_PERTURB), .fallback = "0.05",
     .meaning = "How often a hyperparameter is drawn from its prior instead."},
    {.path = "explore.sigma", .kind = PBT__KIND_REAL, .flags = ANYWHERE, .offset = EXPLORE(sigma),
     .most = INFINITY, .owner = "explore.rule", .owner_values = BIT(PBT_EXPLORE_GAUSSIAN),
     .fallback = "0.1",
     .meaning = "The noise's standard deviation, in the hyperparameter's own units; in "
                "natural-log units on a log scale."},
    {.path = "explore.when", .kind = PBT__KIND_NAME, .flags = ANYWHERE, .offset = EXPLORE(when),
     .names = when_names, .fallback = "copy",
     .meaning = "After a copy, or at every ready point."},

    {.path = "hyperparameters", .kind = PBT__KIND_SPACE, .flags = REQUIRED,
     .meaning = "What is searched: a map from each hyperparameter's name to its prior."},
    {.path = "start", .kind = PBT__KIND_STARTS, .fallback = "[]",
     .meaning = "Given members, from member 0 on. What they leave open, and the members beyond, "
                "are drawn from the priors."},

    {.path = "trainer", .kind = PBT__KIND_MAP, .flags = LOCALLY,
     .meaning = "The program that trains."},
    {.path = "trainer.command", .kind = PBT__KIND_ARGUMENTS, .flags = NULLABLE | LOCALLY,
     .offset = TRAINER(command), .owner = "trainer.protocol",
     .owner_values = BIT(PBT__PROTOCOL_WORKER) | BIT(PBT__PROTOCOL_COMMAND), .fallback = "null",
     .meaning = "The program and its arguments; no shell reads them. With the protocol "
                "`command`, `{name}` stands for a placeholder's or a hyperparameter's value, and "
                "`{{` and `}}` for braces."},
    {.path = "trainer.library", .kind = PBT__KIND_WORD, .flags = NULLABLE | LOCALLY,
     .offset = TRAINER(library), .owner = "trainer.protocol",
     .owner_values = BIT(PBT__PROTOCOL_LIBRARY), .fallback = "null",
     .meaning = "The plugin's file."},
    {.path = "trainer.isolation", .kind = PBT__KIND_NAME, .flags = LOCALLY,
     .offset = TRAINER(isolation), .names = isolation_names, .owner = "trainer.protocol",
     .owner_values = BIT(PBT__PROTOCOL_LIBRARY), .fallback = "process",
     .meaning = "Where a plugin runs. `process`: in a process per slot; what it does there ends "
                "one attempt at most. `thread`: inside `pbt run` itself, which ends with it."},
    {.path = "trainer.protocol", .kind = PBT__KIND_NAME, .flags = ANYWHERE,
     .offset = TRAINER(protocol), .names = protocol_names, .fallback = "worker",
     .meaning = "`worker`: a process that lives long and asks for segments. `command`: a process "
                "per segment, told by its arguments; on SIGTERM it may save what it has and print "
                "the step it reached as `step`. `library`: a plugin in C, in processes of `pbt` "
                "itself."},
    {.path = "trainer.directory", .kind = PBT__KIND_WORD, .flags = LOCALLY,
     .offset = TRAINER(directory), .fallback = ".",
     .meaning = "Where the trainer runs. Relative paths start at the spec's folder."},
    {.path = "trainer.environment", .kind = PBT__KIND_ENVIRONMENT, .flags = LOCALLY,
     .offset = TRAINER(environment), .fallback = "{}",
     .meaning = "Variables set for the trainer, beside those it inherits. Where it is not given, "
                "`OMP_NUM_THREADS` is the processors over the slots."},
    {.path = "trainer.gpus", .kind = PBT__KIND_COUNT, .flags = ANYWHERE, .offset = TRAINER(gpus),
     .most = 1024, .fallback = "0",
     .meaning = "GPUs per worker."},
    {.path = "trainer.reload", .kind = PBT__KIND_SWITCH, .flags = ANYWHERE,
     .offset = TRAINER(reload_always), .names = reload_names, .fallback = "needed",
     .meaning = "Whether a worker loads a checkpoint it still holds in memory. In generational "
                "mode the default is `always`."},

    {.path = "lease", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "How long a worker may be silent."},
    {.path = "lease.seconds", .kind = PBT__KIND_REAL, .flags = ANYWHERE | ABOVE,
     .offset = FIELD(lease_seconds), .most = 1e9, .fallback = "300.0",
     .meaning = "Without a heartbeat for so long, a segment goes to another worker."},
    {.path = "lease.stall_seconds", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = FIELD(stall_seconds), .most = 1e9, .fallback = "0.0",
     .meaning = "A trainer whose step stands still for so long is given up; 0 is never."},

    {.path = "failure", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "How often a segment is tried again."},
    {.path = "failure.retries", .kind = PBT__KIND_COUNT, .flags = ANYWHERE,
     .offset = SEARCH(retries), .most = COUNT_MOST, .fallback = "1",
     .meaning = "More attempts after a trainer's own failure."},
    {.path = "failure.lost", .kind = PBT__KIND_COUNT, .flags = ANYWHERE, .offset = SEARCH(lost),
     .most = COUNT_MOST, .fallback = "3",
     .meaning = "More attempts after a lost lease."},
    {.path = "failure.patience", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = FIELD(patience_seconds), .most = 1e9, .fallback = "300.0",
     .meaning = "Seconds for which a run waits for the end of an outage: what fails alike in "
                "several members, or before a trainer begins, counts against none. 0: every "
                "failure counts."},

    {.path = "checkpoints", .kind = PBT__KIND_MAP, .flags = LOCALLY,
     .meaning = "What is kept of the weights."},
    {.path = "checkpoints.directory", .kind = PBT__KIND_WORD, .flags = NULLABLE | LOCALLY,
     .offset = FIELD(checkpoint_folder), .fallback = "null",
     .meaning = "Where they are kept; by default NAME.checkpoints beside the store."},
    {.path = "checkpoints.keep_best", .kind = PBT__KIND_COUNT, .flags = ANYWHERE,
     .offset = FIELD(keep_best), .most = COUNT_MOST, .fallback = "3",
     .meaning = "The best ones kept, beside those that members need. The best of all always is."},
    {.path = "checkpoints.max_bytes", .kind = PBT__KIND_SIZE, .flags = ANYWHERE,
     .offset = FIELD(max_bytes), .most = INT64_MOST, .fallback = "0",
     .meaning = "What they may take together; 0 is no limit. Those that members need stay, "
                "whatever they take."},

    {.path = "notes", .kind = PBT__KIND_NOTES, .flags = ANYWHERE, .offset = FIELD(notes),
     .fallback = "\"\"",
     .meaning = "A free text, shown wherever the study is."},
};
/* clang-format on */

/* ---- finding ---- */

const pbt__key *pbt__key_find(const char *path)
{
    for (size_t i = 0; i < PBT__KEY_COUNT; i++) {
        if (strcmp(pbt__keys[i].path, path) == 0) {
            return &pbt__keys[i];
        }
    }
    return NULL;
}

const pbt__key *pbt__key_map(const pbt__key *key)
{
    size_t stem = strcspn(key->path, ".");
    const pbt__key *map = key;
    while (map > pbt__keys && strncmp(map->path, key->path, stem) == 0 && map->path[stem] != '\0') {
        map--;
    }
    return map != key ? map : NULL;
}

int pbt__names_find(const char *const *names, const char *word)
{
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], word) == 0) {
            return i;
        }
    }
    return -1;
}

static int least_of(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int pbt__word_distance(const char *a, const char *b)
{
    enum { MOST = 64 };
    int row[MOST + 1];
    size_t width = strnlen(b, MOST);
    for (size_t j = 0; j <= width; j++) {
        row[j] = (int)j;
    }
    for (size_t i = 0; i < MOST && a[i] != '\0'; i++) {
        int diagonal = row[0];
        row[0] = (int)i + 1;
        for (size_t j = 0; j < width; j++) {
            int replace = diagonal + (lower(a[i]) != lower(b[j]));
            diagonal = row[j + 1];
            row[j + 1] = least_of(replace, row[j] + 1, diagonal + 1);
        }
    }
    return row[width];
}

static const char *last_word(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL ? dot + 1 : path;
}

/* A key in the wrong place is one step away; a slip of the pen up to a third of its length. */
static int path_distance(const char *unknown, const char *known)
{
    int whole = pbt__word_distance(unknown, known);
    int word = 1 + pbt__word_distance(last_word(unknown), last_word(known));
    return whole < word ? whole : word;
}

const char *pbt__key_nearest(const char *path)
{
    const char *nearest = NULL;
    int limit = 1 + (int)strlen(last_word(path)) / 3;
    for (size_t i = 0; i < PBT__KEY_COUNT; i++) {
        int distance = path_distance(path, pbt__keys[i].path);
        if (distance <= limit) {
            nearest = pbt__keys[i].path;
            limit = distance - 1;
        }
    }
    return nearest;
}

/* ---- fields ---- */

void *pbt__key_field(pbt_spec *spec, const pbt__key *key)
{
    return (char *)spec + key->offset;
}

const void *pbt__key_field_const(const pbt_spec *spec, const pbt__key *key)
{
    return (const char *)spec + key->offset;
}

bool pbt__key_applies(const pbt_spec *spec, const pbt__key *key)
{
    if (key->owner == NULL) {
        return true;
    }
    uint32_t value = 0;
    memcpy(&value, pbt__key_field_const(spec, pbt__key_find(key->owner)), sizeof value);
    return (key->owner_values & BIT(value)) != 0;
}

/* ---- what is allowed ---- */

/* Numbers that are easier to read as a power. */
static void write_integer(double value, char *out, size_t size)
{
    if (value == INT64_MOST) {
        (void)snprintf(out, size, "2^63 - 1");
    } else if (value == STEPS_MOST) {
        (void)snprintf(out, size, "2^53");
    } else {
        (void)snprintf(out, size, "%" PRId64, (int64_t)value);
    }
}

static void integers_allowed(const pbt__key *key, char *out)
{
    char most[24];
    write_integer(key->most, most, sizeof most);
    if (key->least == key->most) {
        (void)snprintf(out, PBT__ALLOWED_SIZE, "%s", most);
        return;
    }
    (void)snprintf(out, PBT__ALLOWED_SIZE, "an integer from %" PRId64 " to %s", (int64_t)key->least,
                   most);
}

static void reals_allowed(const pbt__key *key, char *out)
{
    if (isinf(key->least)) {
        (void)snprintf(out, PBT__ALLOWED_SIZE, "a number");
        return;
    }
    const char *from = key->flags & ABOVE ? "above" : "from";
    if (isinf(key->most)) {
        (void)snprintf(out, PBT__ALLOWED_SIZE, "a number %s %.17g%s", from, key->least,
                       key->flags & ABOVE ? "" : " up");
        return;
    }
    (void)snprintf(out, PBT__ALLOWED_SIZE, "a number %s %.17g to %.17g", from, key->least,
                   key->most);
}

static void names_allowed(const pbt__key *key, const char *before, char *out)
{
    int length = snprintf(out, PBT__ALLOWED_SIZE, "%s", before);
    for (size_t i = 0; key->names[i] != NULL && length < PBT__ALLOWED_SIZE; i++) {
        length += snprintf(out + length, PBT__ALLOWED_SIZE - (size_t)length, "%s%s",
                           i > 0 ? ", " : "", key->names[i]);
    }
}

void pbt__key_entries(const pbt__key *map, char *out)
{
    int length = 0;
    out[0] = '\0';
    for (const pbt__key *key = pbt__keys; key < pbt__keys + PBT__KEY_COUNT; key++) {
        if (pbt__key_map(key) == map && length < PBT__ALLOWED_SIZE) {
            length += snprintf(out + length, PBT__ALLOWED_SIZE - (size_t)length, "%s%s",
                               length > 0 ? ", " : "", last_word(key->path));
        }
    }
}

static void map_allowed(const pbt__key *map, char *out)
{
    char entries[PBT__ALLOWED_SIZE];
    pbt__key_entries(map, entries);
    (void)snprintf(out, PBT__ALLOWED_SIZE, "a map of %.140s", entries);
}

static const char *words_allowed(pbt__key_kind kind)
{
    switch (kind) {
    case PBT__KIND_SIZE:
        return "bytes as an integer, also with K, M, G or T (powers of 1024): 50G";
    case PBT__KIND_STUDY:
        return "a text of 1 to 64 of a-z, 0-9, '.', '_' and '-', the first a letter or a digit";
    case PBT__KIND_WORD:
        return "a text, not empty, without control characters";
    case PBT__KIND_NOTES:
        return "a text";
    case PBT__KIND_FACTORS:
        return "a list of 1 to 64 numbers above 0";
    case PBT__KIND_ARGUMENTS:
        return "a list of texts: the program, then its arguments";
    case PBT__KIND_ENVIRONMENT:
        return "a map from names of variables to texts";
    case PBT__KIND_SPACE:
        return "a map from names to priors: learning_rate: {type: float, min: 0, max: 1}";
    case PBT__KIND_STARTS:
        return "a list of maps: - {learning_rate: 0.01, fixed: true}";
    default:
        return "";
    }
}

void pbt__key_allowed(const pbt__key *key, char *out)
{
    switch (key->kind) {
    case PBT__KIND_MAP:
        map_allowed(key, out);
        return;
    case PBT__KIND_VERSION:
    case PBT__KIND_COUNT:
    case PBT__KIND_STEPS:
    case PBT__KIND_SEED:
        integers_allowed(key, out);
        return;
    case PBT__KIND_REAL:
        reals_allowed(key, out);
        return;
    case PBT__KIND_NAME:
    case PBT__KIND_SWITCH:
        names_allowed(key, "", out);
        return;
    case PBT__KIND_NAMES:
        names_allowed(key, "a list of one or more of ", out);
        return;
    default:
        (void)snprintf(out, PBT__ALLOWED_SIZE, "%s", words_allowed(key->kind));
    }
}

/* ---- names ---- */

static const char *name_of(const char *const *names, unsigned index)
{
    for (unsigned i = 0; names[i] != NULL; i++) {
        if (i == index) {
            return names[i];
        }
    }
    return "unknown";
}

const char *pbt__mode_name(pbt_mode mode)
{
    return name_of(mode_names, (unsigned)mode);
}

const char *pbt__exploit_name(pbt_exploit_rule rule)
{
    return name_of(exploit_names, (unsigned)rule);
}

const char *pbt__explore_name(pbt_explore_rule rule)
{
    return name_of(explore_names, (unsigned)rule);
}

const char *pbt__type_name(pbt_type type)
{
    return name_of(type_names, (unsigned)type);
}

const char *pbt__scale_name(pbt_scale scale)
{
    return name_of(scale_names, (unsigned)scale);
}
