/*
 * certificate - which client certificate stands for which tenant: by its digest, its subject or an alternative name.
 *
 * Runs in: admit.   Input: what door verified.   Allocates: in proportion to the configuration.
 * Written as `sha256:` and 64 hexadecimal digits (of the DER form), `subject:` and the subject as RFC 4514 has it, or a
 * subject alternative name as `dns:`, `uri:` or `email:`.
 */
#ifndef SP_IDENTITY_CERTIFICATE_H
#define SP_IDENTITY_CERTIFICATE_H

#include "base/err.h"
#include "base/slice.h"

#define SP_CERTIFICATE_TEXT_MAX ((size_t)600)
#define SP_CERTIFICATES_MAX     ((size_t)1 << 17)
#define SP_CERTIFICATE_BYTES    ((size_t)32) /* of a digest */

struct sp_certificates;
enum sp_err sp_certificates_new(struct sp_certificates **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_certificates_free(struct sp_certificates *certificates);

/* SP_ERR_INVALID for a text of no such form. */
enum sp_err sp_certificate_check(struct sp_slice text) SP_MUST_CHECK;

/* SP_ERR_INVALID, SP_ERR_FULL. Of two tenants with one certificate either may be found: the configuration refuses that. */
enum sp_err sp_certificates_add(struct sp_certificates *certificates, struct sp_slice text,
                                size_t tenant) SP_MUST_CHECK SP_NONNULL(1);

/*
 * The tenant of a certificate: by its digest, else by its subject, else by an alternative name; `names` holds these, a line
 * each, the subject first. SP_ERR_NOT_FOUND, also when there is no digest, or its alternative names are of different tenants.
 */
enum sp_err sp_certificates_find(struct sp_certificates *certificates, struct sp_slice digest,
                                 struct sp_slice names, size_t *out) SP_MUST_CHECK SP_NONNULL(1, 4);

#endif
