/*
 * What is known of a chain by the hashes of its certificates, remembered: thousands of MX hosts of
 * one provider show the same chain, and verifying it costs as much as all the rest of judging. A
 * bounded number is kept; forgetting changes no verdict. Not thread-safe: one memory a judge.
 */
#ifndef STSWEEP_JUDGE_CHAIN_MEMORY_H
#define STSWEEP_JUDGE_CHAIN_MEMORY_H

#include "facts/certificate.h"
#include "judge/pkix.h"

struct chain_memory;

struct chain_verdict {
	enum chain_state state;
	struct pkix_verdict pkix; /* for CHAIN_LOADED and CHAIN_MALFORMED */
	struct certificate leaf;  /* for CHAIN_LOADED; without its DER */
};

/* NULL without memory. */
struct chain_memory *chain_memory_new(X509_STORE *store);
void chain_memory_free(struct chain_memory *memory);

/* Valid until the next call. Never NULL: without memory the state is CHAIN_MISSING. */
const struct chain_verdict *chain_memory_judge(struct chain_memory *memory,
					       const struct certificate_source *certificates,
					       struct span_list hashes, int64_t at_ms);
/* All faults of a loaded or malformed chain shown under `name`, as PKIX_BITs. */
unsigned chain_faults(const struct chain_verdict *verdict, struct span name);

#endif
