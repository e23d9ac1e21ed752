/* completion.c: what the three shells' scripts share. */
#include "cli/completion.h"

#include <string.h>

#include "spec/keys.h"

const pbt__command *pbt__completion_lister(void)
{
    return pbt__command_find("list");
}

void pbt__completion_valued(pbt__text *script, const pbt__command *command, const char *between)
{
    const char *gap = "";
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        bool is_taken = command == NULL || pbt__command_takes(command, (pbt__option_id)i);
        if (is_taken && pbt__options[i].argument != NULL) {
            pbt__text_format(script, "%s--%s", gap, pbt__options[i].name);
            gap = between;
        }
    }
}

void pbt__completion_keys(pbt__text *script)
{
    const char *gap = "";
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        if (key->kind != PBT__KIND_MAP && (key->flags & PBT__KEY_AMENDABLE) != 0) {
            pbt__text_format(script, "%s%s=", gap, key->path);
            gap = " ";
        }
    }
}

void pbt__completion_values(pbt__text *script, const pbt__option *option, const char *between)
{
    for (size_t i = 0; option->values[i] != NULL; i++) {
        pbt__text_format(script, "%s%s", i > 0 ? between : "", option->values[i]);
    }
}

void pbt__completion_escaped(pbt__text *script, const char *text, const char *special,
                             const char *escape)
{
    for (; *text != '\0'; text++) {
        pbt__text_add(script, strchr(special, *text) != NULL ? escape : "");
        pbt__text_append(script, text, 1);
    }
}
