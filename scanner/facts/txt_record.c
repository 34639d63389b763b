/*
 * The common part of the two TXT records: choice, delimiters, extensions. Called by the parsers of
 * both records; never decides what a field means.
 */
#include "facts/txt_record.h"

enum { EXTENSION_NAME_MAX_BYTES = 32 };

static bool is_wsp(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static bool is_no_semicolon(uint8_t byte)
{
	return byte != ';';
}

static bool is_no_equals(uint8_t byte)
{
	return byte != '=';
}

static bool is_alphanumeric(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z');
}

static bool is_extension_name(uint8_t byte)
{
	return is_alphanumeric(byte) || byte == '_' || byte == '-' || byte == '.';
}

/* %x21-3A / %x3C / %x3E-7E */
static bool is_extension_value(uint8_t byte)
{
	return byte >= 0x21 && byte <= 0x7e && byte != ';' && byte != '=';
}

static bool accept_nocase(struct cursor *cursor, const char *word)
{
	struct span expected = span_text(word);

	if (!span_starts_with_nocase(cursor_rest(cursor), expected))
		return false;
	(void)cursor_bytes(cursor, expected.len);
	return true;
}

/* "v", "=" or "-", the word; any case, any spacing (MEASURES 3). */
static bool is_attempt_here(struct cursor cursor, const struct txt_kind *kind)
{
	if (!accept_nocase(&cursor, "v"))
		return false;
	(void)cursor_while(&cursor, is_wsp);
	if (!cursor_accept(&cursor, '=') && !cursor_accept(&cursor, '-'))
		return false;
	(void)cursor_while(&cursor, is_wsp);
	return accept_nocase(&cursor, kind->attempt_word);
}

/*
 * Anywhere at the start of a word: records in quotes, or behind a stray name, were meant as records
 * too.
 */
static bool is_attempt(struct span txt, const struct txt_kind *kind)
{
	struct cursor cursor = cursor_over(txt);
	bool inside_word = false;

	while (!cursor_at_end(&cursor)) {
		if (!inside_word && is_attempt_here(cursor, kind))
			return true;
		inside_word = is_alphanumeric(cursor_u8(&cursor));
	}
	return false;
}

/* The version, then nothing, white space or the delimiter: not v=STSv10. */
static bool begins_with_version(struct span txt, const struct txt_kind *kind)
{
	struct cursor cursor = cursor_over(txt);
	struct span version = span_text(kind->version);

	if (!span_equal(cursor_bytes(&cursor, version.len), version))
		return false;
	return cursor_at_end(&cursor) || cursor_peek(&cursor) == ';' ||
	       is_wsp((uint8_t)cursor_peek(&cursor));
}

/* The literal `v=STSv1;` by which senders tell one record among several TXT (RFC 8461 3.1). */
static bool passes_filter(struct span txt, const struct txt_kind *kind)
{
	struct span version = span_text(kind->version);

	return begins_with_version(txt, kind) && txt.len > version.len &&
	       txt.data[version.len] == ';';
}

/*
 * The version and, white space aside, its semicolon: what the lenient reading takes for a record
 * among several.
 */
static bool passes_lenient_filter(struct span txt, const struct txt_kind *kind)
{
	return begins_with_version(txt, kind) && !txt_fields(txt, kind).failed;
}

struct txt_choice txt_record_choose(struct span_list txt, const struct txt_kind *kind)
{
	struct txt_choice choice = {0};
	size_t strict = 0, lenient = 0;

	for (size_t i = 0; i < txt.count; i++) {
		if (passes_filter(txt.items[i], kind) && strict++ == 0)
			choice.strict = txt.items[i];
		if (passes_lenient_filter(txt.items[i], kind) && lenient++ == 0)
			choice.lenient = txt.items[i];
		choice.present = choice.present || is_attempt(txt.items[i], kind);
	}
	choice.multiple = strict > 1;
	if (strict > 1)
		choice.strict = choice.lenient = (struct span){0};
	else if (strict == 1)
		choice.lenient = choice.strict;
	else if (txt.count == 1 && begins_with_version(txt.items[0], kind))
		choice.strict = choice.lenient =
			txt.items[0]; /* one record is judged by the ABNF alone */
	else if (lenient != 1)
		choice.lenient = (struct span){0};
	return choice;
}

struct cursor txt_fields(struct span record, const struct txt_kind *kind)
{
	struct cursor cursor = cursor_over(record);

	(void)cursor_bytes(&cursor, strlen(kind->version));
	(void)cursor_while(&cursor, is_wsp);
	if (!cursor_at_end(&cursor) && !cursor_accept(&cursor, ';'))
		cursor.failed = true;
	return cursor;
}

bool txt_field_next(struct cursor *cursor, struct txt_field *field)
{
	struct cursor parts;
	bool last;

	(void)cursor_while(cursor, is_wsp);
	if (cursor_at_end(cursor))
		return false;
	field->text = cursor_while(cursor, is_no_semicolon);
	last = !cursor_accept(cursor, ';');
	if (!last)
		field->text = span_trim(field->text);
	parts = cursor_over(field->text);
	field->name = cursor_while(&parts, is_no_equals);
	field->value = cursor_accept(&parts, '=') ? cursor_rest(&parts) : (struct span){0};
	return true;
}

bool txt_field_is(const struct txt_field *field, const char *name)
{
	return span_equal(span_trim(field->name), span_text(name));
}

bool txt_field_is_extension(const struct txt_field *field)
{
	struct cursor name = cursor_over(field->name);
	struct cursor value = cursor_over(field->value);

	if (cursor_at_end(&name) || !is_alphanumeric((uint8_t)cursor_peek(&name)) ||
	    field->name.len > EXTENSION_NAME_MAX_BYTES || field->value.len == 0)
		return false;
	(void)cursor_while(&name, is_extension_name);
	(void)cursor_while(&value, is_extension_value);
	return cursor_at_end(&name) && cursor_at_end(&value);
}
