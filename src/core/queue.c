/*
 * queue.c: the segments to be asked for, the member furthest behind first: a heap.
 *
 * An entry is a hint. What the member says now decides, so whoever reports, fails or takes a change
 * back need not find its entry: one that has had its time is dropped when it comes up. There are at
 * most two entries a member: where the heap is full it is made anew from the members, which cannot
 * happen again before every member has come again. So nothing is allocated after the first time.
 */
#include "core/state.h"

#include <stdlib.h>

static bool before(const pbt__queue_entry *a, const pbt__queue_entry *b)
{
    return a->start_step < b->start_step ||
           (a->start_step == b->start_step && a->member < b->member);
}

static bool is_waiting(const pbt_population *population, int32_t m)
{
    const pbt__member_record *who = &population->members[m];
    return who->state == PBT_MEMBER_TRAINING && !who->is_asked;
}

/* Put an entry where it belongs, from the hole `at` down. */
static void sink(pbt__queue *queue, size_t at, pbt__queue_entry entry)
{
    pbt__queue_entry *heap = queue->heap;
    for (size_t child = 2 * at + 1; child < queue->count; child = 2 * at + 1) {
        if (child + 1 < queue->count && before(&heap[child + 1], &heap[child])) {
            child++;
        }
        if (!before(&heap[child], &entry)) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = entry;
}

static pbt__queue_entry entry_of(const pbt_population *population, int32_t m)
{
    const int32_t number = population->members[m].newest;
    return (pbt__queue_entry){
        .start_step = pbt__record(population, m, number)->segment.start_step,
        .member = m,
        .number = number,
    };
}

static void fill(pbt_population *population)
{
    pbt__queue *queue = &population->queue;
    queue->count = 0;
    for (int32_t m = 0; m < population->search->population; m++) {
        if (is_waiting(population, m)) {
            queue->heap[queue->count++] = entry_of(population, m);
        }
    }
    for (size_t i = queue->count / 2; i > 0; i--) {
        sink(queue, i - 1, queue->heap[i - 1]);
    }
    queue->is_stale = false;
}

pbt_err pbt__queue_open(pbt_population *population)
{
    pbt__queue *queue = &population->queue;
    queue->capacity = 2 * (size_t)population->search->population;
    queue->heap = calloc(queue->capacity, sizeof *queue->heap);
    if (queue->heap == NULL) {
        return PBT_ERR_MEMORY;
    }
    fill(population);
    return PBT_OK;
}

void pbt__queue_add(pbt_population *population, int32_t m)
{
    pbt__queue *queue = &population->queue;
    if (queue->heap == NULL || queue->is_stale) {
        return;
    }
    if (queue->count == queue->capacity) {
        fill(population); /* finds this member, too */
        return;
    }
    const pbt__queue_entry entry = entry_of(population, m);
    size_t at = queue->count++;
    while (at > 0 && before(&entry, &queue->heap[(at - 1) / 2])) {
        queue->heap[at] = queue->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->heap[at] = entry;
}

int32_t pbt__queue_take(pbt_population *population)
{
    pbt__queue *queue = &population->queue;
    if (queue->is_stale) {
        fill(population);
    }
    while (queue->count > 0) {
        const pbt__queue_entry top = queue->heap[0];
        queue->count--;
        if (queue->count > 0) {
            sink(queue, 0, queue->heap[queue->count]);
        }
        if (is_waiting(population, top.member) &&
            population->members[top.member].newest == top.number) {
            return top.member;
        }
    }
    return -1;
}
