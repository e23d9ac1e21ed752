/*
 * log.h: a member's log: what its trainers printed, each segment after one line that names it.
 *
 * A log is opened for appending, once per segment. Several writers may hold it: each line of ours,
 * and each write of a trainer, goes to the end whole. What a trainer prints may be confidential
 * (paths, tokens, data), so a new log and a new folder of logs are their owner's alone to read.
 */
#ifndef PBT_EXECUTOR_LOG_H
#define PBT_EXECUTOR_LOG_H

#include "executor/executor.h"

/* Make a folder of logs, if it is absent. Errors: PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__log_make_folder(const char *folder, pbt_error *error);

/* Open a regular file for appending, made if it is absent. Others are refused: a pipe or a device
 * could block for ever, and a link may lead elsewhere. Errors: PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__log_open_file(const char *path, int *out, pbt_error *error);

/* Open a member's log, making its folder if it is absent. Returns a descriptor in `*out`.
 * Errors: PBT_ERR_IO, PBT_ERR_LIMIT. */
PBT_MUST_USE pbt_err pbt__log_open(const char *folder, int32_t member, int *out, pbt_error *error);

/* Append bytes; if they cannot be written they are dropped: a full disk must not fail a trainer. */
void pbt__log_bytes(int log, const char *bytes, size_t length);

/* Append one line, as above. */
void pbt__log_line(int log, const char *line);

/* Append the line that begins a segment: its name, attempt, steps, where it starts from,
 * hyperparameters. */
void pbt__log_header(int log, const pbt__assignment *assignment, const pbt_space *space);

/* The log of a member, whether or not it exists yet. Shape: out[PBT__PATH_SIZE] */
PBT_MUST_USE pbt_err pbt__log_path(const char *log_folder, int32_t member, char *out,
                                   pbt_error *error);

/* The last lines of a member's log, at most `maximum` bytes; "" if there is none. The caller
 * frees. */
PBT_MUST_USE pbt_err pbt__log_end(const char *log_folder, int32_t member, size_t maximum,
                                  char **out, pbt_error *error);

/* The last lines of a file, at most `maximum` bytes; "" if it is absent. The caller frees. */
PBT_MUST_USE pbt_err pbt__log_tail(const char *path, size_t maximum, char **out, pbt_error *error);

/* The newest part of a tail: from the border ("---") above a trainer's last line on, or all of it
 * if there is none. */
const char *pbt__log_newest(const char *tail);

/* Say whether any line of a tail is a trainer's, and not ours. */
bool pbt__log_says_more(const char *tail);

/* The hint for a trainer that ends well without asking for a segment; also in its log. */
#define PBT__LOG_IDLE_HINT "does it loop over pbt.Worker()? see docs/tutorial.md"

/* A hint for a trainer's last lines; NULL: none. */
const char *pbt__log_hint(const char *tail);

#endif
