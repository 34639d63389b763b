/*
 * The DANE state of one MX host (MEASURES 7, RFC 7672 2.2): what its lookups say, then every
 * address's chain against the TLSA records. Used by the judges of hosts and domains, after the
 * addresses have been judged by PKIX.
 */
#ifndef STSWEEP_JUDGE_HOST_DANE_H
#define STSWEEP_JUDGE_HOST_DANE_H

#include "judge/judge.h"

struct host_dane {
	enum dane state;          /* null for a host that certainly has no address */
	enum host_result failure; /* what RFC 8460 calls it, where the state is a failure */
};

/*
 * `extra_name` is one more reference name, the domain's own (RFC 7672 3.2.2), or no value. The
 * addresses' `result` must be filled.
 */
struct host_dane host_dane_judge(const struct certificate_source *certificates, struct arena *arena,
				 const struct host_record *host, struct span extra_name);

#endif
