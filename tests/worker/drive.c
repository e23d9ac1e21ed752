/*
 * drive.c: a worker that does what it reads, for the tests that play its server.
 *
 * Usage: worker-drive [FOLDER [PATIENCE]], with the worker's environment.
 *
 * A line of input is one call; each is answered by one line, "ok ..." or "ERR_NAME message".
 */
#include <inttypes.h>
#include <pbt/worker.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static pbt_worker *worker;
static pbt_error error;

static void say(pbt_err err)
{
    if (err == PBT_OK) {
        (void)printf("ok %s\n", pbt_worker_is_recorded(worker) ? "recorded" : "dropped");
    } else {
        (void)printf("%s %s | %s | %s\n", pbt_err_name(err), error.message, error.detail,
                     error.hint);
    }
}

static void describe(const pbt_worker_segment *s)
{
    if (s == NULL) {
        (void)printf("ok over %s\n", pbt_worker_reason(worker));
        return;
    }
    (void)printf("ok id=%s attempt=%d member=%d number=%d donor=%d seed=%u parent=%s steps=%" PRId64
                 "..%" PRId64 " stop=%" PRId64 " ages=%" PRId64 "..%" PRId64 " resume=%" PRId64
                 " fresh=%d load=%s save_to=%s",
                 s->id, (int)s->attempt, (int)s->member, (int)s->number, (int)s->donor,
                 (unsigned)s->seed, s->parent != NULL ? s->parent : "-", s->start_step, s->end_step,
                 s->stop_step, s->start_age, s->end_age, s->resume_step, s->is_fresh,
                 s->load != NULL ? s->load : "-", s->save_to);
    for (size_t i = 0; i < s->hyperparameter_count; i++) {
        const pbt_hyperparameter *h = &s->hyperparameters[i];
        (void)printf(" %s=%.17g/%" PRId64 "/%s", h->name, h->real, h->integer,
                     h->text != NULL ? h->text : "-");
    }
    (void)printf("\n");
}

static void next(void)
{
    const pbt_worker_segment *segment = NULL;
    const pbt_err err = pbt_worker_next(worker, &segment, &error);
    if (err == PBT_OK) {
        describe(segment);
    } else {
        say(err);
    }
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[8192];
    const int size = snprintf(path, sizeof path, "%s%s", folder, name);
    FILE *file = size > 0 && size < (int)sizeof path ? fopen(path, "w") : NULL;
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        (void)printf("cannot write %s\n", path);
        exit(1);
    }
}

/* Save a file, or a folder with a folder in it, at the segment's place. */
static void save(const char *kind, const char *text)
{
    const char *path = pbt_worker_segment_now(worker)->save_to;
    char below[8192];
    if (strcmp(kind, "file") == 0) {
        write_file(path, "", text);
    } else {
        (void)snprintf(below, sizeof below, "%s/deep", path);
        (void)mkdir(path, 0755);
        (void)mkdir(below, 0755);
        write_file(path, "/a", text);
        write_file(below, "/b", text);
    }
    (void)printf("ok\n");
}

static void act(const char *verb, const char *word, const char *rest)
{
    const double number = strtod(rest, NULL);
    if (strcmp(verb, "next") == 0) {
        next();
    } else if (strcmp(verb, "save") == 0) {
        save(word, rest);
    } else if (strcmp(verb, "metric") == 0) {
        pbt_worker_metric(worker, word, number);
        (void)printf("ok\n");
    } else if (strcmp(verb, "sample") == 0) {
        pbt_worker_sample(worker, word, number);
        (void)printf("ok\n");
    } else if (strcmp(verb, "log") == 0) {
        pbt_worker_log(worker, strtoll(word, NULL, 10), "loss", number);
        (void)printf("ok\n");
    } else if (strcmp(verb, "interrupt") == 0) {
        pbt_worker_interrupt(worker);
        (void)printf("ok\n");
    } else if (strcmp(verb, "stopping") == 0) {
        (void)printf("ok %d\n", pbt_worker_is_stopping(worker));
    } else if (strcmp(verb, "report") == 0) {
        say(pbt_worker_report(worker, strtoll(word, NULL, 10), &error));
    } else if (strcmp(verb, "diverged") == 0) {
        say(pbt_worker_diverged(worker, strtoll(word, NULL, 10), &error));
    } else if (strcmp(verb, "release") == 0) {
        say(pbt_worker_release(worker, strtoll(word, NULL, 10), &error));
    } else if (strcmp(verb, "fail") == 0) {
        say(pbt_worker_fail(worker, rest, strcmp(word, "retry") == 0, &error));
    } else if (strcmp(verb, "step") == 0) {
        const pbt_err err = pbt_worker_save(worker, strtoll(word, NULL, 10), &error);
        if (err == PBT_OK) {
            describe(pbt_worker_explore(worker));
        } else {
            say(err);
        }
    } else if (strcmp(verb, "exploit") == 0) {
        const char *path = pbt_worker_exploit(worker);
        (void)printf("ok %d %s\n", pbt_worker_should_exploit(worker), path != NULL ? path : "-");
    } else {
        (void)printf("what is '%s'?\n", verb);
    }
}

int main(int count, char **words)
{
    static char line[65536], verb[32], word[65536];
    pbt_worker_options options = pbt_worker_options_default();
    options.folder = count > 1 && words[1][0] != '\0' ? words[1] : NULL;
    options.patience_seconds = count > 2 ? strtod(words[2], NULL) : 5;
    const pbt_err err = pbt_worker_open(&options, &worker, &error);
    if (err != PBT_OK) {
        (void)printf("%s %s | %s\n", pbt_err_name(err), error.message, error.hint);
        return 1;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)printf("ok\n");
    while (fgets(line, sizeof line, stdin) != NULL) {
        int at = 0;
        line[strcspn(line, "\n")] = '\0';
        verb[0] = word[0] = '\0';
        (void)sscanf(line, "%31s %n%65535s %n", verb, &at, word, &at);
        const char *rest = word[0] == '\0' ? "" : line + at;
        act(verb, word, rest);
    }
    pbt_worker_close(worker);
    return 0;
}
