/* journal.c: what was touched comes back, the newest first, whatever the pieces. */
#include "core/journal.h"

#include "support.h"

static void set_byte(pbt__journal *journal, unsigned char *place, unsigned char value)
{
    assert_int_equal(pbt__journal_touch(journal, place, 1), PBT_OK);
    *place = value;
}

static void undo_returns_to_its_mark(void **state)
{
    (void)state;
    pbt__journal journal;
    unsigned char a = 1;
    unsigned char b = 2;
    pbt__journal_init(&journal);
    set_byte(&journal, &a, 10);
    size_t mark = pbt__journal_mark(&journal);
    set_byte(&journal, &a, 11);
    set_byte(&journal, &b, 20);
    set_byte(&journal, &a, 12);
    pbt__journal_undo(&journal, mark);
    assert_int_equal(a, 10);
    assert_int_equal(b, 2);
    pbt__journal_undo(&journal, 0);
    assert_int_equal(a, 1);
    pbt__journal_undo(&journal, 0);
    assert_int_equal(a, 1);
    pbt__journal_fini(&journal);
}

static void what_was_cleared_stays(void **state)
{
    (void)state;
    pbt__journal journal;
    unsigned char a = 1;
    pbt__journal_init(&journal);
    set_byte(&journal, &a, 2);
    pbt__journal_clear(&journal);
    assert_int_equal(pbt__journal_mark(&journal), 0);
    set_byte(&journal, &a, 3);
    pbt__journal_undo(&journal, 0);
    assert_int_equal(a, 2);
    pbt__journal_fini(&journal);
}

enum { PLACE_SIZE = 64, MARKS_MAXIMUM = 64, ROUNDS = 20000 };

typedef struct program {
    dice d;
    pbt__journal journal;
    unsigned char place[PLACE_SIZE];
    size_t marks[MARKS_MAXIMUM];
    unsigned char copies[MARKS_MAXIMUM][PLACE_SIZE];
    int32_t depth;
} program;

static void scribble(program *p)
{
    int32_t first = dice_below(&p->d, PLACE_SIZE);
    int32_t size = 1 + dice_below(&p->d, PLACE_SIZE - first);
    assert_int_equal(pbt__journal_touch(&p->journal, p->place + first, (size_t)size), PBT_OK);
    for (int32_t i = 0; i < size; i++) {
        p->place[first + i] = (unsigned char)dice_below(&p->d, 256);
    }
}

static void push_mark(program *p)
{
    p->marks[p->depth] = pbt__journal_mark(&p->journal);
    memcpy(p->copies[p->depth], p->place, PLACE_SIZE);
    p->depth++;
}

static void undo_some(program *p)
{
    p->depth = dice_below(&p->d, p->depth);
    pbt__journal_undo(&p->journal, p->marks[p->depth]);
    assert_memory_equal(p->place, p->copies[p->depth], PLACE_SIZE);
}

/* Overlapping pieces of all sizes, marks within marks. */
static void random_programs_come_back(void **state)
{
    (void)state;
    program p = {.d = {.state = 1}};
    pbt__journal_init(&p.journal);
    for (int32_t i = 0; i < ROUNDS; i++) {
        int32_t what = dice_below(&p.d, 10);
        if (what < 6) {
            scribble(&p);
        } else if (what < 9 && p.depth < MARKS_MAXIMUM) {
            push_mark(&p);
        } else if (p.depth > 0) {
            undo_some(&p);
        }
    }
    pbt__journal_fini(&p.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undo_returns_to_its_mark),
        cmocka_unit_test(what_was_cleared_stays),
        cmocka_unit_test(random_programs_come_back),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
