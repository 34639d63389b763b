/* The failure details that a reporting sender would send (RFC 8460 4.3). */
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

static void expect(struct scene *scene, enum report_policy_type type, enum host_result result,
		   const char *host, const char *reason)
{
	const struct predicted_failure_list *list = &scene->domain.verdict.predicted_report;

	scene_judge(scene);
	assert_int_equal(list->count, 1);
	assert_int_equal(list->items[0].policy_type, type);
	assert_int_equal(list->items[0].result_type, result);
	assert_true(span_equal(list->items[0].receiving_mx_hostname, span_text(host)));
	assert_true(span_equal(list->items[0].failure_reason_code, span_text(reason)));
}

static void expect_none(struct scene *scene)
{
	scene_judge(scene);
	assert_int_equal(scene->domain.verdict.predicted_report.count, 0);
}

static void test_policy(void **state)
{
	struct scene *scene = *state;
	struct sts_policy *policy = &scene->domain.sts.policy;

	policy->started += 1000 * PKI_DAY_MS;
	expect(scene, REPORT_POLICY_TYPE_STS, HOST_RESULT_STS_WEBPKI_INVALID, NULL, "expired");
	policy->started = PKI_NOW_MS;
	scene_body(scene, "no policy");
	expect(scene, REPORT_POLICY_TYPE_STS, HOST_RESULT_STS_POLICY_INVALID, NULL, "not-a-policy");
	policy->fetch.stage = STAGE_HTTP;
	policy->fetch.error = POLICY_ERROR_STATUS;
	policy->http_status = 404;
	expect(scene, REPORT_POLICY_TYPE_STS, HOST_RESULT_STS_POLICY_FETCH_ERROR, NULL, "status");
	policy->http_status = 503; /* not known: transient failures need not be reported */
	expect_none(scene);
	policy->http_status = 404;
	scene_txt(scene, &scene->domain.sts.record.txt, "v=STSv1; id=not-valid");
	expect_none(scene); /* RFC 8461 6: only where a valid TXT record is present */
}

static void test_hosts(void **state)
{
	struct scene *scene = *state;
	struct host_address *address = &scene->hosts[0].addresses.items[0];

	expect_none(scene);
	address->started += 1000 * PKI_DAY_MS;
	expect(scene, REPORT_POLICY_TYPE_STS, HOST_RESULT_CERTIFICATE_EXPIRED, "mx.example.com",
	       "expired");
	scene_plain(address);
	expect(scene, REPORT_POLICY_TYPE_STS, HOST_RESULT_STARTTLS_NOT_SUPPORTED, "mx.example.com",
	       NULL);
	scene_body(scene, "version: STSv1\nmode: none\nmax_age: 86400\nmx: mx.example.com\n");
	expect_none(scene);
	scene_body(scene, "version: STSv1\nmode: testing\nmax_age: 86400\nmx: mx.example.net\n");
	expect(scene, REPORT_POLICY_TYPE_STS, HOST_RESULT_VALIDATION_FAILURE, "mx.example.com",
	       "mx-mismatch");
	scene_silent(address, STAGE_TCP, OUTCOME_TIMEOUT);
	scene_body(scene, "version: STSv1\nmode: testing\nmax_age: 86400\nmx: mx.example.com\n");
	expect_none(scene);
}

/* DANE first: where it decides, the policy is not asked. */
static void test_dane(void **state)
{
	struct scene *scene = *state;
	struct host_record *host = &scene->hosts[0];

	scene_tlsa(scene, host, "3 0 1", false);
	expect(scene, REPORT_POLICY_TYPE_TLSA, HOST_RESULT_TLSA_INVALID, "mx.example.com", NULL);
	scene_plain(&host->addresses.items[0]);
	expect(scene, REPORT_POLICY_TYPE_TLSA, HOST_RESULT_STARTTLS_NOT_SUPPORTED, "mx.example.com",
	       NULL);
	host->tlsa.status = DNS_STATUS_BOGUS;
	expect(scene, REPORT_POLICY_TYPE_TLSA, HOST_RESULT_DNSSEC_INVALID, "mx.example.com", NULL);
	host->tlsa.status = DNS_STATUS_TIMEOUT;
	expect_none(scene);
}

static void test_dane_valid(void **state)
{
	struct scene *scene = *state;

	scene_tlsa(scene, &scene->hosts[0], "3 0 1", true);
	scene->hosts[0].addresses.items[0].started += 1000 * PKI_DAY_MS;
	expect_none(scene);
	scene->hosts[0].tlsa.records = (struct span_list){0};
	scene_tlsa(scene, &scene->hosts[0], "0 0 1", true);
	expect(scene, REPORT_POLICY_TYPE_STS, HOST_RESULT_CERTIFICATE_EXPIRED, "mx.example.com",
	       "expired");
	scene_plain(&scene->hosts[0].addresses.items[0]);
	scene->domain.sts.record.lookup = DNS_STATUS_NXDOMAIN;
	expect(scene, REPORT_POLICY_TYPE_TLSA, HOST_RESULT_STARTTLS_NOT_SUPPORTED, "mx.example.com",
	       NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_policy),
		TEST(test_hosts),
		TEST(test_dane),
		TEST(test_dane_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
