/*
 * A member of a record by its descriptor, copied out: the generic code of output/ must not pretend
 * that the struct of a list is another one. Used by encoders and tables only.
 */
#ifndef STSWEEP_OUTPUT_MEMBER_H
#define STSWEEP_OUTPUT_MEMBER_H

#include "record/field.h"

/* What every `struct x_list` looks like. */
struct member_list {
	void *items;
	size_t count;
};

static inline const void *member_at(const struct field *field, const void *record)
{
	return (const char *)record + field->offset;
}

static inline int64_t member_number(const void *member)
{
	int64_t number;

	memcpy(&number, member, sizeof(number));
	return number;
}

/* A WORD or FLAG. */
static inline int member_word(const void *member)
{
	int word;

	_Static_assert(sizeof(enum flag) == sizeof(int), "enums are ints");
	memcpy(&word, member, sizeof(word));
	return word;
}

static inline struct span member_span(const void *member)
{
	struct span span;

	memcpy(&span, member, sizeof(span));
	return span;
}

static inline struct member_list member_list(const void *member)
{
	struct member_list list;

	_Static_assert(sizeof(list) == sizeof(struct span_list), "all lists look alike");
	memcpy(&list, member, sizeof(list));
	return list;
}

static inline struct span member_list_span(struct member_list list, size_t n)
{
	return ((const struct span *)list.items)[n];
}

static inline int member_list_word(struct member_list list, size_t n)
{
	return ((const int *)list.items)[n];
}

#endif
