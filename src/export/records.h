/*
 * records.h: the event files of one TensorBoard run: a folder of files of framed records.
 *
 * A frame is the length, its checksum, the bytes, their checksum. Files are numbered, because
 * TensorBoard reads a folder in the order of names. Each writer begins the next number and never
 * changes other files, which may be torn at their end after a kill.
 *
 * A record may carry a mark: a text in a field that TensorBoard does not know and skips. The newest
 * mark in a folder says how far its writers came.
 */
#ifndef PBT_EXPORT_RECORDS_H
#define PBT_EXPORT_RECORDS_H

#include <pbt/pbt.h>

#include "base/text.h"

enum { PBT__MARK_FIELD = 1000, PBT__MARK_SIZE = 96 };

/* Frame a record onto `out` and free it. */
void pbt__records_frame(pbt__text *out, pbt__text *record);

/*
 * Look through a run's folder. `*file_count` is the number of its files, 0 if there is no
 * folder; `mark` is the newest one, "" if there is none. Shape: mark[PBT__MARK_SIZE]. Errors:
 * PBT_ERR_IO, PBT_ERR_LIMIT, PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__records_scan(const char *folder, int *file_count, char *mark,
                                       pbt_error *error);

/* Append framed records to the file `number` (from 1) of a folder, making both where they are
 * absent. Errors: PBT_ERR_IO, PBT_ERR_LIMIT; the file is as it was. */
PBT_MUST_USE pbt_err pbt__records_append(const char *folder, int number, const pbt__text *frames,
                                         pbt_error *error);

/* fsync that file and its folder. */
PBT_MUST_USE pbt_err pbt__records_sync(const char *folder, int number, pbt_error *error);

#endif
