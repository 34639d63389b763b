/*
 * The domain step: everything that is asked of the DNS and of the policy host for one domain, from
 * its name to its evidence. Lookups of MX, NS, _mta-sts and _smtp._tls go out together; the policy
 * is fetched when a record is valid in either reading (MEASURES 4); what failed for now is tried
 * once more, after limits->retry_delay_ms (MEASURES 1).
 *
 * In `record->mx.hosts` a host may be "." (null and invalid null MX): it is no host to look up.
 */
#ifndef STSWEEP_STEPS_DOMAIN_H
#define STSWEEP_STEPS_DOMAIN_H

#include "steps/lookup_slot.h"
#include "steps/request.h"

enum domain_lookup {
	DOMAIN_LOOKUP_MX,
	DOMAIN_LOOKUP_NS,
	DOMAIN_LOOKUP_STS,
	DOMAIN_LOOKUP_TLSRPT,
	DOMAIN_LOOKUP_A, /* of the domain itself, for an implicit MX */
	DOMAIN_LOOKUP_AAAA,
	DOMAIN_LOOKUP_POLICY_A,
	DOMAIN_LOOKUP_POLICY_AAAA,
	DOMAIN_LOOKUPS,
};

enum domain_mx_state {
	DOMAIN_MX_ASKED,
	DOMAIN_MX_ADDRESSES_ASKED,
	DOMAIN_MX_SETTLED,
};

enum domain_policy_state {
	DOMAIN_POLICY_RECORD_ASKED, /* what the record says decides whether to go on */
	DOMAIN_POLICY_ADDRESSES_ASKED,
	DOMAIN_POLICY_FETCHING,
	DOMAIN_POLICY_PAUSED, /* the fetch failed for now */
	DOMAIN_POLICY_FETCHING_AGAIN,
	DOMAIN_POLICY_SETTLED,
};

struct domain_step {
	const struct step_settings *settings;
	struct arena *arena;
	struct domain_record *record; /* in the arena; domain, index, input... are filled */
	unsigned open;                /* requests that have not been answered */
	bool done;                    /* the record holds all evidence; no request is open */
	/* The rest is the step's own. */
	struct lookup_slot lookups[DOMAIN_LOOKUPS];
	enum domain_mx_state mx;
	enum domain_policy_state policy;
	bool hosts_cut;            /* more MX hosts than are kept */
	struct address *addresses; /* of the policy host, to be tried */
	size_t addresses_count;
};

/* `record->domain` must be set. Gives the first requests. */
void domain_step_start(struct domain_step *step, const struct step_settings *settings,
		       struct arena *arena, struct domain_record *record, int64_t now_ms,
		       struct requests *out);
void domain_step_on_lookup(struct domain_step *step, uint32_t tag,
			   const struct lookup_result *result, int64_t now_ms,
			   struct requests *out);
/* The fetch that was asked for has ended; record->sts.policy holds how. */
void domain_step_on_fetched(struct domain_step *step, uint32_t tag, int64_t now_ms,
			    struct requests *out);
void domain_step_on_delay(struct domain_step *step, uint32_t tag, int64_t now_ms,
			  struct requests *out);
/*
 * The scan is being stopped: no more requests; what is missing is NOT-ASKED or LOCAL-LIMIT and the
 * status partial. Events that come later are ignored.
 */
void domain_step_stop(struct domain_step *step, int64_t now_ms);

#endif
