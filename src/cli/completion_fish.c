/* completion_fish.c: completion for fish, a line per command, option and operand. */
#include "cli/completion.h"

#include <stdio.h>

static const char HEAD[] =
    "# fish completion for pbt, made from its table of commands.\n"
    "\n"
    "function __pbt_has_no_command\n"
    "    test (count (commandline -opc)) -eq 1\n"
    "end\n"
    "\n"
    "# Whether the words begin with `pbt COMMAND`.\n"
    "function __pbt_is\n"
    "    set -l words (commandline -opc)\n"
    "    test (count $words) -gt 1; and test $words[2] = $argv[1]\n"
    "end\n"
    "\n"
    "# Whether the operand that is being written has the place LEAST to MOST, from 0.\n"
    "function __pbt_place\n"
    "    set -l words (commandline -opc)\n"
    "    set -e words[1..2]\n"
    "    set -l place 0\n"
    "    set -l is_value 0\n"
    "    for word in $words\n"
    "        if test $is_value -eq 1\n"
    "            set is_value 0\n"
    "        else if contains -- $word ";

static const char PLACE_END[] = "\n"
                                "            set is_value 1\n"
                                "        else if not string match -q -- '-*' $word\n"
                                "            set place (math $place + 1)\n"
                                "        end\n"
                                "    end\n"
                                "    test $place -ge $argv[1]; and test $place -le $argv[2]\n"
                                "end\n"
                                "\n"
                                "# The studies of the store that the words name.\n"
                                "function __pbt_studies\n"
                                "    set -l words (commandline -opc)\n"
                                "    set -l place\n"
                                "    set -l is_value 0\n"
                                "    for word in $words\n"
                                "        if test $is_value -eq 1\n"
                                "            set -a place $word\n"
                                "            set is_value 0\n"
                                "        else if contains -- $word ";

static const char STUDIES_VALUES[] =
    "\n"
    "            set -a place $word\n"
    "            set is_value 1\n"
    "        else if contains -- (string split -m 1 = -- $word)[1] ";

static const char STUDIES_END[] = "\n"
                                  "            set -a place $word\n"
                                  "        end\n"
                                  "    end\n"
                                  "    $words[1] list $place 2>/dev/null | sed -n '2,$s/ .*//p'\n"
                                  "end\n"
                                  "\n"
                                  "# Folders, and files with one of the endings, as `svg|png`.\n"
                                  "function __pbt_files\n"
                                  "    __fish_complete_path (commandline -ct) |\n"
                                  "        string match -r '.*(?:\\.(?:'$argv[1]')|/)(?:\\t.*)?$'\n"
                                  "end\n"
                                  "\n"
                                  "complete -c pbt -f\n";

/* How a kind is offered behind -r or -a. */
static const char *const OFFERS[PBT__OFFER_COUNT] = {
    [PBT__OFFER_NOTHING] = "",
    [PBT__OFFER_FILES] = " -F",
    [PBT__OFFER_FOLDERS] = " -a '(__fish_complete_directories (commandline -ct))'",
    [PBT__OFFER_SPECS] = " -a '(__pbt_files \"yaml|yml\")'",
    [PBT__OFFER_STUDIES] = " -a '(__pbt_studies)'",
};

static void add_quoted(pbt__text *script, const char *text)
{
    pbt__text_add(script, "'");
    pbt__completion_escaped(script, text, "'\\", "\\");
    pbt__text_add(script, "'");
}

static void add_offer(pbt__text *script, pbt__offer offer)
{
    if (offer != PBT__OFFER_KEYS) {
        pbt__text_add(script, OFFERS[offer]);
        return;
    }
    pbt__text_add(script, " -a '");
    pbt__completion_keys(script);
    pbt__text_add(script, "'");
}

static void add_value(pbt__text *script, const pbt__option *option)
{
    const pbt__offer offer = pbt__word_offer(option->argument);
    if (option->values == NULL) {
        pbt__text_add(script, offer == PBT__OFFER_FILES ? " -r" : " -x");
        add_offer(script, offer);
        return;
    }
    const bool is_file = offer == PBT__OFFER_FILES;
    pbt__text_add(script, is_file ? " -x -a '(__pbt_files \"" : " -x -a '");
    pbt__completion_values(script, option, is_file ? "|" : " ");
    pbt__text_add(script, is_file ? "\")'" : "'");
}

static void add_options(pbt__text *script, const pbt__command *command, const char *condition)
{
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        const pbt__option *option = &pbt__options[i];
        if (!pbt__command_takes(command, (pbt__option_id)i)) {
            continue;
        }
        pbt__text_format(script, "complete -c pbt -n '%s' -l %s", condition, option->name);
        if (option->argument != NULL) {
            add_value(script, option);
        }
        pbt__text_add(script, " -d ");
        add_quoted(script, option->help);
        pbt__text_add(script, "\n");
    }
}

static void add_operands(pbt__text *script, const pbt__command *command)
{
    pbt__operand operand;
    int place = 0;
    for (const char *rest = command->operands; pbt__operand_next(&rest, &operand); place++) {
        pbt__offer offer = pbt__word_offer(operand.word);
        if (offer == PBT__OFFER_NOTHING) {
            continue;
        }
        pbt__text_format(script, "complete -c pbt -n '__pbt_is %s; and __pbt_place %d %d'",
                         command->name, place, operand.is_repeated ? 1000000 : place);
        add_offer(script, offer);
        pbt__text_add(script, "\n");
    }
}

void pbt__completion_fish(pbt__text *script)
{
    pbt__text_add(script, HEAD);
    pbt__completion_valued(script, NULL, " ");
    pbt__text_add(script, PLACE_END);
    pbt__completion_valued(script, pbt__completion_lister(), " ");
    pbt__text_add(script, STUDIES_VALUES);
    pbt__completion_valued(script, pbt__completion_lister(), " ");
    pbt__text_add(script, STUDIES_END);
    add_options(script, &pbt__program, "__pbt_has_no_command");
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        const pbt__command *command = &pbt__commands[i];
        char condition[64];
        snprintf(condition, sizeof condition, "__pbt_is %s", command->name);
        pbt__text_format(script, "\ncomplete -c pbt -n __pbt_has_no_command -a %s -d ",
                         command->name);
        add_quoted(script, command->summary);
        pbt__text_add(script, "\n");
        add_options(script, command, condition);
        add_operands(script, command);
    }
}
