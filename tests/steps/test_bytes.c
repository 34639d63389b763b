/* The byte buffer: all or nothing, never over its cap, and what is dropped is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/bytes.h"

static void test_add_and_drop(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct bytes bytes = bytes_over(&arena, 1000);

	assert_false(span_is_null(bytes_span(&bytes)));
	assert_int_equal(bytes_add(&bytes, span_text("")), BYTES_ADDED);
	assert_int_equal(bytes_add(&bytes, span_text("hello")), BYTES_ADDED);
	assert_int_equal(bytes_add(&bytes, span_text(" world")), BYTES_ADDED);
	assert_true(span_equal(bytes_span(&bytes), span_text("hello world")));
	bytes_drop(&bytes, 6);
	assert_true(span_equal(bytes_span(&bytes), span_text("world")));
	bytes_drop(&bytes, 0);
	bytes_drop(&bytes, 100);
	assert_int_equal(bytes.len, 0);
	arena_free(&arena);
}

static void test_caps(void **state)
{
	static const uint8_t many[1000];
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct bytes bytes = bytes_over(&arena, 1000);

	assert_int_equal(bytes_add(&bytes, span_of(many, 999)), BYTES_ADDED);
	assert_int_equal(bytes_add(&bytes, span_of(many, 2)), BYTES_TOO_LARGE);
	assert_int_equal(bytes.len, 999);
	assert_int_equal(bytes_add(&bytes, span_of(many, 1)), BYTES_ADDED);
	assert_int_equal(bytes_add(&bytes, span_of(many, 1)), BYTES_TOO_LARGE);
	arena_free(&arena);
}

static void test_no_memory(void **state)
{
	static const uint8_t many[4096];
	struct arena arena;

	(void)state;
	arena_init(&arena, 2048);
	struct bytes bytes = bytes_over(&arena, 1 << 20);

	assert_int_equal(bytes_add(&bytes, span_text("kept")), BYTES_ADDED);
	assert_int_equal(bytes_add(&bytes, span_of(many, sizeof(many))), BYTES_NO_MEMORY);
	assert_true(span_equal(bytes_span(&bytes), span_text("kept")));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_drop),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
