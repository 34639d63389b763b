/* Names on the wire: escapes both ways, lengths to the byte, pointers that lead nowhere good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ldns/ldns.h>
#include <stdlib.h>

#include "facts/dns_wire.h"

static void test_text_to_wire_and_back(void **state)
{
	static const struct {
		const char *text;
		const char *wire;
		size_t len;
		const char *back;
	} cases[] = {
		{".", "", 1, "."},
		{"a", "\1a", 3, "a"},
		{"a.", "\1a", 3, "a"},
		{"Mx.Example", "\2Mx\7Example", 12, "mx.example"},
		{"a\\.b.c", "\3a.b\1c", 7, "a\\.b.c"},
		{"a\\\\.c", "\2a\\\1c", 6, "a\\\\.c"},
		{"a\\046b", "\3a.b", 5, "a\\.b"},
		{"\\000\\032\\255", "\3\0 \xff", 5, "\\000\\032\\255"},
		{"\\;x\\(\\)", "\4;x()", 6, "\\;x\\(\\)"},
		{"\\065", "\1A", 3, "a"},
		{"a b@\"$", "\6a b@\"$", 8, "a\\032b@\"$"},
	};
	struct dns_wire_name wire;
	char text[DNS_NAME_TEXT_BYTES];
	size_t end = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		dns_wire_from_text(span_text(cases[i].text), &wire);
		assert_int_equal(wire.len, cases[i].len);
		assert_memory_equal(wire.bytes, cases[i].wire, wire.len);
		size_t len = dns_wire_to_text(span_of(wire.bytes, wire.len), 0, text, &end);

		assert_true(span_equal(span_of(text, len), span_text(cases[i].back)));
		assert_int_equal(end, wire.len);
	}
}

/* `count` labels of `len` times `letter` each, the last of `last`. */
static struct span labels(char *text, const char *letter, size_t count, size_t len, size_t last)
{
	char *to = text;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			*to++ = '.';
		for (size_t j = 0; j < (i + 1 == count ? last : len); j++)
			to = stpcpy(to, letter);
	}
	return span_of(text, (size_t)(to - text));
}

/* 255 bytes on the wire are a name, 256 are none (RFC 1035 2.3.4); the same for 63 of a label. */
static void test_lengths_to_the_byte(void **state)
{
	static const struct {
		size_t count;
		size_t len;
		size_t last;
		size_t wire_len;
	} cases[] = {
		{4, 63, 61, 255}, {4, 63, 62, 0}, {4, 63, 63, 0},   {1, 63, 63, 65},
		{1, 64, 64, 0},   {2, 64, 1, 0},  {127, 1, 1, 255}, {128, 1, 1, 0},
	};
	char text[600];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct dns_wire_name wire;

		dns_wire_from_text(labels(text, "x", cases[i].count, cases[i].len, cases[i].last),
				   &wire);
		assert_int_equal(wire.len, cases[i].wire_len);
	}
}

static void test_the_longest_text(void **state)
{
	char text[DNS_NAME_TEXT_BYTES + 1];
	char back[DNS_NAME_TEXT_BYTES];
	struct span name = labels(text, "\\200", 4, 63, 61);
	struct dns_wire_name wire;
	size_t end = 0;

	(void)state;
	dns_wire_from_text(name, &wire);
	assert_int_equal(wire.len, 255);
	size_t len = dns_wire_to_text(span_of(wire.bytes, wire.len), 0, back, &end);

	assert_true(span_equal(span_of(back, len), name));
}

static void test_malformed_names(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		size_t at;
	} cases[] = {
		{"", 0, 0},
		{"\1", 1, 0},
		{"\1a", 2, 0},              /* no root */
		{"\2a", 3, 0},              /* label past the end */
		{"\xc0", 1, 0},             /* half a pointer */
		{"\xc0\x00", 2, 0},         /* to itself */
		{"\xc0\x02\0", 3, 0},       /* forward */
		{"\0\1a\xc0\x01", 5, 1},    /* round: into its own label */
		{"\xc0\x02\xc0\x00", 4, 2}, /* round: two pointers */
		{"\x40", 2, 0},             /* label types given up by RFC 6891 5 */
		{"\x80", 2, 0},
		{"\0", 1, 2}, /* starts beyond the end */
	};
	char text[DNS_NAME_TEXT_BYTES];
	size_t end = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct span message = span_of(cases[i].bytes, cases[i].len);

		if (dns_wire_to_text(message, cases[i].at, text, &end) != 0)
			fail_msg("case %zu was read", i);
		assert_false(dns_wire_is_name(message, cases[i].at));
		assert_false(dns_wire_equal(message, cases[i].at, cases[i].at));
	}
}

/* Every pointer chain that leads backwards is walked, whatever its length. */
static void test_pointers(void **state)
{
	/* 0: b.c   5: a.[0]   9: [5]   11: [9] with x in front   15: A.B.c plain */
	static const uint8_t bytes[] = "\1b\1c\0\1a\xc0\0\xc0\5\1x\xc0\x9\1A\1B\1c\0";
	struct span message = span_of(bytes, sizeof(bytes) - 1);
	static const struct {
		size_t at;
		const char *text;
		size_t end;
	} cases[] = {{0, "b.c", 5},
		     {5, "a.b.c", 9},
		     {9, "a.b.c", 11},
		     {11, "x.a.b.c", 15},
		     {15, "a.b.c", 22}};
	char text[DNS_NAME_TEXT_BYTES];
	size_t end = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		size_t len = dns_wire_to_text(message, cases[i].at, text, &end);

		assert_true(span_equal(span_of(text, len), span_text(cases[i].text)));
		assert_int_equal(end, cases[i].end);
		assert_true(dns_wire_is_name(message, cases[i].at));
		struct cursor cursor = cursor_over(message);

		cursor_seek(&cursor, cases[i].at);
		size_t labels_at = dns_wire_skip(&cursor);

		assert_true(dns_wire_equal(message, labels_at, cases[i].at));
		assert_int_equal(cursor.at, cases[i].end);
		for (size_t j = 0; j < ARRAY_LENGTH(cases); j++)
			assert_int_equal(dns_wire_equal(message, cases[i].at, cases[j].at),
					 strcmp(cases[i].text, cases[j].text) == 0);
	}
}

/* A pointer may not make a name longer than a name may be. */
static void test_pointers_do_not_lengthen(void **state)
{
	enum { PIECES = 80 };
	uint8_t bytes[5 + PIECES * 6] = "\3abc";
	char text[DNS_NAME_TEXT_BYTES];
	size_t end = 0, before = 0, readable = 0;

	(void)state;
	for (size_t i = 0; i < PIECES; i++) {
		size_t at = 5 + i * 6;

		memcpy(bytes + at, "\3abc", 4);
		bytes[at + 4] = (uint8_t)(0xc0 | before >> 8);
		bytes[at + 5] = (uint8_t)before;
		before = at;
		readable += dns_wire_to_text(span_of(bytes, sizeof(bytes)), at, text, &end) != 0;
	}
	/* 1 for the root and 4 a label: 63 labels of three fit, the first has none before it. */
	assert_int_equal(readable, 62);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_to_wire_and_back),
		cmocka_unit_test(test_lengths_to_the_byte),
		cmocka_unit_test(test_the_longest_text),
		cmocka_unit_test(test_malformed_names),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_pointers_do_not_lengthen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
