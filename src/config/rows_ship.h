/*
 * rows_ship - the keys of [[audit.ship]]; see rows.h for what a row is.
 *
 * Runs in: supervisor, commands.   Only rows.h includes this.
 */
#ifndef SP_CONFIG_ROWS_SHIP_H
#define SP_CONFIG_ROWS_SHIP_H

/* a row is easier to read than a column */
/* clang-format off */
/* The rows of each [[audit.ship]]. */
#define SP_CONFIG_SHIP_ROWS(X)                                                                     \
    X(TEXT, "audit.ship", "to", to, 0, 1024, "\"\"", "",                                           \
      "where the log is shipped to: file:/PATH, unix:/PATH, udp://HOST:514, tcp://HOST:PORT or "   \
      "tls://HOST:6514")                                                                           \
    X(TEXT, "audit.ship", "ca_file", ca_file, 0, 4096, "\"\"", "",                                 \
      "authorities of the collector's certificate, PEM; empty: the system's")                      \
    X(CHOICE, "audit.ship", "format", format, 0, 0, "\"json\"", "json|ocsf",                       \
      "entries as they stand in the log, or as OCSF events")                                       \
    X(NUMBER, "audit.ship", "behind", behind, 0, 1000000000, "0", "",                              \
      "entries that a collector may be behind before the oldest are passed over, which is "        \
      "recorded; 0: any number")

/* clang-format on */

#endif
