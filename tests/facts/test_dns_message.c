/* Queries against ldns, what counts as the answer to one, and what an answer comes to: status,
 * chain, TTL, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ldns/ldns.h>
#include <stdlib.h>

#include "facts/dns_message.h"
#include "helper_dns.h"

static const struct dns_caps caps = {.records_count = 1024, .cname_depth_count = 12};
static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 16 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static struct dns_answer parsed(const struct helper_answer *from)
{
	struct dns_answer answer;
	struct span message = helper_message(&arena, from);

	assert_true(dns_message_answers(message, HELPER_ID, helper_question(from)));
	assert_true(dns_answer_parse(&arena, message, helper_question(from), &caps, &answer));
	return answer;
}

/* --- queries --- */

static void check_query(const char *name, uint16_t type, uint16_t udp_bytes,
			struct dns_query_flags flags)
{
	uint8_t buffer[512];
	struct dns_question question = {.name = span_text(name), .type = type};
	size_t len = dns_query_build(buffer, sizeof(buffer), 0xbeef, question, udp_bytes, flags);
	uint16_t ldns_flags =
		(uint16_t)(LDNS_RD | LDNS_AD | (flags.checking_disabled ? LDNS_CD : 0));
	ldns_pkt *packet = NULL;
	uint8_t *wire = NULL;
	size_t wire_len = 0;

	assert_int_equal(ldns_pkt_query_new_frm_str(&packet, name, (ldns_rr_type)type,
						    LDNS_RR_CLASS_IN, ldns_flags),
			 LDNS_STATUS_OK);
	ldns_pkt_set_id(packet, 0xbeef);
	if (udp_bytes > 0) {
		ldns_pkt_set_edns_udp_size(packet, udp_bytes);
		ldns_pkt_set_edns_do(packet, flags.dnssec_ok);
	}
	assert_int_equal(ldns_pkt2wire(&wire, packet, &wire_len), LDNS_STATUS_OK);
	assert_int_equal(len, wire_len);
	assert_memory_equal(buffer, wire, len);
	for (size_t size = 0; size < len; size++)
		assert_int_equal(dns_query_build(buffer, size, 1, question, udp_bytes, flags), 0);
	free(wire);
	ldns_pkt_free(packet);
}

static void test_queries_equal_those_of_ldns(void **state)
{
	static const char *const names[] = {
		"example.com",
		"_mta-sts.example.com",
		"_25._tcp.mx.example.com",
		"com",
		".",
		"a\\.b.example",
		"a\\032b\\255\\000.example",
		"MiXeD.Example",
		"\\(x\\).example",
	};
	static const uint16_t types[] = {DNS_TYPE_A, DNS_TYPE_TXT, DNS_TYPE_TLSA, DNS_TYPE_SOA};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(types); j++)
			for (unsigned bits = 0; bits < 8; bits++)
				check_query(names[i], types[j], (bits & 1) != 0 ? 1232 : 0,
					    (struct dns_query_flags){
						    .dnssec_ok = (bits & 2) != 0,
						    .checking_disabled = (bits & 4) != 0,
					    });
}

static void test_no_name_no_query(void **state)
{
	struct dns_question question = {.type = DNS_TYPE_A};
	uint8_t buffer[512];

	(void)state;
	static const char *const names[] = {"",    "..",    "a..b",   ".a",
					    "a\\", "a\\25", "a\\256", "a\\2x5"};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		question.name = span_text(names[i]);
		assert_int_equal(dns_query_build(buffer, sizeof(buffer), 1, question, 1232,
						 (struct dns_query_flags){0}),
				 0);
	}
	question.name = (struct span){0};
	assert_int_equal(dns_query_build(buffer, sizeof(buffer), 1, question, 0,
					 (struct dns_query_flags){0}),
			 0);
}

/* --- matching --- */

static void test_an_answer_must_match_in_everything(void **state)
{
	const struct helper_answer from = {"mx.Example.com", DNS_TYPE_A, 0, .answers = {0}};
	struct span good = helper_message(&arena, &from);
	/* Byte, value, and whether it still answers. */
	static const struct {
		size_t at;
		uint8_t value;
		bool answers;
	} changes[] = {
		{2, 0x01, false}, /* a query */
		{2, 0x91, false}, /* another opcode */
		{2, 0x87, true},  /* authoritative, truncated, recursion desired */
		{3, 0x83, true},  /* a failure is an answer */
		{5, 0, false},    /* no question */
		{5, 2, false},    /* two questions */
		{12, 3, false},   /* other label length */
		{13, 'M', true},  /* other case */
		{13, 'n', false}, /* other name */
		{29, 28, false},  /* other type */
		{31, 3, false},   /* other class */
	};

	(void)state;
	assert_true(dns_message_answers(good, HELPER_ID, helper_question(&from)));
	assert_false(dns_message_answers(good, HELPER_ID + 1, helper_question(&from)));
	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		uint8_t bytes[64];

		memcpy(bytes, good.data, good.len);
		bytes[changes[i].at] = changes[i].value;
		if (dns_message_answers(span_of(bytes, good.len), HELPER_ID,
					helper_question(&from)) != changes[i].answers)
			fail_msg("change %zu: wrongly %s", i,
				 changes[i].answers ? "refused" : "taken");
	}
	for (size_t len = 0; len < good.len; len++)
		assert_false(dns_message_answers(span_first(good, len), HELPER_ID,
						 helper_question(&from)));
	/* A case that was mixed against forgery is the caller's to compare; here case never
	 * matters. */
	const struct dns_question asked = {span_text("MX.EXAMPLE.COM"), DNS_TYPE_A};

	assert_true(dns_message_answers(good, HELPER_ID, asked));
}

static void test_servers_that_repeat_no_question(void **state)
{
	static const struct {
		uint8_t rcode;
		bool answers;
		enum dns_status status;
	} cases[] = {
		{1, true, DNS_STATUS_FORMERR}, {4, true, DNS_STATUS_NOTIMP},
		{0, false, DNS_STATUS_NULL},   {2, false, DNS_STATUS_NULL},
		{5, false, DNS_STATUS_NULL},
	};
	const struct dns_question question = {span_text("Example.com"), DNS_TYPE_MX};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint8_t bytes[12] = {0x12, 0x34, 0x80, cases[i].rcode};
		struct span message = span_of(bytes, sizeof(bytes));
		struct dns_answer answer;

		assert_int_equal(dns_message_answers(message, 0x1234, question), cases[i].answers);
		if (!cases[i].answers)
			continue;
		assert_true(dns_answer_parse(&arena, message, question, &caps, &answer));
		assert_int_equal(answer.status, cases[i].status);
		assert_true(span_equal(answer.canonical, span_text("example.com")));
	}
}

/* --- what an answer comes to --- */

#define SOA "example.com. 900 IN SOA ns.example.com. host.example.com. 1 2 3 4 300"
#define A(owner) owner " 300 IN A 192.0.2.1"
#define CNAME(owner, target) owner " 600 IN CNAME " target

static void test_statuses_and_ttls(void **state)
{
	static const struct {
		struct helper_answer from;
		enum dns_status status;
		uint32_t ttl_s;
	} cases[] = {
		{{"a.example.com", DNS_TYPE_A, 0, .answers = {A("a.example.com.")}},
		 DNS_STATUS_NOERROR,
		 300},
		{{"a.example.com", DNS_TYPE_A, 0, .answers = {A("A.EXAMPLE.com.")}},
		 DNS_STATUS_NOERROR,
		 300},
		{{"a.example.com", DNS_TYPE_A, 0, .answers = {A("b.example.com.")}},
		 DNS_STATUS_NODATA,
		 0},
		{{"a.example.com", DNS_TYPE_AAAA, 0, .authorities = {SOA}}, DNS_STATUS_NODATA, 300},
		{{"a.example.com", DNS_TYPE_A, 0, .authorities = {SOA}}, DNS_STATUS_NODATA, 300},
		{{"a.example.com", DNS_TYPE_A, 3, .authorities = {SOA}}, DNS_STATUS_NXDOMAIN, 300},
		{{"a.example.com", DNS_TYPE_A, 3,
		  .authorities = {"example.com. 60 IN SOA . . 1 2 3 4 86400"}},
		 DNS_STATUS_NXDOMAIN,
		 60},
		{{"a.example.com", DNS_TYPE_A, 3, .answers = {0}}, DNS_STATUS_NXDOMAIN, 0},
		{{"a.example.com", DNS_TYPE_A, 1, .answers = {0}}, DNS_STATUS_FORMERR, 0},
		{{"a.example.com", DNS_TYPE_A, 2, .answers = {A("a.example.com.")}},
		 DNS_STATUS_SERVFAIL,
		 0},
		{{"a.example.com", DNS_TYPE_A, 4, .answers = {0}}, DNS_STATUS_NOTIMP, 0},
		{{"a.example.com", DNS_TYPE_A, 5, .answers = {0}}, DNS_STATUS_REFUSED, 0},
		{{"a.example.com", DNS_TYPE_A, 9, .answers = {0}}, DNS_STATUS_SERVFAIL, 0},
		{{"a.example.com", DNS_TYPE_A, 16, .answers = {0}}, DNS_STATUS_NOTIMP, 0},
		{{"a.example.com", DNS_TYPE_A, 23, .answers = {0}}, DNS_STATUS_SERVFAIL, 0},
		{{"a.example.com", DNS_TYPE_A, 0,
		  .answers = {CNAME("a.example.com.", "b.example.com."), A("b.example.com.")}},
		 DNS_STATUS_NOERROR,
		 300},
		{{"a.example.com", DNS_TYPE_A, 0,
		  .answers = {CNAME("a.example.com.", "b.example.com.")}, .authorities = {SOA}},
		 DNS_STATUS_NODATA,
		 300},
		{{"a.example.com", DNS_TYPE_A, 3,
		  .answers = {CNAME("a.example.com.", "b.example.com.")}, .authorities = {SOA}},
		 DNS_STATUS_NXDOMAIN,
		 300},
		{{"a.example.com", DNS_TYPE_CNAME, 0,
		  .answers = {CNAME("a.example.com.", "b.example.com.")}},
		 DNS_STATUS_NOERROR,
		 600},
		/* RFC 2181 8: the top bit of a TTL makes it 0. */
		{{"a.example.com", DNS_TYPE_A, 0,
		  .answers = {"a.example.com. 2147483648 IN A 192.0.2.1"}},
		 DNS_STATUS_NOERROR,
		 0},
		/* Another class is another Internet. */
		{{"a.example.com", DNS_TYPE_TXT, 0, .answers = {"a.example.com. 1 CH TXT \"x\""}},
		 DNS_STATUS_NODATA,
		 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct dns_answer answer = parsed(&cases[i].from);

		if (answer.status != cases[i].status || answer.ttl_s != cases[i].ttl_s)
			fail_msg("case %zu: status %d, ttl %u", i, answer.status, answer.ttl_s);
		if (answer.status != DNS_STATUS_NOERROR)
			assert_int_equal(answer.addresses_count, 0);
	}
}

static void test_chains_are_followed_in_any_order(void **state)
{
	const struct helper_answer from = {
		"W.example.com",
		DNS_TYPE_A,
		0,
		true,
		.answers = {A("z.example.net."), CNAME("y.example.net.", "z.example.net."),
			    CNAME("x.example.org.", "Y.Example.NET."), A("w.example.com."),
			    CNAME("w.example.com.", "x.example.org.")},
	};
	static const char *const targets[] = {"x.example.org", "y.example.net", "z.example.net"};
	struct dns_answer answer = parsed(&from);

	(void)state;
	assert_int_equal(answer.status, DNS_STATUS_NOERROR);
	assert_true(answer.authentic);
	assert_false(answer.cname_loop);
	assert_int_equal(answer.cnames.count, 3);
	for (size_t i = 0; i < ARRAY_LENGTH(targets); i++)
		assert_true(span_equal(answer.cnames.items[i], span_text(targets[i])));
	assert_true(span_equal(answer.canonical, span_text("z.example.net")));
	/* The address at the alias itself may not be there (RFC 1034 3.6.2) and does not count. */
	assert_int_equal(answer.addresses_count, 1);
	assert_int_equal(answer.ttl_s, 300);
	assert_int_equal(answer.extended_error, -1);
}

static void test_chains_that_come_round_or_go_on(void **state)
{
	const struct helper_answer self = {"a.example", DNS_TYPE_A, 0,
					   .answers = {CNAME("a.example.", "a.example.")}};
	const struct helper_answer round = {"a.example", DNS_TYPE_MX, 0,
					    .answers = {CNAME("a.example.", "b.example."),
							CNAME("b.example.", "c.example."),
							CNAME("c.example.", "B.example.")}};
	struct dns_answer answer = parsed(&self);

	(void)state;
	assert_true(answer.cname_loop);
	assert_int_equal(answer.status, DNS_STATUS_NODATA);
	assert_int_equal(answer.cnames.count, 1);
	answer = parsed(&round);
	assert_true(answer.cname_loop);
	assert_int_equal(answer.cnames.count, 3);
	assert_true(span_equal(answer.canonical, span_text("c.example")));

	/* As many as the limit allows, and one more. */
	struct dns_caps few = {.records_count = 9, .cname_depth_count = 2};
	const struct helper_answer deep = {"a.example", DNS_TYPE_A, 0,
					   .answers = {CNAME("a.example.", "b.example."),
						       CNAME("b.example.", "c.example."),
						       A("c.example.")}};
	struct span message = helper_message(&arena, &deep);

	assert_true(dns_answer_parse(&arena, message, helper_question(&deep), &few, &answer));
	assert_int_equal(answer.status, DNS_STATUS_NOERROR);
	few.cname_depth_count = 1;
	assert_true(dns_answer_parse(&arena, message, helper_question(&deep), &few, &answer));
	assert_int_equal(answer.status, DNS_STATUS_LIMIT);
	assert_int_equal(answer.addresses_count, 0);
}

static void test_records_over_the_cap(void **state)
{
	struct dns_caps few = {.records_count = 2, .cname_depth_count = 12};
	struct helper_answer from = {"a.example", DNS_TYPE_A, 0, .options = "000f0002001d",
				     .answers = {A("a.example."), "a.example. 1 IN A 192.0.2.2"}};
	struct span message = helper_message(&arena, &from);
	struct dns_answer answer;

	(void)state;
	assert_true(dns_answer_parse(&arena, message, helper_question(&from), &few, &answer));
	assert_int_equal(answer.status, DNS_STATUS_NOERROR);
	from.answers[2] = "a.example. 1 IN A 192.0.2.3";
	message = helper_message(&arena, &from);
	assert_true(dns_answer_parse(&arena, message, helper_question(&from), &few, &answer));
	assert_int_equal(answer.status, DNS_STATUS_LIMIT);
	assert_int_equal(answer.addresses_count, 2);
	assert_int_equal(answer.extended_error, 29);
}

static void test_truncated_answers_say_nothing_else(void **state)
{
	const struct helper_answer from = {"a.example", DNS_TYPE_A, 0, .truncated = true,
					   .answers = {A("a.example.")}};
	struct dns_answer answer = parsed(&from);

	(void)state;
	assert_true(answer.truncated);
	assert_int_equal(answer.status, DNS_STATUS_NULL);
	assert_int_equal(answer.addresses_count, 0);
	/* Even where the cut went through a record. */
	struct span message = helper_message(&arena, &from);

	assert_true(dns_answer_parse(&arena, span_first(message, message.len - 3),
				     helper_question(&from), &caps, &answer));
	assert_true(answer.truncated);
}

static void test_extended_errors(void **state)
{
	static const struct {
		const char *options;
		int code;
	} cases[] = {
		{"", -1},
		{"000f00020006", 6},
		{"000a0008aabbccddeeff0011000f00060016616263", -1}, /* overruns its record */
		{"000a0008aabbccddeeff0011000f00050016616263", 22},
		{"000f000106", -1},
		{"000f", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct helper_answer from = {"a.example", DNS_TYPE_A, 2,
						   .options = cases[i].options};

		assert_int_equal(parsed(&from).extended_error, cases[i].code);
	}
}

static void test_a_message_cut_short_is_no_answer(void **state)
{
	const struct helper_answer from = {
		"a.example.com",
		DNS_TYPE_MX,
		0,
		.options = "000f00020006",
		.answers = {CNAME("a.example.com.", "b.example.com."),
			    "b.example.com. 60 IN MX 10 mx.example.net.",
			    "b.example.com. 60 IN MX 10 mx.b.example.com."},
		.authorities = {SOA}};
	struct span message = helper_message(&arena, &from);
	struct dns_answer answer;

	(void)state;
	for (size_t len = 0; len < message.len; len++) {
		uint8_t *exact = malloc(len + 1);

		memcpy(exact, message.data, len);
		assert_false(dns_answer_parse(&arena, span_of(exact, len), helper_question(&from),
					      &caps, &answer));
		free(exact);
	}
	assert_true(dns_answer_parse(&arena, message, helper_question(&from), &caps, &answer));
	assert_int_equal(answer.mx_count, 2);
}

static void test_no_memory_is_told(void **state)
{
	const struct helper_answer from = {"a.example.com", DNS_TYPE_TXT, 0,
					   .answers = {CNAME("a.example.com.", "b.example.com."),
						       "b.example.com. 60 IN TXT \"one\"",
						       "b.example.com. 60 IN TXT \"two\""}};
	struct span message = helper_message(&arena, &from);
	bool told = false, whole = false;

	(void)state;
	for (size_t cap = 0; cap < 2000; cap += 16) {
		struct arena small;
		struct dns_answer answer;

		arena_init(&small, cap);
		assert_true(
			dns_answer_parse(&small, message, helper_question(&from), &caps, &answer));
		if (answer.status == DNS_STATUS_LOCAL_LIMIT) {
			assert_true(small.exhausted);
			assert_int_equal(answer.txt.count, 0);
			told = true;
		} else {
			assert_int_equal(answer.status, DNS_STATUS_NOERROR);
			assert_int_equal(answer.txt.count, 2);
			whole = true;
		}
		arena_free(&small);
	}
	assert_true(told && whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries_equal_those_of_ldns),
		cmocka_unit_test(test_no_name_no_query),
		cmocka_unit_test(test_an_answer_must_match_in_everything),
		cmocka_unit_test(test_servers_that_repeat_no_question),
		cmocka_unit_test(test_statuses_and_ttls),
		cmocka_unit_test(test_chains_are_followed_in_any_order),
		cmocka_unit_test(test_chains_that_come_round_or_go_on),
		cmocka_unit_test(test_records_over_the_cap),
		cmocka_unit_test(test_truncated_answers_say_nothing_else),
		cmocka_unit_test(test_extended_errors),
		cmocka_unit_test(test_a_message_cut_short_is_no_answer),
		cmocka_unit_test(test_no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
