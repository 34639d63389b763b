/*
 * Certificates made to measure, and the evidence that holds them, for the tests of the judge. All
 * valid around PKI_NOW_MS unless a spec says otherwise.
 */
#ifndef STSWEEP_TESTS_JUDGE_HELPER_PKI_H
#define STSWEEP_TESTS_JUDGE_HELPER_PKI_H

#include "judge/chain.h"

#define PKI_DAY_MS INT64_C(86400000)
#define PKI_NOW_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct pki_certificate {
	X509 *x509;
	EVP_PKEY *key;
};

struct pki_spec {
	const char *cn;
	const char *dns[3];
	const struct pki_certificate *issuer; /* NULL: self-signed */
	bool ca;
	int64_t from_ms;   /* 0: a year before PKI_NOW_MS */
	int64_t until_ms;  /* 0: a year after */
	unsigned rsa_bits; /* 0: P-256 */
	bool sha1;
	const char *eku; /* NULL: serverAuth for leaves */
	const char *name_constraints;
	int path_len; /* of a CA; 0: none, n: n - 1 */
};

struct pki_certificate pki_issue(const struct pki_spec *spec);
void pki_free(struct pki_certificate *certificate);

enum { EVIDENCE_MAX = 64 };

/*
 * A scan's certificates, and the usual ones: a root that is in the store, an intermediate, a leaf
 * for mx.example.com.
 */
struct pki {
	struct arena arena;
	X509_STORE *store;
	struct pki_certificate root, intermediate, leaf;
	struct span hashes[EVIDENCE_MAX], ders[EVIDENCE_MAX];
	size_t count;
	size_t lookups; /* how often `find` was called */
	struct certificate_source source;
};

struct pki *pki_new(void);
void pki_end(struct pki *pki);
/* Puts a certificate into the evidence; its hash. */
struct span pki_add(struct pki *pki, const struct pki_certificate *certificate);
/* A leaf for `name` under the intermediate. */
struct pki_certificate pki_leaf(struct pki *pki, const char *name);
/* Adds up to three certificates to the evidence; their hashes as a chain. */
struct span_list pki_chain(struct pki *pki, const struct pki_certificate *leaf,
			   const struct pki_certificate *second,
			   const struct pki_certificate *third);

#endif
