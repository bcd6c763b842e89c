/*
 * judge_python - says of each source on standard input whether it is Python, for the comparison with compile().
 *
 * A source is a line with the family (311, 312 or 314) and its length in bytes, and then the bytes. The answer is a line:
 * "ok", or the line, the column in characters, and the text of the fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "python/facts.h"

#define SOURCE_BYTES_MAX ((size_t)16 * 1024 * 1024)

static void judge(struct sp_facts *facts, struct sp_slice source, unsigned family)
{
    enum sp_python_family families[] = {SP_PYTHON_311, SP_PYTHON_312, SP_PYTHON_314};
    unsigned index = family == 311 ? 0 : family == 312 ? 1 : 2;
    enum sp_err err = sp_facts_scan(facts, source, families[index], SP_PYTHON_TEXT);
    const struct sp_lexer *lx = sp_facts_lexer(facts);
    if (err == SP_OK) {
        (void)printf("ok\n");
        return;
    }
    if (lx->fault == SP_PYTHON_FINE) {
        (void)printf("0 0 %s\n", sp_err_text(err));
        return;
    }
    struct sp_place place = sp_facts_fault_place(facts);
    (void)printf("%u %u %s\n", place.line, place.column, sp_python_fault_text(lx->fault));
}

int main(void)
{
    char head[64];
    uint8_t *bytes = malloc(SOURCE_BYTES_MAX);
    struct sp_facts *facts = NULL;
    if (bytes == NULL || sp_facts_new(SOURCE_BYTES_MAX, &facts) != SP_OK) {
        return 1;
    }
    while (fgets(head, sizeof(head), stdin) != NULL) {
        char *rest = NULL;
        unsigned long family = strtoul(head, &rest, 10);
        size_t len = strtoul(rest, NULL, 10);
        if (len > SOURCE_BYTES_MAX || fread(bytes, 1, len, stdin) != len) {
            break;
        }
        judge(facts, sp_slice_make(bytes, len), (unsigned)family);
        (void)fflush(stdout);
    }
    sp_facts_free(facts);
    free(bytes);
    return 0;
}
