/*
 * Reads an MTA-STS policy body line by line, by the ABNF of RFC 8461 3.2, keeping apart what is an
 * error in both readings and what only the strict one minds. Called by the judge; where the body
 * came from it does not know.
 *
 * The lenient reading forgives a byte order mark, blank lines, white space before a field, an
 * over-long max_age (which it clamps) and bad mx among good ones. So reads mailauth (it trims names
 * and values, a byte order mark with them, and keeps whatever mx is left), and
 * postfix-mta-sts-resolver forgives blank lines; clamping is MEASURES 12.
 */
#include "facts/policy.h"

#include "base/cursor.h"
#include "facts/mx_pattern.h"
#include "facts/name.h"

/* "maximum value of 31557600" seconds (RFC 8461 3.2); the ABNF alone would take ten digits. */
enum { MAX_AGE_LIMIT_S = 31557600, MAX_AGE_DIGITS_MAX = 10, DAY_S = 86400 };
enum { EXTENSION_NAME_MAX_BYTES = 32 };

static const char byte_order_mark[] = "\xef\xbb\xbf";

enum field_name { FIELD_VERSION, FIELD_MODE, FIELD_MAX_AGE, FIELD_MX, FIELD_NAMES_COUNT };

static const char *const field_names[FIELD_NAMES_COUNT] = {
	[FIELD_VERSION] = "version",
	[FIELD_MODE] = "mode",
	[FIELD_MAX_AGE] = "max_age",
	[FIELD_MX] = "mx",
};

struct reading {
	struct arena *arena;
	struct policy *policy;
	unsigned seen[FIELD_NAMES_COUNT]; /* how often each field was met */
	bool known;                       /* some line names a known field, however badly */
	bool fatal;                       /* an error that the lenient reading minds too */
	size_t good_mx;
	size_t fields;
	size_t lines_crlf;
	size_t lines_lf;
};

static bool is_wsp(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_alphanumeric(uint8_t byte)
{
	return is_digit(byte) || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static bool is_name_byte(uint8_t byte)
{
	return is_alphanumeric(byte) || byte == '_' || byte == '-' || byte == '.';
}

/*
 * sts-policy-vchar and the space; that bytes over 0x7f are UTF-8 has been checked for the body as a
 * whole.
 */
static bool is_value_byte(uint8_t byte)
{
	return byte >= 0x20 && byte != 0x7f;
}

static bool is_no_colon(uint8_t byte)
{
	return byte != ':';
}

void policy_add_note(struct policy *policy, enum policy_note note)
{
	for (size_t i = 0; i < policy->notes_count; i++)
		if (policy->notes[i] == note)
			return;
	if (policy->notes_count < ARRAY_LENGTH(policy->notes))
		policy->notes[policy->notes_count++] = note;
}

/* Errors stand in the table in the order in which one is told where several hold. */
static void strict_error(struct reading *reading, enum policy_syntax_error error)
{
	if (reading->policy->error == POLICY_SYNTAX_ERROR_NULL || error < reading->policy->error)
		reading->policy->error = error;
}

static void fatal_error(struct reading *reading, enum policy_syntax_error error)
{
	strict_error(reading, error);
	reading->fatal = true;
}

/*
 * A Unix or Windows editor's UTF-16, with its mark or without, shows as NUL beside the first
 * letter.
 */
static bool is_utf16(struct span body)
{
	return body.len >= 2 && (body.data[0] == 0) != (body.data[1] == 0);
}

/* HTML, XML, JSON and RTF open so; no field does. */
static bool is_other_document(struct span body)
{
	struct cursor cursor = cursor_over(body);

	for (;;) {
		int next = cursor_peek(&cursor);

		if (next != ' ' && next != '\t' && next != '\r' && next != '\n')
			return next == '<' || next == '{';
		(void)cursor_u8(&cursor);
	}
}

static void read_version(struct reading *reading, struct span value)
{
	if (!span_equal(value, span_text("STSv1")))
		fatal_error(reading, POLICY_SYNTAX_ERROR_BAD_VERSION);
	if (reading->fields > 1)
		policy_add_note(reading->policy, POLICY_NOTE_VERSION_NOT_FIRST);
}

static void read_mode(struct reading *reading, struct span value)
{
	if (span_equal(value, span_text("enforce")))
		reading->policy->mode = POLICY_MODE_ENFORCE;
	else if (span_equal(value, span_text("testing")))
		reading->policy->mode = POLICY_MODE_TESTING;
	else if (span_equal(value, span_text("none")))
		reading->policy->mode = POLICY_MODE_NONE;
	else
		fatal_error(reading, POLICY_SYNTAX_ERROR_BAD_MODE);
}

static void read_max_age(struct reading *reading, struct span value)
{
	struct cursor cursor = cursor_over(value);
	struct policy *policy = reading->policy;
	int64_t seconds = 0;

	if (value.len < 1 || value.len > MAX_AGE_DIGITS_MAX) {
		fatal_error(reading, POLICY_SYNTAX_ERROR_BAD_MAX_AGE);
		return;
	}
	while (!cursor_at_end(&cursor)) {
		uint8_t digit = cursor_u8(&cursor);

		if (!is_digit(digit)) {
			fatal_error(reading, POLICY_SYNTAX_ERROR_BAD_MAX_AGE);
			return;
		}
		seconds = seconds * 10 + (digit - '0');
	}
	if (seconds > MAX_AGE_LIMIT_S) {
		strict_error(reading, POLICY_SYNTAX_ERROR_MAX_AGE_OVER_LIMIT);
		policy_add_note(policy, POLICY_NOTE_MAX_AGE_OVER_LIMIT);
		seconds = MAX_AGE_LIMIT_S;
	}
	if (seconds < DAY_S)
		policy_add_note(policy, POLICY_NOTE_MAX_AGE_SHORT);
	policy->max_age_s = seconds;
}

static void read_mx(struct reading *reading, struct span value)
{
	struct policy *policy = reading->policy;
	enum policy_mx_fault fault = mx_pattern_fault(value);

	if (fault != POLICY_MX_FAULT_NULL) {
		strict_error(reading, POLICY_SYNTAX_ERROR_BAD_MX);
		if (policy->mx_fault == POLICY_MX_FAULT_NULL) {
			policy->mx_fault = fault;
			policy->mx_fault_value = value;
		}
		return;
	}
	reading->good_mx++;
	(void)arena_append(reading->arena, &policy->mx, name_fold(reading->arena, value));
}

static void read_extension(struct reading *reading, struct span name, struct span value)
{
	struct cursor names = cursor_over(name);
	struct cursor values = cursor_over(value);
	bool begins_well = name.len > 0 && is_alphanumeric(name.data[0]);

	(void)cursor_while(&names, is_name_byte);
	(void)cursor_while(&values, is_value_byte);
	if (!begins_well || name.len > EXTENSION_NAME_MAX_BYTES || value.len == 0 ||
	    !cursor_at_end(&names) || !cursor_at_end(&values))
		fatal_error(reading, POLICY_SYNTAX_ERROR_BAD_LINE);
	else
		policy_add_note(reading->policy, POLICY_NOTE_UNKNOWN_FIELD);
}

static enum field_name known_field(struct span name, bool (*equal)(struct span a, struct span b))
{
	enum field_name field = 0;

	while (field < FIELD_NAMES_COUNT && !equal(name, span_text(field_names[field])))
		field++;
	return field;
}

/*
 * A line named version, mode, max_age or mx is never an extension; of duplicates the first counts
 * (RFC 8461 3.2).
 */
static void read_field(struct reading *reading, struct span name, struct span value)
{
	enum field_name field = known_field(name, span_equal);
	bool repeated = field < FIELD_NAMES_COUNT && reading->seen[field]++ > 0;

	reading->fields++;
	if (repeated && field != FIELD_MX) {
		policy_add_note(reading->policy, POLICY_NOTE_DUPLICATE_FIELD);
		return;
	}
	switch (field) {
	case FIELD_VERSION:
		read_version(reading, value);
		break;
	case FIELD_MODE:
		read_mode(reading, value);
		break;
	case FIELD_MAX_AGE:
		read_max_age(reading, value);
		break;
	case FIELD_MX:
		read_mx(reading, value);
		break;
	case FIELD_NAMES_COUNT:
		read_extension(reading, name, value);
		break;
	}
}

static void read_line(struct reading *reading, struct span line)
{
	struct cursor cursor = cursor_over(line);
	struct span indent = cursor_while(&cursor, is_wsp);
	struct span name, value;

	if (indent.len > 0 || cursor_at_end(&cursor))
		strict_error(reading, POLICY_SYNTAX_ERROR_BAD_LINE);
	if (cursor_at_end(&cursor))
		return;
	name = cursor_while(&cursor, is_no_colon);
	if (known_field(span_trim(name), span_equal_nocase) < FIELD_NAMES_COUNT &&
	    !cursor_at_end(&cursor))
		reading->known = true;
	if (!cursor_accept(&cursor, ':') || span_find(line, '\r') < line.len) {
		fatal_error(reading, POLICY_SYNTAX_ERROR_BAD_LINE);
		return;
	}
	value = cursor_rest(&cursor);
	if (value.len > 0 && is_wsp(value.data[value.len - 1]) && span_trim(value).len > 0)
		policy_add_note(reading->policy, POLICY_NOTE_TRAILING_SPACE);
	read_field(reading, name, span_trim(value));
}

static void read_lines(struct reading *reading, struct span body)
{
	struct cursor cursor = cursor_over(body);

	while (!cursor_at_end(&cursor)) {
		size_t begin = cursor.at;
		struct span line = cursor_line(&cursor);
		size_t terminator_bytes = cursor.at - begin - line.len;

		reading->lines_lf += terminator_bytes == strlen("\n");
		reading->lines_crlf += terminator_bytes == strlen("\r\n");
		read_line(reading, line);
	}
	if (reading->lines_lf > 0 && reading->lines_crlf == 0)
		policy_add_note(reading->policy, POLICY_NOTE_LF_ONLY);
}

static void check_required(struct reading *reading)
{
	static const enum policy_syntax_error missing[] = {
		[FIELD_VERSION] = POLICY_SYNTAX_ERROR_MISSING_VERSION,
		[FIELD_MODE] = POLICY_SYNTAX_ERROR_MISSING_MODE,
		[FIELD_MAX_AGE] = POLICY_SYNTAX_ERROR_MISSING_MAX_AGE,
	};
	bool needs_mx = reading->policy->mode != POLICY_MODE_NONE;

	for (size_t i = 0; i < ARRAY_LENGTH(missing); i++)
		if (reading->seen[i] == 0)
			fatal_error(reading, missing[i]);
	if (needs_mx && reading->seen[FIELD_MX] == 0)
		strict_error(reading, POLICY_SYNTAX_ERROR_MISSING_MX);
	if (needs_mx && reading->good_mx == 0)
		reading->fatal = true;
	if (!reading->known)
		fatal_error(reading, POLICY_SYNTAX_ERROR_NOT_A_POLICY);
}

static void read_body(struct reading *reading, struct span body)
{
	if (body.len == 0) {
		fatal_error(reading, POLICY_SYNTAX_ERROR_EMPTY);
		return;
	}
	if (!span_is_utf8(body) || is_utf16(body)) {
		fatal_error(reading, POLICY_SYNTAX_ERROR_NOT_UTF8);
		return;
	}
	if (span_starts_with(body, span_text(byte_order_mark))) {
		strict_error(reading, POLICY_SYNTAX_ERROR_BOM);
		policy_add_note(reading->policy, POLICY_NOTE_BOM);
		body = span_skip(body, strlen(byte_order_mark));
	}
	if (is_other_document(body)) {
		fatal_error(reading, POLICY_SYNTAX_ERROR_NOT_A_POLICY);
		return;
	}
	read_lines(reading, body);
	check_required(reading);
}

struct policy policy_read(struct arena *arena, struct span body)
{
	struct policy policy = {.max_age_s = -1};
	struct reading reading = {.arena = arena, .policy = &policy};

	read_body(&reading, body);
	policy.strict =
		policy.error == POLICY_SYNTAX_ERROR_NULL ? VALIDITY_VALID : VALIDITY_INVALID;
	policy.lenient = reading.fatal ? VALIDITY_INVALID : VALIDITY_VALID;
	return policy;
}
