/* The bounded edit distance against the plain one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "judge/edit_distance.h"

enum { LEN_MAX = 12 };

static unsigned plain_distance(const char *a, const char *b)
{
	unsigned cells[LEN_MAX + 1][LEN_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	for (size_t i = 0; i <= a_len; i++) {
		for (size_t j = 0; j <= b_len; j++) {
			unsigned best = (unsigned)(i + j);

			if (i > 0 && cells[i - 1][j] + 1 < best)
				best = cells[i - 1][j] + 1;
			if (j > 0 && cells[i][j - 1] + 1 < best)
				best = cells[i][j - 1] + 1;
			if (i > 0 && j > 0 && cells[i - 1][j - 1] + (a[i - 1] != b[j - 1]) < best)
				best = cells[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			cells[i][j] = best;
		}
	}
	return cells[a_len][b_len];
}

static void test_examples(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} cases[] = {
		{"", "", 0},
		{"", "abc", 3},
		{"", "abcd", 4},
		{"mx.example.com", "MX.Example.Com", 0},
		{"mx1.example.com", "mx2.example.com", 1},
		{"kitten", "sitting", 3},
		{"mail.example.com", "mial.example.com", 2},
		{"mail.example.com", "smtp.example.com", 4},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_int_equal(edit_distance(span_text(cases[i].a), span_text(cases[i].b)),
				 cases[i].distance);
		assert_int_equal(edit_distance(span_text(cases[i].b), span_text(cases[i].a)),
				 cases[i].distance);
	}
}

static void test_against_plain(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		char a[LEN_MAX + 1] = "", b[LEN_MAX + 1] = "";
		unsigned plain;

		for (int i = rand_r(&seed) % LEN_MAX; i > 0; i--)
			a[i - 1] = (char)('a' + rand_r(&seed) % 3);
		strcpy(b, a);
		for (int edits = rand_r(&seed) % 6; edits > 0; edits--) {
			size_t len = strlen(b);

			if (len == 0)
				break;
			size_t at = (size_t)rand_r(&seed) % len;

			if (rand_r(&seed) % 2 == 0)
				b[at] = (char)('a' + rand_r(&seed) % 3);
			else
				memmove(b + at, b + at + 1, strlen(b + at));
		}
		plain = plain_distance(a, b);
		assert_int_equal(edit_distance(span_text(a), span_text(b)),
				 plain > EDIT_DISTANCE_MAX ? EDIT_DISTANCE_MAX + 1 : plain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_against_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
