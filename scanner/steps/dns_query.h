/*
 * One lookup over a set of name servers: UDP first, TCP after truncation, another server after a
 * time-out or a failure, and, after a SERVFAIL, once more with CD to tell a bogus answer from a
 * broken server (RFC 4035 4.7). Knows no socket: it says to which server what goes next and until
 * when to wait.
 */
#ifndef STSWEEP_STEPS_DNS_QUERY_H
#define STSWEEP_STEPS_DNS_QUERY_H

#include "steps/request.h"

enum dns_query_action {
	DNS_QUERY_SEND_UDP, /* send to server `server`, wait until `deadline_ms` */
	DNS_QUERY_SEND_TCP,
	DNS_QUERY_WAIT, /* what came was not an answer to this query: keep waiting */
	DNS_QUERY_DONE, /* `result` holds the outcome */
};

struct dns_query_settings {
	const struct limits *limits;
	unsigned servers_count;
	/*
	 * Whose AD bit is believed: bit n for server n (the first 64). RFC 6840 5.8: loopback, or
	 * --trust-ad.
	 */
	uint64_t trusted_servers;
	/*
	 * Which of the trusted ones validate at all (they set AD for a name that is known to be
	 * signed): only of those does a missing AD mean `no`, and a SERVFAIL that goes away with CD
	 * mean BOGUS.
	 */
	uint64_t validating_servers;
	const struct span *server_names; /* address of server n in text form */
};

enum dns_query_state {
	DNS_QUERY_ASKING,
	DNS_QUERY_CHECKING, /* the same with CD, after a SERVFAIL of a validating server */
	DNS_QUERY_ENDED,
};

struct dns_query {
	const struct dns_query_settings *settings;
	struct arena *arena; /* of the job that asked; answers are parsed into it */
	struct dns_question question;
	struct lookup_result result;
	int64_t started_ms;
	int64_t deadline_ms;
	unsigned server; /* to send to next, or that was sent to last */
	uint16_t id;
	bool tcp;
	/* The rest is the query's own. */
	enum dns_query_state state;
	bool without_edns;
	int64_t servers_tried;
	enum dns_status failure; /* best known failure so far, reported when tries run out */
	int failure_detail;      /* its extended error */
};

/*
 * The longest query there is: header, a name of 255 bytes, type and class, an OPT record without
 * options.
 */
enum { DNS_QUERY_BYTES = 12 + 255 + 4 + 11 };

/*
 * A name that cannot be put on the wire (RFC 1035 2.3.4) does not exist: NXDOMAIN without a query.
 * `first_server` and `id` are random numbers of the caller's (RFC 5452): the query keeps no random
 * state.
 */
enum dns_query_action dns_query_start(struct dns_query *query,
				      const struct dns_query_settings *settings,
				      struct arena *arena, struct dns_question question,
				      unsigned first_server, uint16_t id, int64_t now_ms);
/* Writes the message to send for the last action; its length, at most DNS_QUERY_BYTES. */
size_t dns_query_message(const struct dns_query *query, uint8_t *buffer, size_t size);
/* A message from the server that was sent to. `fresh_id` is used if it is asked again. */
enum dns_query_action dns_query_on_message(struct dns_query *query, struct span message,
					   uint16_t fresh_id, int64_t now_ms);
enum dns_query_action dns_query_on_timeout(struct dns_query *query, uint16_t fresh_id,
					   int64_t now_ms);
/* Sending or connecting failed. `local` when this machine was short of something. */
enum dns_query_action dns_query_on_error(struct dns_query *query, bool local, uint16_t fresh_id,
					 int64_t now_ms);

#endif
