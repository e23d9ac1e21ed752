/* random.c: the one place that asks the system for random numbers. */
#include "base/random.h"

#include <sys/random.h>

#include "base/error.h"

pbt_err pbt__random_fill(void *out, size_t size, pbt_error *error)
{
    return size <= PBT__RANDOM_MAXIMUM && getrandom(out, size, 0) == (ssize_t)size
               ? PBT_OK
               : pbt__fail_errno(error, "cannot get random numbers");
}

pbt_err pbt__random_text(char *out, size_t size, unsigned bits, pbt_error *error)
{
    static const char DIGITS[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    const pbt_err err = pbt__random_fill(out, size, error);
    for (size_t i = 0; err == PBT_OK && i + 1 < size; i++) {
        out[i] = DIGITS[(unsigned char)out[i] & ((1u << bits) - 1)];
    }
    if (err == PBT_OK) {
        out[size - 1] = '\0';
    }
    return err;
}
