/*
 * What an X.509 certificate says of itself (RFC 5280), as plain values. Whether to trust it is the
 * judge's business. OpenSSL objects do not outlive a function here.
 */
#ifndef STSWEEP_FACTS_CERTIFICATE_H
#define STSWEEP_FACTS_CERTIFICATE_H

#include "base/arena.h"
#include "base/span.h"

enum { SHA256_BYTES = 32 };

struct certificate {
	struct span sha256; /* of the whole DER, 32 bytes */
	struct span der;
	struct span subject; /* RFC 2253 text, UTF-8 */
	struct span issuer;
	int64_t not_before_ms; /* since 1970-01-01T00:00:00Z; -1 if unreadable */
	int64_t not_after_ms;
	/*
	 * "dns:mx.example", "ip:192.0.2.1", "email:...", "uri:...", "dirname:...", "rid:<OID>",
	 * "other:<OID>", with the bytes of the certificate, whatever they are.
	 */
	struct span_list san;
	struct span key_type;    /* "rsa", "ec-P-256", "ed25519", ... */
	int64_t key_bits;        /* -1 if the key is unreadable */
	struct span signature;   /* algorithm, "ecdsa-with-SHA256" */
	struct span spki_sha256; /* of the SubjectPublicKeyInfo, 32 bytes */
};

/*
 * False if `der` is no certificate; `der` and `sha256` are filled all the same. `der` is not
 * copied. Over the arena's cap values are missing, and `arena->exhausted` tells.
 */
bool certificate_read(struct arena *arena, struct span der, struct certificate *certificate);

/*
 * Does a DNS-ID of the certificate match `name` (RFC 6125 6.4, RFC 8461 3.3 and 4.1: subjectAltName
 * dNSName only, no Common Name, a wildcard only as the whole left-most label, standing for exactly
 * one label)?
 */
bool certificate_matches(const struct certificate *certificate, struct span name);

#endif
