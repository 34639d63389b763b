/*
 * The list: every line one target or none, several files, shards, limits, faults; and the corpus'
 * real lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "datasets/list.h"
#include "tests/datasets/helper_files.h"

enum { ARENA_BYTES = 1 << 20, PATHS_MOST = 4 };

/* One target as text: "index rank name|!reason input [metadata]". */
static void describe(const struct list_target *target, char *text, size_t size)
{
	struct span name = target->reason == NULL ? target->name : span_text(target->reason);

	snprintf(text, size, "%llu %lld %s%.*s %.*s%s%.*s", (unsigned long long)target->index,
		 (long long)target->rank, target->reason == NULL ? "" : "!", (int)name.len,
		 (const char *)name.data, (int)target->input.len, (const char *)target->input.data,
		 span_is_null(target->metadata) ? "" : " ", (int)target->metadata.len,
		 (const char *)target->metadata.data);
}

/* Reads the whole list and compares; `says` is part of the error expected once, or NULL. */
static void check_list(const struct list_settings *settings, const char *const *expected,
		       const char *says)
{
	struct dataset_error error = {0};
	struct list *list = list_open(settings, &error);
	struct list_target target;
	struct arena arena;
	char text[512];
	size_t at = 0;
	enum list_result result;

	if (list == NULL)
		fail_msg("%s", error.text);
	arena_init(&arena, ARENA_BYTES);
	while ((result = list_next(list, &arena, &target, &error)) != LIST_END) {
		if (result == LIST_FAILED) {
			if (says == NULL || strstr(error.text, says) == NULL)
				fail_msg("says \"%s\"", error.text);
			says = NULL;
			continue;
		}
		assert_int_equal(result, LIST_TARGET);
		assert_int_equal(target.fault == NAME_FAULT_NULL, !span_is_null(target.name));
		describe(&target, text, sizeof(text));
		assert_non_null(expected[at]);
		assert_string_equal(text, expected[at]);
		at++;
		arena_reset(&arena);
	}
	assert_null(expected[at]);
	assert_null(says);
	arena_free(&arena);
	list_close(list);
}

static void test_texts(void **state)
{
	static const struct {
		const char *column, *text;
		const char *expected[12];
	} cases[] = {
		{NULL, "", {NULL}},
		{NULL, "\n\r\n\n", {NULL}},
		{NULL,
		 "a.example\nB.Example.\n",
		 {"1 -1 a.example a.example", "2 -1 b.example B.Example."}},
		{NULL,
		 "\xef\xbb\xbf"
		 "1,a.example\r\n\r\n2,b.example\r\n",
		 {"1 1 a.example a.example", "3 2 b.example b.example"}},
		/* Dirty lines are targets, each with its reason; a comment is no comment. */
		{NULL,
		 "#x\nlocalhost\n192.0.2.1\na..example\n  \nhttp://a.example/\na.example,b\n",
		 {"1 -1 !bad-character #x", "2 -1 !single-label localhost",
		  "3 -1 !address 192.0.2.1", "4 -1 !empty-label a..example", "5 -1 !empty   ",
		  "6 -1 !bad-character http://a.example/", "7 -1 !bad-character a.example,b"}},
		{NULL,
		 "b\xc3\xbc"
		 "cher.example\n\xff.example\n _x.a.example \n",
		 {"1 -1 xn--bcher-kva.example b\xc3\xbc"
		  "cher.example",
		  "2 -1 !bad-character \xff.example", "3 -1 _x.a.example  _x.a.example "}},
		{NULL,
		 "rank,domain\n7,a.example\n,b.example\nx,c.example\n8,\n",
		 {"2 7 a.example a.example", "3 -1 b.example b.example", "4 -1 c.example c.example",
		  "5 8 !empty "}},
		/* zdns' input: a name, then whatever belongs to it. */
		{NULL,
		 "a.example,x,\"y,z\"\nb.example\nc.example,\n",
		 {"1 -1 a.example a.example x,\"y,z\"", "2 -1 b.example b.example",
		  "3 -1 c.example c.example "}},
		{NULL,
		 "GlobalRank,TldRank,Domain,TLD\n1,2,a.example,example\n",
		 {"2 1 a.example a.example 2,example"}},
		{"Domain",
		 "Domain,Rank\na.example,5\nb.example\n",
		 {"2 5 a.example a.example", "3 -1 b.example b.example"}},
		{"2",
		 "x,a.example\nlonely\n\"q\"\"q\",b.example\n",
		 {"1 -1 a.example a.example x", "2 -1 !empty lonely",
		  "3 -1 b.example b.example \"q\"\"q\""}},
		/* Duplicates are scanned. */
		{NULL,
		 "a.example\na.example",
		 {"1 -1 a.example a.example", "2 -1 a.example a.example"}},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *path = files_write_text(*state, "list", cases[i].text);
		const struct list_settings settings = {
			.paths = (const char *const *)&path,
			.paths_count = 1,
			.input_column = cases[i].column,
			.with_metadata = true,
			.stop_fd = -1,
		};
		int64_t count = 0;

		check_list(&settings, cases[i].expected, NULL);
		while (cases[i].expected[count] != NULL)
			count++;
		assert_int_equal(list_count_targets(&settings), count);
		free(path);
	}
}

static void test_nul_and_long_lines(void **state)
{
	static const char text[] = "a\0b.example\nx.example\n"
				   "0123456789.0123456789.0123456789.example\nb.example\n";
	static const char *const expected[] = {
		"1 -1 !bad-character a",
		"2 -1 x.example x.example",
		"3 -1 !too-long 0123456789.0123456789.0123456789",
		"4 -1 b.example b.example",
		NULL,
	};
	char *path = files_write(*state, "list", span_of(text, sizeof(text) - 1));

	check_list(&(struct list_settings){.paths = (const char *const *)&path,
					   .paths_count = 1,
					   .line_bytes = 32,
					   .stop_fd = -1},
		   expected, NULL);
	free(path);
}

static char *write_packed(const struct files *files, const char *name, const char *text,
			  struct span (*pack)(struct span), size_t cut)
{
	struct span packed = pack(span_text(text));
	char *path = files_write(files, name, span_first(packed, packed.len - cut));

	free((void *)(uintptr_t)packed.data);
	return path;
}

/*
 * Lines are counted on over all files; each file has its own shape; a broken one does not end the
 * list.
 */
static void test_several_files(void **state)
{
	static const char *const expected[] = {
		"1 -1 a.example a.example",
		"3 1 b.example b.example",
		"4 -1 c.example c.example",
		"6 9 d.example d.example",
		NULL,
	};
	char *paths[PATHS_MOST] = {
		files_write_text(*state, "1.txt", "a.example"),
		write_packed(*state, "2.csv.gz", "rank,domain\n1,b.example\n", files_gzip, 0),
		write_packed(*state, "3.txt.gz", "c.example\nhalf.exam", files_gzip, 1),
		write_packed(*state, "4.zst", "domain,rank\nd.example,9\n", files_zstd, 0),
	};
	const struct list_settings settings = {
		.paths = (const char *const *)paths, .paths_count = PATHS_MOST, .stop_fd = -1};

	check_list(&settings, expected, "3.txt.gz: truncated gzip data");
	assert_int_equal(list_count_targets(&settings), -1);
	for (size_t i = 0; i < PATHS_MOST; i++)
		free(paths[i]);
}

static void test_inputs_are_told(void **state)
{
	char *path =
		files_write_text(*state, "list", "domain\na.example\n\nb.example\nc.example\n");
	struct list_settings settings = {.paths = (const char *const *)&path,
					 .paths_count = 1,
					 .max_targets = 2,
					 .stop_fd = -1};
	struct dataset_error error;
	struct list_target target;
	struct arena arena;
	size_t count = 0;
	struct list *list = list_open(&settings, &error);
	/* printf 'domain\na.example\n\nb.example\nc.example\n' | sha256sum */
	static const uint8_t sha256[] = {
		0xbd, 0x53, 0x0e, 0x54, 0x06, 0xbe, 0xf2, 0x79, 0x3a, 0x4b, 0x11,
		0xc9, 0xfd, 0x73, 0x90, 0x00, 0x58, 0x68, 0x3c, 0xef, 0x6a, 0x9b,
		0x6c, 0x70, 0x69, 0x4f, 0xb0, 0xf0, 0xdb, 0xa3, 0x53, 0x79,
	};

	arena_init(&arena, ARENA_BYTES);
	while (list_next(list, &arena, &target, &error) == LIST_TARGET)
		assert_string_equal(target.path, path);
	const struct list_input *inputs = list_inputs(list, &count);

	assert_int_equal(count, 1);
	assert_string_equal(inputs[0].path, path);
	assert_int_equal(inputs[0].targets, 2);
	assert_int_equal(inputs[0].lines, 4);
	assert_int_equal(inputs[0].bytes, 38);
	/* Of the whole file, though not all of it was wanted. */
	assert_true(inputs[0].has_sha256);
	assert_memory_equal(inputs[0].sha256, sha256, sizeof(sha256));
	assert_int_equal(list_count_targets(&settings), 2);
	arena_free(&arena);
	list_close(list);
	free(path);
}

/* The shards together are the list, and each target has the index that it has without shards. */
static void test_shards(void **state)
{
	enum { SHARDS = 3, LINES = 20, MOST = 17 };
	struct dataset_error error;
	struct list_target target;
	struct arena arena;
	char text[LINES * 16] = "rank,domain\n", *at = text + strlen(text);
	unsigned seen[LINES + 1] = {0};

	for (int i = 1; i < LINES; i++)
		at += snprintf(at, (size_t)(text + sizeof(text) - at), "%d,d%d.example\n", i, i);
	char *path = files_write_text(*state, "list", text);

	arena_init(&arena, ARENA_BYTES);
	for (uint64_t shard = 0; shard < SHARDS; shard++) {
		const struct list_settings settings = {.paths = (const char *const *)&path,
						       .paths_count = 1,
						       .max_targets = MOST,
						       .shards = SHARDS,
						       .shard = shard,
						       .stop_fd = -1};
		struct list *list = list_open(&settings, &error);
		int64_t count = 0;

		while (list_next(list, &arena, &target, &error) == LIST_TARGET) {
			assert_int_equal(target.rank, target.index - 1);
			assert_int_equal((target.index - 1) % SHARDS, shard);
			seen[target.index]++;
			count++;
		}
		assert_int_equal(list_count_targets(&settings), count);
		list_close(list);
	}
	assert_int_equal(seen[1], 0);
	for (int i = 2; i <= LINES; i++)
		assert_int_equal(seen[i], i <= MOST + 1);
	arena_free(&arena);
	free(path);
}

static void test_settings_that_cannot_be(void **state)
{
	char *path = files_write_text(*state, "list", "rank,name\n1,a.example\n");
	const char *twice[] = {"-", "-"};
	const char *missing[] = {path, "/nonexistent/list"};
	const struct {
		struct list_settings settings;
		const char *says;
	} cases[] = {
		{{.stop_fd = -1}, "no list given"},
		{{.paths = twice, .paths_count = 2}, "standard input can be read once only"},
		{{.paths = missing, .paths_count = 2}, "/nonexistent/list: No such file"},
		{{.paths = missing, .paths_count = 1, .shards = 2, .shard = 2}, "shard 2 of 2"},
		{{.paths = missing, .paths_count = 1, .input_column = "0"}, "input column '0'"},
	};
	struct dataset_error error;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_null(list_open(&cases[i].settings, &error));
		if (strstr(error.text, cases[i].says) == NULL)
			fail_msg("says \"%s\"", error.text);
	}
	/* Only the file itself shows that it has no such column. */
	check_list(&(struct list_settings){.paths = missing,
					   .paths_count = 1,
					   .input_column = "domain",
					   .stop_fd = -1},
		   (const char *const[]){NULL}, ":1: no column named 'domain'");
	free(path);
}

static void test_no_memory_is_an_error_not_a_dirty_line(void **state)
{
	char *path = files_write_text(*state, "list", "a.example\n");
	struct dataset_error error;
	struct list_target target;
	struct arena arena;
	struct list *list = list_open(&(struct list_settings){.paths = (const char *const *)&path,
							      .paths_count = 1,
							      .stop_fd = -1},
				      &error);

	arena_init(&arena, 1);
	assert_int_equal(list_next(list, &arena, &target, &error), LIST_FAILED);
	assert_non_null(strstr(error.text, "list:1: no memory"));
	arena_free(&arena);
	list_close(list);
	free(path);
}

struct corpus_count {
	const char *file;
	uint64_t targets, names, ranked;
};

static void check_corpus_file(const struct corpus_count *expected, const char *path)
{
	struct list_settings settings = {.paths = &path, .paths_count = 1, .stop_fd = -1};
	struct corpus_count count = {.file = expected->file};
	struct dataset_error error;
	struct list_target target;
	struct arena arena;
	enum list_result result;
	struct list *list = list_open(&settings, &error);

	assert_non_null(list);
	arena_init(&arena, ARENA_BYTES);
	while ((result = list_next(list, &arena, &target, &error)) == LIST_TARGET) {
		count.targets++;
		count.names += target.fault == NAME_FAULT_NULL;
		count.ranked += target.rank >= 0;
		arena_reset(&arena);
	}
	assert_int_equal(result, LIST_END);
	assert_int_equal(list_count_targets(&settings), count.targets);
	if (count.targets != expected->targets || count.names != expected->names ||
	    count.ranked != expected->ranked)
		fail_msg("%s: %llu targets, %llu names, %llu ranked", expected->file,
			 (unsigned long long)count.targets, (unsigned long long)count.names,
			 (unsigned long long)count.ranked);
	arena_free(&arena);
	list_close(list);
}

/* Counts by grep and cut over the same files. */
static void test_corpus(void **state)
{
	static const struct corpus_count cases[] = {
		{"lists/dirty-lines.txt", 272, 0, 0},
		{"lists/mta-sts-enabled-2962.txt", 2962, 2962, 0},
		{"lists/opendns-top-10k-2014.txt", 10000, 10000, 0},
		{"lists/majestic-top-15k.csv", 14992, 14988, 14992},
		{"lists/umbrella-top-50k.csv", 50517, 50517, 50517},
		{"lists/union-real-domains.csv.zst", 1071122, 1071122, 1071122},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *path = files_corpus(cases[i].file);

		if (path == NULL) {
			print_message("[  SKIPPED ] no corpus: %s\n", cases[i].file);
			skip();
		}
		check_corpus_file(&cases[i], path);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_texts, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_nul_and_long_lines, files_setup,
						files_teardown),
		cmocka_unit_test_setup_teardown(test_several_files, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_inputs_are_told, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_shards, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_settings_that_cannot_be, files_setup,
						files_teardown),
		cmocka_unit_test_setup_teardown(test_no_memory_is_an_error_not_a_dirty_line,
						files_setup, files_teardown),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
