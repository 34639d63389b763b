/*
 * What a step asks of the world, and what the world tells it. A step is a state machine without
 * sockets, threads or clock: it is started, given events, and answers each with requests; it calls
 * nobody and never frees. Whoever drives it (a worker, the replay runner of the tests) carries
 * requests out and brings each result back under the request's tag.
 *
 * Times given to steps are milliseconds since 1970 UTC that never go backwards: what they write
 * into records are dates.
 */
#ifndef STSWEEP_STEPS_REQUEST_H
#define STSWEEP_STEPS_REQUEST_H

#include "base/arena.h"
#include "base/limits.h"
#include "facts/dns_message.h"
#include "record/record.h"

enum request_kind {
	REQUEST_RESOLVE, /* look `question` up; answered by a struct lookup_result */
	/* fetch the policy of `host` from `addresses`; answered by filling `policy` */
	REQUEST_FETCH,
	REQUEST_PROBE, /* STARTTLS probe of one address; answered by filling `probe` */
	REQUEST_DELAY, /* wait `delay_ms` */
};

struct request {
	enum request_kind kind;
	uint32_t tag; /* the step's own; comes back with the event */
	struct dns_question question;
	struct {
		struct span host; /* SNI, Host and DNS-ID: mta-sts.D */
		/* In the order to try; the next one only if no connection came. */
		const struct address *addresses;
		size_t addresses_count;
		/*
		 * The record's own map. The HTTPS step fills what it learns; `address`, `started`
		 * and `time_ms` are the driver's, the step fills in when it asked and was answered
		 * where the driver leaves them null.
		 */
		struct sts_policy *policy;
	} fetch;
	struct {
		struct span host; /* MX host */
		struct span sni;
		struct address address;
		/*
		 * A record of the host's list, or a scratch one for a second SNI. `started` and
		 * `duration_ms` as above.
		 */
		struct host_address *probe;
	} probe;
	int64_t delay_ms;
};

enum { REQUESTS_MAX = 32 };

/* Requests of one event. A step never has more than REQUESTS_MAX to ask at once. */
struct requests {
	struct request items[REQUESTS_MAX];
	size_t count;
};

/* The next place in `out`, for a step to fill. */
struct request *requests_add(struct requests *out, enum request_kind kind, uint32_t tag);

/*
 * A lookup's outcome: an answer, or why there is none (`answer.status` from TIMEOUT on; then the
 * rest is empty, but for `extended_error` and, under LIMIT, `cnames`).
 */
struct lookup_result {
	struct dns_answer answer; /* in the arena of the job that asked */
	/* Validated by a resolver that is trusted to; unknown where nothing validates. */
	enum tristate secure;
	struct span server; /* address in text form */
	bool tcp;
	int64_t tries;
	int64_t time_ms;
};

/* Settings all steps share; outlives them. */
struct step_settings {
	const struct limits *limits;
	struct span vantage;
	bool stage_policy; /* --stages */
	bool stage_smtp;
	bool always_fetch;
	bool allow_reserved;
	bool ipv4; /* address families to use */
	bool ipv6;
	bool list_ipv4; /* no route: its addresses are asked for and recorded, not connected to */
	bool list_ipv6;
	struct span ehlo_domain;
	struct span user_agent;
	struct span_list own_addresses; /* text form; to recognise them in a refusal */
};

static inline bool step_connects_to(const struct step_settings *settings, struct address address)
{
	return address.family == ADDRESS_IPV6 ? settings->ipv6 : settings->ipv4;
}

#endif
