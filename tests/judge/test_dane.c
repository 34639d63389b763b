/*
 * DANE on the corpus: real and made chains with their TLSA records, and what OpenSSL must not be
 * asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/dane.h"
#include "tests/corpus.h"

enum { ARENA_CAP_BYTES = 4 << 20, RECORDS_MAX = 8 };

/* The evidence here is the files themselves: a "hash" is the path. */
static struct span find_file(void *context, struct span path)
{
	return corpus_file(context, (const char *)path.data);
}

static uint8_t hex_digit(char digit)
{
	return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static struct span hex_bytes(struct arena *arena, const char *hex)
{
	size_t len = strlen(hex) / 2;
	uint8_t *bytes = arena_alloc(arena, len);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	return span_of(bytes, len);
}

static uint8_t number(const json_t *map, const char *key)
{
	return (uint8_t)json_integer_value(json_object_get(map, key));
}

static struct dane_records read_records(struct arena *arena, struct dns_tlsa *items,
					const json_t *list)
{
	struct dane_records records = {.items = items, .count = json_array_size(list)};

	assert_true(records.count <= RECORDS_MAX);
	for (size_t i = 0; i < records.count; i++) {
		const json_t *record = json_array_get(list, i);

		items[i] = (struct dns_tlsa){
			.usage = number(record, "usage"),
			.selector = number(record, "selector"),
			.matching_type = number(record, "mtype"),
			.data = hex_bytes(arena,
					  json_string_value(json_object_get(record, "data"))),
		};
	}
	return records;
}

static int64_t time_ms(const char *text)
{
	struct tm parts = {0};

	assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts));
	return (int64_t)timegm(&parts) * 1000;
}

static bool is_text(const json_t *map, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(map, key));

	return value != NULL && strcmp(value, text) == 0;
}

static void check_result(const json_t *expected, enum dane_result result)
{
	if (is_text(expected, "result", "authenticated"))
		assert_int_equal(result, DANE_RESULT_MATCH);
	else if (is_text(expected, "result", "unauthenticated-tls-required"))
		assert_int_equal(result, DANE_RESULT_UNUSABLE);
	else if (is_text(expected, "error", "no matching DANE TLSA records"))
		assert_int_equal(result, DANE_RESULT_NO_MATCH);
	else if (is_text(expected, "error", "certificate has expired"))
		assert_int_equal(result, DANE_RESULT_EXPIRED);
	else if (is_text(expected, "error", "hostname mismatch"))
		assert_int_equal(result, DANE_RESULT_NAME_MISMATCH);
	else
		assert_int_equal(result, DANE_RESULT_NOT_TRUSTED);
}

static void check_vector(json_t *line, void *context)
{
	const json_t *input = json_object_get(line, "input");
	struct dns_tlsa items[RECORDS_MAX];
	struct dane_records records;
	struct span_list paths = {0}, names;
	struct chain chain;
	struct arena arena;
	struct certificate_source files = {.context = &arena, .find = find_file};
	const json_t *chain_paths = json_object_get(input, "chain");

	/* Without TLS, or where the DNS leaves nothing to verify, the records are not asked. */
	if (!json_is_true(json_object_get(input, "tls")) ||
	    !is_text(input, "tlsa_status", "secure"))
		return;
	++*(size_t *)context;
	arena_init(&arena, ARENA_CAP_BYTES);
	print_message("%s\n", json_string_value(json_object_get(line, "name")));
	for (size_t i = 0; i < json_array_size(chain_paths); i++)
		assert_true(arena_append(
			&arena, &paths,
			arena_printf(&arena, "vectors/%s",
				     json_string_value(json_array_get(chain_paths, i)))));
	names = corpus_list(&arena, json_object_get(input, "reference_names"));
	records = read_records(&arena, items, json_object_get(input, "tlsa"));
	chain = chain_load(&files, paths);
	check_result(json_object_get(line, "expected"),
		     dane_verify(&chain, records, names,
				 time_ms(json_string_value(json_object_get(input, "at")))));
	chain_free(&chain);
	arena_free(&arena);
}

static void test_corpus(void **state)
{
	size_t checked = 0;

	(void)state;
	if (corpus_folder() == NULL)
		skip();
	assert_int_equal(corpus_lines("vectors/dane.jsonl", check_vector, &checked), 37);
	assert_true(checked > 25);
}

static void test_without_chain(void **state)
{
	static const uint8_t digest[32] = {1};
	const struct dns_tlsa usable = {3, 1, 1, {digest, sizeof(digest)}};
	const struct dns_tlsa pkix = {1, 1, 1, {digest, sizeof(digest)}};
	const struct dns_tlsa no_certificate = {3, 0, 0, {digest, sizeof(digest)}};
	struct span name = span_text("mx.example");
	struct span_list names = {&name, 1};
	const struct chain none = {.state = CHAIN_NONE}, missing = {.state = CHAIN_MISSING};

	(void)state;
	assert_int_equal(dane_verify(&none, (struct dane_records){&usable, 1}, names, 0),
			 DANE_RESULT_NO_MATCH);
	assert_int_equal(dane_verify(&missing, (struct dane_records){&usable, 1}, names, 0),
			 DANE_RESULT_UNKNOWN);
	assert_int_equal(dane_verify(&missing, (struct dane_records){&pkix, 1}, names, 0),
			 DANE_RESULT_UNUSABLE);
	assert_int_equal(dane_verify(&none, (struct dane_records){&no_certificate, 1}, names, 0),
			 DANE_RESULT_UNUSABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_without_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
