/*
 * reasons.c: sentences by one table of verdicts.
 *
 * A sentence is a template: %m is the member decided, %d the one drawn or copied, %s and %t their
 * scores there, %n and %o how many are ranked and the member's place among them, %k the rule's k,
 * %e how many could be drawn, %p where members are compared, %a ready.after, %w the step, %q and %r
 * the members needed and those that reported, %x the rule, %l and %h threshold's lines, %A %B the
 * evaluations and %C %D their means, %P and %L the t-test's p and alpha, %T how the member came to
 * other weights, %1 to %4 what the rule names as its facts.
 */
#include "render/reasons.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/rule.h"
#include "render/format.h"
#include "render/table.h"
#include "render/words.h"
#include "study/study.h"

static const json_t *field(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(field(object, key));
    return text != NULL ? text : "";
}

static bool is(const json_t *object, const char *key, const char *text)
{
    return strcmp(text_of(object, key), text) == 0;
}

/* ---- templates ---- */

static int member_of(const json_t *why)
{
    pbt_segment_id id = PBT_NO_SEGMENT;
    (void)pbt__id_read(text_of(why, "segment"), &id);
    return id.member;
}

/* The other member of the decision: the one drawn, else the one copied. */
static int64_t other_of(const json_t *why)
{
    const json_t *drawn = field(field(why, "draw"), "member");
    const json_t *donor = field(why, "donor");
    return json_is_integer(drawn)   ? json_integer_value(drawn)
           : json_is_integer(donor) ? json_integer_value(donor)
                                    : -1;
}

static const json_t *standing_of(const json_t *why, int64_t member)
{
    const json_t *list = field(why, "standings");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (json_integer_value(field(one, "member")) == member) {
            return one;
        }
    }
    return NULL;
}

static const json_t *item(const json_t *why, const char *key, size_t index)
{
    return json_array_get(field(field(why, "t_test"), key), index);
}

/* One of the rule's facts, by its place. */
static const json_t *fact(const json_t *why, int index)
{
    void *at = json_object_iter(json_object_get(why, "facts"));
    for (int i = 0; i < index && at != NULL; i++) {
        at = json_object_iter_next(json_object_get(why, "facts"), at);
    }
    return json_object_iter_value(at);
}

/* The value a directive stands for; those of members are made up by the caller. */
static const json_t *value_of(const json_t *why, char directive)
{
    const json_t *compared = field(why, "compared");
    switch (directive) {
    case 's':
        return field(standing_of(why, member_of(why)), "score");
    case 't':
        return field(standing_of(why, other_of(why)), "score");
    case 'n':
        return field(compared, "ranked");
    case 'k':
        return field(why, "k");
    case 'e':
        return field(compared, "eligible");
    case 'a':
        return field(field(why, "rules"), "ready_after");
    case 'w':
        return field(field(why, "before"), "step");
    case 'q':
        return field(field(why, "quorum"), "needed");
    case 'r':
        return field(field(why, "quorum"), "reported");
    case 'x':
        return field(field(why, "rules"), "exploit");
    case 'l':
        return field(field(why, "threshold"), "low");
    case 'h':
        return field(field(why, "threshold"), "high");
    case 'A':
    case 'B':
        return item(why, "evaluations", directive == 'A' ? 0 : 1);
    case 'C':
    case 'D':
        return item(why, "means", directive == 'C' ? 0 : 1);
    case '1':
    case '2':
    case '3':
    case '4':
        return fact(why, directive - '1');
    case 'P':
    case 'L':
        return field(field(why, "t_test"), directive == 'P' ? "p" : "alpha");
    default:
        return NULL;
    }
}

/* "m1 copied m0s17 at step 3600" */
static void add_taken(const json_t *why, pbt__text *out)
{
    const json_t *taken = field(why, "taken");
    pbt__text_format(out, "m%d ", member_of(why));
    if (json_is_integer(field(taken, "donor"))) {
        pbt__text_format(out, "copied %s", text_of(taken, "parent"));
    } else if (json_is_string(field(taken, "parent"))) {
        pbt__text_format(out, "went back to %s", text_of(taken, "parent"));
    } else {
        pbt__text_add(out, json_is_object(taken) ? "started from scratch" : "took other weights");
    }
    if (json_is_object(taken)) {
        pbt__text_format(out, " at step %" PRId64,
                         (int64_t)json_integer_value(field(taken, "step")));
    }
}

static void add_directive(const json_t *why, char directive, pbt__text *out)
{
    char cell[PBT__CELL_SIZE];
    const json_t *step = field(why, "judged_step");
    switch (directive) {
    case 'm':
        pbt__text_format(out, "m%d", member_of(why));
        return;
    case 'd':
        pbt__text_format(out, "m%" PRId64, other_of(why));
        return;
    case 'o':
        pbt__text_format(
            out, "%" PRId64,
            1 + (int64_t)json_integer_value(field(field(why, "compared"), "position")));
        return;
    case 'p':
        if (json_is_integer(step)) {
            pbt__text_format(out, "step %" PRId64, (int64_t)json_integer_value(step));
        } else {
            pbt__text_add(out, "the latest reports");
        }
        return;
    case 'T':
        add_taken(why, out);
        return;
    default:
        pbt__format_json(value_of(why, directive), cell);
        pbt__text_add(out, cell);
    }
}

static void add_template(const json_t *why, const char *words, pbt__text *out)
{
    for (const char *at = words; *at != '\0'; at++) {
        if (*at == '%' && at[1] != '\0') {
            add_directive(why, *++at, out);
        } else {
            pbt__text_append(out, at, 1);
        }
    }
}

/* ---- sentences ---- */

/* Sentences that belong to no rule. Rows with an occasion are tried before the sentences of the
 * rule's row (core/rule.h), the others after them; the first that fits is used. */
static const struct {
    const char *verdict, *occasion;
    const char *words;
} VERDICTS[] = {
    {"fixed", "lost", "The segment of %m was given up; %m is fixed and copies nobody."},
    {"scheduled", "lost", "The segment of %m was given up; %m follows its own schedule."},
    {"no_candidate", "diverged", "%m diverged, and there was no member to copy."},
    {"no_candidate", "lost",
     "The segment of %m was given up, and no member had a checkpoint to copy."},
    {"copies", "diverged",
     "%m diverged, so it counts as the worst; it drew %d (%t) from %e candidates at %p."},
    {"copies", "lost",
     "The segment of %m was given up, so %m counts as the worst; it drew %d (%t) from %e "
     "candidates."},
    {"first", NULL,
     "The first segment of %m: its hyperparameters are the spec's, or drawn from their priors."},
    {"before_after", NULL, "%m was at step %w; nothing is decided before step %a (ready.after)."},
    {"no_quorum", NULL,
     "Too few had reported a common ready point: %r members, and %q are needed (exploit.quorum)."},
    {"scheduled", NULL,
     "%m follows the schedule it was given: it never copies and never explores."},
    {"fixed", NULL, "%m is fixed: it never copies and never changes."},
    {"not_ranked", NULL, "%T, after %p, where members were compared; so it is not ranked there."},
    {"no_rule", NULL, "By its rule (%x) nobody ever copies."},
    {"no_candidate", NULL,
     "At %p %m was number %o of %n with %s, but no candidate was strictly better."},
    {"nobody_else", NULL, "At %p nobody else was ranked."},
    {"drawn_no_candidate", NULL,
     "At %p %m drew %d, which could not be copied: it diverged or has no checkpoint."},
    {"drawn_unfit", NULL, "At %p %m drew %d, whose inherited hyperparameters are others."},
    {"revived", NULL,
     "%m had failed for good, or lost the last round; a user brought it back, and it goes on from "
     "the weights it had."},
};

/* NULL if there is none. */
static const char *words_in_general(const json_t *why, bool has_occasion)
{
    for (size_t i = 0; i < sizeof VERDICTS / sizeof VERDICTS[0]; i++) {
        const char *occasion = VERDICTS[i].occasion;
        if ((occasion != NULL) == has_occasion && is(why, "verdict", VERDICTS[i].verdict) &&
            (occasion == NULL || is(why, "occasion", occasion))) {
            return VERDICTS[i].words;
        }
    }
    return NULL;
}

static const char *words_of_rule(const json_t *why)
{
    const json_t *rules = field(why, "rules");
    for (size_t i = 0; i < pbt__exploit_row_count; i++) {
        const pbt__rule *rule = &pbt__exploit_rows[i]->rule;
        for (size_t j = 0; is(rules, "exploit", rule->name) && j < rule->sentence_count; j++) {
            if (is(why, "verdict", rule->sentences[j].verdict)) {
                return rule->sentences[j].words;
            }
        }
    }
    return NULL;
}

static void add_verdict(const json_t *why, pbt__text *out)
{
    const char *words = words_in_general(why, true);
    words = words != NULL ? words : words_of_rule(why);
    words = words != NULL ? words : words_in_general(why, false);
    add_template(why, words != NULL ? words : "", out);
}

/* A member may be judged at an older step than its newest report's. */
static void add_older(const json_t *why, pbt__text *out)
{
    const json_t *judged = field(why, "judged_step"), *before = field(why, "before");
    const json_t *step = field(before, "step");
    if (json_is_integer(judged) && is(before, "state", "reported") && !json_equal(judged, step)) {
        add_template(
            why,
            " When %m reported step %w, %p was the newest that enough members had reported "
            "(exploit.quorum).",
            out);
    }
}

/* A member that diverged, with nobody to copy. */
static const char *outcome_of_diverged(const json_t *why)
{
    bool explores = is(why, "reason", "explore");
    if (json_is_null(field(why, "parent"))) {
        return explores ? "So it starts from scratch again, and explores."
                        : "So it starts from scratch again, unchanged.";
    }
    return explores ? "So it goes back to its newest ancestor with a checkpoint, and explores."
                    : "So it goes back to its newest ancestor with a checkpoint, unchanged.";
}

/* A lost member that nobody rescues. */
static const char *outcome_of_lost(const json_t *why)
{
    bool is_fixed = is(why, "verdict", "fixed") || is(why, "verdict", "scheduled");
    bool is_afresh = json_is_null(field(why, "parent"));
    if (is(why, "verdict", "revived")) {
        return "";
    }
    if (!is_fixed && !is_afresh) {
        return "So it goes back to the weights it had, with new hyperparameters.";
    }
    return is_fixed ? "So it trains again from where that segment started."
                    : "So it starts from scratch with new hyperparameters.";
}

/* What was done if nobody was copied; "" where it needs no words. */
static const char *outcome_of(const json_t *why)
{
    if (json_is_integer(field(why, "donor")) || is(why, "occasion", "initial")) {
        return "";
    }
    if (is(why, "occasion", "diverged")) {
        return outcome_of_diverged(why);
    }
    if (is(why, "occasion", "lost")) {
        return outcome_of_lost(why);
    }
    if (is(why, "verdict", "scheduled")) {
        return "";
    }
    return is(why, "reason", "explore") ? "So it trains on its own weights and explores."
                                        : "So it trains on, unchanged.";
}

/* ---- facts ---- */

static void add_fact(pbt__table *table, const char *name, pbt__text *value)
{
    pbt__table_add(table, name);
    pbt__table_add(table, pbt__text_string(value));
    table->cells.failed = table->cells.failed || value->failed;
    pbt__text_fini(value);
}

static void add_value(pbt__text *out, const json_t *value)
{
    char cell[PBT__CELL_SIZE];
    pbt__format_json(value, cell);
    pbt__text_add(out, cell);
}

enum { FACT_MAXIMUM = 1 << 20 }; /* Units: bytes */

static void add_before(const json_t *why, pbt__table *table)
{
    const json_t *before = field(why, "before");
    pbt__text value = pbt__text_init(FACT_MAXIMUM);
    if (!json_is_object(before)) {
        return;
    }
    pbt__text_add(&value, text_of(before, "segment"));
    if (is(before, "state", "reported")) {
        pbt__text_format(&value, " reported %s ", text_of(field(why, "rules"), "metric"));
        add_value(&value, field(before, "score"));
        pbt__text_add(&value, " at step ");
        add_value(&value, field(before, "step"));
    } else {
        pbt__text_add(&value, " was given up");
    }
    add_fact(table, "before", &value);
}

static void add_rule(const json_t *why, pbt__table *table)
{
    const json_t *rules = field(why, "rules");
    const json_t *copy = field(rules, "copy");
    pbt__text value = pbt__text_init(FACT_MAXIMUM);
    pbt__text_format(&value, "%s, copying ", text_of(rules, "exploit"));
    for (size_t i = 0; i < json_array_size(copy); i++) {
        pbt__text_format(&value, "%s%s", i > 0 ? " and " : "",
                         json_string_value(json_array_get(copy, i)));
    }
    pbt__text_format(&value, "; then %s (when: %s)", text_of(rules, "explore"),
                     text_of(rules, "when"));
    add_fact(table, "rules", &value);
}

static void add_draw(const json_t *why, pbt__table *table)
{
    const json_t *draw = field(why, "draw");
    pbt__text value = pbt__text_init(FACT_MAXIMUM);
    if (!json_is_object(draw)) {
        return;
    }
    pbt__text_format(&value, "%" PRId64 " of 0..%" PRId64 ", from the stream '%s' of %s: m%" PRId64,
                     (int64_t)json_integer_value(field(draw, "value")),
                     (int64_t)json_integer_value(field(draw, "below")) - 1,
                     text_of(draw, "purpose"), text_of(why, "segment"),
                     (int64_t)json_integer_value(field(draw, "member")));
    add_fact(table, "drawn", &value);
}

static void add_changes(const json_t *why, pbt__table *table)
{
    json_t *change = NULL;
    const char *name = NULL;
    json_object_foreach(json_object_get(why, "changes"), name, change)
    {
        pbt__text value = pbt__text_init(FACT_MAXIMUM);
        add_value(&value, field(change, "from"));
        pbt__text_add(&value, " -> ");
        add_value(&value, field(change, "to"));
        pbt__text_format(&value, " (%s)", text_of(change, "operation"));
        add_fact(table, name, &value);
    }
}

static void add_facts(const json_t *why, pbt__text *out)
{
    pbt__table table = pbt__table_init(2);
    pbt__text value = pbt__text_init(FACT_MAXIMUM);
    add_before(why, &table);
    add_rule(why, &table);
    add_draw(why, &table);
    add_changes(why, &table);
    pbt__text_format(&value, "%" PRId64 " (%s), %s",
                     (int64_t)json_integer_value(field(why, "sequence")), text_of(why, "event"),
                     text_of(why, "decided_at"));
    add_fact(&table, "event", &value);
    pbt__table_write(&table, out);
    pbt__table_fini(&table);
}

/* ---- who was compared ---- */

enum { SHOWN_FIRST = 12, SHOWN_LAST = 4 };

static void add_standing(const json_t *why, const json_t *one, size_t rank, pbt__table *table)
{
    char cell[PBT__CELL_SIZE];
    int64_t member = json_integer_value(field(one, "member"));
    const char *note = member == member_of(why)                 ? "decided"
                       : member == other_of(why)                ? "drawn"
                       : json_is_false(field(one, "candidate")) ? "no candidate"
                                                                : "";
    if (member == other_of(why) && !json_is_object(field(why, "draw"))) {
        note = "copied";
    }
    snprintf(cell, sizeof cell, "%zu", rank);
    pbt__table_add(table, cell);
    snprintf(cell, sizeof cell, "m%" PRId64, member);
    pbt__table_add(table, cell);
    pbt__table_add(table, text_of(one, "segment"));
    pbt__format_json(field(one, "score"), cell);
    pbt__table_add(table, cell);
    pbt__table_add(table, note);
}

/* The first, the last, and those the decision was about. */
static bool is_shown(const json_t *why, const json_t *one, size_t at, size_t count)
{
    int64_t member = json_integer_value(field(one, "member"));
    return at < SHOWN_FIRST || at + SHOWN_LAST >= count || member == member_of(why) ||
           member == other_of(why);
}

static void add_standings(const json_t *why, pbt__text *out)
{
    static const char *const HEADERS[] = {"rank", "member", "segment", "score", ""};
    const json_t *list = field(why, "standings");
    size_t count = json_array_size(list);
    bool has_gap = false;
    pbt__table table = pbt__table_init(sizeof HEADERS / sizeof HEADERS[0]);
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++) {
        pbt__table_add(&table, HEADERS[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(list, i);
        bool shows = is_shown(why, one, i, count);
        if (shows) {
            add_standing(why, one, i + 1, &table);
        }
        for (size_t cell = 0; !shows && !has_gap && cell < table.column_count; cell++) {
            pbt__table_add(&table, cell == 1 ? "..." : "");
        }
        has_gap = !shows;
    }
    if (count > 0) {
        pbt__text_add(out, "\n");
        pbt__table_write(&table, out);
    }
    pbt__table_fini(&table);
}

void pbt__reasons_write(const json_t *why, pbt__text *out)
{
    const char *outcome = outcome_of(why);
    pbt__text_format(out, "%s ", text_of(why, "segment"));
    pbt__words_decision(why, out);
    pbt__text_add(out, "\n\n");
    add_verdict(why, out);
    add_older(why, out);
    pbt__text_format(out, "%s%s\n\n", outcome[0] != '\0' ? " " : "", outcome);
    add_facts(why, out);
    add_standings(why, out);
    if (json_is_false(field(why, "agrees"))) {
        pbt__text_add(out, "\nThe log says otherwise than the rules: see 'pbt verify'.\n");
    }
}
