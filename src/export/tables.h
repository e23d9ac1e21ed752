/* tables.h: all of a study as files: tables, its log, its spec, where it comes from. */
#ifndef PBT_EXPORT_TABLES_H
#define PBT_EXPORT_TABLES_H

#include "study/study.h"

typedef enum pbt__table_format {
    PBT__FORMAT_CSV = 1,
    PBT__FORMAT_JSONL = 2,
} pbt__table_format;

/*
 * Write into a folder, which exists, in each of `formats` (a set): segments and members; as JSON
 * lines also events.jsonl, whatever the formats; study.json, what `show` says, provenance included;
 * spec.yaml, as it was read. Errors: PBT_ERR_IO, PBT_ERR_MEMORY, what reading the study meets; some
 * files may have been written.
 */
PBT_MUST_USE pbt_err pbt__tables_write(pbt__study *study, unsigned formats, const char *folder,
                                       pbt_error *error);

/* Write the same study as TensorBoard runs. Errors: as above. */
PBT_MUST_USE pbt_err pbt__tables_board(pbt__study *study, const char *folder, pbt_error *error);

#endif
