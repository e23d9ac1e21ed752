/* token.c: the secret that opens a server. */
#include <string.h>
#include <strings.h>

#include "base/random.h"
#include "server/inside.h"

pbt_err pbt__token_make(char *out, pbt_error *error)
{
    return pbt__random_text(out, PBT__TOKEN_SIZE, 6, error);
}

static bool is_same(const char *shown, const char *token)
{
    const size_t shown_length = strlen(shown), length = strlen(token);
    unsigned difference = shown_length == length && length > 0 ? 0 : 1;
    for (size_t i = 0; i < shown_length; i++) {
        difference |= (unsigned char)shown[i] ^ (unsigned char)token[length > 0 ? i % length : 0];
    }
    return difference == 0;
}

pbt__role pbt__token_role(const pbt__server *server, const char *header)
{
    static const char SCHEME[] = "Bearer ";
    if (header == NULL || strncasecmp(header, SCHEME, sizeof SCHEME - 1) != 0) {
        return PBT__ROLE_NONE;
    }
    const char *shown = header + sizeof SCHEME - 1;
    const bool is_owner = is_same(shown, server->token);
    const bool is_worker = is_same(shown, server->worker_token);
    if (is_owner) {
        return PBT__ROLE_OWNER;
    }
    return is_worker ? PBT__ROLE_WORKER : PBT__ROLE_NONE;
}
