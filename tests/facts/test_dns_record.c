/* Records by type: what is read of them, and what does not fit its type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "facts/dns_record.h"
#include "helper_dns.h"

static const struct dns_caps caps = {.records_count = 64, .cname_depth_count = 12};
static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
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

	assert_true(dns_answer_parse(&arena, helper_message(&arena, from), helper_question(from),
				     &caps, &answer));
	assert_int_equal(answer.status, DNS_STATUS_NOERROR);
	return answer;
}

static void assert_text(struct span span, const char *text)
{
	if (!span_equal(span, span_text(text)))
		fail_msg("\"%.*s\" instead of \"%s\"", (int)span.len, (const char *)span.data,
			 text);
}

static void test_addresses(void **state)
{
	const struct helper_answer v4 = {
		"a.b", DNS_TYPE_A, .answers = {"a.b. 1 IN A 192.0.2.1", "a.b. 1 IN A 192.0.2.2"}};
	const struct helper_answer v6 = {"a.b", DNS_TYPE_AAAA,
					 .answers = {"a.b. 1 IN AAAA 2001:db8::1"}};
	struct dns_answer answer = parsed(&v4);

	(void)state;
	assert_int_equal(answer.addresses_count, 2);
	assert_text(address_to_text(&arena, answer.addresses[1]), "192.0.2.2");
	answer = parsed(&v6);
	assert_int_equal(answer.addresses_count, 1);
	assert_text(address_to_text(&arena, answer.addresses[0]), "2001:db8::1");
}

static void test_mx(void **state)
{
	const struct helper_answer from = {"a.b", DNS_TYPE_MX,
					   .answers = {"a.b. 1 IN MX 20 MX.a.b.",
						       "a.b. 1 IN MX 65535 .",
						       "a.b. 1 IN MX 0 we\\.ird_x.a.b."}};
	struct dns_answer answer = parsed(&from);

	(void)state;
	assert_int_equal(answer.mx_count, 3);
	assert_int_equal(answer.mx[0].preference, 20);
	assert_text(answer.mx[0].host, "mx.a.b");
	assert_int_equal(answer.mx[1].preference, 65535);
	assert_text(answer.mx[1].host, ".");
	assert_text(answer.mx[2].host, "we\\.ird_x.a.b");
}

static void test_txt_strings_are_joined_without_spaces(void **state)
{
	const struct helper_answer from = {"a.b", DNS_TYPE_TXT,
					   .answers = {"a.b. 1 IN TXT \"v=STSv1; \" \"id=1\" \"\"",
						       "a.b. 1 IN TXT \"\"",
						       "a.b. 1 IN TXT \"\\000\\255\""}};
	struct dns_answer answer = parsed(&from);

	(void)state;
	assert_int_equal(answer.txt.count, 3);
	assert_text(answer.txt.items[0], "v=STSv1; id=1");
	assert_int_equal(answer.txt.items[1].len, 0);
	assert_false(span_is_null(answer.txt.items[1]));
	assert_true(span_equal(answer.txt.items[2], span_of("\0\xff", 2)));
}

static void test_names_and_soa(void **state)
{
	const struct helper_answer ns = {"a.b", DNS_TYPE_NS,
					 .answers = {"a.b. 1 IN NS NS1.a.b.", "a.b. 1 IN NS ."}};
	const struct helper_answer ptr = {
		"1.2.0.192.in-addr.arpa", DNS_TYPE_PTR,
		.answers = {"1.2.0.192.in-addr.arpa. 1 IN PTR Mail.a.b."}};
	const struct helper_answer cname = {"a.b", DNS_TYPE_CNAME,
					    .answers = {"a.b. 1 IN CNAME C.d."}};
	const struct helper_answer soa = {
		"a.b", DNS_TYPE_SOA, .answers = {"a.b. 1 IN SOA ns.a.b. Jo\\.e.a.b. 1 2 3 4 5"}};
	struct dns_answer answer = parsed(&ns);

	(void)state;
	assert_int_equal(answer.names.count, 2);
	assert_text(answer.names.items[0], "ns1.a.b");
	assert_text(answer.names.items[1], ".");
	assert_text(parsed(&ptr).names.items[0], "mail.a.b");
	answer = parsed(&cname);
	assert_text(answer.names.items[0], "c.d");
	assert_text(answer.cnames.items[0], "c.d");
	assert_text(answer.canonical, "a.b");
	assert_text(parsed(&soa).soa_rname, "jo\\.e.a.b");
}

static void test_tlsa(void **state)
{
	const struct helper_answer from = {"_25._tcp.a.b", DNS_TYPE_TLSA,
					   .answers = {"_25._tcp.a.b. 1 IN TLSA 3 1 1 00ffAB"}};
	struct dns_answer answer = parsed(&from);

	(void)state;
	assert_int_equal(answer.tlsa_count, 1);
	assert_int_equal(answer.tlsa[0].usage, 3);
	assert_int_equal(answer.tlsa[0].selector, 1);
	assert_int_equal(answer.tlsa[0].matching_type, 1);
	assert_true(span_equal(answer.tlsa[0].data, span_of("\x00\xff\xab", 3)));
}

/* A type without a reader of its own: that there are records, and nothing of them. */
static void test_other_types(void **state)
{
	const struct helper_answer from = {"a.b", 257, .answers = {"a.b. 7 IN CAA 0 issue \"x\""}};

	(void)state;
	assert_int_equal(parsed(&from).ttl_s, 7);
}

/* One record of raw data under the name a.b, asked for by its type. */
static bool reads(uint16_t type, const char *rdata, size_t len)
{
	uint8_t bytes[512] = {0x12, 0x34, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 'a', 1, 'b', 0};
	const struct dns_question question = {span_text("a.b"), type};
	uint8_t *to = bytes + 17;
	struct dns_answer answer;

	*to++ = (uint8_t)(type >> 8);
	*to++ = (uint8_t)type;
	memcpy(to, "\0\1\xc0\x0c", 4);
	to += 4;
	*to++ = (uint8_t)(type >> 8);
	*to++ = (uint8_t)type;
	memcpy(to, "\0\1\0\0\0\x3c", 6);
	to += 6;
	*to++ = (uint8_t)(len >> 8);
	*to++ = (uint8_t)len;
	memcpy(to, rdata, len);
	struct span message = span_of(bytes, (size_t)(to - bytes) + len);

	assert_true(dns_message_answers(message, 0x1234, question));
	return dns_answer_parse(&arena, message, question, &caps, &answer);
}

/* Two roots; the numbers that begin with a digit would run on from an octal escape. */
#define SOA_NAMES "\0\0"

static void test_data_must_fit_its_type(void **state)
{
	static const struct {
		const char *rdata;
		size_t len;
		uint16_t type;
		bool fits;
	} cases[] = {
		{"1234", 4, DNS_TYPE_A, true},
		{"123", 3, DNS_TYPE_A, false},
		{"1234567890123456", 16, DNS_TYPE_A, false},
		{"", 0, DNS_TYPE_A, false},
		{"1234567890123456", 16, DNS_TYPE_AAAA, true},
		{"1234", 4, DNS_TYPE_AAAA, false},
		{"\0\1\1x\0", 5, DNS_TYPE_MX, true},
		{"\0\1\1x\xc0\x0c", 6, DNS_TYPE_MX, true},
		{"\0\1\0", 3, DNS_TYPE_MX, true},
		{"\0\1", 2, DNS_TYPE_MX, false},
		{"\0", 1, DNS_TYPE_MX, false},
		{"\0\1\1x\0y", 6, DNS_TYPE_MX, false},
		{"\0\1\5x\0", 5, DNS_TYPE_MX, false},
		{"\0\1\xc0\xff", 4, DNS_TYPE_MX, false},
		{"\3abc", 4, DNS_TYPE_TXT, true},
		{"\3abc\0\1d", 7, DNS_TYPE_TXT, true},
		{"", 0, DNS_TYPE_TXT, true},
		{"\4abc", 4, DNS_TYPE_TXT, false},
		{"\1x\0", 3, DNS_TYPE_NS, true},
		{"", 0, DNS_TYPE_NS, false},
		{"\1x\0\0", 4, DNS_TYPE_NS, false},
		{"\1x\0\0", 4, DNS_TYPE_CNAME, false},
		{"\3\1\1x", 4, DNS_TYPE_TLSA, true},
		{"\3\1\1", 3, DNS_TYPE_TLSA, true},
		{"\3\1", 2, DNS_TYPE_TLSA, false},
		{SOA_NAMES "12345678901234567890", 22, DNS_TYPE_SOA, true},
		{SOA_NAMES "1234567890123456789", 21, DNS_TYPE_SOA, false},
		{SOA_NAMES "123456789012345678901", 23, DNS_TYPE_SOA, false},
		{"\0", 1, DNS_TYPE_SOA, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (reads(cases[i].type, cases[i].rdata, cases[i].len) != cases[i].fits)
			fail_msg("case %zu: wrongly %s", i, cases[i].fits ? "refused" : "read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_mx),
		cmocka_unit_test(test_txt_strings_are_joined_without_spaces),
		cmocka_unit_test(test_names_and_soa),
		cmocka_unit_test(test_tlsa),
		cmocka_unit_test(test_other_types),
		cmocka_unit_test(test_data_must_fit_its_type),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
