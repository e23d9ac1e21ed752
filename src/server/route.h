/* route.h: the one table of what can be asked. */
#ifndef PBT_SERVER_ROUTE_H
#define PBT_SERVER_ROUTE_H

#include <pbt/pbt.h>

typedef struct pbt__request pbt__request;

typedef enum pbt__body_kind { PBT__BODY_NONE, PBT__BODY_JSON, PBT__BODY_UPLOAD } pbt__body_kind;

/* What a token lets its holder do: a worker trains and asks; an owner does everything. */
typedef enum pbt__role { PBT__ROLE_NONE, PBT__ROLE_WORKER, PBT__ROLE_OWNER } pbt__role;

typedef struct pbt__route {
    const char *method;
    const char *path; /* "{study}" and "{segment}" stand for one part each */
    pbt__body_kind body;
    pbt__role role;  /* the least that may; one that names none is the owner's */
    bool is_at_desk; /* a study that is elsewhere can be asked for it too */
    /* Answer the request, or return why not; in the pool, may wait. `request->hosted` is its
     * study's where the path names one. */
    pbt_err (*serve)(pbt__request *request, pbt_error *error);
} pbt__route;

/*
 * Find the route of a request and fill in what its path names. Errors: PBT_ERR_NOT_FOUND; `allowed`
 * then lists the methods that the path has, "" where it has none. Shape: allowed[PBT__METHODS_SIZE]
 */
enum { PBT__METHODS_SIZE = 32 };
PBT_MUST_USE pbt_err pbt__route_find(pbt__request *request, const char *method, const char *path,
                                     char *allowed);

/* ---- worker.c ---- */
PBT_MUST_USE pbt_err pbt__serve_claim(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_report(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_heartbeat(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_release(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_fail(pbt__request *request, pbt_error *error);

/* ---- query.c ---- */
PBT_MUST_USE pbt_err pbt__serve_version(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_studies(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_study(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_members(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_segments(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_events(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_answer(pbt__request *request, pbt_error *error);

/* ---- control.c ---- */
PBT_MUST_USE pbt_err pbt__serve_stop(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_resume(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_amend(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_verify(pbt__request *request, pbt_error *error);

/* ---- upload.c and download.c ---- */
PBT_MUST_USE pbt_err pbt__serve_upload(pbt__request *request, pbt_error *error);
PBT_MUST_USE pbt_err pbt__serve_download(pbt__request *request, pbt_error *error);

#endif
