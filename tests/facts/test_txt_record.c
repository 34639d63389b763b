/* What both TXT records share: walking through fields, and what an extension is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/txt_record.h"

static const struct txt_kind kind = {.version = "v=X1", .attempt_word = "x"};

static void test_fields(void **state)
{
	static const struct {
		const char *record;
		const char *fields[4]; /* their texts, up to NULL */
		bool failed;
	} cases[] = {
		{"v=X1", {NULL}, false},        {"v=X1 ", {NULL}, false},
		{"v=X1;", {NULL}, false},       {"v=X1 ; a=b ; c ; ", {"a=b", "c"}, false},
		{"v=X1;a=b ", {"a=b "}, false}, {"v=X1;;a", {"", "a"}, false},
		{"v=X1;a;;", {"a", ""}, false}, {"v=X1 a;b", {NULL}, true},
		{"v=", {NULL}, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct cursor cursor = txt_fields(span_text(cases[i].record), &kind);
		struct txt_field field;
		size_t count = 0;

		assert_int_equal(cursor.failed, cases[i].failed);
		while (txt_field_next(&cursor, &field))
			assert_true(span_equal(field.text, span_text(cases[i].fields[count++])));
		assert_null(cases[i].fields[count]);
	}
}

static void test_name_and_value(void **state)
{
	struct cursor cursor = txt_fields(span_text("v=X1; id =a=b;lone"), &kind);
	struct txt_field field;

	(void)state;
	assert_true(txt_field_next(&cursor, &field));
	assert_true(txt_field_is(&field, "id"));
	assert_false(txt_field_is(&field, "i"));
	assert_true(span_equal(field.value, span_text("a=b")));
	assert_true(txt_field_next(&cursor, &field));
	assert_true(txt_field_is(&field, "lone"));
	assert_true(span_is_null(field.value));
}

static void test_choice(void **state)
{
	struct span items[2] = {span_text("v=X1 ;b"), span_text("other")};
	struct txt_choice choice = txt_record_choose((struct span_list){items, 1}, &kind);

	(void)state;
	assert_true(choice.present);
	assert_true(span_equal(choice.strict, items[0]));
	choice = txt_record_choose((struct span_list){items, 2}, &kind);
	assert_true(choice.present);
	assert_true(span_is_null(choice.strict));
	assert_true(span_equal(choice.lenient, items[0]));
	choice = txt_record_choose((struct span_list){items + 1, 1}, &kind);
	assert_false(choice.present);
	choice = txt_record_choose((struct span_list){0}, &kind);
	assert_false(choice.present);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_name_and_value),
		cmocka_unit_test(test_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
