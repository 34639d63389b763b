/* Answers for the tests, built by ldns out of records in text, so that what is read was not written
 * by the reader's hand. */
#ifndef STSWEEP_TESTS_FACTS_HELPER_DNS_H
#define STSWEEP_TESTS_FACTS_HELPER_DNS_H

#include "base/arena.h"
#include "facts/dns_message.h"

enum { HELPER_ID = 4711, HELPER_RECORDS_MOST = 8 };

struct helper_answer {
	const char *name;
	uint16_t type;
	uint16_t rcode; /* beyond 15 an OPT record is added */
	bool authentic;
	bool truncated;
	const char *answers[HELPER_RECORDS_MOST]; /* "name ttl IN type data" */
	const char *authorities[HELPER_RECORDS_MOST];
	const char *options; /* EDNS options in hex, or NULL for no EDNS */
};

struct span helper_message(struct arena *arena, const struct helper_answer *answer);
struct dns_question helper_question(const struct helper_answer *answer);

#endif
