/* completion_zsh.c: completion for zsh, by its own _arguments. */
#include "cli/completion.h"

static const char HEAD[] = "#compdef pbt\n"
                           "# zsh completion for pbt, made from its table of commands.\n"
                           "\n"
                           "# The studies of the store that the words name.\n"
                           "_pbt_studies() {\n"
                           "  local -a place studies\n"
                           "  local option\n"
                           "  for option in ";

static const char STUDIES_END[] =
    "; do\n"
    "    (( $+opt_args[$option] )) && place+=($option \"${(Q)opt_args[$option]}\")\n"
    "  done\n"
    "  studies=(${(f)\"$(pbt list $place 2>/dev/null | sed -n '2,$s/ .*//p')\"})\n"
    "  compadd -a studies\n"
    "}\n"
    "\n"
    "_pbt_keys() {\n"
    "  [[ $PREFIX == *=* ]] || compadd -S '' -- ";

static const char KEYS_END[] = "\n"
                               "}\n"
                               "\n"
                               "_pbt() {\n"
                               "  local context state state_descr line\n"
                               "  local -a commands\n"
                               "  typeset -A opt_args\n"
                               "  commands=(\n";

static const char STATES[] = "    '1: :->command' '*:: :->arguments' && return\n"
                             "  case $state in\n"
                             "  command) _describe -t commands command commands ;;\n"
                             "  arguments)\n"
                             "    case $line[1] in\n";

static const char TAIL[] = "    esac\n"
                           "    ;;\n"
                           "  esac\n"
                           "}\n"
                           "\n"
                           "_pbt \"$@\"\n";

static const char *const OFFERS[PBT__OFFER_COUNT] = {
    [PBT__OFFER_NOTHING] = " ",
    [PBT__OFFER_FILES] = "_files",
    [PBT__OFFER_FOLDERS] = "_files -/",
    [PBT__OFFER_SPECS] = "_files -g \"*.(yaml|yml)\"",
    [PBT__OFFER_STUDIES] = "_pbt_studies",
    [PBT__OFFER_KEYS] = "_pbt_keys",
};

/* Add a text to a word in single quotes, where `special` has a meaning within it. */
static void add_quoted(pbt__text *script, const char *text, const char *special)
{
    pbt__text quoted = pbt__text_init(4096);
    pbt__completion_escaped(&quoted, text, special, "\\");
    pbt__completion_escaped(script, pbt__text_string(&quoted), "'", "'\\'");
    pbt__text_fini(&quoted);
}

/* A single word in parentheses would be a list of glob qualifiers. */
static void add_endings(pbt__text *script, const pbt__option *option)
{
    const bool is_single = option->values[1] == NULL;
    pbt__text_add(script, is_single ? "_files -g \"*." : "_files -g \"*.(");
    pbt__completion_values(script, option, "|");
    pbt__text_add(script, is_single ? "\"" : ")\"");
}

static void add_value(pbt__text *script, const pbt__option *option)
{
    pbt__text_add(script, ":");
    add_quoted(script, option->argument, ":\\");
    pbt__text_add(script, ":");
    if (option->values == NULL) {
        pbt__text_add(script, OFFERS[pbt__word_offer(option->argument)]);
        return;
    }
    if (pbt__word_offer(option->argument) == PBT__OFFER_FILES) {
        add_endings(script, option);
        return;
    }
    pbt__text_add(script, "(");
    for (size_t i = 0; option->values[i] != NULL; i++) {
        pbt__text_add(script, i > 0 ? " " : "");
        add_quoted(script, option->values[i], ":\\");
    }
    pbt__text_add(script, ")");
}

static void add_options(pbt__text *script, const pbt__command *command, const char *indent)
{
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        const pbt__option *option = &pbt__options[i];
        if (!pbt__command_takes(command, (pbt__option_id)i)) {
            continue;
        }
        pbt__text_format(script, "%s'--%s%s[", indent, option->name,
                         option->argument != NULL ? "=" : "");
        add_quoted(script, option->help, "]\\");
        pbt__text_add(script, "]");
        if (option->argument != NULL) {
            add_value(script, option);
        }
        pbt__text_add(script, "' \\\n");
    }
}

static void add_operands(pbt__text *script, const pbt__command *command)
{
    pbt__operand operand;
    int place = 1;
    for (const char *rest = command->operands; pbt__operand_next(&rest, &operand); place++) {
        const char *optional = operand.is_optional && !operand.is_repeated ? ":" : "";
        pbt__text_format(script, operand.is_repeated ? "        '*:" : "        '%d%s:", place,
                         optional);
        add_quoted(script, operand.word, ":\\");
        pbt__text_format(script, ":%s' \\\n", OFFERS[pbt__word_offer(operand.word)]);
    }
}

static void add_command(pbt__text *script, const pbt__command *command)
{
    pbt__text_format(script, "    %s)\n      _arguments \\\n", command->name);
    add_options(script, command, "        ");
    add_operands(script, command);
    pbt__text_add(script, "        && return\n      ;;\n");
}

void pbt__completion_zsh(pbt__text *script)
{
    pbt__text_add(script, HEAD);
    pbt__completion_valued(script, pbt__completion_lister(), " ");
    pbt__text_add(script, STUDIES_END);
    pbt__completion_keys(script);
    pbt__text_add(script, KEYS_END);
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        pbt__text_format(script, "    '%s:", pbt__commands[i].name);
        add_quoted(script, pbt__commands[i].summary, ":\\");
        pbt__text_add(script, "'\n");
    }
    pbt__text_add(script, "  )\n  _arguments -C \\\n");
    add_options(script, &pbt__program, "    ");
    pbt__text_add(script, STATES);
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        add_command(script, &pbt__commands[i]);
    }
    pbt__text_add(script, TAIL);
}
