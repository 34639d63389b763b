/*
 * The machine behind dns_query.h: which server is asked next and how, and what the answers come to.
 * Called by the resolver with what came from the network; it never sends, never waits and keeps
 * nothing between lookups.
 */
#include "steps/dns_query.h"

/*
 * RFC 8914 4.23 and 4.24: the resolver says that it could not reach the zone, so validation is not
 * what failed.
 */
enum { EDE_NO_REACHABLE_AUTHORITY = 22, EDE_NETWORK_ERROR = 23 };

static bool server_is_in(uint64_t set, unsigned server)
{
	return server < 64 && (set >> server & 1) != 0;
}

static bool server_validates(const struct dns_query *query)
{
	const struct dns_query_settings *settings = query->settings;

	return server_is_in(settings->trusted_servers, query->server) &&
	       server_is_in(settings->validating_servers, query->server);
}

static enum tristate security_of(const struct dns_query *query, const struct dns_answer *answer)
{
	if (server_is_in(query->settings->trusted_servers, query->server) && answer->authentic)
		return TRISTATE_YES;
	return server_validates(query) ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

static enum dns_query_action send_query(struct dns_query *query, uint16_t id, int64_t now_ms)
{
	query->id = id;
	query->deadline_ms = now_ms + query->settings->limits->dns_timeout_ms;
	query->result.tries++;
	return query->tcp ? DNS_QUERY_SEND_TCP : DNS_QUERY_SEND_UDP;
}

static enum dns_query_action end_query(struct dns_query *query, int64_t now_ms)
{
	query->state = DNS_QUERY_ENDED;
	query->result.tcp = query->tcp;
	query->result.time_ms = now_ms - query->started_ms;
	return DNS_QUERY_DONE;
}

/*
 * An outcome that is no answer: nothing but the status, the extended error and, for LIMIT, the
 * chain is kept.
 */
static enum dns_query_action end_without_answer(struct dns_query *query, enum dns_status status,
						int extended_error, struct span_list cnames,
						int64_t now_ms)
{
	query->result.answer = (struct dns_answer){
		.status = status, .extended_error = extended_error, .cnames = cnames};
	query->result.secure = status == DNS_STATUS_BOGUS ? TRISTATE_NO : TRISTATE_UNKNOWN;
	return end_query(query, now_ms);
}

/*
 * What says more about the name is reported: a server's word before silence, silence before our own
 * trouble.
 */
static int failure_rank(enum dns_status status)
{
	static const enum dns_status ranking[] = {
		DNS_STATUS_LOCAL_LIMIT, DNS_STATUS_NETWORK_ERROR, DNS_STATUS_TIMEOUT,
		DNS_STATUS_REFUSED,     DNS_STATUS_NOTIMP,        DNS_STATUS_FORMERR,
		DNS_STATUS_SERVFAIL,
	};

	for (size_t i = 0; i < ARRAY_LENGTH(ranking); i++) {
		if (ranking[i] == status)
			return (int)i;
	}
	return -1;
}

static void note_failure(struct dns_query *query, enum dns_status status, int extended_error)
{
	if (query->failure != DNS_STATUS_NULL &&
	    failure_rank(status) < failure_rank(query->failure))
		return;
	query->failure = status;
	query->failure_detail = extended_error;
}

/* This server is done with; the next one in the round is asked while there are tries. */
static enum dns_query_action ask_another(struct dns_query *query, uint16_t id, int64_t now_ms)
{
	const struct dns_query_settings *settings = query->settings;

	if (query->servers_tried > settings->limits->dns_retries)
		return end_without_answer(query, query->failure, query->failure_detail,
					  (struct span_list){0}, now_ms);
	query->servers_tried++;
	query->server = (query->server + 1) % settings->servers_count;
	query->state = DNS_QUERY_ASKING;
	query->tcp = false;
	query->without_edns = false;
	return send_query(query, id, now_ms);
}

static enum dns_query_action fail_over(struct dns_query *query, const struct dns_answer *answer,
				       uint16_t id, int64_t now_ms)
{
	note_failure(query, answer->status, answer->extended_error);
	return ask_another(query, id, now_ms);
}

static enum dns_query_action on_servfail(struct dns_query *query, const struct dns_answer *answer,
					 uint16_t id, int64_t now_ms)
{
	bool unreachable = answer->extended_error == EDE_NO_REACHABLE_AUTHORITY ||
			   answer->extended_error == EDE_NETWORK_ERROR;

	if (!server_validates(query) || unreachable)
		return fail_over(query, answer, id, now_ms);
	note_failure(query, answer->status, answer->extended_error);
	query->state = DNS_QUERY_CHECKING;
	query->tcp = false;
	return send_query(query, id, now_ms);
}

/*
 * RFC 6891 7: a server from before EDNS says FORMERR or NOTIMP to it; the same one is asked again
 * without.
 */
static enum dns_query_action on_format_error(struct dns_query *query,
					     const struct dns_answer *answer, uint16_t id,
					     int64_t now_ms)
{
	if (query->without_edns)
		return fail_over(query, answer, id, now_ms);
	query->without_edns = true;
	return send_query(query, id, now_ms);
}

static enum dns_query_action on_answer_asking(struct dns_query *query,
					      const struct dns_answer *answer, uint16_t id,
					      int64_t now_ms)
{
	switch (answer->status) {
	case DNS_STATUS_NOERROR:
	case DNS_STATUS_NODATA:
	case DNS_STATUS_NXDOMAIN:
		query->result.answer = *answer;
		query->result.secure = security_of(query, answer);
		return end_query(query, now_ms);
	case DNS_STATUS_LIMIT:
	case DNS_STATUS_LOCAL_LIMIT:
		return end_without_answer(query, answer->status, answer->extended_error,
					  answer->cnames, now_ms);
	case DNS_STATUS_SERVFAIL:
		return on_servfail(query, answer, id, now_ms);
	case DNS_STATUS_FORMERR:
	case DNS_STATUS_NOTIMP:
		return on_format_error(query, answer, id, now_ms);
	case DNS_STATUS_REFUSED:
		return fail_over(query, answer, id, now_ms);
	case DNS_STATUS_NULL:
	case DNS_STATUS_TIMEOUT:
	case DNS_STATUS_NETWORK_ERROR:
	case DNS_STATUS_BOGUS:
	case DNS_STATUS_NOT_ASKED:
		break; /* no message says that */
	}
	return DNS_QUERY_WAIT;
}

/* RFC 4035 4.7, 5.5: what is there without validation and not with it fails validation. */
static enum dns_query_action on_answer_checking(struct dns_query *query,
						const struct dns_answer *answer, uint16_t id,
						int64_t now_ms)
{
	switch (answer->status) {
	case DNS_STATUS_NOERROR:
	case DNS_STATUS_NODATA:
	case DNS_STATUS_NXDOMAIN:
	case DNS_STATUS_LIMIT:
		return end_without_answer(query, DNS_STATUS_BOGUS, query->failure_detail,
					  (struct span_list){0}, now_ms);
	case DNS_STATUS_LOCAL_LIMIT:
		return end_without_answer(query, answer->status, -1, (struct span_list){0}, now_ms);
	case DNS_STATUS_SERVFAIL:
	case DNS_STATUS_FORMERR:
	case DNS_STATUS_NOTIMP:
	case DNS_STATUS_REFUSED:
		return ask_another(query, id, now_ms); /* the SERVFAIL before it is noted */
	case DNS_STATUS_NULL:
	case DNS_STATUS_TIMEOUT:
	case DNS_STATUS_NETWORK_ERROR:
	case DNS_STATUS_BOGUS:
	case DNS_STATUS_NOT_ASKED:
		break; /* no message says that */
	}
	return DNS_QUERY_WAIT;
}

enum dns_query_action dns_query_start(struct dns_query *query,
				      const struct dns_query_settings *settings,
				      struct arena *arena, struct dns_question question,
				      unsigned first_server, uint16_t id, int64_t now_ms)
{
	uint8_t buffer[DNS_QUERY_BYTES];

	*query = (struct dns_query){
		.settings = settings,
		.arena = arena,
		.question = question,
		.started_ms = now_ms,
		.state = DNS_QUERY_ASKING,
		.servers_tried = 1,
		.failure_detail = -1,
	};
	if (dns_query_message(query, buffer, sizeof(buffer)) == 0)
		return end_without_answer(query, DNS_STATUS_NXDOMAIN, -1, (struct span_list){0},
					  now_ms);
	if (settings->servers_count == 0)
		return end_without_answer(query, DNS_STATUS_NETWORK_ERROR, -1,
					  (struct span_list){0}, now_ms);
	query->server = first_server % settings->servers_count;
	return send_query(query, id, now_ms);
}

size_t dns_query_message(const struct dns_query *query, uint8_t *buffer, size_t size)
{
	struct dns_query_flags flags = {.checking_disabled = query->state == DNS_QUERY_CHECKING};
	int64_t udp_bytes = query->without_edns ? 0 : query->settings->limits->dns_udp_bytes;

	return dns_query_build(buffer, size, query->id, query->question, (uint16_t)udp_bytes,
			       flags);
}

/* TC over TCP says nothing that could be used: another server may do better. */
static enum dns_query_action on_truncated(struct dns_query *query, uint16_t id, int64_t now_ms)
{
	if (query->tcp) {
		note_failure(query, DNS_STATUS_NETWORK_ERROR, -1);
		return ask_another(query, id, now_ms);
	}
	query->tcp = true;
	return send_query(query, id, now_ms);
}

enum dns_query_action dns_query_on_message(struct dns_query *query, struct span message,
					   uint16_t fresh_id, int64_t now_ms)
{
	const struct limits *limits = query->settings->limits;
	struct dns_caps caps = {
		.records_count = (size_t)limits->dns_records_count,
		.cname_depth_count = (unsigned)limits->cname_depth_count,
	};
	struct dns_answer answer;

	if (query->state == DNS_QUERY_ENDED)
		return DNS_QUERY_DONE;
	if (!dns_message_answers(message, query->id, query->question) ||
	    !dns_answer_parse(query->arena, message, query->question, &caps, &answer))
		return DNS_QUERY_WAIT;
	if (query->settings->server_names != NULL)
		query->result.server = query->settings->server_names[query->server];
	if (answer.truncated)
		return on_truncated(query, fresh_id, now_ms);
	switch (query->state) {
	case DNS_QUERY_ASKING:
		return on_answer_asking(query, &answer, fresh_id, now_ms);
	case DNS_QUERY_CHECKING:
		return on_answer_checking(query, &answer, fresh_id, now_ms);
	case DNS_QUERY_ENDED:
		break;
	}
	return DNS_QUERY_DONE;
}

enum dns_query_action dns_query_on_timeout(struct dns_query *query, uint16_t fresh_id,
					   int64_t now_ms)
{
	if (query->state == DNS_QUERY_ENDED)
		return DNS_QUERY_DONE;
	note_failure(query, DNS_STATUS_TIMEOUT, -1);
	return ask_another(query, fresh_id, now_ms);
}

enum dns_query_action dns_query_on_error(struct dns_query *query, bool local, uint16_t fresh_id,
					 int64_t now_ms)
{
	if (query->state == DNS_QUERY_ENDED)
		return DNS_QUERY_DONE;
	note_failure(query, local ? DNS_STATUS_LOCAL_LIMIT : DNS_STATUS_NETWORK_ERROR, -1);
	return ask_another(query, fresh_id, now_ms);
}
