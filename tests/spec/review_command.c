/* review_command.c: what is told of a command and an environment before hours are spent. */
#include "told.h"

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
                "gets 'rate' with each segment, not by its command)\n");
}

/* Only arguments are filled in. */
static void placeholders_in_the_environment(void **state)
{
    (void)state;
#define VARIABLE(rest, value) COMMAND(rest) "  environment: {A: '" value "'}\n"
    assert_told(
        VARIABLE("", "x{rate}"),
        "11:20 error: trainer.environment.A: found '{rate}', which is passed as it is: only "
        "arguments are filled in (write '{rate}' in an argument of trainer.command)\n");
    assert_told(VARIABLE(", \"{rate}\"", "{rate}{seed}"),
                "11:20 warning: trainer.environment.A: found '{rate}', which is passed as it is: "
                "only arguments are filled in (write '{rate}' in an argument of trainer.command)\n"
                "11:20 warning: trainer.environment.A: found '{seed}', which is passed as it is: "
                "only arguments are filled in (write '{seed}' in an argument of "
                "trainer.command)\n");
    assert_told(VARIABLE(", \"{rate}\"", "{rates} {{rate}} {\"a\": 1}"), "");
    assert_told(WITH("trainer: {command: [./t], environment: {A: '{rate}'}}\n"),
                "8:44 warning: trainer.environment.A: found '{rate}', which is passed as it is: "
                "only arguments are filled in (a worker gets 'rate' with each segment)\n");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_that_is_meant),
        cmocka_unit_test(other_languages_placeholders),
        cmocka_unit_test(placeholders_in_the_environment),
        cmocka_unit_test(what_no_argument_says),
        cmocka_unit_test(negative_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
