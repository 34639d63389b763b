/*
 * The stream gives each record once, after the last of its hosts, and explain prints it without
 * letting bytes from the network steer a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "commands/explain.h"
#include "commands/stream.h"

enum { ARENA_BYTES = 1 << 20, TAKEN_MAX = 8 };

struct bench {
	struct knowledge knowledge;
	struct limits limits;
	struct arena arena;
	struct stream *stream;
	int64_t taken[TAKEN_MAX]; /* indices, in the order in which they came */
	enum record_status statuses[TAKEN_MAX];
	size_t hosts_seen[TAKEN_MAX];
	size_t count;
	bool refuse;
};

static bool take(void *context, const struct domain_record *domain, const struct host_source *hosts)
{
	struct bench *bench = context;

	assert_true(bench->count < TAKEN_MAX);
	bench->taken[bench->count] = domain->index;
	bench->statuses[bench->count] = domain->status;
	for (size_t i = 0; i < domain->mx.hosts.count; i++) {
		if (hosts->find(hosts->context, domain->mx.hosts.items[i].host) != NULL)
			bench->hosts_seen[bench->count]++;
	}
	bench->count++;
	return !bench->refuse;
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct stream_settings settings = {.hosts_follow = true, .record = take};

	assert_non_null(bench);
	bench->limits = limits_defaults();
	arena_init(&bench->arena, ARENA_BYTES);
	bench->knowledge.settings.store = X509_STORE_new();
	bench->knowledge.settings.third_party_min = 50;
	bench->knowledge.settings.self_policy_max = 5;
	settings.knowledge = &bench->knowledge;
	settings.limits = &bench->limits;
	settings.context = bench;
	bench->stream = stream_new(&settings);
	assert_non_null(bench->stream);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	stream_free(bench->stream);
	X509_STORE_free(bench->knowledge.settings.store);
	arena_free(&bench->arena);
	free(bench);
	return 0;
}

static struct domain_record *domain_of(struct bench *bench, int64_t index, const char *first,
				       const char *second)
{
	struct domain_record *domain = record_new(&bench->arena, &schema_domain_record);
	const char *names[] = {first, second};

	assert_non_null(domain);
	domain->index = index;
	domain->domain = span_text("example.com");
	domain->status = RECORD_STATUS_COMPLETE;
	domain->mx.status = DNS_STATUS_NOERROR;
	domain->mx.kind = MX_KIND_EXPLICIT;
	domain->sts.record.lookup = DNS_STATUS_NXDOMAIN;
	domain->tlsrpt.lookup = DNS_STATUS_NXDOMAIN;
	for (size_t i = 0; i < ARRAY_LENGTH(names) && names[i] != NULL; i++) {
		struct mx_host *host =
			record_append(&bench->arena, &schema_mx_host, &domain->mx.hosts);

		assert_non_null(host);
		host->host = span_text(names[i]);
		host->preference = 10;
	}
	return domain;
}

static void give_domain(struct bench *bench, int64_t index, const char *first, const char *second)
{
	struct sink *sink = stream_sink(bench->stream);

	assert_true(sink->domain(sink, domain_of(bench, index, first, second)));
}

static bool give_host(struct bench *bench, const char *name)
{
	struct sink *sink = stream_sink(bench->stream);
	struct host_record *host = record_new(&bench->arena, &schema_host_record);

	assert_non_null(host);
	host->host = span_text(name);
	host->lookup_a = DNS_STATUS_NODATA;
	host->lookup_aaaa = DNS_STATUS_NODATA;
	return sink->host(sink, host);
}

static void test_waits_for_hosts(void **state)
{
	struct bench *bench = *state;

	give_domain(bench, 1, "a.example", "b.example");
	give_domain(bench, 2, "b.example", NULL);
	assert_int_equal(bench->count, 0);
	assert_true(give_host(bench, "b.example"));
	assert_int_equal(bench->count, 1);
	assert_int_equal(bench->taken[0], 2);
	assert_int_equal(bench->hosts_seen[0], 1);
	assert_true(give_host(bench, "a.example"));
	assert_int_equal(bench->count, 2);
	assert_int_equal(bench->taken[1], 1);
	assert_int_equal(bench->hosts_seen[1], 2);
	/* Known hosts are not waited for. */
	give_domain(bench, 3, "a.example", "b.example");
	assert_int_equal(bench->count, 3);
	assert_true(stream_finish(bench->stream));
	assert_int_equal(bench->count, 3);
}

static void test_null_mx_and_no_mx_go_out_at_once(void **state)
{
	struct bench *bench = *state;

	give_domain(bench, 1, ".", NULL);
	give_domain(bench, 2, NULL, NULL);
	assert_int_equal(bench->count, 2);
}

static void test_a_host_named_twice(void **state)
{
	struct bench *bench = *state;

	give_domain(bench, 1, "a.example", "a.example");
	assert_true(give_host(bench, "a.example"));
	assert_int_equal(bench->count, 1);
}

static void test_what_waits_at_the_end_is_partial(void **state)
{
	struct bench *bench = *state;

	give_domain(bench, 1, "a.example", NULL);
	assert_true(stream_finish(bench->stream));
	assert_int_equal(bench->count, 1);
	assert_int_equal(bench->statuses[0], RECORD_STATUS_PARTIAL);
	assert_int_equal(bench->hosts_seen[0], 0);
}

static void test_a_refusing_taker_stops_it(void **state)
{
	struct bench *bench = *state;

	bench->refuse = true;
	give_domain(bench, 1, "a.example", NULL);
	assert_false(give_host(bench, "a.example"));
	assert_false(stream_finish(bench->stream));
}

static const struct host_record *no_host(void *context, struct span host)
{
	(void)context;
	(void)host;
	return NULL;
}

static void test_explain_escapes(void **state)
{
	struct bench *bench = *state;
	struct domain_record *domain = domain_of(bench, 1, "a.example", NULL);
	struct host_source hosts = {.find = no_host};
	struct explain_settings settings = {.hosts = &hosts};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	domain->sts.record.state = PRESENCE_PRESENT;
	assert_true(arena_append(&bench->arena, &domain->sts.record.txt,
				 span_text("v=STSv1; \033]0;title\007\xc2\x9b"
					   "31m\xff")));
	explain_domain(out, &settings, domain);
	fclose(out);
	assert_null(memchr(text, '\033', len));
	assert_null(memchr(text, '\007', len));
	assert_non_null(strstr(text, "\\x1b]0;title\\x07"));
	/* One byte that is no UTF-8 makes all high bytes of that text escapes. */
	assert_non_null(strstr(text, "\\xc2\\x9b31m\\xff"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_waits_for_hosts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_null_mx_and_no_mx_go_out_at_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_host_named_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_waits_at_the_end_is_partial, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_refusing_taker_stops_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_explain_escapes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
