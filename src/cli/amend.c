/* amend.c: `pbt amend`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/control.h"
#include "cli/spec_file.h"

/* KEY=VALUE operands, split. Owner: `texts` holds the copies that `keys` and `values` point
 * into. */
typedef struct amendment {
    size_t count;
    char **texts;
    const char **keys;
    const char **values;
} amendment;

static void amendment_fini(amendment *these)
{
    for (size_t i = 0; these->texts != NULL && i < these->count; i++) {
        free(these->texts[i]);
    }
    free(these->texts);
    free(these->keys);
    free(these->values);
}

static pbt_err split_operand(const char *operand, amendment *these, size_t i, pbt_error *error)
{
    const char *equals = strchr(operand, '=');
    if (equals == NULL || equals == operand) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "'%s' is not KEY=VALUE", operand);
        pbt__error_hint(error, "such as stop.steps=8000");
        return PBT_ERR_ARGUMENT;
    }
    these->texts[i] = pbt__strdup(operand);
    if (these->texts[i] == NULL) {
        return pbt__fail_memory(error);
    }
    these->texts[i][equals - operand] = '\0';
    these->keys[i] = these->texts[i];
    these->values[i] = these->texts[i] + (equals - operand) + 1;
    return PBT_OK;
}

static pbt_err amendment_split(const pbt__arguments *arguments, amendment *out, pbt_error *error)
{
    size_t count = (size_t)arguments->operand_count - 1;
    amendment these = {
        .count = count,
        .texts = pbt__calloc(count, sizeof *these.texts),
        .keys = pbt__calloc(count, sizeof *these.keys),
        .values = pbt__calloc(count, sizeof *these.values),
    };
    if (these.texts == NULL || these.keys == NULL || these.values == NULL) {
        amendment_fini(&these);
        return pbt__fail_memory(error);
    }
    pbt_err err = PBT_OK;
    for (size_t i = 0; i < count && err == PBT_OK; i++) {
        err = split_operand(arguments->operands[i + 1], &these, i, error);
    }
    if (err != PBT_OK) {
        amendment_fini(&these);
        return err;
    }
    *out = these;
    return PBT_OK;
}

/* Paths mean here what they mean in a spec's file. */
static pbt_err expand_home(amendment *these, size_t i, pbt_error *error)
{
    char *value = NULL, *text = NULL;
    pbt_err err = pbt__spec_amend_path(these->keys[i], these->values[i], pbt__spec_file_home(),
                                       &value, error);
    if (err != PBT_OK) {
        return err;
    }
    const size_t key = strlen(these->keys[i]) + 1;
    text = pbt__calloc(key + strlen(value) + 1, 1);
    if (text == NULL) {
        free(value);
        return pbt__fail_memory(error);
    }
    memcpy(text, these->keys[i], key);
    memcpy(text + key, value, strlen(value) + 1);
    free(value);
    free(these->texts[i]);
    these->texts[i] = text;
    these->keys[i] = text;
    these->values[i] = text + key;
    return PBT_OK;
}

static pbt_err change(const pbt__arguments *arguments, pbt__control *control, pbt_error *error)
{
    amendment these = {0};
    pbt_err err = amendment_split(arguments, &these, error);
    if (err != PBT_OK) {
        return err;
    }
    for (size_t i = 0; i < these.count && err == PBT_OK; i++) {
        err = expand_home(&these, i, error);
    }
    if (err == PBT_OK) {
        err = pbt__control_amend(control, these.keys, these.values, these.count, error);
    }
    for (size_t i = 0; i < these.count && err == PBT_OK; i++) {
        printf("%s: %s is %s now\n", control->name, these.keys[i], these.values[i]);
    }
    amendment_fini(&these);
    return err;
}

int pbt__command_amend(const pbt__arguments *arguments)
{
    return pbt__control_run(arguments, change);
}
