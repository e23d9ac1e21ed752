/*
 * checkpoint_vault.h: what the parts of the vault share: its folders, its names, its way of
 * removing.
 *
 * Names in the folder, and who may remove them:
 *
 *     m3s12             published; while the log calls it so, nobody
 *     .aside/m3s12.1    being written by attempt 1, or the progress it left when it was released
 *     .aside/m3s12.1X   where X is no digit: a trainer's own temporary file, or Xm3s12.1X; removed
 *                       when its attempt has ended
 *     .aside/gone.P.N   on its way out: renamed here first, so that what is half removed has no
 *                       name that anyone would load
 *     .aside/mark.P.X   by which a worker elsewhere knows the folder; its process, or a sweep
 *     .aside/pin.P.N    links to a published one that is being copied elsewhere
 *
 * All names are made from numbers: no text that a user or a trainer chose becomes part of a path.
 * What else a user keeps in the folder is left alone.
 */
#ifndef PBT_STUDY_CHECKPOINT_VAULT_H
#define PBT_STUDY_CHECKPOINT_VAULT_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/file.h"
#include "study/checkpoint.h"

#define PBT__ASIDE ".aside"

enum {
    /* "m2147483647s2147483647.2147483647" and a NUL fit. */
    PBT__CHECKPOINT_NAME_SIZE = 64,
    /* So that every path below the folder fits into PBT__PATH_SIZE. */
    PBT__VAULT_FOLDER_SIZE = PBT__PATH_SIZE - 2 * PBT__CHECKPOINT_NAME_SIZE,
};

/* What this vault published last of a member: which file an attempt may find under its segment's
 * published name after the transaction that was to record it has failed. */
typedef struct pbt__publication {
    int32_t number, attempt; /* attempt 0: nothing was */
    uint64_t inode;
} pbt__publication;

/* What a name leads to, whatever it is called later. */
typedef struct pbt__identity {
    dev_t device;
    ino_t inode; /* 0: nothing */
} pbt__identity;

struct pbt__vault {
    char folder[PBT__VAULT_FOLDER_SIZE]; /* absolute, without links where it is there */
    char aside[PBT__VAULT_FOLDER_SIZE];
    pbt__identity folder_identity, aside_identity; /* when it was opened */
    bool is_swept;                  /* what lies aside is of attempts that were handed out */
    atomic_uint gone_count;         /* the next N of gone.P.N and pin.P.N */
    pthread_mutex_t lock;           /* of what follows */
    pbt__publication *publications; /* by member. Shape: publications[publication_count] */
    int32_t publication_count;
    char mark[PBT__PATH_SIZE]; /* this process's mark.P.X; "": none is made yet */
    char nonce[PBT__NONCE_SIZE];
};

/* Read "m3s12", or "m3s12.1" for an attempt, at the start of `name`: what follows it, or NULL where
 * there is none. */
const char *pbt__checkpoint_name_read(const char *name, pbt_segment_id *id, int32_t *attempt);

/* Add the remedy to a failure whose reason is still in errno; returns `err`. */
pbt_err pbt__vault_explain(pbt_err err, pbt_error *error);

/* Take what is at `path` out of sight, then remove it. Absent is a success. */
PBT_MUST_USE pbt_err pbt__vault_discard(pbt__vault *vault, const char *path, pbt_error *error);

#endif
