/*
 * What a sender that honours DANE and MTA-STS, with no cached policy, does with mail for a domain:
 * host by host, then as a whole (MEASURES 8 and 12). Plain values in, plain values out.
 */
#ifndef STSWEEP_JUDGE_DELIVERY_H
#define STSWEEP_JUDGE_DELIVERY_H

#include "record/vocabulary.h"

/* One host, as far as delivery hangs on it. */
struct delivery_host {
	enum tristate has_address;
	enum dane dane;          /* null: DANE does not apply */
	enum host_result result; /* by PKIX alone */
	enum starttls starttls;
	enum tristate tls;     /* did TLS come up, whatever the certificate? */
	enum tristate matches; /* the policy; null without one */
};

struct delivery_domain {
	enum mx_kind mx;
	enum sts_verdict sts;
	const struct delivery_host *hosts;
	size_t hosts_count;
};

/* A host of which nothing is known. */
struct delivery_host delivery_unknown_host(void);
/* What one host contributes; null for one that certainly has no address. */
enum host_delivery delivery_of_host(const struct delivery_host *host, enum sts_verdict sts);
enum delivery delivery_of_domain(const struct delivery_domain *domain);
/*
 * Would a testing policy hold in mode enforce? Null for any other verdict, and where there is no
 * host.
 */
enum tristate delivery_ready_for_enforce(const struct delivery_domain *domain);

#endif
