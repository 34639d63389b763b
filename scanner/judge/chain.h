/*
 * A certificate chain as OpenSSL objects, for as long as it is being judged: loaded from the
 * evidence by the hashes that a connection left. Used by pkix.c and dane.c and who calls them.
 */
#ifndef STSWEEP_JUDGE_CHAIN_H
#define STSWEEP_JUDGE_CHAIN_H

#include <openssl/x509.h>

#include "judge/judge.h"

enum chain_state {
	CHAIN_LOADED,
	CHAIN_NONE,      /* the server sent no certificate */
	CHAIN_MISSING,   /* the evidence lacks a certificate of it */
	CHAIN_MALFORMED, /* the leaf is no certificate */
};

struct chain {
	enum chain_state state;
	X509 *leaf;            /* owned by `sent` */
	STACK_OF(X509) * sent; /* leaf first; what cannot be read is left out */
};

/* Without memory: CHAIN_MISSING. */
struct chain chain_load(const struct certificate_source *certificates, struct span_list hashes);
void chain_free(struct chain *chain);

#endif
