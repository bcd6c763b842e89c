/*
 * count_steps - how many steps it takes to find the facts of each file: the basic blocks of the reader that are run, which
 * the compiler has made to count themselves. Unlike time they are the same on every machine.
 *
 *     count_steps FILE...       prints the steps and the file, a line each
 */
#include <stdint.h>
#include <stdio.h>

#include "python/facts.h"

#define FILE_BYTES_MAX ((size_t)256 * 1024)

static uint64_t steps;

/* The compiler calls it at the beginning of each basic block. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    steps++;
}

static int count(struct sp_facts *facts, const char *path)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        (void)fprintf(stderr, "count_steps: cannot open %s\n", path);
        return 1;
    }
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    steps = 0;
    enum sp_err err =
        sp_facts_scan(facts, sp_slice_make(bytes, len), SP_PYTHON_312, SP_PYTHON_CELL);
    (void)printf("%llu %s %s\n", (unsigned long long)steps, sp_err_text(err), path);
    return 0;
}

int main(int argc, char **argv)
{
    SP_AUTO_FACTS struct sp_facts *facts = NULL;
    if (sp_facts_new(FILE_BYTES_MAX, &facts) != SP_OK) {
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        if (count(facts, argv[i]) != 0) {
            return 1;
        }
    }
    return 0;
}
