/*
 * Checks mx patterns of a policy. Called by policy.c; whether a pattern matches a host is the
 * judge's business.
 */
#include "facts/mx_pattern.h"

#include "base/cursor.h"
#include "facts/name.h"

static bool is_separator(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == ',' || byte == ';';
}

static bool is_no_separator(uint8_t byte)
{
	return !is_separator(byte);
}

static bool contains(struct span value, uint8_t byte)
{
	return span_find(value, byte) < value.len;
}

static struct span without_wildcard(struct span value)
{
	return span_starts_with(value, span_text("*.")) ? span_skip(value, strlen("*.")) : value;
}

static struct span without_final_dot(struct span value)
{
	return value.len > 0 && value.data[value.len - 1] == '.' ? span_first(value, value.len - 1)
								 : value;
}

/*
 * The syntax asks for no more than labels of letters, digits and inner hyphens: one label is
 * enough, and an A-label that decodes to nothing sensible is one all the same. RFC 5321 tells
 * addresses apart by their brackets, so a dotted quad fits its Domain; but no name of a host looks
 * so (RFC 1123 2.1), and no DNS-ID can match it.
 */
static bool is_pattern(struct span value)
{
	enum name_fault fault = name_check_host(without_wildcard(value));

	return fault == NAME_FAULT_NULL || fault == NAME_FAULT_SINGLE_LABEL ||
	       fault == NAME_FAULT_BAD_IDNA;
}

static bool is_address(struct span value)
{
	value = without_wildcard(value);
	if (value.len >= 2 && value.data[0] == '[' && value.data[value.len - 1] == ']')
		value = span_first(span_skip(value, 1), value.len - 2);
	if (span_starts_with_nocase(value, span_text("IPv6:")))
		value = span_skip(value, strlen("IPv6:"));
	return name_is_address(value);
}

/* At least two names, and nothing else, between separators. */
static bool is_several(struct span value)
{
	struct cursor cursor = cursor_over(value);
	size_t names = 0;

	while (!cursor_at_end(&cursor)) {
		struct span part = cursor_while(&cursor, is_no_separator);

		if (part.len > 0 && !is_pattern(without_final_dot(part)))
			return false;
		names += part.len > 0;
		(void)cursor_while(&cursor, is_separator);
	}
	return names > 1;
}

/* From the most telling mark to the least: a value may bear several. */
enum policy_mx_fault mx_pattern_fault(struct span value)
{
	if (is_pattern(value))
		return POLICY_MX_FAULT_NULL;
	if (value.len == 0)
		return POLICY_MX_FAULT_EMPTY;
	if (contains(value, '@'))
		return POLICY_MX_FAULT_EMAIL_ADDRESS;
	if (contains(value, '/'))
		return POLICY_MX_FAULT_URL;
	if (is_address(value))
		return POLICY_MX_FAULT_IP_ADDRESS;
	if (!span_is_ascii(value))
		return POLICY_MX_FAULT_U_LABEL;
	if (is_several(value))
		return POLICY_MX_FAULT_SEVERAL_ON_ONE_LINE;
	if (is_pattern(without_final_dot(value)))
		return POLICY_MX_FAULT_TRAILING_DOT;
	if (contains(without_wildcard(value), '*'))
		return POLICY_MX_FAULT_INNER_WILDCARD;
	return POLICY_MX_FAULT_BAD_NAME;
}
