/*
 * The host step: one MX host, from its name to its evidence: A and AAAA, TLSA where RFC 7672 2.2.2
 * asks for it, then a probe of every address, a second one under the TLSA base domain where that
 * differs from the MX name, and one more try of what failed for now.
 *
 * Where the resolver validates nothing (`secure` unknown), TLSA is asked for as if the name were
 * secure: the records are worth having, and their own `secure` tells that nothing rests on them.
 */
#ifndef STSWEEP_STEPS_HOST_H
#define STSWEEP_STEPS_HOST_H

#include "steps/lookup_slot.h"
#include "steps/request.h"

enum host_lookup {
	HOST_LOOKUP_A,
	HOST_LOOKUP_AAAA,
	HOST_LOOKUP_ALIAS, /* the CNAME record of the host itself */
	HOST_LOOKUP_TLSA_EXPANDED,
	HOST_LOOKUP_TLSA_ORIGINAL,
	HOST_LOOKUPS,
};

enum host_state {
	HOST_ADDRESSES_ASKED,
	HOST_ALIAS_ASKED,
	HOST_TLSA_EXPANDED_ASKED,
	HOST_TLSA_ORIGINAL_ASKED,
	HOST_PROBING,
	HOST_SETTLED,
};

/*
 * Of one address. Under the MX name first, then, where that differs, under the TLSA base domain;
 * each tried twice at most.
 */
enum host_probe_state {
	HOST_PROBE_WAITING, /* more addresses than can be asked for at once */
	HOST_PROBE_FIRST,
	HOST_PROBE_PAUSED,
	HOST_PROBE_SECOND,
	HOST_PROBE_BASE_FIRST,
	HOST_PROBE_BASE_PAUSED,
	HOST_PROBE_BASE_SECOND,
	HOST_PROBE_SETTLED,
};

struct host_probe {
	enum host_probe_state state;
	struct address address;
	struct host_address *base; /* what the probe under the TLSA base domain fills */
};

struct host_step {
	const struct step_settings *settings;
	struct arena *arena;
	struct host_record *record; /* in the arena; the caller has filled host and provider */
	unsigned open;
	bool done;
	/* The rest is the step's own. */
	enum host_state state;
	struct lookup_slot lookups[HOST_LOOKUPS];
	struct host_probe *probes; /* one for each of record->addresses */
	size_t probes_count;
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
/*
 * The scan is being stopped: no more requests; what is missing is NOT-ASKED, LOCAL-LIMIT or
 * not-attempted. Events that come later are ignored.
 */
void host_step_stop(struct host_step *step, int64_t now_ms);

#endif
