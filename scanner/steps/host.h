/*
 * The host step: one MX host, from its name to its evidence: A and AAAA, TLSA where RFC 7672 2.2.2 asks for it, then a
 * probe of every address, a second one under the TLSA base domain where that differs from the MX name, and one more try of
 * what failed for now.
 */
#ifndef STSWEEP_STEPS_HOST_H
#define STSWEEP_STEPS_HOST_H

#include "steps/request.h"

struct host_step {
	const struct step_settings *settings;
	struct arena *arena;
	struct host_record *record; /* in the arena; host and provider are filled by the caller before */
	unsigned open;
	bool done;
	/* The rest is the step's own. */
	unsigned state;
	uint64_t retried; /* bit n: address n has had its second try */
	struct lookup_result lookups[2];
	struct host_address **scratch;
};

void host_step_start(struct host_step *step, const struct step_settings *settings,
		     struct arena *arena, struct host_record *record, int64_t now_ms,
		     struct requests *out);
void host_step_on_lookup(struct host_step *step, uint32_t tag, const struct lookup_result *result,
			 int64_t now_ms, struct requests *out);
/* The probe that was asked for has ended; its host_address holds how. */
void host_step_on_probed(struct host_step *step, uint32_t tag, int64_t now_ms,
			 struct requests *out);
void host_step_on_delay(struct host_step *step, uint32_t tag, int64_t now_ms, struct requests *out);
void host_step_stop(struct host_step *step, int64_t now_ms);

#endif
