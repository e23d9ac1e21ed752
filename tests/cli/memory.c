/* memory.c: what reads a long study holds a small part of it at a time, and loses none. */
#include <jansson.h>
#include <malloc.h>

#include "../study/all_segments.h"
#include "../study/support.h"
#include "compare/course.h"
#include "export/tables.h"
#include "plot/trace.h"

enum { MEMBERS = 100, NUMBERS = 100, SEGMENTS = MEMBERS * NUMBERS, LOOK_EACH = 4096 };

/* ---- the most that was in use, seen at every so many pieces of JSON ---- */

static size_t peak;
static unsigned turn;

static size_t memory_in_use(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void *watched_malloc(size_t size)
{
    if (turn++ % LOOK_EACH == 0) {
        const size_t now = memory_in_use();
        peak = now > peak ? now : peak;
    }
    return malloc(size);
}

/* ---- what reads a study ---- */

static void read_all(bench *b)
{
    json_t *whole = NULL;
    assert_ok(all_segments(b->study, &whole, &b->error));
    assert_int_equal(json_array_size(whole), SEGMENTS);
    json_decref(whole);
}

static pbt__told ask(bench *b, const char *names)
{
    pbt__told told;
    assert_ok(pbt__told_ask(b->study, names, PBT_NO_SEGMENT, &told, &b->error));
    return told;
}

static pbt_err give_events(void *context, pbt__taker take, void *taker, pbt_error *error)
{
    return pbt__study_events(context, 0, take, taker, error);
}

static void export_tables(bench *b)
{
    pbt__told told = ask(b, PBT__TABLES_ASKS);
    const pbt__tables_source from = {&told, give_events, b->study};
    assert_ok(pbt__tables_write(&from, PBT__FORMAT_CSV | PBT__FORMAT_JSONL, b->folder, &b->error));
    pbt__told_fini(&told);
}

static void export_board(bench *b)
{
    pbt__told told = ask(b, PBT__TABLES_ASKS);
    assert_ok(pbt__tables_board(&told, b->folder, &b->error));
    pbt__told_fini(&told);
}

static void trace(bench *b)
{
    pbt__trace read;
    pbt__told told = ask(b, "show,segments");
    assert_ok(pbt__trace_read(&read, &told.rows, &b->error));
    pbt__told_fini(&told);
    assert_int_equal(read.count, SEGMENTS);
    assert_true(read.winner >= 0);
    pbt__trace_fini(&read);
}

static void course(bench *b)
{
    pbt__course read;
    pbt__told told = ask(b, PBT__COURSE_ASKS);
    assert_ok(pbt__course_read(&told, &read, &b->error));
    pbt__told_fini(&told);
    assert_true(read.curve.count > 0);
    pbt__course_fini(&read);
}

/* Units: bytes, beyond what was in use before. */
static size_t peak_of(bench *b, void (*reader)(bench *b))
{
    const size_t before = memory_in_use();
    peak = before;
    reader(b);
    return peak - before;
}

static double by_number(const pbt_segment *s)
{
    return s->id.number + 0.001 * s->id.member;
}

static void train(bench *b)
{
    snprintf(b->url, sizeof b->url, "memory:");
    bench_create(b, MEMBERS, "stop: {steps: 1000}");
    (void)bench_train(b, by_number, SEGMENTS + 1);
}

static void little_is_held(void **state)
{
    static const struct {
        const char *name;
        void (*reader)(bench *b);
        size_t share; /* at most one part in so many of what all segments take */
    } READERS[] = {
        {"export", export_tables, 8},
        {"export --format tensorboard", export_board, 20},
        {"plot, report", trace, 8},
        {"compare", course, 8},
    };
    bench *b = *state;
    train(b);
    const size_t all = peak_of(b, read_all);
    for (size_t i = 0; i < sizeof READERS / sizeof *READERS; i++) {
        const size_t held = peak_of(b, READERS[i].reader);
        print_message("# %s: %zu of %zu bytes\n", READERS[i].name, held, all);
        assert_true(all == 0 ||
                    held < all / READERS[i].share); /* 0: the sanitizers count otherwise */
    }
}

/* ---- what was written in pieces is whole ---- */

/* How often a text stands in a file of the bench's folder. */
static int count_in(const bench *b, const char *name, const char *text)
{
    char path[PBT__PATH_SIZE];
    char *bytes = NULL;
    size_t length = 0;
    int count = 0;
    assert_ok(pbt__path_join(b->folder, name, path, NULL));
    assert_ok(pbt__file_read(path, 1 << 30, &bytes, &length, NULL));
    for (const char *at = bytes; at != NULL; count++) {
        at = memmem(at, (size_t)(bytes + length - at), text, strlen(text));
        at = at != NULL ? at + 1 : NULL;
    }
    free(bytes);
    return count - 1;
}

static void every_segment_is_written_once(void **state)
{
    bench *b = *state;
    char name[64], mark[32];
    train(b);
    export_tables(b);
    export_board(b);
    assert_int_equal(count_in(b, "segments.csv", "\r\n"), SEGMENTS + 1);
    assert_int_equal(count_in(b, "segments.jsonl", "\n"), SEGMENTS);
    assert_int_equal(count_in(b, "events.jsonl", "\"kind\":\"reported\""), SEGMENTS);
    for (int m = 0; m < MEMBERS; m++) {
        snprintf(name, sizeof name, "m%d/events.out.tfevents.000001.pbt", m);
        snprintf(mark, sizeof mark, " m%ds", m);
        assert_int_equal(count_in(b, name, mark), NUMBERS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(little_is_held, bench_make, bench_remove),
        cmocka_unit_test_setup_teardown(every_segment_is_written_once, bench_make, bench_remove),
    };
    json_set_alloc_funcs(watched_malloc, free);
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
