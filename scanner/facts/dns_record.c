/*
 * Records read by hand, one reader a type. A record whose data does not fit its type makes the
 * whole message malformed: what its sender says elsewhere in it is no better. Called for each
 * record that the question asks for.
 */
#include "facts/dns_record.h"

#include "facts/dns_wire.h"

struct dns_record dns_record_next(struct cursor *cursor)
{
	struct dns_record record = {.owner_at = dns_wire_skip(cursor)};

	record.type = cursor_u16(cursor);
	record.class = cursor_u16(cursor);
	record.ttl_s = cursor_u32(cursor);
	record.rdata_bytes = cursor_u16(cursor);
	record.rdata_at = cursor->at;
	cursor_bytes(cursor, record.rdata_bytes);
	return record;
}

struct span dns_record_name(struct dns_reading *reading, size_t at, size_t *end)
{
	char text[DNS_NAME_TEXT_BYTES];
	size_t len = dns_wire_to_text(reading->message, at, text, end);
	struct span name = {0};

	if (len == 0) {
		reading->malformed = true;
		return name;
	}
	name = arena_copy(reading->arena, span_of(text, len));
	reading->short_of_memory = reading->short_of_memory || span_is_null(name);
	return name;
}

struct cursor dns_record_data(const struct dns_reading *reading, const struct dns_record *record)
{
	return cursor_over(span_of(reading->message.data + record->rdata_at, record->rdata_bytes));
}

/* A name that begins `skip` bytes into the RDATA and must fill the rest of it. */
static struct span rdata_name(struct dns_reading *reading, const struct dns_record *record,
			      size_t skip)
{
	size_t end = 0;
	struct span name = dns_record_name(reading, record->rdata_at + skip, &end);

	reading->malformed = reading->malformed || end != record->rdata_at + record->rdata_bytes;
	return name;
}

static void *grow(struct dns_reading *reading, void *items, size_t *count, size_t size,
		  void **grown)
{
	void *place = arena_grow(reading->arena, &items, count, size);

	reading->short_of_memory = reading->short_of_memory || place == NULL;
	*grown = items;
	return place;
}

void dns_record_append(struct dns_reading *reading, struct span_list *list, struct span item)
{
	if (!span_is_null(item) && !arena_append(reading->arena, list, item))
		reading->short_of_memory = true;
}

static void read_address(struct dns_reading *reading, const struct dns_record *record)
{
	struct dns_answer *answer = reading->answer;
	struct cursor rdata = dns_record_data(reading, record);
	struct address address = address_from_bytes(cursor_rest(&rdata));
	void *grown = NULL;

	if (address.family != (record->type == DNS_TYPE_A ? ADDRESS_IPV4 : ADDRESS_IPV6)) {
		reading->malformed = true;
		return;
	}
	struct address *place =
		grow(reading, answer->addresses, &answer->addresses_count, sizeof(*place), &grown);

	answer->addresses = grown;
	if (place != NULL)
		*place = address;
}

static void read_mx(struct dns_reading *reading, const struct dns_record *record)
{
	struct dns_answer *answer = reading->answer;
	struct cursor rdata = dns_record_data(reading, record);
	uint16_t preference = cursor_u16(&rdata);
	void *grown = NULL;

	if (rdata.failed) {
		reading->malformed = true;
		return;
	}
	struct span host = rdata_name(reading, record, sizeof(preference));
	struct dns_mx *place = grow(reading, answer->mx, &answer->mx_count, sizeof(*place), &grown);

	answer->mx = grown;
	if (place != NULL)
		*place = (struct dns_mx){.host = host, .preference = preference};
}

/* The strings of one record, joined (RFC 7208 3.3, RFC 8461 3.1); one of no strings is read as an
 * empty one. */
static void read_txt(struct dns_reading *reading, const struct dns_record *record)
{
	struct cursor rdata = dns_record_data(reading, record);
	uint8_t *text = arena_alloc(reading->arena, record->rdata_bytes + 1U);
	size_t len = 0;

	if (text == NULL) {
		reading->short_of_memory = true;
		return;
	}
	while (!cursor_at_end(&rdata)) {
		struct span part = cursor_bytes(&rdata, cursor_u8(&rdata));

		if (part.len > 0)
			memcpy(text + len, part.data, part.len);
		len += part.len;
	}
	reading->malformed = reading->malformed || rdata.failed;
	dns_record_append(reading, &reading->answer->txt, span_of(text, len));
}

static void read_target(struct dns_reading *reading, const struct dns_record *record)
{
	dns_record_append(reading, &reading->answer->names, rdata_name(reading, record, 0));
}

static void read_cname(struct dns_reading *reading, const struct dns_record *record)
{
	struct span target = rdata_name(reading, record, 0);

	dns_record_append(reading, &reading->answer->names, target);
	dns_record_append(reading, &reading->answer->cnames, target);
}

static void read_tlsa(struct dns_reading *reading, const struct dns_record *record)
{
	struct dns_answer *answer = reading->answer;
	struct cursor rdata = dns_record_data(reading, record);
	struct dns_tlsa tlsa = {.usage = cursor_u8(&rdata)};
	void *grown = NULL;

	tlsa.selector = cursor_u8(&rdata);
	tlsa.matching_type = cursor_u8(&rdata);
	if (rdata.failed) {
		reading->malformed = true;
		return;
	}
	tlsa.data = arena_copy(reading->arena, cursor_rest(&rdata));
	struct dns_tlsa *place =
		grow(reading, answer->tlsa, &answer->tlsa_count, sizeof(*place), &grown);

	answer->tlsa = grown;
	reading->short_of_memory = reading->short_of_memory || span_is_null(tlsa.data);
	if (place != NULL)
		*place = tlsa;
}

static void read_soa(struct dns_reading *reading, const struct dns_record *record)
{
	enum { SOA_NUMBERS_BYTES = 20 };
	size_t end = 0;

	dns_record_name(reading, record->rdata_at, &end);
	if (reading->malformed)
		return;
	reading->answer->soa_rname = dns_record_name(reading, end, &end);
	reading->malformed = reading->malformed ||
			     end + SOA_NUMBERS_BYTES != record->rdata_at + record->rdata_bytes;
}

static void read_nothing(struct dns_reading *reading, const struct dns_record *record)
{
	(void)reading;
	(void)record;
}

typedef void record_reader(struct dns_reading *reading, const struct dns_record *record);

static record_reader *reader_of(uint16_t type)
{
	static const struct {
		enum dns_type type;
		record_reader *read;
	} readers[] = {
		{DNS_TYPE_TXT, read_txt},      {DNS_TYPE_MX, read_mx},
		{DNS_TYPE_A, read_address},    {DNS_TYPE_AAAA, read_address},
		{DNS_TYPE_TLSA, read_tlsa},    {DNS_TYPE_CNAME, read_cname},
		{DNS_TYPE_NS, read_target},    {DNS_TYPE_PTR, read_target},
		{DNS_TYPE_DNAME, read_target}, {DNS_TYPE_SOA, read_soa},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(readers); i++)
		if (readers[i].type == type)
			return readers[i].read;
	return read_nothing;
}

struct span dns_record_target(struct dns_reading *reading, const struct dns_record *record)
{
	return rdata_name(reading, record, 0);
}

void dns_record_read(struct dns_reading *reading, const struct dns_record *record)
{
	reader_of(record->type)(reading, record);
}
