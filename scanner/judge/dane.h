/*
 * DANE for one connection (RFC 7672 3, RFC 7671): does the chain that a server sent agree with its
 * TLSA records? Which TLSA records to take, and what the DNS said of them, is host_dane.h's
 * business.
 */
#ifndef STSWEEP_JUDGE_DANE_H
#define STSWEEP_JUDGE_DANE_H

#include "facts/tlsa.h"
#include "judge/chain.h"

enum dane_result {
	DANE_RESULT_UNUSABLE, /* no record is usable: TLS without authentication (RFC 7672 2.2) */
	DANE_RESULT_MATCH,
	DANE_RESULT_NO_MATCH,      /* no record matches the chain */
	DANE_RESULT_NAME_MISMATCH, /* DANE-TA matches, the certificate is for another name */
	DANE_RESULT_EXPIRED,       /* DANE-TA matches, a certificate below it has expired */
	DANE_RESULT_NOT_TRUSTED,   /* DANE-TA matches, the chain below it does not hold otherwise */
	DANE_RESULT_UNKNOWN,       /* the evidence lacks the chain, or no memory */
};

struct dane_records {
	const struct dns_tlsa *items; /* usable or not */
	size_t count;
};

/* `names` are the reference identifiers of RFC 7672 3.2.2; at least one. */
enum dane_result dane_verify(const struct chain *chain, struct dane_records records,
			     struct span_list names, int64_t at_ms);

#endif
