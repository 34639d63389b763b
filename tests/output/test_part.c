/* Numbered parts: names, rollover, hashes, and every error said with its path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/part.h"
#include "tests/output/helper_dir.h"

enum { SMALL_FILE_BYTES = 100000 };

static struct part_settings settings(void)
{
	return (struct part_settings){.dir = helper_dir, .family = "domains", .ending = "csv"};
}

static void assert_part(const struct part_info *part, const char *name, const char *text,
			uint64_t records)
{
	uint8_t sha256[PART_HASH_BYTES];
	struct span bytes = helper_read(name);

	assert_string_equal(part->name, name);
	assert_int_equal(part->records, records);
	assert_int_equal(part->bytes, strlen(text));
	assert_true(span_equal(bytes, span_text(text)));
	assert_int_equal(EVP_Digest(text, strlen(text), sha256, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(part->sha256, sha256, sizeof(sha256));
}

static void test_rolls_over_by_records(void **state)
{
	struct part_settings by_records = settings();

	(void)state;
	by_records.header = span_text("head\n");
	by_records.most_records = 2;
	struct part_family *family = part_family_new(&by_records);

	for (int i = 0; i < 3; i++)
		assert_true(part_write(family, span_text("line\n"), 1));
	assert_true(helper_exists("domains-00001.csv"));
	assert_true(helper_exists(".domains-00002.csv.part"));
	assert_false(helper_exists("domains-00002.csv"));
	assert_true(part_finish(family));
	assert_true(part_finish(family));
	struct part_list parts = part_family_finished(family);

	assert_int_equal(parts.count, 2);
	assert_part(&parts.items[0], "domains-00001.csv", "head\nline\nline\n", 2);
	assert_part(&parts.items[1], "domains-00002.csv", "head\nline\n", 1);
	assert_int_equal(helper_count(""), 2);
	part_family_free(family);
}

static void test_rolls_over_by_bytes(void **state)
{
	struct part_settings by_bytes = settings();

	(void)state;
	by_bytes.most_bytes = 10;
	struct part_family *family = part_family_new(&by_bytes);

	for (int i = 0; i < 5; i++)
		assert_true(part_write(family, span_text("12345"), 1));
	assert_true(part_finish(family));
	struct part_list parts = part_family_finished(family);

	assert_int_equal(parts.count, 3);
	assert_int_equal(parts.items[0].bytes, 10);
	assert_int_equal(parts.items[2].bytes, 5);
	part_family_free(family);
}

static void test_empty(void **state)
{
	struct part_settings empty = settings();
	struct part_family *family = part_family_new(&empty);

	(void)state;
	assert_true(part_finish(family));
	assert_int_equal(part_family_finished(family).count, 0);
	assert_int_equal(helper_count(""), 0);
	part_family_free(family);
	empty.even_empty = true;
	empty.header = span_text("a,b\n");
	family = part_family_new(&empty);
	assert_true(part_finish(family));
	assert_true(part_finish(family));
	assert_int_equal(part_family_finished(family).count, 1);
	assert_part(&part_family_finished(family).items[0], "domains-00001.csv", "a,b\n", 0);
	part_family_free(family);
}

/* Numbers go on after all that is there, torn parts too; other families do not count. */
static void test_numbers_go_on(void **state)
{
	struct part_settings more = settings();

	(void)state;
	helper_write("domains-00003.csv", span_text("x"));
	helper_write(".domains-00007.csv.part", span_text("x"));
	helper_write("domains-00009.jsonl", span_text("x"));
	helper_write("domain-hosts-00020.csv", span_text("x"));
	struct part_family *family = part_family_new(&more);

	assert_true(part_write(family, span_text("y"), 1));
	assert_true(part_finish(family));
	assert_true(helper_exists("domains-00008.csv"));
	part_family_free(family);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		unsigned number;
		bool torn;
	} cases[] = {
		{"domains-00001.csv", 1, false},
		{"domains-100000.csv", 100000, false},
		{".domains-00002.csv.part", 2, true},
		{".domains-00002.csv", 0, true},
		{"domains-00002.csv.part", 0, false},
		{"domains-00000.csv", 0, false},
		{"domains-.csv", 0, false},
		{"domains-1x.csv", 0, false},
		{"domains-00001.csvx", 0, false},
		{"domains-hosts-00001.csv", 0, false},
		{"xdomains-00001.csv", 0, false},
		{"domains-99999999999999.csv", 0, false},
		{"", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		bool torn;

		assert_int_equal(part_number(cases[i].name, "domains", "csv", &torn),
				 cases[i].number);
		if (cases[i].number != 0)
			assert_int_equal(torn, cases[i].torn);
	}
}

static void test_unfinished(void **state)
{
	struct part_settings left = settings();
	struct part_family *family = part_family_new(&left);
	struct span bytes;

	(void)state;
	assert_true(part_write(family, span_text("half"), 1));
	assert_true(part_flush(family));
	bytes = helper_read(".domains-00001.csv.part");
	assert_true(span_equal(bytes, span_text("half")));
	part_family_free(family);
	assert_true(helper_exists(".domains-00001.csv.part"));
	family = part_family_new(&left);
	assert_true(part_write(family, span_text("gone"), 1));
	part_discard(family);
	assert_false(helper_exists(".domains-00002.csv.part"));
	part_family_free(family);
}

/* --- errors ---------------------------------------------------------------------------------- */

/* What a full disk does, without one: the file may not grow. */
static void test_full(void **state)
{
	static uint8_t block[4096];
	struct rlimit before, small;
	struct part_settings full = settings();
	struct part_family *family = part_family_new(&full);
	size_t written = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = SMALL_FILE_BYTES, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (written < 10 * SMALL_FILE_BYTES &&
	       part_write(family, span_of(block, sizeof(block)), 1))
		written += sizeof(block);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_true(written < 2 * SMALL_FILE_BYTES);
	assert_int_equal(part_error(family)->code, EFBIG);
	assert_string_equal(part_error(family)->doing, "write");
	assert_non_null(strstr(part_error(family)->path, ".domains-00001.csv.part"));
	/* The error sticks, though there would be room now. */
	assert_false(part_write(family, span_of(block, 1), 1));
	assert_false(part_flush(family));
	assert_false(part_finish(family));
	assert_false(helper_exists("domains-00001.csv"));
	part_family_free(family);
}

static void test_no_folder(void **state)
{
	struct part_settings none = settings();
	struct part_family *family;

	(void)state;
	none.dir = helper_path("none");
	family = part_family_new(&none);
	assert_int_equal(part_error(family)->code, ENOENT);
	assert_false(part_write(family, span_text("x"), 1));
	part_family_free(family);
}

static void test_folder_goes_away(void **state)
{
	struct part_settings gone = settings();
	char dir[128];

	(void)state;
	snprintf(dir, sizeof(dir), "%s", helper_path("gone"));
	assert_int_equal(mkdir(dir, 0700), 0);
	gone.dir = dir;
	struct part_family *family = part_family_new(&gone);

	assert_int_equal(part_error(family)->code, 0);
	assert_int_equal(rmdir(dir), 0);
	assert_false(part_write(family, span_text("x"), 1));
	assert_int_equal(part_error(family)->code, ENOENT);
	assert_string_equal(part_error(family)->doing, "create");
	part_family_free(family);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, helper_dir_make, helper_dir_remove)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_rolls_over_by_records),
		IN_FOLDER(test_rolls_over_by_bytes),
		IN_FOLDER(test_empty),
		IN_FOLDER(test_numbers_go_on),
		cmocka_unit_test(test_names),
		IN_FOLDER(test_unfinished),
		IN_FOLDER(test_full),
		IN_FOLDER(test_no_folder),
		IN_FOLDER(test_folder_goes_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
