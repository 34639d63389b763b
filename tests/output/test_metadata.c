/* metadata.json: the tree that was set, in its order, and written whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>

#include "output/metadata.h"
#include "tests/output/helper_dir.h"

static void test_tree(void **state)
{
	static struct part_info infos[] = {
		{.name = "domains-00001.csv", .records = 3, .bytes = 70, .sha256 = {0xab, 1}}};
	static const char expected[] =
		"{\n  \"version\": \"0.1.0\",\n  \"limits\": {\n    \"threads\": 2,\n"
		"    \"dns\": {\n      \"secure\": true\n    }\n  },\n"
		"  \"started\": \"2026-11-23T08:15:30.123Z\",\n  \"ended\": null,\n"
		"  \"notes\": null,\n  \"command\": [\n    \"scan\",\n    \"a\\\\xffb\"\n  ],\n"
		"  \"findings\": {\n    \"sts.record.multiple\": 9223372036854775807\n  },\n"
		"  \"hash\": \"00ff\",\n  \"user\": {\n    \"a\": [\n      1,\n      null\n    ]\n "
		" },\n"
		"  \"parts\": [\n    {\n      \"name\": \"evidence/domains-00001.csv\",\n"
		"      \"records\": 3,\n      \"bytes\": 70,\n      \"sha256\": "
		"\"ab01000000000000000000000000000000000000000000000000000000000000\"\n"
		"    }\n  ]\n}\n";
	struct metadata *metadata = metadata_new();
	struct output_error error = {0};

	(void)state;
	metadata_text(metadata, "version", "0.1.0");
	metadata_number(metadata, "limits/threads", 2);
	metadata_flag(metadata, "limits/dns/secure", true);
	metadata_time(metadata, "started", 1795421730123);
	metadata_time(metadata, "ended", -1);
	metadata_text(metadata, "notes", NULL);
	metadata_append_text(metadata, "command", "scan");
	metadata_append_text(metadata, "command",
			     "a\xff"
			     "b");
	metadata_number(metadata, "findings/sts.record.multiple", 1);
	metadata_number(metadata, "findings/sts.record.multiple", INT64_MAX);
	metadata_hash(metadata, "hash", span_of("\0\xff", 2));
	assert_true(metadata_json(metadata, "user", "{\"a\": [1, null]}"));
	assert_false(metadata_json(metadata, "user2", "{\"a\": "));
	metadata_append_parts(metadata, "parts", "evidence/",
			      (struct part_list){.items = infos, .count = 1});
	assert_true(metadata_write(metadata, helper_path("metadata.json"), &error));
	struct span written = helper_read("metadata.json");

	if (!span_equal(written, span_text(expected)))
		fail_msg("%.*s", (int)written.len, (const char *)written.data);
	assert_int_equal(helper_count(""), 1);
	metadata_free(metadata);
}

/* A later one takes the place of the earlier one; one that cannot be written leaves it. */
static void test_written_whole(void **state)
{
	struct metadata *metadata = metadata_new();
	struct output_error error = {0};

	(void)state;
	metadata_text(metadata, "a", "b");
	assert_true(metadata_write(metadata, helper_path("m"), &error));
	assert_true(metadata_write(metadata, helper_path("m"), &error));
	assert_int_equal(helper_count(""), 1);
	assert_false(metadata_write(metadata, helper_path("none/m"), &error));
	assert_int_equal(error.code, ENOENT);
	metadata_free(metadata);
}

/* What a resumed scan does with the file of the session before it. */
static void test_gone_on_with(void **state)
{
	static const char expected[] =
		"{\n  \"started\": \"now\",\n  \"lookups\": {\n    \"NOERROR\": 10,\n"
		"    \"TIMEOUT\": 1\n  },\n  \"sessions\": {\n    \"1\": {\n"
		"      \"started\": \"then\"\n    }\n  }\n}\n";
	struct metadata *first = metadata_new();
	struct metadata *second = metadata_new();
	struct metadata *read;
	struct output_error error = {0};

	(void)state;
	metadata_text(first, "started", "then");
	metadata_number(first, "lookups/NOERROR", 7);
	assert_true(metadata_write(first, helper_path("m"), &error));
	assert_null(metadata_read(helper_path("none")));
	helper_write("broken", span_text("{\"a\": "));
	assert_null(metadata_read(helper_path("broken")));
	helper_write("list", span_text("[]"));
	assert_null(metadata_read(helper_path("list")));
	read = metadata_read(helper_path("m"));
	assert_non_null(read);
	metadata_text(second, "started", "now");
	metadata_copy(second, "lookups", read, "lookups");
	metadata_copy(second, "sessions/1/started", read, "started");
	metadata_copy(second, "nothing", read, "ended");
	metadata_add(second, "lookups/NOERROR", 3);
	metadata_add(second, "lookups/TIMEOUT", 1);
	assert_int_equal(metadata_count(second, "sessions"), 1);
	assert_int_equal(metadata_count(second, "nothing"), 0);
	assert_int_equal(metadata_count(second, "lookups"), 2);
	assert_true(metadata_write(second, helper_path("m2"), &error));
	assert_true(span_equal(helper_read("m2"), span_text(expected)));
	metadata_free(read);
	metadata_free(first);
	metadata_free(second);
}

/* A path that goes through a text is a failure that is not lost. */
static void test_failure_is_told(void **state)
{
	struct metadata *metadata = metadata_new();
	struct output_error error = {0};

	(void)state;
	metadata_text(metadata, "a", "b");
	metadata_text(metadata, "a/c", "d");
	assert_false(metadata_write(metadata, helper_path("m"), &error));
	assert_int_equal(helper_count(""), 0);
	metadata_free(metadata);
}

static void test_hash_file(void **state)
{
	/* SHA-256 of "abc": FIPS 180-2, appendix B.1. */
	static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
				      0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
				      0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
				      0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	uint8_t sha256[PART_HASH_BYTES];
	struct output_error error = {0};

	(void)state;
	helper_write("abc", span_text("abc"));
	assert_true(metadata_hash_file(helper_path("abc"), sha256, &error));
	assert_memory_equal(sha256, abc, sizeof(abc));
	assert_false(metadata_hash_file(helper_path("none"), sha256, &error));
	assert_int_equal(error.code, ENOENT);
	error = (struct output_error){0};
	assert_false(metadata_hash_file(helper_dir, sha256, &error));
	assert_int_equal(error.code, EISDIR);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, helper_dir_make, helper_dir_remove)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_tree),         IN_FOLDER(test_written_whole),
		IN_FOLDER(test_gone_on_with), IN_FOLDER(test_failure_is_told),
		IN_FOLDER(test_hash_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
