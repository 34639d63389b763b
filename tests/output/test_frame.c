/* Frames: whole, short at every length, damaged by any bit; and readable by msgpack-c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <msgpack/unpack.h>
#include <zlib.h>

#include "output/frame.h"

static void frame(struct buffer *buffer, struct span record)
{
	size_t begin = frame_begin(buffer);

	buffer_append_span(buffer, record);
	frame_end(buffer, begin);
}

static void test_whole(void **state)
{
	static const struct {
		const uint8_t *data;
		size_t len;
	} records[] = {{(const uint8_t *)"", 0},
		       {(const uint8_t *)"\x80", 1},
		       {(const uint8_t *)"\x81\xa1x\xa3yes", 8}};
	struct buffer buffer = {0};
	struct span rest, record;
	size_t size;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(records); i++)
		frame(&buffer, span_of(records[i].data, records[i].len));
	rest = buffer_span(&buffer);
	for (size_t i = 0; i < ARRAY_LENGTH(records); i++) {
		assert_int_equal(frame_read(rest, &record, &size), FRAME_WHOLE);
		assert_int_equal(size, FRAME_HEADER_BYTES + records[i].len);
		assert_true(span_equal(record, span_of(records[i].data, records[i].len)));
		rest = span_skip(rest, size);
	}
	assert_int_equal(frame_read(rest, &record, &size), FRAME_SHORT);
	buffer_free(&buffer);
}

static void test_torn_or_damaged(void **state)
{
	struct buffer buffer = {0};
	struct span record;
	size_t size;

	(void)state;
	frame(&buffer, span_text("\x81\xa6"
				 "domain\xa9"
				 "a.example"));
	for (size_t len = 0; len < buffer.len; len++) {
		assert_int_equal(frame_read(span_first(buffer_span(&buffer), len), &record, &size),
				 FRAME_SHORT);
		assert_true(size > len && size <= buffer.len);
	}
	for (size_t bit = 0; bit < buffer.len * 8; bit++) {
		buffer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(frame_read(buffer_span(&buffer), &record, &size), FRAME_WHOLE);
		buffer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(frame_read(buffer_span(&buffer), &record, &size), FRAME_WHOLE);
	buffer_free(&buffer);
}

/* A length that no record has is damage, so that a reader does not wait for it. */
static void test_too_long(void **state)
{
	static const uint8_t bytes[] = "\x93\xce\0\0\0\0\xce\x10\0\0\x01";
	struct span record;
	size_t size;

	(void)state;
	assert_int_equal(frame_read(span_of(bytes, sizeof(bytes) - 1), &record, &size),
			 FRAME_DAMAGED);
}

static void test_is_msgpack(void **state)
{
	static const char record[] = "\x81\xa1x\xc3";
	struct buffer buffer = {0};
	msgpack_unpacked unpacked;
	size_t end = 0;

	(void)state;
	frame(&buffer, span_text(record));
	msgpack_unpacked_init(&unpacked);
	assert_int_equal(
		msgpack_unpack_next(&unpacked, (const char *)buffer.data, buffer.len, &end),
		MSGPACK_UNPACK_SUCCESS);
	assert_int_equal(end, buffer.len);
	assert_int_equal(unpacked.data.type, MSGPACK_OBJECT_ARRAY);
	assert_int_equal(unpacked.data.via.array.size, 3);
	assert_int_equal(unpacked.data.via.array.ptr[0].via.u64,
			 crc32(0, (const uint8_t *)record, sizeof(record) - 1));
	assert_int_equal(unpacked.data.via.array.ptr[1].via.u64, sizeof(record) - 1);
	assert_int_equal(unpacked.data.via.array.ptr[2].type, MSGPACK_OBJECT_MAP);
	msgpack_unpacked_destroy(&unpacked);
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_torn_or_damaged),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_is_msgpack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
