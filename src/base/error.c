/*
 * error.c: the table of errors as texts, and filling in a pbt_error.
 *
 * Every text becomes one line of whole UTF-8 characters: control characters become '?', and a text
 * that is too long is cut between characters.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/plain.h"

const char *pbt_err_name(pbt_err err)
{
    switch (err) {
#define ERROR_NAME(name, number, message, http, status, python)                                    \
    case PBT_##name:                                                                               \
        return #name;
        PBT_ERRORS(ERROR_NAME)
#undef ERROR_NAME
    }
    return "unknown";
}

const char *pbt_err_message(pbt_err err)
{
    switch (err) {
#define ERROR_MESSAGE(name, number, message, http, status, python)                                 \
    case PBT_##name:                                                                               \
        return message;
        PBT_ERRORS(ERROR_MESSAGE)
#undef ERROR_MESSAGE
    }
    return "unknown error";
}

const char *pbt_version(void)
{
    return PBT_VERSION;
}

int32_t pbt_version_number(void)
{
    return PBT_VERSION_NUMBER;
}

enum { TEXT_MAX = sizeof(((pbt_error *)NULL)->detail) };

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* End out[size] with a NUL and, where its text was cut, between characters. */
static void cut(char *out, size_t size, bool was_cut)
{
    size_t end = size - 1;
    out[end] = '\0';
    if (!was_cut) {
        return;
    }
    while (end > 0 && is_continuation(out[end - 1])) {
        end--;
    }
    if (end > 0 && (unsigned char)out[end - 1] >= 0xC0) {
        end--;
    }
    out[end] = '\0';
}

/* Format into out[size] as the head of this file says; the arguments may point into `out`. */
static void fill(char *out, size_t size, const char *format, va_list arguments)
{
    char text[TEXT_MAX] = "";
    const int wanted = vsnprintf(text, size, format, arguments);
    cut(text, size, wanted >= 0 && (size_t)wanted >= size);
    pbt__plain(text, strlen(text), false);
    memcpy(out, text, strlen(text) + 1);
}

static void begin(pbt_error *error, pbt_err code, const char *format, va_list arguments)
{
    error->code = code;
    fill(error->message, sizeof error->message, format, arguments);
    error->detail[0] = '\0';
    error->hint[0] = '\0';
}

pbt_err pbt__fail(pbt_error *error, pbt_err code, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        begin(error, code, format, arguments);
        va_end(arguments);
    }
    return code;
}

void pbt__error_detail(pbt_error *error, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        fill(error->detail, sizeof error->detail, format, arguments);
        va_end(arguments);
    }
}

void pbt__error_hint(pbt_error *error, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        fill(error->hint, sizeof error->hint, format, arguments);
        va_end(arguments);
    }
}

pbt_err pbt__fail_memory(pbt_error *error)
{
    return pbt__fail(error, PBT_ERR_MEMORY, "%s", pbt_err_message(PBT_ERR_MEMORY));
}

/* System limits that a process may reach, and what helps. */
static const struct {
    int reason;
    const char *hint;
} LACKS[] = {
    {EMFILE, "raise the limit of open files ('ulimit -n'), or take fewer --slots"},
    {ENFILE,
     "the whole machine has too many files open: end other programs, or take fewer --slots"},
    {ENOMEM, "free memory, or take fewer --slots"},
    {EAGAIN, "raise the limit of processes ('ulimit -u', the cgroup's pids.max), or take fewer "
             "--slots"},
};

const char *pbt__error_lack(int reason)
{
    for (size_t i = 0; i < sizeof LACKS / sizeof *LACKS; i++) {
        if (LACKS[i].reason == reason) {
            return LACKS[i].hint;
        }
    }
    return NULL;
}

pbt_err pbt__fail_errno(pbt_error *error, const char *format, ...)
{
    const int reason = errno;
    const char *hint = pbt__error_lack(reason);
    const pbt_err code = hint != NULL ? PBT_ERR_RESOURCE : PBT_ERR_IO;
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        begin(error, code, format, arguments);
        va_end(arguments);
        char words[128];
        pbt__error_detail(error, "%s", strerror_r(reason, words, sizeof words));
        pbt__error_hint(error, "%s", hint != NULL ? hint : "");
    }
    return code;
}
