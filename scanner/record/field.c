/*
 * What can be done to a record by its schema alone: null it, make it, grow its lists, ask whether
 * it says anything. Called by all who fill, join or read records; never encodes.
 */
#include "record/field.h"

/*
 * What every `struct x_list` is made of; its members are copied, for the types themselves differ.
 */
struct any_list {
	void *items;
	size_t count;
};

static void field_init(const struct field *field, char *member)
{
	static const int64_t null = NUMBER_NULL;

	switch (field->kind) {
	case FIELD_NUMBER:
	case FIELD_TIME:
		memcpy(member, &null, sizeof(null));
		break;
	case FIELD_MAP:
		record_init(field->schema, member);
		break;
	case FIELD_FLAG:
	case FIELD_WORD:
	case FIELD_TEXT:
	case FIELD_BYTES:
	case FIELD_HASH:
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
	case FIELD_HASHES:
	case FIELD_WORDS:
	case FIELD_MAPS:
		break; /* all zero */
	}
}

void record_init(const struct schema *schema, void *record)
{
	memset(record, 0, schema->size);
	for (size_t i = 0; i < schema->count; i++)
		field_init(&schema->fields[i], (char *)record + schema->fields[i].offset);
}

void *record_new(struct arena *arena, const struct schema *schema)
{
	void *record = arena_alloc(arena, schema->size);

	if (record != NULL)
		record_init(schema, record);
	return record;
}

void *record_append(struct arena *arena, const struct schema *schema, void *list)
{
	struct any_list any;

	memcpy(&any, list, sizeof(any));
	void *element = arena_grow(arena, &any.items, &any.count, schema->size);

	if (element == NULL)
		return NULL;
	memcpy(list, &any, sizeof(any));
	record_init(schema, element);
	return element;
}

bool record_add_word(struct arena *arena, struct word_list *list, int word)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i] == word)
			return true;
	}
	void *items = list->items;
	int *place = arena_grow(arena, &items, &list->count, sizeof(*place));

	if (place == NULL)
		return false;
	list->items = items;
	*place = word;
	return true;
}

bool field_is_null(const struct field *field, const void *record)
{
	const char *member = (const char *)record + field->offset;

	switch (field->kind) {
	case FIELD_NUMBER:
	case FIELD_TIME: {
		int64_t number;

		memcpy(&number, member, sizeof(number));
		return number < 0;
	}
	case FIELD_FLAG:
	case FIELD_WORD: {
		int word;

		memcpy(&word, member, sizeof(word));
		return word == 0;
	}
	case FIELD_TEXT:
	case FIELD_BYTES:
	case FIELD_HASH: {
		struct span span;

		memcpy(&span, member, sizeof(span));
		return span_is_null(span);
	}
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
	case FIELD_HASHES:
	case FIELD_WORDS:
	case FIELD_MAPS: {
		struct any_list list;

		memcpy(&list, member, sizeof(list));
		return list.count == 0;
	}
	case FIELD_MAP:
		return record_is_null(field->schema, member);
	}
	return true;
}

bool record_is_null(const struct schema *schema, const void *record)
{
	for (size_t i = 0; i < schema->count; i++) {
		if (!field_is_null(&schema->fields[i], record))
			return false;
	}
	return true;
}

const struct field *schema_field(const struct schema *schema, struct span name)
{
	for (size_t i = 0; i < schema->count; i++) {
		if (span_equal(span_text(schema->fields[i].name), name))
			return &schema->fields[i];
	}
	return NULL;
}
