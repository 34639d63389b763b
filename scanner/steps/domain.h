/*
 * The domain step: everything that is asked of the DNS and of the policy host for one domain, from its name to its
 * evidence. Lookups of MX, NS, _mta-sts and _smtp._tls go out together; the policy is fetched when a record is valid in
 * either reading (MEASURES 4); what failed for now is tried once more, after limits->retry_delay_ms (MEASURES 1).
 */
#ifndef STSWEEP_STEPS_DOMAIN_H
#define STSWEEP_STEPS_DOMAIN_H

#include "steps/request.h"

struct domain_step {
	const struct step_settings *settings;
	struct arena *arena;
	struct domain_record *record; /* in the arena; domain, index, input... are filled by the caller before */
	unsigned open;                /* requests that have not been answered */
	bool done;                    /* the record holds all evidence; no request is open */
	/* The rest is the step's own. */
	unsigned state;
	unsigned fetches;
	unsigned address_lookups_open;
	bool delayed;
	struct span policy_host;
	struct address *addresses;
	size_t addresses_count;
};

/* `record->domain` must be set. Gives the first requests. */
void domain_step_start(struct domain_step *step, const struct step_settings *settings,
		       struct arena *arena, struct domain_record *record, int64_t now_ms,
		       struct requests *out);
void domain_step_on_lookup(struct domain_step *step, uint32_t tag, const struct lookup_result *result,
			   int64_t now_ms, struct requests *out);
/* The fetch that was asked for has ended; record->sts.policy holds how. */
void domain_step_on_fetched(struct domain_step *step, uint32_t tag, int64_t now_ms,
			    struct requests *out);
void domain_step_on_delay(struct domain_step *step, uint32_t tag, int64_t now_ms,
			  struct requests *out);
/* The scan is being stopped: no more requests; what is missing is NOT-ASKED or not-attempted and the status partial. */
void domain_step_stop(struct domain_step *step, int64_t now_ms);

#endif
