/* compare.c: `pbt compare`. */
#include "compare/compare.h"

#include "base/error.h"
#include "cli/asked.h"
#include "plot/gnuplot.h"
#include "render/print.h"

enum { WORDS_MAXIMUM = 1 << 24 }; /* Units: bytes */

typedef struct request {
    const pbt__arguments *arguments;
    pbt__place place;
    int64_t budget;     /* negative: none was asked for */
    const char *output; /* NULL: no picture */
} request;

/* Check all options before any study is read. */
static pbt_err read_request(const pbt__arguments *arguments, request *out, pbt_error *error)
{
    const char *at = arguments->values[PBT__OPTION_AT];
    request this = {
        .arguments = arguments,
        .budget = -1,
        .output = arguments->values[PBT__OPTION_OUTPUT],
    };
    pbt_err err = PBT_OK;
    if (at != NULL) {
        err = pbt__arguments_integer("--at", at, 1, INT64_MAX, &this.budget, error);
    }
    if (err == PBT_OK && this.output != NULL) {
        err = pbt__gnuplot_check(this.output, error);
    }
    if (err == PBT_OK) {
        err = pbt__place_find(arguments, &this.place, error);
    }
    if (err == PBT_OK) {
        *out = this;
    }
    return err;
}

static pbt_err print(const request *this, const pbt__contest *contest, pbt_error *error)
{
    if (this->arguments->has[PBT__OPTION_JSON]) {
        json_t *object = pbt__compare_json(contest);
        pbt_err err = object != NULL ? pbt__print_json(object, error) : pbt__fail_memory(error);
        json_decref(object);
        return err;
    }
    pbt__text text = pbt__text_init(WORDS_MAXIMUM);
    pbt__compare_words(contest, &text);
    return pbt__print_text(&text, error);
}

static pbt_err draw(const request *this, const pbt__contest *contest, pbt_error *error)
{
    pbt_err err = pbt__compare_plot(contest, this->output, error);
    if (err == PBT_OK && !this->arguments->has[PBT__OPTION_JSON]) {
        printf("\ndrawn to %s\n", this->output);
    }
    return err;
}

static pbt_err compare(const request *this, pbt__store *store, pbt_error *error)
{
    pbt__groups groups;
    pbt__contest contest;
    pbt_err err = pbt__ask_groups(this->arguments, &this->place, store, &groups, error);
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__contest_judge(&groups, this->budget, &contest, error);
    if (err == PBT_OK) {
        err = print(this, &contest, error);
        if (err == PBT_OK && this->output != NULL) {
            err = draw(this, &contest, error);
        }
        pbt__contest_fini(&contest);
    }
    pbt__groups_fini(&groups);
    return err;
}

int pbt__command_compare(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    request this;
    pbt__store *store = NULL;
    pbt_err err = read_request(arguments, &this, &error);
    if (err == PBT_OK) {
        err = pbt__place_open(&this.place, PBT__ACCESS_READ, &store, &error);
    }
    if (err == PBT_OK) {
        err = compare(&this, store, &error);
    }
    pbt__store_close(store);
    return err != PBT_OK ? pbt__print_error(&error) : 0;
}
