/* tree.c: the lineage tree in lines. */
#include "render/tree.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "core/ranking.h"
#include "render/format.h"
#include "render/table.h"
#include "study/study.h"

/* A segment. Indices are into `nodes`, -1: none. */
typedef struct node {
    const pbt__segment_row *row;
    int parent, first_child, next, child_count;
    int main_child; /* where the line goes on */
    int weight;     /* segments in its subtree */
    int best;       /* the one of them with the best score */
    double score;   /* higher is better; -INFINITY: none */
} node;

typedef struct tree {
    node *nodes; /* Shape: nodes[count], by number, then member */
    int count;
    pbt_segment_id best; /* PBT_NO_SEGMENT: none */
} tree;

/* ---- the tree ---- */

static int by_place(const void *left, const void *right)
{
    const pbt_segment_id a = ((const node *)left)->row->segment.id;
    const pbt_segment_id b = ((const node *)right)->row->segment.id;
    int64_t difference =
        a.number != b.number ? (int64_t)a.number - b.number : (int64_t)a.member - b.member;
    return difference < 0 ? -1 : difference > 0;
}

static int find(const tree *t, pbt_segment_id id)
{
    const pbt__segment_row row = {.segment = {.id = id}};
    const node key = {.row = &row};
    const node *found = bsearch(&key, t->nodes, (size_t)t->count, sizeof *t->nodes, by_place);
    return found != NULL ? (int)(found - t->nodes) : -1;
}

static bool is_reported(const node *n)
{
    return n->row->segment.state == PBT_SEGMENT_REPORTED;
}

static void link_node(tree *t, int index)
{
    node *n = &t->nodes[index];
    n->parent = n->row->segment.parent.member >= 0 ? find(t, n->row->segment.parent) : -1;
    n->best = index;
    if (n->parent >= 0) {
        node *p = &t->nodes[n->parent];
        n->next = p->first_child;
        p->first_child = index;
        p->child_count++;
    }
}

/* Sum a node into its parent; a parent is never younger than its child. */
static void add_to_parent(tree *t, int index)
{
    const node *n = &t->nodes[index];
    node *p = n->parent >= 0 ? &t->nodes[n->parent] : NULL;
    if (p == NULL) {
        return;
    }
    const node *main = p->main_child >= 0 ? &t->nodes[p->main_child] : NULL;
    bool is_heavier = main == NULL || n->weight > main->weight ||
                      (n->weight == main->weight && index < p->main_child);
    bool is_main = n->row->is_on_path || (is_heavier && (main == NULL || !main->row->is_on_path));
    p->main_child = is_main ? index : p->main_child;
    p->weight += n->weight;
    p->best = t->nodes[n->best].score > t->nodes[p->best].score ? n->best : p->best;
}

typedef struct age_key {
    int64_t age;
    int index;
} age_key;

static int by_age(const void *left, const void *right)
{
    const age_key *a = left;
    const age_key *b = right;
    return a->age != b->age ? (a->age < b->age ? -1 : 1) : a->index - b->index;
}

/* Weights of subtrees come before their root: younger nodes come later in the list. */
static bool sum_up(tree *t)
{
    age_key *keys = pbt__calloc((size_t)t->count + 1, sizeof *keys);
    if (keys == NULL) {
        return false;
    }
    for (int i = 0; i < t->count; i++) {
        keys[i] = (age_key){t->nodes[i].row->segment.start_age, i};
    }
    qsort(keys, (size_t)t->count, sizeof *keys, by_age);
    for (int i = t->count - 1; i >= 0; i--) {
        add_to_parent(t, keys[i].index);
    }
    free(keys);
    return true;
}

static bool tree_init(tree *t, const pbt__row_list *rows, pbt_direction direction)
{
    *t = (tree){.count = (int)rows->count, .best = rows->best};
    t->nodes = pbt__calloc(rows->count + 1, sizeof *t->nodes);
    for (int i = 0; t->nodes != NULL && i < t->count; i++) {
        node *n = &t->nodes[i];
        *n = (node){.row = &rows->items[i], .weight = 1};
        n->parent = n->first_child = n->next = n->main_child = -1;
        n->score = is_reported(n) ? pbt__score_inside(n->row->segment.score, direction) : -INFINITY;
    }
    for (int i = t->count - 1; t->nodes != NULL && i >= 0; i--) {
        link_node(t, i);
    }
    return t->nodes != NULL && sum_up(t);
}

/* ---- runs ---- */

/* Copies of hyperparameters alone stay in the member's chain, but begin a line of their own. */
static bool takes_values_alone(const node *n)
{
    const pbt_segment *s = &n->row->segment;
    return s->donor >= 0 && s->parent.member == s->id.member;
}

static bool is_rescue(const node *n)
{
    return n->row->segment.reason == PBT_RESCUE;
}

/* The last segment of the run that begins at `index`. */
static int run_end(const tree *t, int index)
{
    const node *n = &t->nodes[index];
    while (n->child_count == 1) {
        const node *child = &t->nodes[n->main_child];
        bool is_same = child->row->segment.id.member == n->row->segment.id.member &&
                       child->row->is_on_path == n->row->is_on_path &&
                       pbt__row_state(child->row) == pbt__row_state(n->row) &&
                       !takes_values_alone(child) && !is_rescue(child);
        if (!is_same) {
            break;
        }
        n = child;
    }
    return (int)(n - t->nodes);
}

static void add_id(pbt__text *out, const node *n)
{
    char name[PBT__ID_SIZE];
    pbt__id_write(n->row->segment.id, name);
    pbt__text_add(out, name);
}

static void add_run(pbt__text *out, const node *first, const node *last)
{
    add_id(out, first);
    if (first != last) {
        pbt__text_add(out, "..");
        add_id(out, last);
    }
}

/* Shape: out[PBT__CELL_SIZE] */
static void write_score(const node *n, char *out)
{
    if (is_reported(n)) {
        pbt__format_real(n->row->segment.score, out);
    } else {
        snprintf(out, PBT__CELL_SIZE, "-");
    }
}

/* ---- text ---- */

typedef struct glyphs {
    const char *branch, *line;
} glyphs;

static const glyphs UTF8 = {"\xe2\x94\x9c\xe2\x94\x80", "\xe2\x94\x82 "};
static const glyphs ASCII = {"|-", "| "};

typedef struct drawing {
    const tree *tree;
    const glyphs *glyphs;
    pbt__table table;
    pbt__text prefix; /* what stands before the lines of the trunk being drawn */
    size_t line_count, line_maximum;
    bool is_summed; /* what hangs beside the path is a line each */
} drawing;

static bool is_full(const drawing *d)
{
    return !d->is_summed && d->line_count > d->line_maximum;
}

/* Add a line: its four cells. */
static void add_line(drawing *d, const char *name, const node *scored, const char *age,
                     const char *note)
{
    char cell[PBT__CELL_SIZE];
    write_score(scored, cell);
    pbt__table_add(&d->table, name);
    pbt__table_add(&d->table, age);
    pbt__table_add(&d->table, cell);
    pbt__table_add(&d->table, note);
    d->line_count++;
}

/* Why a run did not end in a report; "" where it did. */
static const char *words_of(const node *last)
{
    switch (last->row->segment.state) {
    case PBT_SEGMENT_REPORTED:
        return "";
    case PBT_SEGMENT_OPEN:
        return last->row->is_claimed ? "training" : "waiting";
    default:
        return "given up";
    }
}

/* What is to be said of a run beside its age and score. */
static void add_note(const drawing *d, const node *first, const node *last, pbt__text *out)
{
    const pbt_segment *s = &first->row->segment;
    const pbt_segment_id id = last->row->segment.id, best = d->tree->best;
    const bool is_afresh = s->parent.member < 0 && s->id.number > 0;
    const char *gap = "";
    if (id.member == best.member && id.number == best.number) {
        pbt__text_add(out, "the best");
        gap = ", ";
    }
    if (takes_values_alone(first)) {
        pbt__text_format(out, "%shyperparameters of m%" PRId32, gap, s->donor);
        gap = ", ";
    }
    if (is_rescue(first)) {
        pbt__text_format(out, "%s%s", gap, is_afresh ? "rescued, afresh" : "rescued");
        gap = ", ";
    }
    pbt__text_format(out, "%s%s", is_reported(last) ? "" : gap, words_of(last));
}

static void draw_run(drawing *d, const char *lead, int first_index, int last_index)
{
    char age[PBT__CELL_SIZE];
    const node *first = &d->tree->nodes[first_index];
    const node *last = &d->tree->nodes[last_index];
    pbt__text name = pbt__text_init(1 << 20);
    pbt__text note = pbt__text_init(1 << 10);
    pbt__text_format(&name, "%s%s%s ", pbt__text_string(&d->prefix), lead,
                     first->row->is_on_path ? "*" : "o");
    add_run(&name, first, last);
    add_note(d, first, last, &note);
    snprintf(age, sizeof age, "%" PRId64 "..%" PRId64, first->row->segment.start_age,
             last->row->segment.end_age);
    add_line(d, pbt__text_string(&name), last, age, pbt__text_string(&note));
    d->table.cells.failed = d->table.cells.failed || name.failed || note.failed;
    pbt__text_fini(&name);
    pbt__text_fini(&note);
}

/* Several subtrees in one line. */
typedef struct summary {
    int branches, segments;
    const node *best;
} summary;

static void summary_add(summary *s, const tree *t, int index)
{
    const node *n = &t->nodes[index];
    const node *best = &t->nodes[n->best];
    s->branches++;
    s->segments += n->weight;
    s->best = s->best == NULL || best->score > s->best->score ? best : s->best;
}

static void draw_summary(drawing *d, const char *lead, const summary *s, const char *what)
{
    char note[PBT__CELL_SIZE], best[PBT__ID_SIZE];
    pbt__text name = pbt__text_init(1 << 20);
    if (s->branches == 0) {
        return;
    }
    pbt__text_format(&name, "%s%so %d %s%s", pbt__text_string(&d->prefix), lead, s->branches, what,
                     s->branches == 1              ? ""
                     : strcmp(what, "branch") == 0 ? "es"
                                                   : "s");
    pbt__id_write(s->best->row->segment.id, best);
    snprintf(note, sizeof note, "%d segment%s, the best %s", s->segments,
             s->segments == 1 ? "" : "s", best);
    add_line(d, pbt__text_string(&name), s->best, "", note);
    d->table.cells.failed = d->table.cells.failed || name.failed;
    pbt__text_fini(&name);
}

static void draw_trunk(drawing *d, const char *lead, int index);

/* Draw what hangs to the side of a run's end, one step to the right. */
static void draw_sides(drawing *d, const node *end)
{
    const tree *t = d->tree;
    summary s = {0};
    for (int side = end->first_child; side >= 0 && !is_full(d); side = t->nodes[side].next) {
        if (side == end->main_child) {
            continue;
        }
        if (d->is_summed) {
            summary_add(&s, t, side);
        } else {
            draw_trunk(d, d->glyphs->branch, side);
        }
    }
    draw_summary(d, d->glyphs->branch, &s, "branch");
}

/* Draw a line of runs downwards; only its sides go deeper. */
static void draw_trunk(drawing *d, const char *lead, int index)
{
    size_t length = d->prefix.length;
    while (index >= 0 && !is_full(d)) {
        int end = run_end(d->tree, index);
        draw_run(d, lead, index, end);
        if (lead[0] != '\0') {
            pbt__text_add(&d->prefix, d->glyphs->line);
            lead = "";
        }
        draw_sides(d, &d->tree->nodes[end]);
        index = d->tree->nodes[end].main_child;
    }
    d->prefix.length = length;
    if (d->prefix.bytes != NULL) {
        d->prefix.bytes[length] = '\0';
    }
}

/* Where the path begins, else the root with most behind it; -1 in an empty tree. */
static int main_root(const tree *t)
{
    int main = -1;
    for (int i = 0; i < t->count; i++) {
        const node *n = &t->nodes[i];
        bool is_heavier = main < 0 || n->weight > t->nodes[main].weight;
        bool is_main =
            n->row->is_on_path || (is_heavier && (main < 0 || !t->nodes[main].row->is_on_path));
        main = n->parent < 0 && is_main ? i : main;
    }
    return main;
}

/* The roots as if they were children of one trunk. */
static void draw_all(drawing *d)
{
    summary others = {0};
    pbt__table_add(&d->table, "segments");
    pbt__table_add(&d->table, "age");
    pbt__table_add(&d->table, "score");
    pbt__table_add(&d->table, "");
    int main = main_root(d->tree);
    for (int i = 0; i < d->tree->count && !is_full(d); i++) {
        if (d->tree->nodes[i].parent >= 0 || i == main) {
            continue;
        }
        if (d->is_summed) {
            summary_add(&others, d->tree, i);
        } else {
            draw_trunk(d, d->glyphs->branch, i);
        }
    }
    draw_summary(d, d->glyphs->branch, &others, "beginning");
    draw_trunk(d, "", main);
}

static void draw(const tree *t, const glyphs *set, size_t line_maximum, bool is_summed,
                 pbt__text *out)
{
    drawing d = {.tree = t,
                 .glyphs = set,
                 .table = pbt__table_init(4),
                 .prefix = pbt__text_init(1 << 16),
                 .line_maximum = line_maximum,
                 .is_summed = is_summed};
    draw_all(&d);
    bool has_too_many = is_full(&d);
    if (!has_too_many) {
        d.table.cells.failed = d.table.cells.failed || d.prefix.failed;
        pbt__table_write(&d.table, out);
    }
    pbt__table_fini(&d.table);
    pbt__text_fini(&d.prefix);
    if (has_too_many) {
        draw(t, set, line_maximum, true, out);
    }
}

void pbt__tree_text(const pbt__row_list *rows, pbt_direction direction, bool is_utf8,
                    size_t line_maximum, pbt__text *out)
{
    tree t;
    if (tree_init(&t, rows, direction)) {
        draw(&t, is_utf8 ? &UTF8 : &ASCII, line_maximum, false, out);
    } else {
        out->failed = true;
    }
    free(t.nodes);
}

/* ---- Graphviz ---- */

static void dot_run(const tree *t, int index, int end, pbt__text *out)
{
    char score[PBT__CELL_SIZE];
    const node *first = &t->nodes[index];
    const node *last = &t->nodes[end];
    write_score(last, score);
    pbt__text_add(out, "  \"");
    add_id(out, first);
    pbt__text_add(out, "\" [label=\"");
    add_run(out, first, last);
    pbt__text_format(out, "\\n%s\"%s];\n", score, first->row->is_on_path ? ", penwidth=3" : "");
    for (int child = last->first_child; child >= 0; child = t->nodes[child].next) {
        pbt__text_add(out, "  \"");
        add_id(out, first);
        pbt__text_add(out, "\" -> \"");
        add_id(out, &t->nodes[child]);
        pbt__text_format(out, "\"%s;\n", t->nodes[child].row->is_on_path ? " [penwidth=3]" : "");
    }
}

/* Whether a run begins here: not in the middle of its parent's. */
static bool begins_run(const tree *t, int index)
{
    int parent = t->nodes[index].parent;
    return parent < 0 || run_end(t, parent) == parent;
}

void pbt__tree_dot(const pbt__row_list *rows, pbt_direction direction, const char *name,
                   pbt__text *out)
{
    tree t;
    if (!tree_init(&t, rows, direction)) {
        out->failed = true;
    }
    pbt__text_format(out, "digraph \"%s\" {\n  node [shape=box];\n", name);
    for (int i = 0; i < t.count && !out->failed; i++) {
        if (begins_run(&t, i)) {
            dot_run(&t, i, run_end(&t, i), out);
        }
    }
    pbt__text_add(out, "}\n");
    free(t.nodes);
}
