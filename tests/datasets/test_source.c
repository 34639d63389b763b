/*
 * Sources: plain, packed, packed in several pieces, truncated, damaged, named wrongly; their
 * digests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "datasets/source.h"
#include "tests/datasets/helper_files.h"

enum { LARGE_BYTES = 700000 };

/* Text that does not pack to nothing, larger than any buffer on the way. */
static struct span large_text(void)
{
	uint8_t *text = malloc(LARGE_BYTES);
	uint32_t seed = 1;

	assert_non_null(text);
	for (size_t i = 0; i < LARGE_BYTES; i++) {
		seed = seed * 1664525 + 1013904223;
		text[i] = (uint8_t)("abcdefghijklmnop"[seed >> 28]);
	}
	return span_of(text, LARGE_BYTES);
}

static struct span join(struct span a, struct span b)
{
	uint8_t *both = malloc(a.len + b.len);

	assert_non_null(both);
	memcpy(both, a.data, a.len);
	memcpy(both + a.len, b.data, b.len);
	return span_of(both, a.len + b.len);
}

static void give_back(struct span span)
{
	free((void *)(uintptr_t)span.data);
}

/* Reads all of it in pieces of `step` bytes and compares; the result of the last read. */
static enum source_result read_all(const char *path, size_t step, struct span expected,
				   struct dataset_error *error)
{
	struct source *source = source_open(path, -1, error);
	uint8_t *buffer = malloc(step);
	size_t at = 0, got = 0;
	enum source_result result;

	assert_non_null(source);
	assert_non_null(buffer);
	while ((result = source_read(source, buffer, step, &got, error)) == SOURCE_DATA) {
		assert_true(got >= 1 && got <= step && got <= expected.len - at);
		assert_memory_equal(buffer, expected.data + at, got);
		at += got;
	}
	assert_int_equal(got, 0);
	if (result == SOURCE_END)
		assert_int_equal(at, expected.len);
	/* What has ended stays ended. */
	assert_int_equal(source_read(source, buffer, step, &got, error), result);
	free(buffer);
	source_free(source);
	return result;
}

static void check_whole(struct files *files, const char *name, struct span bytes,
			struct span expected)
{
	static const size_t steps[] = {7, 4096, 1 << 20};
	struct dataset_error error = {0};
	char *path = files_write(files, name, bytes);

	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++)
		assert_int_equal(read_all(path, steps[i], expected, &error), SOURCE_END);
	free(path);
}

static void test_packings(void **state)
{
	struct span text = large_text(), gzip = files_gzip(text), zstd = files_zstd(text);
	struct span twice = join(text, text), gzips = join(gzip, gzip), zstds = join(zstd, zstd);
	struct span padded = join(gzips, span_of("\0\0\0\0\0", 5));
	struct span skippable = join(span_of("\x50\x2a\x4d\x18\2\0\0\0xx", 10), zstd);

	check_whole(*state, "plain.txt", text, text);
	check_whole(*state, "empty.txt", span_text(""), span_text(""));
	check_whole(*state, "short.txt", span_text("a"), span_text("a"));
	check_whole(*state, "one.gz", gzip, text);
	check_whole(*state, "one.zst", zstd, text);
	/* The name need not tell. */
	check_whole(*state, "gzip.csv", gzip, text);
	check_whole(*state, "zstd.csv", zstd, text);
	check_whole(*state, "two.gz", gzips, twice);
	check_whole(*state, "two.zst", zstds, twice);
	check_whole(*state, "padded.gz", padded, twice);
	check_whole(*state, "skippable.zst", skippable, text);
	give_back(text), give_back(gzip), give_back(zstd), give_back(twice);
	give_back(gzips), give_back(zstds), give_back(padded), give_back(skippable);
}

static void test_faults(void **state)
{
	struct span text = large_text(), gzip = files_gzip(text), zstd = files_zstd(text);
	struct span garbage = join(gzip, span_text("xyz"));
	uint8_t *broken = malloc(gzip.len);

	assert_non_null(broken);
	memcpy(broken, gzip.data, gzip.len);
	broken[gzip.len - 6] ^= 0x55; /* in its CRC, so that the text before it is sound */
	const struct {
		const char *name;
		struct span bytes;
		const char *says;
	} cases[] = {
		{"cut.gz", span_first(gzip, gzip.len / 2), "truncated gzip data"},
		{"cut-trailer.gz", span_first(gzip, gzip.len - 1), "truncated gzip data"},
		{"cut-header.gz", span_first(gzip, 5), "truncated gzip data"},
		{"cut.zst", span_first(zstd, zstd.len / 2), "truncated zstd data"},
		{"cut-end.zst", span_first(zstd, zstd.len - 1), "truncated zstd data"},
		{"cut-header.zst", span_first(zstd, 4), "truncated zstd data"},
		{"broken.gz", span_of(broken, gzip.len), "incorrect data check"},
		{"garbage.gz", garbage, "incorrect header check"},
		{"plain.gz", span_text("example.com\n"), "named .gz but not gzip data"},
		{"plain.ZST", span_text("example.com\n"), "named .zst but not zstd data"},
		{"empty.gz", span_text(""), "named .gz but not gzip data"},
		{"list.zip", span_text("PK\x03\x04xxxxxxxx"), "zip archive"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct dataset_error error = {0};
		char *path = files_write(*state, cases[i].name, cases[i].bytes);

		assert_int_equal(read_all(path, 4096, text, &error), SOURCE_FAILED);
		if (strstr(error.text, cases[i].says) == NULL ||
		    strstr(error.text, cases[i].name) == NULL)
			fail_msg("%s: says \"%s\"", cases[i].name, error.text);
		free(path);
	}
	free(broken);
	give_back(text), give_back(gzip), give_back(zstd), give_back(garbage);
}

static void test_what_cannot_be_opened(void **state)
{
	struct files *files = *state;
	struct dataset_error error = {0};
	bool regular = true;

	assert_null(source_open("/nonexistent/list", -1, &error));
	assert_string_equal(error.text, "/nonexistent/list: No such file or directory");
	assert_null(source_open(files->folder, -1, &error));
	assert_non_null(strstr(error.text, ": Is a directory"));
	assert_false(source_check("/nonexistent/list", &regular, &error));
	assert_false(regular);
	assert_false(source_check(files->folder, &regular, &error));
	assert_non_null(strstr(error.text, ": Is a directory"));
	assert_true(source_check("-", &regular, &error));
	assert_false(regular);
	char *path = files_write_text(files, "a", "b");

	assert_true(source_check(path, &regular, &error));
	assert_true(regular);
	free(path);
}

static void test_digest_is_of_the_file_as_it_lies(void **state)
{
	struct span text = large_text(), gzip = files_gzip(text);
	struct dataset_error error;
	uint8_t expected[SOURCE_SHA256_BYTES], digest[SOURCE_SHA256_BYTES], buffer[100];
	size_t got;
	char *path = files_write(*state, "a.gz", gzip);
	struct source *source = source_open(path, -1, &error);

	assert_int_equal(EVP_Digest(gzip.data, gzip.len, expected, NULL, EVP_sha256(), NULL), 1);
	assert_int_equal(source_read(source, buffer, sizeof(buffer), &got, &error), SOURCE_DATA);
	assert_true(source_digest(source, digest));
	assert_memory_equal(digest, expected, sizeof(digest));
	assert_int_equal(source_bytes(source), gzip.len);
	source_free(source);
	source = source_over("memory", text, &error);
	assert_int_equal(EVP_Digest(text.data, text.len, expected, NULL, EVP_sha256(), NULL), 1);
	assert_true(source_digest(source, digest));
	assert_memory_equal(digest, expected, sizeof(digest));
	source_free(source);
	free(path);
	give_back(text), give_back(gzip);
}

/* A pipe that nobody writes to must not hold up the end of a scan. */
static void test_a_wait_can_be_stopped(void **state)
{
	int data[2], stop[2];
	char path[64];
	uint8_t buffer[16];
	size_t got;
	struct dataset_error error = {0};
	uint8_t digest[SOURCE_SHA256_BYTES];

	(void)state;
	assert_int_equal(pipe(data) | pipe(stop), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", data[0]);
	struct source *source = source_open(path, stop[0], &error);

	assert_non_null(source);
	assert_int_equal(write(data[1], "a.example\n", 10), 10);
	assert_int_equal(source_read(source, buffer, sizeof(buffer), &got, &error), SOURCE_DATA);
	assert_int_equal(got, 10);
	assert_int_equal(write(stop[1], "x", 1), 1);
	assert_int_equal(source_read(source, buffer, sizeof(buffer), &got, &error), SOURCE_STOPPED);
	assert_false(source_digest(source, digest));
	source_free(source);
	close(data[0]), close(data[1]), close(stop[0]), close(stop[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_packings, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_faults, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_opened, files_setup,
						files_teardown),
		cmocka_unit_test_setup_teardown(test_digest_is_of_the_file_as_it_lies, files_setup,
						files_teardown),
		cmocka_unit_test(test_a_wait_can_be_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
