/*
 * describe.c: what a spec means, in words.
 *
 * Two columns. The figures are those of a study without failures.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "core/exploit.h"
#include "core/type.h"
#include "spec/plan.h"
#include "spec/reader.h"

enum { DESCRIPTION_MAXIMUM = 8 * PBT__SPEC_MAXIMUM }; /* Units: bytes */

struct page {
    pbt__text text;
    const pbt_spec *spec;
    const pbt_search *search;
    pbt__plan plan;
};

/* Begin a line of the left column; what follows is the right one. */
static void begin_line(struct page *page, const char *what)
{
    pbt__text_format(&page->text, "\n%-16s", what);
}

static void add(struct page *page, const char *words)
{
    pbt__text_add(&page->text, words);
}

static void add_value(struct page *page, const pbt_parameter *parameter, pbt_value value)
{
    pbt__write_value(&page->text, PBT__YAML, parameter, value);
}

/* Add a count and its noun, which takes an s. */
static void add_count(struct page *page, int64_t count, const char *noun)
{
    pbt__text_format(&page->text, "%" PRId64 " %s%s", count, noun, count == 1 ? "" : "s");
}

/* ---- time ---- */

static void describe_population(struct page *page)
{
    const pbt_search *search = page->search;
    begin_line(page, "population");
    add_count(page, search->population, "member");
    pbt__text_format(&page->text, ", %s: %s", pbt_mode_name(search->mode),
                     search->mode == PBT_ASYNCHRONOUS
                         ? "each report is decided at once, and nobody waits"
                         : "all decide together, when the last one is there");
}

static void describe_training(struct page *page)
{
    begin_line(page, "training");
    if (page->spec->is_open_ended) {
        pbt__text_format(&page->text, "until stop.seconds, in segments of %" PRId64 " steps",
                         page->search->ready_every);
        return;
    }
    add_count(page, page->search->stop_steps, "step");
    pbt__text_format(&page->text, " per member in segments of %" PRId64 ": ",
                     page->search->ready_every);
    add_count(page, page->plan.segments, "segment");
    pbt__text_format(&page->text, "; %" PRId64 " steps in all", page->plan.steps_total);
}

/* The steps at which decisions are made; the middle ones are left out. */
static void add_decision_steps(struct page *page)
{
    const pbt__plan *plan = &page->plan;
    const int64_t every = page->search->ready_every;
    bool has_gap = plan->decisions > 4;
    int64_t shown = has_gap ? 2 : plan->decisions;
    add(page, plan->decisions == 1 ? "at step" : "at steps");
    for (int64_t i = 0; i < shown; i++) {
        pbt__text_format(&page->text, "%s %" PRId64, i > 0 ? "," : "",
                         plan->first_decision + i * every);
    }
    if (has_gap) {
        pbt__text_format(&page->text, ", ..., %" PRId64, plan->last_decision);
    }
}

static void describe_decisions(struct page *page)
{
    begin_line(page, "decisions");
    if (page->plan.decisions == 0) {
        add(page, "none: no ready point lies between ready.after and stop.steps");
        return;
    }
    if (page->spec->is_open_ended) {
        pbt__text_format(&page->text, "every %" PRId64 " steps, from step %" PRId64 " on",
                         page->search->ready_every, page->plan.first_decision);
        return;
    }
    pbt__text_format(&page->text, "%" PRId64 " per member, ", page->plan.decisions);
    add_decision_steps(page);
    add(page, "; none at the last step");
}

static void describe_stop(struct page *page)
{
    bool has_score = page->search->stop_score == page->search->stop_score;
    if (!has_score && page->spec->stop_seconds == 0) {
        return;
    }
    begin_line(page, page->spec->is_open_ended ? "stops" : "stops early");
    if (has_score) {
        add(page, "at a score of ");
        pbt__scalar_write_real(&page->text, page->search->stop_score);
    }
    if (page->spec->stop_seconds > 0) {
        pbt__text_format(&page->text, "%safter %.15g seconds of training", has_score ? ", or " : "",
                         page->spec->stop_seconds);
    }
}

/* ---- rules ---- */

static const char *copied(const pbt_search *search)
{
    switch (search->exploit.copy) {
    case PBT_COPY_WEIGHTS:
        return "the weights";
    case PBT_COPY_HYPERPARAMETERS:
        return "the hyperparameters";
    default:
        return "the weights and hyperparameters";
    }
}

/* Add a list as "0.8 or 1.25". */
static void add_list(struct page *page, const pbt__rule_option *option)
{
    int32_t count = 0;
    const double *list = pbt__rule_list(page->search, option, &count);
    for (int32_t i = 0; i < count; i++) {
        const char *comma = i + 1 == count ? " or " : ", ";
        pbt__text_format(&page->text, "%s%.15g", i > 0 ? comma : "", list[i]);
    }
}

static bool is_word(const char *name, const char *word, size_t length)
{
    return strlen(name) == length && strncmp(name, word, length) == 0;
}

/* Add what a word of a summary stands for: an option of the rule, or what all rules have. */
static void add_word(struct page *page, const pbt__rule *rule, const char *word, size_t length)
{
    for (size_t i = 0; i < rule->option_count; i++) {
        const pbt__rule_option *option = &rule->options[i];
        if (!is_word(strchr(option->name, '.') + 1, word, length)) {
            continue;
        }
        if (option->type == PBT__RULE_LIST) {
            add_list(page, option);
        } else {
            pbt__text_format(&page->text, "%.15g", pbt__rule_value(page->search, option));
        }
        return;
    }
    if (is_word("copied", word, length)) {
        add(page, copied(page->search));
    } else if (is_word("k", word, length)) {
        pbt__text_format(&page->text, "%d", page->plan.k);
    } else if (is_word("population", word, length)) {
        pbt__text_format(&page->text, "%d", page->search->population);
    }
}

/* What a rule does: a text with words in braces (core/rule.h). */
static void describe_rule(struct page *page, const pbt__rule *rule)
{
    const char *at = rule->summary != NULL ? rule->summary : rule->summarize(page->search);
    while (*at != '\0') {
        const size_t plain = strcspn(at, "{\n");
        pbt__text_append(&page->text, at, plain);
        at += plain;
        if (*at == '\n') {
            begin_line(page, "");
            at++;
        } else if (*at == '{') {
            const size_t length = strcspn(at + 1, "}");
            add_word(page, rule, at + 1, length);
            at += length + 2;
        }
    }
}

static void describe_exploit(struct page *page)
{
    const pbt_search *search = page->search;
    begin_line(page, "exploit");
    pbt__text_format(&page->text, "%s: ", pbt_exploit_rule_name(search->exploit.rule));
    describe_rule(page, &pbt__exploit_row_of(search)->rule);
    if (!pbt__exploit_copies(search) || page->plan.decisions == 0) {
        return;
    }
    begin_line(page, "");
    if (search->population < 2) {
        add(page, "a single member has no other to copy");
        return;
    }
    pbt__text_format(&page->text, "judged by %s, once %d of %d members have reported",
                     search->exploit.compare == PBT_COMPARE_STEP ? "scores at the same ready point"
                                                                 : "everyone's latest score",
                     page->plan.quorum, search->population);
    if (search->window > 1) {
        pbt__text_format(&page->text, "; a score is the mean of %d reports", search->window);
    }
}

static void describe_explore(struct page *page)
{
    const pbt_explore *explore = &page->search->explore;
    begin_line(page, "explore");
    pbt__text_format(&page->text, "%s, %s: ", pbt_explore_rule_name(explore->rule),
                     explore->when == PBT_WHEN_COPY ? "after a copy" : "at every ready point");
    describe_rule(page, &pbt__explore_row_of(page->search)->rule);
}

/* ---- hyperparameters and starts ---- */

static void describe_range(struct page *page, const pbt_parameter *parameter)
{
    static const char *const scales[] = {
        [PBT_LINEAR] = "uniform",
        [PBT_LOG] = "uniform in its logarithm",
        [PBT_REVERSE_LOG] = "uniform in the logarithm of 1 - x",
    };
    add_value(page, parameter, parameter->min);
    add(page, " to ");
    add_value(page, parameter, parameter->max);
    pbt__text_format(&page->text, ", %s", scales[parameter->scale]);
}

static void describe_items(struct page *page, const pbt_parameter *parameter)
{
    for (int32_t i = 0; i < parameter->item_count; i++) {
        add(page, i > 0 ? ", " : "");
        pbt__scalar_write_item(&page->text, PBT__YAML, &parameter->items[i]);
    }
    if (parameter->type == PBT_ORDINAL && !parameter->inherit) {
        add(page, "; moves one place at a time");
    }
    add(page, pbt__type_of(parameter)->shape == PBT__SHAPE_SINGLE ? "; never changes" : "");
}

static int longest_name(const pbt_space *space)
{
    size_t longest = 0;
    for (size_t i = 0; i < space->count; i++) {
        size_t length = strlen(space->parameters[i].name);
        longest = length > longest ? length : longest;
    }
    return (int)longest;
}

static void describe_space(struct page *page)
{
    const pbt_space *space = &page->search->space;
    int width = longest_name(space);
    add(page, "\n\nhyperparameters");
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        pbt__text_format(&page->text, "\n  %-*s  %-8s  ", width, parameter->name,
                         pbt_type_name(parameter->type));
        if (pbt__is_number(parameter)) {
            describe_range(page, parameter);
        } else {
            describe_items(page, parameter);
        }
        if (parameter->inherit) {
            add(page, "; belongs to the weights: drawn once, copied with them, never explored");
        }
    }
    add(page, space->count == 0 ? "\n  none" : "");
}

/* A member's first value is given by its start or by the first stage of its schedule. */
static bool is_drawn(const pbt_start *start, const pbt_space *space, size_t parameter)
{
    const bool is_staged = start->stage_count > 0 && start->stages[0].given[parameter];
    return !start->given[parameter] && !is_staged &&
           pbt__type_of(&space->parameters[parameter])->shape != PBT__SHAPE_SINGLE;
}

static bool draws_any(const pbt_search *search)
{
    for (int32_t m = 0; m < search->start_count; m++) {
        for (size_t i = 0; i < search->space.count; i++) {
            if (is_drawn(&search->starts[m], &search->space, i)) {
                return true;
            }
        }
    }
    return search->start_count < search->population;
}

/* Add the values that a start gives. Returns whether there are any. */
static bool describe_given(struct page *page, const pbt_start *start)
{
    const pbt_space *space = &page->search->space;
    bool is_first = true;
    for (size_t i = 0; i < space->count; i++) {
        if (start->given[i]) {
            pbt__text_format(&page->text, "%s%s ", is_first ? "" : ", ", space->parameters[i].name);
            add_value(page, &space->parameters[i], start->values[i]);
            is_first = false;
        }
    }
    return !is_first;
}

static void describe_start(struct page *page, const pbt_start *start)
{
    const bool is_staged = start->stage_count > 0;
    const bool has_values = describe_given(page, start);
    if (is_staged) {
        pbt__text_format(&page->text, "%sfollows a schedule of ", has_values ? "; " : "");
        add_count(page, start->stage_count, "stage");
        add(page, ", never copies");
    } else if (!has_values) {
        add(page, "drawn from the priors");
    }
    if (start->checkpoint != NULL) {
        add(page, "; starts from ");
        pbt__scalar_write_text(&page->text, PBT__YAML, start->checkpoint);
    }
    add(page, start->fixed && !is_staged ? "; fixed: never copies, never changes" : "");
}

static void describe_starts(struct page *page)
{
    const pbt_search *search = page->search;
    if (search->start_count == 0) {
        return;
    }
    add(page, "\n\nstart");
    add(page, draws_any(search) ? "; other values are drawn from the priors" : "");
    for (int32_t i = 0; i < search->start_count; i++) {
        pbt__text_format(&page->text, "\n  member %d  ", i);
        describe_start(page, &search->starts[i]);
    }
}

/* ---- the trainer and what is kept ---- */

static void describe_trainer(struct page *page)
{
    const pbt__trainer_spec *trainer = &page->spec->trainer;
    add(page, "\n");
    begin_line(page, "trainer");
    switch (trainer->protocol) {
    case PBT__PROTOCOL_WORKER:
        add(page, trainer->command != NULL ? "one process per worker, which asks for its segments:"
                                           : "nothing that a run could start");
        break;
    case PBT__PROTOCOL_COMMAND:
        add(page, "one process per segment:");
        break;
    case PBT__PROTOCOL_LIBRARY:
        add(page, "a plugin inside pbt: ");
        pbt__scalar_write_text(&page->text, PBT__YAML, trainer->library);
        return;
    }
    for (size_t i = 0; trainer->command != NULL && trainer->command[i] != NULL; i++) {
        add(page, " ");
        pbt__scalar_write_text(&page->text, PBT__YAML, trainer->command[i]);
    }
    if (trainer->gpus > 0) {
        add(page, ", with ");
        add_count(page, trainer->gpus, "GPU");
    }
}

static void describe_failure(struct page *page)
{
    begin_line(page, "failures");
    add(page, "a segment is given up after ");
    add_count(page, page->search->retries + INT64_C(1), "failure");
    add(page, " of its trainer, or ");
    add_count(page, page->search->lost + INT64_C(1), "lost lease");
    pbt__text_format(&page->text, " of %.15g seconds", page->spec->lease_seconds);
}

static void describe_checkpoints(struct page *page)
{
    const pbt_spec *spec = page->spec;
    begin_line(page, "checkpoints");
    if (spec->checkpoint_folder != NULL) {
        pbt__text_format(&page->text, "in %s: those that members need, and ",
                         spec->checkpoint_folder);
    } else {
        pbt__text_format(&page->text,
                         "in %s.checkpoints beside the store: those that members need, and ",
                         spec->name);
    }
    if (spec->keep_best > 1) {
        pbt__text_format(&page->text, "the %d best", spec->keep_best);
    } else {
        add(page, "the best one");
    }
    if (spec->max_bytes > 0) {
        add(page, ", ");
        pbt__write_key(&page->text, PBT__YAML, spec, pbt__key_find("checkpoints.max_bytes"));
        add(page, " bytes at most");
    }
    begin_line(page, "log");
    add(page, "every segment, score, decision and its reason, in the store");
}

/* Notes may have control characters; a terminal would obey them. */
static void describe_notes(struct page *page)
{
    if (*page->spec->notes == '\0') {
        return;
    }
    begin_line(page, "notes");
    for (const char *each = page->spec->notes; *each != '\0'; each++) {
        bool is_control = (unsigned char)*each < ' ' || *each == 0x7f;
        pbt__text_append(&page->text, is_control ? " " : each, 1);
    }
}

pbt_err pbt__spec_describe(const pbt_spec *spec, char **out, pbt_error *error)
{
    struct page page = {
        .text = pbt__text_init(DESCRIPTION_MAXIMUM),
        .spec = spec,
        .search = &spec->search,
        .plan = pbt__plan_of(&spec->search),
    };
    pbt__text_format(&page.text, "%s: %s %s, seed %" PRIu64 "\n", spec->name,
                     pbt_direction_name(spec->search.direction), spec->metric, spec->search.seed);
    describe_population(&page);
    describe_training(&page);
    describe_decisions(&page);
    describe_stop(&page);
    describe_exploit(&page);
    describe_explore(&page);
    describe_space(&page);
    describe_starts(&page);
    describe_trainer(&page);
    describe_failure(&page);
    describe_checkpoints(&page);
    describe_notes(&page);
    add(&page, "\n");
    char *text = pbt__text_take(&page.text);
    if (text == NULL) {
        return pbt__fail_memory(error);
    }
    *out = text;
    return PBT_OK;
}
