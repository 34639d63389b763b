/* Counting over a scan: each domain once, halves merge into the whole, order means nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "judge/census.h"

enum { ARENA_CAP_BYTES = 1 << 20 };

static const struct judge_settings settings = {.third_party_min = 50, .self_policy_max = 5};
static struct judge_settings with_psl;

/* Every host has one address, told from its first letter, so that names can share it. */
static const struct host_record *find_host(void *context, struct span name)
{
	static struct host_address address;
	static struct host_record record;
	struct arena *arena = context;

	address.address = arena_printf(arena, "192.0.2.%d", name.data[0]);
	record.addresses = (struct host_address_list){&address, 1};
	return &record;
}

static struct domain_record domain_with(struct arena *arena, const char *mx, const char *second_mx,
					const char *policy_cname, const char *ns)
{
	struct domain_record domain;
	const char *hosts[] = {mx, second_mx};

	record_init(&schema_domain_record, &domain);
	for (size_t i = 0; i < ARRAY_LENGTH(hosts) && hosts[i] != NULL; i++) {
		struct mx_host *host = record_append(arena, &schema_mx_host, &domain.mx.hosts);

		assert_non_null(host);
		host->host = span_text(hosts[i]);
	}
	if (policy_cname != NULL)
		assert_true(arena_append(arena, &domain.sts.policy.cname, span_text(policy_cname)));
	if (ns != NULL)
		assert_true(arena_append(arena, &domain.ns.hosts, span_text(ns)));
	return domain;
}

static void add(struct census *census, struct arena *arena, const struct domain_record *domain)
{
	const struct host_source hosts = {arena, find_host};

	assert_true(census_add(census, &with_psl, &hosts, domain));
}

static void test_counts(void **state)
{
	struct census *census = census_new();
	struct arena arena;
	struct domain_record domain;

	(void)state;
	arena_init(&arena, ARENA_CAP_BYTES);
	domain = domain_with(&arena, "a.big.com", "b.BIG.com", "x.policies.net", "ns.dns.org");
	add(census, &arena, &domain);
	domain = domain_with(&arena, "c.big.de", NULL, NULL, "ns2.dns.org");
	add(census, &arena, &domain);
	domain = domain_with(&arena, ".", "a.other.com", NULL, NULL);
	add(census, &arena, &domain);
	/* big.com and big.de are one; two hosts of one provider count the domain once. */
	assert_int_equal(census_domains_of_provider(census, ENTITY_KIND_MX, span_text("big")), 2);
	assert_int_equal(census_domains_of_provider(census, ENTITY_KIND_MX, span_text("other")), 1);
	assert_int_equal(
		census_domains_of_provider(census, ENTITY_KIND_POLICY, span_text("policies")), 1);
	assert_int_equal(census_domains_of_provider(census, ENTITY_KIND_DNS, span_text("dns")), 2);
	assert_int_equal(census_domains_of_provider(census, ENTITY_KIND_DNS, span_text("big")), 0);
	assert_int_equal(census_domains_of_address(census, ENTITY_KIND_MX, span_text("192.0.2.97")),
			 2);
	assert_int_equal(census_domains_of_address(census, ENTITY_KIND_MX, span_text("192.0.2.1")),
			 0);
	arena_free(&arena);
	census_free(census);
}

struct listed {
	char text[512];
};

static void list(void *context, const char *kind, struct span provider, enum provider_class class,
		 int64_t domains)
{
	struct listed *listed = context;
	size_t used = strlen(listed->text);

	(void)snprintf(listed->text + used, sizeof(listed->text) - used, "%s %.*s %d %lld\n", kind,
		       (int)provider.len, (const char *)provider.data, (int)class,
		       (long long)domains);
}

static void test_merge(void **state)
{
	static const char *const mx[] = {"a.big.de", "b.big.com", "mx.small.org", "a.big.com",
					 "mx.alone.net"};
	struct census *whole = census_new(), *halves[2] = {census_new(), census_new()};
	struct listed of_whole = {""}, of_halves = {""};
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA_CAP_BYTES);
	for (size_t i = 0; i < ARRAY_LENGTH(mx); i++) {
		struct domain_record domain = domain_with(&arena, mx[i], NULL, NULL, "ns.dns.org");

		add(whole, &arena, &domain);
		add(halves[i % 2], &arena, &domain);
	}
	assert_true(census_merge(halves[1], halves[0]));
	census_each(whole, list, &of_whole);
	census_each(halves[1], list, &of_halves);
	assert_string_equal(of_whole.text, "mx big.com 0 3\nmx alone.net 0 1\nmx small.org 0 1\n"
					   "dns dns.org 0 5\n");
	assert_string_equal(of_halves.text, of_whole.text);
	for (size_t i = 0; i < ARRAY_LENGTH(halves); i++)
		census_free(halves[i]);
	census_free(whole);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_merge),
	};

	with_psl = settings;
	with_psl.psl = psl_builtin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
