/* The msgpack reader: every form of a value, what it refuses, and that any cut or change of bytes
 * ends well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "output/decode.h"
#include "output/encode.h"
#include "tests/output/helper_record.h"

enum { SMALL_ARENA_BYTES = 65536 };

#define BYTES(text) \
	{ \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, HELPER_ARENA_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static bool read_host(struct span bytes, struct mx_host *host)
{
	struct cursor cursor = cursor_over(bytes);

	return decode_record(&cursor, &schema_mx_host, &arena, host);
}

static void test_forms(void **state)
{
	static const struct {
		struct span bytes;
		const char *host; /* NULL: null */
		int64_t preference;
	} cases[] = {
		{BYTES("\x80"), NULL, -1},
		{BYTES("\xde\x00\x00"), NULL, -1},
		{BYTES("\xdf\x00\x00\x00\x01\xa4host\xa1x"), "x", -1},
		{BYTES("\x81\xa4host\xc0"), NULL, -1},
		{BYTES("\x81\xa4host\xd9\x01x"), "x", -1},
		{BYTES("\x81\xa4host\xda\x00\x01x"), "x", -1},
		{BYTES("\x81\xa4host\xdb\x00\x00\x00\x01x"), "x", -1},
		{BYTES("\x81\xa4host\xc4\x01x"), "x", -1},
		{BYTES("\x81\xa4host\xc5\x00\x01x"), "x", -1},
		{BYTES("\x81\xa4host\xc6\x00\x00\x00\x01x"), "x", -1},
		{BYTES("\x81\xd9\x04host\xa0"), "", -1},
		{BYTES("\x81\xaapreference\x00"), NULL, 0},
		{BYTES("\x81\xaapreference\x7f"), NULL, 127},
		{BYTES("\x81\xaapreference\xcc\xff"), NULL, 255},
		{BYTES("\x81\xaapreference\xcd\x01\x00"), NULL, 256},
		{BYTES("\x81\xaapreference\xce\xff\xff\xff\xff"), NULL, 4294967295},
		{BYTES("\x81\xaapreference\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), NULL, INT64_MAX},
		{BYTES("\x81\xaapreference\xd0\x7f"), NULL, 127},
		{BYTES("\x81\xaapreference\xd1\x01\x00"), NULL, 256},
		{BYTES("\x81\xaapreference\xd2\x00\x00\x00\x05"), NULL, 5},
		{BYTES("\x81\xaapreference\xd3\x00\x00\x00\x00\x00\x00\x00\x05"), NULL, 5},
		{BYTES("\x82\xaapreference\x01\xaapreference\x02"), NULL, 2},
		{BYTES("\x82\xaapreference\x01\xa4host\xa1x"), "x", 1},
		/* What this version does not know is passed over, whatever it is. */
		{BYTES("\x82\xa1z\x81\xa1y\x93\xff\xe0\xc3\xa4host\xa1x"), "x", -1},
		{BYTES("\x82\xa1z\xd4\x01\x02\xa4host\xa1x"), "x", -1},
		{BYTES("\x82\xa1z\xd8\x01"
		       "0123456789abcdef"
		       "\xa4host\xa1x"),
		 "x", -1},
		{BYTES("\x82\xa1z\xc7\x02\x01"
		       "01"
		       "\xa4host\xa1x"),
		 "x", -1},
		{BYTES("\x82\xa1z\xca\x01\x02\x03\x04\xa4host\xa1x"), "x", -1},
		{BYTES("\x82\xa1z\xcb\x01\x02\x03\x04\x05\x06\x07\x08\xa4host\xa1x"), "x", -1},
		{BYTES("\x82\xa1z\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa4host\xa1x"), "x", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct mx_host host;

		if (!read_host(cases[i].bytes, &host))
			fail_msg("case %zu was refused", i);
		assert_true(span_equal(host.host, span_text(cases[i].host)));
		assert_int_equal(host.preference, cases[i].preference);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const struct schema *schema;
		struct span bytes;
	} cases[] = {
		{&schema_mx_host, BYTES("")},
		{&schema_mx_host, BYTES("\xc0")},
		{&schema_mx_host, BYTES("\x90")},
		{&schema_mx_host, BYTES("\xc1")},
		{&schema_mx_host, BYTES("\x81")},
		{&schema_mx_host, BYTES("\x81\xa4host")},
		{&schema_mx_host, BYTES("\x81\xa4host\xa2x")},
		{&schema_mx_host, BYTES("\x81\xa4host\xc6\xff\xff\xff\xffx")},
		{&schema_mx_host, BYTES("\x81\xa4host\x01")},
		{&schema_mx_host, BYTES("\x81\xa4host\x90")},
		{&schema_mx_host, BYTES("\x81\x01\xa1x")},
		{&schema_mx_host, BYTES("\x81\xc4\x04host\xa1x")},
		{&schema_mx_host, BYTES("\x81\xaapreference\xff")},
		{&schema_mx_host, BYTES("\x81\xaapreference\xd0\x80")},
		{&schema_mx_host, BYTES("\x81\xaapreference\xd3\xff\xff\xff\xff\xff\xff\xff\xff")},
		{&schema_mx_host, BYTES("\x81\xaapreference\xcf\x80\x00\x00\x00\x00\x00\x00\x00")},
		{&schema_mx_host, BYTES("\x81\xaapreference\xa1\x31")},
		{&schema_mx_host, BYTES("\x81\xaapreference\xca\x01\x02\x03\x04")},
		{&schema_mx_host, BYTES("\x81\xa1z\xc1")},
		{&schema_mx_host, BYTES("\x81\xa1z\xdd\xff\xff\xff\xff\x01")},
		{&schema_mx_host, BYTES("\x81\xa1z\xdf\xff\xff\xff\xff\x01\x02")},
		{&schema_mx_host, BYTES("\xdf\xff\xff\xff\xff\xa4host\xa1x")},
		{&schema_mx_host, BYTES("\x81\xa1z\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
					"\x91\x91\x91\x91\x91\x91\x91\x91\x01")},
		{&schema_mx, BYTES("\x81\xa5hosts\xdd\xff\xff\xff\xff\x80")},
		{&schema_mx, BYTES("\x81\xa5hosts\x91\x01")},
		{&schema_mx, BYTES("\x81\xa6status\x01")},
		{&schema_sts, BYTES("\x81\xa6record\x90")},
		{&schema_ns, BYTES("\x81\xa5hosts\xa1x")},
		{&schema_ns, BYTES("\x81\xa5hosts\x91\xc0")},
		{&schema_lookup, BYTES("\x81\xa3tcp\x01")},
		{&schema_certificate_record, BYTES("\x81\xa6sha256\xc4\x01x")},
		{&schema_host_record, BYTES("\x81\xa7started\xa5today")},
		{&schema_host_record, BYTES("\x81\xa7started\x01")},
		{&schema_pkix, BYTES("\x81\xa3"
				     "all\x91\x01")},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct cursor cursor = cursor_over(cases[i].bytes);
		void *record = record_new(&arena, cases[i].schema);

		if (decode_record(&cursor, cases[i].schema, &arena, record))
			fail_msg("case %zu was taken", i);
	}
}

/* Words of a later version are left out; an element that is null is an element. */
static void test_unknown_words(void **state)
{
	static const struct span word = BYTES("\x82\xa6status\xa3NEW\xa4kind\xa4none");
	static const struct span words = BYTES("\x81\xa3"
					       "all\x93\xa7"
					       "expired\xa3new\xa4weak");
	static const struct span elements = BYTES("\x81\xa5hosts\x92\xc0\x81\xa4host\xa1x");
	struct mx mx;
	struct pkix pkix;
	struct cursor cursor = cursor_over(word);

	(void)state;
	assert_true(decode_record(&cursor, &schema_mx, &arena, &mx));
	assert_int_equal(mx.status, DNS_STATUS_NULL);
	assert_int_equal(mx.kind, MX_KIND_NONE);
	cursor = cursor_over(words);
	assert_true(decode_record(&cursor, &schema_pkix, &arena, &pkix));
	assert_int_equal(pkix.all.count, 2);
	assert_int_equal(pkix.all.items[1], PKIX_FAULT_WEAK);
	cursor = cursor_over(elements);
	assert_true(decode_record(&cursor, &schema_mx, &arena, &mx));
	assert_int_equal(mx.hosts.count, 2);
	assert_true(record_is_null(&schema_mx_host, &mx.hosts.items[0]));
}

/* Lists that were read can grow: their capacity is told from their count. */
static void test_lists_grow(void **state)
{
	const struct domain_record *made =
		helper_record(&arena, &schema_domain_record, FILL_PLAIN, 0);
	struct domain_record *read = record_new(&arena, &schema_domain_record);
	struct buffer buffer = {0};

	(void)state;
	encode_record(&buffer, &schema_domain_record, made, VIEW_FINAL, OUTPUT_MSGPACK, NULL);
	struct cursor cursor = cursor_over(buffer_span(&buffer));

	assert_true(decode_record(&cursor, &schema_domain_record, &arena, read));
	size_t count = read->sts.record.txt.count;

	for (int i = 0; i < 100; i++)
		assert_true(arena_append(&arena, &read->sts.record.txt, span_text("more")));
	assert_int_equal(read->sts.record.txt.count, count + 100);
	assert_true(span_equal(read->sts.record.txt.items[0], made->sts.record.txt.items[0]));
	buffer_free(&buffer);
}

/* Every prefix of a record is refused, and every changed byte ends in an answer. Copies are exact,
 * so that a sanitizer sees a step too far. */
static void test_cut_and_changed(void **state)
{
	const void *made = helper_record(&arena, &schema_host_record, FILL_ODD, 3);
	struct host_record host;
	struct buffer buffer = {0};
	struct arena small;

	(void)state;
	arena_init(&small, SMALL_ARENA_BYTES);
	encode_record(&buffer, &schema_host_record, made, VIEW_EVIDENCE, OUTPUT_MSGPACK, NULL);
	for (size_t len = 0; len < buffer.len; len++) {
		uint8_t *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy, buffer.data, len);
		uint8_t *exact = realloc(copy, len == 0 ? 1 : len);
		struct cursor cursor = cursor_over(span_of(exact, len));

		assert_false(decode_record(&cursor, &schema_host_record, &small, &host));
		free(exact);
		arena_reset(&small);
	}
	for (size_t at = 0; at < buffer.len; at++) {
		for (int bit = 0; bit < 8; bit++) {
			struct cursor cursor = cursor_over(buffer_span(&buffer));

			buffer.data[at] ^= (uint8_t)(1 << bit);
			decode_record(&cursor, &schema_host_record, &small, &host);
			buffer.data[at] ^= (uint8_t)(1 << bit);
			arena_reset(&small);
		}
	}
	arena_free(&small);
	buffer_free(&buffer);
}

static void test_over_cap(void **state)
{
	const void *made = helper_record(&arena, &schema_domain_record, FILL_PLAIN, 0);
	struct domain_record domain;
	struct buffer buffer = {0};
	struct arena small;

	(void)state;
	encode_record(&buffer, &schema_domain_record, made, VIEW_EVIDENCE, OUTPUT_MSGPACK, NULL);
	struct cursor cursor = cursor_over(buffer_span(&buffer));

	arena_init(&small, 256);
	assert_false(decode_record(&cursor, &schema_domain_record, &small, &domain));
	assert_true(small.exhausted);
	arena_free(&small);
	buffer_free(&buffer);
}

static void test_skip(void **state)
{
	static const struct {
		struct span bytes;
		bool skipped;
		size_t left;
	} cases[] = {
		{BYTES("\xc0\x01"), true, 1},
		{BYTES("\x92\x01\xa2xy\x05"), true, 1},
		{BYTES("\x82\x01\x02\x03\x04"), true, 0},
		{BYTES("\xc1"), false, 0},
		{BYTES("\x92\x01"), false, 0},
		{BYTES(""), false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct cursor cursor = cursor_over(cases[i].bytes);

		assert_int_equal(decode_skip(&cursor), cases[i].skipped);
		if (cases[i].skipped)
			assert_int_equal(cursor_left(&cursor), cases[i].left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists_grow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_and_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_over_cap, setup, teardown),
		cmocka_unit_test(test_skip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
