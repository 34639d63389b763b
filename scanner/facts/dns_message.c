/*
 * Queries written and answers read by hand, for speed: nothing is copied but what the answer says,
 * names are compared where they stand in the message, and every byte is read through the cursor.
 * Called by the resolver (queries, matching) and for each answer by the DNS step; never sends,
 * never caches, never judges.
 */
#include "facts/dns_message.h"

#include "facts/dns_record.h"
#include "facts/dns_wire.h"
#include "facts/name.h"

enum {
	HEADER_BYTES = 12,
	QUESTION_BYTES = 4, /* type and class, behind the name */
	OPT_BYTES = 11,

	CLASS_IN = 1,
	TYPE_OPT = 41,
	OPTION_EXTENDED_ERROR = 15, /* RFC 8914 2 */

	FLAG_QR = 0x8000,
	FLAG_OPCODE = 0x7800,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_AD = 0x0020,
	FLAG_CD = 0x0010,
	FLAG_RCODE = 0x000f,
	OPT_FLAG_DO = 0x8000,

	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_BADVERS = 16,
};

/* --- the query --- */

/* The caller has counted: no put goes beyond the buffer. */
static uint8_t *put_u16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return to + 2;
}

static void put_opt(uint8_t *to, uint16_t udp_bytes, bool dnssec_ok)
{
	*to++ = 0; /* owner: the root */
	to = put_u16(to, TYPE_OPT);
	to = put_u16(to, udp_bytes);
	to = put_u16(to, 0); /* extended RCODE, version */
	to = put_u16(to, dnssec_ok ? OPT_FLAG_DO : 0);
	put_u16(to, 0); /* no options */
}

size_t dns_query_build(uint8_t *buffer, size_t size, uint16_t id, struct dns_question question,
		       uint16_t udp_bytes, struct dns_query_flags flags)
{
	struct dns_wire_name name;

	dns_wire_from_text(question.name, &name);
	size_t len = HEADER_BYTES + name.len + QUESTION_BYTES + (udp_bytes > 0 ? OPT_BYTES : 0);

	if (name.len == 0 || size < len)
		return 0;
	uint8_t *to = put_u16(buffer, id);

	to = put_u16(to, (uint16_t)(FLAG_RD | FLAG_AD | (flags.checking_disabled ? FLAG_CD : 0)));
	to = put_u16(to, 1);
	to = put_u16(to, 0);
	to = put_u16(to, 0);
	to = put_u16(to, udp_bytes > 0);
	memcpy(to, name.bytes, name.len);
	to = put_u16(to + name.len, question.type);
	to = put_u16(to, CLASS_IN);
	if (udp_bytes > 0)
		put_opt(to, udp_bytes, flags.dnssec_ok);
	return len;
}

/* --- the header, and does it answer --- */

struct header {
	uint16_t id;
	uint16_t flags;
	uint16_t questions_count;
	uint16_t answers_count;
	uint16_t authorities_count;
	uint16_t additionals_count;
};

static struct header read_header(struct cursor *cursor)
{
	struct header header;

	header.id = cursor_u16(cursor);
	header.flags = cursor_u16(cursor);
	header.questions_count = cursor_u16(cursor);
	header.answers_count = cursor_u16(cursor);
	header.authorities_count = cursor_u16(cursor);
	header.additionals_count = cursor_u16(cursor);
	return header;
}

static bool lacks_question(const struct header *header)
{
	uint16_t rcode = header->flags & FLAG_RCODE;

	return header->questions_count == 0 && (rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP);
}

/* Length bytes are below 64, so folding the whole name folds letters alone. */
bool dns_message_answers(struct span message, uint16_t id, struct dns_question question)
{
	struct cursor cursor = cursor_over(message);
	struct header header = read_header(&cursor);
	struct dns_wire_name name;

	if (cursor.failed || header.id != id || (header.flags & FLAG_QR) == 0 ||
	    (header.flags & FLAG_OPCODE) != 0)
		return false;
	if (lacks_question(&header))
		return true;
	dns_wire_from_text(question.name, &name);
	if (header.questions_count != 1 || name.len == 0)
		return false;
	struct span asked = cursor_bytes(&cursor, name.len);
	uint16_t type = cursor_u16(&cursor);
	uint16_t class = cursor_u16(&cursor);

	return !cursor.failed && span_equal_nocase(asked, span_of(name.bytes, name.len)) &&
	       type == question.type && class == CLASS_IN;
}

/* --- the sections --- */

/* RFC 2181 8: a TTL with its top bit set is 0. */
static uint32_t sane_ttl(uint32_t ttl_s)
{
	return ttl_s > INT32_MAX ? 0 : ttl_s;
}

static void lower_ttl(struct dns_answer *answer, uint32_t ttl_s)
{
	ttl_s = sane_ttl(ttl_s);
	if (ttl_s < answer->ttl_s)
		answer->ttl_s = ttl_s;
}

struct section {
	struct dns_record *records;
	size_t count;
	bool over_cap;
};

/* Most owners are a pointer to the question, which has been read by now. */
static bool owner_is(const struct dns_reading *reading, const struct dns_record *record, size_t at)
{
	return record->owner_at == at || dns_wire_equal(reading->message, record->owner_at, at);
}

static bool has_owner(const struct dns_reading *reading, const struct dns_record *record)
{
	return record->owner_at == HEADER_BYTES ||
	       dns_wire_is_name(reading->message, record->owner_at);
}

/* The answer section; what is over the cap is passed over. */
static struct section read_answers(struct dns_reading *reading, struct cursor *cursor, size_t count,
				   size_t cap_count)
{
	enum { RECORD_LEAST_BYTES = 11 };
	size_t possible = cursor_left(cursor) / RECORD_LEAST_BYTES;
	size_t kept = count < cap_count ? count : cap_count;
	struct section section = {.over_cap = count > cap_count};

	if (count > possible) {
		reading->malformed = true;
		return section;
	}
	section.records = arena_calloc(reading->arena, kept, sizeof(*section.records));
	if (section.records == NULL) {
		reading->short_of_memory = true;
		return section;
	}
	for (size_t i = 0; i < count; i++) {
		struct dns_record record = dns_record_next(cursor);

		if (i >= kept)
			continue;
		reading->malformed = reading->malformed || !has_owner(reading, &record);
		section.records[section.count++] = record;
	}
	return section;
}

/* How long "no" may be believed: the lesser of the SOA's TTL and its last field (RFC 2308 5); 0
 * without SOA. */
static uint32_t read_negative_ttl(const struct dns_reading *reading, struct cursor *cursor,
				  size_t count)
{
	enum { MINIMUM_BYTES = 4 };
	uint32_t ttl_s = 0;
	bool found = false;

	for (size_t i = 0; i < count && !cursor->failed; i++) {
		struct dns_record record = dns_record_next(cursor);

		if (cursor->failed || found || record.type != DNS_TYPE_SOA ||
		    record.rdata_bytes < MINIMUM_BYTES)
			continue;
		struct cursor rdata = dns_record_data(reading, &record);

		cursor_seek(&rdata, record.rdata_bytes - MINIMUM_BYTES);
		uint32_t minimum_s = sane_ttl(cursor_u32(&rdata));

		ttl_s = sane_ttl(record.ttl_s);
		ttl_s = minimum_s < ttl_s ? minimum_s : ttl_s;
		found = true;
	}
	return ttl_s;
}

/* Options that overrun their record cost the extended error, not the answer. */
static int read_extended_error(struct cursor options)
{
	while (!cursor_at_end(&options)) {
		uint16_t code = cursor_u16(&options);
		struct span value = cursor_bytes(&options, cursor_u16(&options));
		struct cursor info = cursor_over(value);

		if (!options.failed && code == OPTION_EXTENDED_ERROR && value.len >= 2)
			return cursor_u16(&info);
	}
	return -1;
}

/* The upper bits of the RCODE (RFC 6891 6.1.3), and the extended error. */
static uint16_t read_additionals(struct dns_reading *reading, struct cursor *cursor, size_t count)
{
	enum { EXTENDED_RCODE_SHIFT = 24, RCODE_BITS = 4 };
	uint16_t upper = 0;

	for (size_t i = 0; i < count && !cursor->failed; i++) {
		struct dns_record record = dns_record_next(cursor);

		if (cursor->failed || record.type != TYPE_OPT)
			continue;
		upper = (uint16_t)((record.ttl_s >> EXTENDED_RCODE_SHIFT) << RCODE_BITS);
		reading->answer->extended_error =
			read_extended_error(dns_record_data(reading, &record));
	}
	return upper;
}

/* RCODEs that MEASURES has no word for are the server's failure; of EDNS it says that it does not
 * do this version. */
static enum dns_status status_of(uint16_t rcode)
{
	static const enum dns_status statuses[] = {
		[RCODE_NOERROR] = DNS_STATUS_NOERROR,   [RCODE_FORMERR] = DNS_STATUS_FORMERR,
		[RCODE_SERVFAIL] = DNS_STATUS_SERVFAIL, [RCODE_NXDOMAIN] = DNS_STATUS_NXDOMAIN,
		[RCODE_NOTIMP] = DNS_STATUS_NOTIMP,     [RCODE_REFUSED] = DNS_STATUS_REFUSED,
	};

	if (rcode == RCODE_BADVERS)
		return DNS_STATUS_NOTIMP;
	return rcode < ARRAY_LENGTH(statuses) ? statuses[rcode] : DNS_STATUS_SERVFAIL;
}

/* --- the chain, and what is at its end --- */

static const struct dns_record *find_cname(const struct dns_reading *reading,
					   const struct section *section, size_t owner_at,
					   size_t from)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct dns_record *record = &section->records[(from + i) % section->count];

		if (record->type == DNS_TYPE_CNAME && record->class == CLASS_IN &&
		    owner_is(reading, record, owner_at))
			return record;
	}
	return NULL;
}

static bool was_met(struct span name, const struct span_list *cnames, struct span first)
{
	if (span_equal(name, first))
		return true;
	for (size_t i = 0; i < cnames->count; i++)
		if (span_equal(name, cnames->items[i]))
			return true;
	return false;
}

/* Follows the CNAMEs from the question, in whatever order they came; gives the place of the last
 * name. The search goes on behind the record last used, since most servers send the chain in order.
 */
static size_t follow_chain(struct dns_reading *reading, const struct section *section,
			   unsigned depth_count)
{
	struct dns_answer *answer = reading->answer;
	struct span first = answer->canonical;
	size_t at = HEADER_BYTES, from = 0;
	const struct dns_record *record = NULL;

	while ((record = find_cname(reading, section, at, from)) != NULL) {
		if (answer->cnames.count >= depth_count) {
			answer->status = DNS_STATUS_LIMIT;
			return at;
		}
		struct span target = dns_record_target(reading, record);

		if (reading->malformed || reading->short_of_memory)
			return at;
		answer->cname_loop = was_met(target, &answer->cnames, first);
		dns_record_append(reading, &answer->cnames, target);
		lower_ttl(answer, record->ttl_s);
		if (answer->cname_loop)
			return at;
		answer->canonical = target;
		at = record->rdata_at;
		from = (size_t)(record - section->records) + 1;
	}
	return at;
}

/* The records of the type asked for at the name that stands at `owner_at`; gives how many. */
static size_t gather(struct dns_reading *reading, const struct section *section, uint16_t type,
		     size_t owner_at)
{
	size_t count = 0;

	for (size_t i = 0; i < section->count; i++) {
		const struct dns_record *record = &section->records[i];

		if (record->type != type || record->class != CLASS_IN ||
		    !owner_is(reading, record, owner_at))
			continue;
		dns_record_read(reading, record);
		lower_ttl(reading->answer, record->ttl_s);
		count++;
	}
	return count;
}

/* Records count only where the server says that all is well; a chain also where the name at its end
 * does not exist (RFC 2308 2.1: the RCODE speaks of the last name). */
static void read_contents(struct dns_reading *reading, const struct section *section, uint16_t type,
			  const struct dns_caps *caps, uint32_t negative_ttl_s)
{
	struct dns_answer *answer = reading->answer;
	size_t owner_at = HEADER_BYTES, found = 0;

	if (answer->status != DNS_STATUS_NOERROR && answer->status != DNS_STATUS_NXDOMAIN)
		return;
	answer->ttl_s = UINT32_MAX;
	if (type != DNS_TYPE_CNAME)
		owner_at = follow_chain(reading, section, caps->cname_depth_count);
	if (answer->status == DNS_STATUS_NOERROR && !answer->cname_loop)
		found = gather(reading, section, type, owner_at);
	if (answer->status == DNS_STATUS_NOERROR && found == 0)
		answer->status = DNS_STATUS_NODATA;
	if (found == 0)
		lower_ttl(answer, negative_ttl_s);
	if (section->over_cap)
		answer->status = DNS_STATUS_LIMIT;
}

/* The question's name as the answer repeats it; where it is left out, as it was asked. */
static void read_question(struct dns_reading *reading, struct cursor *cursor, size_t count,
			  struct dns_question question)
{
	size_t end = 0;

	reading->malformed = cursor->failed || count > 1;
	if (reading->malformed)
		return;
	if (count == 0) {
		reading->answer->canonical = name_fold(reading->arena, question.name);
		return;
	}
	reading->answer->canonical = dns_record_name(reading, cursor->at, &end);
	cursor_seek(cursor, end);
	cursor_bytes(cursor, QUESTION_BYTES);
}

bool dns_answer_parse(struct arena *arena, struct span message, struct dns_question question,
		      const struct dns_caps *caps, struct dns_answer *answer)
{
	struct dns_reading reading = {.arena = arena, .message = message, .answer = answer};
	struct cursor cursor = cursor_over(message);
	struct header header = read_header(&cursor);

	*answer = (struct dns_answer){.extended_error = -1};
	answer->authentic = (header.flags & FLAG_AD) != 0;
	answer->truncated = !cursor.failed && (header.flags & FLAG_TC) != 0;
	if (answer->truncated)
		return true;
	read_question(&reading, &cursor, header.questions_count, question);
	struct section section = {0};

	if (!reading.malformed && !cursor.failed)
		section =
			read_answers(&reading, &cursor, header.answers_count, caps->records_count);
	uint32_t negative_ttl_s = read_negative_ttl(&reading, &cursor, header.authorities_count);
	uint16_t upper = read_additionals(&reading, &cursor, header.additionals_count);

	if (reading.malformed || cursor.failed)
		return false;
	answer->status = status_of(upper | (header.flags & FLAG_RCODE));
	if (header.questions_count == 1 && !reading.short_of_memory)
		read_contents(&reading, &section, question.type, caps, negative_ttl_s);
	if (reading.short_of_memory)
		*answer =
			(struct dns_answer){.status = DNS_STATUS_LOCAL_LIMIT, .extended_error = -1};
	return !reading.malformed;
}
