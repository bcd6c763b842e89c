#include "crypto/pem.h"

#include <openssl/err.h>

BIO *sp_pem_open(struct sp_slice pem)
{
    return pem.len == 0 || pem.len > INT32_MAX ? NULL : BIO_new_mem_buf(pem.ptr, (int)pem.len);
}

void sp_pem_close(BIO **bio)
{
    BIO_free(*bio);
}

int sp_pem_no_password(char *out, int size, int is_for_writing, void *ctx)
{
    (void)out;
    (void)size;
    (void)is_for_writing;
    (void)ctx;
    return 0;
}

enum sp_err sp_pem_fail(const char **out_why, const char *why)
{
    *out_why = why;
    ERR_clear_error();
    return SP_ERR_CONFIG;
}
