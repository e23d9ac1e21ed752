/* token.c: the secret that opens a server. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/error.h"
#include "server/inside.h"

enum { RANDOM_SIZE = 32 };

pbt_err pbt__token_make(char *out, pbt_error *error)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char bytes[RANDOM_SIZE + 1] = {0};
    if (getrandom(bytes, RANDOM_SIZE, 0) != RANDOM_SIZE) {
        return pbt__fail_errno(error, "the system gives no random numbers");
    }
    for (size_t i = 0; i < PBT__TOKEN_SIZE - 1; i++) {
        const size_t bit = 6 * i;
        const unsigned pair = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];
        out[i] = DIGITS[pair >> (10 - bit % 8) & 63];
    }
    out[PBT__TOKEN_SIZE - 1] = '\0';
    return PBT_OK;
}

bool pbt__token_is_shown(const pbt__server *server, const char *header)
{
    static const char SCHEME[] = "Bearer ";
    if (header == NULL || strncasecmp(header, SCHEME, sizeof SCHEME - 1) != 0) {
        return false;
    }
    const char *shown = header + sizeof SCHEME - 1;
    const size_t shown_length = strlen(shown), length = strlen(server->token);
    unsigned difference = shown_length == length ? 0 : 1;
    for (size_t i = 0; i < shown_length; i++) {
        difference |= (unsigned char)shown[i] ^ (unsigned char)server->token[i % length];
    }
    return difference == 0;
}
