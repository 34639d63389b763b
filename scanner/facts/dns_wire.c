/*
 * Names between the wire and text, and the one walk through compression pointers that both
 * comparing and reading use. Called for every name of every answer; never allocates.
 */
#include "facts/dns_wire.h"

enum { LABEL_BYTES = 63, POINTER = 0xc0, POINTER_HIGH = 0x3f };

static uint8_t fold(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static bool is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

/* One byte of a label in presentation form, RFC 1035 5.1: itself, \X or \DDD. -1 if malformed. */
static int read_escaped(struct cursor *text)
{
	uint8_t byte = cursor_u8(text);

	if (byte != '\\')
		return byte;
	if (!is_digit(cursor_peek(text)))
		return cursor_at_end(text) ? -1 : cursor_u8(text);
	struct span digits = cursor_bytes(text, 3);

	if (digits.len != 3 || !is_digit(digits.data[1]) || !is_digit(digits.data[2]))
		return -1;
	int value =
		(digits.data[0] - '0') * 100 + (digits.data[1] - '0') * 10 + digits.data[2] - '0';

	return value > UINT8_MAX ? -1 : value;
}

/* One label and the dot behind it; false if it is empty, too long or does not fit. */
static bool label_to_wire(struct cursor *text, struct dns_wire_name *wire)
{
	size_t length_at = wire->len++;

	while (!cursor_at_end(text) && !cursor_accept(text, '.')) {
		int byte = read_escaped(text);

		/* One byte is kept for the root. */
		if (byte < 0 || wire->len >= DNS_NAME_BYTES - 1)
			return false;
		wire->bytes[wire->len++] = (uint8_t)byte;
	}
	size_t label_bytes = wire->len - length_at - 1;

	wire->bytes[length_at] = (uint8_t)label_bytes;
	return label_bytes > 0 && label_bytes <= LABEL_BYTES;
}

void dns_wire_from_text(struct span name, struct dns_wire_name *wire)
{
	struct cursor text = cursor_over(name);

	wire->len = 0;
	if (name.len == 0)
		return;
	if (name.len == 1)
		cursor_accept(&text, '.');
	while (!cursor_at_end(&text)) {
		if (wire->len >= DNS_NAME_BYTES - 1 || !label_to_wire(&text, wire)) {
			wire->len = 0;
			return;
		}
	}
	wire->bytes[wire->len++] = 0;
}

/* A name read label by label. Every pointer must lead before all that was read of the name (RFC
 * 1035 4.1.4: "a prior occurrence"), so no chain of pointers comes round. */
struct name_walk {
	struct cursor cursor;
	size_t lowest;
	size_t wire_bytes;
	size_t end; /* behind the name where it stands; 0 until known */
};

static struct name_walk walk_from(struct span message, size_t at)
{
	struct name_walk walk = {.cursor = cursor_over(message), .lowest = at};

	cursor_seek(&walk.cursor, at);
	return walk;
}

/* False at the root and on failure (`cursor.failed`). */
static bool next_label(struct name_walk *walk, struct span *label)
{
	struct cursor *cursor = &walk->cursor;
	uint8_t length = cursor_u8(cursor);

	while (length >= POINTER) {
		size_t target = (size_t)(length & POINTER_HIGH) << 8 | cursor_u8(cursor);

		if (walk->end == 0)
			walk->end = cursor->at;
		cursor->failed = cursor->failed || target >= walk->lowest;
		walk->lowest = target;
		cursor_seek(cursor, target);
		length = cursor_u8(cursor);
	}
	walk->wire_bytes += 1U + length;
	cursor->failed =
		cursor->failed || length > LABEL_BYTES || walk->wire_bytes > DNS_NAME_BYTES;
	*label = cursor_bytes(cursor, length);
	if (label->len > 0)
		return true;
	if (walk->end == 0)
		walk->end = cursor->at;
	return false;
}

size_t dns_wire_skip(struct cursor *cursor)
{
	size_t start = cursor->at;
	uint8_t length = cursor_u8(cursor);

	while (length > 0 && length <= LABEL_BYTES) {
		cursor_bytes(cursor, length);
		length = cursor_u8(cursor);
	}
	if (length == 0)
		return start;
	bool is_pointer_alone = cursor->at == start + 1;
	size_t target = (size_t)(length & POINTER_HIGH) << 8 | cursor_u8(cursor);

	cursor->failed = cursor->failed || length < POINTER || target >= start;
	return is_pointer_alone ? target : start;
}

bool dns_wire_is_name(struct span message, size_t at)
{
	struct name_walk walk = walk_from(message, at);
	struct span label;

	while (next_label(&walk, &label))
		;
	return !walk.cursor.failed;
}

bool dns_wire_equal(struct span message, size_t a_at, size_t b_at)
{
	struct name_walk a = walk_from(message, a_at), b = walk_from(message, b_at);
	struct span left, right;
	bool more = true;

	while (more) {
		more = next_label(&a, &left);
		if (next_label(&b, &right) != more || !span_equal_nocase(left, right))
			return false;
	}
	return !a.cursor.failed && !b.cursor.failed;
}

/* Written as most bytes of most names are: as itself. */
static bool is_plain(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
}

/* Letters folded; behind a backslash or in decimals what ldns writes so. */
static char *put_byte(char *to, uint8_t byte)
{
	if (byte <= ' ' || byte > '~') {
		*to++ = '\\';
		*to++ = (char)('0' + byte / 100);
		*to++ = (char)('0' + byte / 10 % 10);
		*to++ = (char)('0' + byte % 10);
		return to;
	}
	if (byte == '.' || byte == ';' || byte == '(' || byte == ')' || byte == '\\')
		*to++ = '\\';
	*to++ = (char)fold(byte);
	return to;
}

size_t dns_wire_to_text(struct span message, size_t at, char text[DNS_NAME_TEXT_BYTES], size_t *end)
{
	struct name_walk walk = walk_from(message, at);
	struct span label;
	char *to = text;

	while (next_label(&walk, &label)) {
		if (to > text)
			*to++ = '.';
		for (size_t i = 0; i < label.len; i++)
			if (is_plain(label.data[i]))
				*to++ = (char)label.data[i];
			else
				to = put_byte(to, label.data[i]);
	}
	*end = walk.end;
	if (walk.cursor.failed)
		return 0;
	if (to == text)
		*to++ = '.';
	return (size_t)(to - text);
}
