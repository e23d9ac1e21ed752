/* place.h: where a store is, and what lies beside it; or which server is asked in its place. */
#ifndef PBT_CLI_PLACE_H
#define PBT_CLI_PLACE_H

#include "base/file.h"
#include "cli/command.h"
#include "store/store.h"

typedef struct pbt__place {
    const char *url;             /* Owner: argv or the environment */
    bool is_given;               /* by --store or --server, not by the environment or default */
    const char *server;          /* its URL; NULL if the store itself is opened */
    const char *token_file;      /* Nullable: given by --token-file */
    char file[PBT__PATH_SIZE];   /* as it was named; "" where the store is no file */
    char folder[PBT__PATH_SIZE]; /* of its own name, absolute: checkpoints and logs go there */
    char here[PBT__PATH_SIZE];   /* the working folder; people read paths from there */
} pbt__place;

/* Find the place that --store or --server, else PBT_SERVER (of commands that take --server),
 * PBT_STORE or the default names. Errors: PBT_ERR_NOT_FOUND if its folder does not exist,
 * PBT_ERR_ARGUMENT if both are given, PBT_ERR_LIMIT. */
PBT_MUST_USE pbt_err pbt__place_find(const pbt__arguments *arguments, pbt__place *out,
                                     pbt_error *error);

/* The folder of a study's logs: FOLDER/NAME.logs. Shape: out[PBT__PATH_SIZE] */
PBT_MUST_USE pbt_err pbt__place_logs(const pbt__place *place, const char *study, char *out,
                                     pbt_error *error);

/* " --store URL" or " --server URL" where a command needs it to find this place again, else "".
 * Shape: out[size] */
void pbt__place_option(const pbt__place *place, char *out, size_t size);

typedef enum pbt__access { PBT__ACCESS_READ, PBT__ACCESS_CHANGE, PBT__ACCESS_OWN } pbt__access;

/* Open the store; of a server there is none to open, and `*out` is NULL: it is asked (remote.h).
 * Whoever owns a store makes it if it is not there. Errors: as pbt__store_open; a store that is
 * not there gets a hint. */
PBT_MUST_USE pbt_err pbt__place_open(const pbt__place *place, pbt__access access, pbt__store **out,
                                     pbt_error *error);

#endif
