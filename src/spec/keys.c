/*
 * keys.c: every key of a spec, once.
 *
 * A new key is a line here and a field in pbt_spec or pbt_search; what reads the table follows.
 * Rules bring theirs: behind `exploit.rule` and `explore.rule` stand the options of the rows that
 * core has, with their bounds. So the table is put together when it is first asked
 * for, and never changes afterwards.
 */
#include "spec/keys.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/distance.h"
#include "core/names.h"
#include "core/rule.h"

/* Fields are read and written as 32-bit numbers where they are enums. */
_Static_assert(sizeof(pbt_mode) == 4 && sizeof(pbt__protocol) == 4 && sizeof(pbt__isolation) == 4,
               "an enum is 32 bits wide");

static const char *const copy_names[] = {"weights", "hyperparameters", NULL};
static const char *const protocol_names[] = {"worker", "command", "library", NULL};
static const char *const isolation_names[] = {"process", "thread", NULL};
static const char *const reload_names[] = {"needed", "always", NULL};

/* Every count has a bound. */
#define COUNT_MOST 1e6

#define OPTION(name) (&pbt__search_options[PBT__SEARCH_##name])
#define FIELD(name) offsetof(pbt_spec, name)
#define SEARCH(name) (offsetof(pbt_spec, search) + offsetof(pbt_search, name))
#define EXPLOIT(name) (SEARCH(exploit) + offsetof(pbt_exploit, name))
#define EXPLORE(name) (SEARCH(explore) + offsetof(pbt_explore, name))
#define TRAINER(name) (FIELD(trainer) + offsetof(pbt__trainer_spec, name))

#define REQUIRED PBT__KEY_REQUIRED
/* Keys that can be amended: only with the store, or also over HTTP. */
#define LOCALLY PBT__KEY_AMENDABLE
#define ANYWHERE (PBT__KEY_AMENDABLE | PBT__KEY_REMOTE)
#define NULLABLE PBT__KEY_NULLABLE
#define ABOVE PBT__KEY_ABOVE
#define BIT(value) (1U << (unsigned)(value))

/* clang-format off */
static const pbt__key KEYS[] = {
    {.path = "version", .kind = PBT__KIND_VERSION, .flags = REQUIRED, .least = 1, .most = 1,
     .meaning = "The version of this format."},
    {.path = "name", .kind = PBT__KIND_STUDY, .flags = REQUIRED, .offset = FIELD(name),
     .meaning = "The study's name, unique in a store."},
    {.path = "seed", .kind = PBT__KIND_SEED, .offset = SEARCH(seed), .most = PBT__INT64_MOST,
     .meaning = "The seed of all random numbers of the study."},

    {.path = "objective", .kind = PBT__KIND_MAP, .meaning = "What is optimized."},
    {.path = "objective.metric", .kind = PBT__KIND_WORD, .offset = FIELD(metric),
     .meaning = "The metric that reports are judged by."},
    {.path = "objective.direction", .kind = PBT__KIND_NAME, .offset = SEARCH(direction),
     .names = pbt__direction_names,
     .meaning = "Whether higher or lower is better."},
    {.path = "objective.window", .kind = PBT__KIND_COUNT, .flags = ANYWHERE,
     .option = OPTION(WINDOW),
     .meaning = "Members are ranked by the mean of this many reports along their lineage."},

    {.path = "population", .kind = PBT__KIND_COUNT, .flags = REQUIRED,
     .option = OPTION(POPULATION),
     .meaning = "The number of members. A new study may have fewer: all their decisions fit into "
                "one event of the log (about 100,000 members with one hyperparameter, 900 with "
                "400)."},
    {.path = "mode", .kind = PBT__KIND_NAME, .offset = SEARCH(mode), .names = pbt__mode_names,
     .meaning = "`asynchronous`: each report is decided at once; no member waits. "
                "`generational`: all members are decided together at each ready point."},

    {.path = "ready", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "How long a segment is."},
    {.path = "ready.every", .kind = PBT__KIND_STEPS, .flags = REQUIRED | ANYWHERE,
     .option = OPTION(READY_EVERY),
     .meaning = "Steps in a segment. A member is judged at the end of each."},
    {.path = "ready.after", .kind = PBT__KIND_STEPS, .flags = ANYWHERE,
     .option = OPTION(READY_AFTER),
     .meaning = "No decision before this step."},

    {.path = "stop", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "When the study ends. The first condition that is met ends it."},
    {.path = "stop.steps", .kind = PBT__KIND_STEPS, .flags = NULLABLE | ANYWHERE,
     .option = OPTION(STOP_STEPS),
     .meaning = "Steps per member. May be left out if `stop.seconds` is given."},
    {.path = "stop.score", .kind = PBT__KIND_REAL, .flags = NULLABLE | ANYWHERE,
     .offset = SEARCH(stop_score), .least = -INFINITY, .most = INFINITY,
     .meaning = "The study ends when a member reaches this score."},
    {.path = "stop.seconds", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = FIELD(stop_seconds), .most = INFINITY,
     .meaning = "Seconds of training; time in which nobody trains does not count. At the end "
                "trainers are asked to stop, and what they save is kept. 0: no limit."},

    {.path = "exploit", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "Whether a member copies another one."},
    {.path = "exploit.rule", .kind = PBT__KIND_NAME, .flags = ANYWHERE, .offset = EXPLOIT(rule),
     .is_rule = true},
    {.path = "exploit.quorum", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .option = OPTION(QUORUM),
     .meaning = "The share of live members that must have reported a ready point before members "
                "are compared there; at least two members."},
    {.path = "exploit.compare", .kind = PBT__KIND_NAME, .flags = ANYWHERE,
     .offset = EXPLOIT(compare), .names = pbt__compare_names,
     .meaning = "`step`: compare the scores that members had at the same ready point. `latest`: "
                "compare their latest reports, as in the paper."},
    {.path = "exploit.copy", .kind = PBT__KIND_NAMES, .flags = ANYWHERE, .offset = EXPLOIT(copy),
     .names = copy_names,
     .meaning = "What is copied."},

    {.path = "explore", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "How hyperparameters change."},
    {.path = "explore.rule", .kind = PBT__KIND_NAME, .flags = ANYWHERE, .offset = EXPLORE(rule),
     .is_rule = true},
    {.path = "explore.when", .kind = PBT__KIND_NAME, .flags = ANYWHERE, .offset = EXPLORE(when),
     .names = pbt__when_names,
     .meaning = "After a copy, or at every ready point."},

    {.path = "hyperparameters", .kind = PBT__KIND_SPACE, .flags = REQUIRED,
     .meaning = "What is searched: a map from each hyperparameter's name to its prior."},
    {.path = "start", .kind = PBT__KIND_STARTS,
     .meaning = "Initial values of members, from member 0 on. All other values are drawn from "
                "the priors."},

    {.path = "trainer", .kind = PBT__KIND_MAP, .flags = LOCALLY,
     .meaning = "The program that trains."},
    {.path = "trainer.command", .kind = PBT__KIND_ARGUMENTS, .flags = NULLABLE | LOCALLY,
     .offset = TRAINER(command), .owner = "trainer.protocol",
     .owner_values = BIT(PBT__PROTOCOL_WORKER) | BIT(PBT__PROTOCOL_COMMAND),
     .meaning = "The program and its arguments; no shell reads them. With the protocol "
                "`command`, `{name}` is replaced by the value of a placeholder or hyperparameter; "
                "`{{` and `}}` are braces."},
    {.path = "trainer.library", .kind = PBT__KIND_WORD, .flags = NULLABLE | LOCALLY,
     .offset = TRAINER(library), .owner = "trainer.protocol",
     .owner_values = BIT(PBT__PROTOCOL_LIBRARY),
     .meaning = "The plugin's file."},
    {.path = "trainer.isolation", .kind = PBT__KIND_NAME, .flags = LOCALLY,
     .offset = TRAINER(isolation), .names = isolation_names, .owner = "trainer.protocol",
     .owner_values = BIT(PBT__PROTOCOL_LIBRARY),
     .meaning = "Where a plugin runs. `process`: in a process per slot; a crash ends one "
                "attempt. `thread`: inside the run itself; a crash ends the run."},
    {.path = "trainer.protocol", .kind = PBT__KIND_NAME, .flags = ANYWHERE,
     .offset = TRAINER(protocol), .names = protocol_names,
     .meaning = "`worker`: a long-lived process that asks for segments. `command`: a process per "
                "segment, which gets all by its arguments; on SIGTERM it may save its state and "
                "print the step it reached as `step`. `library`: a plugin in C, loaded by `pbt`."},
    {.path = "trainer.directory", .kind = PBT__KIND_WORD, .flags = LOCALLY,
     .offset = TRAINER(directory),
     .meaning = "Where the trainer runs. Relative paths start at the spec's folder."},
    {.path = "trainer.environment", .kind = PBT__KIND_ENVIRONMENT, .flags = LOCALLY,
     .offset = TRAINER(environment),
     .meaning = "Variables set for the trainer, in addition to those it inherits. Unless given "
                "here, `OMP_NUM_THREADS` is the number of processors divided by the slots."},
    {.path = "trainer.gpus", .kind = PBT__KIND_COUNT, .flags = ANYWHERE, .offset = TRAINER(gpus),
     .most = 1024,
     .meaning = "GPUs per worker. Leave it out for a trainer that needs none."},
    {.path = "trainer.reload", .kind = PBT__KIND_SWITCH, .flags = ANYWHERE,
     .offset = TRAINER(reload_always), .names = reload_names,
     .meaning = "`needed`: a worker does not load weights that it still has in memory. `always`: "
                "it loads every checkpoint. In generational mode the default is `always`."},

    {.path = "lease", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "How long a worker may be silent."},
    {.path = "lease.seconds", .kind = PBT__KIND_REAL, .flags = ANYWHERE | ABOVE,
     .offset = FIELD(lease_seconds), .most = 1e9,
     .meaning = "After so long without a heartbeat, a segment goes to another worker."},
    {.path = "lease.stall_seconds", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = FIELD(stall_seconds), .most = 1e9,
     .meaning = "After so long without a new step, an attempt is given up. 0: never."},

    {.path = "failure", .kind = PBT__KIND_MAP, .flags = ANYWHERE,
     .meaning = "How often a segment is tried again."},
    {.path = "failure.retries", .kind = PBT__KIND_COUNT, .flags = ANYWHERE,
     .option = OPTION(RETRIES),
     .meaning = "How many more attempts a segment gets after failures of the trainer."},
    {.path = "failure.lost", .kind = PBT__KIND_COUNT, .flags = ANYWHERE, .option = OPTION(LOST),
     .meaning = "How many more attempts a segment gets after lost leases."},
    {.path = "failure.patience", .kind = PBT__KIND_REAL, .flags = ANYWHERE,
     .offset = FIELD(patience_seconds), .most = 1e9,
     .meaning = "Seconds that a run waits for the end of an outage. Failures that are alike in "
                "several members, or that happen before a trainer begins, are not counted. 0: "
                "every failure counts."},

    {.path = "checkpoints", .kind = PBT__KIND_MAP, .flags = LOCALLY,
     .meaning = "Which checkpoints are kept, and where."},
    {.path = "checkpoints.directory", .kind = PBT__KIND_WORD, .flags = NULLABLE | LOCALLY,
     .offset = FIELD(checkpoint_folder),
     .meaning = "Their folder; by default NAME.checkpoints beside the store. With a store in "
                "memory, a plugin's states stay in memory unless this is given."},
    {.path = "checkpoints.keep_best", .kind = PBT__KIND_COUNT, .flags = ANYWHERE,
     .offset = FIELD(keep_best), .most = COUNT_MOST,
     .meaning = "How many of the best are kept, in addition to those that members need. The best "
                "one is always kept."},
    {.path = "checkpoints.max_bytes", .kind = PBT__KIND_SIZE, .flags = ANYWHERE,
     .offset = FIELD(max_bytes), .most = PBT__INT64_MOST,
     .meaning = "The space for all together; 0: no limit. Those that members need stay, whatever "
                "they take."},

    {.path = "notes", .kind = PBT__KIND_NOTES, .flags = ANYWHERE, .offset = FIELD(notes),
     .meaning = "Free text, shown with the study."},
};
/* clang-format on */

/* ---- the rules' keys ---- */

enum { RULES_MOST = 32, WORDS_MOST = 2048 };

/* Written once, before the first reader. */
static struct {
    pbt__key keys[PBT__KEY_MAXIMUM];
    size_t count;
    struct {
        const char *names[RULES_MOST + 1];
        char meaning[WORDS_MOST];
    } rules[2]; /* exploit's, explore's */
} table;

/* Add a key, with what its option says of it. */
static pbt__key *add_key(const pbt__key *from)
{
    assert(table.count < PBT__KEY_MAXIMUM);
    pbt__key *key = &table.keys[table.count];
    *key = *from;
    if (key->option != NULL) {
        key->offset = offsetof(pbt_spec, search) + key->option->offset;
        key->least = key->option->least;
        key->most = key->option->most;
    }
    table.count++;
    return key;
}

/* Add an option's key, or let another rule have it too. */
static void add_option(const pbt__rule_option *option, const pbt__key *owner, unsigned rule)
{
    static const pbt__key_kind kinds[] = {
        [PBT__RULE_REAL] = PBT__KIND_REAL,
        [PBT__RULE_COUNT] = PBT__KIND_COUNT,
        [PBT__RULE_LIST] = PBT__KIND_LIST,
    };
    for (pbt__key *key = table.keys; key < table.keys + table.count; key++) {
        if (strcmp(key->path, option->name) == 0) {
            key->owner_values |= BIT(rule);
            return;
        }
    }
    (void)add_key(&(pbt__key){
        .path = option->name,
        .kind = kinds[option->type],
        .flags = ANYWHERE,
        .option = option,
        .owner = owner->path,
        .owner_values = BIT(rule),
        .meaning = option->meaning,
    });
}

/* Complete the key that names the rule in force, and add its rules' options behind it. */
static void add_rules(pbt__key *owner, size_t first, size_t count)
{
    const size_t set = first > 0;
    char *meaning = table.rules[set].meaning;
    size_t length = 0;
    assert(count <= RULES_MOST);
    for (size_t i = 0; i < count; i++) {
        const pbt__rule *rule = pbt__rule_at(first + i);
        table.rules[set].names[i] = rule->name;
        length += (size_t)snprintf(meaning + length, WORDS_MOST - length, "%s`%s`: %s",
                                   i > 0 ? " " : "", rule->name, rule->meaning);
        assert(length < WORDS_MOST);
        for (size_t j = 0; j < rule->option_count; j++) {
            add_option(&rule->options[j], owner, (unsigned)i);
        }
    }
    owner->names = table.rules[set].names;
    owner->meaning = meaning;
}

static void put_together(void)
{
    size_t first = 0;
    size_t count = pbt__exploit_row_count;
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        pbt__key *key = add_key(&KEYS[i]);
        if (key->is_rule) {
            add_rules(key, first, count);
            first = count;
            count = pbt__explore_row_count;
        }
    }
}

static const pbt__key *keys(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, put_together);
    return table.keys;
}

const pbt__key *pbt__key_next(const pbt__key *key)
{
    const pbt__key *next = key != NULL ? key + 1 : keys();
    return next < table.keys + table.count ? next : NULL;
}

size_t pbt__key_index(const pbt__key *key)
{
    return (size_t)(key - table.keys);
}

/* ---- finding ---- */

const pbt__key *pbt__key_find(const char *path)
{
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        if (strcmp(key->path, path) == 0) {
            return key;
        }
    }
    return NULL;
}

const pbt__key *pbt__key_map(const pbt__key *key)
{
    size_t stem = strcspn(key->path, ".");
    const pbt__key *map = key;
    while (map > table.keys && strncmp(map->path, key->path, stem) == 0 &&
           map->path[stem] != '\0') {
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

static const char *last_word(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL ? dot + 1 : path;
}

/* A key in the wrong map counts as one edit; otherwise up to a third of its length may differ. */
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
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        int distance = path_distance(path, key->path);
        if (distance <= limit) {
            nearest = key->path;
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

double pbt__key_number(const pbt_spec *spec, const pbt__key *key)
{
    if (key->option != NULL) {
        return pbt__rule_value(&spec->search, key->option);
    }
    const void *field = pbt__key_field_const(spec, key);
    return key->kind == PBT__KIND_COUNT ? *(const int32_t *)field : *(const double *)field;
}

bool pbt__key_set_number(pbt_spec *spec, const pbt__key *key, double value)
{
    if (key->option != NULL) {
        return pbt__rule_set(&spec->search, key->option, value);
    }
    void *field = pbt__key_field(spec, key);
    if (key->kind == PBT__KIND_COUNT) {
        *(int32_t *)field = (int32_t)value;
    } else {
        *(double *)field = value;
    }
    return true;
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
