/*
 * Domain names as text, with the escapes of RFC 1035 5.1 where a label holds odd bytes: a dot
 * behind a backslash separates nothing. Called by the list reader, the steps and the judge; never
 * asks a resolver and opens no file.
 */
#include "facts/name.h"

#include <idn2.h>

#include "base/cursor.h"
#include "facts/address.h"

/* A name of 253 bytes has at most so many in UTF-8, four for each. */
enum { INPUT_MAX_BYTES = 4 * NAME_MAX_BYTES };

static uint8_t fold(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static bool is_host_byte(uint8_t byte)
{
	byte = fold(byte);
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
}

/* Names of _dmarc's kind stand in real lists, and some real mail domains have an underscore. */
static bool is_target_byte(uint8_t byte)
{
	return is_host_byte(byte) || byte == '_';
}

/* The length of the first label, its escapes as written: where the separator stands, or all there
 * is. */
static size_t first_label_bytes(struct span name)
{
	size_t at = 0;

	while (at < name.len && name.data[at] != '.')
		at += name.data[at] == '\\' ? 2 : 1;
	return at < name.len ? at : name.len;
}

/* Is the dot at `at` a separator, and not the second half of an escape? */
static bool is_separator(struct span name, size_t at)
{
	size_t backslashes = 0;

	while (backslashes < at && name.data[at - 1 - backslashes] == '\\')
		backslashes++;
	return name.data[at] == '.' && backslashes % 2 == 0;
}

static struct span drop_trailing_dot(struct span name)
{
	if (name.len > 1 && is_separator(name, name.len - 1))
		name.len--;
	return name;
}

static enum name_fault check_label(struct cursor *cursor, bool (*is_allowed)(uint8_t byte))
{
	struct span label = cursor_while(cursor, is_allowed);

	if (!cursor_at_end(cursor) && cursor_peek(cursor) != '.')
		return NAME_FAULT_BAD_CHARACTER;
	if (label.len == 0)
		return NAME_FAULT_LABEL_EMPTY;
	if (label.len > LABEL_MAX_BYTES)
		return NAME_FAULT_LABEL_TOO_LONG;
	if (label.data[0] == '-' || label.data[label.len - 1] == '-')
		return NAME_FAULT_BAD_HYPHEN;
	return NAME_FAULT_NULL;
}

static enum name_fault check(struct span name, bool (*is_allowed)(uint8_t byte))
{
	struct cursor cursor = cursor_over(name);

	if (name.len == 0)
		return NAME_FAULT_EMPTY;
	if (name_is_address(name))
		return NAME_FAULT_ADDRESS;
	if (name.len > NAME_MAX_BYTES)
		return NAME_FAULT_TOO_LONG;
	do {
		enum name_fault fault = check_label(&cursor, is_allowed);

		if (fault != NAME_FAULT_NULL)
			return fault;
	} while (cursor_accept(&cursor, '.'));
	return NAME_FAULT_NULL;
}

/* No STD3 flag: it would refuse underscores, and what else it refuses is refused by `check`. */
static enum name_fault to_a_labels(struct arena *arena, struct span input, struct span *name)
{
	char text[INPUT_MAX_BYTES + 1];
	char *converted = NULL;

	if (!span_is_utf8(input) || span_find(input, '\0') < input.len)
		return NAME_FAULT_BAD_CHARACTER;
	memcpy(text, input.data, input.len);
	text[input.len] = '\0';
	int result = idn2_to_ascii_8z(text, &converted, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);

	if (result == IDN2_TOO_BIG_LABEL)
		return NAME_FAULT_LABEL_TOO_LONG;
	if (result == IDN2_TOO_BIG_DOMAIN)
		return NAME_FAULT_TOO_LONG;
	if (result != IDN2_OK)
		return NAME_FAULT_BAD_IDNA;
	*name = name_fold(arena, span_text(converted));
	idn2_free(converted);
	return NAME_FAULT_NULL;
}

enum name_fault name_from_input(struct arena *arena, struct span input, struct span *name)
{
	*name = (struct span){0};
	input = span_trim(input);
	if (input.len == 0 || span_equal(input, span_text(".")))
		return NAME_FAULT_EMPTY;
	if (input.len > INPUT_MAX_BYTES)
		return NAME_FAULT_TOO_LONG;
	struct span folded = {0};
	enum name_fault fault = NAME_FAULT_NULL;

	if (span_is_ascii(input))
		folded = name_fold(arena, input);
	else
		fault = to_a_labels(arena, input, &folded);
	if (fault == NAME_FAULT_NULL)
		fault = check(folded, is_target_byte);
	if (fault == NAME_FAULT_NULL && name_labels(folded) < 2)
		fault = NAME_FAULT_SINGLE_LABEL;
	if (fault == NAME_FAULT_NULL)
		*name = folded;
	return fault;
}

enum name_fault name_check_host(struct span name)
{
	return check(name, is_host_byte);
}

bool name_is_address(struct span name)
{
	return address_from_text(name).family != ADDRESS_NONE;
}

struct span name_fold(struct arena *arena, struct span name)
{
	name = drop_trailing_dot(name);
	if (span_is_null(name))
		return name;
	uint8_t *folded = arena_alloc(arena, name.len + 1);

	if (folded == NULL)
		return (struct span){0};
	for (size_t i = 0; i < name.len; i++)
		folded[i] = fold(name.data[i]);
	return span_of(folded, name.len);
}

bool name_is_within(struct span a, struct span b)
{
	if (b.len == 0 || !span_ends_with_nocase(a, b))
		return false;
	return a.len == b.len || is_separator(a, a.len - b.len - 1);
}

size_t name_labels(struct span name)
{
	size_t count = 0;

	while (name.len > 0) {
		name = span_skip(name, first_label_bytes(name) + 1);
		count++;
	}
	return count;
}

struct span name_parent(struct span name)
{
	return span_skip(name, first_label_bytes(name) + 1);
}

/* libpsl wants a lower-case C string and answers with a place in it, which is the same place in
 * `name`. */
static struct span psl_part(const psl_ctx_t *psl, struct span name,
			    const char *(*part_of)(const psl_ctx_t *psl, const char *name))
{
	char text[NAME_MAX_BYTES + 1];

	if (psl == NULL || name.len == 0 || name.len > NAME_MAX_BYTES ||
	    span_find(name, '\0') < name.len)
		return (struct span){0};
	for (size_t i = 0; i < name.len; i++)
		text[i] = (char)fold(name.data[i]);
	text[name.len] = '\0';
	const char *part = part_of(psl, text);

	return part == NULL || *part == '\0' ? (struct span){0}
					     : span_skip(name, (size_t)(part - text));
}

struct span name_registrable(const psl_ctx_t *psl, struct span name)
{
	return psl_part(psl, name, psl_registrable_domain);
}

struct span name_public_suffix(const psl_ctx_t *psl, struct span name)
{
	return psl_part(psl, name, psl_unregistrable_domain);
}
