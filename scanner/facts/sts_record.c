/*
 * Reads the MTA-STS TXT record by the ABNF of RFC 8461 3.1, and again as deployed senders do.
 * Called by the judge and by whoever must know if a policy is worth fetching. Points into the TXT
 * strings; never allocates.
 *
 * The lenient reading is what postfix-mta-sts-resolver does with a record (it must begin v=STSv1;
 * split at ";", strip, split at "=", look for v and id), bounded by MEASURES 12: the id must still
 * be one of 1 to 32 letters and digits.
 */
#include "facts/sts_record.h"

#include "facts/txt_record.h"

/* sts-id = %s"id=" 1*32(ALPHA / DIGIT) */
enum { ID_MAX_BYTES = 32 };

static const struct txt_kind kind = {.version = "v=STSv1", .attempt_word = "sts"};

static bool is_id_byte(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z');
}

static bool is_id(struct span value)
{
	struct cursor cursor = cursor_over(value);

	(void)cursor_while(&cursor, is_id_byte);
	return value.len >= 1 && value.len <= ID_MAX_BYTES && cursor_at_end(&cursor);
}

/* Errors stand in the table in the order in which one is told where several hold. */
static void note_error(struct sts_record *record, enum sts_record_error error, struct span field)
{
	if (!span_is_ascii(field))
		error = STS_RECORD_ERROR_NOT_ASCII;
	if (record->error == STS_RECORD_ERROR_NULL || error < record->error)
		record->error = error;
}

/* A field named id is never an extension, though the ABNF of extensions would take most of them. */
static void read_strict(struct sts_record *record, struct span text)
{
	struct cursor cursor = txt_fields(text, &kind);
	struct txt_field field;
	size_t ids = 0;

	if (cursor.failed)
		note_error(record, STS_RECORD_ERROR_BAD_SYNTAX, text);
	while (txt_field_next(&cursor, &field)) {
		if (txt_field_is(&field, "id")) {
			if (ids++ > 0)
				continue; /* RFC 8461 3.2: all but the first are ignored */
			if (span_equal(field.name, span_text("id")) && is_id(field.value))
				record->id = field.value;
			else
				note_error(record, STS_RECORD_ERROR_BAD_ID, field.text);
		} else if (field.text.len == 0) {
			note_error(record, STS_RECORD_ERROR_BAD_SYNTAX, field.text);
		} else if (!txt_field_is_extension(&field)) {
			note_error(record, STS_RECORD_ERROR_BAD_EXTENSION, field.text);
		}
	}
	if (ids == 0 && !cursor.failed)
		note_error(record, STS_RECORD_ERROR_MISSING_ID, span_text(""));
	record->duplicate_id = ids > 1;
}

static struct span read_lenient(struct span text)
{
	struct cursor cursor = txt_fields(text, &kind);
	struct txt_field field;

	while (txt_field_next(&cursor, &field)) {
		struct span value = span_trim(field.value);

		if (txt_field_is(&field, "id") && is_id(value))
			return value;
	}
	return (struct span){0};
}

struct sts_record sts_record_read(struct span_list txt)
{
	struct txt_choice choice = txt_record_choose(txt, &kind);
	struct sts_record record = {.present = choice.present};
	struct span lenient_id;

	if (!choice.present)
		return record;
	if (choice.multiple)
		record.error = STS_RECORD_ERROR_MULTIPLE;
	else if (span_is_null(choice.strict))
		record.error = STS_RECORD_ERROR_BAD_VERSION;
	else
		read_strict(&record, choice.strict);
	lenient_id = span_is_null(choice.lenient) ? (struct span){0} : read_lenient(choice.lenient);
	record.strict = record.error == STS_RECORD_ERROR_NULL ? VALIDITY_VALID : VALIDITY_INVALID;
	record.lenient = span_is_null(lenient_id) ? VALIDITY_INVALID : VALIDITY_VALID;
	if (record.strict != VALIDITY_VALID)
		record.id = lenient_id;
	return record;
}
