/* tar.c: a folder comes out as it went in, and nothing comes out elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/tar.h"
#include "base/file.h"

#define LEAK "/tmp/pbt-archive-leak"

static char top[64];

static int make_top(void **state)
{
    (void)state;
    (void)unlink(LEAK);
    (void)snprintf(top, sizeof top, "/tmp/pbt-archive-XXXXXX");
    return mkdtemp(top) != NULL ? 0 : -1;
}

static int remove_top(void **state)
{
    (void)state;
    return pbt__file_remove(top, NULL) == PBT_OK ? 0 : -1;
}

static const char *below(const char *name)
{
    static char paths[4][8192];
    static int turn;
    turn = (turn + 1) % 4;
    (void)snprintf(paths[turn], sizeof paths[turn], "%s/%s", top, name);
    return paths[turn];
}

static void put(const char *name, const void *bytes, size_t length)
{
    char folder[8192];
    (void)snprintf(folder, sizeof folder, "%s", below(name));
    *strrchr(folder, '/') = '\0';
    assert_int_equal(pbt__file_make_folder(folder, NULL), PBT_OK);
    assert_int_equal(pbt__file_write(below(name), bytes, length, NULL), PBT_OK);
}

static void assert_holds(const char *name, const void *bytes, size_t length)
{
    char *found = NULL;
    size_t found_length = 0;
    assert_int_equal(pbt__file_read(below(name), 1 << 20, &found, &found_length, NULL), PBT_OK);
    assert_int_equal(found_length, length);
    assert_memory_equal(found, bytes, length);
    free(found);
}

static void comes_out_as_it_went_in(void **state)
{
    (void)state;
    static char large[100000];
    char deep[400] = "in/";
    for (size_t i = 0; i < sizeof large; i++) {
        large[i] = (char)(i * 7919);
    }
    memset(deep + 3, 'n', 120);
    (void)snprintf(deep + 123, sizeof deep - 123, "/%s", "\xc3\xa4 \"quoted\" and long enough");
    put("in/empty", "", 0);
    put("in/block", large, 512);
    put("in/large", large, sizeof large);
    put("in/a/b/c", "deep", 4);
    put(deep, "long", 4);
    assert_int_equal(pbt__file_make_folder(below("in/nothing"), NULL), PBT_OK);
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(pbt__tar_pack(below("in"), fileno(file), NULL), PBT_OK);
    assert_int_equal(pbt__tar_unpack(fileno(file), below("on"), NULL), PBT_OK);
    (void)fclose(file);
    deep[0] = 'o';
    assert_holds("on/empty", "", 0);
    assert_holds("on/block", large, 512);
    assert_holds("on/large", large, sizeof large);
    assert_holds("on/a/b/c", "deep", 4);
    assert_holds(deep, "long", 4);
    assert_int_equal(access(below("on/nothing"), F_OK), 0);
}

static void packs_no_links(void **state)
{
    (void)state;
    put("links/a", "a", 1);
    assert_int_equal(symlink("a", below("links/b")), 0);
    pbt_error error;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(pbt__tar_pack(below("links"), fileno(file), &error), PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "neither a file nor a folder"));
    (void)fclose(file);
}

/* An archive of one entry as another program might write it, with a right checksum. */
static FILE *forge(const char *name, char type, const char *size, bool is_whole)
{
    unsigned char block[512] = {0};
    unsigned sum = 8 * ' ';
    memcpy(block, name, strlen(name));
    memcpy(block + 124, size, strlen(size));
    block[156] = (unsigned char)type;
    for (int i = 0; i < 512; i++) {
        sum += block[i];
    }
    (void)snprintf((char *)block + 148, 8, "%06o", sum);
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(block, 1, 512, file), 512);
    memset(block, 0, sizeof block);
    for (int i = 0; is_whole && i < 4; i++) {
        assert_int_equal(fwrite(block, 1, 512, file), 512);
    }
    assert_int_equal(fflush(file), 0);
    return file;
}

static void lets_nothing_out(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char type;
        const char *size;
        bool is_whole;
        pbt_err err;
    } CASES[] = {
        {"good", '0', "00000000001", true, PBT_OK},
        {"./also/../not", '0', "00000000001", true, PBT_ERR_CHECKPOINT},
        {"../out", '0', "00000000001", true, PBT_ERR_CHECKPOINT},
        {"a/..", '5', "00000000000", true, PBT_ERR_CHECKPOINT},
        {LEAK, '0', "00000000001", true, PBT_ERR_CHECKPOINT},
        {"link", '2', "00000000000", true, PBT_ERR_CHECKPOINT},
        {"hard", '1', "00000000000", true, PBT_ERR_CHECKPOINT},
        {"device", '3', "00000000000", true, PBT_ERR_CHECKPOINT},
        {"", '0', "00000000001", true, PBT_ERR_CHECKPOINT},
        {"long", '0', "77777777777", true, PBT_ERR_CHECKPOINT},
        {"digits", '0', "0000000000x", true, PBT_ERR_CHECKPOINT},
        {"short", '0', "00000000001", false, PBT_ERR_CHECKPOINT},
        {"pax", 'x', "00000000777", true, PBT_ERR_CHECKPOINT},
    };
    char name[32];
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        (void)snprintf(name, sizeof name, "forged/%zu", i);
        FILE *file = forge(CASES[i].name, CASES[i].type, CASES[i].size, CASES[i].is_whole);
        if (pbt__tar_unpack(fileno(file), below(name), NULL) != CASES[i].err) {
            fail_msg("'%s' of type %c", CASES[i].name, CASES[i].type);
        }
        (void)fclose(file);
    }
    assert_int_not_equal(access(below("forged/out"), F_OK), 0);
    assert_int_not_equal(access(LEAK, F_OK), 0);
}

static void refuses_damage(void **state)
{
    (void)state;
    FILE *file = forge("good", '0', "00000000001", true);
    assert_int_equal(fseek(file, 3, SEEK_SET), 0);
    assert_int_equal(fputc('X', file), 'X');
    assert_int_equal(fflush(file), 0);
    assert_int_equal(pbt__tar_unpack(fileno(file), below("damaged"), NULL), PBT_ERR_CHECKPOINT);
    (void)fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_out_as_it_went_in),
        cmocka_unit_test(packs_no_links),
        cmocka_unit_test(lets_nothing_out),
        cmocka_unit_test(refuses_damage),
    };
    return cmocka_run_group_tests_name("archive-tar", tests, make_top, remove_top);
}
