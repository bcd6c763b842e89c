/*
 * dump_tokens - prints the tokens of each file named on standard input, for the comparison with CPython's tokenize.
 *
 * A line a token: kind, line, column in bytes, and the end as an offset from the start of the file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "python/lexer.h"

#define FILE_BYTES_MAX ((size_t)16 * 1024 * 1024)

static const char *const kinds[] = {"END",    "NEWLINE", "INDENT",  "DEDENT", "NAME", "NUMBER",
                                    "STRING", "FSTART",  "FMIDDLE", "FEND",   "OP",   "MAGIC"};

static void dump(struct sp_slice source)
{
    static struct sp_lexer lx;
    struct sp_py_token token = {0};
    sp_lexer_init(&lx, source, SP_PYTHON_311, SP_PYTHON_TEXT);
    do {
        if (sp_lexer_next(&lx, &token) != SP_OK) {
            (void)printf("FAULT %u %u %s\n", lx.fault_line, lx.fault_at - lx.fault_line_start,
                         sp_python_fault_text(lx.fault));
            return;
        }
        (void)printf("%s %u %u %u\n", kinds[token.kind], token.line, token.start - token.line_start,
                     token.end);
    } while (token.kind != SP_TOKEN_END);
}

int main(void)
{
    char path[4096];
    uint8_t *bytes = malloc(FILE_BYTES_MAX);
    while (bytes != NULL && fgets(path, sizeof(path), stdin) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        FILE *file = fopen(path, "rbe");
        if (file == NULL) {
            (void)printf("FAULT 0 0 cannot be opened\nEOF\n");
            continue;
        }
        size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
        (void)fclose(file);
        dump(sp_slice_make(bytes, len));
        (void)printf("EOF\n");
        (void)fflush(stdout);
    }
    free(bytes);
    return 0;
}
