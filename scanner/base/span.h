/*
 * A span is a view of bytes that somebody else owns: a pointer and a length, never terminated,
 * possibly holding NUL. Everything that came from the network is passed around as spans; what must
 * outlive its buffer is copied to an arena. A span with `data == NULL` is "no value", which differs
 * from an empty one.
 */
#ifndef STSWEEP_BASE_SPAN_H
#define STSWEEP_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct span {
	const uint8_t *data;
	size_t len;
};

/* A list of spans; the items and what they point to belong to the same arena. */
struct span_list {
	struct span *items;
	size_t count;
};

static inline struct span span_of(const void *data, size_t len)
{
	return (struct span){.data = data, .len = len};
}

/* The span of a C string without its NUL; no value for NULL. */
static inline struct span span_text(const char *text)
{
	return text == NULL ? (struct span){0} : span_of(text, strlen(text));
}

static inline bool span_is_null(struct span span)
{
	return span.data == NULL;
}

static inline struct span span_skip(struct span span, size_t count)
{
	size_t skipped = count < span.len ? count : span.len;

	if (skipped == 0)
		return span;
	return span_of(span.data + skipped, span.len - skipped);
}

static inline struct span span_first(struct span span, size_t count)
{
	return span_of(span.data, count < span.len ? count : span.len);
}

/* No value equals no value only. */
bool span_equal(struct span a, struct span b);
/* ASCII letters compare without case; other bytes exactly, whatever the locale. */
bool span_equal_nocase(struct span a, struct span b);
bool span_starts_with(struct span span, struct span prefix);
bool span_starts_with_nocase(struct span span, struct span prefix);
bool span_ends_with_nocase(struct span span, struct span suffix);
/* Index of the first `byte`, or span.len when there is none. */
size_t span_find(struct span span, uint8_t byte);
/* Spaces and horizontal tabs (WSP of RFC 5234) off both ends. */
struct span span_trim(struct span span);
/*
 * Valid UTF-8 (RFC 3629: no overlong form, no surrogate, at most U+10FFFF); NUL bytes are valid
 * here.
 */
bool span_is_utf8(struct span span);
bool span_is_ascii(struct span span);

#endif
