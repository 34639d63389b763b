/*
 * The growing buffer that every encoder writes to. Doubles as it grows; after a failure of memory
 * it takes nothing more.
 */
#include "output/buffer.h"

#include <stdlib.h>

enum {
	BUFFER_LEAST_BYTES = 256,
	NUMBER_DIGITS = 19, /* of the largest int64_t */
};

static bool grow(struct buffer *buffer, size_t count)
{
	size_t need = 0, capacity = buffer->capacity == 0 ? BUFFER_LEAST_BYTES : buffer->capacity;

	if (__builtin_add_overflow(buffer->len, count, &need) || need > SIZE_MAX / 2)
		return false;
	while (capacity < need)
		capacity *= 2;
	uint8_t *data = realloc(buffer->data, capacity);

	if (data == NULL)
		return false;
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t count)
{
	if (buffer->failed)
		return NULL;
	if (buffer->data == NULL || buffer->capacity - buffer->len < count) {
		if (!grow(buffer, count)) {
			buffer->failed = true;
			return NULL;
		}
	}
	return buffer->data + buffer->len;
}

void buffer_added(struct buffer *buffer, size_t count)
{
	buffer->len += count;
}

void buffer_append_span(struct buffer *buffer, struct span span)
{
	buffer_append(buffer, span.data, span.len);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
	buffer_append(buffer, &byte, 1);
}

void buffer_append_number(struct buffer *buffer, int64_t number)
{
	char digits[NUMBER_DIGITS + 1];
	size_t at = sizeof(digits);
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		digits[--at] = '-';
	buffer_append(buffer, digits + at, sizeof(digits) - at);
}

struct span buffer_span(const struct buffer *buffer)
{
	return span_of(buffer->data, buffer->len);
}

void buffer_cut(struct buffer *buffer, size_t len)
{
	if (len > buffer->len)
		return;
	buffer->len = len;
	buffer->failed = false;
}

void buffer_drop(struct buffer *buffer, size_t count)
{
	if (buffer->data == NULL || count == 0 || count > buffer->len)
		return;
	buffer->len -= count;
	memmove(buffer->data, buffer->data + count, buffer->len);
}

void buffer_reset(struct buffer *buffer)
{
	buffer_cut(buffer, 0);
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}
