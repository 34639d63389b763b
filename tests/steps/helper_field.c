/*
 * Walks a path through schemas and turns members into text and back. Knows no field by name.
 */
#include "helper_field.h"

#include <stdio.h>
#include <stdlib.h>

struct any_list {
	char *items;
	size_t count;
};

/* What a path leads to: a member, or one element of a list of spans. */
struct place {
	const struct field *field;
	char *member;
	bool is_element;
	bool is_count;
};

static bool read_index(struct span *name, size_t *index)
{
	size_t bracket = span_find(*name, '[');

	if (bracket == name->len)
		return false;
	*index = strtoul((const char *)name->data + bracket + 1, NULL, 10);
	*name = span_first(*name, bracket);
	return true;
}

static struct any_list list_at(const char *member)
{
	struct any_list list;

	memcpy(&list, member, sizeof(list));
	return list;
}

static bool is_list_of_spans(enum field_kind kind)
{
	return kind == FIELD_TEXTS || kind == FIELD_BYTES_LIST || kind == FIELD_HASHES;
}

static bool find(const struct schema *schema, char *record, struct span path, struct place *place)
{
	while (path.len > 0) {
		struct span name = span_first(path, span_find(path, '.'));
		size_t index = 0;

		path = span_skip(path, name.len + 1);
		bool indexed = read_index(&name, &index);

		*place = (struct place){.field = schema_field(schema, name)};
		if (place->field == NULL)
			return false;
		place->member = record + place->field->offset;
		if (indexed) {
			struct any_list list = list_at(place->member);
			bool spans = is_list_of_spans(place->field->kind);

			if (index >= list.count || (!spans && place->field->kind != FIELD_MAPS))
				return false;
			place->is_element = true;
			place->member = list.items + index * (spans ? sizeof(struct span)
								    : place->field->schema->size);
		}
		if (span_equal(path, span_text("count"))) {
			place->is_count = true;
			return true;
		}
		schema = place->field->schema;
		record = place->member;
		if (path.len > 0 && schema == NULL)
			return false;
	}
	return place->field != NULL;
}

static struct span hex(struct arena *arena, struct span bytes)
{
	char *text = arena_alloc(arena, 2 * bytes.len + 1);

	for (size_t i = 0; i < bytes.len; i++)
		sprintf(text + 2 * i, "%02x", bytes.data[i]);
	return span_of(text, 2 * bytes.len);
}

static struct span join(struct arena *arena, struct span a, struct span b)
{
	if (span_is_null(a))
		return b;
	char *text = arena_alloc(arena, a.len + b.len + 2);

	memcpy(text, a.data, a.len);
	text[a.len] = ',';
	if (b.len > 0)
		memcpy(text + a.len + 1, b.data, b.len);
	return span_of(text, a.len + 1 + b.len);
}

static struct span spans_text(struct arena *arena, struct any_list list, bool as_hex)
{
	struct span text = {0};

	for (size_t i = 0; i < list.count; i++) {
		struct span item = ((const struct span *)(void *)list.items)[i];

		text = join(arena, text, as_hex ? hex(arena, item) : item);
	}
	return text;
}

static struct span words_text(struct arena *arena, const struct field *field, struct any_list list)
{
	struct span text = {0};

	for (size_t i = 0; i < list.count; i++) {
		int word = ((const int *)(void *)list.items)[i];

		text = join(arena, text, span_text(vocabulary_text(field->vocabulary, word)));
	}
	return text;
}

static struct span number_text(struct arena *arena, const char *member)
{
	int64_t number;

	memcpy(&number, member, sizeof(number));
	return number < 0 ? (struct span){0} : arena_printf(arena, "%lld", (long long)number);
}

static struct span value_text(struct arena *arena, const struct place *place)
{
	static const char *const flags[] = {NULL, "false", "true"};
	struct any_list list = list_at(place->member);
	int word;

	memcpy(&word, place->member, sizeof(word));
	switch (place->field->kind) {
	case FIELD_NUMBER:
	case FIELD_TIME:
		return number_text(arena, place->member);
	case FIELD_FLAG:
		return span_text(flags[word]);
	case FIELD_WORD:
		return span_text(vocabulary_text(place->field->vocabulary, word));
	case FIELD_TEXT:
	case FIELD_BYTES:
		return span_of(list.items, list.count);
	case FIELD_HASH:
		return list.items == NULL ? (struct span){0}
					  : hex(arena, span_of(list.items, list.count));
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
		if (place->is_element)
			return span_of(list.items, list.count);
		return spans_text(arena, list, false);
	case FIELD_HASHES:
		return spans_text(arena, list, true);
	case FIELD_WORDS:
		return words_text(arena, place->field, list);
	case FIELD_MAP:
		return record_is_null(place->field->schema, place->member) ? (struct span){0}
									   : span_text("map");
	case FIELD_MAPS:
		return list.count == 0 ? (struct span){0} : span_text("maps");
	}
	abort();
}

struct span field_get(struct arena *arena, const struct schema *schema, const void *record,
		      struct span path)
{
	struct place place = {0};

	if (!find(schema, (char *)(uintptr_t)record, path, &place))
		return (struct span){0};
	if (place.is_count)
		return arena_printf(arena, "%zu", list_at(place.member).count);
	struct span text = value_text(arena, &place);

	return span_is_null(text) ? span_text("null") : text;
}

enum { HASH_BYTES = 32 };

static struct span_list split(struct arena *arena, struct span value, bool as_hash)
{
	struct span_list list = {0};

	while (value.len > 0) {
		struct span item = span_first(value, span_find(value, ','));

		value = span_skip(value, item.len + 1);
		if (as_hash) {
			char *hash = arena_alloc(arena, HASH_BYTES);

			memcpy(hash, item.data, item.len < HASH_BYTES ? item.len : HASH_BYTES);
			item = span_of(hash, HASH_BYTES);
		}
		arena_append(arena, &list, item);
	}
	return list;
}

static void set_number(char *member, struct span value)
{
	char text[32] = "";
	int64_t number;

	value = span_first(value, sizeof(text) - 1);
	if (value.len > 0)
		memcpy(text, value.data, value.len);
	number = strtoll(text, NULL, 10);
	memcpy(member, &number, sizeof(number));
}

static bool set_word(const struct place *place, struct span value)
{
	int word = place->field->kind == FIELD_FLAG
			   ? (int)flag_of(span_equal(value, span_text("true")))
			   : vocabulary_value(place->field->vocabulary, value);

	memcpy(place->member, &word, sizeof(word));
	return word != 0;
}

bool field_set(struct arena *arena, const struct schema *schema, void *record, struct span path,
	       struct span value)
{
	struct place place = {0};
	struct span_list list;

	if (!find(schema, record, path, &place) || place.is_count || place.is_element)
		return false;
	switch (place.field->kind) {
	case FIELD_NUMBER:
	case FIELD_TIME:
		set_number(place.member, value);
		return true;
	case FIELD_FLAG:
	case FIELD_WORD:
		return set_word(&place, value);
	case FIELD_TEXT:
	case FIELD_BYTES:
		memcpy(place.member, &value, sizeof(value));
		return true;
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
	case FIELD_HASHES:
		list = split(arena, value, place.field->kind == FIELD_HASHES);
		memcpy(place.member, &list, sizeof(list));
		return true;
	case FIELD_HASH:
	case FIELD_WORDS:
	case FIELD_MAP:
	case FIELD_MAPS:
		break;
	}
	return false;
}
