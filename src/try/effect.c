/* effect.c: the effect of each hyperparameter that was changed alone. */
#include <stdio.h>
#include <string.h>

#include "executor/placeholders.h"
#include "study/study.h"
#include "try/trial.h"

enum { VALUE_MAXIMUM = 1 << 16 };

/* ---- words ---- */

/* An effect: what a user is told of the first hyperparameter that has it. `%s`: name, from, to. */
typedef struct effect_row {
    pbt__opinion opinion;
    const char *words, *hint;
} effect_row;

static const effect_row EFFECTS[] = {
    [PBT__EFFECT_UNTRIED] = {PBT__OPINION_UNSURE, "not tried", "more time: --seconds N"},
    [PBT__EFFECT_SHOWN] = {PBT__OPINION_OK, "changes what is trained", ""},
    [PBT__EFFECT_ELSEWHERE] = {PBT__OPINION_OK, "matters only where", ""},
    [PBT__EFFECT_FRESH] = {PBT__OPINION_NO,
                           "is ignored after a load: changing it matters only from scratch",
                           "apply it after loading: the checkpoint brings its own"},
    [PBT__EFFECT_NONE] = {PBT__OPINION_NO, "is ignored",
                          "does the trainer use it? if it acts only later: --steps N"},
    [PBT__EFFECT_UNCLEAR] = {PBT__OPINION_UNSURE, "cannot be told from chance",
                             "report it as a metric of the same name, or try longer segments: "
                             "--steps N"},
    [PBT__EFFECT_FAILS] = {PBT__OPINION_NO, "fails", "narrow its prior, or fix the trainer there"},
};

static const pbt_parameter *parameter_of(const pbt__trial *trial, const pbt__variation *variation)
{
    return &trial->spec->search.space.parameters[variation->parameter];
}

/* One hyperparameter in a few words, without its name. */
static void write_effect(const pbt__trial *trial, const pbt__variation *variation, pbt__text *out)
{
    const pbt_parameter *parameter = parameter_of(trial, variation);
    const bool is_changed =
        variation->effect == PBT__EFFECT_NONE || variation->effect == PBT__EFFECT_UNCLEAR;
    pbt__text_add(out, EFFECTS[variation->effect].words);
    if (is_changed) {
        pbt__text_add(out, ": changing ");
        pbt__value_append(out, parameter, variation->from);
        pbt__text_add(out, " to ");
        pbt__value_append(out, parameter, variation->to);
        pbt__text_add(out, variation->effect == PBT__EFFECT_NONE
                               ? " changes nothing"
                               : " changes no more than chance does");
    } else if (variation->effect == PBT__EFFECT_FAILS) {
        pbt__text_add(out, " with ");
        pbt__value_append(out, parameter, variation->to);
        pbt__text_format(out, ": %.300s", variation->probed.message);
    } else if (variation->effect == PBT__EFFECT_ELSEWHERE) {
        const pbt_parameter *choice = &trial->spec->search.space.parameters[variation->choice];
        pbt__text_format(out, " '%s' is ", choice->name);
        pbt__value_append(out, choice, variation->choice_value);
    }
}

/* ---- the check ---- */

/* An undecided hyperparameter is ok if the trainer reports the given value. */
static pbt__effect effect_of(const pbt__trial *trial, size_t index, const char *echoed)
{
    char name[128];
    const pbt__variation *variation = &trial->variations[index];
    (void)snprintf(name, sizeof name, "'%s'", parameter_of(trial, variation)->name);
    const bool is_echoed = strstr(echoed, name) != NULL;
    return variation->effect == PBT__EFFECT_UNCLEAR && is_echoed ? PBT__EFFECT_SHOWN
                                                                 : variation->effect;
}

/* Name all that share an effect; the first with its values. */
static void write_group(const pbt__trial *trial, pbt__effect effect, const char *echoed,
                        pbt__text *out)
{
    bool is_first = true;
    for (size_t i = 0; i < trial->variation_count; i++) {
        const pbt__variation *variation = &trial->variations[i];
        if (effect_of(trial, i, echoed) != effect) {
            continue;
        }
        if (is_first) {
            pbt__text_format(out, "%s'%s' ", out->length > 0 ? "; " : "",
                             parameter_of(trial, variation)->name);
            write_effect(trial, variation, out);
        } else {
            pbt__text_format(out, ", '%s' too", parameter_of(trial, variation)->name);
        }
        is_first = false;
    }
}

/* The worst first. */
static const pbt__effect ORDER[] = {
    PBT__EFFECT_NONE,    PBT__EFFECT_FRESH,   PBT__EFFECT_FAILS,
    PBT__EFFECT_UNCLEAR, PBT__EFFECT_UNTRIED, PBT__EFFECT_ELSEWHERE,
};
enum { ORDER_COUNT = sizeof ORDER / sizeof *ORDER };

static const pbt__variation *first_of(const pbt__trial *trial, pbt__effect effect)
{
    for (size_t i = 0; i < trial->variation_count; i++) {
        if (trial->variations[i].effect == effect) {
            return &trial->variations[i];
        }
    }
    return NULL;
}

static void show_first(const pbt__trial *trial, pbt__effect effect, pbt__check *check)
{
    const pbt__variation *variation = first_of(trial, effect);
    const pbt__trained *plain = pbt__trial_segment(trial, pbt__trial_plain(trial), 0, 1);
    if (effect != PBT__EFFECT_UNTRIED && effect != PBT__EFFECT_FAILS) {
        pbt__check_show(check, plain, "before", &variation->probed.segments[0][1], "changed");
    }
    if (effect == PBT__EFFECT_FAILS && variation->probed.log[0] != '\0') {
        (void)snprintf(check->hint, sizeof check->hint, "%s; its log: %.400s", EFFECTS[effect].hint,
                       variation->probed.log);
    }
}

static size_t shown_count(const pbt__trial *trial, const char *echoed)
{
    size_t count = 0;
    for (size_t i = 0; i < trial->variation_count; i++) {
        count += effect_of(trial, i, echoed) == PBT__EFFECT_SHOWN;
    }
    return count;
}

static void write_shown(const pbt__trial *trial, size_t shown, pbt__text *out)
{
    const size_t all = trial->variation_count;
    if (all == 1 && shown == 1) {
        pbt__text_format(out, "'%s' changes what is trained",
                         parameter_of(trial, &trial->variations[0])->name);
    } else if (shown == all) {
        pbt__text_format(out, "each of %zu, changed alone, changes what is trained", all);
    } else if (shown > 0) {
        pbt__text_format(out, "; %zu of %zu change what is trained", shown, all);
    }
}

static void judge_effects(const pbt__trial *trial, const char *echoed, pbt__check *check)
{
    pbt__text text = pbt__text_init(VALUE_MAXIMUM);
    const pbt__effect *worst = NULL;
    for (size_t i = 0; i < ORDER_COUNT; i++) {
        const size_t before = text.length;
        write_group(trial, ORDER[i], echoed, &text);
        worst = worst == NULL && text.length > before ? &ORDER[i] : worst;
    }
    write_shown(trial, shown_count(trial, echoed), &text);
    pbt__check_conclude(check, worst != NULL ? EFFECTS[*worst].opinion : PBT__OPINION_OK, "%s",
                        pbt__text_string(&text));
    if (worst != NULL && EFFECTS[*worst].opinion != PBT__OPINION_OK) {
        pbt__check_advise(check, EFFECTS[*worst].hint);
        show_first(trial, *worst, check);
    }
    pbt__text_fini(&text);
}

void pbt__trial_judge_hyperparameters(const pbt__trial *trial, pbt__check *check)
{
    char words[256];
    pbt__text names = pbt__text_init(VALUE_MAXIMUM);
    if (!pbt__trial_echoes(trial, &names, words, sizeof words)) {
        pbt__check_conclude(check, PBT__OPINION_NO, "%s", words);
        pbt__check_advise(check,
                          "apply them after loading, never before: the checkpoint brings its own");
    } else if (trial->variation_count > 0) {
        judge_effects(trial, pbt__text_string(&names), check);
    } else if (!trial->is_varied && pbt__trial_failed(trial) == PBT__PROBE_COUNT) {
        pbt__check_conclude(check, PBT__OPINION_OK, "none of them ever changes");
    }
    const size_t length = strlen(check->found);
    if (names.length > 0 && check->opinion == PBT__OPINION_OK) {
        (void)snprintf(check->found + length, sizeof check->found - length,
                       "; it reports %.400s as given", pbt__text_string(&names));
    }
    pbt__text_fini(&names);
}

/* ---- JSON ---- */

json_t *pbt__trial_variations_json(const pbt__trial *trial)
{
    static const char *const RESULTS[] = {"ok", "no", "?", "skipped"};
    json_t *list = json_array();
    for (size_t i = 0; i < trial->variation_count; i++) {
        const pbt__variation *variation = &trial->variations[i];
        const pbt_parameter *parameter = parameter_of(trial, variation);
        pbt__text text = pbt__text_init(VALUE_MAXIMUM);
        write_effect(trial, variation, &text);
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:o, s:o, s:s, s:s}", "name", parameter->name,
                                              "from", pbt__value_json(parameter, variation->from),
                                              "to", pbt__value_json(parameter, variation->to),
                                              "result", RESULTS[EFFECTS[variation->effect].opinion],
                                              "found", pbt__text_string(&text)));
        pbt__text_fini(&text);
    }
    return list;
}
