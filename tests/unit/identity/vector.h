/*
 * vector - finds a key or a token of vectors.h by its name.
 *
 * Runs in: tests.
 */
#ifndef SP_TEST_IDENTITY_VECTOR_H
#define SP_TEST_IDENTITY_VECTOR_H

#include "base/slice.h"

/* The test fails when there is none of this name. */
struct sp_slice vector_key(const char *name);
struct sp_slice vector_token(const char *name);
struct sp_slice vector_jwks(void);

/* Every token in turn; NULL at the end. */
const char *vector_token_name(size_t index);

#endif
