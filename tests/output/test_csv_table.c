/* CSV tables, read by libcsv's parser: their cells say what JSON says, and lists of maps are tables
 * of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <csv.h>
#include <jansson.h>
#include <stdio.h>

#include "output/csv_table.h"
#include "output/encode.h"
#include "output/text.h"
#include "tests/output/helper_record.h"

enum { SEEDS = 13, COLUMNS_MOST = 128, LINES_MOST = 16, BYTES_MOST = 4096 };

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, HELPER_ARENA_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* --- parsed CSV ------------------------------------------------------------------------------ */

struct sheet {
	struct span cells[LINES_MOST][COLUMNS_MOST]; /* no value: unquoted and empty */
	size_t columns[LINES_MOST];
	size_t lines;
};

static void take_cell(void *data, size_t len, void *context)
{
	struct sheet *sheet = context;

	assert_true(sheet->lines < LINES_MOST && sheet->columns[sheet->lines] < COLUMNS_MOST);
	sheet->cells[sheet->lines][sheet->columns[sheet->lines]++] =
		data == NULL ? (struct span){0} : arena_copy(&arena, span_of(data, len));
}

static void take_line(int end, void *context)
{
	struct sheet *sheet = context;

	(void)end;
	sheet->lines++;
}

static struct sheet *parse(const struct csv_table *table, const void *record, size_t *rows)
{
	struct sheet *sheet = arena_alloc(&arena, sizeof(*sheet));
	struct csv_parser parser;
	struct buffer buffer = {0};

	csv_table_header(&buffer, table);
	*rows = csv_table_rows(&buffer, table, record);
	assert_false(buffer.failed);
	assert_int_equal(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL), 0);
	assert_int_equal(csv_parse(&parser, buffer.data, buffer.len, take_cell, take_line, sheet),
			 buffer.len);
	assert_int_equal(csv_fini(&parser, take_cell, take_line, sheet), 0);
	csv_free(&parser);
	buffer_free(&buffer);
	assert_int_equal(sheet->lines, *rows + 1);
	for (size_t line = 0; line < sheet->lines; line++)
		assert_int_equal(sheet->columns[line], sheet->columns[0]);
	return sheet;
}

/* --- what a cell must be, by JSON ------------------------------------------------------------ */

/* A value's text before it is escaped; the b64 variant of a TEXT is shown as valid text. */
static struct span scalar_text(const json_t *value)
{
	if (json_is_integer(value))
		return arena_printf(&arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (json_is_boolean(value))
		return span_text(json_is_true(value) ? "true" : "false");
	return span_of(json_string_value(value), json_string_length(value));
}

static struct span list_text(const json_t *list)
{
	struct buffer joined = {0};
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		struct span text = scalar_text(item);

		if (i > 0)
			buffer_append_byte(&joined, ';');
		for (size_t n = 0; n < text.len; n++) {
			if (text.data[n] == ';' || text.data[n] == '\\')
				buffer_append_byte(&joined, '\\');
			buffer_append_byte(&joined, text.data[n]);
		}
	}
	struct span copy =
		arena_copy(&arena, joined.len == 0 ? span_of("", 0) : buffer_span(&joined));

	buffer_free(&joined);
	return copy;
}

static struct span expected_cell(const json_t *value)
{
	if (value == NULL || json_is_null(value))
		return (struct span){0};
	if (json_is_array(value))
		return json_array_size(value) == 0 ? (struct span){0} : list_text(value);
	return scalar_text(value);
}

/* The value of a dotted name; NULL where a map on the way is null. */
static const json_t *value_at(const json_t *json, struct span name)
{
	while (name.len > 0) {
		size_t dot = span_find(name, '.');

		json = json_object_getn(json, (const char *)name.data, dot);
		name = span_skip(name, dot + 1);
	}
	return json;
}

/* TEXTs that are not valid have no column of their own in CSV, so JSON does not say what the cell
 * holds. */
static bool is_invalid_text(const json_t *json, const struct sheet *sheet, size_t column)
{
	struct span name = sheet->cells[0][column];
	struct span base64 = arena_printf(&arena, "%.*s_b64", (int)name.len, name.data);

	if (value_at(json, base64) == NULL)
		return false;
	return column + 1 == sheet->columns[0] || !span_equal(sheet->cells[0][column + 1], base64);
}

static void assert_line_says(const struct sheet *sheet, size_t line, size_t first_column,
			     const json_t *json)
{
	for (size_t column = first_column; column < sheet->columns[0]; column++) {
		struct span cell = sheet->cells[line][column];

		if (is_invalid_text(json, sheet, column)) {
			assert_true(span_is_utf8(cell));
			assert_true(cell.len > 0 && memmem(cell.data, cell.len, "\\x", 2) != NULL);
			continue;
		}
		struct span expected = expected_cell(value_at(json, sheet->cells[0][column]));

		if (!span_equal(cell, expected))
			fail_msg("%.*s is \"%.*s\", not \"%.*s\"", (int)sheet->cells[0][column].len,
				 sheet->cells[0][column].data, (int)cell.len, cell.data,
				 (int)expected.len, expected.data);
	}
}

static json_t *json_of(const struct schema *schema, const void *record)
{
	struct buffer buffer = {0};

	encode_record(&buffer, schema, record, VIEW_FINAL, OUTPUT_JSONL, NULL);
	json_t *json = json_loadb((const char *)buffer.data, buffer.len, 0, NULL);

	assert_non_null(json);
	buffer_free(&buffer);
	return json;
}

static void assert_tables_say(const struct schema *schema, const char *name, const void *record)
{
	struct csv_tables tables = csv_tables_new(&arena, schema, "main", name, NULL);
	json_t *json = json_of(schema, record);
	size_t rows;

	assert_non_null(tables.items);
	assert_string_equal(csv_table_name(tables.items[0]), "main");
	assert_line_says(parse(tables.items[0], record, &rows), 1, 0, json);
	assert_int_equal(rows, 1);
	json_decref(json);
}

static void test_says_what_json_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < helper_schemas_count; i++) {
		for (unsigned seed = 0; seed < SEEDS; seed++) {
			const struct schema *schema = helper_schemas[i];

			assert_tables_say(schema, "x",
					  helper_record(&arena, schema, FILL_PLAIN, seed));
			assert_tables_say(schema, "x",
					  helper_record(&arena, schema, FILL_ODD, seed));
			assert_tables_say(schema, "x", record_new(&arena, schema));
			arena_reset(&arena);
		}
	}
}

/* --- tables of lists ------------------------------------------------------------------------- */

static const struct csv_table *find_table(struct csv_tables tables, const char *name)
{
	for (size_t i = 0; i < tables.count; i++) {
		if (strcmp(csv_table_name(tables.items[i]), name) == 0)
			return tables.items[i];
	}
	fail_msg("there is no table %s", name);
	return NULL;
}

static void assert_list_says(const struct schema *schema, const char *record_name,
			     const char *table_name, const char *path, size_t keys,
			     const void *record)
{
	struct csv_tables tables = csv_tables_new(&arena, schema, "main", record_name, NULL);
	json_t *json = json_of(schema, record);
	const json_t *list = value_at(json, span_text(path));
	size_t rows;
	const struct sheet *sheet = parse(find_table(tables, table_name), record, &rows);

	assert_int_equal(rows, json_array_size(list));
	assert_true(rows > 0);
	for (size_t i = 0; i < rows; i++) {
		for (size_t key = 0; key < keys; key++) {
			const json_t *value = value_at(json, sheet->cells[0][key]);

			if (value != NULL) /* NULL: a key that is no text */
				assert_true(
					span_equal(sheet->cells[i + 1][key], expected_cell(value)));
		}
		assert_line_says(sheet, i + 1, keys, json_array_get(list, i));
	}
	json_decref(json);
}

static void test_lists(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 2 * SEEDS; seed++) {
		enum helper_fill fill = seed < SEEDS ? FILL_PLAIN : FILL_ODD;
		const void *domain = helper_record(&arena, &schema_domain_record, fill, seed);
		const void *host = helper_record(&arena, &schema_host_record, fill, seed);

		assert_list_says(&schema_domain_record, "domain", "domain-hosts", "hosts", 2,
				 domain);
		assert_list_says(&schema_domain_record, "domain", "domain-mx-hosts", "mx.hosts", 2,
				 domain);
		assert_list_says(&schema_domain_record, "domain", "domain-verdict-predicted-report",
				 "verdict.predicted_report", 2, domain);
		assert_list_says(&schema_host_record, "host", "host-addresses", "addresses", 1,
				 host);
		arena_reset(&arena);
	}
}

static void test_empty_list_has_no_rows(void **state)
{
	struct csv_tables tables =
		csv_tables_new(&arena, &schema_host_record, "hosts", "host", NULL);
	size_t rows;

	(void)state;
	parse(find_table(tables, "host-addresses"), record_new(&arena, &schema_host_record), &rows);
	assert_int_equal(rows, 0);
	assert_int_equal(tables.count, 2); /* lookups are evidence only */
}

/* --- exact lines ----------------------------------------------------------------------------- */

static void assert_lines(const struct csv_table *table, const void *record, const char *expected)
{
	struct buffer buffer = {0};

	csv_table_header(&buffer, table);
	csv_table_rows(&buffer, table, record);
	buffer_append_byte(&buffer, '\0');
	assert_string_equal((const char *)buffer.data, expected);
	buffer_free(&buffer);
}

static void test_selection(void **state)
{
	static const char *paths[] = {"domain,sts.policy.mode", "tlsrpt.rua", "hosts.result"};
	static struct span rua[] = {{(const uint8_t *)"mailto:a;b\"c", 12},
				    {(const uint8_t *)"", 0}};
	struct domain_record *domain = record_new(&arena, &schema_domain_record);
	struct span unknown;
	const struct selection *selection =
		selection_new(&arena, &schema_domain_record, paths, 3, &unknown);
	struct csv_tables tables =
		csv_tables_new(&arena, &schema_domain_record, "domains", "domain", selection);

	(void)state;
	assert_int_equal(tables.count, 2);
	domain->index = 5;
	domain->domain = span_text("a.example");
	domain->sts.policy.mode = POLICY_MODE_ENFORCE;
	domain->tlsrpt.rua = (struct span_list){.items = rua, .count = 2};
	assert_lines(tables.items[0], domain,
		     "domain,sts.policy.mode,tlsrpt.rua,tlsrpt.rua_b64\n"
		     "\"a.example\",enforce,\"mailto:a\\;b\"\"c;\",\n");
	struct domain_host *host = record_append(&arena, &schema_domain_host, &domain->hosts);

	host->result = HOST_RESULT_SUCCESS;
	record_append(&arena, &schema_domain_host, &domain->hosts);
	assert_lines(tables.items[1], domain,
		     "index,domain,result\n5,\"a.example\",success\n5,\"a.example\",\n");
}

/* Null, empty text, empty list and a list of one empty text are told apart. */
static void test_empty(void **state)
{
	static struct span nothing[] = {{(const uint8_t *)"", 0}};
	static const char *paths[] = {"input,reason,sts.record.txt,sts.record.cname"};
	struct domain_record *domain = record_new(&arena, &schema_domain_record);
	struct span unknown;
	const struct selection *selection =
		selection_new(&arena, &schema_domain_record, paths, 1, &unknown);
	struct csv_tables tables =
		csv_tables_new(&arena, &schema_domain_record, "domains", "domain", selection);
	static const char header[] = "input,input_b64,reason,sts.record.txt,sts.record.txt_b64,"
				     "sts.record.cname\n";
	char expected[256];

	(void)state;
	snprintf(expected, sizeof(expected), "%s,,,,,\n", header);
	assert_lines(tables.items[0], domain, expected);
	domain->input = nothing[0];
	domain->reason = nothing[0];
	domain->sts.record.txt = (struct span_list){.items = nothing, .count = 1};
	domain->sts.record.cname = domain->sts.record.txt;
	snprintf(expected, sizeof(expected), "%s\"\",,\"\",\"\",,\"\"\n", header);
	assert_lines(tables.items[0], domain, expected);
	domain->input = span_of("\xff;", 2);
	domain->reason = span_of("\xff;\0", 3);
	snprintf(expected, sizeof(expected), "%s,\"/zs=\",\"\\xff;\\x00\",\"\",,\"\"\n", header);
	assert_lines(tables.items[0], domain, expected);
}

static void test_only_lists_chosen(void **state)
{
	static const char *paths[] = {"hosts"};
	struct domain_record *domain = record_new(&arena, &schema_domain_record);
	struct span unknown;
	const struct selection *selection =
		selection_new(&arena, &schema_domain_record, paths, 1, &unknown);
	struct csv_tables tables =
		csv_tables_new(&arena, &schema_domain_record, "domains", "domain", selection);

	(void)state;
	domain->index = 1;
	assert_lines(tables.items[0], domain, "index,domain\n1,\n");
}

static void test_over_cap(void **state)
{
	struct arena small;

	(void)state;
	for (size_t cap = 0; cap < 65536; cap += 1024) {
		arena_init(&small, cap);
		struct csv_tables tables =
			csv_tables_new(&small, &schema_domain_record, "domains", "domain", NULL);

		assert_int_equal(tables.items == NULL, small.exhausted);
		arena_free(&small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_says_what_json_says, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_list_has_no_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_selection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_lists_chosen, setup, teardown),
		cmocka_unit_test(test_over_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
