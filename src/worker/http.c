/*
 * http.c: libcurl's easy interface, one handle per thread.
 *
 * A plain http address is reached directly, without any proxy: it is this machine or one nearby,
 * and no proxy should see the token.
 */
#include "worker/http.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/error.h"

enum {
    CONNECT_SECONDS = 10,
    STALL_SECONDS = 60, /* a checkpoint that does not move for so long is given up */
    REFUSAL_MAXIMUM = 64 * 1024,
    ANSWER_MAXIMUM = 4 * 1024 * 1024, /* Units: bytes */
    VALUE_MAXIMUM = 16384,            /* of JSON in an answer */
};

/* ---- a handle -------------------------------------------------------------------------------- */

static CURLcode global_code;

static void start_libcurl(void)
{
    global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int look_up(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const pbt__http *http = context;
    (void)a, (void)b, (void)c, (void)d;
    return http->is_hurried != NULL && atomic_load(http->is_hurried);
}

static bool add_header(struct curl_slist **list, const char *header)
{
    struct curl_slist *longer = curl_slist_append(*list, header);
    if (longer != NULL) {
        *list = longer;
    }
    return longer != NULL;
}

static bool add_headers(pbt__http *http, const char *token)
{
    char shown[512] = "Accept: application/json";
    if (token != NULL) {
        (void)snprintf(shown, sizeof shown, "Authorization: Bearer %s", token);
    }
    return add_header(&http->json_headers, "Content-Type: application/json") &&
           add_header(&http->json_headers, "Expect:") && add_header(&http->json_headers, shown) &&
           add_header(&http->file_headers, "Content-Type: application/octet-stream") &&
           add_header(&http->file_headers, shown) &&
           add_header(&http->folder_headers, "Content-Type: application/x-tar") &&
           add_header(&http->folder_headers, shown);
}

/* Set what no call changes. */
static void set_always(pbt__http *http)
{
    CURL *curl = http->curl;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->why);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "pbt-worker/" PBT_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_up);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
    if (strncasecmp(http->base, "https:", 6) != 0) {
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    }
}

static bool is_made_of(const char *text, const char *allowed)
{
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

static bool is_name(const char *study)
{
    return is_made_of(study, "abcdefghijklmnopqrstuvwxyz0123456789._-") && study[0] != '.' &&
           strlen(study) <= 64;
}

static pbt_err check_words(const char *server, const char *study, const char *token,
                           pbt_error *error)
{
    const bool is_url =
        strncasecmp(server, "http://", 7) == 0 || strncasecmp(server, "https://", 8) == 0;
    if (!is_url || strpbrk(server, " \t\r\n?#@") != NULL) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "'%s' is not a server address", server);
        pbt__error_hint(error, "it begins with http:// or https://, such as http://127.0.0.1:8080");
        return PBT_ERR_ARGUMENT;
    }
    if (study != NULL && !is_name(study)) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "'%s' is not a study name", study);
    }
    for (const char *c = token != NULL ? token : ""; *c != '\0'; c++) {
        if (*c <= ' ' || *c == 0x7F || c - token >= 256) {
            return pbt__fail(error, PBT_ERR_ARGUMENT,
                             "the token is not 1 to 256 printable characters");
        }
    }
    return PBT_OK;
}

pbt_err pbt__http_init(pbt__http *http, const char *server, const char *study, const char *token,
                       pbt_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    *http = (pbt__http){.curl = NULL};
    const pbt_err err = check_words(server, study, token, error);
    if (err != PBT_OK) {
        return err;
    }
    size_t length = strlen(server);
    while (length > 0 && server[length - 1] == '/') {
        length--;
    }
    const int wanted = snprintf(http->base, sizeof http->base, "%.*s/v1%s%s", (int)length, server,
                                study != NULL ? "/studies/" : "", study != NULL ? study : "");
    if (wanted < 0 || (size_t)wanted >= sizeof http->base) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "the server's address is too long");
    }
    (void)pthread_once(&once, start_libcurl);
    if (global_code != CURLE_OK) {
        return pbt__fail(error, PBT_ERR_IO, "libcurl: %s", curl_easy_strerror(global_code));
    }
    http->curl = curl_easy_init();
    if (http->curl == NULL || !add_headers(http, token)) {
        return pbt__fail_memory(error);
    }
    set_always(http);
    return PBT_OK;
}

void pbt__http_fini(pbt__http *http)
{
    curl_easy_cleanup(http->curl);
    curl_slist_free_all(http->json_headers);
    curl_slist_free_all(http->file_headers);
    curl_slist_free_all(http->folder_headers);
    *http = (pbt__http){.curl = NULL};
}

/* ---- answers --------------------------------------------------------------------------------- */

static size_t keep(char *bytes, size_t size, size_t count, void *context)
{
    pbt__text *body = context;
    pbt__text_append(body, bytes, size * count);
    return body->failed ? 0 : size * count;
}

/* The error that a name of the table stands for; PBT_OK for any other. */
static pbt_err code_of(const char *name)
{
#define CODE_OF(symbol, number, message, http, status, python)                                     \
    if (strcmp(name, #symbol) == 0) {                                                              \
        return PBT_##symbol;                                                                       \
    }
    PBT_ERRORS(CODE_OF)
#undef CODE_OF
    return PBT_OK;
}

/* What a status says where the body does not. */
static pbt_err code_of_status(long status)
{
    switch (status) {
    case 404:
        return PBT_ERR_NOT_FOUND;
    case 409:
        return PBT_ERR_STATE;
    case 413:
        return PBT_ERR_LIMIT;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
        return PBT_ERR_BUSY;
    default:
        return status >= 500 ? PBT_ERR_IO : PBT_ERR_ARGUMENT;
    }
}

/* Fill in `error` with what the server says. */
static pbt_err fail_answer(const pbt__http *http, const pbt__http_answer *answer, pbt_error *error)
{
    const json_t *said = json_object_get(answer->json, "error");
    pbt_err code = code_of(pbt__json_get_text(said, "name", ""));
    if (code == PBT_OK || answer->status == 503) {
        code = code_of_status(answer->status);
    }
    const char *message = pbt__json_get_text(said, "message", NULL);
    if (message == NULL) {
        return pbt__fail(error, code, "'%s' answers with status %ld", http->base, answer->status);
    }
    (void)pbt__fail(error, code, "%s", message);
    pbt__error_detail(error, "%s", pbt__json_get_text(said, "detail", ""));
    pbt__error_hint(error, "%s", pbt__json_get_text(said, "hint", ""));
    return code;
}

/* What another try cannot fix. */
static bool is_hopeless(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_URL_MALFORMAT ||
           code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_SSL_CACERT_BADFILE;
}

static pbt_err fail_transport(const pbt__http *http, CURLcode code, pbt_error *error)
{
    const pbt_err err = is_hopeless(code) ? PBT_ERR_IO : PBT_ERR_BUSY;
    (void)pbt__fail(error, err, "'%s' does not answer", http->base);
    pbt__error_detail(error, "%s", http->why[0] != '\0' ? http->why : curl_easy_strerror(code));
    return err;
}

/* Make the call that is set up; `body` is what came back, of at most its maximum. */
static pbt_err perform(pbt__http *http, const char *path, const pbt__text *body,
                       pbt__http_answer *out, pbt_error *error)
{
    char url[sizeof http->base + 128];
    (void)snprintf(url, sizeof url, "%s%s", http->base, path);
    curl_easy_setopt(http->curl, CURLOPT_URL, url);
    http->why[0] = '\0';
    const CURLcode code = curl_easy_perform(http->curl);
    if (body->failed) {
        return pbt__fail(error, PBT_ERR_LIMIT, "'%s' answers with too much", http->base);
    }
    if (code == CURLE_WRITE_ERROR || code == CURLE_READ_ERROR) {
        return pbt__fail_errno(error, "a checkpoint cannot be read or written");
    }
    if (code != CURLE_OK) {
        return fail_transport(http, code, error);
    }
    out->is_answered = true;
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &out->status);
    return PBT_OK;
}

/* Take the body as JSON, and a status other than 2xx as the failure that it is. */
static pbt_err judge(const pbt__http *http, const pbt__text *body, pbt__http_answer *out,
                     pbt_error *error)
{
    const bool is_good = out->status >= 200 && out->status < 300;
    const pbt__json_source source = {
        .text = pbt__text_string(body), .length = body->length, .value_maximum = VALUE_MAXIMUM};
    const pbt_err err = pbt__json_read_source(&source, &out->json, is_good ? error : NULL);
    return is_good ? err : fail_answer(http, out, error);
}

/* Make a call of JSON, or of nothing; `answer` gets its bytes. */
static pbt_err exchange(pbt__http *http, const char *path, const char *body, double seconds,
                        pbt__text *answer, pbt__http_answer *out, pbt_error *error)
{
    curl_easy_setopt(http->curl, CURLOPT_UPLOAD, 0L);
    curl_easy_setopt(http->curl, body != NULL ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
    if (body != NULL) {
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    }
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, http->json_headers);
    curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(http->curl, CURLOPT_TIMEOUT_MS, (long)(seconds * 1000));
    curl_easy_setopt(http->curl, CURLOPT_LOW_SPEED_TIME, 0L);
    return perform(http, path, answer, out, error);
}

pbt_err pbt__http_call(pbt__http *http, const char *path, const char *body, double seconds,
                       pbt__http_answer *out, pbt_error *error)
{
    pbt__text answer = pbt__text_init(ANSWER_MAXIMUM);
    *out = (pbt__http_answer){.status = 0};
    pbt_err err = exchange(http, path, body, seconds, &answer, out, error);
    if (err == PBT_OK) {
        err = judge(http, &answer, out, error);
    }
    pbt__text_fini(&answer);
    return err;
}

pbt_err pbt__http_fetch(pbt__http *http, const char *path, const char *body, double seconds,
                        pbt__text *out, pbt_error *error)
{
    pbt__http_answer answer = {.status = 0};
    pbt_err err = exchange(http, path, body, seconds, out, &answer, error);
    if (err == PBT_OK && (answer.status < 200 || answer.status >= 300)) {
        err = judge(http, out, &answer, error);
    }
    json_decref(answer.json);
    return err;
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

/* They take as long as they take, while bytes move. */
static void set_patient(pbt__http *http)
{
    curl_easy_setopt(http->curl, CURLOPT_TIMEOUT_MS, 0L);
    curl_easy_setopt(http->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(http->curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
}

static size_t read_piece(char *bytes, size_t size, size_t count, void *context)
{
    FILE *file = context;
    const size_t length = fread(bytes, 1, size * count, file);
    return ferror(file) ? CURL_READFUNC_ABORT : length;
}

/* libcurl sends again from the start on a connection that was closed while it rested. */
static int rewind_file(void *context, curl_off_t offset, int origin)
{
    return fseeko(context, offset, origin) == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

pbt_err pbt__http_put(pbt__http *http, const char *path, FILE *file, int64_t length, bool is_folder,
                      pbt_error *error)
{
    pbt__text body = pbt__text_init(REFUSAL_MAXIMUM);
    pbt__http_answer answer = {.status = 0};
    rewind(file);
    curl_easy_setopt(http->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(http->curl, CURLOPT_READFUNCTION, read_piece);
    curl_easy_setopt(http->curl, CURLOPT_READDATA, file);
    curl_easy_setopt(http->curl, CURLOPT_SEEKFUNCTION, rewind_file);
    curl_easy_setopt(http->curl, CURLOPT_SEEKDATA, file);
    curl_easy_setopt(http->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)length);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER,
                     is_folder ? http->folder_headers : http->file_headers);
    curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, &body);
    set_patient(http);
    pbt_err err = perform(http, path, &body, &answer, error);
    if (err == PBT_OK) {
        err = judge(http, &body, &answer, error);
    }
    json_decref(answer.json);
    pbt__text_fini(&body);
    return err;
}

/* A body that is a checkpoint, or a refusal: which, its status says before the first byte. */
typedef struct download {
    pbt__http *http;
    FILE *file;
    pbt__text refusal;
} download;

static size_t write_piece(char *bytes, size_t size, size_t count, void *context)
{
    download *self = context;
    long status = 0;
    curl_easy_getinfo(self->http->curl, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 ? fwrite(bytes, 1, size * count, self->file)
                         : keep(bytes, size, count, &self->refusal);
}

pbt_err pbt__http_get(pbt__http *http, const char *path, FILE *file, bool *is_folder,
                      pbt_error *error)
{
    download self = {.http = http, .file = file, .refusal = pbt__text_init(REFUSAL_MAXIMUM)};
    pbt__http_answer answer = {.status = 0};
    const char *type = NULL;
    rewind(file);
    if (ftruncate(fileno(file), 0) != 0) {
        return pbt__fail_errno(error, "a checkpoint cannot be written");
    }
    curl_easy_setopt(http->curl, CURLOPT_UPLOAD, 0L);
    curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, http->file_headers);
    curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, write_piece);
    curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, &self);
    set_patient(http);
    pbt_err err = perform(http, path, &self.refusal, &answer, error);
    if (err == PBT_OK && answer.status != 200) {
        err = judge(http, &self.refusal, &answer, error);
        err = err == PBT_OK ? pbt__fail(error, PBT_ERR_IO, "no checkpoint came") : err;
    } else if (err == PBT_OK && fflush(file) != 0) {
        err = pbt__fail_errno(error, "a checkpoint cannot be written");
    }
    curl_easy_getinfo(http->curl, CURLINFO_CONTENT_TYPE, &type);
    if (err == PBT_OK) {
        *is_folder = type != NULL && strncasecmp(type, "application/x-tar", 17) == 0;
    }
    json_decref(answer.json);
    pbt__text_fini(&self.refusal);
    return err;
}
