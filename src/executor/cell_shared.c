/* cell_shared.c: the layout, and a futex between two processes. */
#include "executor/cell_shared.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    SPINS_PER_LOOK = 16,
    SPIN_LEAST_US = 5,
    SPIN_MAXIMUM_US = 600,
    ALONE_US = 50, /* then whoever else has work goes first */
    REST_MAXIMUM = 1000,
    PAGE = 65536, /* as large as any machine's page */
};

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

pbt__cell_layout pbt__cell_lay_out(size_t job_size)
{
    pbt__cell_layout layout;
    layout.job = round_up(sizeof(pbt__cell_shared), PBT__STATE_ALIGNMENT);
    layout.samples = round_up(layout.job + job_size, PBT__STATE_ALIGNMENT);
    layout.state = round_up(layout.samples + PBT__CELL_SAMPLES * sizeof(double), PAGE);
    return layout;
}

/* A sleeper counts itself before the kernel compares the word, and the waker writes the word before
 * it reads the count: so one of them sees the other. */
void pbt__cell_turn(pbt__cell_shared *shared, unsigned turn)
{
    atomic_store(&shared->turn, turn);
    if (atomic_load(&shared->sleepers) > 0) {
        (void)syscall(SYS_futex, &shared->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

static bool is_turn(const pbt__cell_shared *shared, unsigned turn)
{
    return atomic_load_explicit(&shared->turn, memory_order_acquire) == turn;
}

static bool spin(const pbt__cell_shared *shared, unsigned turn, int64_t began_us, int64_t until_us)
{
    int64_t now_us = began_us;
    do {
        if (now_us - began_us > ALONE_US) {
            (void)sched_yield();
        }
        for (int i = 0; i < SPINS_PER_LOOK; i++) {
            if (is_turn(shared, turn)) {
                return true;
            }
#if defined(__x86_64__) || defined(__i386__)
            __builtin_ia32_pause();
#endif
        }
        now_us = pbt__clock_monotonic_us();
    } while (now_us < until_us);
    return false;
}

/* Spin for twice the usual time. If that fails (the other side has no processor or a longer task),
 * do not spin for a while, which doubles. */
static bool spin_at_pace(const pbt__cell_shared *shared, unsigned turn, pbt__cell_pace *pace,
                         int64_t began_us)
{
    if (pace->rest > 0) {
        pace->rest--;
        return false;
    }
    if (pace->typical_us > SPIN_MAXIMUM_US) {
        return false;
    }
    const bool is_there =
        spin(shared, turn, began_us, began_us + 2 * pace->typical_us + SPIN_LEAST_US);
    pace->rest = is_there ? 0 : pace->penalty;
    const int doubled = pace->penalty < REST_MAXIMUM ? 2 * pace->penalty + 1 : REST_MAXIMUM;
    pace->penalty = is_there ? 1 : doubled;
    return is_there;
}

static void sleep_on(pbt__cell_shared *shared, unsigned turn, int64_t sleep_us)
{
    const struct timespec most = {sleep_us / 1000000, sleep_us % 1000000 * 1000};
    const unsigned other = turn == PBT__TURN_SLOT ? PBT__TURN_CELL : PBT__TURN_SLOT;
    atomic_fetch_add(&shared->sleepers, 1);
    if (!is_turn(shared, turn)) {
        (void)syscall(SYS_futex, &shared->turn, FUTEX_WAIT, other, sleep_us > 0 ? &most : NULL,
                      NULL, 0);
    }
    atomic_fetch_sub(&shared->sleepers, 1);
}

bool pbt__cell_wait(pbt__cell_shared *shared, unsigned turn, pbt__cell_pace *pace, int64_t sleep_us)
{
    const int64_t began_us = pbt__clock_monotonic_us();
    if (!spin_at_pace(shared, turn, pace, began_us)) {
        sleep_on(shared, turn, sleep_us);
    }
    const int64_t waited_us = pbt__clock_monotonic_us() - began_us;
    pace->typical_us += (waited_us - pace->typical_us) / 4;
    return is_turn(shared, turn);
}
