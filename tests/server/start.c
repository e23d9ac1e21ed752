/* start.c: where a server may listen, who may ask it, and whose it answers for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/server.h"

static const char TOKEN[] = "0123456789abcdef";

static pbt_err start(const pbt__server_options *options, pbt__server **out)
{
    pbt_error error = {0};
    const pbt_err err = pbt__server_start(options, out, &error);
    if (err != PBT_OK) {
        assert_int_equal(error.code, err);
        assert_string_not_equal(error.message, "");
    }
    return err;
}

static void only_this_machine_unless_told_otherwise(void **state)
{
    (void)state;
    pbt__server *server = NULL;
    static const char *const ADDRESSES[] = {"0.0.0.0", "::", "::ffff:127.0.0.1"};
    for (size_t i = 0; i < sizeof ADDRESSES / sizeof *ADDRESSES; i++) {
        const pbt__server_options options = {.address = ADDRESSES[i], .token = TOKEN};
        assert_int_equal(start(&options, &server), PBT_ERR_ARGUMENT);
    }
    const pbt__server_options insecure = {
        .address = "0.0.0.0", .token = TOKEN, .is_insecure = true};
    assert_int_equal(start(&insecure, &server), PBT_OK);
    pbt__server_stop(server);
}

static void loopback_in_every_notation(void **state)
{
    (void)state;
    static const char *const ADDRESSES[] = {"127.0.0.1", "127.1.2.3"};
    for (size_t i = 0; i < sizeof ADDRESSES / sizeof *ADDRESSES; i++) {
        pbt__server *server = NULL;
        const pbt__server_options options = {.address = ADDRESSES[i], .token = TOKEN};
        assert_int_equal(start(&options, &server), PBT_OK);
        assert_memory_equal(pbt__server_url(server), "http://", 7);
        pbt__server_stop(server);
    }
}

static void a_port_that_is_taken(void **state)
{
    (void)state;
    pbt__server *one = NULL, *other = NULL;
    pbt__server_options options = {.address = "127.0.0.1", .token = TOKEN};
    assert_int_equal(start(&options, &one), PBT_OK);
    options.port = (uint16_t)strtoul(strrchr(pbt__server_url(one), ':') + 1, NULL, 10);
    assert_int_not_equal(options.port, 0);
    assert_int_equal(start(&options, &other), PBT_ERR_IO);
    assert_null(other);
    pbt__server_stop(one);
    assert_int_equal(start(&options, &other), PBT_OK);
    pbt__server_stop(other);
}

static void an_address_that_is_none(void **state)
{
    (void)state;
    pbt__server *server = NULL;
    const pbt__server_options options = {.address = "300.1.1.1", .token = TOKEN};
    assert_int_equal(start(&options, &server), PBT_ERR_ARGUMENT);
}

static void a_token_must_be_hard_to_guess(void **state)
{
    (void)state;
    char long_token[130];
    memset(long_token, 'x', sizeof long_token);
    long_token[sizeof long_token - 1] = '\0';
    const char *const tokens[] = {NULL,      "", "short", "0123456789abcd f", "0123456789abcd\n",
                                  long_token};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        pbt__server *server = NULL;
        const pbt__server_options options = {.address = "127.0.0.1", .token = tokens[i]};
        assert_int_equal(start(&options, &server), PBT_ERR_ARGUMENT);
    }
}

static void tokens_are_made_of_random_numbers(void **state)
{
    (void)state;
    enum { COUNT = 64 };
    char tokens[COUNT][PBT__TOKEN_SIZE];
    bool has_seen[128] = {false};
    int seen = 0;
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(pbt__token_make(tokens[i], NULL), PBT_OK);
        assert_int_equal(strlen(tokens[i]), PBT__TOKEN_SIZE - 1);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(tokens[i], tokens[j]);
        }
        for (const char *c = tokens[i]; *c != '\0'; c++) {
            seen += has_seen[(unsigned char)*c] ? 0 : 1;
            has_seen[(unsigned char)*c] = true;
        }
    }
    /* 2,752 draws from 64 digits miss one with a probability below 1e-17. */
    assert_int_equal(seen, 64);
}

static void each_study_is_served_once(void **state)
{
    (void)state;
    static const char SPEC[] = "version: 1\nname: one\npopulation: 2\nready: {every: 10}\n"
                               "stop: {steps: 10}\ntrainer: {command: [none]}\n"
                               "hyperparameters: {x: {type: float, min: 0, max: 1}}\n";
    char folder[] = "/tmp/pbt-start-XXXXXX";
    pbt__store *store = NULL;
    pbt_spec *spec = NULL;
    pbt__study *study = NULL;
    pbt__server *server = NULL;
    const pbt__store_options store_options = {.url = "memory:", .can_create = true};
    const pbt__study_options study_options = {.checkpoint_folder = mkdtemp(folder)};
    const pbt__server_options options = {.address = "127.0.0.1", .token = TOKEN};
    json_t *provenance = json_object();
    assert_int_equal(pbt__store_open(&store_options, &store, NULL), PBT_OK);
    assert_int_equal(pbt__spec_parse(SPEC, "one", folder, &spec, NULL), PBT_OK);
    assert_int_equal(pbt__study_create(store, spec, provenance, &study_options, &study, NULL),
                     PBT_OK);
    assert_int_equal(start(&options, &server), PBT_OK);
    assert_int_equal(pbt__server_add(server, study, NULL), PBT_OK);
    assert_int_equal(pbt__server_add(server, study, NULL), PBT_ERR_EXISTS);
    pbt__server_remove(server, study);
    pbt__server_remove(server, study);
    assert_int_equal(pbt__server_add(server, study, NULL), PBT_OK);
    pbt__server_stop(server);
    pbt__study_close(study);
    pbt__store_close(store);
    json_decref(provenance);
    assert_int_equal(pbt__file_remove(folder, NULL), PBT_OK);
}

static void stopping_nothing_is_nothing(void **state)
{
    (void)state;
    pbt__server_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_this_machine_unless_told_otherwise),
        cmocka_unit_test(loopback_in_every_notation),
        cmocka_unit_test(a_port_that_is_taken),
        cmocka_unit_test(an_address_that_is_none),
        cmocka_unit_test(a_token_must_be_hard_to_guess),
        cmocka_unit_test(tokens_are_made_of_random_numbers),
        cmocka_unit_test(each_study_is_served_once),
        cmocka_unit_test(stopping_nothing_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
