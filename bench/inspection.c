/*
 * inspection - how fast submissions are read and judged: CPU time of one core, the best of several rounds.
 *
 *     inspection read            the files named on standard input: lexing, with syntax, with all facts
 *     inspection once WHAT       the same files once, `lex`, `syntax` or `facts` alone: for counting instructions
 *     inspection hostile FILE... each file alone, repeated: the milliseconds of its facts
 *     inspection judge POLICY FILE    one submission under a policy, repeated
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/judge.h"
#include "python/facts.h"
#include "python/syntax.h"

#define FILE_BYTES_MAX  ((size_t)16 * 1024 * 1024)
#define TOTAL_BYTES_MAX ((size_t)512 * 1024 * 1024)
#define FILES_MAX       65536U
#define ROUNDS          5

static uint8_t *bytes;
static struct sp_slice files[FILES_MAX];
static size_t file_count, total;

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL || file_count == FILES_MAX || TOTAL_BYTES_MAX - total < FILE_BYTES_MAX) {
        return;
    }
    size_t len = fread(bytes + total, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    files[file_count] = sp_slice_make(bytes + total, len);
    file_count++;
    total += len;
}

static size_t lex(struct sp_slice source, struct sp_syntax *syntax)
{
    static struct sp_lexer lx;
    struct sp_py_token token = {0};
    size_t count = 0;
    sp_lexer_init(&lx, source, SP_PYTHON_311, SP_PYTHON_TEXT);
    if (syntax != NULL) {
        sp_syntax_start(syntax, &lx);
    }
    while (sp_lexer_next(&lx, &token) == SP_OK && token.kind != SP_TOKEN_END) {
        if (syntax != NULL && sp_syntax_take(syntax, &token) != SP_OK) {
            return count;
        }
        count++;
    }
    return count;
}

static double best(double a, double b)
{
    return a <= 0 || b < a ? b : a;
}

static void read_all(struct sp_facts *facts)
{
    static struct sp_syntax syntax;
    double times[3] = {0};
    size_t tokens = 0;
    size_t faults = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double at = now_us();
        tokens = 0;
        for (size_t i = 0; i < file_count; i++) {
            tokens += lex(files[i], NULL);
        }
        times[0] = best(times[0], now_us() - at);
        at = now_us();
        for (size_t i = 0; i < file_count; i++) {
            (void)lex(files[i], &syntax);
        }
        times[1] = best(times[1], now_us() - at);
        at = now_us();
        faults = 0;
        for (size_t i = 0; i < file_count; i++) {
            faults += sp_facts_scan(facts, files[i], SP_PYTHON_311, SP_PYTHON_TEXT) != SP_OK;
        }
        times[2] = best(times[2], now_us() - at);
    }
    (void)printf("files %zu\nbytes %zu\ntokens %zu\nrefused %zu\nlex_us %.0f\nsyntax_us "
                 "%.0f\nfacts_us %.0f\n",
                 file_count, total, tokens, faults, times[0], times[1], times[2]);
}

static void read_once(struct sp_facts *facts, const char *what)
{
    static struct sp_syntax syntax;
    size_t count = 0;
    for (size_t i = 0; i < file_count; i++) {
        if (strcmp(what, "facts") == 0) {
            count += sp_facts_scan(facts, files[i], SP_PYTHON_311, SP_PYTHON_TEXT) == SP_OK;
        } else {
            count += lex(files[i], strcmp(what, "syntax") == 0 ? &syntax : NULL);
        }
    }
    (void)printf("bytes %zu\ncount %zu\n", total, count);
}

static void read_hostile(struct sp_facts *facts, char **paths, int count)
{
    for (int i = 0; i < count; i++) {
        double time = 0;
        enum sp_err err = SP_OK;
        file_count = 0;
        total = 0;
        load(paths[i]);
        for (int round = 0; round < 20 && file_count == 1; round++) {
            double at = now_us();
            err = sp_facts_scan(facts, files[0], SP_PYTHON_311, SP_PYTHON_CELL);
            time = best(time, now_us() - at);
        }
        (void)printf("%s %zu %.1f %s\n", paths[i], total, time, sp_err_text(err));
    }
}

static int judge(const char *policy_path, const char *path)
{
    static struct sp_judgement judgement;
    static struct sp_policy policy;
    struct sp_table table;
    struct sp_judge *judging = NULL;
    struct sp_where where = {.text = {0}};
    load(policy_path);
    load(path);
    if (file_count != 2 || sp_table_builtin(&table, &where) != SP_OK ||
        sp_policy_load(files[0], NULL, NULL, &policy, &where) != SP_OK ||
        sp_judge_new(&table, (size_t)1024 * 1024, &judging) != SP_OK) {
        (void)fprintf(stderr, "inspection: %s\n", where.text);
        return 1;
    }
    double time = 0;
    for (int round = 0; round < 200; round++) {
        double at = now_us();
        sp_judge_run(judging, &policy, files[1], &judgement);
        time = best(time, now_us() - at);
    }
    (void)printf("%s %zu %.1f %s\n", path, files[1].len, time,
                 judgement.verdict == SP_VERDICT_ALLOW ? "allowed" : "denied");
    return 0;
}

int main(int argc, char **argv)
{
    char path[4096];
    struct sp_facts *facts = NULL;
    const char *mode = argc > 1 ? argv[1] : "";
    bytes = malloc(TOTAL_BYTES_MAX);
    bool is_once = strcmp(mode, "once") == 0 && argc == 3;
    bool is_long = is_once || strcmp(mode, "read") == 0;
    if (bytes == NULL ||
        sp_facts_new(is_long ? FILE_BYTES_MAX : (size_t)64 * 1024, &facts) != SP_OK) {
        return 1;
    }
    if (strcmp(mode, "hostile") == 0) {
        read_hostile(facts, argv + 2, argc - 2);
        return 0;
    }
    if (strcmp(mode, "judge") == 0 && argc == 4) {
        return judge(argv[2], argv[3]);
    }
    while (fgets(path, sizeof(path), stdin) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        load(path);
    }
    if (is_once) {
        read_once(facts, argv[2]);
        return 0;
    }
    read_all(facts);
    return 0;
}
