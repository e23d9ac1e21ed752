/* support.h: what the tests of stores share. Whatever goes wrong here ends the program. */
#ifndef TESTS_STORE_SUPPORT_H
#define TESTS_STORE_SUPPORT_H

#include "store/store.h"

/* Of the members and numbers that tests give to blobs and claims. */
enum { SUPPORT_MEMBERS = 4, SUPPORT_NUMBERS = 3 };

enum { SUPPORT_FOLDER_SIZE = 256, SUPPORT_URL_SIZE = 320 };

/* Make an empty folder of one's own. Shape: out[SUPPORT_FOLDER_SIZE] */
void support_folder(char *out);
/* The same in memory, where the system has that: for thousands of commits whose durability is
 * not in question. */
void support_folder_fast(char *out);
void support_folder_remove(const char *folder);
/* The URL of the store kept in a folder. Shape: out[SUPPORT_URL_SIZE] */
void support_url(const char *folder, char *out);

/* Open a store, making it where it is absent. */
pbt__store *support_open(const char *url);

/* An event whose every field follows from its sequence. Owner: `body` is static, one per
 * sequence % 8. */
pbt__event support_event(int64_t sequence);
pbt__claim support_claim(int32_t member, int32_t number);

/* Everything a store holds, as text, so that two can be compared. The caller frees. */
char *support_dump(pbt__store *store);

/* Run `child` in `count` processes, each given its place. No store may be open: SQLite's handles
 * do not survive a fork. Returns how many did not return 0. */
int support_processes(int count, int (*child)(void *context, int place), void *context);

/* A step of a small generator; `*state` is the seed. */
uint64_t support_random(uint64_t *state);

#endif
