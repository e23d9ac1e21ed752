/* route.c: from a method and a path to what serves it. */
#include "server/route.h"

#include <stdio.h>
#include <string.h>

#include "server/request.h"

#define STUDY "/v1/studies/{study}"
#define SEGMENT STUDY "/segments/{segment}"
#define CHECKPOINT STUDY "/checkpoints/{segment}"

#define WORKER PBT__ROLE_WORKER
#define OWNER PBT__ROLE_OWNER

static const pbt__route ROUTES[] = {
    {"GET", "/v1/version", PBT__BODY_NONE, WORKER, true, pbt__serve_version},
    {"GET", "/v1/studies", PBT__BODY_NONE, WORKER, true, pbt__serve_studies},
    {"GET", STUDY, PBT__BODY_NONE, WORKER, true, pbt__serve_study},
    {"GET", STUDY "/members", PBT__BODY_NONE, WORKER, false, pbt__serve_members},
    {"GET", STUDY "/segments", PBT__BODY_NONE, WORKER, false, pbt__serve_segments},
    {"GET", STUDY "/events", PBT__BODY_NONE, WORKER, false, pbt__serve_events},
    {"GET", STUDY "/answer", PBT__BODY_NONE, WORKER, false, pbt__serve_answer},
    {"GET", STUDY "/verify", PBT__BODY_NONE, OWNER, false, pbt__serve_verify},
    {"POST", STUDY "/stop", PBT__BODY_NONE, OWNER, false, pbt__serve_stop},
    {"POST", STUDY "/resume", PBT__BODY_JSON, OWNER, false, pbt__serve_resume},
    {"POST", STUDY "/amend", PBT__BODY_JSON, OWNER, false, pbt__serve_amend},
    {"POST", STUDY "/claim", PBT__BODY_JSON, WORKER, true, pbt__serve_claim},
    {"POST", SEGMENT "/report", PBT__BODY_JSON, WORKER, true, pbt__serve_report},
    {"POST", SEGMENT "/heartbeat", PBT__BODY_JSON, WORKER, true, pbt__serve_heartbeat},
    {"POST", SEGMENT "/release", PBT__BODY_JSON, WORKER, true, pbt__serve_release},
    {"POST", SEGMENT "/fail", PBT__BODY_JSON, WORKER, true, pbt__serve_fail},
    {"PUT", CHECKPOINT, PBT__BODY_UPLOAD, WORKER, false, pbt__serve_upload},
    {"GET", CHECKPOINT, PBT__BODY_NONE, WORKER, false, pbt__serve_download},
};

/* Take one part of a path for what stands in its place. */
static bool take_part(pbt__request *request, const char *place, const char *part, size_t length)
{
    char text[PBT__NAME_SIZE];
    if (length == 0 || length >= sizeof text) {
        return false;
    }
    memcpy(text, part, length);
    text[length] = '\0';
    if (strncmp(place, "{segment}", 9) == 0) {
        return pbt__id_read(text, &request->segment);
    }
    memcpy(request->study, text, length + 1);
    return true;
}

static bool matches(pbt__request *request, const char *pattern, const char *path)
{
    while (*pattern != '\0') {
        if (*pattern != '{') {
            if (*pattern++ != *path++) {
                return false;
            }
            continue;
        }
        const size_t length = strcspn(path, "/");
        if (!take_part(request, pattern, path, length)) {
            return false;
        }
        path += length;
        pattern = strchr(pattern, '}') + 1;
    }
    return *path == '\0';
}

pbt_err pbt__route_find(pbt__request *request, const char *method, const char *path, char *allowed)
{
    char methods[PBT__METHODS_SIZE] = "";
    size_t length = 0;
    for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++) {
        const pbt__route *route = &ROUTES[i];
        if (!matches(request, route->path, path)) {
            continue;
        }
        if (strcmp(route->method, method) == 0) {
            request->route = route;
            return PBT_OK;
        }
        length += (size_t)snprintf(methods + length, sizeof methods - length, "%s%s",
                                   length > 0 ? ", " : "", route->method);
    }
    memcpy(allowed, methods, sizeof methods);
    return PBT_ERR_NOT_FOUND;
}
