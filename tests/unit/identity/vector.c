#include "vector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "vectors.h"

static struct sp_slice find(const struct vector *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (sp_slice_is(sp_slice_of(rows[i].name), name)) {
            return sp_slice_of(rows[i].text);
        }
    }
    fail_msg("there is no vector '%s'", name);
    return sp_slice_of(NULL);
}

struct sp_slice vector_key(const char *name)
{
    return find(vectors_keys, SP_COUNT(vectors_keys), name);
}

struct sp_slice vector_token(const char *name)
{
    return find(vectors_tokens, SP_COUNT(vectors_tokens), name);
}

struct sp_slice vector_jwks(void)
{
    return sp_slice_of(vectors_jwks);
}

const char *vector_token_name(size_t index)
{
    return index < SP_COUNT(vectors_tokens) ? vectors_tokens[index].name : NULL;
}
