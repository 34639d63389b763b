/*
 * What a step asks of the world, and what the world tells it. A step is a state machine without sockets, threads or clock:
 * it is started, given events, and answers each with requests; it calls nobody and never frees. Whoever drives it (a
 * worker, the replay runner of the tests) carries requests out and brings each result back under the request's tag.
 */
#ifndef STSWEEP_STEPS_REQUEST_H
#define STSWEEP_STEPS_REQUEST_H

#include "base/arena.h"
#include "base/limits.h"
#include "facts/dns_message.h"
#include "record/record.h"

enum request_kind {
	REQUEST_RESOLVE, /* look `question` up; answered by a struct lookup_result */
	REQUEST_FETCH,   /* fetch the policy of `host` from `addresses`; answered by filling `policy` */
	REQUEST_PROBE,   /* STARTTLS probe of one address; answered by filling `probe` */
	REQUEST_DELAY,   /* wait `delay_ms` */
};

struct request {
	enum request_kind kind;
	uint32_t tag; /* the step's own; comes back with the event */
	struct dns_question question;
	struct {
		struct span host;               /* SNI, Host and DNS-ID: mta-sts.D */
		const struct address *addresses; /* in the order to try; next one only if no connection came */
		size_t addresses_count;
		struct sts_policy *policy;      /* the record's own map; BOTH and EVIDENCE fields are filled */
	} fetch;
	struct {
		struct span host; /* MX host */
		struct span sni;
		struct address address;
		struct host_address *probe; /* a record of the host's list, or a scratch one for a second SNI */
	} probe;
	int64_t delay_ms;
};

enum { REQUESTS_MAX = 32 };

/* Requests of one event. A step never has more than REQUESTS_MAX to ask at once. */
struct requests {
	struct request items[REQUESTS_MAX];
	size_t count;
};

/* A lookup's outcome: an answer, or why there is none (`answer.status` from TIMEOUT on; then the rest is empty). */
struct lookup_result {
	struct dns_answer answer; /* in the arena of the job that asked */
	enum tristate secure;     /* validated by a resolver that is trusted to; unknown where nothing validates */
	struct span server;       /* address in text form */
	bool tcp;
	int64_t tries;
	int64_t time_ms;
};

/* Settings all steps share; outlives them. */
struct step_settings {
	const struct limits *limits;
	struct span vantage;
	bool stage_policy;  /* --stages */
	bool stage_smtp;
	bool always_fetch;
	bool allow_reserved;
	bool ipv4;          /* address families to use */
	bool ipv6;
	struct span ehlo_domain;
	struct span user_agent;
	struct span_list own_addresses; /* text form; to recognise them in a refusal */
};

#endif
