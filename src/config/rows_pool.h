/*
 * rows_pool - the keys of [[azure_code_interpreter.pool]]; see rows.h for what a row is.
 *
 * Runs in: supervisor, commands.   Only rows.h includes this.
 */
#ifndef SP_CONFIG_ROWS_POOL_H
#define SP_CONFIG_ROWS_POOL_H

/* a row is easier to read than a column */
/* clang-format off */
/* The rows of each [[azure_code_interpreter.pool]]. */
#define SP_CONFIG_POOL_ROWS(X)                                                                     \
    X(TEXT, "azure_code_interpreter.pool", "endpoint", endpoint, 0, 2048, "\"\"", "",              \
      "management endpoint of one of several session pools")                                       \
    X(TEXT, "azure_code_interpreter.pool", "name", name, 0, 64, "\"\"", "",                        \
      "its name in the log, which also decides what sessions it gets; empty: the endpoint's host") \
    X(NUMBER, "azure_code_interpreter.pool", "weight", weight, 1, 1000, "1", "",                   \
      "its share of the sessions, beside the weights of the others")

/* clang-format on */

#endif
