/*
 * DNS messages (RFC 1035, EDNS 6891): builds the one kind of query the scanner sends, and reads
 * answers through the cursor. What is common (A, AAAA, MX, TXT, CNAME, NS, TLSA, SOA) is read by
 * hand for speed; ldns is the oracle in the tests. Bytes in, structs out; matching an answer to its
 * query is here too, so that no caller can forget a part of it.
 */
#ifndef STSWEEP_FACTS_DNS_MESSAGE_H
#define STSWEEP_FACTS_DNS_MESSAGE_H

#include "base/arena.h"
#include "base/enumerator.h"
#include "base/span.h"
#include "facts/address.h"

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_DNAME = 39,
	DNS_TYPE_TLSA = 52,
};

/* What a lookup came to (MEASURES 2): answers first, then what never became an answer. */
#define DNS_STATUSES(V, P) \
	V(P, NOERROR, "NOERROR", "records of the type asked for came back") \
	V(P, NODATA, "NODATA", "the name exists, without such records") \
	V(P, NXDOMAIN, "NXDOMAIN", "the name does not exist") \
	V(P, SERVFAIL, "SERVFAIL", "the name server failed") \
	V(P, REFUSED, "REFUSED", "the name server refused") \
	V(P, FORMERR, "FORMERR", "the name server could not read the query") \
	V(P, NOTIMP, "NOTIMP", "the name server does not do this") \
	V(P, TIMEOUT, "TIMEOUT", "no answer in time from any name server") \
	V(P, NETWORK_ERROR, "NETWORK-ERROR", \
	  "the query could not be sent, or its connection failed") \
	V(P, BOGUS, "BOGUS", "the answer fails DNSSEC validation") \
	V(P, LIMIT, "LIMIT", "a limit of the scanner was hit: too many records, CNAMEs or bytes") \
	V(P, LOCAL_LIMIT, "LOCAL-LIMIT", "the scanning machine was short of something") \
	V(P, NOT_ASKED, "NOT-ASKED", "the lookup was left out")

ENUMERATION(dns_status, DNS_STATUS, DNS_STATUSES);

struct dns_question {
	struct span name; /* presentation form, A-labels, RFC 4343 escapes for odd bytes */
	uint16_t type;    /* enum dns_type */
};

struct dns_mx {
	struct span host; /* "." is kept as "." (RFC 7505) */
	uint16_t preference;
};

struct dns_tlsa {
	uint8_t usage;
	uint8_t selector;
	uint8_t matching_type;
	struct span data;
};

/*
 * What an answer says, all in the arena it was parsed into. Records are those of the type asked
 * for, at the end of the CNAME chain, in the order they came.
 */
struct dns_answer {
	enum dns_status status;  /* NOERROR to NOTIMP by RCODE and records; LIMIT at a cap */
	bool truncated;          /* TC: ask again over TCP; nothing else is filled then */
	bool authentic;          /* AD as sent; whether to believe it is the caller's business */
	bool cname_loop;         /* the chain comes back to itself */
	struct span canonical;   /* last name of the chain; without CNAME the question's */
	struct span_list cnames; /* targets in order, lower-cased */
	/* Least of the chain and the records; of the SOA (RFC 2308 5) for a negative answer. */
	uint32_t ttl_s;
	int extended_error;        /* EDE INFO-CODE (RFC 8914), -1 if none */
	struct address *addresses; /* A, AAAA */
	size_t addresses_count;
	struct dns_mx *mx;
	size_t mx_count;
	struct span_list txt; /* one span a record, its strings joined without spaces */
	/* NS, PTR, lower-cased; for a CNAME question its target, which is in `cnames` too. */
	struct span_list names;
	struct dns_tlsa *tlsa;
	size_t tlsa_count;
	struct span soa_rname; /* as a name; only for a SOA question */
};

struct dns_caps {
	size_t records_count; /* records read; one more gives LIMIT */
	unsigned cname_depth_count;
};

/*
 * Writes a query into `buffer` (recursion desired, EDNS with `udp_bytes`, DO bit when `dnssec_ok`,
 * CD when `checking_disabled`, AD set so that a resolver may tell, RFC 6840 5.7). Gives the length,
 * or 0 when the name is no name. With `udp_bytes` 0 the query goes without EDNS, for a server that
 * answered FORMERR to it (RFC 6891 7).
 */
struct dns_query_flags {
	bool dnssec_ok;
	bool checking_disabled;
};
size_t dns_query_build(uint8_t *buffer, size_t size, uint16_t id, struct dns_question question,
		       uint16_t udp_bytes, struct dns_query_flags flags);

/*
 * Does `message` answer this query: QR set, same id, opcode, exactly one question with same name
 * (case-insensitive), type and class IN? Address and port are the caller's to compare. An answer
 * that does not match is dropped unread. A FORMERR or NOTIMP without a question section matches by
 * its id alone.
 */
bool dns_message_answers(struct span message, uint16_t id, struct dns_question question);

/*
 * Parses a matching answer. False if it is malformed (treated as no answer at all); over the
 * arena's cap: LOCAL_LIMIT.
 */
bool dns_answer_parse(struct arena *arena, struct span message, struct dns_question question,
		      const struct dns_caps *caps, struct dns_answer *answer);

#endif
