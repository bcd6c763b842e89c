#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/kind.h"

static const struct {
    const char *name;
    const char *bytes;
    size_t len;
    enum sp_kind kind;
} rows[] = {
#define ROW(name, bytes, kind)                                                                     \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1, kind                                                       \
    }
    ROW("nothing", "", SP_KIND_EMPTY),
    ROW("a table of text", "a,b\n1,2\n", SP_KIND_TEXT),
    ROW("letters of Latin-1", "caf\xE9\n", SP_KIND_TEXT),
    ROW("UTF-16",
        "\xFF\xFE"
        "a\0b\0",
        SP_KIND_TEXT),
    ROW("a NUL", "a\0b", SP_KIND_UNKNOWN),
    ROW("JSON", " {\"a\": 1}", SP_KIND_JSON),
    ROW("a list", "[1]", SP_KIND_JSON),
    ROW("a notebook", "{\"cells\": [], \"nbformat\": 4}", SP_KIND_NOTEBOOK),
    ROW("only half of a notebook", "{\"nbformat\": 4}", SP_KIND_JSON),
    ROW("a script of Python", "#!/usr/bin/env python3\n", SP_KIND_PYTHON),
    ROW("a script of a shell", "#!/bin/sh\n", SP_KIND_SCRIPT),
    ROW("ELF", "\177ELF\2\1\1", SP_KIND_NATIVE),
    ROW("nearly ELF", "\177ELG\2\1\1", SP_KIND_UNKNOWN),
    ROW("a program of Windows", "MZ\x90\0\3\0\0\0\4\0\0\0\xFF\xFF\0\0\xB8\0\0\0\0\0\0\0@\0\0\0",
        SP_KIND_NATIVE),
    ROW("a text that begins with MZ", "MZ, the first letters of a long line of text", SP_KIND_TEXT),
    ROW("Mach-O", "\xCF\xFA\xED\xFE\7", SP_KIND_NATIVE),
    ROW("bytecode of 3.11", "\xA7\x0D\r\n\0\0\0\0", SP_KIND_BYTECODE),
    ROW("a number that is no release", "\xA7\x2D\r\n\0\0\0\0", SP_KIND_UNKNOWN),
    ROW("zip", "PK\3\4", SP_KIND_ZIP),
    ROW("gzip", "\x1F\x8B\x08", SP_KIND_GZIP),
    ROW("xz",
        "\xFD"
        "7zXZ\0",
        SP_KIND_COMPRESSED),
    ROW("7z", "7z\xBC\xAF\x27\x1C", SP_KIND_ARCHIVE),
    ROW("numpy", "\x93NUMPY\1", SP_KIND_NUMPY),
    ROW("HDF5", "\x89HDF\r\n\x1A\n", SP_KIND_HDF5),
    ROW("parquet", "PAR1", SP_KIND_TABLE),
    ROW("SQLite", "SQLite format 3\0", SP_KIND_DATABASE),
    ROW("PNG", "\x89PNG\r\n\x1A\n", SP_KIND_IMAGE),
    ROW("JPEG", "\xFF\xD8\xFF\xE0", SP_KIND_IMAGE),
    ROW("PDF", "%PDF-1.4\n", SP_KIND_DOCUMENT),
};

static void test_bytes_decide(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        const char *format = NULL;
        enum sp_kind kind = sp_kind_of_bytes(sp_slice_make(rows[i].bytes, rows[i].len), &format);
        if (kind != rows[i].kind) {
            print_error("%s: %s\n", rows[i].name, sp_kind_name(kind));
        }
        assert_int_equal(kind, rows[i].kind);
        assert_non_null(format);
    }
}

static void test_names_add_what_bytes_cannot_say(void **state)
{
    static const struct {
        const char *name;
        enum sp_kind kind;
    } names[] = {
        {"a.py", SP_KIND_PYTHON},
        {"A.PY", SP_KIND_PYTHON},
        {"a.ipynb", SP_KIND_NOTEBOOK},
        {"x/evil.pth", SP_KIND_PTH},
        {"python311._pth", SP_KIND_PTH},
        {"a.pyc", SP_KIND_BYTECODE},
        {"a.so", SP_KIND_NATIVE},
        {"sitecustomize.py", SP_KIND_STARTUP},
        {"usercustomize/__init__.py", SP_KIND_STARTUP},
        {"lib\\sitecustomize.pyc", SP_KIND_STARTUP},
        {"matplotlibrc", SP_KIND_STARTUP},
        {"a.csv", SP_KIND_UNKNOWN},
        {"my_sitecustomize.py", SP_KIND_PYTHON},
        {"py", SP_KIND_UNKNOWN},
        {"", SP_KIND_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        assert_int_equal(sp_kind_of_name(sp_slice_of(names[i].name)), names[i].kind);
    }
}

static void test_every_kind_has_a_name_that_reads_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SP_KIND_COUNT; i++) {
        enum sp_kind kind = SP_KIND_UNKNOWN;
        assert_int_equal(sp_kind_from_name(sp_slice_of(sp_kind_name((enum sp_kind)i)), &kind),
                         SP_OK);
        assert_int_equal(kind, i);
    }
    enum sp_kind kind = SP_KIND_FONT;
    assert_int_equal(sp_kind_from_name(SP_SLICE_LITERAL("pickles"), &kind), SP_ERR_INVALID);
    assert_int_equal(kind, SP_KIND_FONT);
}

static void test_a_tar_is_told_by_its_sum(void **state)
{
    uint8_t block[512] = {'a'};
    const char *format = NULL;
    (void)state;
    /* 'a' and eight blanks in the place of the sum: 97 + 256 = 353 = 0541. */
    block[148] = '5';
    block[149] = '4';
    block[150] = '1';
    assert_int_equal(sp_kind_of_bytes(sp_slice_make(block, sizeof(block)), &format), SP_KIND_TAR);
    block[150] = '2';
    assert_int_equal(sp_kind_of_bytes(sp_slice_make(block, sizeof(block)), &format),
                     SP_KIND_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_decide),
        cmocka_unit_test(test_names_add_what_bytes_cannot_say),
        cmocka_unit_test(test_every_kind_has_a_name_that_reads_back),
        cmocka_unit_test(test_a_tar_is_told_by_its_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
