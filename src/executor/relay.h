/*
 * relay.h: passes a long-lived worker's output on to the log of the member it trains.
 *
 * A worker prints into a pipe. Before it gets a segment, the pipe is emptied and the relay is
 * turned to that member's log: so output from before the request comes before the border, and later
 * output behind it.
 *
 *     worker                     server's thread                      slot's thread
 *     prints "a" ──────────────────────────────────────────────────► may read it
 *     reports m3s11, waits ────► records the report
 *                                reads what is left, into m3.log
 *                                turns to m5.log, writes the header
 *     knows m5s2 ◄────────────── answers
 *     prints "b" ──────────────────────────────────────────────────► reads it, into m5.log
 *
 * Lines are passed on whole; one that was begun goes where it began. What is printed while nothing
 * is held goes to the worker's own log. Memory is one line's maximum, and a worker that prints
 * faster than the disk writes waits at its pipe. Threads: any, but for `open` and `close`.
 */
#ifndef PBT_EXECUTOR_RELAY_H
#define PBT_EXECUTOR_RELAY_H

#include "executor/executor.h"

enum { PBT__RELAY_LINE_MAXIMUM = 64 * 1024 }; /* Units: bytes; a longer line may be torn */

typedef struct pbt__relay pbt__relay;

/* Make a relay for the worker of a name; its own log is NAME.log. Borrowed: space. Errors:
 * PBT_ERR_LIMIT, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__relay_new(const char *log_folder, const char *worker,
                                    const pbt_space *space, pbt__relay **out, pbt_error *error);
void pbt__relay_free(pbt__relay *relay);

/* Begin with a new process: `*output` is what it prints into, the caller's to close. Errors:
 * PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__relay_open(pbt__relay *relay, int *output, pbt_error *error);

/* What becomes readable when something was printed; -1 at its end. */
int pbt__relay_input(pbt__relay *relay);

/* Pass on a piece of what is there. Returns its length, 0 if nothing is. */
size_t pbt__relay_pump(pbt__relay *relay);

/* Pass on all that is there and why the attempt failed, then turn to what is handed out. Nullable:
 * failure; train, for nothing. */
void pbt__relay_turn(pbt__relay *relay, const char *failure, const pbt__assignment *train);

/* End with the process, which is dead: pass on what it left. */
void pbt__relay_close(pbt__relay *relay);

/* Append a line of ours to the log it is turned to. */
void pbt__relay_line(pbt__relay *relay, const char *line);

/* The segment it is turned to; member -1: none. */
pbt_segment_id pbt__relay_segment(pbt__relay *relay);

/* The log it is turned to, and the worker's own. Shape: out[PBT__PATH_SIZE] */
void pbt__relay_log_path(pbt__relay *relay, char *out);
const char *pbt__relay_own_path(const pbt__relay *relay);

#endif
