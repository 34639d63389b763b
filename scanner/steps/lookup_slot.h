/*
 * One lookup of a step with its one second try (MEASURES 1): asked, perhaps paused and asked again,
 * settled. Every answer, also that of the first try, goes into the record's list of lookups. Used
 * by the domain and the host step.
 */
#ifndef STSWEEP_STEPS_LOOKUP_SLOT_H
#define STSWEEP_STEPS_LOOKUP_SLOT_H

#include "steps/request.h"

enum lookup_slot_state {
	LOOKUP_SLOT_UNASKED,
	LOOKUP_SLOT_ASKED,
	LOOKUP_SLOT_PAUSED, /* failed for now; waits for its second try */
	LOOKUP_SLOT_ASKED_AGAIN,
	LOOKUP_SLOT_SETTLED,
};

struct lookup_slot {
	enum lookup_slot_state state;
	uint32_t tag; /* of its requests */
	struct dns_question question;
	struct lookup_result result; /* the last answer; NOT_ASKED in a slot left out */
};

/* What a slot needs of its step. */
struct lookup_context {
	const struct step_settings *settings;
	struct arena *arena;
	struct lookup_list *lookups; /* of the record */
	unsigned *open;              /* the step's count of unanswered requests */
	struct requests *out;
};

void lookup_slot_ask(struct lookup_slot *slot, const struct lookup_context *context, uint32_t tag,
		     struct span name, enum dns_type type);
/* Leaves the lookup out: it counts as settled, with status NOT_ASKED. */
void lookup_slot_leave_out(struct lookup_slot *slot);
void lookup_slot_on_result(struct lookup_slot *slot, const struct lookup_context *context,
			   const struct lookup_result *result);
void lookup_slot_on_delay(struct lookup_slot *slot, const struct lookup_context *context);

static inline bool lookup_slot_is_settled(const struct lookup_slot *slot)
{
	return slot->state == LOOKUP_SLOT_SETTLED;
}

static inline enum dns_status lookup_slot_status(const struct lookup_slot *slot)
{
	return slot->result.answer.status;
}

/* Failed for now: worth a second try, and unknown after it (MEASURES 12). */
bool dns_status_is_unknown(enum dns_status status);
/*
 * Two lookups of one name, A and AAAA, that gave no address: the status that speaks for both. What
 * is unknown comes first, for the address may be behind it. A name that does not exist (RFC 8020 2)
 * has none of a family that was left out; one without data in the other family may have.
 */
enum dns_status dns_status_of_both(enum dns_status a, enum dns_status b);

#endif
