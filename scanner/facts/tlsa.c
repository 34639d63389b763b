/*
 * TLSA records between values and text, and which of them a mail sender can use. Called by the DANE
 * steps, the judge and the readers of evidence; never compares a record with a certificate.
 */
#include "facts/tlsa.h"

#include <openssl/sha.h>

#include "base/cursor.h"

enum {
	MATCHING_FULL = 0,
	MATCHING_SHA256 = 1,
	MATCHING_SHA512 = 2,
	SELECTOR_SPKI = 1,
	HEADER_BYTES = 3, /* usage, selector, matching type */
};

bool tlsa_is_usable(const struct dns_tlsa *record)
{
	/* PKIX-TA(0) and PKIX-EE(1) are unusable with SMTP, RFC 7672 3.1.3. */
	if (record->usage != TLSA_USAGE_DANE_TA && record->usage != TLSA_USAGE_DANE_EE)
		return false;
	if (record->selector > SELECTOR_SPKI)
		return false;
	if (record->matching_type == MATCHING_FULL)
		return record->data.len > 0;
	if (record->matching_type == MATCHING_SHA256)
		return record->data.len == SHA256_DIGEST_LENGTH;
	return record->matching_type == MATCHING_SHA512 && record->data.len == SHA512_DIGEST_LENGTH;
}

static char *put_hex(char *to, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 0xf];
	}
	return to;
}

/*
 * A record without data has no text of its own (RFC 6698 2.2 asks for hex); the generic one of RFC
 * 3597 5 can say it.
 */
struct span tlsa_to_text(struct arena *arena, const struct dns_tlsa *record)
{
	const uint8_t head[HEADER_BYTES] = {record->usage, record->selector, record->matching_type};
	struct span text = record->data.len == 0
				   ? arena_printf(arena, "\\# %d ", HEADER_BYTES)
				   : arena_printf(arena, "%u %u %u ", head[0], head[1], head[2]);
	struct span hex = record->data.len == 0 ? span_of(head, HEADER_BYTES) : record->data;

	if (span_is_null(text))
		return text;
	char *whole = arena_alloc(arena, text.len + 2 * hex.len + 1);

	if (whole == NULL)
		return (struct span){0};
	memcpy(whole, text.data, text.len);
	char *end = put_hex(whole + text.len, hex.data, hex.len);

	return span_of(whole, (size_t)(end - whole));
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

/* A decimal number up to `most`, and the white space behind it; -1 if there is none. */
static int read_number(struct cursor *cursor, int most)
{
	struct span digits = cursor_while(cursor, is_digit);
	int value = 0;

	for (size_t i = 0; i < digits.len && value <= most; i++)
		value = value * 10 + digits.data[i] - '0';
	if (digits.len == 0 || value > most)
		return -1;
	return cursor_while(cursor, is_space).len == 0 && !cursor_at_end(cursor) ? -1 : value;
}

static int hex_value(uint8_t byte)
{
	if (is_digit(byte))
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* Pairs of hex digits, with white space anywhere; no value if malformed or over the arena's cap. */
static struct span read_hex(struct arena *arena, struct span text)
{
	uint8_t *bytes = arena_alloc(arena, text.len / 2 + 1);
	size_t digits = 0;

	if (bytes == NULL)
		return (struct span){0};
	for (size_t i = 0; i < text.len; i++) {
		int value = hex_value(text.data[i]);

		if (is_space(text.data[i]))
			continue;
		if (value < 0)
			return (struct span){0};
		bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | value);
		digits++;
	}
	return digits % 2 == 0 ? span_of(bytes, digits / 2) : (struct span){0};
}

/* RFC 3597 5: the length, then all of the RDATA. */
static bool read_generic(struct arena *arena, struct cursor *cursor, struct dns_tlsa *record)
{
	int len = read_number(cursor, UINT16_MAX);
	struct span rdata = read_hex(arena, cursor_rest(cursor));

	if (len < HEADER_BYTES || span_is_null(rdata) || rdata.len != (size_t)len)
		return false;
	*record = (struct dns_tlsa){.usage = rdata.data[0],
				    .selector = rdata.data[1],
				    .matching_type = rdata.data[2],
				    .data = span_skip(rdata, HEADER_BYTES)};
	return true;
}

bool tlsa_from_text(struct arena *arena, struct span text, struct dns_tlsa *record)
{
	struct cursor cursor = cursor_over(span_trim(text));

	*record = (struct dns_tlsa){0};
	if (cursor_accept(&cursor, '\\'))
		return cursor_accept(&cursor, '#') && cursor_while(&cursor, is_space).len > 0 &&
		       read_generic(arena, &cursor, record);
	int usage = read_number(&cursor, UINT8_MAX);
	int selector = read_number(&cursor, UINT8_MAX);
	int matching_type = read_number(&cursor, UINT8_MAX);
	struct span data = read_hex(arena, cursor_rest(&cursor));

	if (usage < 0 || selector < 0 || matching_type < 0 || data.len == 0)
		return false;
	*record = (struct dns_tlsa){.usage = (uint8_t)usage,
				    .selector = (uint8_t)selector,
				    .matching_type = (uint8_t)matching_type,
				    .data = data};
	return true;
}
