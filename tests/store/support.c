#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "tests/store: %s\n", what);
        abort();
    }
}

static void make_folder(const char *base, char *out)
{
    snprintf(out, SUPPORT_FOLDER_SIZE, "%s/pbt-store-XXXXXX", base);
    must(mkdtemp(out) != NULL, "cannot make a folder");
}

void support_folder(char *out)
{
    const char *base = getenv("TMPDIR");
    make_folder(base != NULL ? base : "/tmp", out);
}

void support_folder_fast(char *out)
{
    if (access("/dev/shm", W_OK) == 0) {
        make_folder("/dev/shm", out);
    } else {
        support_folder(out);
    }
}

void support_folder_remove(const char *folder)
{
    must(pbt__file_remove(folder, NULL) == PBT_OK, "cannot remove a folder");
}

void support_url(const char *folder, char *out)
{
    snprintf(out, SUPPORT_URL_SIZE, "sqlite:%s/store.db", folder);
}

pbt__store *support_open(const char *url)
{
    pbt__store *store = NULL;
    pbt_error error = {0};
    const pbt__store_options options = {.url = url, .can_create = true};
    if (pbt__store_open(&options, &store, &error) != PBT_OK) {
        fprintf(stderr, "tests/store: %s: %s\n", error.message, error.detail);
        abort();
    }
    return store;
}

pbt__event support_event(int64_t sequence)
{
    static char bodies[8][64];
    char *body = bodies[sequence % 8];
    int length = snprintf(body, sizeof(bodies[0]), "{\"event\":%lld}", (long long)sequence);
    return (pbt__event){
        .sequence = sequence,
        .time_us = 1000 * sequence,
        .kind = (pbt__event_kind)(1 + sequence % 10),
        .body = body,
        .body_length = (size_t)length,
        .digest = pbt__digest_bytes(body, (size_t)length),
    };
}

pbt__claim support_claim(int32_t member, int32_t number)
{
    pbt__claim claim = {
        .member = member,
        .number = number,
        .attempt = 1 + number,
        .lease_until_us = (INT64_C(1) << 50) + number,
        .step = INT64_C(10000000000) * number,
        .step_changed_us = 7 * number,
    };
    snprintf(claim.worker, sizeof(claim.worker), "worker-%d", (int)member);
    snprintf(claim.session, sizeof(claim.session), "%032x", (unsigned)number);
    return claim;
}

/* ---- everything as text ---- */

static pbt_err dump_event(void *context, const pbt__event *event)
{
    char digest[PBT__DIGEST_TEXT_SIZE];
    pbt__digest_write(event->digest, digest);
    pbt__text_format(context, "  event %lld at %lld kind %d %s %zu %s\n",
                     (long long)event->sequence, (long long)event->time_us, (int)event->kind,
                     digest, event->body_length, event->body);
    return PBT_OK;
}

static pbt_err dump_claim(void *context, const pbt__claim *claim)
{
    pbt__text_format(context, "  claim m%ds%d.%d until %lld step %lld at %lld '%s' '%s'\n",
                     (int)claim->member, (int)claim->number, (int)claim->attempt,
                     (long long)claim->lease_until_us, (long long)claim->step,
                     (long long)claim->step_changed_us, claim->worker, claim->session);
    return PBT_OK;
}

static void dump_blobs(pbt__store *store, int64_t study, pbt__text *out)
{
    for (int i = 0; i < SUPPORT_MEMBERS * SUPPORT_NUMBERS; i++) {
        const pbt_segment_id id = {i / SUPPORT_NUMBERS, i % SUPPORT_NUMBERS};
        void *bytes = NULL;
        size_t length = 0;
        pbt_err err = pbt__store_blob_get(store, study, id, &bytes, &length, NULL);
        must(err == PBT_OK || err == PBT_ERR_NOT_FOUND, "cannot get a blob");
        if (err == PBT_OK) {
            char digest[PBT__DIGEST_TEXT_SIZE];
            pbt__digest_write(pbt__digest_bytes(bytes, length), digest);
            pbt__text_format(out, "  blob m%ds%d %zu %s\n", (int)id.member, (int)id.number, length,
                             digest);
        }
        free(bytes);
    }
}

typedef struct rows {
    pbt__study_row items[64];
    int count;
} rows;

static pbt_err keep_row(void *context, const pbt__study_row *row)
{
    rows *self = context;
    must(self->count < 64, "too many studies");
    self->items[self->count++] = *row;
    return PBT_OK;
}

char *support_dump(pbt__store *store)
{
    rows studies = {0};
    pbt__text out = pbt__text_init((size_t)64 << 20);
    must(pbt__store_list(store, keep_row, &studies, NULL) == PBT_OK, "cannot list");
    for (int i = 0; i < studies.count; i++) {
        int64_t id = studies.items[i].id;
        pbt__text_format(&out, "study %lld '%s'\n", (long long)id, studies.items[i].name);
        must(pbt__store_read(store, id, 0, dump_event, &out, NULL) == PBT_OK, "cannot read");
        must(pbt__store_claim_list(store, id, 0, dump_claim, &out, NULL) == PBT_OK,
             "cannot list claims");
        dump_blobs(store, id, &out);
    }
    char *text = pbt__text_take(&out);
    must(text != NULL, "cannot dump");
    return text;
}

/* ---- processes ---- */

int support_processes(int count, int (*child)(void *context, int place), void *context)
{
    int failed = 0;
    for (int i = 0; i < count; i++) {
        pid_t process = fork();
        must(process >= 0, "cannot fork");
        if (process == 0) {
            _exit(child(context, i));
        }
    }
    for (int i = 0; i < count; i++) {
        int status = 0;
        must(wait(&status) > 0, "cannot wait");
        failed += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
    }
    return failed;
}

uint64_t support_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}
