/*
 * Verification of a chain as a sender would do it (RFC 5280, RFC 8461 3.3 and 4.2), except that
 * every fault is told and not only the first (MEASURES 4). The name is not checked here but by
 * certificate_matches(), so that one verdict serves every name under which the chain is shown.
 */
#ifndef STSWEEP_JUDGE_PKIX_H
#define STSWEEP_JUDGE_PKIX_H

#include "judge/chain.h"

/* Bit of a fault in a set of them. */
#define PKIX_BIT(fault) (1u << (fault))

struct pkix_verdict {
	unsigned faults; /* PKIX_BITs, all but NAME_MISMATCH */
	const char *
		/* what `untrusted` comes from, "purpose" say; NULL where the fault says it all */
		detail;
	int64_t from_ms;  /* the verdict is the same at any time of this span, */
	int64_t until_ms; /* its end excluded */
};

/* `chain` must be loaded. `certificates` may complete it (`incomplete-chain`). */
struct pkix_verdict pkix_verify(const struct chain *chain, X509_STORE *store,
				const struct certificate_source *certificates, int64_t at_ms);

/*
 * The fault to tell first, in the order of MEASURES 4; NULL of the vocabulary when there is none.
 */
enum pkix_fault pkix_first(unsigned faults);

#endif
