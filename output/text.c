/*
 * Bytes as text, for encoders that have no bytes. Called for every such value of a record.
 */
#include "output/text.h"

#include <sodium/utils.h>

enum { UTF8_MOST_BYTES = 4 };

bool text_is_valid(struct span bytes)
{
	return (bytes.len == 0 || memchr(bytes.data, '\0', bytes.len) == NULL) &&
	       span_is_utf8(bytes);
}

void text_append_hex(struct buffer *buffer, struct span bytes)
{
	size_t size = bytes.len * 2 + 1;
	uint8_t *place = buffer_reserve(buffer, size);

	if (place == NULL)
		return;
	sodium_bin2hex((char *)place, size, bytes.data, bytes.len);
	buffer_added(buffer, size - 1);
}

void text_append_base64(struct buffer *buffer, struct span bytes)
{
	size_t size = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
	uint8_t *place = buffer_reserve(buffer, size);

	if (place == NULL)
		return;
	sodium_bin2base64((char *)place, size, bytes.data, bytes.len,
			  sodium_base64_VARIANT_ORIGINAL);
	buffer_added(buffer, size - 1);
}

/* Length of the valid character at the front; 0 when there is none. */
static size_t character_bytes(struct span bytes)
{
	for (size_t len = 1; len <= UTF8_MOST_BYTES && len <= bytes.len; len++) {
		if (text_is_valid(span_first(bytes, len)))
			return len;
	}
	return 0;
}

void text_append_valid(struct buffer *buffer, struct span bytes)
{
	if (text_is_valid(bytes)) {
		buffer_append_span(buffer, bytes);
		return;
	}
	while (bytes.len > 0) {
		size_t len = character_bytes(bytes);

		if (len > 0) {
			buffer_append(buffer, bytes.data, len);
		} else {
			len = 1;
			buffer_append(buffer, "\\x", 2);
			text_append_hex(buffer, span_first(bytes, len));
		}
		bytes = span_skip(bytes, len);
	}
}
