/* checkpoint_publish.c: whose a published checkpoint is, and that nothing torn becomes one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "vault.h"

static void assert_nothing_there(pbt__vault *other, int32_t attempt)
{
    pbt__checkpoint record = {.size_bytes = 42};
    assert_int_equal(pbt__vault_prepare(other, id, attempt, &record, &error), PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "there is no checkpoint at"));
    assert_int_equal(record.size_bytes, 42);
    assert_int_equal(pbt__vault_publish(other, id, attempt, &record, &error), PBT_ERR_CHECKPOINT);
}

/* A process that died between rename and commit leaves a name that nobody recorded: no attempt that
 * saved nothing is given its weights, not even one of the same number. */
static void what_another_published_is_no_attempts(void **state)
{
    (void)state;
    pbt__vault *dead = NULL;
    pbt__checkpoint record;
    put(in("vault/m3s12"), "dead");
    assert_nothing_there(vault, 1);
    assert_int_equal(pbt__vault_open(in("vault"), &dead, &error), PBT_OK);
    assert_int_equal(pbt__vault_write(dead, id, 1, "weights", 7, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare(dead, id, 1, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_publish(dead, id, 1, &record, &error), PBT_OK);
    assert_nothing_there(vault, 1);
    assert_nothing_there(vault, 2);
    assert_nothing_there(dead, 2);
    /* That one's transaction failed, and its report comes again: the file is its own. */
    assert_int_equal(pbt__vault_prepare(dead, id, 1, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_publish(dead, id, 1, &record, &error), PBT_OK);
    /* But not once another attempt has published in its place. */
    assert_int_equal(pbt__vault_write(vault, id, 2, "newer", 5, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare(vault, id, 2, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_publish(vault, id, 2, &record, &error), PBT_OK);
    assert_nothing_there(dead, 1);
    assert_int_equal(pbt__vault_verify(vault, id, 0, &record, &error), PBT_OK);
    pbt__vault_close(dead);
}

static void what_is_published_is_no_progress(void **state)
{
    (void)state;
    pbt__checkpoint record = {.size_bytes = 42};
    assert_int_equal(pbt__vault_write(vault, id, 1, "weights", 7, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare_progress(vault, id, 1, &record, &error), PBT_OK);
    assert_int_equal(record.size_bytes, 7);
    assert_int_equal(pbt__vault_publish(vault, id, 1, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare_progress(vault, id, 1, &record, &error),
                     PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "there is no checkpoint at"));
}

static void what_was_not_prepared_is_not_published(void **state)
{
    (void)state;
    pbt__checkpoint record;
    assert_int_equal(pbt__vault_write(vault, id, 1, "weights", 7, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare(vault, id, 1, &record, &error), PBT_OK);
    put(in("vault/other"), "other");
    assert_int_equal(rename(in("vault/other"), in("vault/.aside/m3s12.1")), 0);
    assert_int_equal(pbt__vault_publish(vault, id, 1, &record, &error), PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "is still being written"));
    assert_false(exists(in("vault/m3s12")));
}

static atomic_bool has_seen;

/* A save in the background gives its folder the final name at last, as Orbax does. */
static void *rename_for_ever(void *unused)
{
    char from[PBT__PATH_SIZE], to[PBT__PATH_SIZE];
    (void)snprintf(from, sizeof from, "%s", in("vault/.aside/m3s12.1/a"));
    (void)snprintf(to, sizeof to, "%s", in("vault/.aside/m3s12.1/b"));
    while (!atomic_load(&has_seen)) {
        (void)rename(from, to);
        (void)rename(to, from);
    }
    return unused;
}

static void what_is_still_written_is_refused(void **state)
{
    (void)state;
    pthread_t thread;
    pbt__checkpoint record;
    assert_int_equal(mkdir(in("vault/.aside/m3s12.1"), 0777), 0);
    put(in("vault/.aside/m3s12.1/a"), "weights");
    atomic_store(&has_seen, false);
    assert_int_equal(pthread_create(&thread, NULL, rename_for_ever, NULL), 0);
    /* Either look may miss a change or meet it half-way; a miss is tried again. */
    pbt_err err = PBT_OK;
    bool is_torn = false;
    for (int i = 0; !is_torn && i < 300; i++) {
        err = pbt__vault_prepare(vault, id, 1, &record, &error);
        is_torn = err != PBT_OK && strstr(error.message, "is still being written") != NULL;
    }
    atomic_store(&has_seen, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(is_torn);
    assert_int_equal(err, PBT_ERR_CHECKPOINT);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_vault, close_vault)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_another_published_is_no_attempts),
        CASE(what_is_published_is_no_progress),
        CASE(what_was_not_prepared_is_not_published),
        CASE(what_is_still_written_is_refused),
    };
    return cmocka_run_group_tests_name("checkpoint_publish", tests, NULL, NULL);
}
