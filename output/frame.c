/*
 * Frames, made and read. Written by the sinks, read by the readers of evidence.
 */
#include "output/frame.h"

#include <zlib.h>

#include "base/cursor.h"

enum {
	ARRAY_OF_THREE = 0x93, /* msgpack: fixarray */
	UINT_32 = 0xce,        /* msgpack: uint 32 */
};

static uint32_t checksum(struct span bytes)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes.data, bytes.len);
}

static uint8_t *put_u32(uint8_t *place, uint32_t number)
{
	*place++ = UINT_32;
	for (int shift = 24; shift >= 0; shift -= 8)
		*place++ = (uint8_t)(number >> shift);
	return place;
}

size_t frame_begin(struct buffer *buffer)
{
	size_t begin = buffer->len;

	if (buffer_reserve(buffer, FRAME_HEADER_BYTES) != NULL)
		buffer_added(buffer, FRAME_HEADER_BYTES);
	return begin;
}

void frame_end(struct buffer *buffer, size_t begin)
{
	struct span record = span_skip(buffer_span(buffer), begin + FRAME_HEADER_BYTES);

	if (buffer->failed)
		return;
	if (record.len > FRAME_MOST_BYTES) {
		buffer->failed = true;
		return;
	}
	uint8_t *place = buffer->data + begin;

	*place++ = ARRAY_OF_THREE;
	place = put_u32(place, checksum(record));
	put_u32(place, (uint32_t)record.len);
}

enum frame_result frame_read(struct span bytes, struct span *record, size_t *size)
{
	struct cursor cursor = cursor_over(bytes);

	*size = FRAME_HEADER_BYTES;
	if (bytes.len < FRAME_HEADER_BYTES)
		return FRAME_SHORT;
	bool is_frame = cursor_accept(&cursor, ARRAY_OF_THREE) && cursor_accept(&cursor, UINT_32);
	uint32_t crc = cursor_u32(&cursor);

	is_frame = is_frame && cursor_accept(&cursor, UINT_32);
	uint32_t len = cursor_u32(&cursor);

	if (!is_frame || len > FRAME_MOST_BYTES)
		return FRAME_DAMAGED;
	*size = FRAME_HEADER_BYTES + (size_t)len;
	if (cursor_left(&cursor) < len)
		return FRAME_SHORT;
	*record = cursor_bytes(&cursor, len);
	return checksum(*record) == crc ? FRAME_WHOLE : FRAME_DAMAGED;
}
