/* sink.h: a text file of any length, written in pieces. */
#ifndef PBT_EXPORT_SINK_H
#define PBT_EXPORT_SINK_H

#include "base/file.h"
#include "base/text.h"

/* Invariant: what was appended to `text` since the last call below is not yet in the file. */
typedef struct pbt__sink {
    char path[PBT__PATH_SIZE];
    int file; /* -1: not open */
    pbt__text text;
} pbt__sink;

/* A sink that is not open: pbt__sink_fini takes it. */
pbt__sink pbt__sink_init(void);

/* Create or truncate a file of a folder. Errors: PBT_ERR_IO, PBT_ERR_LIMIT. */
PBT_MUST_USE pbt_err pbt__sink_open(pbt__sink *sink, const char *folder, const char *name,
                                    pbt_error *error);

/* Write the text where enough has gathered: to be called after each line. Errors: PBT_ERR_IO,
 * PBT_ERR_MEMORY if the text failed; the file is torn then. */
PBT_MUST_USE pbt_err pbt__sink_flow(pbt__sink *sink, pbt_error *error);

/* Write the rest, fsync and close. Errors: as above. */
PBT_MUST_USE pbt_err pbt__sink_end(pbt__sink *sink, pbt_error *error);

/* Close what was not ended, and free the text. */
void pbt__sink_fini(pbt__sink *sink);

#endif
