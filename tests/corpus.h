/*
 * Reading ../shared/corpus in tests: where it is, a file of it, and its vectors line by line. A
 * test that finds no corpus says so and is skipped. Include after <cmocka.h>; used by tests only.
 */
#ifndef STSWEEP_TESTS_CORPUS_H
#define STSWEEP_TESTS_CORPUS_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/span.h"

/*
 * The folder, from the environment or beside the checkout; NULL, with a line of explanation, where
 * there is none.
 */
static inline const char *corpus_folder(void)
{
	const char *folder = getenv("STSWEEP_CORPUS");

	if (folder == NULL)
		folder = "../shared/corpus";
	if (access(folder, R_OK) == 0)
		return folder;
	print_message("SKIPPED: no corpus at %s\n", folder);
	return NULL;
}

static inline struct span corpus_file(struct arena *arena, const char *path)
{
	struct span name = arena_printf(arena, "%s/%s", corpus_folder(), path);
	FILE *file = fopen((const char *)name.data, "rb");
	long size;
	uint8_t *bytes;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	rewind(file);
	bytes = arena_alloc(arena, (size_t)size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)size, file), (size_t)size);
	assert_int_equal(fclose(file), 0);
	return span_of(bytes, (size_t)size);
}

/* Calls `each` for every line of a JSON Lines file; gives the number of lines. */
static inline size_t corpus_lines(const char *path, void (*each)(json_t *line, void *context),
				  void *context)
{
	struct arena arena;
	struct span rest;
	size_t lines = 0;

	arena_init(&arena, 64 << 20);
	rest = corpus_file(&arena, path);
	while (rest.len > 0) {
		size_t end = span_find(rest, '\n');
		json_t *line = json_loadb((const char *)rest.data, end, JSON_ALLOW_NUL, NULL);

		assert_non_null(line);
		each(line, context);
		json_decref(line);
		lines++;
		rest = span_skip(rest, end + 1);
	}
	arena_free(&arena);
	return lines;
}

/* What the vector is, for whoever reads a failure. */
static inline void corpus_print(const json_t *line)
{
	char *text = json_dumps(json_object_get(line, "input"), JSON_ENCODE_ANY | JSON_COMPACT);

	print_message("%s\n", text);
	free(text);
}

static inline struct span corpus_text(const json_t *text)
{
	return span_of(json_string_value(text), json_string_length(text));
}

/* A string, or an array of strings, as a list in the arena. */
static inline struct span_list corpus_list(struct arena *arena, const json_t *value)
{
	struct span_list list = {0};

	if (json_is_string(value))
		assert_true(arena_append(arena, &list, corpus_text(value)));
	for (size_t i = 0; i < json_array_size(value); i++)
		assert_true(arena_append(arena, &list, corpus_text(json_array_get(value, i))));
	return list;
}

#endif
