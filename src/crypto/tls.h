/*
 * tls - TLS 1.2 and 1.3 over a non-blocking descriptor: the server's side for the door, the client's for identity
 * providers and collectors of the log.
 *
 * Runs in: door, token, ship, commands (which only check the files).   Input: hostile.   Allocates: by OpenSSL, one
 * object a context and one a connection.
 * A context must be made before confinement or from bytes that are already here: nothing is opened later. OpenSSL
 * writes with write(2), so the process ignores SIGPIPE.
 */
#ifndef SP_CRYPTO_TLS_H
#define SP_CRYPTO_TLS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"

struct sp_tls_context;
struct sp_tls;

/* What the server asks of a client's certificate. One that is sent must be good in either case. */
enum sp_tls_demand { SP_TLS_NO_CERTIFICATE, SP_TLS_MAY_CERTIFICATE, SP_TLS_MUST_CERTIFICATE };

/* All PEM. Borrowed for the call. */
struct sp_tls_server_files {
    struct sp_slice certificate; /* the chain, the server's own first */
    struct sp_slice key;
    struct sp_slice client_ca;  /* empty: no client certificates */
    struct sp_slice client_crl; /* empty: none is revoked; else every authority needs its list */
    enum sp_tls_demand demand;
};

/* The protocol that the server speaks (ALPN): HTTP/1.1 alone. On SP_ERR_CONFIG `*out_why` is a fixed text. */
enum sp_err sp_tls_server_new(const struct sp_tls_server_files *files, const char **out_why,
                              struct sp_tls_context **out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* `ca_pem` empty: the system's authorities, which are files: before confinement only. */
enum sp_err sp_tls_client_new(struct sp_slice ca_pem, const char **out_why,
                              struct sp_tls_context **out) SP_MUST_CHECK SP_NONNULL(2, 3);

/* The certificate that a client shows when it is asked for one. */
enum sp_err sp_tls_client_show(struct sp_tls_context *context, struct sp_slice certificate_pem,
                               struct sp_slice key_pem, const char **out_why)
    SP_MUST_CHECK SP_NONNULL(1, 4);

/* Connections that stand keep what they need of it. */
void sp_tls_context_free(struct sp_tls_context *context);

/*
 * Begins a connection on `fd`, which is borrowed and non-blocking. `host`: the name (or address) that the server's
 * certificate must be for; NULL on the server's side.
 */
enum sp_err sp_tls_new(const struct sp_tls_context *context, int fd, const char *host,
                       struct sp_tls **out) SP_MUST_CHECK SP_NONNULL(1, 4);
void sp_tls_free(struct sp_tls *tls);

/*
 * Goes on with the handshake. SP_OK: it is done. SP_ERR_BUSY: call again when the descriptor is ready for what
 * sp_tls_wants_write says. SP_ERR_INVALID: the peer speaks plain HTTP. Anything else: the connection is lost.
 */
enum sp_err sp_tls_handshake(struct sp_tls *tls) SP_MUST_CHECK SP_NONNULL(1);
bool sp_tls_is_ready(const struct sp_tls *tls) SP_NONNULL(1);
bool sp_tls_wants_write(const struct sp_tls *tls) SP_NONNULL(1);

/*
 * After the handshake. SP_OK: `*out_len` bytes, at least one. SP_ERR_BUSY: later. SP_ERR_CLOSED: the peer sends no
 * more. Anything else: the connection is lost. Room for less than a record (16 KiB) may leave bytes inside that the
 * descriptor does not announce: read again until SP_ERR_BUSY.
 */
enum sp_err sp_tls_read(struct sp_tls *tls, uint8_t *to, size_t room, size_t *out_len)
    SP_MUST_CHECK SP_NONNULL(1, 2, 4);
enum sp_err sp_tls_write(struct sp_tls *tls, struct sp_slice bytes, size_t *out_len)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* Tells the peer that nothing more comes; best effort. */
void sp_tls_end(struct sp_tls *tls) SP_NONNULL(1);

/* Why a handshake failed, a fixed text for the operator's log. */
const char *sp_tls_reason(const struct sp_tls *tls) SP_NONNULL(1);

/*
 * The peer's verified certificate: the SHA-256 of its DER form, and its names, appended to `names`: the subject as RFC
 * 4514 writes it, then a line each the subject alternative names that are a DNS name (in small letters), a URI or an
 * e-mail address: "dns:robot.example". What does not fit, or is not plain ASCII, is left out. SP_ERR_NOT_FOUND: it sent
 * none.
 */
enum sp_err sp_tls_peer(const struct sp_tls *tls, uint8_t fingerprint[SP_SHA256_BYTES],
                        struct sp_buf *names) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
