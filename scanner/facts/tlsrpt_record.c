/*
 * Reads the TLS-RPT TXT record by the ABNF of RFC 8460 3, and again leniently (MEASURES 5 and 12).
 * Called by the judge; reports are never sent by anyone here.
 *
 * Senders differ in what they forgive: some ignore destinations that they cannot use, some keep a
 * raw "!" or skip an empty place in the list. The lenient reading takes any printable mailto: or
 * https: URI that it finds.
 */
#include "facts/tlsrpt_record.h"

#include "facts/txt_record.h"
#include "facts/uri.h"

static const struct txt_kind kind = {.version = "v=TLSRPTv1", .attempt_word = "tlsrpt"};

static bool is_no_comma(uint8_t byte)
{
	return byte != ',';
}

static bool is_wsp(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static bool is_printable(uint8_t byte)
{
	return byte >= 0x21 && byte <= 0x7e;
}

/* "Two URI schemes are supported: mailto and https" (RFC 8460 3). */
static bool has_usable_scheme(struct span uri)
{
	return uri_has_scheme(uri, "mailto") || uri_has_scheme(uri, "https");
}

/* RFC 3986, and "!" encoded besides; "," and ";" have ended the URI already. */
static bool is_strict_uri(struct span uri)
{
	return uri_is_valid(uri) && span_find(uri, '!') == uri.len;
}

static bool is_lenient_uri(struct span uri)
{
	struct cursor cursor = cursor_over(uri);

	(void)cursor_while(&cursor, is_printable);
	return has_usable_scheme(uri) && cursor_at_end(&cursor);
}

static void note_error(struct tlsrpt_record *record, enum tlsrpt_record_error error,
		       struct span field)
{
	if (!span_is_ascii(field))
		error = TLSRPT_RECORD_ERROR_NOT_ASCII;
	if (record->error == TLSRPT_RECORD_ERROR_NULL || error < record->error)
		record->error = error;
}

static struct span trim_end(struct span span)
{
	struct span trimmed = span_trim(span);

	return trimmed.len == 0
		       ? span_first(span, 0)
		       : span_first(span, (size_t)(trimmed.data - span.data) + trimmed.len);
}

/* *WSP "," *WSP tlsrpt-uri: no white space before the first URI or after the last one. */
static struct span next_uri(struct cursor *value, bool *more)
{
	struct span uri = cursor_while(value, is_no_comma);

	*more = cursor_accept(value, ',');
	if (!*more)
		return uri;
	(void)cursor_while(value, is_wsp);
	return trim_end(uri);
}

/* One rua field; true if it has a destination of a scheme that senders use. */
static bool read_strict_rua(struct arena *arena, struct tlsrpt_record *record,
			    const struct txt_field *field)
{
	struct cursor value = cursor_over(field->value);
	bool usable = false, more = true;

	if (!span_equal(field->name, span_text("rua"))) {
		note_error(record, TLSRPT_RECORD_ERROR_BAD_RUA, field->text);
		return false;
	}
	while (more) {
		struct span uri = next_uri(&value, &more);

		if (!is_strict_uri(uri))
			note_error(record, TLSRPT_RECORD_ERROR_BAD_RUA, field->text);
		else if (!has_usable_scheme(uri))
			record->other_scheme = true;
		usable = usable || has_usable_scheme(uri);
		(void)arena_append(arena, &record->rua, uri);
	}
	return usable;
}

/*
 * A field named rua is never an extension, though the ABNF of extensions would take some of them.
 */
static void read_strict(struct arena *arena, struct tlsrpt_record *record, struct span text)
{
	struct cursor cursor = txt_fields(text, &kind);
	struct txt_field field;
	size_t ruas = 0;
	bool usable = false;

	if (cursor.failed)
		note_error(record, TLSRPT_RECORD_ERROR_BAD_SYNTAX, text);
	while (txt_field_next(&cursor, &field)) {
		if (txt_field_is(&field, "rua")) {
			ruas++;
			usable = read_strict_rua(arena, record, &field) || usable;
		} else if (field.text.len == 0) {
			note_error(record, TLSRPT_RECORD_ERROR_BAD_SYNTAX, field.text);
		} else if (!txt_field_is_extension(&field)) {
			note_error(record, TLSRPT_RECORD_ERROR_BAD_EXTENSION, field.text);
		}
	}
	if (ruas == 0 && !cursor.failed)
		note_error(record, TLSRPT_RECORD_ERROR_MISSING_RUA, span_text(""));
	else if (record->other_scheme && !usable)
		note_error(record, TLSRPT_RECORD_ERROR_BAD_SCHEME, span_text(""));
	record->duplicate_rua = ruas > 1;
}

/*
 * True if a destination that a sender can use was found, even where the arena had no room to list
 * it.
 */
static bool read_lenient(struct arena *arena, struct span text, struct span_list *uris)
{
	struct cursor cursor = txt_fields(text, &kind);
	struct txt_field field;
	bool usable = false;

	while (txt_field_next(&cursor, &field)) {
		struct cursor value = cursor_over(field.value);
		bool more = txt_field_is(&field, "rua");

		while (more) {
			struct span uri = span_trim(next_uri(&value, &more));

			if (!is_lenient_uri(uri))
				continue;
			usable = true;
			(void)arena_append(arena, uris, uri);
		}
	}
	return usable;
}

struct tlsrpt_record tlsrpt_record_read(struct arena *arena, struct span_list txt)
{
	struct txt_choice choice = txt_record_choose(txt, &kind);
	struct tlsrpt_record record = {.present = choice.present};
	struct span_list uris = {0};
	bool usable = false;

	if (!choice.present)
		return record;
	if (choice.multiple)
		record.error = TLSRPT_RECORD_ERROR_MULTIPLE;
	else if (span_is_null(choice.strict))
		record.error = TLSRPT_RECORD_ERROR_BAD_VERSION;
	else
		read_strict(arena, &record, choice.strict);
	if (!span_is_null(choice.lenient))
		usable = read_lenient(arena, choice.lenient, &uris);
	record.strict =
		record.error == TLSRPT_RECORD_ERROR_NULL ? VALIDITY_VALID : VALIDITY_INVALID;
	record.lenient = usable ? VALIDITY_VALID : VALIDITY_INVALID;
	if (record.strict != VALIDITY_VALID)
		record.rua = uris;
	return record;
}
