/*
 * ldns as the oracle: many random messages, and real MX sets, are written by ldns and read by both;
 * what they say must be the same. Then the same messages with bytes changed: what both can read
 * must still be read alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "facts/dns_message.h"
#include "tests/corpus.h"

enum {
	ROUNDS = 3000,
	CHANGES = 20,
	NAMES = 6,
	TEXT_BYTES = 200000,
	CORPUS_DOMAINS = 20000,
};

static const struct dns_caps caps = {.records_count = 65535, .cname_depth_count = 64};
static const uint16_t types[] = {DNS_TYPE_A,    DNS_TYPE_NS,  DNS_TYPE_CNAME, DNS_TYPE_PTR,
				 DNS_TYPE_MX,   DNS_TYPE_TXT, DNS_TYPE_AAAA,  DNS_TYPE_DNAME,
				 DNS_TYPE_TLSA, DNS_TYPE_SOA};

/* xorshift64*: the same messages in every run. */
static uint32_t next_random(uint64_t *seed, uint32_t below)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (uint32_t)((*seed * 0x2545f4914f6cdd1dULL) >> 32) % below;
}

static ldns_rdf *random_name(uint64_t *seed)
{
	uint8_t wire[256];
	size_t len = 0;

	for (uint32_t label = next_random(seed, 5); label > 0; label--) {
		uint32_t bytes = 1 + next_random(seed, next_random(seed, 20) == 0 ? 45 : 6);
		bool odd = next_random(seed, 8) == 0;

		wire[len++] = (uint8_t)bytes;
		for (uint32_t i = 0; i < bytes; i++)
			wire[len++] = odd ? (uint8_t)next_random(seed, 256)
					  : (uint8_t) "abcXYZ019-_"[next_random(seed, 11)];
	}
	wire[len++] = 0;
	return ldns_dname_new_frm_data((uint16_t)len, wire);
}

static ldns_rdf *random_data(uint64_t *seed, ldns_rdf_type type, uint16_t bytes)
{
	uint8_t data[300];

	for (uint16_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)next_random(seed, 256);
	if (type == LDNS_RDF_TYPE_STR)
		data[0] = (uint8_t)(bytes - 1);
	return ldns_rdf_new_frm_data(type, bytes, data);
}

static void push_random_data(uint64_t *seed, ldns_rr *rr, ldns_rdf *const *names)
{
	const ldns_rr_descriptor *descriptor = ldns_rr_descript((uint16_t)ldns_rr_get_type(rr));
	size_t fields = ldns_rr_descriptor_minimum(descriptor);

	if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_TXT)
		fields = 1 + next_random(seed, 3);
	for (size_t i = 0; i < fields; i++) {
		ldns_rdf_type type = ldns_rr_descriptor_field_type(descriptor, i);

		switch ((int)type) {
		case LDNS_RDF_TYPE_DNAME:
			ldns_rr_push_rdf(rr, ldns_rdf_clone(names[next_random(seed, NAMES)]));
			break;
		case LDNS_RDF_TYPE_A:
		case LDNS_RDF_TYPE_INT32:
		case LDNS_RDF_TYPE_PERIOD:
			ldns_rr_push_rdf(rr, random_data(seed, type, 4));
			break;
		case LDNS_RDF_TYPE_AAAA:
			ldns_rr_push_rdf(rr, random_data(seed, type, 16));
			break;
		case LDNS_RDF_TYPE_INT16:
			ldns_rr_push_rdf(rr, random_data(seed, type, 2));
			break;
		case LDNS_RDF_TYPE_STR:
			ldns_rr_push_rdf(rr, random_data(seed, type,
							 (uint16_t)(1 + next_random(seed, 256))));
			break;
		case LDNS_RDF_TYPE_HEX:
			ldns_rr_push_rdf(
				rr, random_data(seed, type, (uint16_t)(1 + next_random(seed, 70))));
			break;
		default:
			ldns_rr_push_rdf(rr, random_data(seed, type, 1));
			break;
		}
	}
}

static ldns_rr *random_record(uint64_t *seed, ldns_rdf *const *names)
{
	ldns_rr *rr = ldns_rr_new();
	uint16_t type = types[next_random(seed, ARRAY_LENGTH(types))];

	if (next_random(seed, 3) == 0)
		type = DNS_TYPE_CNAME;
	ldns_rr_set_owner(rr, ldns_rdf_clone(names[next_random(seed, NAMES)]));
	ldns_rr_set_type(rr, (ldns_rr_type)type);
	ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
	ldns_rr_set_ttl(rr, next_random(seed, 100000));
	push_random_data(seed, rr, names);
	return rr;
}

static ldns_pkt *random_packet(uint64_t *seed)
{
	ldns_pkt *packet = ldns_pkt_new();
	ldns_rdf *names[NAMES];

	for (size_t i = 0; i < NAMES; i++)
		names[i] = random_name(seed);
	ldns_pkt_set_qr(packet, true);
	ldns_pkt_set_ad(packet, next_random(seed, 2) == 0);
	ldns_pkt_set_rcode(packet, (uint8_t)(next_random(seed, 4) == 0 ? 3 : 0));
	ldns_rr *question = ldns_rr_new();

	ldns_rr_set_question(question, true);
	ldns_rr_set_owner(question, ldns_rdf_clone(names[0]));
	ldns_rr_set_type(question, (ldns_rr_type)types[next_random(seed, ARRAY_LENGTH(types))]);
	ldns_rr_set_class(question, LDNS_RR_CLASS_IN);
	ldns_pkt_push_rr(packet, LDNS_SECTION_QUESTION, question);
	for (uint32_t i = next_random(seed, 12); i > 0; i--)
		ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, random_record(seed, names));
	for (uint32_t i = next_random(seed, 3); i > 0; i--)
		ldns_pkt_push_rr(packet, LDNS_SECTION_AUTHORITY, random_record(seed, names));
	for (uint32_t i = next_random(seed, 3); i > 0; i--)
		ldns_pkt_push_rr(packet, LDNS_SECTION_ADDITIONAL, random_record(seed, names));
	for (size_t i = 0; i < NAMES; i++)
		ldns_rdf_deep_free(names[i]);
	return packet;
}

/* --- the same in words, once from ldns's reading and once from ours --- */

/* A name as ldns prints it, in our manner: lower case, no trailing dot. */
static void say_ldns_name(FILE *to, const ldns_rdf *name)
{
	char *text = ldns_rdf2str(name);
	size_t len = strlen(text);

	for (size_t i = 0; i < len - (len > 1); i++)
		fputc(tolower((unsigned char)text[i]), to);
	free(text);
}

static void say_hex(FILE *to, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(to, "%02x", bytes[i]);
}

static void say_ldns_record(FILE *to, const ldns_rr *rr)
{
	fputs("\n ", to);
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		size_t skip = ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_STR ? 1 : 0;

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA && i != 1)
			continue;
		if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME)
			say_ldns_name(to, rdf);
		else
			say_hex(to, ldns_rdf_data(rdf) + skip, ldns_rdf_size(rdf) - skip);
	}
}

static const ldns_rr *ldns_cname_of(const ldns_rr_list *list, const ldns_rdf *name, size_t from)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, (from + i) % ldns_rr_list_rr_count(list));

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME &&
		    ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
		    ldns_dname_compare(ldns_rr_owner(rr), name) == 0)
			return rr;
	}
	return NULL;
}

static size_t index_of(const ldns_rr_list *list, const ldns_rr *rr)
{
	size_t i = 0;

	while (ldns_rr_list_rr(list, i) != rr)
		i++;
	return i;
}

/* Walks the chain of `name`; gives its last name, or NULL where it comes round. */
static const ldns_rdf *say_ldns_chain(FILE *to, const ldns_rr_list *list, const ldns_rdf *name)
{
	const ldns_rdf *met[1000] = {name};
	size_t count = 1, from = 0;
	const ldns_rr *rr = NULL;

	while ((rr = ldns_cname_of(list, name, from)) != NULL) {
		name = ldns_rr_rdf(rr, 0);
		from = index_of(list, rr) + 1;
		fputs("\n> ", to);
		say_ldns_name(to, name);
		for (size_t i = 0; i < count; i++)
			if (ldns_dname_compare(met[i], name) == 0)
				return NULL;
		met[count++] = name;
	}
	return name;
}

static void say_ldns(FILE *to, const ldns_pkt *packet)
{
	const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(packet), 0);
	const ldns_rr_list *list = ldns_pkt_answer(packet);
	ldns_rr_type type = ldns_rr_get_type(question);
	const ldns_rdf *name = ldns_rr_owner(question);

	unsigned rcode =
		(unsigned)ldns_pkt_edns_extended_rcode(packet) << 4 | ldns_pkt_get_rcode(packet);

	fprintf(to, "ad %d", ldns_pkt_ad(packet));
	if (rcode != LDNS_RCODE_NOERROR && rcode != LDNS_RCODE_NXDOMAIN)
		return;
	if (type != LDNS_RR_TYPE_CNAME)
		name = say_ldns_chain(to, list, name);
	if (name == NULL || rcode != LDNS_RCODE_NOERROR)
		return;
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) == type && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
		    ldns_dname_compare(ldns_rr_owner(rr), name) == 0)
			say_ldns_record(to, rr);
	}
}

static void say_span(FILE *to, struct span span)
{
	fwrite(span.data, 1, span.len, to);
}

static void say_records(FILE *to, const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->addresses_count; i++) {
		fputs("\n ", to);
		say_hex(to, answer->addresses[i].bytes, answer->addresses[i].family == 4 ? 4 : 16);
	}
	for (size_t i = 0; i < answer->mx_count; i++) {
		fprintf(to, "\n %04x", answer->mx[i].preference);
		say_span(to, answer->mx[i].host);
	}
	for (size_t i = 0; i < answer->txt.count; i++) {
		fputs("\n ", to);
		say_hex(to, answer->txt.items[i].data, answer->txt.items[i].len);
	}
	for (size_t i = 0; i < answer->names.count; i++) {
		fputs("\n ", to);
		say_span(to, answer->names.items[i]);
	}
	for (size_t i = 0; i < answer->tlsa_count; i++) {
		const struct dns_tlsa *tlsa = &answer->tlsa[i];

		fprintf(to, "\n %02x%02x%02x", tlsa->usage, tlsa->selector, tlsa->matching_type);
		say_hex(to, tlsa->data.data, tlsa->data.len);
	}
}

static void say_ours(FILE *to, const struct dns_answer *answer, uint16_t type)
{
	fprintf(to, "ad %d", answer->authentic);
	for (size_t i = 0; i < answer->cnames.count && type != DNS_TYPE_CNAME; i++) {
		fputs("\n> ", to);
		say_span(to, answer->cnames.items[i]);
	}
	say_records(to, answer);
	if (!span_is_null(answer->soa_rname)) {
		fputs("\n ", to);
		say_span(to, answer->soa_rname);
	}
}

/* --- the comparison --- */

struct reading {
	struct arena arena;
	char ldns[TEXT_BYTES];
	char ours[TEXT_BYTES];
	size_t both;
};

static struct dns_question question_of(struct arena *arena, const ldns_pkt *packet)
{
	const ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_question(packet), 0);
	char *text = ldns_rdf2str(ldns_rr_owner(rr));
	struct dns_question question = {arena_copy(arena, span_text(text)),
					(uint16_t)ldns_rr_get_type(rr)};

	free(text);
	return question;
}

/*
 * True where both could read the message; then they must say the same. Of SOA we keep the last
 * rname only.
 */
static void compare(struct reading *reading, struct span message)
{
	ldns_pkt *packet = NULL;
	struct dns_answer answer;

	if (ldns_wire2pkt(&packet, message.data, message.len) != LDNS_STATUS_OK)
		return;
	if (ldns_pkt_qdcount(packet) != 1 || ldns_pkt_tc(packet)) {
		ldns_pkt_free(packet);
		return;
	}
	arena_reset(&reading->arena);
	struct dns_question question = question_of(&reading->arena, packet);

	if (question.type != DNS_TYPE_SOA &&
	    dns_answer_parse(&reading->arena, message, question, &caps, &answer)) {
		FILE *ldns = fmemopen(reading->ldns, TEXT_BYTES, "w");
		FILE *ours = fmemopen(reading->ours, TEXT_BYTES, "w");

		say_ldns(ldns, packet);
		say_ours(ours, &answer, question.type);
		fclose(ldns);
		fclose(ours);
		assert_string_equal(reading->ours, reading->ldns);
		reading->both++;
	}
	ldns_pkt_free(packet);
}

static void compare_changed(struct reading *reading, struct span message, uint64_t *seed)
{
	uint8_t *changed = malloc(message.len);

	for (int i = 0; i < CHANGES; i++) {
		memcpy(changed, message.data, message.len);
		for (uint32_t j = 1 + next_random(seed, 3); j > 0; j--)
			changed[next_random(seed, (uint32_t)message.len)] =
				(uint8_t)next_random(seed, 256);
		compare(reading, span_of(changed, message.len));
	}
	free(changed);
}

static struct reading *reading_new(void)
{
	struct reading *reading = calloc(1, sizeof(*reading));

	arena_init(&reading->arena, 16 << 20);
	return reading;
}

static void reading_free(struct reading *reading)
{
	arena_free(&reading->arena);
	free(reading);
}

static void test_random_messages(void **state)
{
	struct reading *reading = reading_new();
	uint64_t seed = 20261123;
	size_t whole = 0, soa = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		ldns_pkt *packet = random_packet(&seed);
		uint8_t *wire = NULL;
		size_t len = 0, before = reading->both;

		assert_int_equal(ldns_pkt2wire(&wire, packet, &len), LDNS_STATUS_OK);
		compare(reading, span_of(wire, len));
		whole += reading->both - before;
		soa += ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_question(packet), 0)) ==
		       LDNS_RR_TYPE_SOA;
		compare_changed(reading, span_of(wire, len), &seed);
		free(wire);
		ldns_pkt_free(packet);
	}
	print_message("%zu whole messages, %zu changed ones read alike\n", whole,
		      reading->both - whole);
	assert_int_equal(whole + soa, ROUNDS);
	assert_true(reading->both - whole > ROUNDS * CHANGES / 10);
	reading_free(reading);
}

/* --- real MX sets --- */

static void push_mx(ldns_pkt *packet, const char *domain, struct span host, int preference)
{
	char text[2100];
	ldns_rr *rr = NULL;

	snprintf(text, sizeof(text), "%s. 3600 IN MX %d %.*s.", domain, preference, (int)host.len,
		 (const char *)host.data);
	if (ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL) == LDNS_STATUS_OK)
		ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, rr);
}

/*
 * A line: the domain, its hosts joined by semicolons, and more columns. False if ldns cannot write
 * it.
 */
static bool compare_line(struct reading *reading, struct span line)
{
	char domain[1024];
	ldns_pkt *packet = NULL;
	uint8_t *wire = NULL;
	size_t len = 0, end = span_find(line, ',');
	struct span hosts = span_skip(line, end + 1);
	int preference = 0;

	hosts = span_first(hosts, span_find(hosts, ','));
	snprintf(domain, sizeof(domain), "%.*s", (int)end, (const char *)line.data);
	if (hosts.len == 0 ||
	    ldns_pkt_query_new_frm_str(&packet, domain, LDNS_RR_TYPE_MX, LDNS_RR_CLASS_IN,
				       LDNS_RD) != LDNS_STATUS_OK)
		return false;
	ldns_pkt_set_qr(packet, true);
	for (; hosts.len > 0; hosts = span_skip(hosts, span_find(hosts, ';') + 1))
		push_mx(packet, domain, span_first(hosts, span_find(hosts, ';')), preference++);
	assert_int_equal(ldns_pkt2wire(&wire, packet, &len), LDNS_STATUS_OK);
	compare(reading, span_of(wire, len));
	free(wire);
	ldns_pkt_free(packet);
	return true;
}

static void test_real_mx_sets(void **state)
{
	struct arena arena;
	size_t lines = 0;

	(void)state;
	if (corpus_folder() == NULL)
		skip();
	arena_init(&arena, 64 << 20);
	struct cursor cursor = cursor_over(corpus_file(&arena, "mx/domain-mx.csv"));
	struct reading *reading = reading_new();

	while (lines < CORPUS_DOMAINS && !cursor_at_end(&cursor))
		lines += compare_line(reading, cursor_line(&cursor)) ? 1 : 0;
	assert_true(lines > 1000);
	assert_int_equal(reading->both, lines);
	reading_free(reading);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_messages),
		cmocka_unit_test(test_real_mx_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
