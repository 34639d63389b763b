/*
 * The MX hosts of a domain, judged for this domain: its policy's patterns, its own name as a DANE
 * reference name. Used by the judge of a domain; the hosts themselves were judged before, each
 * once.
 */
#ifndef STSWEEP_JUDGE_DOMAIN_HOSTS_H
#define STSWEEP_JUDGE_DOMAIN_HOSTS_H

#include "judge/delivery.h"
#include "judge/host.h"
#include "judge/host_dane.h"

/* What stays known of a host after its record is gone; texts lie in the domain's arena. */
struct judged_host {
	struct span name;
	struct delivery_host delivery;
	struct host_pkix pkix;
	struct host_dane dane;
	unsigned faults;      /* PKIX_BITs over all addresses */
	int64_t not_after_ms; /* first expiry among the leaves, NUMBER_NULL without one */
	int64_t probed_ms;    /* when that leaf was seen */
	bool found;           /* its evidence is there */
	bool differs;         /* its addresses give different results */
	bool cname;
	bool old_tls;
	bool without_ipv6; /* certainly no AAAA record */
};

struct judged_hosts {
	struct judged_host *items;
	size_t count;
	bool incomplete; /* the domain has, or may have, more hosts than its record lists */
};

/*
 * Fills `hosts`, `match`, `mismatch` and `mismatch_notes` of `domain`, whose policy has been
 * judged. False over the arena's cap.
 */
bool domain_hosts_judge(const struct judge_settings *settings,
			const struct certificate_source *certificates,
			const struct host_source *hosts, struct arena *arena,
			struct domain_record *domain, struct judged_hosts *judged);

/* The null MX `.` is no host. */
bool domain_host_is_root(struct span host);

#endif
