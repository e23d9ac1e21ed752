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
#include "study/json.h"
#include "study/study.h"

/* A segment. Indices are into `nodes`, -1: none. */
typedef struct node {
    const json_t *json;
    pbt_segment_id id;
    int64_t start_age;
    int parent, first_child, next, child_count;
    int main_child; /* where the line goes on */
    int weight;     /* segments in its subtree */
    int best;       /* the one of them with the best score */
    double score;   /* higher is better; -INFINITY: none */
    bool is_on_path;
} node;

typedef struct tree {
    node *nodes; /* Shape: nodes[count], by number, then member */
    int count;
    const char *best; /* the best segment, "" for none */
} tree;

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static int64_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* ---- the tree ---- */

static int by_place(const void *left, const void *right)
{
    const pbt_segment_id *a = &((const node *)left)->id;
    const pbt_segment_id *b = &((const node *)right)->id;
    int64_t difference =
        a->number != b->number ? (int64_t)a->number - b->number : (int64_t)a->member - b->member;
    return difference < 0 ? -1 : difference > 0;
}

static int find(const tree *t, pbt_segment_id id)
{
    const node key = {.id = id};
    const node *found = bsearch(&key, t->nodes, (size_t)t->count, sizeof *t->nodes, by_place);
    return found != NULL ? (int)(found - t->nodes) : -1;
}

static void read_node(node *out, const json_t *json, pbt_direction direction)
{
    double score = (double)NAN;
    const json_t *logged = json_object_get(json, "score");
    *out = (node){.json = json, .parent = -1, .first_child = -1, .next = -1, .main_child = -1};
    (void)pbt__id_read(text_of(json, "segment"), &out->id);
    out->start_age = integer_of(json, "start_age");
    out->is_on_path = json_is_true(json_object_get(json, "on_path"));
    out->weight = 1;
    (void)pbt__json_number_read(logged, &score);
    out->score = pbt__score_inside(score, direction);
}

static void link_node(tree *t, int index)
{
    pbt_segment_id parent;
    node *n = &t->nodes[index];
    bool has_parent = pbt__id_read(text_of(n->json, "parent"), &parent);
    n->parent = has_parent ? find(t, parent) : -1;
    n->best = index;
    if (n->parent >= 0) {
        node *p = &t->nodes[n->parent];
        n->next = p->first_child;
        p->first_child = index;
        p->child_count++;
    }
}

/* Sum a node up into its parent, which is younger in no case. */
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
    bool is_main = n->is_on_path || (is_heavier && (main == NULL || !main->is_on_path));
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

/* Weights need every subtree before its root: younger ones come later. */
static bool sum_up(tree *t)
{
    age_key *keys = pbt__calloc((size_t)t->count + 1, sizeof *keys);
    if (keys == NULL) {
        return false;
    }
    for (int i = 0; i < t->count; i++) {
        keys[i] = (age_key){t->nodes[i].start_age, i};
    }
    qsort(keys, (size_t)t->count, sizeof *keys, by_age);
    for (int i = t->count - 1; i >= 0; i--) {
        add_to_parent(t, keys[i].index);
    }
    free(keys);
    return true;
}

static bool tree_init(tree *t, const json_t *lineage)
{
    const json_t *segments = json_object_get(lineage, "segments");
    bool is_maximized = strcmp(text_of(lineage, "direction"), "minimize") != 0;
    *t = (tree){.count = (int)json_array_size(segments), .best = text_of(lineage, "best")};
    t->nodes = pbt__calloc((size_t)t->count + 1, sizeof *t->nodes);
    if (t->nodes == NULL) {
        return false;
    }
    for (int i = 0; i < t->count; i++) {
        read_node(&t->nodes[i], json_array_get(segments, (size_t)i),
                  is_maximized ? PBT_MAXIMIZE : PBT_MINIMIZE);
    }
    qsort(t->nodes, (size_t)t->count, sizeof *t->nodes, by_place);
    for (int i = t->count - 1; i >= 0; i--) {
        link_node(t, i);
    }
    return sum_up(t);
}

/* ---- runs ---- */

/* Copies of hyperparameters alone stay in the line, but are worth one of their own. */
static bool takes_values_alone(const node *n)
{
    const json_t *donor = json_object_get(n->json, "donor");
    pbt_segment_id parent;
    return json_is_integer(donor) && pbt__id_read(text_of(n->json, "parent"), &parent) &&
           parent.member == n->id.member;
}

/* The last segment of the run that begins at `index`. */
static int run_end(const tree *t, int index)
{
    const node *n = &t->nodes[index];
    while (n->child_count == 1) {
        const node *child = &t->nodes[n->main_child];
        bool is_same = child->id.member == n->id.member && child->is_on_path == n->is_on_path &&
                       strcmp(text_of(child->json, "state"), text_of(n->json, "state")) == 0 &&
                       !takes_values_alone(child) &&
                       strcmp(text_of(child->json, "reason"), "rescue") != 0;
        if (!is_same) {
            break;
        }
        n = child;
    }
    return (int)(n - t->nodes);
}

static void add_run(pbt__text *out, const node *first, const node *last)
{
    pbt__text_add(out, text_of(first->json, "segment"));
    if (first != last) {
        pbt__text_format(out, "..%s", text_of(last->json, "segment"));
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
static void add_line(drawing *d, const char *name, const json_t *score, const char *age,
                     const char *note)
{
    char cell[PBT__CELL_SIZE];
    pbt__format_json(score, cell);
    pbt__table_add(&d->table, name);
    pbt__table_add(&d->table, age);
    pbt__table_add(&d->table, cell);
    pbt__table_add(&d->table, note);
    d->line_count++;
}

/* What is to be said of a run beside its age and score. */
static void add_note(const drawing *d, const node *first, const node *last, pbt__text *out)
{
    const char *state = text_of(last->json, "state");
    bool is_afresh = first->parent < 0 && first->id.number > 0 &&
                     json_is_null(json_object_get(first->json, "parent"));
    const char *gap = "";
    if (strcmp(text_of(last->json, "segment"), d->tree->best) == 0) {
        pbt__text_add(out, "the best");
        gap = ", ";
    }
    if (takes_values_alone(first)) {
        pbt__text_format(out, "%shyperparameters of m%" PRId64, gap,
                         integer_of(first->json, "donor"));
        gap = ", ";
    }
    if (strcmp(text_of(first->json, "reason"), "rescue") == 0) {
        pbt__text_format(out, "%s%s", gap, is_afresh ? "rescued, afresh" : "rescued");
        gap = ", ";
    }
    if (strcmp(state, "reported") != 0) {
        const char *words = strcmp(state, "claimed") == 0 ? "training"
                            : strcmp(state, "open") == 0  ? "waiting"
                                                          : "given up";
        pbt__text_format(out, "%s%s", gap, words);
    }
}

static void draw_run(drawing *d, const char *lead, int first_index, int last_index)
{
    char age[PBT__CELL_SIZE];
    const node *first = &d->tree->nodes[first_index];
    const node *last = &d->tree->nodes[last_index];
    pbt__text name = pbt__text_init(1 << 20);
    pbt__text note = pbt__text_init(1 << 10);
    pbt__text_format(&name, "%s%s%s ", pbt__text_string(&d->prefix), lead,
                     first->is_on_path ? "*" : "o");
    add_run(&name, first, last);
    add_note(d, first, last, &note);
    snprintf(age, sizeof age, "%" PRId64 "..%" PRId64, first->start_age,
             integer_of(last->json, "end_age"));
    add_line(d, pbt__text_string(&name), json_object_get(last->json, "score"), age,
             pbt__text_string(&note));
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
    char note[PBT__CELL_SIZE];
    pbt__text name = pbt__text_init(1 << 20);
    if (s->branches == 0) {
        return;
    }
    pbt__text_format(&name, "%s%so %d %s%s", pbt__text_string(&d->prefix), lead, s->branches, what,
                     s->branches == 1              ? ""
                     : strcmp(what, "branch") == 0 ? "es"
                                                   : "s");
    snprintf(note, sizeof note, "%d segment%s, the best %s", s->segments,
             s->segments == 1 ? "" : "s", text_of(s->best->json, "segment"));
    add_line(d, pbt__text_string(&name), json_object_get(s->best->json, "score"), "", note);
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
        bool is_main = n->is_on_path || (is_heavier && (main < 0 || !t->nodes[main].is_on_path));
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

void pbt__tree_text(const json_t *lineage, bool is_utf8, size_t line_maximum, pbt__text *out)
{
    tree t;
    if (tree_init(&t, lineage)) {
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
    pbt__format_json(json_object_get(last->json, "score"), score);
    pbt__text_format(out, "  \"%s\" [label=\"", text_of(first->json, "segment"));
    add_run(out, first, last);
    pbt__text_format(out, "\\n%s\"%s];\n", score, first->is_on_path ? ", penwidth=3" : "");
    for (int child = last->first_child; child >= 0; child = t->nodes[child].next) {
        pbt__text_format(out, "  \"%s\" -> \"%s\"%s;\n", text_of(first->json, "segment"),
                         text_of(t->nodes[child].json, "segment"),
                         t->nodes[child].is_on_path ? " [penwidth=3]" : "");
    }
}

/* Whether a run begins here: not in the middle of its parent's. */
static bool begins_run(const tree *t, int index)
{
    int parent = t->nodes[index].parent;
    return parent < 0 || run_end(t, parent) == parent;
}

void pbt__tree_dot(const json_t *lineage, pbt__text *out)
{
    tree t;
    if (!tree_init(&t, lineage)) {
        out->failed = true;
    }
    pbt__text_format(out, "digraph \"%s\" {\n  node [shape=box];\n", text_of(lineage, "name"));
    for (int i = 0; i < t.count && !out->failed; i++) {
        if (begins_run(&t, i)) {
            dot_run(&t, i, run_end(&t, i), out);
        }
    }
    pbt__text_add(out, "}\n");
    free(t.nodes);
}
