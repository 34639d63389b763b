/* The set of what was met: right at a million entries, under 64 bytes each by the allocator's own
 * count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>

#include "base/seen.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_ALLOCATOR 0
#endif
#endif
#ifndef OWN_ALLOCATOR
#define OWN_ALLOCATOR 1
#endif

static const uint8_t secret[16] = "0123456789abcdef";

static struct seen_key key_of(unsigned number)
{
	char text[32];

	return seen_key_text(
		span_of(text, (size_t)snprintf(text, sizeof(text), "mx%u.example", number)),
		secret);
}

static bool same(struct seen_key a, struct seen_key b)
{
	return a.high == b.high && a.low == b.low;
}

static void test_keys(void **state)
{
	static const uint8_t other[16] = "0123456789abcdeg";
	/* The third vector of SipHash's reference implementation, 128 bits of output. */
	static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	static const uint8_t expected[16] = {0x9c, 0x70, 0xb6, 0x0c, 0x52, 0x67, 0xa9, 0x4e,
					     0x5f, 0x33, 0xb6, 0xb0, 0x29, 0x85, 0xed, 0x51};
	struct seen_key reference = seen_key_bytes(span_of(key, 3), key);

	(void)state;
	assert_memory_equal(&reference, expected, sizeof(expected));
	struct seen_key a = seen_key_text(span_text("mx.Example"), secret);

	assert_true(same(a, seen_key_text(span_text("MX.example"), secret)));
	assert_false(same(a, seen_key_text(span_text("mx.example."), secret)));
	assert_false(same(a, seen_key_text(span_text("mx.Example"), other)));
	assert_false(same(seen_key_bytes(span_text("a"), secret),
			  seen_key_bytes(span_text("A"), secret)));
	assert_false(same(seen_key_bytes(span_of("a\0", 2), secret),
			  seen_key_bytes(span_of("a", 1), secret)));
	assert_true(same(seen_key_bytes((struct span){0}, secret),
			 seen_key_bytes(span_text(""), secret)));
}

static void test_long_texts_are_told_apart_wherever_they_differ(void **state)
{
	enum { LENGTH = 5000 };
	static uint8_t text[LENGTH], upper[LENGTH];

	(void)state;
	memset(text, 'a', sizeof(text));
	memset(upper, 'A', sizeof(upper));
	struct seen_key key = seen_key_text(span_of(text, LENGTH), secret);

	assert_true(same(key, seen_key_text(span_of(upper, LENGTH), secret)));
	for (size_t i = 0; i < LENGTH; i += 499) {
		text[i] = 'b';
		assert_false(same(key, seen_key_text(span_of(text, LENGTH), secret)));
		text[i] = 'a';
		assert_false(same(key, seen_key_text(span_of(text, i), secret)));
	}
}

static void test_find_and_add(void **state)
{
	struct seen *seen = seen_new();
	bool added = false;

	(void)state;
	assert_non_null(seen);
	assert_null(seen_find(seen, key_of(1)));
	uint64_t *value = seen_add(seen, key_of(1), &added);

	assert_true(added);
	assert_int_equal(*value, 0);
	*value = UINT64_MAX;
	assert_ptr_equal(seen_find(seen, key_of(1)), value);
	assert_ptr_equal(seen_add(seen, key_of(1), &added), value);
	assert_false(added);
	assert_true(*value == UINT64_MAX);
	assert_int_equal(seen_count(seen), 1);
	/* Half a key in common is not enough, whichever half. */
	struct seen_key half = key_of(1);

	half.high ^= 1;
	assert_null(seen_find(seen, half));
	half.high ^= 1;
	half.low ^= 1;
	assert_null(seen_find(seen, half));
	seen_free(seen);
	seen_free(NULL);
}

static void test_many_stay_where_they_are(void **state)
{
	enum { ENTRIES = 200000 };
	struct seen *seen = seen_new();
	uint64_t *first = NULL;
	bool added = false;

	(void)state;
	for (unsigned i = 0; i < ENTRIES; i++) {
		uint64_t *value = seen_add(seen, key_of(i), &added);

		assert_non_null(value);
		assert_true(added);
		*value = i;
		first = i == 0 ? value : first;
	}
	assert_int_equal(seen_count(seen), ENTRIES);
	assert_ptr_equal(seen_find(seen, key_of(0)), first);
	for (unsigned i = 0; i < ENTRIES; i++)
		assert_int_equal(*seen_find(seen, key_of(i)), i);
	for (unsigned i = ENTRIES; i < ENTRIES + 1000; i++)
		assert_null(seen_find(seen, key_of(i)));
	seen_free(seen);
}

static void add_value(void *context, struct seen_key key, uint64_t value)
{
	uint64_t *sum = context;

	(void)key;
	*sum += value;
}

/* Over more than one slab: every entry once. */
static void test_each(void **state)
{
	enum { ENTRIES = 10000 };
	struct seen *seen = seen_new();
	uint64_t sum = 0;
	bool added = false;

	(void)state;
	seen_each(seen, add_value, &sum);
	assert_int_equal(sum, 0);
	for (unsigned i = 1; i <= ENTRIES; i++)
		*seen_add(seen, key_of(i), &added) = i;
	seen_each(seen, add_value, &sum);
	assert_int_equal(sum, (uint64_t)ENTRIES * (ENTRIES + 1) / 2);
	seen_free(seen);
}

static size_t allocated_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* At every size from 20,000 on, so also just after the tables have doubled and while one of them
 * does. */
struct walk {
	size_t entries;
	uint64_t sum;
};

static void note_entry(void *context, struct seen_key key, uint64_t value)
{
	struct walk *walk = context;

	assert_int_equal(key.low, value);
	walk->entries++;
	walk->sum += value;
}

static void test_each_entry_is_met_once(void **state)
{
	enum { ENTRIES_COUNT = 10000 };
	struct seen *seen = seen_new();
	struct walk walk = {0};

	(void)state;
	seen_each(seen, note_entry, &walk);
	assert_int_equal(walk.entries, 0);
	for (uint64_t i = 1; i <= ENTRIES_COUNT; i++) {
		struct seen_key key = {.high = i << 48, .low = i};
		bool added;

		*seen_add(seen, key, &added) = i;
	}
	seen_each(seen, note_entry, &walk);
	assert_int_equal(walk.entries, ENTRIES_COUNT);
	assert_int_equal(walk.sum, (uint64_t)ENTRIES_COUNT * (ENTRIES_COUNT + 1) / 2);
	seen_free(seen);
}

static void test_entries_take_less_than_64_bytes(void **state)
{
	enum { ENTRIES = 1500000, FIRST = 20000 };

	(void)state;
	if (!OWN_ALLOCATOR)
		skip();
	size_t before = allocated_bytes(), worst_tenths = 0;
	struct seen *seen = seen_new();
	bool added = false;

	for (unsigned i = 1; i <= ENTRIES; i++) {
		assert_non_null(seen_add(seen, key_of(i), &added));
		if (i < FIRST || i % 256 != 0)
			continue;
		size_t tenths = (allocated_bytes() - before) * 10 / i;

		worst_tenths = tenths > worst_tenths ? tenths : worst_tenths;
	}
	print_message("at worst %zu.%zu bytes an entry, %zu at the end\n", worst_tenths / 10,
		      worst_tenths % 10, (allocated_bytes() - before) / ENTRIES);
	assert_true(worst_tenths < 640);
	seen_free(seen);
	assert_true(allocated_bytes() <= before + 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_long_texts_are_told_apart_wherever_they_differ),
		cmocka_unit_test(test_find_and_add),
		cmocka_unit_test(test_many_stay_where_they_are),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_each_entry_is_met_once),
		cmocka_unit_test(test_entries_take_less_than_64_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
