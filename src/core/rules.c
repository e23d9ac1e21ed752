/*
 * rules.c: the list of rules. The build compiles rules/exploit_NAME.c and rules/explore_NAME.c for
 * each (meson.build reads this file).
 *
 * Their order is that of pbt_exploit_rule and pbt_explore_rule; a new rule is added at the end.
 * tests/rules compiles this file with rules of its own behind them.
 */
#include "core/rule.h"

#ifndef EXPLOIT_RULES_MORE
#define EXPLOIT_RULES_MORE(EXPLOIT)
#define EXPLORE_RULES_MORE(EXPLORE)
#endif

#define EXPLOIT_RULES(EXPLOIT)                                                                     \
    EXPLOIT(truncation)                                                                            \
    EXPLOIT(t_test)                                                                                \
    EXPLOIT(binary_tournament)                                                                     \
    EXPLOIT(best)                                                                                  \
    EXPLOIT(threshold)                                                                             \
    EXPLOIT(none)                                                                                  \
    EXPLOIT_RULES_MORE(EXPLOIT)

#define EXPLORE_RULES(EXPLORE)                                                                     \
    EXPLORE(perturb)                                                                               \
    EXPLORE(gaussian)                                                                              \
    EXPLORE(resample)                                                                              \
    EXPLORE(none)                                                                                  \
    EXPLORE_RULES_MORE(EXPLORE)

#define EXPLOIT_DECLARE(name) extern const pbt__exploit_row pbt__exploit_##name;
#define EXPLORE_DECLARE(name) extern const pbt__explore_row pbt__explore_##name;
EXPLOIT_RULES(EXPLOIT_DECLARE)
EXPLORE_RULES(EXPLORE_DECLARE)

#define EXPLOIT_ROW(name) &pbt__exploit_##name,
#define EXPLORE_ROW(name) &pbt__explore_##name,
const pbt__exploit_row *const pbt__exploit_rows[] = {EXPLOIT_RULES(EXPLOIT_ROW)};
const pbt__explore_row *const pbt__explore_rows[] = {EXPLORE_RULES(EXPLORE_ROW)};

const size_t pbt__exploit_row_count = sizeof pbt__exploit_rows / sizeof *pbt__exploit_rows;
const size_t pbt__explore_row_count = sizeof pbt__explore_rows / sizeof *pbt__explore_rows;
