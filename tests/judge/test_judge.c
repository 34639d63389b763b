/* A whole domain, from evidence to verdict: health first, then one thing spoilt at a time. */
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

static void test_health(void **state)
{
	struct scene *scene = *state;
	const struct domain_record *domain = &scene->domain;

	scene_judge(scene);
	assert_int_equal(domain->sts.record.state, PRESENCE_PRESENT);
	assert_int_equal(domain->sts.record.strict, VALIDITY_VALID);
	assert_int_equal(domain->sts.policy.state, PRESENCE_PRESENT);
	assert_int_equal(domain->sts.policy.stage, STAGE_NULL);
	assert_int_equal(domain->sts.policy.mode, POLICY_MODE_ENFORCE);
	assert_int_equal(domain->sts.policy.notes.count, 0);
	assert_int_equal(domain->match, MATCH_ALL);
	assert_int_equal(domain->hosts.count, 1);
	assert_int_equal(domain->hosts.items[0].policy_match, FLAG_TRUE);
	assert_int_equal(domain->hosts.items[0].result, HOST_RESULT_SUCCESS);
	assert_int_equal(domain->hosts.items[0].dane, DANE_NONE);
	assert_int_equal(domain->hosts.items[0].delivery, HOST_DELIVERY_SECURE);
	assert_int_equal(domain->hosts.items[0].shared_probe, FLAG_FALSE);
	assert_int_equal(domain->verdict.sts, STS_VERDICT_ENFORCE);
	assert_int_equal(domain->verdict.dane, DANE_NONE);
	assert_int_equal(domain->verdict.delivery, DELIVERY_PROTECTED);
	assert_int_equal(domain->verdict.ready_for_enforce, TRISTATE_NULL);
	assert_int_equal(domain->verdict.categories.count, 0);
	assert_int_equal(domain->verdict.predicted_report.count, 0);
	assert_int_equal(domain->findings.count, 0);
	assert_int_equal(domain->verdict.judge_version, JUDGE_VERSION);
	assert_int_equal(domain->entities.mx.management, MANAGEMENT_UNCLASSIFIED);
	assert_int_equal(domain->entities.same_provider, FLAG_TRUE);
}

/* Judging again, over what was judged already, changes nothing. */
static void test_again(void **state)
{
	struct scene *scene = *state;
	size_t findings;

	scene_body(scene, "mode: testing\nmx: x.example.net\n");
	scene_plain(&scene->hosts[0].addresses.items[0]);
	scene_judge(scene);
	findings = scene->domain.findings.count;
	assert_true(findings > 0);
	scene_judge(scene);
	assert_int_equal(scene->domain.findings.count, findings);
	assert_int_equal(scene->domain.hosts.count, 1);
	assert_int_equal(scene->domain.verdict.categories.count, 1);
	assert_int_equal(scene->domain.verdict.predicted_report.count, 1);
}

static void test_not_scanned(void **state)
{
	struct scene *scene = *state;

	scene->domain.status = RECORD_STATUS_EXCLUDED;
	scene_judge(scene);
	assert_int_equal(scene->domain.verdict.sts, STS_VERDICT_NULL);
	assert_int_equal(scene->domain.verdict.delivery, DELIVERY_NULL);
	assert_true(record_is_null(&schema_verdict, &scene->domain.verdict));
}

static bool has_category(const struct scene *scene, enum category category)
{
	const struct word_list *list = &scene->domain.verdict.categories;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == (int)category)
			return true;
	return false;
}

static void test_categories(void **state)
{
	struct scene *scene = *state;
	struct domain_record *domain = &scene->domain;

	scene_txt(scene, &domain->sts.record.txt, "v=STSv1; id=2026-01-01");
	scene_body(scene, "version: STSv1\nmode: enforce\nmax_age: 86400\nmx: mx.example.net\n");
	scene->hosts[0].addresses.items[0].started += 1000 * PKI_DAY_MS;
	scene_judge(scene);
	assert_true(has_category(scene, CATEGORY_RECORD));
	assert_false(has_category(scene, CATEGORY_POLICY));
	assert_true(has_category(scene, CATEGORY_MX_CERTIFICATE));
	assert_true(has_category(scene, CATEGORY_INCONSISTENCY));
	/* What is unknown is not counted. */
	domain->sts.policy.fetch.stage = STAGE_TCP;
	domain->sts.policy.fetch.error = POLICY_ERROR_TIMEOUT;
	scene_judge(scene);
	assert_false(has_category(scene, CATEGORY_POLICY));
	domain->sts.policy.fetch.error = POLICY_ERROR_REFUSED;
	scene_judge(scene);
	assert_true(has_category(scene, CATEGORY_POLICY));
	/* Without a record, or without MX, nothing is counted. */
	domain->sts.record.lookup = DNS_STATUS_NXDOMAIN;
	scene_judge(scene);
	assert_int_equal(domain->verdict.categories.count, 0);
}

/* RFC 7672 2.2.1, MEASURES 12: the host is secure, the domain's DANE is insecure at best. */
static void test_dane_under_insecure_mx(void **state)
{
	struct scene *scene = *state;

	scene_tlsa(scene, &scene->hosts[0], "3 0 1", true);
	scene->domain.mx.secure = TRISTATE_NO;
	scene_judge(scene);
	assert_int_equal(scene->domain.hosts.items[0].dane, DANE_VALID);
	assert_int_equal(scene->domain.hosts.items[0].delivery, HOST_DELIVERY_SECURE);
	assert_int_equal(scene->domain.verdict.dane, DANE_INSECURE);
	assert_true(scene_has_finding(scene, "dane.mx.insecure"));
	scene->domain.mx.secure = TRISTATE_YES;
	scene_judge(scene);
	assert_int_equal(scene->domain.verdict.dane, DANE_VALID);
}

/* A host without any address is left out; one that was not gathered is unknown. */
static void test_hosts_without_address(void **state)
{
	struct scene *scene = *state;
	struct host_record *lost = scene_add_host(scene, "lost.example.com");

	lost->addresses = (struct host_address_list){0};
	lost->lookup_a = lost->lookup_aaaa = DNS_STATUS_NXDOMAIN;
	scene_add_mx(scene, "lost.example.com");
	scene_body(scene, "version: STSv1\r\nmode: enforce\r\nmx: *.example.com\r\n"
			  "max_age: 604800\r\n");
	scene_judge(scene);
	assert_int_equal(scene->domain.verdict.delivery, DELIVERY_PROTECTED);
	assert_int_equal(scene->domain.hosts.items[1].delivery, HOST_DELIVERY_NULL);
	assert_true(scene_has_finding(scene, "mx.host.no-address"));
	scene_add_mx(scene, "unheard-of.example.com");
	scene_judge(scene);
	assert_int_equal(scene->domain.hosts.items[2].result, HOST_RESULT_UNKNOWN);
	assert_int_equal(scene->domain.verdict.delivery, DELIVERY_UNKNOWN);
}

/* What the hosts that are not listed would add is not known, and what they cannot change is. */
static void test_hosts_left_out(void **state)
{
	struct scene *scene = *state;
	struct domain_record *domain = &scene->domain;

	domain->status = RECORD_STATUS_PARTIAL;
	domain->reason = span_text("mx-hosts-limit");
	scene_judge(scene);
	assert_int_equal(domain->match, MATCH_NULL);
	assert_int_equal(domain->hosts.items[0].policy_match, FLAG_TRUE);
	assert_int_equal(domain->verdict.dane, DANE_UNKNOWN);
	assert_int_equal(domain->verdict.delivery, DELIVERY_UNKNOWN);
	scene_body(scene, "version: STSv1\r\nmode: testing\r\nmx: mx.example.com\r\n"
			  "max_age: 604800\r\n");
	scene_judge(scene);
	assert_int_equal(domain->verdict.ready_for_enforce, TRISTATE_UNKNOWN);
	scene_body(scene, "version: STSv1\r\nmode: enforce\r\nmx: mx.example.net\r\n"
			  "max_age: 604800\r\n");
	scene_judge(scene);
	assert_int_equal(domain->match, MATCH_NULL);
	assert_int_equal(domain->mismatch, MISMATCH_NULL);
	assert_false(has_category(scene, CATEGORY_INCONSISTENCY));
	/*
	 * A host that DANE protects beside one that it does not: in part, whatever else there is.
	 */
	scene_add_mx(scene, "mx2.example.com");
	(void)scene_add_host(scene, "mx2.example.com");
	scene_tlsa(scene, &scene->hosts[0], "3 0 1", true);
	scene_judge(scene);
	assert_int_equal(domain->verdict.delivery, DELIVERY_PROTECTED_IN_PART);
	scene->hosts[0].tlsa.records = (struct span_list){0};
	scene_tlsa(scene, &scene->hosts[0], "3 0 1", false);
	scene_judge(scene);
	assert_int_equal(domain->verdict.dane, DANE_INVALID);
}

/* Without an answer to the MX lookup nothing is known of hosts. */
static void test_mx_unknown(void **state)
{
	struct scene *scene = *state;
	struct domain_record *domain = &scene->domain;

	domain->mx.kind = MX_KIND_UNKNOWN;
	domain->mx.hosts = (struct mx_host_list){0};
	scene_body(scene, "version: STSv1\r\nmode: testing\r\nmx: mx.example.com\r\n"
			  "max_age: 604800\r\n");
	scene_judge(scene);
	assert_int_equal(domain->verdict.dane, DANE_UNKNOWN);
	assert_int_equal(domain->verdict.delivery, DELIVERY_UNKNOWN);
	assert_int_equal(domain->verdict.ready_for_enforce, TRISTATE_UNKNOWN);
}

static void test_null_mx(void **state)
{
	struct scene *scene = *state;

	scene->domain.mx.kind = MX_KIND_NULL_MX;
	scene->domain.mx.hosts.items[0].host = span_text(".");
	scene_judge(scene);
	assert_int_equal(scene->domain.hosts.count, 0);
	assert_int_equal(scene->domain.match, MATCH_NULL);
	assert_int_equal(scene->domain.verdict.delivery, DELIVERY_NO_MAIL);
	assert_int_equal(scene->domain.verdict.dane, DANE_NULL);
	assert_true(scene_has_finding(scene, "mx.null.preference"));
}

static void test_testing(void **state)
{
	struct scene *scene = *state;

	scene_body(scene, "version: STSv1\r\nmode: testing\r\nmx: mx.example.com\r\n"
			  "max_age: 604800\r\n");
	scene_judge(scene);
	assert_int_equal(scene->domain.verdict.sts, STS_VERDICT_TESTING);
	assert_int_equal(scene->domain.verdict.delivery, DELIVERY_OPPORTUNISTIC);
	assert_int_equal(scene->domain.verdict.ready_for_enforce, TRISTATE_YES);
	scene_plain(&scene->hosts[0].addresses.items[0]);
	scene_judge(scene);
	assert_int_equal(scene->domain.verdict.delivery, DELIVERY_REPORTED);
	assert_int_equal(scene->domain.verdict.ready_for_enforce, TRISTATE_NO);
}

static void test_arena_cap(void **state)
{
	struct scene *scene = *state;
	struct arena small;

	arena_init(&small, 64);
	assert_false(judge_domain(scene->judge, &scene->pki->source, &scene->source, NULL, &small,
				  &scene->domain));
	arena_free(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_health, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_scanned, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_categories, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dane_under_insecure_mx, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hosts_without_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hosts_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mx_unknown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_null_mx, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_testing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arena_cap, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
