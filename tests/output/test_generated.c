/*
 * The codebook and the description of the record are made from the program's own tables: they must
 * be those of this program. Out of date: make generated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "output/schema.h"

static void read_file(struct buffer *text, const char *path)
{
	char block[4096];
	FILE *in = fopen(path, "rb");
	size_t got;

	assert_non_null(in);
	while ((got = fread(block, 1, sizeof(block), in)) > 0)
		buffer_append(text, block, got);
	fclose(in);
}

static void assert_current(const char *path, enum schema_format format)
{
	struct buffer kept = {0};
	struct buffer made = {0};

	read_file(&kept, path);
	schema_write(&made, format);
	assert_false(kept.failed || made.failed);
	if (!span_equal(buffer_span(&kept), buffer_span(&made)))
		fail_msg("%s is out of date: make generated", path);
	buffer_free(&kept);
	buffer_free(&made);
}

static void test_codebook(void **state)
{
	(void)state;
	assert_current("datasets/codebook.csv", SCHEMA_CSV);
}

static void test_record_description(void **state)
{
	(void)state;
	assert_current("docs/RECORD.md", SCHEMA_MARKDOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codebook),
		cmocka_unit_test(test_record_description),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
