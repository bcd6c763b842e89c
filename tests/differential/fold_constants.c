/*
 * fold_constants - works out the first argument of a call in each source on standard input, for the comparison with eval().
 *
 * A source is a line with its length in bytes, and then the bytes. The answer is a line: the text in hexadecimal, "guess"
 * and the text when a name took part that may have been bound anew, or "-" when nothing was worked out.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"
#include "python/facts.h"

#define SOURCE_BYTES_MAX ((size_t)64 * 1024)

static void answer(const struct sp_facts *facts)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    size_t len = 0;
    size_t count = 0;
    const struct sp_call *calls = sp_facts_calls(facts, &count);
    const struct sp_const *constant = count == 0 ? NULL : sp_facts_const(facts, calls[0].arg0);
    if (constant == NULL || sp_facts_decode(facts, constant, text, &len) != SP_OK) {
        (void)printf("-\n");
        return;
    }
    (void)printf("%s ", constant->is_guess ? "guess" : "known");
    for (size_t i = 0; i < len; i++) {
        (void)printf("%02x", text[i]);
    }
    (void)printf("\n");
}

int main(void)
{
    char head[32];
    uint8_t *bytes = malloc(SOURCE_BYTES_MAX);
    struct sp_facts *facts = NULL;
    if (bytes == NULL || sp_facts_new(SOURCE_BYTES_MAX, &facts) != SP_OK) {
        return 1;
    }
    while (fgets(head, sizeof(head), stdin) != NULL) {
        size_t len = strtoul(head, NULL, 10);
        if (len > SOURCE_BYTES_MAX || fread(bytes, 1, len, stdin) != len) {
            break;
        }
        if (sp_facts_scan(facts, sp_slice_make(bytes, len), SP_PYTHON_311, SP_PYTHON_TEXT) ==
            SP_OK) {
            answer(facts);
        } else {
            (void)printf("refused\n");
        }
    }
    sp_facts_free(facts);
    free(bytes);
    return 0;
}
