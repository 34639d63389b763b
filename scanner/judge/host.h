/*
 * The judgement of one MX host by PKIX, address by address (MEASURES 6), and small questions about
 * a host's evidence that other parts of the judge ask too.
 */
#ifndef STSWEEP_JUDGE_HOST_H
#define STSWEEP_JUDGE_HOST_H

#include "judge/chain_memory.h"

/* `yes`, `no` when it is certain that there is none, else `unknown`. */
enum tristate host_has_address(const struct host_record *host);
/* When the address was probed; its certificates are judged at this time. */
int64_t host_address_time(const struct host_record *host, const struct host_address *address);
/*
 * Of two results the one that stands for both: a failure before success, in the vocabulary's order;
 * unknown says nothing.
 */
enum host_result host_result_worse(enum host_result a, enum host_result b);

struct host_pkix {
	enum host_result result; /* over all addresses, by PKIX alone */
	struct span detail;
};

/* Fills `pkix`, `result` and `result_detail` of every address. */
void host_judge_addresses(struct chain_memory *memory,
			  const struct certificate_source *certificates, struct arena *arena,
			  struct host_record *host);
/* Over addresses that have been judged. */
struct host_pkix host_pkix_result(const struct host_record *host);
/* The same with the DANE state: what stands in `result` (MEASURES 6). */
struct host_pkix host_result_with_dane(struct host_pkix pkix, enum dane dane);
/* Over all addresses that answered: `stripped` and `absent` before `offered`. */
enum starttls host_starttls(const struct host_record *host);
/* Lowest TLS version over the addresses; no value without TLS. */
struct span host_tls_version(const struct host_record *host);

#endif
