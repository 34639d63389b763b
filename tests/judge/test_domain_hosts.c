/*
 * A domain joined with its hosts: the match with the policy, and what each host is for this domain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/judge/helper_scene.h"

static int set_up(void **state)
{
	*state = scene_new();
	return 0;
}

static int tear_down(void **state)
{
	scene_end(*state);
	return 0;
}

#define POLICY(mode, mx) "version: STSv1\r\nmode: " mode "\r\nmax_age: 604800\r\n" mx

static void test_match(void **state)
{
	static const struct {
		const char *body;
		enum match match;
		enum mismatch mismatch;
		size_t notes;
		enum flag first, second;
	} cases[] = {
		{POLICY("enforce", "mx: *.example.com\r\n"), MATCH_ALL, MISMATCH_NULL, 0, FLAG_TRUE,
		 FLAG_TRUE},
		{POLICY("enforce", "mx: mx.example.com\r\n"), MATCH_SOME, MISMATCH_NULL, 0,
		 FLAG_TRUE, FLAG_FALSE},
		{POLICY("enforce", "mx: mx.example.com\r\nmx: *.mx2.example.com\r\n"), MATCH_SOME,
		 MISMATCH_NULL, 1, FLAG_TRUE, FLAG_FALSE},
		{POLICY("testing", "mx: mx.example.org\r\n"), MATCH_NONE, MISMATCH_TLD, 0,
		 FLAG_FALSE, FLAG_FALSE},
		{POLICY("none", "mx: mta-sts.example.com\r\n"), MATCH_NONE, MISMATCH_PARTIAL, 1,
		 FLAG_FALSE, FLAG_FALSE},
		{POLICY("none", ""), MATCH_NULL, MISMATCH_NULL, 0, FLAG_NULL, FLAG_NULL},
		/* Only lenient: the good ones stand. */
		{POLICY("enforce", "mx: a@b.c\r\nmx: *.example.com\r\n"), MATCH_ALL, MISMATCH_NULL,
		 0, FLAG_TRUE, FLAG_TRUE},
		/* In no reading: there is no policy to match. */
		{POLICY("whatever", "mx: *.example.com\r\n"), MATCH_NULL, MISMATCH_NULL, 0,
		 FLAG_NULL, FLAG_NULL},
	};
	struct scene *scene = *state;
	const struct domain_record *domain = &scene->domain;

	(void)scene_add_host(scene, "mx2.example.com");
	scene_add_mx(scene, "mx2.example.com");
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		print_message("%zu\n", i);
		scene_body(scene, cases[i].body);
		scene_judge(scene);
		assert_int_equal(domain->match, cases[i].match);
		assert_int_equal(domain->mismatch, cases[i].mismatch);
		assert_int_equal(domain->mismatch_notes.count, cases[i].notes);
		assert_int_equal(domain->hosts.items[0].policy_match, cases[i].first);
		assert_int_equal(domain->hosts.items[1].policy_match, cases[i].second);
	}
}

static void test_host_fields(void **state)
{
	struct scene *scene = *state;
	struct host_record *host = &scene->hosts[0];
	const struct domain_host *joined;

	(void)scene_add_address(scene, host, "2001:db8::1");
	host->addresses.items[1].tls.version = span_text("TLSv1.2");
	scene_judge(scene);
	joined = &scene->domain.hosts.items[0];
	assert_true(span_equal(joined->host, span_text("mx.example.com")));
	assert_int_equal(joined->preference, 10);
	assert_true(span_equal(joined->provider, span_text("example.com")));
	assert_true(span_equal(joined->tls_version, span_text("TLSv1.2")));
	assert_true(span_equal(joined->probe, span_text("mx.example.com")));
	assert_int_equal(joined->shared_probe, FLAG_FALSE);
	assert_int_equal(joined->starttls, STARTTLS_OFFERED);
}

static void test_host_not_gathered(void **state)
{
	struct scene *scene = *state;
	const struct domain_host *joined;

	scene->hosts_count = 0;
	scene_judge(scene);
	joined = &scene->domain.hosts.items[0];
	assert_int_equal(joined->result, HOST_RESULT_UNKNOWN);
	assert_true(span_equal(joined->detail, span_text("not-gathered")));
	assert_int_equal(joined->dane, DANE_UNKNOWN);
	assert_int_equal(joined->starttls, STARTTLS_UNKNOWN);
	assert_int_equal(joined->policy_match, FLAG_TRUE);
	assert_int_equal(joined->delivery, HOST_DELIVERY_UNKNOWN);
	assert_int_equal(joined->shared_probe, FLAG_NULL);
	assert_true(span_is_null(joined->probe));
}

/* RFC 7505 among others: the root is no host, the others stay. */
static void test_invalid_null(void **state)
{
	struct scene *scene = *state;

	scene_add_mx(scene, ".");
	scene->domain.mx.kind = MX_KIND_INVALID_NULL;
	scene_judge(scene);
	assert_int_equal(scene->domain.hosts.count, 1);
	assert_int_equal(scene->domain.match, MATCH_ALL);
	assert_int_equal(scene->domain.verdict.delivery, DELIVERY_PROTECTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_match),
		TEST(test_host_fields),
		TEST(test_host_not_gathered),
		TEST(test_invalid_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
