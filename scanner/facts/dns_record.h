/*
 * One resource record of an answer (RFC 1035 4.1.3): its frame, and its data read into the answer
 * by type. Used by dns_message.c alone.
 */
#ifndef STSWEEP_FACTS_DNS_RECORD_H
#define STSWEEP_FACTS_DNS_RECORD_H

#include "base/cursor.h"
#include "facts/dns_message.h"

struct dns_record {
	size_t owner_at; /* places in the message; of an owner that is a pointer: where it leads */
	size_t rdata_at;
	uint32_t ttl_s;
	uint16_t type;
	uint16_t class; /* of an OPT record: not a class */
	uint16_t rdata_bytes;
};

/* What an answer is read with; the flags are sticky. */
struct dns_reading {
	struct arena *arena;
	struct span message;
	struct dns_answer *answer;
	bool malformed;
	bool short_of_memory;
};

struct dns_record dns_record_next(struct cursor *cursor);
struct cursor dns_record_data(const struct dns_reading *reading, const struct dns_record *record);
/* The name at `at`, and where it ends. */
struct span dns_record_name(struct dns_reading *reading, size_t at, size_t *end);
/* The name that the record's data is, as in a CNAME. */
struct span dns_record_target(struct dns_reading *reading, const struct dns_record *record);
/* Adds what the record says to the answer; of a type that is not known: nothing. */
void dns_record_read(struct dns_reading *reading, const struct dns_record *record);
void dns_record_append(struct dns_reading *reading, struct span_list *list, struct span item);

#endif
