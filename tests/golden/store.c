/* store.c: a recorded study as a text and in a store. */
#include <ftw.h>
#include <inttypes.h>

#include "golden.h"

golden golden_split(char *text)
{
    golden self = {.text = text};
    size_t capacity = 1;
    for (const char *at = text; *at != '\0'; at++) {
        capacity += *at == '\n' ? 1 : 0;
    }
    self.lines = calloc(capacity, sizeof *self.lines);
    assert_non_null(self.lines);
    for (char *rest = text, *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (line[0] != '\0') {
            self.lines[self.count++] = line;
        }
    }
    return self;
}

void golden_free(golden *self)
{
    free(self->lines);
    free(self->text);
}

const char *golden_after(const char *line, const char *word)
{
    const size_t length = strlen(word);
    return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

int64_t golden_number(const char **at)
{
    char *end = NULL;
    const int64_t value = strtoll(*at, &end, 10);
    assert_true(end > *at);
    *at = *end != '\0' ? end + 1 : end;
    return value;
}

/* ---- writing ---- */

static void write_hex(const void *bytes, size_t length, pbt__text *out)
{
    for (size_t i = 0; i < length; i++) {
        pbt__text_format(out, "%02x", ((const unsigned char *)bytes)[i]);
    }
    pbt__text_add(out, "\n");
}

typedef struct events {
    pbt__text *out;
    pbt_segment_id ids[4096]; /* of every report */
    size_t count;
} events;

static pbt_err write_event(void *context, const pbt__event *event)
{
    events *these = context;
    char digest[PBT__DIGEST_TEXT_SIZE];
    pbt__digest_write(event->digest, digest);
    assert_null(memchr(event->body, '\n', event->body_length));
    pbt__text_format(these->out, "event %d %" PRId64 " %s ", (int)event->kind, event->time_us,
                     digest);
    pbt__text_append(these->out, event->body, event->body_length);
    pbt__text_add(these->out, "\n");
    const char *at = strstr(event->body, "\"segment\":\"");
    if (event->kind == PBT__REPORTED && at != NULL) {
        char id[PBT__ID_SIZE];
        assert_int_equal(sscanf(at, "\"segment\":\"%31[ms0-9]", id), 1);
        assert_true(these->count < sizeof these->ids / sizeof *these->ids);
        assert_true(pbt__id_read(id, &these->ids[these->count++]));
    }
    return PBT_OK;
}

static bench *walked;
static pbt__text *walked_out;

static int write_file(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    char *bytes = NULL;
    size_t length = 0;
    const char *name = path + strlen(walked->folder) + 1;
    if (type == FTW_F && strstr(name, "/.") == NULL && path[where->base] != '.') {
        assert_ok(pbt__file_read(path, GOLDEN_MAXIMUM, &bytes, &length, NULL));
        pbt__text_format(walked_out, "file %s ", name);
        write_hex(bytes, length, walked_out);
        free(bytes);
    }
    return 0;
}

void golden_write_store(bench *b, const char *name, pbt__text *out)
{
    char folder[PBT__PATH_SIZE];
    pbt__study_row row;
    events *these = calloc(1, sizeof *these);
    assert_non_null(these);
    these->out = out;
    assert_ok(pbt__store_find(b->store, name, &row, &b->error));
    assert_ok(pbt__store_read(b->store, row.id, 0, write_event, these, &b->error));
    for (size_t i = 0; i < these->count; i++) {
        void *bytes = NULL;
        size_t length = 0;
        char id[PBT__ID_SIZE];
        if (pbt__store_blob_get(b->store, row.id, these->ids[i], &bytes, &length, NULL) == PBT_OK) {
            pbt__id_write(these->ids[i], id);
            pbt__text_format(out, "blob %s ", id);
            write_hex(bytes, length, out);
            free(bytes);
        }
    }
    free(these);
    walked = b;
    walked_out = out;
    snprintf(folder, sizeof folder, "%.3900s/%s.checkpoints", b->folder, name);
    (void)!nftw(folder, write_file, 8, FTW_PHYS);
}

/* ---- reading ---- */

static char *read_hex(const char *text, size_t *length)
{
    *length = strlen(text) / 2;
    char *bytes = calloc(*length + 1, 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < *length; i++) {
        const char pair[] = {text[2 * i], text[2 * i + 1], '\0'};
        bytes[i] = (char)strtoul(pair, NULL, 16);
    }
    return bytes;
}

static char *begin(bench *b, const char *body)
{
    int64_t id = 0;
    pbt__transaction transaction;
    json_t *json = json_loads(body, 0, NULL);
    const char *name = json_string_value(json_object_get(json, "name"));
    assert_non_null(name);
    char *copy = strdup(name);
    assert_non_null(copy);
    assert_ok(pbt__store_begin_create(b->store, name, &id, &transaction, &b->error));
    json_decref(json);
    return copy;
}

static void load_event(bench *b, int64_t sequence, const char *rest)
{
    char digest[PBT__DIGEST_TEXT_SIZE];
    pbt__event event = {.sequence = sequence};
    event.kind = (pbt__event_kind)golden_number(&rest);
    event.time_us = golden_number(&rest);
    snprintf(digest, sizeof digest, "%s", rest);
    event.body = rest + sizeof digest;
    event.body_length = strlen(event.body);
    b->now_us = event.time_us;
    assert_true(pbt__digest_read(digest, &event.digest));
    assert_ok(pbt__store_append(b->store, &event, 1, &b->error));
}

static void load_blob(bench *b, const char *rest)
{
    char name[PBT__ID_SIZE];
    int at = 0;
    size_t length = 0;
    pbt_segment_id id;
    assert_int_equal(sscanf(rest, "%31s %n", name, &at), 1);
    assert_true(pbt__id_read(name, &id));
    char *bytes = read_hex(rest + at, &length);
    assert_ok(pbt__store_blob_put(b->store, &(pbt__blob){id, bytes, length}, 1, &b->error));
    free(bytes);
}

static void load_file(const bench *b, const char *rest)
{
    char name[256], path[PBT__PATH_SIZE];
    int at = 0;
    size_t length = 0;
    assert_int_equal(sscanf(rest, "%255s %n", name, &at), 1);
    snprintf(path, sizeof path, "%.3800s/%s", b->folder, name);
    char *bytes = read_hex(rest + at, &length);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    assert_ok(pbt__file_make_folder(path, NULL));
    *slash = '/';
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

char *golden_load(const golden *self, bench *b)
{
    char *name = NULL;
    int64_t sequence = 0;
    for (size_t i = 0; i < self->count; i++) {
        const char *event = golden_after(self->lines[i], "event");
        const char *blob = golden_after(self->lines[i], "blob");
        const char *file = golden_after(self->lines[i], "file");
        if (event != NULL && name == NULL) {
            name = begin(b, strchr(event, '{'));
        }
        if (event != NULL) {
            load_event(b, ++sequence, event);
        } else if (blob != NULL) {
            load_blob(b, blob);
        } else if (file != NULL) {
            load_file(b, file);
        }
    }
    assert_non_null(name);
    assert_ok(pbt__store_commit(b->store, &b->error));
    return name;
}
