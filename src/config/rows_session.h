/*
 * rows_session - the keys of [pool] and [pool.session], the embedded pool; see rows.h for what a row is.
 *
 * Runs in: supervisor, commands.   Only rows.h includes this.
 */
#ifndef SP_CONFIG_ROWS_SESSION_H
#define SP_CONFIG_ROWS_SESSION_H

/* a row is easier to read than a column */
/* clang-format off */
#define SP_CONFIG_SESSION_ROWS(X)                                                                  \
    X(NUMBER, "pool", "max_sessions", pool_max_sessions, 1, 4000, "100", "",                      \
      "sessions alive at once")                                                                    \
    X(NUMBER, "pool", "ready_sessions", pool_ready_sessions, 0, 1000, "5", "",                     \
      "sessions forked ahead")                                                                     \
    X(SECONDS, "pool", "cooldown_period", pool_cooldown_s, 1, 86400, "300", "",                    \
      "how long a session stays without a request")                                                \
    X(SECONDS, "pool", "max_life", pool_max_life_s, 1, 604800, "86400", "",                         \
      "how long a session lives at most; it ends between two runs")                                \
    X(CHOICE, "pool", "network_status", pool_network_status, 0, 0, "\"EgressDisabled\"",           \
      "EgressDisabled|EgressEnabled", "whether code may use the network")                          \
    X(BYTES, "pool", "output", pool_output_bytes, 4096, 268435456, "\"16 MiB\"", "",               \
      "size of what one run may answer")                                                           \
    X(CHOICE, "pool", "template", pool_template, 0, 0, "\"shared\"", "shared|tenant",              \
      "whether all sessions are forked from one template, or those of each tenant from its own")   \
    X(NUMBER, "pool", "templates", pool_templates, 1, 64, "8", "",                                 \
      "templates at once when each tenant has its own, about 100 MiB each")                        \
    X(SECONDS, "pool", "template_life", pool_template_life_s, 10, 604800, "300", "",               \
      "a template that was used is replaced after this time")                                      \
    X(NUMBER, "pool", "template_forks", pool_template_forks, 1, 1000000, "500", "",                \
      "a template is replaced after so many sessions")                                             \
    X(BYTES, "pool.session", "memory", session_memory_bytes, 67108864, 1099511627776, "\"1 GiB\"", \
      "", "memory of a session")                                                                   \
    X(BYTES, "pool.session", "data", session_data_bytes, 1048576, 1099511627776, "\"512 MiB\"",    \
      "", "size of a session's /mnt/data")                                                         \
    X(REAL, "pool.session", "cpus", session_cpus, 0, 1024, "1.0", "", "processors of a session")   \
    X(NUMBER, "pool.session", "processes", session_processes, 1, 4096, "64", "",                   \
      "processes and threads of a session")                                                        \
    X(TEXTS, "pool.session", "preload", session_preload, 0, 64,                                    \
      "[\"numpy\", \"pandas\", \"matplotlib\"]", "",                                               \
      "modules imported once, before sessions are forked")

/* clang-format on */

#endif
