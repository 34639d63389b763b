/*
 * A recogniser for RFC 3986 URIs. Called by the TLS-RPT parser; tells nothing about what a URI
 * leads to.
 */
#include "facts/uri.h"

#include "base/cursor.h"

static bool is_alpha(uint8_t byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_hex(uint8_t byte)
{
	return is_digit(byte) || (byte >= 'A' && byte <= 'F') || (byte >= 'a' && byte <= 'f');
}

static bool is_one_of(uint8_t byte, const char *bytes)
{
	return byte != '\0' && strchr(bytes, byte) != NULL;
}

static bool is_scheme(uint8_t byte)
{
	return is_alpha(byte) || is_digit(byte) || is_one_of(byte, "+-.");
}

/* unreserved / sub-delims */
static bool is_plain(uint8_t byte)
{
	return is_alpha(byte) || is_digit(byte) || is_one_of(byte, "-._~!$&'()*+,;=");
}

static bool is_user(uint8_t byte)
{
	return is_plain(byte) || byte == ':';
}

static bool is_path(uint8_t byte)
{
	return is_plain(byte) || is_one_of(byte, ":@/");
}

static bool is_query(uint8_t byte)
{
	return is_path(byte) || byte == '?';
}

/* The longest run of bytes for which `is` holds and of percent-encoded ones; a bad "%" ends it. */
static void skip_encoded(struct cursor *cursor, bool (*is)(uint8_t byte))
{
	for (;;) {
		struct cursor ahead;
		uint8_t high, low;

		(void)cursor_while(cursor, is);
		ahead = *cursor;
		if (!cursor_accept(&ahead, '%'))
			return;
		high = cursor_u8(&ahead);
		low = cursor_u8(&ahead);
		if (!is_hex(high) || !is_hex(low))
			return;
		*cursor = ahead;
	}
}

static bool is_literal(uint8_t byte)
{
	return is_user(byte);
}

/*
 * [ userinfo "@" ] host [ ":" port ]; what is inside an IP literal's brackets is not looked at
 * further.
 */
static void skip_authority(struct cursor *cursor)
{
	struct cursor ahead = *cursor;

	skip_encoded(&ahead, is_user);
	if (cursor_accept(&ahead, '@'))
		*cursor = ahead;
	if (cursor_accept(cursor, '[')) {
		(void)cursor_while(cursor, is_literal);
		if (!cursor_accept(cursor, ']'))
			cursor->failed = true;
	} else {
		skip_encoded(cursor, is_plain);
	}
	if (cursor_accept(cursor, ':'))
		(void)cursor_while(cursor, is_digit);
}

bool uri_is_valid(struct span uri)
{
	struct cursor cursor = cursor_over(uri);
	int next;

	if (!is_alpha((uint8_t)cursor_peek(&cursor)))
		return false;
	(void)cursor_while(&cursor, is_scheme);
	if (!cursor_accept(&cursor, ':'))
		return false;
	if (span_starts_with(cursor_rest(&cursor), span_text("//"))) {
		(void)cursor_bytes(&cursor, strlen("//"));
		skip_authority(&cursor);
		next = cursor_peek(&cursor);
		if (next != '/' && next != '?' && next != '#' && next != -1)
			return false;
	}
	skip_encoded(&cursor, is_path);
	if (cursor_accept(&cursor, '?'))
		skip_encoded(&cursor, is_query);
	if (cursor_accept(&cursor, '#'))
		skip_encoded(&cursor, is_query);
	return !cursor.failed && cursor_at_end(&cursor);
}

bool uri_has_scheme(struct span uri, const char *scheme)
{
	size_t len = strlen(scheme);

	return span_starts_with_nocase(uri, span_text(scheme)) && uri.len > len &&
	       uri.data[len] == ':';
}
