/* From MX records to hosts: order, doubles, null MX, caps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/mx_hosts.h"

enum { RECORDS_MOST = 4, HOSTS_MAX = 3 };

struct row {
	struct dns_mx records[RECORDS_MOST];
	enum mx_kind kind;
	const char *hosts[HOSTS_MAX];
	int64_t preferences[HOSTS_MAX];
	bool whole;
};

#define MX(preference, host) \
	{ \
		{(const uint8_t *)(host), sizeof(host) - 1}, preference \
	}

static const struct row rows[] = {
	{{MX(10, "a.example")}, MX_KIND_EXPLICIT, {"a.example"}, {10}, true},
	{{MX(20, "a.example"), MX(10, "b.example")},
	 MX_KIND_EXPLICIT,
	 {"b.example", "a.example"},
	 {10, 20},
	 true},
	{{MX(10, "B.example"), MX(10, "a.EXAMPLE.")},
	 MX_KIND_EXPLICIT,
	 {"a.example", "b.example"},
	 {10, 10},
	 true},
	/* Twice the same host: its best preference counts. */
	{{MX(30, "a.example"), MX(10, "A.example."), MX(20, "b.example")},
	 MX_KIND_EXPLICIT,
	 {"a.example", "b.example"},
	 {10, 20},
	 true},
	{{MX(0, ".")}, MX_KIND_NULL_MX, {"."}, {0}, true},
	{{MX(99, ".")}, MX_KIND_NULL_MX, {"."}, {99}, true},
	{{MX(0, "."), MX(10, "a.example")},
	 MX_KIND_INVALID_NULL,
	 {".", "a.example"},
	 {0, 10},
	 true},
	/* Two records, so it is no null MX, though both say the same. */
	{{MX(0, "."), MX(10, ".")}, MX_KIND_INVALID_NULL, {"."}, {0}, true},
	{{MX(4, "d.example"), MX(3, "c.example"), MX(2, "b.example"), MX(1, "a.example")},
	 MX_KIND_EXPLICIT,
	 {"a.example", "b.example", "c.example"},
	 {1, 2, 3},
	 false},
};

static void check_row(struct arena *arena, const struct row *row)
{
	struct dns_mx records[RECORDS_MOST];
	struct dns_answer answer = {.mx = records};
	struct mx mx = {0};
	size_t hosts = 0;

	memcpy(records, row->records, sizeof(records));
	while (answer.mx_count < RECORDS_MOST && records[answer.mx_count].host.data != NULL)
		answer.mx_count++;
	assert_int_equal(mx_hosts_fill(arena, &answer, HOSTS_MAX, &mx), row->whole);
	assert_int_equal(mx.kind, row->kind);
	for (; hosts < HOSTS_MAX && row->hosts[hosts] != NULL; hosts++) {
		assert_true(hosts < mx.hosts.count);
		assert_true(span_equal(mx.hosts.items[hosts].host, span_text(row->hosts[hosts])));
		assert_int_equal(mx.hosts.items[hosts].preference, row->preferences[hosts]);
	}
	assert_int_equal(mx.hosts.count, hosts);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct arena arena;

		arena_init(&arena, 1 << 16);
		check_row(&arena, &rows[i]);
		arena_free(&arena);
	}
}

static void test_implicit(void **state)
{
	struct arena arena;
	struct mx mx = {0};

	(void)state;
	arena_init(&arena, 1 << 16);
	assert_true(mx_hosts_fill_implicit(&arena, span_text("example.com"), &mx));
	assert_int_equal(mx.kind, MX_KIND_IMPLICIT);
	assert_int_equal(mx.hosts.count, 1);
	assert_int_equal(mx.hosts.items[0].preference, 0);
	arena_free(&arena);
}

static void test_no_memory(void **state)
{
	struct dns_mx records[] = {MX(1, "a.example")};
	struct dns_answer answer = {.mx = records, .mx_count = 1};
	struct arena arena;
	struct mx mx = {0};

	(void)state;
	arena_init(&arena, 16);
	assert_false(mx_hosts_fill(&arena, &answer, HOSTS_MAX, &mx));
	assert_int_equal(mx.kind, MX_KIND_EXPLICIT);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_implicit),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
