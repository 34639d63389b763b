/*
 * Spans compared and looked at: what is too long for the header. Used by everything; never
 * allocates, never writes, and never asks the locale.
 */
#include "base/span.h"

#include "base/cursor.h"

static uint8_t fold(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static bool bytes_equal_nocase(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return true;
}

/* memcmp may not be handed NULL, even for no bytes. */
static bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	return len == 0 || memcmp(a, b, len) == 0;
}

bool span_equal(struct span a, struct span b)
{
	return span_is_null(a) == span_is_null(b) && a.len == b.len &&
	       bytes_equal(a.data, b.data, a.len);
}

bool span_equal_nocase(struct span a, struct span b)
{
	return span_is_null(a) == span_is_null(b) && a.len == b.len &&
	       bytes_equal_nocase(a.data, b.data, a.len);
}

bool span_starts_with(struct span span, struct span prefix)
{
	return span.len >= prefix.len && bytes_equal(span.data, prefix.data, prefix.len);
}

bool span_starts_with_nocase(struct span span, struct span prefix)
{
	return span.len >= prefix.len && bytes_equal_nocase(span.data, prefix.data, prefix.len);
}

bool span_ends_with_nocase(struct span span, struct span suffix)
{
	return span.len >= suffix.len &&
	       bytes_equal_nocase(span_skip(span, span.len - suffix.len).data, suffix.data,
				  suffix.len);
}

size_t span_find(struct span span, uint8_t byte)
{
	const uint8_t *found = span.len == 0 ? NULL : memchr(span.data, byte, span.len);

	return found == NULL ? span.len : (size_t)(found - span.data);
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

struct span span_trim(struct span span)
{
	size_t from = 0, to = span.len;

	while (from < to && is_blank(span.data[from]))
		from++;
	while (to > from && is_blank(span.data[to - 1]))
		to--;
	return span_skip(span_first(span, to), from);
}

/* What may follow a lead byte (RFC 3629 4): how many bytes, and the range of the first of them,
 * which shuts out overlong forms, surrogates and what lies beyond U+10FFFF. */
struct utf8_lead {
	uint8_t lowest_lead;
	uint8_t highest_lead;
	uint8_t following;
	uint8_t lowest_second;
	uint8_t highest_second;
};

static const struct utf8_lead utf8_leads[] = {
	{0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf}, {0xe1, 0xec, 2, 0x80, 0xbf},
	{0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf},
	{0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static bool accept_utf8_rest(struct cursor *cursor, uint8_t lead)
{
	for (size_t i = 0; i < ARRAY_LENGTH(utf8_leads); i++) {
		const struct utf8_lead *row = &utf8_leads[i];

		if (lead < row->lowest_lead || lead > row->highest_lead)
			continue;
		uint8_t second = cursor_u8(cursor);

		if (second < row->lowest_second || second > row->highest_second)
			return false;
		for (unsigned left = row->following - 1U; left > 0; left--)
			if ((cursor_u8(cursor) & 0xc0) != 0x80)
				return false;
		return true;
	}
	return false;
}

bool span_is_utf8(struct span span)
{
	struct cursor cursor = cursor_over(span);

	while (!cursor_at_end(&cursor)) {
		uint8_t lead = cursor_u8(&cursor);

		if (lead >= 0x80 && !accept_utf8_rest(&cursor, lead))
			return false;
	}
	return true;
}

bool span_is_ascii(struct span span)
{
	for (size_t i = 0; i < span.len; i++)
		if (span.data[i] >= 0x80)
			return false;
	return true;
}
