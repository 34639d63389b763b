/*
 * Fields: every struct of the record is one X-macro table of rows F(KIND, name, of, where,
 * meaning). From it come the C struct, and a descriptor (`struct schema`) by which encoders,
 * readers, `stsweep schema`, the codebook and CSV columns work without knowing any field. A field
 * added to the table is in every output at once.
 *
 * Kinds, and the C member each becomes:
 *   NUMBER int64_t, not negative, -1 is null          FLAG  enum flag
 *   TIME   int64_t, ms since 1970 UTC, -1 is null      WORD  enum of vocabulary `of`, 0 is null
 *   TEXT   struct span, UTF-8 by nature (names)        BYTES struct span as it came from the network
 *   HASH   struct span of 32 bytes                     MAP   struct `of`
 *   TEXTS, BYTES_LIST, HASHES  struct span_list        WORDS struct word_list over vocabulary `of`
 *   MAPS   struct `of`_list
 * A list that does not apply is empty. `where` is BOTH, EVIDENCE (kept for judging again, not in
 * the published record) or FINAL (judged or joined when a scan finishes, never in the evidence).
 */
#ifndef STSWEEP_RECORD_FIELD_H
#define STSWEEP_RECORD_FIELD_H

#include "base/arena.h"
#include "base/span.h"
#include "record/findings.h"
#include "record/vocabulary.h"

enum flag { FLAG_NULL, FLAG_FALSE, FLAG_TRUE };

static inline enum flag flag_of(bool value)
{
	return value ? FLAG_TRUE : FLAG_FALSE;
}

/* The null of NUMBER and TIME. */
enum { NUMBER_NULL = -1 };

struct word_list {
	int *items;
	size_t count;
};

enum field_kind {
	FIELD_NUMBER,
	FIELD_FLAG,
	FIELD_TIME,
	FIELD_WORD,
	FIELD_TEXT,
	FIELD_BYTES,
	FIELD_HASH,
	FIELD_TEXTS,
	FIELD_BYTES_LIST,
	FIELD_HASHES,
	FIELD_WORDS,
	FIELD_MAP,
	FIELD_MAPS,
};

enum field_where { FIELD_BOTH, FIELD_EVIDENCE, FIELD_FINAL };

struct schema;

struct field {
	const char *name;
	enum field_kind kind;
	enum field_where where;
	size_t offset;
	const struct vocabulary *vocabulary; /* WORD, WORDS */
	const struct schema *schema;         /* MAP, MAPS */
	const char *meaning;
};

struct schema {
	const char *name;
	size_t size; /* of the C struct */
	const struct field *fields;
	size_t count;
};

/* Sets every member to its null. */
void record_init(const struct schema *schema, void *record);
/* A new null record in the arena; NULL over its cap. */
void *record_new(struct arena *arena, const struct schema *schema);
/*
 * Appends a null element to a MAPS list (`list` points to a struct `of`_list) and gives it; NULL
 * over the arena's cap, the list is then as before. Earlier elements may move.
 */
void *record_append(struct arena *arena, const struct schema *schema, void *list);
/* Appends to a WORDS list, once each; false over the cap. */
bool record_add_word(struct arena *arena, struct word_list *list, int word);
/* True when every member is null or empty: such a map is written as null. */
bool record_is_null(const struct schema *schema, const void *record);
/* True when this field of the record is null or empty. */
bool field_is_null(const struct field *field, const void *record);
/* The field of that name, or NULL. */
const struct field *schema_field(const struct schema *schema, struct span name);

/* Making the C struct of a table... */
#define MEMBER_NUMBER(name, of) int64_t name;
#define MEMBER_TIME(name, of) int64_t name;
#define MEMBER_FLAG(name, of) enum flag name;
#define MEMBER_WORD(name, of) enum of name;
#define MEMBER_TEXT(name, of) struct span name;
#define MEMBER_BYTES(name, of) struct span name;
#define MEMBER_HASH(name, of) struct span name;
#define MEMBER_TEXTS(name, of) struct span_list name;
#define MEMBER_BYTES_LIST(name, of) struct span_list name;
#define MEMBER_HASHES(name, of) struct span_list name;
#define MEMBER_WORDS(name, of) struct word_list name;
#define MEMBER_MAP(name, of) struct of name;
#define MEMBER_MAPS(name, of) struct of##_list name;
#define FIELD_MEMBER(KIND, name, of, where, meaning) MEMBER_##KIND(name, of)

/* `struct type`, `struct type_list` and `const struct schema schema_type` of a table. */
#define RECORD_STRUCT(type, TABLE) \
	struct type { \
		TABLE(FIELD_MEMBER) \
	}; \
	struct type##_list { \
		struct type *items; \
		size_t count; \
	}; \
	extern const struct schema schema_##type;

#endif
