/* review_objective.c: a metric's name: whether reports can have it, and which direction it
 * suggests. */
#include <string.h>

#include "base/error.h"
#include "spec/review.h"

/* ---- names ---- */

/* Arguments of the Python client's `report`, beside metrics. */
static const char *const report_arguments[] = {"save", "self", NULL};

static pbt_err refuse_long(const pbt__reader *reader, pbt__spot place)
{
    const char *metric = reader->spec->metric;
    char shown[48];
    pbt__cut(metric, sizeof shown, shown);
    pbt_err err = pbt__refuse(reader, place,
                              "objective.metric: found '%s', a name of %zu bytes; allowed: at most "
                              "%d, which reports can carry",
                              shown, strlen(metric), PBT__METRIC_MAXIMUM);
    pbt__error_hint(reader->error, "shorten it here and in the trainer");
    return err;
}

pbt_err pbt__review_metric(const pbt__reader *reader)
{
    const char *metric = reader->spec->metric;
    const pbt__spot place = pbt__spec_place(reader->spec, pbt__key_find("objective.metric"));
    pbt_err err = PBT_OK;
    if (strlen(metric) > PBT__METRIC_MAXIMUM) {
        err = refuse_long(reader, place);
    } else if (strcmp(metric, "step") == 0) {
        err = pbt__refuse(reader, place,
                          "objective.metric: found 'step', which is how far a report has come");
        pbt__error_hint(reader->error, "give the metric another name, here and in the trainer");
    } else if (reader->spec->trainer.protocol == PBT__PROTOCOL_WORKER &&
               pbt__names_find(report_arguments, metric) >= 0) {
        (void)pbt__refuse(reader, place,
                          "objective.metric: found '%s', which a Python worker cannot report: it "
                          "is an argument of report()",
                          metric);
        pbt__error_hint(reader->error, "give the metric another name, here and in the trainer");
        pbt__warn(reader);
    }
    return err;
}

/* ---- directions ---- */

/* Words joined: "cross_entropy" is "crossentropy". */
/* clang-format off */
static const char *const losses[] = {
    "loss", "losses", "error", "errors", "err", "perplexity", "ppl", "mse", "rmse", "mae", "mape",
    "smape", "rmsle", "nll", "wer", "cer", "fid", "brier", "ece", "xent", "regret", "cost", "bpc",
    "bpb", "bpd", "logloss", "crossentropy", "ce", "bce", "msle", "nmse", "nrmse", "wape", "crps",
    "rmsd", "epe", "eer", "fvd", "kid", "lpips", "mpjpe", "kl", "kld", "kldiv", "nelbo", "hinge",
    "deviance", "residual", "latency", "misclassification", "bitsperbyte", "bitsperchar",
    "bitspercharacter", "bitsperdim", "negloglikelihood", "negativeloglikelihood", NULL,
};
/* clang-format on */

static const char *const gains[] = {
    "accuracy", "acc",  "auc",  "auroc",  "auprc",   "f1",     "bleu",      "rouge", "reward",
    "rewards",  "iou",  "miou", "return", "returns", "recall", "precision", "ndcg",  "mrr",
    "mcc",      "psnr", "ssim", "dice",   "top1",    "top5",   "winrate",   "r2",    NULL,
};

/* With one of these words the name may mean the opposite. */
static const char *const turns[] = {
    "neg",      "negative",    "negated",   "minus",    "inv",  "inverse", "one",
    "inverted", "improvement", "reduction", "decrease", "drop", "gap",     NULL,
};

enum { WORD_SIZE = 24 };

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Copy the next word of a name in lower case: "valLoss" and "val-loss" are two. Returns what is
 * behind it. Shape: out[size] */
static const char *next_word(const char *text, char *out, size_t size)
{
    size_t length = 0;
    while (*text != '\0' && !is_upper(*text) && !is_lower(*text)) {
        text++;
    }
    const char *begin = text;
    for (; is_upper(*text) || is_lower(*text); text++) {
        if (text > begin && is_upper(*text) && is_lower(text[-1])) {
            break;
        }
        if (length + 1 < size) {
            out[length++] = is_upper(*text) ? (char)(*text - 'A' + 'a') : *text;
        }
    }
    out[length] = '\0';
    return text;
}

static bool ends_with(const char *word, const char *end)
{
    const size_t length = strlen(word), behind = strlen(end);
    return length > behind && strcmp(word + length - behind, end) == 0;
}

/* What is behind the longest loss that a text begins with, of three words at most; NULL: none. */
static const char *behind_loss(const char *text)
{
    char words[3 * WORD_SIZE] = "";
    const char *found = NULL;
    for (int i = 0; i < 3; i++) {
        text = next_word(text, words + strlen(words), WORD_SIZE);
        found = pbt__names_find(losses, words) >= 0 ? text : found;
    }
    return found;
}

/* -1: lower is better; 1: higher is better; 0: not known. */
static int tendency_of(const char *metric)
{
    bool is_loss = false, is_gain = false, is_turned = metric[0] == '-';
    for (const char *at = metric; *at != '\0';) {
        const char *behind = behind_loss(at);
        if (behind != NULL) {
            is_loss = true;
            at = behind;
            continue;
        }
        char word[WORD_SIZE];
        at = next_word(at, word, sizeof word);
        is_loss = is_loss || ends_with(word, "loss");
        is_gain = is_gain || pbt__names_find(gains, word) >= 0;
        is_turned = is_turned || pbt__names_find(turns, word) >= 0;
    }
    if (is_turned || is_loss == is_gain) {
        return 0;
    }
    return is_loss ? -1 : 1;
}

pbt_err pbt__review_direction(const pbt__reader *reader)
{
    const pbt__key *key = pbt__key_find("objective.direction");
    const bool is_given = reader->nodes[pbt__key_index(key)] != NULL;
    const bool is_maximized = reader->spec->search.direction == PBT_MAXIMIZE;
    const int tendency = tendency_of(reader->spec->metric);
    if (tendency == 0 || (tendency > 0) == is_maximized) {
        return PBT_OK;
    }
    char metric[PBT__METRIC_MAXIMUM + 1];
    pbt__cut(reader->spec->metric, sizeof metric, metric);
    const char *wanted = is_maximized ? "minimize" : "maximize";
    const pbt__spot place =
        pbt__spec_place(reader->spec, is_given ? key : pbt__key_find("objective.metric"));
    (void)pbt__refuse(reader, place, "objective.direction: '%s' is %sd%s", metric,
                      is_maximized ? "maximize" : "minimize",
                      is_given ? "" : ", which is the default");
    pbt__error_hint(reader->error, "write 'direction: %s' below 'objective' if %s is better",
                    wanted, is_maximized ? "lower" : "higher");
    pbt__warn(reader);
    return PBT_OK;
}
