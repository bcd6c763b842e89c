#include "session/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES ((size_t)16 * 1024 * 1024)

static void test_memory_keeps_its_content(void **state)
{
    uint8_t *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;
    assert_true(memory != MAP_FAILED);
    for (size_t i = 0; i < BYTES; i += 997) {
        memory[i] = (uint8_t)(i * 31);
    }
    /* How much is the kernel's to say; that nothing is lost is ours. */
    (void)sp_pages_collapse();
    for (size_t i = 0; i < BYTES; i += 997) {
        assert_int_equal(memory[i], (uint8_t)(i * 31));
    }
    assert_int_equal(munmap(memory, BYTES), 0);
}

/* In a child: what it forgets is gone, and the C library still works. */
static int forget(uint8_t *memory)
{
    char text[64];
    char *block = NULL;
    if (sp_pages_forget_python() < BYTES || mincore(memory, 4096, (unsigned char *)text) == 0) {
        return 1;
    }
    block = malloc(100000);
    if (block == NULL || snprintf(block, 100000, "%016llx %s", 255ULL, "text") != 21) {
        return 2;
    }
    free(block);
    return open("/nothing", O_RDONLY | O_CLOEXEC) < 0 && errno == ENOENT ? 0 : 3;
}

static void test_forgotten_memory_is_gone_and_the_rest_works(void **state)
{
    uint8_t *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    (void)state;
#ifdef SP_SANITIZED
    skip();
#endif
    assert_true(memory != MAP_FAILED);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(forget(memory));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(munmap(memory, BYTES), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_keeps_its_content),
        cmocka_unit_test(test_forgotten_memory_is_gone_and_the_rest_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
