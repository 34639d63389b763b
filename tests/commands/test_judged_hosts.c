/*
 * What was added is found again, whatever order is asked in and however many there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "commands/judged_hosts.h"

/* More than are cached, and more than one buffer of the file. */
enum { HOSTS_COUNT = 5000, ARENA_BYTES = 1 << 20 };

static struct span name_of(struct arena *arena, int n)
{
	return arena_printf(arena, "mx%d.example", n);
}

static struct host_record *host_of(struct arena *arena, int n)
{
	struct host_record *host = record_new(arena, &schema_host_record);
	struct host_address *address;

	assert_non_null(host);
	host->host = name_of(arena, n);
	host->started = n;
	host->result = n % 2 == 0 ? HOST_RESULT_SUCCESS : HOST_RESULT_UNKNOWN;
	address = record_append(arena, &schema_host_address, &host->addresses);
	assert_non_null(address);
	address->banner = arena_printf(arena, "%0*d", n % 600, n);
	return host;
}

static void assert_found(struct judged_hosts *hosts, struct arena *arena, int n)
{
	struct output_error error = {0};
	struct host_record *want = host_of(arena, n);
	const struct host_record *found = judged_hosts_find(hosts, want->host, &error);

	assert_int_equal(error.code, 0);
	assert_non_null(found);
	assert_true(span_equal(found->host, want->host));
	assert_int_equal(found->started, n);
	assert_int_equal(found->result, want->result);
	assert_int_equal(found->addresses.count, 1);
	assert_true(span_equal(found->addresses.items[0].banner, want->addresses.items[0].banner));
}

static void test_add_and_find(void **state)
{
	struct output_error error = {0};
	struct judged_hosts *hosts = judged_hosts_new("/tmp", &error);
	struct arena arena;

	(void)state;
	assert_non_null(hosts);
	arena_init(&arena, ARENA_BYTES);
	for (int n = 0; n < HOSTS_COUNT; n++) {
		arena_reset(&arena);
		assert_null(judged_hosts_find(hosts, name_of(&arena, n), &error));
		assert_true(judged_hosts_add(hosts, host_of(&arena, n), &error));
		/* Also while part of the file is still in memory. */
		if (n % 997 == 0)
			assert_found(hosts, &arena, n / 2);
	}
	for (int n = 0; n < HOSTS_COUNT; n++) {
		arena_reset(&arena);
		assert_found(hosts, &arena, (n * 7919) % HOSTS_COUNT);
		assert_found(hosts, &arena, 3);
	}
	assert_null(judged_hosts_find(hosts, span_text("other.example"), &error));
	assert_int_equal(error.code, 0);
	arena_free(&arena);
	judged_hosts_free(hosts);
}

static void test_folder_that_is_none(void **state)
{
	struct output_error error = {0};

	(void)state;
	assert_null(judged_hosts_new("/nonexistent", &error));
	assert_int_not_equal(error.code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_find),
		cmocka_unit_test(test_folder_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
