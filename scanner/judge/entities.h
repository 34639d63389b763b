/*
 * Who runs the MX hosts, the policy host and the name servers of a domain (MEASURES 9). Used by the
 * judge of a domain and by the census.
 */
#ifndef STSWEEP_JUDGE_ENTITIES_H
#define STSWEEP_JUDGE_ENTITIES_H

#include "judge/judge.h"

struct provider_identity {
	struct span
		/* as shown: of the table, else the registrable domain, else the host itself */
		name;
	struct span
		/* equal for one provider: the name in the table, else the second-level label */
		key;
	enum provider_class class;
};

/* Parts of `host` and of the table. */
struct provider_identity
provider_identify(const psl_ctx_t *psl, const struct provider_table *providers, struct span host);

/*
 * The name that tells who runs the policy host: the end of its CNAME chain. No value where it was
 * not looked up.
 */
struct span entities_policy_host(const struct sts_policy *policy);

/* Fills `domain->entities`. `census` may be NULL: management is then `unclassified`. */
void entities_judge(const struct judge_settings *settings, const struct census *census,
		    const struct host_source *hosts, struct domain_record *domain);

#endif
