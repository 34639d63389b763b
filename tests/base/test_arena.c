/* The arena: aligned, zeroed, apart, never over its cap, and good for the next job after a reset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

enum { CAP_BYTES = 100000 };

static void test_allocations_are_apart(void **state)
{
	enum { ROUNDS = 400 };
	static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 4000, 4100, 9000};
	uint8_t *places[ROUNDS];
	struct arena arena;

	(void)state;
	arena_init(&arena, 4 << 20);
	assert_int_equal(arena.held_bytes, 0);
	for (size_t i = 0; i < ROUNDS; i++) {
		size_t size = sizes[i % ARRAY_LENGTH(sizes)];

		places[i] = arena_alloc(&arena, size);
		assert_non_null(places[i]);
		assert_int_equal((uintptr_t)places[i] % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < size; j++)
			assert_int_equal(places[i][j], 0);
		memset(places[i], (int)(i & 0xff), size);
	}
	for (size_t i = 0; i < ROUNDS; i++)
		for (size_t j = 0; j < sizes[i % ARRAY_LENGTH(sizes)]; j++)
			assert_int_equal(places[i][j], i & 0xff);
	arena_free(&arena);
}

static void test_cap_is_hard_and_sticky(void **state)
{
	struct arena arena;
	size_t taken = 0;

	(void)state;
	arena_init(&arena, CAP_BYTES);
	while (arena_alloc(&arena, 1000) != NULL) {
		taken += 1000;
		assert_true(arena.held_bytes <= CAP_BYTES);
		assert_false(arena.exhausted);
	}
	assert_true(arena.exhausted);
	/* A cap that could not be used nearly in full would be a smaller cap. */
	assert_true(taken > CAP_BYTES * 9 / 10);
	assert_null(arena_alloc(&arena, CAP_BYTES));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	assert_true(arena.held_bytes <= CAP_BYTES);

	arena_reset(&arena);
	assert_false(arena.exhausted);
	assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
	assert_true(arena.exhausted);
	arena_free(&arena);
	assert_int_equal(arena.held_bytes, 0);
	assert_int_equal(arena.cap_bytes, CAP_BYTES);
}

static void test_reset_keeps_one_ordinary_chunk(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	uint8_t *first = arena_alloc(&arena, 100);

	memset(first, 0xff, 100);
	assert_non_null(arena_alloc(&arena, 300000));
	for (int i = 0; i < 100; i++)
		assert_non_null(arena_alloc(&arena, 1000));
	arena_reset(&arena);
	assert_true(arena.held_bytes > 0 && arena.held_bytes <= 4096);
	size_t held = arena.held_bytes;
	uint8_t *again = arena_alloc(&arena, 200);

	for (size_t i = 0; i < 200; i++)
		assert_int_equal(again[i], 0);
	assert_int_equal(arena.held_bytes, held);
	arena_free(&arena);

	arena_init(&arena, 1 << 20);
	assert_non_null(arena_alloc(&arena, 300000));
	arena_reset(&arena);
	assert_int_equal(arena.held_bytes, 0);
	arena_free(&arena);
}

static void test_a_large_allocation_leaves_the_small_ones_their_room(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	assert_non_null(arena_alloc(&arena, 16));
	size_t small = arena.held_bytes;

	assert_non_null(arena_alloc(&arena, 100000));
	size_t both = arena.held_bytes;

	assert_true(both < small + 100000 + 1000);
	for (int i = 0; i < 30; i++)
		assert_non_null(arena_alloc(&arena, 64));
	assert_int_equal(arena.held_bytes, both);
	arena_free(&arena);
}

static void test_copies_and_texts(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, CAP_BYTES);
	struct span copy = arena_copy(&arena, span_of("a\0b", 3));

	assert_true(span_equal(copy, span_of("a\0b", 3)));
	assert_int_equal(copy.data[3], 0);
	assert_true(span_is_null(arena_copy(&arena, (struct span){0})));
	copy = arena_copy(&arena, span_text(""));
	assert_false(span_is_null(copy));
	assert_int_equal(copy.len, 0);
	assert_true(span_equal(arena_printf(&arena, "%d:%s", 42, "x"), span_text("42:x")));
	assert_false(span_is_null(arena_printf(&arena, "%s", "")));
	assert_false(arena.exhausted);
	assert_true(span_is_null(arena_printf(&arena, "%*d", CAP_BYTES, 1)));
	assert_true(arena.exhausted);
	arena_free(&arena);
}

static void test_lists_grow(void **state)
{
	enum { ITEMS = 1000 };
	struct arena arena;
	struct span_list list = {0};
	void *items = NULL;
	size_t count = 0;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (int i = 0; i < ITEMS; i++) {
		uint32_t *number = arena_grow(&arena, &items, &count, sizeof(*number));

		assert_non_null(number);
		assert_int_equal(*number, 0);
		*number = (uint32_t)i;
		assert_true(arena_append(&arena, &list, arena_printf(&arena, "%d", i)));
	}
	assert_int_equal(count, ITEMS);
	assert_int_equal(list.count, ITEMS);
	for (uint32_t i = 0; i < ITEMS; i++)
		assert_int_equal(((uint32_t *)items)[i], i);
	assert_true(span_equal(list.items[999], span_text("999")));
	arena_free(&arena);
}

static void test_a_list_over_the_cap_is_unchanged(void **state)
{
	struct arena arena;
	struct span_list list = {0};

	(void)state;
	arena_init(&arena, 20000);
	while (arena_append(&arena, &list, span_text("x")))
		;
	assert_true(arena.exhausted);
	assert_true(list.count >= 128 && list.count < 20000 / sizeof(struct span));
	for (size_t i = 0; i < list.count; i++)
		assert_true(span_equal(list.items[i], span_text("x")));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allocations_are_apart),
		cmocka_unit_test(test_cap_is_hard_and_sticky),
		cmocka_unit_test(test_reset_keeps_one_ordinary_chunk),
		cmocka_unit_test(test_a_large_allocation_leaves_the_small_ones_their_room),
		cmocka_unit_test(test_copies_and_texts),
		cmocka_unit_test(test_lists_grow),
		cmocka_unit_test(test_a_list_over_the_cap_is_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
