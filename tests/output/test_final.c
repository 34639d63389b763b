/* The published records: every family in every format, rolled over together, and nothing that looks
 * whole and is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "output/decode.h"
#include "output/final.h"
#include "tests/output/helper_dir.h"
#include "tests/output/helper_record.h"

enum { ALL_FORMATS = 7, RECORDS = 25, SMALL_FILE_BYTES = 100000, ENOUGH = 1000 };

static struct arena arena;

static int setup(void **state)
{
	arena_init(&arena, HELPER_ARENA_BYTES);
	return helper_dir_make(state);
}

static int teardown(void **state)
{
	arena_free(&arena);
	return helper_dir_remove(state);
}

static size_t count_lines(const char *name)
{
	struct span bytes = helper_read(name);
	size_t lines = 0;

	assert_false(span_is_null(bytes));
	for (size_t i = 0; i < bytes.len; i++)
		lines += bytes.data[i] == '\n';
	return lines;
}

static void write_all(struct final_writer *writer)
{
	for (unsigned i = 0; i < RECORDS; i++) {
		for (int family = 0; family < FINAL_FAMILIES_COUNT; family++) {
			const struct schema *schema = final_schema((enum final_family)family);

			assert_true(final_write(writer, (enum final_family)family,
						helper_record(&arena, schema, FILL_PLAIN, i)));
			arena_reset(&arena);
		}
	}
}

static void assert_reads_back(const char *name)
{
	struct span bytes = helper_read(name);
	struct cursor cursor = cursor_over(bytes);

	for (unsigned i = 0; i < RECORDS; i++) {
		struct domain_record *made =
			helper_record(&arena, &schema_domain_record, FILL_PLAIN, i);
		struct domain_record read;

		assert_true(decode_record(&cursor, &schema_domain_record, &arena, &read));
		assert_true(helper_records_equal(&schema_domain_record, VIEW_FINAL, made, &read));
		arena_reset(&arena);
	}
	assert_true(cursor_at_end(&cursor));
}

static void test_all_families(void **state)
{
	static const char *const files[] = {
		"domains-00001.msgpack",  "domains-00001.jsonl",
		"domains-00001.csv",      "domain-mx-hosts-00001.csv",
		"domain-hosts-00001.csv", "domain-verdict-predicted-report-00001.csv",
		"hosts-00001.msgpack",    "hosts-00001.jsonl",
		"hosts-00001.csv",        "host-addresses-00001.csv",
		"certs-00001.msgpack",    "certs-00001.jsonl",
		"certs-00001.csv",        "entities-00001.msgpack",
		"entities-00001.jsonl",   "entities-00001.csv",
	};
	const struct final_settings settings = {.dir = helper_dir, .formats = ALL_FORMATS};
	struct output_error error = {0};
	struct final_writer *writer = final_open(&settings, &error);

	(void)state;
	assert_non_null(writer);
	write_all(writer);
	assert_true(final_finish(writer, &error));
	struct part_list parts = final_parts(writer);

	assert_int_equal(parts.count, ARRAY_LENGTH(files));
	assert_int_equal(helper_count(""), ARRAY_LENGTH(files));
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		if (strcmp(parts.items[i].name, files[i]) != 0)
			fail_msg("%s, not %s", parts.items[i].name, files[i]);
		assert_true(final_name_is_part(files[i]));
	}
	final_free(writer);
	assert_int_equal(count_lines("domains-00001.jsonl"), RECORDS);
	assert_int_equal(count_lines("certs-00001.csv"), RECORDS + 1);
	assert_int_equal(count_lines("host-addresses-00001.csv"), 2 * RECORDS + 1);
	assert_reads_back("domains-00001.msgpack");
}

static void test_rolls_over(void **state)
{
	const struct final_settings settings = {
		.dir = helper_dir, .formats = 1u << OUTPUT_CSV, .part_records = 10};
	struct output_error error = {0};
	struct final_writer *writer = final_open(&settings, &error);

	(void)state;
	write_all(writer);
	assert_true(final_finish(writer, &error));
	final_free(writer);
	assert_int_equal(count_lines("domains-00001.csv"), 11);
	assert_int_equal(count_lines("domains-00003.csv"), 6);
	assert_int_equal(count_lines("domain-hosts-00005.csv"), 11);
	assert_false(helper_exists("domains-00004.csv"));
}

static void test_nothing(void **state)
{
	const struct final_settings settings = {.dir = helper_dir, .formats = ALL_FORMATS};
	struct output_error error = {0};
	struct final_writer *writer = final_open(&settings, &error);

	(void)state;
	assert_true(final_finish(writer, &error));
	final_free(writer);
	assert_int_equal(count_lines("domains-00001.csv"), 1);
	assert_int_equal(count_lines("domains-00001.jsonl"), 0);
	assert_true(helper_exists("entities-00001.msgpack"));
}

/* Whatever its name was meant to be, a part of a finish that was cut short is gone or has another.
 */
static void test_cut_short(void **state)
{
	const struct final_settings settings = {.dir = helper_dir, .formats = ALL_FORMATS};
	struct output_error error = {0};
	struct final_writer *writer = final_open(&settings, &error);

	(void)state;
	write_all(writer);
	final_free(writer);
	assert_int_equal(helper_count(""), 0);
}

static void test_selection(void **state)
{
	static const char *const paths[] = {"domain,verdict.sts"};
	struct span unknown;
	struct arena kept;

	(void)state;
	arena_init(&kept, HELPER_ARENA_BYTES);
	const struct final_settings settings = {
		.dir = helper_dir,
		.formats = ALL_FORMATS,
		.selection = selection_new(&kept, &schema_domain_record, paths, 1, &unknown),
	};
	struct output_error error = {0};
	struct final_writer *writer = final_open(&settings, &error);

	write_all(writer);
	assert_true(final_finish(writer, &error));
	final_free(writer);
	arena_free(&kept);
	struct span csv = helper_read("domains-00001.csv");

	assert_true(span_starts_with(csv, span_text("domain,verdict.sts\n\"domain 3\",")));
	assert_true(span_starts_with(helper_read("domains-00001.jsonl"),
				     span_text("{\"domain\":\"domain 3\",\"verdict\":{\"sts\":")));
	assert_false(helper_exists("domain-hosts-00001.csv"));
	assert_int_equal(count_lines("host-addresses-00001.csv"), 2 * RECORDS + 1);
}

static void test_clear(void **state)
{
	static const char *const parts[] = {"domains-00001.csv", ".hosts-00002.jsonl.part",
					    "domain-mx-hosts-00001.csv", "certs-00012.msgpack",
					    "entities-00001.csv"};
	static const char *const others[] = {"metadata.json", "domains.csv", "domains-1.txt",
					     "host-list-00001.csv", "domain-hosts-00001.jsonl"};
	struct output_error error = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
		helper_write(parts[i], span_text("x"));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		helper_write(others[i], span_text("x"));
	assert_true(final_clear(helper_dir, &error));
	assert_int_equal(helper_count(""), ARRAY_LENGTH(others));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_true(helper_exists(others[i]));
	assert_false(final_clear(helper_path("none"), &error));
	assert_int_equal(error.code, ENOENT);
}

static void test_full_disk(void **state)
{
	const struct final_settings settings = {.dir = helper_dir, .formats = ALL_FORMATS};
	struct output_error error = {0};
	struct final_writer *writer = final_open(&settings, &error);
	const void *domain = helper_record(&arena, &schema_domain_record, FILL_PLAIN, 0);
	struct rlimit before, small;
	unsigned taken = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){.rlim_cur = SMALL_FILE_BYTES, .rlim_max = before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	while (taken < ENOUGH && final_write(writer, FINAL_DOMAINS, domain))
		taken++;
	setrlimit(RLIMIT_FSIZE, &before);
	assert_in_range(taken, 1, ENOUGH - 1);
	assert_false(final_write(writer, FINAL_HOSTS, NULL));
	assert_false(final_finish(writer, &error));
	assert_int_equal(error.code, EFBIG);
	assert_non_null(strstr(error.path, ".domains-00001."));
	final_free(writer);
	assert_int_equal(helper_count(""), 0);
}

static void test_no_folder(void **state)
{
	const struct final_settings settings = {.dir = helper_path("none"), .formats = ALL_FORMATS};
	struct output_error error = {0};

	(void)state;
	assert_null(final_open(&settings, &error));
	assert_int_equal(error.code, ENOENT);
}

/* --- streams --------------------------------------------------------------------------------- */

static void test_stream(void **state)
{
	static const size_t lines[] = {[OUTPUT_CSV] = 3, [OUTPUT_JSONL] = 2};
	const struct domain_record *domain =
		helper_record(&arena, &schema_domain_record, FILL_PLAIN, 0);

	(void)state;
	for (int format = OUTPUT_CSV; format <= OUTPUT_JSONL; format++) {
		FILE *file = fopen(helper_path("stream"), "we");
		struct final_stream *stream =
			final_stream_new(file, (enum output_format)format, NULL);

		assert_true(final_stream_write(stream, domain));
		size_t first = helper_read("stream").len; /* it is there at once */

		assert_true(first > 0);
		assert_true(final_stream_write(stream, domain));
		assert_int_equal(count_lines("stream"), lines[format]);
		final_stream_free(stream);
		fclose(file);
	}
}

static void test_stream_to_full_device(void **state)
{
	const struct domain_record *domain =
		helper_record(&arena, &schema_domain_record, FILL_PLAIN, 0);
	FILE *file = fopen("/dev/full", "we");

	(void)state;
	if (file == NULL)
		skip();
	struct final_stream *stream = final_stream_new(file, OUTPUT_JSONL, NULL);

	errno = 0;
	assert_false(final_stream_write(stream, domain));
	assert_int_equal(errno, ENOSPC);
	final_stream_free(stream);
	fclose(file);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_all_families), IN_FOLDER(test_rolls_over),
		IN_FOLDER(test_nothing),      IN_FOLDER(test_cut_short),
		IN_FOLDER(test_selection),    IN_FOLDER(test_clear),
		IN_FOLDER(test_full_disk),    IN_FOLDER(test_no_folder),
		IN_FOLDER(test_stream),       IN_FOLDER(test_stream_to_full_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
