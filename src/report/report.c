/* report.c: the page's head, its verdict, rules and provenance, and the order of its parts. */
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plot/gnuplot.h"
#include "render/format.h"
#include "study/json.h"

static const char HEAD[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:72rem;margin:2rem auto;"
    "padding:0 1rem}\n"
    "h1{margin-bottom:0}h2{margin-top:2.5rem;border-bottom:1px solid #ccc}\n"
    "table{border-collapse:collapse;font-size:.9em;font-variant-numeric:tabular-nums}\n"
    "th,td{text-align:left;padding:.15rem .9rem .15rem 0;vertical-align:top}\n"
    "th{font-weight:600;color:#444}tr+tr{border-top:1px solid #eee}\n"
    ".wide{overflow-x:auto}\n"
    "pre{background:#f6f6f4;padding:.8rem;font-size:.82em;white-space:pre-wrap}\n"
    "img{max-width:100%}\n"
    "@media print{body{margin:0;max-width:none}h2{break-after:avoid}"
    "img,table{break-inside:avoid}}\n"
    "</style>\n";

/* ---- the head ---- */

static void write_title(pbt__report *this)
{
    pbt__text_add(this->page, HEAD);
    pbt__text_format(this->page, "<title>%s</title>\n<h1>%s</h1>\n", this->spec->name,
                     this->spec->name);
    pbt__text_add(this->page, "<p>");
    pbt__html_text(this->spec->notes != NULL ? this->spec->notes : "", this->page);
    pbt__text_add(this->page, "</p>\n");
}

/* ---- how it came about ---- */

static void write_verdict(pbt__report *this)
{
    const pbt__report_proof *proof = this->proof;
    char events[PBT__CELL_SIZE], decisions[PBT__CELL_SIZE];
    char checkpoints[PBT__CELL_SIZE], found[PBT__CELL_SIZE];
    if (proof->why_not != NULL) {
        pbt__text_add(this->page, "<p>Not verified: ");
        pbt__html_text(proof->why_not, this->page);
        pbt__text_add(this->page, ".</p>\n");
        return;
    }
    pbt__format_count(proof->verdict.event_count, "event", events);
    pbt__format_count(proof->verdict.decision_count, "decision", decisions);
    pbt__format_count(proof->verdict.checkpoint_count, "checkpoint", checkpoints);
    pbt__format_count(proof->verdict.problem_count, "problem", found);
    pbt__text_format(this->page,
                     "<p>Verified while this page was made: %s, %s made again, %s read; "
                     "%s.</p>\n",
                     events, decisions, checkpoints, found);
    if (proof->verdict.problem_count > 0) {
        pbt__html_lines(proof->problems, this->page);
    }
}

/* One amended value, such as a list of factors, is longer than a number. */
static void add_amendment(pbt__table *table, const json_t *amendment)
{
    static const char *const fields[] = {"sequence", "time", "key", "from", "to"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_t *value = json_object_get(amendment, fields[i]);
        char cell[PBT__CELL_SIZE];
        pbt__format_json(value, cell);
        pbt__table_add(table, json_is_string(value) ? json_string_value(value) : cell);
    }
}

static void write_amendments(pbt__report *this)
{
    const json_t *amendments = json_object_get(this->account, "amendments");
    const json_t *amendment;
    size_t i;
    if (json_array_size(amendments) == 0) {
        return;
    }
    pbt__text_add(this->page,
                  "<p>These are the rules in force now. The study was amended while it ran, each "
                  "time from the next decision on:</p>\n");
    pbt__table table = pbt__table_init(5);
    for (const char *const *name =
             (const char *const[]){"event", "time", "key", "from", "to", NULL};
         *name != NULL; name++) {
        pbt__table_add(&table, *name);
    }
    json_array_foreach(amendments, i, amendment)
    {
        add_amendment(&table, amendment);
    }
    pbt__report_table(this, &table, true);
}

static pbt_err write_rules(pbt__report *this, pbt_error *error)
{
    char *words = NULL;
    char *source = NULL;
    pbt__report_section(this, "Space and rules");
    pbt_err err = pbt__spec_describe(this->spec, &words, error);
    if (err == PBT_OK) {
        err = pbt__spec_write(this->spec, &source, error);
    }
    if (err == PBT_OK) {
        pbt__html_lines(words, this->page);
        write_amendments(this);
        pbt__report_section(this, "The spec in force");
        pbt__html_lines(source, this->page);
    }
    free(words);
    free(source);
    return err;
}

static void add_provenance(pbt__table *table, const char *name, const json_t *value)
{
    char path[PBT__CELL_SIZE];
    const char *key;
    json_t *each;
    if (!json_is_object(value)) {
        char *text = json_is_string(value) ? NULL : pbt__json_write(value);
        pbt__table_add(table, name);
        pbt__table_add(table, text != NULL ? text : json_string_value(value));
        free(text);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, each)
    {
        (void)snprintf(path, sizeof path, "%s%s%s", name, name[0] != '\0' ? " " : "", key);
        add_provenance(table, path, each);
    }
}

static void write_provenance(pbt__report *this)
{
    pbt__report_section(this, "Provenance");
    pbt__table table = pbt__table_init(2);
    add_provenance(&table, "", json_object_get(this->show, "provenance"));
    pbt__report_table(this, &table, false);
}

/* ---- the page ---- */

static pbt_err write_page(pbt__report *this, pbt_error *error)
{
    write_title(this);
    pbt_err err = pbt__report_result(this, error);
    if (err == PBT_OK) {
        err = pbt__report_baselines(this, error);
    }
    pbt__report_budget(this);
    write_verdict(this);
    if (err == PBT_OK) {
        err = write_rules(this, error);
    }
    write_provenance(this);
    pbt__text_format(this->page, "<p>Made by pbt %s.</p>\n</html>\n", pbt_version());
    return err == PBT_OK && this->page->failed ? pbt__fail_memory(error) : err;
}

pbt_err pbt__report_write(const pbt__told *told, const pbt__report_proof *proof,
                          const pbt__groups *others, pbt__text *out, pbt_error *error)
{
    pbt__report this = {
        .told = told,
        .proof = proof,
        .others = others,
        .spec = told->spec,
        .show = json_object_get(told->answer, "show"),
        .members = json_object_get(told->answer, "members"),
        .schedule = json_object_get(told->answer, "schedule"),
        .account = json_object_get(told->answer, "account"),
        .page = out,
    };
    pbt_err err = pbt__trace_read(&this.trace, &told->rows, error);
    if (err == PBT_OK) {
        err = write_page(&this, error);
    }
    pbt__trace_fini(&this.trace);
    return err;
}
