/*
 * The msgpack reader, driven by the schema: bytes that no record would hold are refused, what is
 * unknown is passed over. Called for every record of evidence that is read; allocates in the
 * caller's arena only, and there only for lists.
 */
#include "output/decode.h"

#include "output/member.h"
#include "output/timestamp.h"

enum {
	/* A record nests four deep; what is passed over may be of a later version. */
	DEPTH_MOST = 16,
	HASH_BYTES = 32,
};

enum value_kind {
	VALUE_NIL,
	VALUE_FLAG,
	VALUE_NUMBER, /* not negative, and no more than INT64_MAX */
	VALUE_TEXT,
	VALUE_BYTES,
	VALUE_LIST,
	VALUE_MAP,
	VALUE_OTHER, /* well-formed, but nothing that a record holds */
	VALUE_BAD,
};

/* The head of a value; of texts and bytes also the body, of others passed over too. */
struct value {
	enum value_kind kind;
	int64_t number; /* FLAG: 0 or 1 */
	size_t count;   /* LIST, MAP */
	struct span span;
};

/* What is read, and into what. */
struct reading {
	struct cursor *cursor;
	struct arena *arena;
};

static bool read_record(struct reading *reading, const struct schema *schema, size_t pairs,
			void *record);

static uint64_t read_u64(struct cursor *cursor)
{
	uint64_t high = cursor_u32(cursor);

	return high << 32 | cursor_u32(cursor);
}

static struct value value_number(uint64_t number)
{
	if (number > INT64_MAX)
		return (struct value){.kind = VALUE_OTHER};
	return (struct value){.kind = VALUE_NUMBER, .number = (int64_t)number};
}

/* A number that is negative where its sign bit is set. */
static struct value value_signed(uint64_t number, unsigned bits)
{
	if ((number >> (bits - 1) & 1) != 0)
		return (struct value){.kind = VALUE_OTHER};
	return value_number(number);
}

static struct value value_body(struct cursor *cursor, enum value_kind kind, size_t len)
{
	return (struct value){.kind = kind, .span = cursor_bytes(cursor, len)};
}

static struct value value_count(enum value_kind kind, size_t count)
{
	return (struct value){.kind = kind, .count = count};
}

/* The formats whose first byte says all: c0 to df of the msgpack specification. */
static struct value read_long(struct cursor *cursor, uint8_t first)
{
	switch (first) {
	case 0xc0:
		return (struct value){.kind = VALUE_NIL};
	case 0xc2:
	case 0xc3:
		return (struct value){.kind = VALUE_FLAG, .number = first & 1};
	case 0xc4:
		return value_body(cursor, VALUE_BYTES, cursor_u8(cursor));
	case 0xc5:
		return value_body(cursor, VALUE_BYTES, cursor_u16(cursor));
	case 0xc6:
		return value_body(cursor, VALUE_BYTES, cursor_u32(cursor));
	case 0xc7: /* an extension: its type is a byte more */
		return value_body(cursor, VALUE_OTHER, (size_t)cursor_u8(cursor) + 1);
	case 0xc8:
		return value_body(cursor, VALUE_OTHER, (size_t)cursor_u16(cursor) + 1);
	case 0xc9:
		return value_body(cursor, VALUE_OTHER, (size_t)cursor_u32(cursor) + 1);
	case 0xca:
		return value_body(cursor, VALUE_OTHER, sizeof(float));
	case 0xcb:
		return value_body(cursor, VALUE_OTHER, sizeof(double));
	case 0xcc:
		return value_number(cursor_u8(cursor));
	case 0xcd:
		return value_number(cursor_u16(cursor));
	case 0xce:
		return value_number(cursor_u32(cursor));
	case 0xcf:
		return value_number(read_u64(cursor));
	case 0xd0:
		return value_signed(cursor_u8(cursor), 8);
	case 0xd1:
		return value_signed(cursor_u16(cursor), 16);
	case 0xd2:
		return value_signed(cursor_u32(cursor), 32);
	case 0xd3:
		return value_signed(read_u64(cursor), 64);
	case 0xd4:
	case 0xd5:
	case 0xd6:
	case 0xd7:
	case 0xd8: /* an extension of 1, 2, 4, 8 or 16 bytes */
		return value_body(cursor, VALUE_OTHER, ((size_t)1 << (first - 0xd4)) + 1);
	case 0xd9:
		return value_body(cursor, VALUE_TEXT, cursor_u8(cursor));
	case 0xda:
		return value_body(cursor, VALUE_TEXT, cursor_u16(cursor));
	case 0xdb:
		return value_body(cursor, VALUE_TEXT, cursor_u32(cursor));
	case 0xdc:
		return value_count(VALUE_LIST, cursor_u16(cursor));
	case 0xdd:
		return value_count(VALUE_LIST, cursor_u32(cursor));
	case 0xde:
		return value_count(VALUE_MAP, cursor_u16(cursor));
	case 0xdf:
		return value_count(VALUE_MAP, cursor_u32(cursor));
	}
	return (struct value){.kind = VALUE_BAD}; /* c1 is never used */
}

static struct value read_value(struct cursor *cursor)
{
	uint8_t first = cursor_u8(cursor);
	struct value value;

	if (cursor->failed)
		return (struct value){.kind = VALUE_BAD};
	if (first < 0x80)
		value = value_number(first);
	else if (first < 0x90)
		value = value_count(VALUE_MAP, first & 0x0f);
	else if (first < 0xa0)
		value = value_count(VALUE_LIST, first & 0x0f);
	else if (first < 0xc0)
		value = value_body(cursor, VALUE_TEXT, first & 0x1f);
	else if (first < 0xe0)
		value = read_long(cursor, first);
	else
		value = (struct value){.kind = VALUE_OTHER}; /* a small negative number */
	if (cursor->failed)
		return (struct value){.kind = VALUE_BAD};
	return value;
}

static bool skip_value(struct cursor *cursor, int depth);

/* Counts are what the bytes announce, but each value takes a byte, so this ends with them. */
static bool skip_rest(struct cursor *cursor, const struct value *value, int depth)
{
	size_t left = value->count;

	switch (value->kind) {
	case VALUE_MAP:
		left *= 2;
		break;
	case VALUE_LIST:
		break;
	case VALUE_BAD:
		return false;
	case VALUE_NIL:
	case VALUE_FLAG:
	case VALUE_NUMBER:
	case VALUE_TEXT:
	case VALUE_BYTES:
	case VALUE_OTHER:
		return true;
	}
	for (; left > 0; left--) {
		if (!skip_value(cursor, depth + 1))
			return false;
	}
	return true;
}

static bool skip_value(struct cursor *cursor, int depth)
{
	if (depth > DEPTH_MOST)
		return false;
	struct value value = read_value(cursor);

	return skip_rest(cursor, &value, depth);
}

bool decode_skip(struct cursor *cursor)
{
	return skip_value(cursor, 0);
}

static bool read_span(const struct value *value, enum field_kind kind, struct span *span)
{
	if (value->kind != VALUE_TEXT && value->kind != VALUE_BYTES)
		return false;
	if ((kind == FIELD_HASH || kind == FIELD_HASHES) && value->span.len != HASH_BYTES)
		return false;
	*span = value->span;
	return true;
}

static bool read_spans(struct reading *reading, const struct field *field, size_t count,
		       void *member)
{
	struct span_list list = {0};

	for (size_t i = 0; i < count; i++) {
		struct value value = read_value(reading->cursor);
		struct span span;

		if (!read_span(&value, field->kind, &span) ||
		    !arena_append(reading->arena, &list, span))
			return false;
	}
	memcpy(member, &list, sizeof(list));
	return true;
}

/* A word that this version does not know is left out. */
static bool read_words(struct reading *reading, const struct field *field, size_t count,
		       void *member)
{
	struct word_list list = {0};

	for (size_t i = 0; i < count; i++) {
		struct value value = read_value(reading->cursor);

		if (value.kind != VALUE_TEXT)
			return false;
		int word = vocabulary_value(field->vocabulary, value.span);

		if (word != 0 && !record_add_word(reading->arena, &list, word))
			return false;
	}
	memcpy(member, &list, sizeof(list));
	return true;
}

static bool read_maps(struct reading *reading, const struct field *field, size_t count,
		      void *member)
{
	static const struct member_list empty = {0};

	memcpy(member, &empty, sizeof(empty)); /* a key may come twice */
	for (size_t i = 0; i < count; i++) {
		struct value value = read_value(reading->cursor);

		if (value.kind != VALUE_MAP && value.kind != VALUE_NIL)
			return false;
		void *element = record_append(reading->arena, field->schema, member);

		if (element == NULL || !read_record(reading, field->schema, value.count, element))
			return false;
	}
	return true;
}

static bool read_time(const struct value *value, void *member)
{
	int64_t time_ms = value->kind == VALUE_TEXT ? timestamp_parse(value->span) : -1;

	if (time_ms < 0)
		return false;
	memcpy(member, &time_ms, sizeof(time_ms));
	return true;
}

static bool read_flag(const struct value *value, void *member)
{
	enum flag flag = flag_of(value->number != 0);

	if (value->kind != VALUE_FLAG)
		return false;
	memcpy(member, &flag, sizeof(flag));
	return true;
}

static bool read_word(const struct field *field, const struct value *value, void *member)
{
	if (value->kind != VALUE_TEXT)
		return false;
	int word = vocabulary_value(field->vocabulary, value->span);

	memcpy(member, &word, sizeof(word));
	return true;
}

static bool read_number(const struct value *value, void *member)
{
	if (value->kind != VALUE_NUMBER)
		return false;
	memcpy(member, &value->number, sizeof(value->number));
	return true;
}

static bool read_text(const struct field *field, const struct value *value, void *member)
{
	struct span span;

	if (!read_span(value, field->kind, &span))
		return false;
	memcpy(member, &span, sizeof(span));
	return true;
}

static bool read_member(struct reading *reading, const struct field *field, void *member)
{
	struct value value = read_value(reading->cursor);

	if (value.kind == VALUE_NIL)
		return true;
	switch (field->kind) {
	case FIELD_NUMBER:
		return read_number(&value, member);
	case FIELD_TIME:
		return read_time(&value, member);
	case FIELD_FLAG:
		return read_flag(&value, member);
	case FIELD_WORD:
		return read_word(field, &value, member);
	case FIELD_TEXT:
	case FIELD_BYTES:
	case FIELD_HASH:
		return read_text(field, &value, member);
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
	case FIELD_HASHES:
		return value.kind == VALUE_LIST && read_spans(reading, field, value.count, member);
	case FIELD_WORDS:
		return value.kind == VALUE_LIST && read_words(reading, field, value.count, member);
	case FIELD_MAP:
		return value.kind == VALUE_MAP &&
		       read_record(reading, field->schema, value.count, member);
	case FIELD_MAPS:
		return value.kind == VALUE_LIST && read_maps(reading, field, value.count, member);
	}
	return false;
}

static bool name_is(const char *name, struct span text)
{
	return text.len > 0 && name[0] == (char)text.data[0] && strlen(name) == text.len &&
	       memcmp(name, text.data, text.len) == 0;
}

/* Fields come in the order of the table, so the search begins where the last one was found. */
static const struct field *find_field(const struct schema *schema, struct span name, size_t *next)
{
	for (size_t i = 0; i < schema->count; i++) {
		size_t n = *next + i < schema->count ? *next + i : *next + i - schema->count;

		if (name_is(schema->fields[n].name, name)) {
			*next = n + 1;
			return &schema->fields[n];
		}
	}
	return NULL;
}

static bool read_record(struct reading *reading, const struct schema *schema, size_t pairs,
			void *record)
{
	size_t next = 0;

	for (; pairs > 0; pairs--) {
		struct value key = read_value(reading->cursor);

		if (key.kind != VALUE_TEXT)
			return false;
		const struct field *field = find_field(schema, key.span, &next);

		if (field == NULL) {
			if (!decode_skip(reading->cursor))
				return false;
		} else if (!read_member(reading, field, (char *)record + field->offset)) {
			return false;
		}
	}
	return true;
}

bool decode_record(struct cursor *cursor, const struct schema *schema, struct arena *arena,
		   void *record)
{
	struct reading reading = {.cursor = cursor, .arena = arena};

	record_init(schema, record);
	struct value value = read_value(cursor);

	return value.kind == VALUE_MAP && read_record(&reading, schema, value.count, record);
}
