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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_keeps_its_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
