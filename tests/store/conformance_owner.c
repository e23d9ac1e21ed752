/* conformance_owner.c: who owns a store, and what others know of it. */
#include "conformance.h"

#include <string.h>
#include <unistd.h>

static pbt__store_owner find_owner(fixture *self)
{
    pbt__store_owner found;
    memset(&found, 'x', sizeof found);
    pbt__store_find_owner(self->store, &found);
    return found;
}

static void whoever_asks_owns_the_store(void **state)
{
    fixture *self = *state;
    assert_false(pbt__store_is_owner(self->store));
    assert_int_not_equal(find_owner(self).state, PBT__OWNER_LIVES);
    for (int i = 0; i < 2; i++) { /* what a handle owned ends with it */
        assert_ok(self, try_open(self, true));
        assert_true(pbt__store_is_owner(self->store));
        const pbt__store_owner found = find_owner(self);
        assert_int_equal(found.state, PBT__OWNER_LIVES);
        assert_int_equal(found.process, getpid());
    }
    do_create_full(self, "toy");
}

static void a_visitor_has_nothing_to_say(void **state)
{
    fixture *self = *state;
    pbt_err err = pbt__store_announce(self->store, "mine", false, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    assert_string_equal(find_owner(self).words, "");
}

static void an_owners_words_have_a_bound(void **state)
{
    fixture *self = *state;
    char words[PBT__WORDS_SIZE + 1] = "";
    assert_ok(self, try_open(self, true));
    memset(words, 'w', PBT__WORDS_SIZE);
    pbt_err err = pbt__store_announce(self->store, words, false, &self->error);
    assert_fails(self, err, PBT_ERR_LIMIT);
    words[PBT__WORDS_SIZE - 1] = '\0';
    assert_ok(self, pbt__store_announce(self->store, words, false, &self->error));
}

/* Own the store and say so, until killed or told to end. */
static int own(fixture *self, const peer *parent)
{
    if (try_open(self, true) != PBT_OK ||
        pbt__store_announce(self->store, "first", false, NULL) != PBT_OK ||
        pbt__store_announce(self->store, "second", false, NULL) != PBT_OK) {
        return 1;
    }
    peer_tell(parent);
    peer_await(parent);
    pbt__store_close(self->store);
    return 0;
}

/* Whether others can open the store at all. */
static bool is_shared(const fixture *self)
{
    return !pbt__store_is_fleeting(self->store);
}

static void a_store_has_one_owner_and_visitors(void **state)
{
    fixture *self = *state;
    if (!is_shared(self)) {
        return;
    }
    const peer owner = peer_start(self, own);
    peer_await(&owner);
    assert_fails(self, try_open(self, true), PBT_ERR_BUSY);
    assert_ok(self, try_open(self, false));
    const pbt__store_owner found = find_owner(self);
    assert_int_equal(found.state, PBT__OWNER_LIVES);
    assert_int_equal(found.process, owner.process);
    assert_string_equal(found.words, "second");
    assert_true(found.is_private);
    do_create_full(self, "toy");
    assert_int_equal(peer_end(&owner), 0);
    assert_int_equal(find_owner(self).state, PBT__OWNER_NONE);
    assert_string_equal(find_owner(self).words, "");
}

static void an_owner_that_is_killed_owns_nothing(void **state)
{
    fixture *self = *state;
    if (!is_shared(self)) {
        return;
    }
    const peer owner = peer_start(self, own);
    peer_await(&owner);
    assert_ok(self, try_open(self, false));
    peer_kill(&owner);
    assert_int_equal(find_owner(self).state, PBT__OWNER_NONE);
    assert_ok(self, try_open(self, true));
    assert_int_equal(find_owner(self).process, getpid());
    assert_string_equal(find_owner(self).words, "second"); /* it had no time to take it back */
    assert_ok(self, pbt__store_announce(self->store, "third", false, &self->error));
    assert_string_equal(find_owner(self).words, "third");
}

static void what_stays_is_for_the_next_owner(void **state)
{
    fixture *self = *state;
    if (!is_shared(self)) {
        return;
    }
    assert_ok(self, try_open(self, true));
    assert_ok(self, pbt__store_announce(self->store, "goes", false, &self->error));
    assert_ok(self, try_open(self, true));
    assert_string_equal(find_owner(self).words, "");
    assert_ok(self, pbt__store_announce(self->store, "stays", true, &self->error));
    assert_ok(self, try_open(self, true));
    assert_string_equal(find_owner(self).words, "stays");
}

const conformance_case conformance_owner[] = {
    CONFORMANCE_CASE(whoever_asks_owns_the_store),
    CONFORMANCE_CASE(a_visitor_has_nothing_to_say),
    CONFORMANCE_CASE(an_owners_words_have_a_bound),
    CONFORMANCE_CASE(a_store_has_one_owner_and_visitors),
    CONFORMANCE_CASE(an_owner_that_is_killed_owns_nothing),
    CONFORMANCE_CASE(what_stays_is_for_the_next_owner),
    {NULL, NULL},
};
