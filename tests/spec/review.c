/* review.c: what is told of a spec before hours are spent: the words, the place and the remedy, and
 * that nothing is told of what is meant. */
#include "told.h"

#include <unistd.h>

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
        {"cross_entropy", -1},
        {"val-cross-entropy", -1},
        {"crossEntropy", -1},
        {"CROSS_ENTROPY", -1},
        {"bits_per_byte", -1},
        {"negative_log_likelihood", -1},
        {"kl_div", -1},
        {"entropy", 0},
        {"neg_cross_entropy", 0},
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
        "9:13 error: hyperparameters.c.type: found the text 'flot'; allowed: <type> ()\n"
        "10:6 error: hyperparameters.d.type: missing; allowed: <type> ()\n"
        "12:17 error: exploit.rule: found the text 'wrong'; allowed: <exploit.rule> ()\n"
        "13:20 error: failure.retries: found the integer -1; allowed: an integer from 0 to "
        "2147483647 ()\n"
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
    "(write '{{' and '}}' for literal braces)\n"

#define LR                                                                                         \
    "{lr} {WD} {load} {save_to} {start_step} {end_step} {start_age} {end_age} {seed} {member} "    \
    "... (write '{{' and '}}' for literal braces)\n"

#define FILLED                                                                                     \
    "7:26 error: trainer.command: found the placeholder '{lr}', which only the protocol "          \
    "'command' fills in (write 'protocol: command' below 'trainer')\n"

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

/* What else is wrong hides no placeholder: a hyperparameter has its name all the same. */
static void placeholders_are_told_behind_other_errors(void **state)
{
    (void)state;
    assert_told(
        "version: 1\nname: a\npopulation: 2\nready: {every: 0}\nstop: {steps: 10, bogus: 1}\n"
        "hyperparameters:\n  lr: {type: flot}\n  WD: {type: float, min: 2, max: x}\n"
        "trainer:\n  protocol: command\n"
        "  command: [./t, [], \"{lod}\", <lr>, \"{ lr }\", $lr, \"%lr%\", \"@lr@\", $(lr), "
        "<load>, \"{a} { {b}\", --o=~/o]\n"
        "checkpoints: {directory: $X/y}\n",
        "4:16 error: ready.every: found the integer 0; allowed: an integer from 1 to 2^53 ()\n"
        "5:19 error: unknown key 'stop.bogus'; allowed in stop: steps, score, seconds ()\n"
        "7:14 error: hyperparameters.lr.type: found the text 'flot'; allowed: <type> ()\n"
        "8:3 error: hyperparameters: found the name 'WD'; allowed: 1 to 64 of a-z, 0-9 and '_', no "
        "digit first ()\n"
        "8:34 error: hyperparameters.WD.max: found the text 'x'; allowed: a number ()\n"
        "11:18 error: trainer.command: found an empty list; allowed: a text (\"\" for an empty "
        "one) ()\n"
        "11:22 error: trainer.command: found the placeholder '{lod}'; allowed: " LR
        "11:31 error: trainer.command: found '<lr>', which is no placeholder (write '{lr}' for its "
        "value)\n"
        "11:37 error: trainer.command: found the placeholder '{ lr }'; allowed: " LR
        "11:47 error: trainer.command: found '$lr', which is no placeholder (write '{lr}' for its "
        "value)\n"
        "11:52 error: trainer.command: found '%lr%', which is no placeholder (write '{lr}' for its "
        "value)\n"
        "11:60 error: trainer.command: found '@lr@', which is no placeholder (write '{lr}' for its "
        "value)\n"
        "11:68 error: trainer.command: found '$(lr)', which is no placeholder (write '{lr}' for "
        "its value)\n"
        "11:75 error: trainer.command: found '<load>', which is no placeholder (write '{load}' for "
        "its value)\n"
        "11:83 error: trainer.command: found the placeholder '{a}'; allowed: " LR
        "11:83 error: trainer.command: found '{' without a '}'; allowed: '{{' for a brace ()\n"
        "11:83 error: trainer.command: found the placeholder '{b}'; allowed: " LR
        "11:96 warning: trainer.command: '--o=~/o' is passed as it is: no shell expands it (write "
        "the path itself)\n"
        "12:26 error: checkpoints.directory: found '$X/y'; variables are not expanded (write the "
        "path itself; '~/' at its beginning is your home)\n");
    assert_told(
        "version: 1\nname: a\npopulation: 2\nready: {every: 0}\nstop: {steps: 10}\n"
        "hyperparameters: {lr: {type: flot}}\n"
        "trainer: {command: [./t, \"{lr}{lr}\", <lr>]}\n",
        "4:16 error: ready.every: found the integer 0; allowed: an integer from 1 to 2^53 ()\n"
        "6:30 error: hyperparameters.lr.type: found the text 'flot'; allowed: <type> ()\n" FILLED
            FILLED
        "7:38 warning: trainer.command: found '<lr>', which is no placeholder (a worker gets "
        "'lr' with each segment, not by its command)\n");
    /* Without any name there is nothing to compare with; what a command lacks is told all the same
     * where its placeholders are right. */
    assert_told("version: 1\nname: a\npopulation: 2\nready: {every: 5}\nstop: {steps: 10}\n"
                "hyperparameters: 5\n"
                "trainer: {protocol: command, command: [./t, \"{lr}\"]}\n",
                "6:18 error: hyperparameters: found the integer 5; allowed: a map from names "
                "to priors: learning_rate: {type: float, min: 0, max: 1} ()\n");
    assert_told("version: 1\nname: a\npopulation: 2\nready: {every: 0}\nstop: {steps: 10}\n"
                "hyperparameters: {lr: {type: flot}}\n"
                "trainer: {protocol: command, command: [./t, \"{lr}\", \"{load}\"]}\n",
                "4:16 error: ready.every: found the integer 0; allowed: an integer from 1 to 2^53 "
                "()\n"
                "6:30 error: hyperparameters.lr.type: found the text 'flot'; allowed: <type> ()\n"
                "7:39 error: trainer.command: no argument has '{save_to}', and without a "
                "checkpoint no report counts (add '--save={save_to}' to the command)\n"
                "7:39 warning: trainer.command: no argument has '{end_step}', '{end_age}' or "
                "'{steps}', so the program is not told how long to train (add '--steps={steps}' to "
                "the command)\n");
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

static void members_fit_into_one_event(void **state)
{
    (void)state;
    static const char text[] =
        "version: 1\nname: big\npopulation: %d\nready: {every: 10}\nstop: {steps: 100}\n"
        "hyperparameters:\n  x: {type: float, min: 0, max: 1}\n"
        "  c: {type: choice, values: [a, %s]}\n";
    char small[256], big[256], longer[256];
    (void)snprintf(small, sizeof small, text, 79566, "b");
    (void)snprintf(big, sizeof big, text, 79567, "b");
    (void)snprintf(longer, sizeof longer, text, 79566, "a23456789");
    assert_told(small, "");
    assert_told(big,
                "3:13 error: population: found 79567; allowed: at most 79566 with these "
                "hyperparameters (fewer members, or fewer or shorter-named hyperparameters)\n");
    assert_told(longer,
                "3:13 error: population: found 79566; allowed: at most 70662 with these "
                "hyperparameters (fewer members, or fewer or shorter-named hyperparameters)\n");
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
        cmocka_unit_test(placeholders_are_told_behind_other_errors),
        cmocka_unit_test(a_mistake_leaves_a_spec),
        cmocka_unit_test(members_fit_into_one_event),
        cmocka_unit_test(the_list_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
