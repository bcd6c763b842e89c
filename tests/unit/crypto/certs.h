/*
 * certs - an authority and certificates of it, made for one test.
 */
#ifndef SP_TESTS_CRYPTO_CERTS_H
#define SP_TESTS_CRYPTO_CERTS_H

#include <stdbool.h>

#include "base/slice.h"

struct authority;

struct cert {
    char *certificate; /* PEM; all are the caller's to free */
    char *key;
};

struct authority *authority_new(const char *name);
void authority_free(struct authority *authority);
char *authority_pem(const struct authority *authority);

/* `names` as OpenSSL writes alternative names: "DNS:example.org,IP:127.0.0.1". */
struct cert authority_issue(struct authority *authority, const char *common_name, const char *names,
                            bool is_expired);

/*
 * One of an authority below this one that demands policies (RFC 5280, section 4.2.1.11), with one of them or none, and
 * that authority's behind it.
 */
struct cert authority_issue_bound(struct authority *authority, bool has_policy);

/* One that needs no authority. */
struct cert cert_self_signed_rsa(unsigned bits);
void cert_free(struct cert *cert);

/* The authority's list of revoked certificates, with `revoked` on it when it is not NULL. */
char *authority_crl(struct authority *authority, const struct cert *revoked);

/* The same in two parts: a list with nobody on it, and a newer one of what came since. */
char *authority_crl_with_delta(struct authority *authority, const struct cert *revoked);

#endif
