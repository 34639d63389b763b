/* Reading evidence: parts in order, torn tails cut at every length, damage told, records by their
 * location. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "output/buffer.h"
#include "output/decode.h"
#include "output/evidence_reader.h"
#include "output/frame.h"
#include "record/record.h"
#include "tests/output/helper_dir.h"
#include "tests/output/helper_store.h"

enum { DOMAINS = 200, ARENA_CAP_BYTES = 1 << 20, PART_BYTES = 1000 };

static const char WHOLE[] = "evidence/domains-00001.msgpack";
static const char TORN[] = "evidence/.domains-00001.msgpack.part";

struct reading {
	size_t records;
	enum evidence_result result;
	struct output_error error;
	uint64_t torn_bytes;
};

/* Reads all domains; their index must go up by one. */
static struct reading read_all(void)
{
	struct reading outcome = {0};
	struct evidence_files *files = evidence_files_open(helper_dir, &outcome.error);
	struct domain_record domain;
	struct arena arena;

	assert_non_null(files);
	struct evidence_reader *reader = evidence_reader_new(files, EVIDENCE_DOMAINS);

	arena_init(&arena, ARENA_CAP_BYTES);
	while ((outcome.result = evidence_next(reader, &arena, &domain)) == EVIDENCE_RECORD) {
		assert_int_equal(domain.index, outcome.records);
		outcome.records++;
		arena_reset(&arena);
	}
	assert_int_equal(evidence_next(reader, &arena, &domain), outcome.result);
	outcome.error = *evidence_reader_error(reader);
	outcome.torn_bytes = evidence_reader_torn_bytes(reader);
	arena_free(&arena);
	evidence_reader_free(reader);
	evidence_files_close(files);
	return outcome;
}

static void make_domains(int64_t count, uint64_t part_bytes)
{
	struct helper_store store = helper_store_open(part_bytes);

	for (int64_t i = 0; i < count; i++)
		helper_put_domain(store, i);
	helper_store_finish(store);
}

static void test_parts_in_order(void **state)
{
	(void)state;
	make_domains(DOMAINS, PART_BYTES);
	assert_true(helper_count("evidence") > 10);
	struct reading outcome = read_all();

	assert_int_equal(outcome.result, EVIDENCE_END);
	assert_int_equal(outcome.records, DOMAINS);
	assert_int_equal(outcome.torn_bytes, 0);
}

/* Offsets of the frames' ends, by the frames themselves. */
static size_t whole_frames(struct span bytes, size_t *end)
{
	struct span record;
	size_t size, count = 0;

	*end = 0;
	while (frame_read(span_skip(bytes, *end), &record, &size) == FRAME_WHOLE) {
		*end += size;
		count++;
	}
	return count;
}

/* Cut at any length, a torn part gives its whole frames and no error; a repair leaves just those.
 */
static void test_torn_at_every_length(void **state)
{
	(void)state;
	make_domains(5, 0);
	struct span read = helper_read(WHOLE);
	uint8_t copy[4096];

	assert_in_range(read.len, 1, sizeof(copy));
	memcpy(copy, read.data, read.len);
	assert_int_equal(remove(helper_path(WHOLE)), 0);
	for (size_t len = 0; len <= read.len; len++) {
		struct output_error error = {0};
		size_t end, count = whole_frames(span_of(copy, len), &end);

		helper_write(TORN, span_of(copy, len));
		struct reading outcome = read_all();

		assert_int_equal(outcome.result, EVIDENCE_END);
		assert_int_equal(outcome.records, count);
		assert_int_equal(outcome.torn_bytes, len - end);
		assert_true(evidence_repair(helper_dir, &error));
		assert_false(helper_exists(TORN));
		assert_int_equal(helper_exists(WHOLE), count > 0);
		outcome = read_all();
		assert_int_equal(outcome.records, count);
		assert_int_equal(outcome.torn_bytes, 0);
		if (count > 0)
			assert_int_equal(remove(helper_path(WHOLE)), 0);
	}
}

/* A torn part in between does not hide the parts after it. */
static void test_torn_between(void **state)
{
	struct helper_store store;

	(void)state;
	make_domains(3, 0);
	struct span bytes = helper_read(WHOLE);

	helper_write(TORN, span_first(bytes, bytes.len - 1));
	assert_int_equal(remove(helper_path(WHOLE)), 0);
	store = helper_store_open(0);
	helper_put_domain(store, 2);
	helper_store_finish(store);
	struct reading outcome = read_all();

	assert_int_equal(outcome.result, EVIDENCE_END);
	assert_int_equal(outcome.records, 3);
}

/* A finished part was whole once: what is wrong with it now is an error, not an end. */
static void test_damaged(void **state)
{
	uint8_t copy[4096];

	(void)state;
	make_domains(5, 0);
	struct span read = helper_read(WHOLE);
	size_t len = read.len;

	memcpy(copy, read.data, len);
	copy[len / 2] ^= 1;
	helper_write(WHOLE, span_of(copy, len));
	struct reading outcome = read_all();

	assert_int_equal(outcome.result, EVIDENCE_FAILED);
	assert_int_equal(outcome.error.code, EBADMSG);
	assert_non_null(strstr(outcome.error.path, "domains-00001.msgpack"));
	assert_int_equal(outcome.records, 2);
	copy[len / 2] ^= 1;
	helper_write(WHOLE, span_of(copy, len - 1));
	outcome = read_all();
	assert_int_equal(outcome.result, EVIDENCE_FAILED);
	assert_int_equal(outcome.records, 4);
}

/* A frame that is whole and holds no record is damage too. */
static void test_no_record(void **state)
{
	struct buffer buffer = {0};
	size_t begin = frame_begin(&buffer);

	(void)state;
	make_domains(0, 0);
	buffer_append_text(&buffer, "\x91\x01");
	frame_end(&buffer, begin);
	helper_write(WHOLE, buffer_span(&buffer));
	buffer_free(&buffer);
	struct reading outcome = read_all();

	assert_int_equal(outcome.result, EVIDENCE_FAILED);
	assert_int_equal(outcome.error.code, EBADMSG);
}

static void test_by_location(void **state)
{
	static evidence_location locations[DOMAINS];
	struct output_error error = {0};
	struct domain_record domain;
	struct buffer bytes = {0};
	struct arena arena;

	(void)state;
	make_domains(DOMAINS, PART_BYTES);
	struct evidence_files *files = evidence_files_open(helper_dir, &error);
	struct evidence_reader *reader = evidence_reader_new(files, EVIDENCE_DOMAINS);

	arena_init(&arena, ARENA_CAP_BYTES);
	for (size_t i = 0; i < DOMAINS; i++) {
		assert_int_equal(evidence_next(reader, &arena, &domain), EVIDENCE_RECORD);
		locations[i] = evidence_reader_location(reader);
		assert_true(locations[i] != 0);
	}
	for (size_t i = DOMAINS; i-- > 0;) {
		struct span record;

		assert_true(evidence_read_at(files, EVIDENCE_DOMAINS, locations[i], &bytes, &record,
					     &error));
		struct cursor cursor = cursor_over(record);

		assert_true(decode_record(&cursor, &schema_domain_record, &arena, &domain));
		assert_int_equal(domain.index, i);
	}
	arena_free(&arena);
	buffer_free(&bytes);
	evidence_reader_free(reader);
	evidence_files_close(files);
}

/* Records larger than the window, and than what is guessed for one. */
static void test_large_records(void **state)
{
	static uint8_t large[1 << 20];
	struct helper_store store = helper_store_open(0);
	struct output_error error = {0};
	struct certificate_record certificate;
	struct arena arena;
	struct buffer bytes = {0};
	struct span record;

	(void)state;
	for (size_t len = 1; len <= sizeof(large); len *= 4)
		helper_put_certificate(store, span_of(large, len));
	helper_store_finish(store);
	struct evidence_files *files = evidence_files_open(helper_dir, &error);
	struct evidence_reader *reader = evidence_reader_new(files, EVIDENCE_CERTIFICATES);

	arena_init(&arena, ARENA_CAP_BYTES);
	for (size_t len = 1; len <= sizeof(large); len *= 4) {
		assert_int_equal(evidence_next(reader, &arena, &certificate), EVIDENCE_RECORD);
		assert_int_equal(certificate.der.len, len);
		assert_true(evidence_read_at(files, EVIDENCE_CERTIFICATES,
					     evidence_reader_location(reader), &bytes, &record,
					     &error));
		assert_true(record.len > len);
	}
	assert_int_equal(evidence_next(reader, &arena, &certificate), EVIDENCE_END);
	arena_free(&arena);
	buffer_free(&bytes);
	evidence_reader_free(reader);
	evidence_files_close(files);
}

static void test_no_evidence(void **state)
{
	struct output_error error = {0};

	(void)state;
	assert_null(evidence_files_open(helper_dir, &error));
	assert_int_equal(error.code, ENOENT);
	error = (struct output_error){0};
	assert_false(evidence_repair(helper_dir, &error));
	assert_int_equal(error.code, ENOENT);
}

static void test_over_cap(void **state)
{
	struct output_error error = {0};
	struct helper_store store = helper_store_open(0);
	struct domain_record domain;
	struct arena arena, small;
	static struct span txt[64];

	(void)state;
	record_init(&schema_domain_record, &domain);
	domain.sts.record.txt = (struct span_list){.items = txt, .count = ARRAY_LENGTH(txt)};
	for (size_t i = 0; i < ARRAY_LENGTH(txt); i++)
		txt[i] = span_text("v=STSv1");
	assert_true(store.sink->domain(store.sink, &domain));
	helper_store_finish(store);
	struct evidence_files *files = evidence_files_open(helper_dir, &error);
	struct evidence_reader *reader = evidence_reader_new(files, EVIDENCE_DOMAINS);

	arena_init(&arena, ARENA_CAP_BYTES);
	arena_init(&small, 512);
	assert_int_equal(evidence_next(reader, &small, &domain), EVIDENCE_FAILED);
	assert_int_equal(evidence_reader_error(reader)->code, ENOMEM);
	arena_free(&small);
	arena_free(&arena);
	evidence_reader_free(reader);
	evidence_files_close(files);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, helper_dir_make, helper_dir_remove)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_parts_in_order), IN_FOLDER(test_torn_at_every_length),
		IN_FOLDER(test_torn_between),   IN_FOLDER(test_damaged),
		IN_FOLDER(test_no_record),      IN_FOLDER(test_by_location),
		IN_FOLDER(test_large_records),  IN_FOLDER(test_no_evidence),
		IN_FOLDER(test_over_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
