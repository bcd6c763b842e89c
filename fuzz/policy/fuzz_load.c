/* fuzz_load - sp_policy_load and sp_policy_print: what was loaded prints to a text that loads to the same text. */
#include "base/assert.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const struct sp_policy *policy, struct sp_buf *out)
{
    sp_buf_init(out, 16 * SP_POLICY_TEXT_BYTES_MAX);
    SP_ASSERT(sp_policy_print(policy, out) == SP_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_policy first;
    struct sp_policy second;
    struct sp_where where = {0};
    SP_AUTO_BUF struct sp_buf a;
    SP_AUTO_BUF struct sp_buf b;
    sp_buf_init(&a, 1);
    sp_buf_init(&b, 1);
    if (sp_policy_load(sp_slice_make(data, size), NULL, NULL, &first, &where) != SP_OK) {
        return 0;
    }
    print(&first, &a);
    if (first.name[0] != '\0') {
        SP_ASSERT(sp_policy_load(sp_buf_slice(&a), NULL, NULL, &second, &where) == SP_OK);
        print(&second, &b);
        SP_ASSERT(sp_slice_equal(sp_buf_slice(&a), sp_buf_slice(&b)));
        sp_policy_done(&second);
    }
    sp_policy_done(&first);
    return 0;
}
