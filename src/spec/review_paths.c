/* review_paths.c: `~` and variables, which a shell would expand: there is none. */
#include <string.h>

#include "base/error.h"
#include "spec/home.h"
#include "spec/review.h"

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_variable(const char *at)
{
    return at[0] == '$' && (is_letter(at[1]) || (at[1] == '{' && is_letter(at[2])));
}

/* Say whether a path begins with a variable: "$HOME/data". */
static bool begins_with_variable(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    const size_t open = text[0] != '\0' && text[1] == '{' ? 2 : 1;
    if (!is_variable(text)) {
        return false;
    }
    const char *behind = text + open + strspn(text + open, letters);
    return behind[open == 2 && *behind == '}'] == '/';
}

/* Find what a shell would replace; NULL if there is nothing. */
static const char *find_variable(const char *text)
{
    const char *at = strchr(text, '$');
    while (at != NULL && !is_variable(at)) {
        at = strchr(at + 1, '$');
    }
    return at;
}

/* ---- paths ---- */

static pbt_err refuse_variable(const pbt__reader *reader, pbt__spot place, const char *path,
                               const char *text)
{
    char shown[64];
    pbt__cut(text, sizeof shown, shown);
    pbt_err err =
        pbt__refuse(reader, place, "%s: found '%s'; variables are not expanded", path, shown);
    pbt__error_hint(reader->error, "write the path itself; '~/' at its beginning is your home");
    return err;
}

static pbt_err refuse_home(const pbt__reader *reader, pbt__spot place, const char *path,
                           const char *text)
{
    char shown[64];
    pbt__cut(text, sizeof shown, shown);
    if (pbt__home_is_own(text)) {
        pbt_err err =
            pbt__refuse(reader, place, "%s: found '%s', but HOME is not set", path, shown);
        pbt__error_hint(reader->error, "set HOME, or write the path itself");
        return err;
    }
    pbt_err err = pbt__refuse(reader, place,
                              "%s: found '%s'; allowed: '~/...', your own home, or the path itself",
                              path, shown);
    pbt__error_hint(reader->error, "for a folder of that name write './%s'", shown);
    return err;
}

static pbt_err review_path(void *context, const char *path, const pbt__node *node)
{
    const pbt__reader *reader = context;
    const char *home = reader->findings->home;
    const bool is_known = pbt__home_is_own(node->text) && home != NULL;
    if (node->text[0] == '~' && !is_known) {
        return pbt__go_on(reader, refuse_home(reader, node->place, path, node->text));
    }
    return find_variable(node->text) != NULL
               ? pbt__go_on(reader, refuse_variable(reader, node->place, path, node->text))
               : PBT_OK;
}

/* ---- arguments ---- */

/* "--data=": what is before an option's value; 0 if there is no value. */
static size_t option_length(const char *argument)
{
    const char *equals = argument[0] == '-' ? strchr(argument, '=') : NULL;
    return equals != NULL ? (size_t)(equals + 1 - argument) : 0;
}

/* A program may expand them itself, and a shell does: no error. */
static void review_argument(const pbt__reader *reader, size_t index)
{
    char *const *command = reader->spec->trainer.command;
    const char *value = command[index] + option_length(command[index]);
    const bool is_home = value > command[index] && strncmp(value, "~/", 2) == 0;
    if (pbt__review_is_script(command, index) || !(is_home || begins_with_variable(value))) {
        return;
    }
    char shown[64];
    pbt__cut(command[index], sizeof shown, shown);
    (void)pbt__refuse(reader, pbt__review_argument(reader, index),
                      "trainer.command: '%s' is passed as it is: no shell expands it", shown);
    pbt__error_hint(reader->error, "write the path itself");
    pbt__warn(reader);
}

pbt_err pbt__review_paths(const pbt__reader *reader)
{
    pbt__reader visitor = *reader;
    pbt_err err = pbt__home_walk(reader, review_path, &visitor);
    char *const *command = reader->spec->trainer.command;
    for (size_t i = 1; command != NULL && command[i] != NULL; i++) {
        review_argument(reader, i);
    }
    return err;
}

/* ---- the environment ---- */

pbt_err pbt__review_environment(const pbt__reader *reader)
{
    const pbt__node *map = reader->nodes[pbt__key_index(pbt__key_find("trainer.environment"))];
    const pbt__node *each = map != NULL ? map->first : NULL;
    for (; each != NULL; each = each->next) {
        const char *variable = find_variable(each->text);
        const bool is_home = strncmp(each->text, "~/", 2) == 0;
        if (variable == NULL && !is_home) {
            continue;
        }
        char shown[48];
        pbt__cut(variable != NULL ? variable : each->text, sizeof shown, shown);
        (void)pbt__refuse(reader, each->place,
                          "trainer.environment.%.48s: '%s' is passed as it is: no shell expands it",
                          each->name, shown);
        pbt__error_hint(reader->error, "write the value itself");
        pbt__warn(reader);
    }
    return PBT_OK;
}
