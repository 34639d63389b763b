/*
 * Appending to and taking from a buffer that lives in an arena. Called by the protocol machines;
 * never frees.
 */
#include "steps/bytes.h"

enum { FIRST_CAPACITY_BYTES = 512 };

struct bytes bytes_over(struct arena *arena, size_t cap_bytes)
{
	return (struct bytes){.arena = arena, .cap_bytes = cap_bytes};
}

static bool make_room(struct bytes *bytes, size_t needed)
{
	size_t capacity = bytes->capacity == 0 ? FIRST_CAPACITY_BYTES : bytes->capacity;

	if (needed <= bytes->capacity)
		return true;
	while (capacity < needed)
		capacity *= 2;
	if (capacity > bytes->cap_bytes)
		capacity = bytes->cap_bytes;
	uint8_t *data = arena_alloc(bytes->arena, capacity);

	if (data == NULL)
		return false;
	if (bytes->len > 0)
		memcpy(data, bytes->data, bytes->len);
	bytes->data = data;
	bytes->capacity = capacity;
	return true;
}

enum bytes_result bytes_add(struct bytes *bytes, struct span added)
{
	if (added.len > bytes->cap_bytes - bytes->len)
		return BYTES_TOO_LARGE;
	if (!make_room(bytes, bytes->len + added.len))
		return BYTES_NO_MEMORY;
	if (added.len > 0)
		memcpy(bytes->data + bytes->len, added.data, added.len);
	bytes->len += added.len;
	return BYTES_ADDED;
}

void bytes_drop(struct bytes *bytes, size_t count)
{
	if (count > bytes->len)
		count = bytes->len;
	if (count == 0)
		return;
	bytes->len -= count;
	memmove(bytes->data, bytes->data + count, bytes->len);
}

struct span bytes_span(const struct bytes *bytes)
{
	return bytes->data == NULL ? span_text("") : span_of(bytes->data, bytes->len);
}
