/* review.c: what is told of a spec before hours are spent: the words, the place and the remedy, and
 * that nothing is told of what is meant. */
#include "support.h"

#include <unistd.h>

#include "spec/reader.h"

enum { TOLD_SIZE = 32 * 1024 };

/* Read a text and write all that is said of it, a line each: "LINE:COLUMN error: ... (hint)".
 * Returns the spec, or NULL where there is none. Shape: told[TOLD_SIZE] */
static pbt_spec *read_text(const char *text, const char *home, pbt__findings *findings, char *told)
{
    static pbt__complaints complaints;
    pbt_spec *spec = NULL;
    pbt_error error = {.code = PBT_OK};
    memset(&complaints, 0, sizeof complaints);
    *findings = (pbt__findings){.complaints = &complaints, .home = home};
    pbt_err err = pbt__spec_make(text, "f", ".", findings, &spec, &error);
    assert_true(err == PBT_OK || err == PBT_ERR_SPEC);
    assert_int_equal(err == PBT_OK, spec != NULL);
    *told = '\0';
    for (int32_t i = 0; i < complaints.count; i++) {
        const pbt__complaint *each = &complaints.items[i];
        char place[32];
        int length = snprintf(place, sizeof place, "f:%d:%d: ", each->line, each->column);
        assert_int_equal(strncmp(each->error.message, place, (size_t)length), 0);
        (void)snprintf(told + strlen(told), TOLD_SIZE - strlen(told), "%d:%d %s: %s (%s)\n",
                       each->line, each->column, each->is_warning ? "warning" : "error",
                       each->error.message + length, each->error.hint);
    }
    return spec;
}

static void assert_told_at(int line, const char *text, const char *expected)
{
    static char told[TOLD_SIZE];
    pbt__findings findings;
    pbt_spec *spec = read_text(text, "/home/me", &findings, told);
    if (strcmp(told, expected) != 0) {
        fail_msg("line %d:\n%s\nfound:\n%sexpected:\n%s", line, text, told, expected);
    }
    pbt_spec_free(spec);
}

#define assert_told(text, expected) assert_told_at(__LINE__, text, expected)

/* A spec whose other parts are above suspicion: seven lines, then `rest`. */
#define WITH(rest) SHORTEST rest
/* The command is in line 10; `rest` goes on behind the save and the load. */
#define COMMAND(rest)                                                                              \
    WITH("trainer:\n  protocol: command\n"                                                         \
         "  command: [./t, \"{save_to}\", \"{load}\", \"{end_step}\"" rest "]\n")

static void a_command_that_is_meant(void **state)
{
    (void)state;
    assert_told(COMMAND(", \"--rate={rate}\""), "");
    assert_told(COMMAND(", --rate, \"{rate}\""), "");
    assert_told(COMMAND(", \"{{\\\"rate\\\": {rate}}}\""), "");
    assert_told(COMMAND(", \"{{{rate}}}\""), "");
    assert_told(COMMAND(", \"{rate}\", \"<rates>\", \"$RATE\", \"$rates\", \"%d\", \"a@b\""), "");
    /* A shell's own variables, in a shell's script. */
    assert_told(COMMAND(", sh, -c, 'rate=$1; ./t --lr=$rate', sh, \"{rate}\""), "");
    assert_told(COMMAND(", sh, -ec, 'rate=$1; ./t ${{rate}} $(rate) <rate', sh, \"{rate}\""), "");
    assert_told(WITH("trainer: {command: [sh, -c, 'for x in 1; do ./t ${x} $seed; done']}\n"), "");
    assert_told(WITH("trainer: {command: [sh, -c, './t ${steps}']}\n"), "");
}

static void other_languages_placeholders(void **state)
{
    (void)state;
    static const char *const forms[] = {"%(rate)s", "%(rate)d", "%(rate)", "<rate>", "{{rate}}",
                                        "$rate",    "$(rate)",  "%rate%",  "@rate@"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char text[1024], expected[1024];
        (void)snprintf(text, sizeof text, COMMAND(", \"--lr=%s\""), forms[i]);
        (void)snprintf(expected, sizeof expected,
                       "10:55 error: trainer.command: found '%s', which is no placeholder (write "
                       "'{rate}' for its value)\n",
                       forms[i]);
        assert_told(text, expected);
        /* Where the value is passed too, this may be meant. */
        (void)snprintf(text, sizeof text, COMMAND(", \"--lr=%s\", \"{rate}\""), forms[i]);
        (void)snprintf(expected, sizeof expected,
                       "10:55 warning: trainer.command: found '%s', which is no placeholder "
                       "(write '{rate}' for its value)\n",
                       forms[i]);
        assert_told(text, expected);
    }
    assert_told(COMMAND(", \"--lr=${rate}\", \"{rate}\""),
                "10:55 error: trainer.command: found '${rate}': '{rate}' is replaced, and the '$' "
                "stays (write '{rate}'; for a shell's own variable '${{rate}}')\n");
    assert_told(COMMAND(", \"--lr={rate}\", \"<seed>\""),
                "10:70 error: trainer.command: found '<seed>', which is no placeholder (write "
                "'{seed}' for its value)\n");
    assert_told(WITH("trainer: {command: [python3, t.py, \"--lr=<rate>\"]}\n"),
                "8:36 warning: trainer.command: found '<rate>', which is no placeholder (a worker "
                "is told 'rate' with each segment, not by its command)\n");
}

static void what_no_argument_says(void **state)
{
    (void)state;
    assert_told(COMMAND(""),
                "7:3 warning: hyperparameters.rate: no argument of trainer.command has "
                "'{rate}' (add '--rate={rate}' to the command, or remove 'rate')\n");
    assert_told(WITH("trainer: {protocol: command, command: [./t, \"{rate}\"]}\n"),
                "8:39 error: trainer.command: no argument has '{save_to}', and without a "
                "checkpoint no report counts (add '--save={save_to}' to the command)\n"
                "8:39 warning: trainer.command: no argument has '{end_step}', '{end_age}' or "
                "'{steps}', so the program is not told how long to train (add '--steps={steps}' to "
                "the command)\n"
                "8:39 warning: trainer.command: no argument has '{load}', so every segment starts "
                "from scratch (add '--load={load}' to the command)\n");
    static const char *const lengths[] = {"end_step", "end_age", "steps"};
    for (size_t i = 0; i < 3; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text,
                       WITH("trainer: {protocol: command, command: [./t, \"{rate}\", \"{load}\", "
                            "\"{save_to}\", \"{%s}\"]}\n"),
                       lengths[i]);
        assert_told(text, "");
    }
    /* A segment a member has nothing to load. */
    assert_told("version: 1\nname: a\npopulation: 1\nready: {every: 10}\nstop: {steps: 10}\n"
                "hyperparameters: {}\n"
                "trainer: {protocol: command, command: [./t, \"{save_to}\", \"{steps}\"]}\n",
                "");
    assert_told("version: 1\nname: a\npopulation: 1\nready: {every: 10}\nstop: {steps: 100}\n"
                "hyperparameters:\n"
                "  a: {type: float, min: 0, max: 1}\n  b: {type: constant, value: 1}\n"
                "  c: {type: float, min: 0, max: 1}\n  d: {type: float, min: 0, max: 1}\n"
                "trainer: {protocol: command, command: [./t, \"{save_to}{load}{steps}\"]}\n",
                "11:39 warning: trainer.command: no argument has any of the 4 hyperparameters (add "
                "'--a={a}', and so on)\n");
}

static void negative_values(void **state)
{
    (void)state;
    static const char *const priors[] = {
        "{type: float, min: -0.01, max: 0.01}",  "{type: int, min: -3, max: 3}",
        "{type: choice, values: [a, -1]}",       "{type: ordinal, values: [-0.5, 0.5]}",
        "{type: choice, values: [-fast, slow]}", "{type: constant, value: -1.0e-5}",
    };
    for (size_t i = 0; i < sizeof priors / sizeof *priors; i++) {
        char text[1024];
        (void)snprintf(
            text, sizeof text,
            "version: 1\nname: a\npopulation: 1\nready: {every: 10}\nstop: {steps: 10}\n"
            "hyperparameters: {bias: %s}\n"
            "trainer: {protocol: command, command: [./t, --bias, \"{bias}\", \"{save_to}\", "
            "\"{steps}\"]}\n",
            priors[i]);
        assert_told(text,
                    "7:53 warning: trainer.command: a negative '{bias}' after '--bias' may be "
                    "read as another option (write '--bias={bias}')\n");
    }
    assert_told(COMMAND(", -r, \"{rate}\""), "");
    assert_told(
        "version: 1\nname: a\npopulation: 1\nready: {every: 10}\nstop: {steps: 10}\n"
        "hyperparameters: {b: {type: float, min: -1, max: 1}}\n"
        "trainer: {protocol: command, command: [./t, -b, \"{b}\", \"--bias={b}\", x, \"{b}\", "
        "\"{save_to}\", \"{steps}\"]}\n",
        "7:49 warning: trainer.command: a negative '{b}' after '-b' may be read as another "
        "option (write '-b{b}')\n");
}

static void metrics(void **state)
{
    (void)state;
#define NAME_64 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"
    assert_told(WITH("objective: {metric: " NAME_64 "}\n"), "");
    assert_told(
        WITH("objective: {metric: " NAME_64 "m}\n"),
        "8:21 error: objective.metric: found 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr"
        "...', a name of 65 bytes; allowed: at most 64, which reports can carry (shorten it "
        "here and in the trainer)\n");
    assert_told(WITH("objective: {metric: step}\n"),
                "8:21 error: objective.metric: found 'step', which is how far a report has come "
                "(give the metric another name, here and in the trainer)\n");
    assert_told(WITH("objective: {metric: steps}\n"), "");
    assert_told(
        WITH("objective: {metric: save}\n"),
        "8:21 warning: objective.metric: found 'save', which a Python worker cannot report: "
        "it is an argument of report() (give the metric another name, here and in the "
        "trainer)\n");
}

static void directions(void **state)
{
    (void)state;
    static const struct {
        const char *metric;
        int tendency;
    } cases[] = {
        {"loss", -1},
        {"val_loss", -1},
        {"valLoss", -1},
        {"val/loss", -1},
        {"perplexity", -1},
        {"test.mse", -1},
        {"RMSE", -1},
        {"wer", -1},
        {"error_rate", -1},
        {"logloss", -1},
        {"accuracy_loss", 0},
        {"score", 0},
        {"neg_loss", 0},
        {"-loss", 0},
        {"negative_log_loss", 0},
        {"loss_reduction", 0},
        {"accuracy", 1},
        {"val_acc", 1},
        {"F1", 1},
        {"mean_reward", 1},
        {"glossary", 0},
        {"terror_level", 0},
        {"steps_per_s", 0},
        {"closeness", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *metric = cases[i].metric;
        char text[1024], expected[1024] = "";
        (void)snprintf(text, sizeof text, WITH("objective: {metric: '%s'}\n"), metric);
        if (cases[i].tendency < 0) {
            (void)snprintf(expected, sizeof expected,
                           "8:21 warning: objective.direction: '%s' is maximized, which is the "
                           "default (write 'direction: minimize' below 'objective' if lower is "
                           "better)\n",
                           metric);
        }
        assert_told(text, expected);
        (void)snprintf(text, sizeof text, WITH("objective: {direction: minimize, metric: '%s'}\n"),
                       metric);
        expected[0] = '\0';
        if (cases[i].tendency > 0) {
            (void)snprintf(
                expected, sizeof expected,
                "8:24 warning: objective.direction: '%s' is minimized (write 'direction: "
                "maximize' below 'objective' if higher is better)\n",
                metric);
        }
        assert_told(text, expected);
    }
}

static void late_names_are_reserved(void **state)
{
    (void)state;
    static const char text[] = "version: 1\nname: a\npopulation: 1\nready: {every: 10}\n"
                               "stop: {steps: 10}\nhyperparameters:\n"
                               "  steps: {type: float, min: 0, max: 1}\n";
    assert_told(text,
                "7:3 error: hyperparameters: the name 'steps' is reserved (it means something "
                "else in commands)\n");
    pbt_spec_free(parse(text)); /* as a study of old has it */
}

/* ---- paths ---- */

static void paths_that_nothing_expands(void **state)
{
    (void)state;
    static const char *const keys[] = {"checkpoints: {directory: ", "trainer: {directory: ",
                                       "start: [checkpoint: ", "trainer: {command: ["};
    static const char *const names[] = {"checkpoints.directory", "trainer.directory",
                                        "start.checkpoint", "trainer.command"};
    static const char *const ends[] = {"}", "}", "]", "]}"};
    static const struct {
        const char *path, *message, *hint;
    } cases[] = {
        {"$SCRATCH/ck", "variables are not expanded",
         "write the path itself; '~/' at its beginning is your home"},
        {"/a/${USER}/ck", "variables are not expanded",
         "write the path itself; '~/' at its beginning is your home"},
        {"~you/ck", "allowed: '~/...', your own home, or the path itself",
         "for a folder of that name write './~you/ck'"},
        {"~/ck", NULL, NULL},
        {"./~/ck", NULL, NULL},
        {"a$/b", NULL, NULL},
        {"a~", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        for (size_t j = 0; j < sizeof cases / sizeof *cases; j++) {
            char text[1024], expected[1024] = "";
            (void)snprintf(text, sizeof text, SHORTEST "%s\"%s\"%s\n", keys[i], cases[j].path,
                           ends[i]);
            if (cases[j].message != NULL) {
                (void)snprintf(expected, sizeof expected, "8:%zu error: %s: found '%s'; %s (%s)\n",
                               strlen(keys[i]) + 1, names[i], cases[j].path, cases[j].message,
                               cases[j].hint);
            }
            assert_told(text, expected);
        }
    }
}

static void arguments_and_variables_that_nothing_expands(void **state)
{
    (void)state;
    assert_told(WITH("trainer: {command: [./t, $HOME/data]}\n"),
                "8:26 warning: trainer.command: '$HOME/data' is passed as it is: no shell expands "
                "it (write the path itself)\n");
    assert_told(WITH("trainer: {command: [./t, --data=~/data]}\n"),
                "8:26 warning: trainer.command: '--data=~/data' is passed as it is: no shell "
                "expands it (write the path itself)\n");
    assert_told(WITH("trainer: {command: [sh, -c, '$HOME/t ~/x']}\n"), "");
    assert_told(WITH("trainer: {command: [perl, '$x =~ /a/', --price=$5/6]}\n"), "");
    assert_told(
        WITH("trainer:\n  environment:\n    A: \"x:$HOME/bin\"\n    B: $\n    C: ~/b\n"),
        "10:8 warning: trainer.environment.A: '$HOME/bin' is passed as it is: no shell "
        "expands it (write the value itself)\n"
        "12:8 warning: trainer.environment.C: '~/b' is passed as it is: no shell expands it "
        "(write the value itself)\n");
}

static void a_home_is_put_into_the_text(void **state)
{
    (void)state;
    static const char before[] = SHORTEST
        "start: [checkpoint: ~/w.pt]\n"
        "checkpoints: {directory: ~/ck, keep_best: 4}  # a comment\n"
        "trainer: {command: [~/bin/t, \"~/d, e\", ~x, \"~\", sh, -c, '~/s'], directory: '~'}\n";
    static const char after[] = SHORTEST
        "start: [checkpoint: /home/me/w.pt]\n"
        "checkpoints: {directory: /home/me/ck, keep_best: 4}  # a comment\n"
        "trainer: {command: [/home/me/bin/t, \"/home/me/d, e\", ~x, \"~\", sh, -c, '~/s'], "
        "directory: /home/me}\n";
    static char told[TOLD_SIZE];
    pbt__findings findings;
    pbt_spec *spec = read_text(before, "/home/me/", &findings, told);
    assert_non_null(spec);
    assert_string_equal(told, "");
    assert_string_equal(findings.expanded, after);
    pbt_spec_free(spec);
    spec = read_text(before, "/", &findings, told);
    assert_non_null(strstr(findings.expanded, "directory: /ck,"));
    pbt_spec_free(spec);
    spec = read_text(before, NULL, &findings, told);
    assert_null(findings.expanded);
    assert_non_null(strstr(told, "9:26 error: checkpoints.directory: found '~/ck', but HOME is not "
                                 "set (set HOME, or write the path itself)\n"));
    pbt_spec_free(spec);
    spec = read_text(SHORTEST, "/home/me", &findings, told);
    assert_null(findings.expanded);
    pbt_spec_free(spec);
}

static void assert_amended(const char *key, const char *value, const char *expected)
{
    char *out = NULL;
    pbt_error error = {.code = PBT_OK};
    pbt_err err = pbt__spec_amend_path(key, value, "/home/me", &out, &error);
    assert_string_equal(err == PBT_OK ? out : error.message, expected);
    free(out);
}

static void amended_paths_are_as_those_of_a_file(void **state)
{
    (void)state;
    assert_amended("checkpoints.directory", "~/ck", "/home/me/ck");
    assert_amended("trainer.command", "[~/t, ~/d, '{rate}']", "[/home/me/t, /home/me/d, '{rate}']");
    assert_amended("trainer.command", "[sh, -c, '~/t $X']", "[sh, -c, '~/t $X']");
    assert_amended("checkpoints.directory", "$A/ck",
                   "checkpoints.directory: found '$A/ck'; variables are not expanded");
    assert_amended("trainer.library", "~you/x.so",
                   "trainer.library: found '~you/x.so'; allowed: '~/...', your own home, or the "
                   "path itself");
    assert_amended("notes", "~/ $A", "~/ $A");
    assert_amended("no.such.key", "~/", "~/");
    assert_amended("trainer.command", "[", "[");
}

/* A file that says "~/ck" is the spec of a study that has the home's path, and of one made before
 * `~` was expanded. */
static void a_study_with_either_path_goes_on(void **state)
{
    (void)state;
    static const char text[] = SHORTEST "checkpoints: {directory: ~/ck, keep_best: 4}\nseed: 3\n";
    char path[] = "/tmp/pbt-review-XXXXXX";
    static pbt__complaints complaints;
    pbt_spec *file = NULL;
    pbt_error error = {.code = PBT_OK};
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
    close(descriptor);
    assert_int_equal(pbt__spec_load(path, "/home/me", &complaints, &file, &error), PBT_OK);
    assert_int_equal(complaints.error_count, 0);
    assert_string_equal(file->checkpoint_folder, "/home/me/ck");
    pbt_spec *then = parse(text), *now = parse(file->source);
    assert_int_equal(pbt__spec_compare(file, then, &error), PBT_OK);
    assert_int_equal(pbt__spec_compare(file, now, &error), PBT_OK);
    amend(then, "checkpoints.directory", "elsewhere");
    amend(now, "checkpoints.directory", "elsewhere");
    assert_int_equal(pbt__spec_compare(file, then, &error), PBT_ERR_SPEC);
    assert_int_equal(pbt__spec_compare(file, now, &error), PBT_ERR_SPEC);
    assert_non_null(strstr(error.message, ":8:26: checkpoints.directory: found /home/me/ck"));
    amend(now, "checkpoints.directory", "/home/me/ck");
    amend(now, "checkpoints.keep_best", "5");
    assert_int_equal(pbt__spec_compare(file, now, &error), PBT_ERR_SPEC);
    assert_non_null(strstr(error.message, ":8:43: checkpoints.keep_best")); /* as it is written */
    pbt_spec_free(file);
    pbt_spec_free(then);
    pbt_spec_free(now);
    unlink(path);
}

/* ---- all at once ---- */

static void all_errors_in_the_texts_order(void **state)
{
    (void)state;
    assert_told(
        "version: 1\nname: X\npopulation: none\nready: {every: 0, afterwards: 1}\n"
        "stop: 5\nhyperparameters:\n  a: {type: float, min: x, max: y}\n"
        "  b: {type: int, min: 3, max: 1}\n  c: {type: flot}\n  d: {min: 1}\n"
        "start: [{a: 9}]\nexploit: {rule: wrong, alpha: 1}\nfailure: {retries: -1}\n"
        "objective: {metric: step, direction: up}\n"
        "trainer: {environment: {A: [], 1B: x}, directory: $A/b}\n",
        "2:7 error: name: found the text 'X'; allowed: a text of 1 to 64 of a-z, 0-9, '.', "
        "'_' and '-', the first a letter or a digit ()\n"
        "3:13 error: population: found the text 'none'; allowed: an integer from 1 to "
        "1048576 ()\n"
        "4:16 error: ready.every: found the integer 0; allowed: an integer from 1 to 2^53 "
        "()\n"
        "4:19 error: unknown key 'ready.afterwards'; allowed in ready: every, after ("
        ")\n"
        "5:7 error: stop: found the integer 5; allowed: a map of steps, score, seconds ()\n"
        "7:25 error: hyperparameters.a.min: found the text 'x'; allowed: a number ()\n"
        "7:33 error: hyperparameters.a.max: found the text 'y'; allowed: a number ()\n"
        "8:23 error: hyperparameters.b: needs min < max (a value that never changes is "
        "a constant) ()\n"
        "9:13 error: hyperparameters.c.type: found the text 'flot'; allowed: float, int, "
        "ordinal, choice, constant ()\n"
        "10:6 error: hyperparameters.d.type: missing; allowed: float, int, ordinal, choice, "
        "constant ()\n"
        "12:17 error: exploit.rule: found the text 'wrong'; allowed: truncation, t_test, "
        "binary_tournament, best, threshold, none ()\n"
        "13:20 error: failure.retries: found the integer -1; allowed: an integer from 0 to "
        "1000000 ()\n"
        "14:21 error: objective.metric: found 'step', which is how far a report has come "
        "(give the metric another name, here and in the trainer)\n"
        "14:38 error: objective.direction: found the text 'up'; allowed: maximize, minimize "
        "()\n"
        "15:28 error: trainer.environment: found an empty list; allowed: a text (\"\" for an "
        "empty one) ()\n"
        "15:32 error: trainer.environment: found the name '1B'; allowed: letters, digits and "
        "'_', no digit first ()\n"
        "15:51 error: trainer.directory: found '$A/b'; variables are not expanded (write the "
        "path itself; '~/' at its beginning is your home)\n");
    assert_told("a: [\n",
                "2:1 error: not valid YAML: flow sequence without a closing bracket ()\n");
}

#define KNOWN                                                                                      \
    "{rate} {load} {save_to} {start_step} {end_step} {start_age} {end_age} {seed} {member} ... "   \
    "(write '{{' and '}}' for braces that are meant as they are)\n"

static void a_start_and_a_command_are_told_apart(void **state)
{
    (void)state;
    assert_told(
        WITH("start:\n  - {rate: 5, fixed: maybe}\n  - 7\n  - {rat: 0.1}\n"
             "trainer:\n  protocol: command\n  command: [./t, \"{a}{b}\", \"{\", \"}\"]\n"),
        "9:12 error: start[0].rate: found the integer 5; allowed: a number from 0.0001 to "
        "0.1 ()\n"
        "9:22 error: start[0].fixed: found the text 'maybe'; allowed: true, false ()\n"
        "10:5 error: start[1]: found the integer 7; allowed: a map: {learning_rate: 0.01} "
        "()\n"
        "11:6 error: start[2]: found the key 'rat'; allowed: a hyperparameter's name, fixed, "
        "checkpoint, schedule ()\n"
        "14:18 error: trainer.command: found the placeholder '{a}'; allowed: " KNOWN
        "14:18 error: trainer.command: found the placeholder '{b}'; allowed: " KNOWN
        "14:28 error: trainer.command: found '{' without a '}'; allowed: '{{' for a brace "
        "()\n"
        "14:33 error: trainer.command: found '}' without a '{'; allowed: '}}' for a brace "
        "()\n");
}

/* What the parser refuses is no spec; what a review refuses is one, of which no study is made. */
static void a_mistake_leaves_a_spec(void **state)
{
    (void)state;
    static char told[TOLD_SIZE];
    pbt__findings findings;
    assert_null(read_text(WITH("seed: -1\n"), NULL, &findings, told));
    assert_int_equal(findings.complaints->error_count, 1);
    pbt_spec *spec = read_text(WITH("objective: {metric: step}\n"), NULL, &findings, told);
    assert_non_null(spec);
    assert_int_equal(findings.complaints->error_count, 1);
    pbt_spec_free(spec);
}

static void the_list_is_bounded(void **state)
{
    (void)state;
    static pbt__complaints all;
    for (int i = 0; i < 30; i++) {
        const pbt__complaint each = {.line = 100 - i, .column = 1, .is_warning = i % 2 == 0};
        pbt__complaints_add(&all, &each);
    }
    assert_int_equal(all.count, PBT__COMPLAINTS_MAXIMUM);
    assert_int_equal(all.error_count, 15);
    assert_int_equal(all.warning_count, 15);
    int errors = 0;
    for (int i = 0; i < all.count; i++) {
        errors += !all.items[i].is_warning;
        assert_true(i == 0 || all.items[i - 1].line < all.items[i].line);
    }
    assert_int_equal(errors, 15);
    assert_ptr_equal(pbt__complaints_first(&all), &all.items[0].error);
    assert_int_equal(all.items[0].line, 71);
    for (int i = 0; i < 30; i++) {
        const pbt__complaint each = {.line = 200 + i, .column = 1};
        pbt__complaints_add(&all, &each);
    }
    assert_int_equal(all.count, PBT__COMPLAINTS_MAXIMUM);
    assert_int_equal(all.error_count, 45);
    assert_int_equal(all.items[0].line, 71);
    assert_int_equal(all.items[PBT__COMPLAINTS_MAXIMUM - 1].line, 204);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_that_is_meant),
        cmocka_unit_test(other_languages_placeholders),
        cmocka_unit_test(what_no_argument_says),
        cmocka_unit_test(negative_values),
        cmocka_unit_test(metrics),
        cmocka_unit_test(directions),
        cmocka_unit_test(late_names_are_reserved),
        cmocka_unit_test(paths_that_nothing_expands),
        cmocka_unit_test(arguments_and_variables_that_nothing_expands),
        cmocka_unit_test(a_home_is_put_into_the_text),
        cmocka_unit_test(amended_paths_are_as_those_of_a_file),
        cmocka_unit_test(a_study_with_either_path_goes_on),
        cmocka_unit_test(all_errors_in_the_texts_order),
        cmocka_unit_test(a_start_and_a_command_are_told_apart),
        cmocka_unit_test(a_mistake_leaves_a_spec),
        cmocka_unit_test(the_list_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
