/* conformance.c: runs the suite against the backend that its argument names, by scheme. */
#include "conformance.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

/* ---- one store per case ---- */

static int64_t read_clock(void *context)
{
    return ((fixture *)context)->now_us;
}

pbt_err try_open(fixture *self, bool owns)
{
    pbt__store_close(self->store);
    self->store = NULL;
    const pbt__store_options options = {.url = self->url,
                                        .can_create = true,
                                        .owns = owns,
                                        .now_us = read_clock,
                                        .clock_context = self};
    return pbt__store_open(&options, &self->store, &self->error);
}

/* *state says which backend: its scheme. */
static int open_fixture(void **state)
{
    const char *scheme = *state;
    fixture *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return -1;
    }
    support_folder(self->folder);
    if (strcmp(scheme, "memory") == 0) {
        snprintf(self->url, sizeof(self->url), "memory:");
    } else if (strcmp(scheme, "sqlite") == 0) {
        support_url(self->folder, self->url);
    } else {
        fprintf(stderr, "the store '%s' has no URL here\n", scheme);
        return -1;
    }
    self->now_us = 1000000;
    *state = self;
    return try_open(self, false) == PBT_OK ? 0 : -1;
}

static int close_fixture(void **state)
{
    fixture *self = *state;
    pbt__store_close(self->store);
    support_folder_remove(self->folder);
    free(self);
    return 0;
}

/* ---- processes ---- */

peer peer_start(fixture *self, int (*child)(fixture *self, const peer *parent))
{
    int there[2], back[2];
    pbt__store_close(self->store);
    self->store = NULL;
    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    fflush(stdout);
    const pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) {
        close(there[1]);
        close(back[0]);
        _exit(child(self, &(peer){.process = getppid(), .to = back[1], .from = there[0]}));
    }
    close(there[0]);
    close(back[1]);
    return (peer){.process = process, .to = there[1], .from = back[0]};
}

void peer_tell(const peer *self)
{
    if (write(self->to, "", 1) != 1) {
        abort();
    }
}

void peer_await(const peer *self)
{
    char byte;
    (void)!read(self->from, &byte, 1);
}

int peer_end(const peer *self)
{
    int status = 0;
    close(self->to);
    assert_int_equal(waitpid(self->process, &status, 0), self->process);
    close(self->from);
    return status;
}

void peer_kill(const peer *self)
{
    kill(self->process, SIGKILL);
    (void)peer_end(self);
}

/* ---- short forms of the calls ---- */

void assert_ok(fixture *self, pbt_err err)
{
    if (err != PBT_OK) {
        print_error("%s: %s: %s\n", pbt_err_name(err), self->error.message, self->error.detail);
    }
    assert_int_equal(err, PBT_OK);
}

void assert_fails(fixture *self, pbt_err err, pbt_err expected)
{
    assert_int_equal(err, expected);
    assert_int_equal(self->error.code, expected);
    assert_true(self->error.message[0] != '\0');
    self->error = (pbt_error){0};
}

void do_begin(fixture *self, int64_t study)
{
    assert_ok(self, pbt__store_begin(self->store, study, &self->found, &self->error));
}

int64_t do_begin_create(fixture *self, const char *name)
{
    int64_t study = 0;
    assert_ok(self, pbt__store_begin_create(self->store, name, &study, &self->found, &self->error));
    assert_true(study > 0);
    return study;
}

void do_commit(fixture *self)
{
    assert_ok(self, pbt__store_commit(self->store, &self->error));
}

void do_rollback(fixture *self)
{
    pbt__store_rollback(self->store);
}

int64_t do_create(fixture *self, const char *name)
{
    int64_t study = do_begin_create(self, name);
    do_commit(self);
    return study;
}

void do_append(fixture *self, int64_t sequence)
{
    pbt__event event = support_event(sequence);
    assert_ok(self, pbt__store_append(self->store, &event, 1, &self->error));
}

void do_claim_put(fixture *self, int32_t member, int32_t number)
{
    pbt__claim claim = support_claim(member, number);
    assert_ok(self, pbt__store_claim_put(self->store, &claim, 1, &self->error));
}

void do_blob_put(fixture *self, pbt_segment_id id, const char *text)
{
    assert_ok(self, pbt__store_blob_put(self->store, &(pbt__blob){id, text, strlen(text)}, 1,
                                        &self->error));
}

void assert_blob(fixture *self, int64_t study, pbt_segment_id id, const char *text)
{
    void *bytes = NULL;
    size_t length = 0;
    assert_ok(self, pbt__store_blob_get(self->store, study, id, &bytes, &length, &self->error));
    assert_int_equal(length, strlen(text));
    assert_memory_equal(bytes, text, length);
    free(bytes);
}

void assert_no_blob(fixture *self, int64_t study, pbt_segment_id id)
{
    void *bytes = self;
    size_t length = 17;
    pbt_err err = pbt__store_blob_get(self->store, study, id, &bytes, &length, &self->error);
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
    assert_ptr_equal(bytes, self);
    assert_int_equal(length, 17);
}

pbt_err count_event(void *context, const pbt__event *event)
{
    pbt__event expected = support_event(event->sequence);
    assert_int_equal(event->time_us, expected.time_us);
    assert_int_equal(event->kind, expected.kind);
    assert_int_equal(event->body_length, expected.body_length);
    assert_string_equal(event->body, expected.body);
    assert_true(pbt__digest_equal(event->digest, expected.digest));
    int64_t *next = context;
    assert_int_equal(event->sequence, *next);
    (*next)++;
    return PBT_OK;
}

void assert_events(fixture *self, int64_t study, int64_t after, int64_t last)
{
    int64_t next = after + 1;
    assert_ok(self, pbt__store_read(self->store, study, after, count_event, &next, &self->error));
    assert_int_equal(next, last + 1);
}

static pbt_err write_claim(void *context, const pbt__claim *claim)
{
    pbt__claim expected = support_claim(claim->member, claim->number);
    assert_int_equal(claim->attempt, expected.attempt);
    assert_int_equal(claim->lease_until_us, expected.lease_until_us);
    assert_int_equal(claim->step, expected.step);
    assert_int_equal(claim->step_changed_us, expected.step_changed_us);
    assert_string_equal(claim->worker, expected.worker);
    assert_string_equal(claim->session, expected.session);
    pbt__text_format(context, "m%ds%d ", (int)claim->member, (int)claim->number);
    return PBT_OK;
}

void assert_claims(fixture *self, int64_t study, int64_t after, const char *expected)
{
    pbt__text text = pbt__text_init(1000);
    assert_ok(self,
              pbt__store_claim_list(self->store, study, after, write_claim, &text, &self->error));
    assert_string_equal(pbt__text_string(&text), expected);
    pbt__text_fini(&text);
}

pbt_err write_name(void *context, const pbt__study_row *row)
{
    pbt__text_format(context, "%s ", row->name);
    return PBT_OK;
}

void assert_names(fixture *self, const char *expected)
{
    pbt__text text = pbt__text_init(100000);
    assert_ok(self, pbt__store_list(self->store, write_name, &text, &self->error));
    assert_string_equal(pbt__text_string(&text), expected);
    pbt__text_fini(&text);
}

int64_t do_create_full(fixture *self, const char *name)
{
    int64_t study = do_begin_create(self, name);
    do_append(self, 1);
    do_claim_put(self, 0, 0);
    do_blob_put(self, (pbt_segment_id){0, 0}, "weights");
    do_commit(self);
    return study;
}

/* ---- every case ---- */

enum { CASE_MAXIMUM = 64, NAME_SIZE = 96 };

typedef struct suite {
    struct CMUnitTest tests[CASE_MAXIMUM];
    char names[CASE_MAXIMUM][NAME_SIZE];
    size_t count;
} suite;

static void add_cases(suite *self, const conformance_case *cases, char *scheme)
{
    for (; cases->name != NULL; cases++) {
        if (self->count == CASE_MAXIMUM) {
            abort();
        }
        char *name = self->names[self->count];
        snprintf(name, NAME_SIZE, "%s: %s", scheme, cases->name);
        self->tests[self->count++] = (struct CMUnitTest){
            .name = name,
            .test_func = cases->run,
            .setup_func = open_fixture,
            .teardown_func = close_fixture,
            .initial_state = scheme,
        };
    }
}

int main(int argc, char **argv)
{
    static suite all;
    static char memory[] = "memory";
    char *scheme = argc > 1 ? argv[1] : memory;
    add_cases(&all, conformance_keeping, scheme);
    add_cases(&all, conformance_turns, scheme);
    add_cases(&all, conformance_owner, scheme);
    add_cases(&all, conformance_wait, scheme);
    return _cmocka_run_group_tests(scheme, all.tests, all.count, NULL, NULL);
}
