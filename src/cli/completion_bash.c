/*
 * completion_bash.c: completion for bash, 4.3 or newer, with or without bash-completion.
 *
 * bash splits words at `=` and `:` and replaces the last piece; the script splits at blanks, as the
 * program does, and cuts what bash keeps from its candidates.
 */
#include <string.h>

#include "cli/completion.h"

static const char HEAD[] = "# bash completion for pbt, made from its table of commands.\n"
                           "\n"
                           "# The studies of the store that the words name.\n"
                           "_pbt_studies()\n"
                           "{\n"
                           "    local -a place=()\n"
                           "    local i\n"
                           "    for ((i = 2; i < ${#words[@]} - 1; i++)); do\n"
                           "        case ${words[i]} in\n"
                           "        ";

static const char PLACE_WORDS[] = ") place+=(\"${words[i]}\" \"${words[++i]}\") ;;\n"
                                  "        ";

static const char STUDIES_END[] =
    "=*) place+=(\"${words[i]}\") ;;\n"
    "        esac\n"
    "    done\n"
    "    \"${words[0]}\" list \"${place[@]}\" 2>/dev/null | sed -n '2,$s/ .*//p'\n"
    "}\n"
    "\n"
    "# Candidates are printed a line each, behind a line with an option for compopt, or none.\n"
    "_pbt_words()\n"
    "{\n"
    "    echo\n"
    "    compgen -W \"$1\" -- \"$current\"\n"
    "}\n"
    "\n"
    "# Folders, and files with one of these endings.\n"
    "_pbt_endings()\n"
    "{\n"
    "    local ending\n"
    "    echo filenames\n"
    "    compgen -d -- \"$current\"\n"
    "    for ending in \"$@\"; do\n"
    "        compgen -f -X \"!*.$ending\" -- \"$current\"\n"
    "    done\n"
    "}\n"
    "\n"
    "_pbt_offer()\n"
    "{\n"
    "    case $1 in\n"
    "    files) echo filenames; compgen -f -- \"$current\" ;;\n"
    "    folders) echo filenames; compgen -d -- \"$current\" ;;\n"
    "    specs) _pbt_endings yaml yml ;;\n"
    "    studies) _pbt_words \"$(_pbt_studies)\" ;;\n"
    "    keys)\n"
    "        echo nospace\n"
    "        [[ $current == *=* ]] || compgen -W \"";

static const char KEYS_END[] = "\" -- \"$current\"\n"
                               "        ;;\n"
                               "    esac\n"
                               "}\n"
                               "\n"
                               "# What an option's argument may be, by command.\n"
                               "_pbt_value()\n"
                               "{\n"
                               "    case \"${words[1]} $1\" in\n";

static const char VALUES_END[] = "    esac\n"
                                 "}\n"
                                 "\n"
                                 "_pbt_takes_value()\n"
                                 "{\n"
                                 "    [[ \" ";

static const char MAIN[] =
    " \" == *\" $1 \"* ]]\n"
    "}\n"
    "\n"
    "# The place of the operand that is being written, from 0.\n"
    "_pbt_place()\n"
    "{\n"
    "    local i place=0\n"
    "    for ((i = 2; i < ${#words[@]} - 1; i++)); do\n"
    "        if _pbt_takes_value \"${words[i]}\"; then\n"
    "            ((i++))\n"
    "        elif [[ ${words[i]} != -* ]]; then\n"
    "            ((place++))\n"
    "        fi\n"
    "    done\n"
    "    echo \"$place\"\n"
    "}\n"
    "\n"
    "_pbt_operand()\n"
    "{\n"
    "    local place\n"
    "    place=$(_pbt_place)\n"
    "    if ((place >= ${#operands[@]} && ${#operands[@]} > 0)) && [[ $repeats ]]; then\n"
    "        place=$((${#operands[@]} - 1))\n"
    "    fi\n"
    "    _pbt_offer \"${operands[place]}\"\n"
    "}\n"
    "\n"
    "_pbt_candidates()\n"
    "{\n"
    "    local options repeats=\n"
    "    local -a operands=()\n"
    "    if ((${#words[@]} < 3)); then\n"
    "        options=\"";

static const char OPTIONS_END[] = "\"\n"
                                  "        [[ $current == -* ]] || options=\"";

static const char COMMANDS_END[] = "\"\n"
                                   "        _pbt_words \"$options\"\n"
                                   "        return\n"
                                   "    fi\n"
                                   "    case ${words[1]} in\n";

static const char TAIL[] =
    "    *) return ;;\n"
    "    esac\n"
    "    if [[ $option ]]; then\n"
    "        _pbt_value \"$option\"\n"
    "    elif [[ $current == -* ]]; then\n"
    "        _pbt_words \"$options\"\n"
    "    else\n"
    "        _pbt_operand\n"
    "    fi\n"
    "}\n"
    "\n"
    "_pbt()\n"
    "{\n"
    "    local line=${COMP_LINE:0:COMP_POINT} option= current kept\n"
    "    local -a words\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=(\"\")\n"
    "    current=${words[-1]}\n"
    "    if [[ $current == --*=* ]]; then\n"
    "        option=${current%%=*} current=${current#*=}\n"
    "    elif ((${#words[@]} > 3)) && _pbt_takes_value \"${words[-2]}\"; then\n"
    "        option=${words[-2]}\n"
    "    fi\n"
    "    kept=\n"
    "    [[ $COMP_WORDBREAKS == *:* ]] && kept=${current%\"${current##*:}\"}\n"
    "    mapfile -t COMPREPLY < <(_pbt_candidates)\n"
    "    [[ ${COMPREPLY[0]} ]] && compopt -o \"${COMPREPLY[0]}\"\n"
    "    COMPREPLY=(\"${COMPREPLY[@]:1}\")\n"
    "    COMPREPLY=(\"${COMPREPLY[@]#\"$kept\"}\")\n"
    "}\n"
    "\n"
    "complete -F _pbt pbt\n";

static const char *const OFFERS[PBT__OFFER_COUNT] = {
    [PBT__OFFER_NOTHING] = "nothing", [PBT__OFFER_FILES] = "files",
    [PBT__OFFER_FOLDERS] = "folders", [PBT__OFFER_SPECS] = "specs",
    [PBT__OFFER_STUDIES] = "studies", [PBT__OFFER_KEYS] = "keys",
};

/* Commands may mean different things by the same name. */
static bool is_only_one(const pbt__option *option)
{
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        if (&pbt__options[i] != option && strcmp(pbt__options[i].name, option->name) == 0) {
            return false;
        }
    }
    return true;
}

/* Add the pattern of `COMMAND --OPTION`. */
static void add_pattern(pbt__text *script, pbt__option_id id)
{
    const pbt__option *option = &pbt__options[id];
    const char *gap = "    ";
    if (is_only_one(option)) {
        pbt__text_format(script, "    *\" --%s\") ", option->name);
        return;
    }
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        if (pbt__command_takes(&pbt__commands[i], id)) {
            pbt__text_format(script, "%s\"%s --%s\"", gap, pbt__commands[i].name, option->name);
            gap = " | ";
        }
    }
    pbt__text_add(script, ") ");
}

static void add_value(pbt__text *script, const pbt__option *option)
{
    const pbt__offer offer = pbt__word_offer(option->argument);
    if (option->values == NULL) {
        pbt__text_format(script, "_pbt_offer %s ;;\n", OFFERS[offer]);
        return;
    }
    pbt__text_add(script, offer == PBT__OFFER_FILES ? "_pbt_endings " : "_pbt_words \"");
    pbt__completion_values(script, option, " ");
    pbt__text_add(script, offer == PBT__OFFER_FILES ? " ;;\n" : "\" ;;\n");
}

static void add_options(pbt__text *script, const pbt__command *command)
{
    const char *gap = "";
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        if (pbt__command_takes(command, (pbt__option_id)i)) {
            pbt__text_format(script, "%s--%s", gap, pbt__options[i].name);
            gap = " ";
        }
    }
}

static void add_command(pbt__text *script, const pbt__command *command)
{
    pbt__operand operand = {.is_repeated = false};
    pbt__text_format(script, "    %s)\n        options=\"", command->name);
    add_options(script, command);
    pbt__text_add(script, "\"\n        operands=(");
    const char *gap = "";
    for (const char *rest = command->operands; pbt__operand_next(&rest, &operand); gap = " ") {
        pbt__text_format(script, "%s%s", gap, OFFERS[pbt__word_offer(operand.word)]);
    }
    pbt__text_format(script, ")\n        repeats=%s\n        ;;\n", operand.is_repeated ? "1" : "");
}

void pbt__completion_bash(pbt__text *script)
{
    pbt__text_add(script, HEAD);
    pbt__completion_valued(script, pbt__completion_lister(), " | ");
    pbt__text_add(script, PLACE_WORDS);
    pbt__completion_valued(script, pbt__completion_lister(), "=* | ");
    pbt__text_add(script, STUDIES_END);
    pbt__completion_keys(script);
    pbt__text_add(script, KEYS_END);
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        if (pbt__options[i].argument != NULL) {
            add_pattern(script, (pbt__option_id)i);
            add_value(script, &pbt__options[i]);
        }
    }
    pbt__text_add(script, VALUES_END);
    pbt__completion_valued(script, NULL, " ");
    pbt__text_add(script, MAIN);
    add_options(script, &pbt__program);
    pbt__text_add(script, OPTIONS_END);
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        pbt__text_format(script, "%s%s", i > 0 ? " " : "", pbt__commands[i].name);
    }
    pbt__text_add(script, COMMANDS_END);
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        add_command(script, &pbt__commands[i]);
    }
    pbt__text_add(script, TAIL);
}
