/* names.c: the values of each enumeration in words: what specs, logs and --json write. */
#include <pbt/pbt.h>

#include "core/names.h"
#include "core/rule.h"
#include "core/type.h"

#define NAME(names, value) name_of(names, sizeof(names) / sizeof(*(names)), (size_t)(value))

static const char *name_of(const char *const *names, size_t count, size_t value)
{
    return value < count && names[value] != NULL ? names[value] : "unknown";
}

/* One function: its enumeration, and the names by value; a list of them that others read, too. */
#define NAMES(noun, ...)                                                                           \
    static const char *const noun##_names[] = {__VA_ARGS__};                                       \
    const char *pbt_##noun##_name(pbt_##noun value)                                                \
    {                                                                                              \
        return NAME(noun##_names, value);                                                          \
    }
#define LISTED(noun, ...)                                                                          \
    const char *const pbt__##noun##_names[] = {__VA_ARGS__, NULL};                                 \
    const char *pbt_##noun##_name(pbt_##noun value)                                                \
    {                                                                                              \
        return NAME(pbt__##noun##_names, value);                                                   \
    }

// clang-format off
LISTED(scale,
      [PBT_LINEAR] = "linear", [PBT_LOG] = "log", [PBT_REVERSE_LOG] = "reverse_log")
NAMES(item_type,
      [PBT_ITEM_INT] = "int", [PBT_ITEM_FLOAT] = "float", [PBT_ITEM_BOOL] = "bool",
      [PBT_ITEM_TEXT] = "text")
NAMES(operation,
      [PBT_UNTOUCHED] = "untouched", [PBT_RESAMPLE] = "resample", [PBT_FACTOR] = "factor",
      [PBT_NUDGE] = "nudge", [PBT_UP] = "up", [PBT_DOWN] = "down", [PBT_NOISE] = "noise",
      [PBT_PICK] = "pick", [PBT_STAGE] = "stage")
LISTED(direction,
      [PBT_MAXIMIZE] = "maximize", [PBT_MINIMIZE] = "minimize")
LISTED(mode,
      [PBT_ASYNCHRONOUS] = "asynchronous", [PBT_GENERATIONAL] = "generational")
LISTED(compare,
      [PBT_COMPARE_STEP] = "step", [PBT_COMPARE_LATEST] = "latest")
LISTED(when,
      [PBT_WHEN_COPY] = "copy", [PBT_WHEN_ALWAYS] = "always")
NAMES(reason,
      [PBT_INITIAL] = "initial", [PBT_CONTINUE] = "continue", [PBT_EXPLOITED] = "exploit",
      [PBT_EXPLORED] = "explore", [PBT_RESCUE] = "rescue", [PBT_REPLAY] = "replay")
NAMES(segment_state,
      [PBT_SEGMENT_OPEN] = "open", [PBT_SEGMENT_REPORTED] = "reported",
      [PBT_SEGMENT_GIVEN_UP] = "given_up")
NAMES(member_state,
      [PBT_MEMBER_TRAINING] = "training", [PBT_MEMBER_READY] = "ready",
      [PBT_MEMBER_LOST] = "lost", [PBT_MEMBER_FINISHED] = "finished",
      [PBT_MEMBER_FAILED] = "failed")
NAMES(cause,
      [PBT_CAUSE_TRAINER] = "trainer", [PBT_CAUSE_LOST] = "lost", [PBT_CAUSE_FATAL] = "fatal",
      [PBT_CAUSE_UNLOADABLE] = "unloadable")
// clang-format on

const char *pbt_type_name(pbt_type type)
{
    const pbt__type *row = pbt__type_row(type);
    return row != NULL ? row->name : "unknown";
}

const char *pbt_exploit_rule_name(pbt_exploit_rule rule)
{
    const size_t index = (size_t)rule;
    return index < pbt__exploit_row_count ? pbt__exploit_rows[index]->rule.name : "unknown";
}

const char *pbt_explore_rule_name(pbt_explore_rule rule)
{
    const size_t index = (size_t)rule;
    return index < pbt__explore_row_count ? pbt__explore_rows[index]->rule.name : "unknown";
}
