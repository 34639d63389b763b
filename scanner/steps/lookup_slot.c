/*
 * The states of one lookup with its second try. Called by the steps; decides nothing about what an
 * answer means.
 */
#include "steps/lookup_slot.h"

bool dns_status_is_unknown(enum dns_status status)
{
	switch (status) {
	case DNS_STATUS_SERVFAIL:
	case DNS_STATUS_REFUSED:
	case DNS_STATUS_TIMEOUT:
	case DNS_STATUS_NETWORK_ERROR:
	case DNS_STATUS_LOCAL_LIMIT:
		return true;
	case DNS_STATUS_NULL:
	case DNS_STATUS_NOERROR:
	case DNS_STATUS_NODATA:
	case DNS_STATUS_NXDOMAIN:
	case DNS_STATUS_FORMERR:
	case DNS_STATUS_NOTIMP:
	case DNS_STATUS_BOGUS:
	case DNS_STATUS_LIMIT:
	case DNS_STATUS_NOT_ASKED:
		break;
	}
	return false;
}

static int rank_of(enum dns_status status)
{
	static const enum dns_status ranking[] = {
		DNS_STATUS_SERVFAIL, DNS_STATUS_TIMEOUT,       DNS_STATUS_REFUSED,
		DNS_STATUS_LIMIT,    DNS_STATUS_NETWORK_ERROR, DNS_STATUS_LOCAL_LIMIT,
		DNS_STATUS_BOGUS,    DNS_STATUS_FORMERR,       DNS_STATUS_NOTIMP,
		DNS_STATUS_NXDOMAIN, DNS_STATUS_NOT_ASKED,     DNS_STATUS_NODATA,
		DNS_STATUS_NOERROR,
	};
	int rank = 0;

	while (rank < (int)ARRAY_LENGTH(ranking) && ranking[rank] != status)
		rank++;
	return rank;
}

enum dns_status dns_status_of_both(enum dns_status a, enum dns_status b)
{
	return rank_of(a) <= rank_of(b) ? a : b;
}

static void request_lookup(const struct lookup_slot *slot, const struct lookup_context *context)
{
	struct request *request = requests_add(context->out, REQUEST_RESOLVE, slot->tag);

	request->question = slot->question;
	++*context->open;
}

void lookup_slot_ask(struct lookup_slot *slot, const struct lookup_context *context, uint32_t tag,
		     struct span name, enum dns_type type)
{
	*slot = (struct lookup_slot){
		.state = LOOKUP_SLOT_ASKED,
		.tag = tag,
		.question = {.name = name, .type = (uint16_t)type},
	};
	request_lookup(slot, context);
}

void lookup_slot_leave_out(struct lookup_slot *slot)
{
	slot->result = (struct lookup_result){
		.answer = {.status = DNS_STATUS_NOT_ASKED, .extended_error = -1},
		.secure = TRISTATE_UNKNOWN,
	};
	slot->state = LOOKUP_SLOT_SETTLED;
}

static void append_lookup(const struct lookup_slot *slot, const struct lookup_context *context)
{
	struct lookup *lookup = record_append(context->arena, &schema_lookup, context->lookups);
	const struct lookup_result *result = &slot->result;

	if (lookup == NULL)
		return; /* the arena remembers */
	lookup->name = slot->question.name;
	lookup->type = slot->question.type;
	lookup->status = result->answer.status;
	lookup->secure = result->secure;
	lookup->extended_error = result->answer.extended_error;
	if (!span_is_null(result->answer.canonical))
		lookup->ttl_s = result->answer.ttl_s;
	lookup->server = result->server;
	lookup->tcp = flag_of(result->tcp);
	lookup->tries = result->tries;
	lookup->time_ms = result->time_ms;
	lookup->cname = result->answer.cnames;
}

static void pause_slot(struct lookup_slot *slot, const struct lookup_context *context)
{
	struct request *request = requests_add(context->out, REQUEST_DELAY, slot->tag);

	request->delay_ms = context->settings->limits->retry_delay_ms;
	++*context->open;
	slot->state = LOOKUP_SLOT_PAUSED;
}

void lookup_slot_on_result(struct lookup_slot *slot, const struct lookup_context *context,
			   const struct lookup_result *result)
{
	switch (slot->state) {
	case LOOKUP_SLOT_ASKED:
		slot->result = *result;
		append_lookup(slot, context);
		/*
		 * BOGUS is concluded from a SERVFAIL that goes away with CD; a server that failed
		 * for a moment looks the same, so it has to show twice.
		 */
		if (dns_status_is_unknown(result->answer.status) ||
		    result->answer.status == DNS_STATUS_BOGUS)
			pause_slot(slot, context);
		else
			slot->state = LOOKUP_SLOT_SETTLED;
		break;
	case LOOKUP_SLOT_ASKED_AGAIN:
		slot->result = *result;
		append_lookup(slot, context);
		slot->state = LOOKUP_SLOT_SETTLED;
		break;
	case LOOKUP_SLOT_UNASKED:
	case LOOKUP_SLOT_PAUSED:
	case LOOKUP_SLOT_SETTLED:
		break; /* nothing was asked: a result that belongs to nobody */
	}
}

void lookup_slot_on_delay(struct lookup_slot *slot, const struct lookup_context *context)
{
	switch (slot->state) {
	case LOOKUP_SLOT_PAUSED:
		request_lookup(slot, context);
		slot->state = LOOKUP_SLOT_ASKED_AGAIN;
		break;
	case LOOKUP_SLOT_UNASKED:
	case LOOKUP_SLOT_ASKED:
	case LOOKUP_SLOT_ASKED_AGAIN:
	case LOOKUP_SLOT_SETTLED:
		break;
	}
}
