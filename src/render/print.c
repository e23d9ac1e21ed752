/* print.c: the program's voice. */
#include "render/print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/plain.h"
#include "study/json.h"

int pbt__exit_status(pbt_err err)
{
    switch (err) {
#define EXIT_STATUS(name, number, message, http, status, python)                                   \
    case PBT_##name:                                                                               \
        return (status);
        PBT_ERRORS(EXIT_STATUS)
#undef EXIT_STATUS
    }
    return 1;
}

void pbt__hint_words(const char *hint, char *out)
{
    const char *open = strchr(hint, '`');
    const char *close = open != NULL ? strrchr(open + 1, '`') : NULL;
    if (close == NULL) {
        (void)snprintf(out, PBT__HINT_SIZE, "%s", hint);
        return;
    }
    const int before = (int)(open - hint);
    const bool is_bare = before >= 4 && strncmp(open - 4, "or: ", 4) == 0;
    const char *quote = is_bare ? "" : "'";
    (void)snprintf(out, PBT__HINT_SIZE, "%.*s%spbt %.*s%s%s", before, hint, quote,
                   (int)(close - open - 1), open + 1, quote, close + 1);
}

void pbt__print_hint(const pbt_error *error)
{
    char words[PBT__HINT_SIZE];
    pbt__hint_words(error->hint, words);
    if (words[0] != '\0') {
        fprintf(stderr, "hint: %s\n", words);
    }
}

int pbt__print_error(const pbt_error *error)
{
    fflush(stdout);
    const char *message = error->message[0] != '\0' ? error->message : pbt_err_message(error->code);
    fprintf(stderr, "pbt: %s\n", message);
    if (error->detail[0] != '\0') {
        fprintf(stderr, "detail: %s\n", error->detail);
    }
    pbt__print_hint(error);
    return pbt__exit_status(error->code);
}

void pbt__print_warning(const char *what, const pbt_error *error)
{
    bool has_detail = error->detail[0] != '\0';
    fprintf(stderr, "pbt: warning: %s: %s%s%s\n", what, error->message, has_detail ? ": " : "",
            error->detail);
}

static void put_number(const char *text, size_t step)
{
    const unsigned char *at = (const unsigned char *)text;
    if (step == 1) {
        printf("\\u%04x", at[0]);
    } else if (step == 2) {
        printf("\\u%04x", (at[0] & 0x1fU) << 6 | (at[1] & 0x3fU));
    } else if (step == 3) {
        printf("\\u%04x", (at[0] & 0x0fU) << 12 | (at[1] & 0x3fU) << 6 | (at[2] & 0x3fU));
    }
}

/* JSON as it is, except DEL and non-ASCII control characters: these are written by number. They
 * occur only in strings. */
static void print_line(const char *line)
{
    const char *end = line + strlen(line);
    for (const char *run = line; line < end;) {
        const size_t step = pbt__plain_step(line, (size_t)(end - line));
        line += step > 0 ? 0 : 1;
        if (step == 0 && line < end) {
            continue;
        }
        (void)fwrite(run, 1, (size_t)(line - run), stdout);
        put_number(line, step);
        line += step;
        run = line;
    }
    putchar('\n');
}

pbt_err pbt__print_json_text(pbt__text *text, pbt_error *error)
{
    const pbt_err err = text->failed ? pbt__fail_memory(error) : PBT_OK;
    if (err == PBT_OK) {
        print_line(pbt__text_string(text));
    }
    pbt__text_fini(text);
    return err;
}

pbt_err pbt__print_json(const json_t *value, pbt_error *error)
{
    char *line = pbt__json_write(value);
    if (line == NULL) {
        return pbt__fail_memory(error);
    }
    print_line(line);
    free(line);
    return PBT_OK;
}

pbt_err pbt__print_text(pbt__text *text, pbt_error *error)
{
    pbt_err err = text->failed ? pbt__fail_memory(error) : PBT_OK;
    if (err == PBT_OK) {
        pbt__plain_since(text, 0, true);
        fwrite(pbt__text_string(text), 1, text->length, stdout);
    }
    pbt__text_fini(text);
    return err;
}

int pbt__print_end(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return status;
    }
    pbt_error error;
    (void)pbt__fail(&error, PBT_ERR_IO, "cannot write to standard output");
    if (errno != 0) {
        pbt__error_detail(&error, "%s", strerror(errno));
    }
    int failed = pbt__print_error(&error);
    return status != 0 ? status : failed;
}
