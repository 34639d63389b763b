/*
 * The replay runner: reads a scenario (tests/replay/README.md tells how one is written), drives one
 * machine of steps/ with it in virtual time, and compares what the machine asks for and records.
 * Split by machine: helper_replay_step.c (domain, host), helper_replay_wire.c and
 * helper_replay_h2.c (smtp, https), helper_replay_query.c (dns_query).
 */
#ifndef STSWEEP_TESTS_STEPS_HELPER_REPLAY_H
#define STSWEEP_TESTS_STEPS_HELPER_REPLAY_H

#include "record/record.h"
#include "steps/dns_query.h"
#include "steps/domain.h"
#include "steps/host.h"
#include "steps/https.h"
#include "steps/smtp.h"

enum { REPLAY_WORDS_MAX = 64, REPLAY_PENDING_MAX = 256, REPLAY_SENT_MAX = 1 << 20 };

/* A request that the machine has made and that the scenario has to expect and to answer. */
struct replay_pending {
	struct request request;
	int64_t asked_ms;
	bool expected;
	bool answered;
};

enum replay_machine {
	REPLAY_NONE,
	REPLAY_DOMAIN,
	REPLAY_HOST,
	REPLAY_SMTP,
	REPLAY_HTTPS,
	REPLAY_QUERY,
};

struct replay {
	const char *path;
	unsigned line;
	bool split; /* bytes are given one by one */
	bool whole_only;
	struct arena arena;
	int64_t now_ms;
	struct limits limits;
	struct step_settings settings;
	enum replay_machine machine;
	/* What fields are read from and set in. */
	const struct schema *schema;
	void *record;

	struct domain_step domain;
	struct host_step host;
	struct replay_pending pending[REPLAY_PENDING_MAX];
	size_t pending_count;

	struct smtp_step *smtp;
	struct https_step *https;
	enum transport_action action;
	uint8_t *sent; /* not yet compared */
	size_t sent_len;

	struct dns_query query;
	struct dns_query_settings query_settings;
	enum dns_query_action query_action;
	uint16_t next_id;
};

/* The words of one line; words[0] is the verb. */
struct replay_words {
	struct span items[REPLAY_WORDS_MAX];
	size_t count;
};

/* Runs one scenario; false, with a line that says where and why, when it fails. */
bool replay_run(const char *path, bool split, bool *whole_only);

/* Says what is wrong with the line; false always. */
bool replay_fail(const struct replay *replay, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Word `n` as a C string, "" where there is none. */
const char *replay_word(struct replay *replay, const struct replay_words *words, size_t n);
/* The value of the first word "key=value" from word `from` on; no value without one. */
struct span replay_option(const struct replay_words *words, size_t from, const char *key);
int64_t replay_number(struct span text);
uint16_t replay_dns_type(struct span text);
/* Words "field=value" from `from` on, into `record`. */
bool replay_set_fields(struct replay *replay, const struct schema *schema, void *record,
		       const struct replay_words *words, size_t from);

/* Each takes the lines that are its machine's; `*known` is set when the verb is one of its own. */
bool replay_step_line(struct replay *replay, const struct replay_words *words, bool *known);
bool replay_wire_line(struct replay *replay, const struct replay_words *words, bool *known);
bool replay_query_line(struct replay *replay, const struct replay_words *words, bool *known);
/* Nothing may be left unexpected or unanswered. */
bool replay_step_end(struct replay *replay);
void replay_wire_close(struct replay *replay);

/* Bytes from the server, in one piece or in many. */
bool replay_receive(struct replay *replay, struct span bytes);
/* The server's half of HTTP/2, written by hand so that it may misbehave. */
bool replay_h2_line(struct replay *replay, const struct replay_words *words);
bool replay_h2_expect_request(struct replay *replay, const struct replay_words *words);

#endif
