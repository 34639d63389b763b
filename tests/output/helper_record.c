/* Records of every field, and their comparison, for the tests of output/. */
#include "tests/output/helper_record.h"

#include <stdio.h>
#include <stdlib.h>

#include "output/member.h"

/* 2026-11-23T08:15:30.123Z */
static const int64_t FIRST_TIME_MS = 1795421730123;

#define ODD(text) \
	{ \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static const struct span odd_texts[] = {
	ODD("plain"),
	ODD(""),
	ODD("\"quoted\" and, parted"),
	ODD("two\nlines\r\n"),
	ODD("with\0NUL"),
	ODD("\xff\xfe invalid \xc3"),
	ODD("a;b\\c;;\\"),
	ODD("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
	ODD("\x01\x1f\x7f\t"),
	ODD("\xed\xa0\x80"), /* a surrogate */
	ODD("[{:,"),
	ODD("\xe2\x80\xa8"), /* U+2028: ends a line of JavaScript, not of JSON */
};

const struct schema *const helper_schemas[] = {
	&schema_domain_record,
	&schema_host_record,
	&schema_certificate_record,
	&schema_entity_record,
};
const size_t helper_schemas_count = ARRAY_LENGTH(helper_schemas);

struct filling {
	struct arena *arena;
	enum helper_fill fill;
	unsigned count; /* of values made so far */
};

static void fill_record(struct filling *filling, const struct schema *schema, void *record);

static struct span fill_hash(struct filling *filling)
{
	uint8_t *hash = arena_alloc(filling->arena, 32);

	for (size_t i = 0; i < 32; i++)
		hash[i] = (uint8_t)(filling->count * 7 + i * 5);
	filling->count++;
	return span_of(hash, 32);
}

static struct span fill_span(struct filling *filling, const struct field *field)
{
	unsigned n = filling->count++;

	if (field->kind == FIELD_HASH || field->kind == FIELD_HASHES)
		return fill_hash(filling);
	if (filling->fill == FILL_ODD)
		return odd_texts[n % ARRAY_LENGTH(odd_texts)];
	return arena_printf(filling->arena, "%s %u", field->name, n);
}

/* Two elements, or oddly from one to three. */
static size_t fill_count(const struct filling *filling)
{
	return filling->fill == FILL_PLAIN ? 2 : 1 + filling->count % 3;
}

/* Plainly one of the first two, so that stored records stay as they are when a word is added. */
static int fill_word(struct filling *filling, const struct field *field)
{
	unsigned words = field->vocabulary->count - 1;

	if (filling->fill == FILL_PLAIN && words > 2)
		words = 2;
	return 1 + (int)(filling->count++ % words);
}

static void fill_spans(struct filling *filling, const struct field *field, void *member)
{
	struct span_list list = {0};

	for (size_t left = fill_count(filling); left > 0; left--)
		arena_append(filling->arena, &list, fill_span(filling, field));
	memcpy(member, &list, sizeof(list));
}

static void fill_words(struct filling *filling, const struct field *field, void *member)
{
	struct word_list list = {0};

	for (size_t left = fill_count(filling); left > 0; left--)
		record_add_word(filling->arena, &list, fill_word(filling, field));
	memcpy(member, &list, sizeof(list));
}

static void fill_maps(struct filling *filling, const struct field *field, void *member)
{
	for (size_t left = fill_count(filling); left > 0; left--)
		fill_record(filling, field->schema,
			    record_append(filling->arena, field->schema, member));
}

static void fill_member(struct filling *filling, const struct field *field, void *member)
{
	int64_t number = filling->fill == FILL_ODD && filling->count % 3 == 0
				 ? INT64_MAX - filling->count
				 : filling->count;
	int64_t time_ms = FIRST_TIME_MS + number % 100000 * 86401;
	enum flag flag = filling->count % 2 == 0 ? FLAG_TRUE : FLAG_FALSE;
	struct span span;
	int word;

	switch (field->kind) {
	case FIELD_NUMBER:
		memcpy(member, &number, sizeof(number));
		filling->count++;
		return;
	case FIELD_TIME:
		memcpy(member, &time_ms, sizeof(time_ms));
		filling->count++;
		return;
	case FIELD_FLAG:
		memcpy(member, &flag, sizeof(flag));
		filling->count++;
		return;
	case FIELD_WORD:
		word = fill_word(filling, field);
		memcpy(member, &word, sizeof(word));
		return;
	case FIELD_TEXT:
	case FIELD_BYTES:
	case FIELD_HASH:
		span = fill_span(filling, field);
		memcpy(member, &span, sizeof(span));
		return;
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
	case FIELD_HASHES:
		fill_spans(filling, field, member);
		return;
	case FIELD_WORDS:
		fill_words(filling, field, member);
		return;
	case FIELD_MAP:
		fill_record(filling, field->schema, member);
		return;
	case FIELD_MAPS:
		fill_maps(filling, field, member);
		return;
	}
}

static void fill_record(struct filling *filling, const struct schema *schema, void *record)
{
	for (size_t i = 0; i < schema->count; i++)
		fill_member(filling, &schema->fields[i], (char *)record + schema->fields[i].offset);
}

void *helper_record(struct arena *arena, const struct schema *schema, enum helper_fill fill,
		    unsigned seed)
{
	struct filling filling = {.arena = arena, .fill = fill, .count = seed};
	void *record = record_new(arena, schema);

	fill_record(&filling, schema, record);
	if (arena->exhausted)
		abort(); /* HELPER_ARENA_BYTES is too little */
	return record;
}

static bool in_view(const struct field *field, enum record_view view)
{
	return field->where == FIELD_BOTH ||
	       field->where == (view == VIEW_FINAL ? FIELD_FINAL : FIELD_EVIDENCE);
}

static bool spans_equal(struct member_list a, struct member_list b)
{
	for (size_t i = 0; i < a.count; i++) {
		if (!span_equal(member_list_span(a, i), member_list_span(b, i)))
			return false;
	}
	return true;
}

static bool maps_equal(const struct field *field, enum record_view view, struct member_list a,
		       struct member_list b)
{
	for (size_t i = 0; i < a.count; i++) {
		size_t offset = i * field->schema->size;

		if (!helper_records_equal(field->schema, view, (const char *)a.items + offset,
					  (const char *)b.items + offset))
			return false;
	}
	return true;
}

static bool lists_equal(const struct field *field, enum record_view view, struct member_list a,
			struct member_list b)
{
	if (a.count != b.count)
		return false;
	if (field->kind == FIELD_MAPS)
		return maps_equal(field, view, a, b);
	if (field->kind == FIELD_WORDS)
		return a.count == 0 || memcmp(a.items, b.items, a.count * sizeof(int)) == 0;
	return spans_equal(a, b);
}

static bool members_equal(const struct field *field, enum record_view view, const void *a,
			  const void *b)
{
	switch (field->kind) {
	case FIELD_NUMBER:
	case FIELD_TIME:
		return member_number(a) == member_number(b);
	case FIELD_FLAG:
	case FIELD_WORD:
		return member_word(a) == member_word(b);
	case FIELD_TEXT:
	case FIELD_BYTES:
	case FIELD_HASH:
		return span_equal(member_span(a), member_span(b));
	case FIELD_MAP:
		return helper_records_equal(field->schema, view, a, b);
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
	case FIELD_HASHES:
	case FIELD_WORDS:
	case FIELD_MAPS:
		return lists_equal(field, view, member_list(a), member_list(b));
	}
	return false;
}

bool helper_records_equal(const struct schema *schema, enum record_view view, const void *a,
			  const void *b)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];

		if (!in_view(field, view))
			continue;
		if (!members_equal(field, view, member_at(field, a), member_at(field, b))) {
			fprintf(stderr, "%s.%s differs\n", schema->name, field->name);
			return false;
		}
	}
	return true;
}

static void null_field(const struct field *field, void *record)
{
	const struct schema only = {.size = 0, .fields = field, .count = 1};

	if (field->kind == FIELD_NUMBER || field->kind == FIELD_TIME)
		record_init(&only, record);
	else if (field->kind == FIELD_MAP)
		record_init(field->schema, (char *)record + field->offset);
	else
		memset((char *)record + field->offset, 0,
		       field->kind == FIELD_WORD || field->kind == FIELD_FLAG
			       ? sizeof(int)
			       : sizeof(struct span));
}

void helper_record_strip(const struct schema *schema, enum record_view view, void *record)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];
		char *member = (char *)record + field->offset;

		if (!in_view(field, view)) {
			null_field(field, record);
		} else if (field->kind == FIELD_MAP) {
			helper_record_strip(field->schema, view, member);
		} else if (field->kind == FIELD_MAPS) {
			struct member_list list = member_list(member);

			for (size_t n = 0; n < list.count; n++)
				helper_record_strip(field->schema, view,
						    (char *)list.items + n * field->schema->size);
		}
	}
}
