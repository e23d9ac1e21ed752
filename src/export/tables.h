/* tables.h: all of a study as files: tables, its log, its spec, where it comes from. */
#ifndef PBT_EXPORT_TABLES_H
#define PBT_EXPORT_TABLES_H

#include "study/told.h"

typedef enum pbt__table_format {
    PBT__FORMAT_CSV = 1,
    PBT__FORMAT_JSONL = 2,
} pbt__table_format;

/* What tables and runs are made from (told.h); */
#define PBT__TABLES_ASKS "show,members,segments"

/* tables also from the log. Everything is borrowed. */
typedef struct pbt__tables_source {
    const pbt__told *told;
    /* Hand on every event, as pbt__study_events does. */
    pbt_err (*events)(void *context, pbt__taker take, void *taker, pbt_error *error);
    void *context;
} pbt__tables_source;

/*
 * Write into a folder, which exists, in each of `formats` (a set): segments and members; as JSON
 * lines also events.jsonl, whatever the formats; study.json, what `show` says, provenance included;
 * spec.yaml, as it was read. Errors: PBT_ERR_IO, PBT_ERR_MEMORY, what `events` meets; some files
 * may have been written.
 */
PBT_MUST_USE pbt_err pbt__tables_write(const pbt__tables_source *from, unsigned formats,
                                       const char *folder, pbt_error *error);

/* Write the same study as TensorBoard runs. Errors: as above. */
PBT_MUST_USE pbt_err pbt__tables_board(const pbt__told *told, const char *folder, pbt_error *error);

#endif
