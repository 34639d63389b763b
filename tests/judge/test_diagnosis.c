/* Findings: each is found where it should be, and nothing is found in good health. */
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

static void expect(struct scene *scene, const char *code)
{
	scene_judge(scene);
	print_message("%s\n", code);
	assert_true(scene_has_finding(scene, code));
}

static void test_records(void **state)
{
	static const struct {
		const char *txt;
		const char *code;
	} sts[] =
		{
			{"v=STSv2; id=a", "sts.record.bad-version"},
			{"v=STSv1;", "sts.record.missing-id"},
			{"v=STSv1; id=a-b", "sts.record.bad-id"},
			{"v=STSv1; id=a; x", "sts.record.bad-extension"},
			{"v=STSv1; id=a;;", "sts.record.bad-syntax"},
			{"v=STSv1; id=\xc3\xa4", "sts.record.not-ascii"},
			{"v=STSv1; id=a; id=b", "sts.record.duplicate-id"},
		},
	  tlsrpt[] = {
		  {"v=TLSRPTv2; rua=mailto:a@b", "tlsrpt.record.bad-version"},
		  {"v=TLSRPTv1;", "tlsrpt.record.missing-rua"},
		  {"v=TLSRPTv1; rua=a@b", "tlsrpt.record.bad-rua"},
		  {"v=TLSRPTv1; rua=ftp://b", "tlsrpt.record.bad-scheme"},
		  {"v=TLSRPTv1; rua=mailto:a@b; x", "tlsrpt.record.bad-extension"},
		  {"v=TLSRPTv1; rua=mailto:a@b;;", "tlsrpt.record.bad-syntax"},
		  {"v=TLSRPTv1; rua=mailto:\xc3\xa4@b", "tlsrpt.record.not-ascii"},
		  {NULL, "tlsrpt.record.absent"},
	  };
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(sts); i++) {
		scene_txt(scene, &scene->domain.sts.record.txt, sts[i].txt);
		expect(scene, sts[i].code);
	}
	scene_txt(scene, &scene->domain.sts.record.txt, "v=STSv1; id=a");
	for (size_t i = 0; i < ARRAY_LENGTH(tlsrpt); i++) {
		scene_txt(scene, &scene->domain.tlsrpt.txt, tlsrpt[i].txt);
		expect(scene, tlsrpt[i].code);
	}
	scene->domain.sts.record.lookup = scene->domain.tlsrpt.lookup = DNS_STATUS_TIMEOUT;
	expect(scene, "sts.record.unknown");
	expect(scene, "tlsrpt.record.unknown");
	scene->domain.sts.record.lookup = DNS_STATUS_NXDOMAIN;
	scene_txt(scene, &scene->domain.sts.record.cname, "left.example.net");
	expect(scene, "sts.delegation.dangling");
}

/* Every error of a policy has its finding, by stage and name, or is told as unknown. */
static void test_fetches(void **state)
{
	static const struct {
		enum stage stage;
		enum policy_error error;
		int64_t status;
		const char *code;
	} cases[] = {
		{STAGE_DNS, POLICY_ERROR_NXDOMAIN, -1, "policy.dns.nxdomain"},
		{STAGE_DNS, POLICY_ERROR_NODATA, -1, "policy.dns.nodata"},
		{STAGE_DNS, POLICY_ERROR_FORMERR, -1, "policy.dns.formerr"},
		{STAGE_DNS, POLICY_ERROR_NOTIMP, -1, "policy.dns.notimp"},
		{STAGE_DNS, POLICY_ERROR_BOGUS, -1, "policy.dns.bogus"},
		{STAGE_DNS, POLICY_ERROR_CNAME_LOOP, -1, "policy.dns.cname-loop"},
		{STAGE_DNS, POLICY_ERROR_SERVFAIL, -1, "policy.dns.unknown"},
		{STAGE_TCP, POLICY_ERROR_REFUSED, -1, "policy.tcp.refused"},
		{STAGE_TCP, POLICY_ERROR_TIMEOUT, -1, "policy.tcp.unknown"},
		{STAGE_TLS, POLICY_ERROR_ALERT, -1, "policy.tls.alert"},
		{STAGE_TLS, POLICY_ERROR_NO_CERTIFICATE, -1, "policy.tls.no-certificate"},
		{STAGE_TLS, POLICY_ERROR_PROTOCOL_VERSION, -1, "policy.tls.protocol-version"},
		{STAGE_TLS, POLICY_ERROR_PROTOCOL_ERROR, -1, "policy.tls.protocol-error"},
		{STAGE_TLS, POLICY_ERROR_RESET, -1, "policy.tls.unknown"},
		{STAGE_HTTP, POLICY_ERROR_STATUS, 404, "policy.http.status"},
		{STAGE_HTTP, POLICY_ERROR_REDIRECT, 301, "policy.http.redirect"},
		{STAGE_HTTP, POLICY_ERROR_PROTOCOL_ERROR, -1, "policy.http.protocol-error"},
		{STAGE_HTTP, POLICY_ERROR_TOO_LARGE, 200, "policy.http.too-large"},
		{STAGE_HTTP, POLICY_ERROR_STATUS, 503, "policy.http.unknown"},
	};
	struct scene *scene = *state;
	struct sts_policy *policy = &scene->domain.sts.policy;

	record_init(&schema_policy_tls, &policy->tls);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		policy->fetch.stage = cases[i].stage;
		policy->fetch.error = cases[i].error;
		policy->http_status = cases[i].status;
		expect(scene, cases[i].code);
	}
	policy->fetch.stage = STAGE_DNS;
	policy->fetch.error = POLICY_ERROR_NXDOMAIN;
	scene_txt(scene, &policy->cname, "left.example.net");
	expect(scene, "policy.delegation.dangling");
}

#define POLICY(mode, mx) "version: STSv1\r\nmode: " mode "\r\nmax_age: 604800\r\n" mx

static void test_policies(void **state)
{
	static const struct {
		const char *body;
		const char *code;
	} cases[] = {
		{"", "policy.syntax.empty"},
		{"\xff", "policy.syntax.not-utf8"},
		{"<html>", "policy.syntax.not-a-policy"},
		{"\xef\xbb\xbf" POLICY("none", ""), "policy.syntax.bom"},
		{POLICY("none", "\r\n"), "policy.syntax.bad-line"},
		{"mode: none\r\nmax_age: 604800\r\n", "policy.syntax.missing-version"},
		{"version: 1\r\nmode: none\r\nmax_age: 604800\r\n", "policy.syntax.bad-version"},
		{"version: STSv1\r\nmax_age: 604800\r\n", "policy.syntax.missing-mode"},
		{POLICY("on", ""), "policy.syntax.bad-mode"},
		{"version: STSv1\r\nmode: none\r\n", "policy.syntax.missing-max-age"},
		{"version: STSv1\r\nmode: none\r\nmax_age: x\r\n", "policy.syntax.bad-max-age"},
		{"version: STSv1\r\nmode: none\r\nmax_age: 99999999\r\n",
		 "policy.syntax.max-age-over-limit"},
		{POLICY("enforce", ""), "policy.syntax.missing-mx"},
		{POLICY("enforce", "mx: .\r\n"), "policy.syntax.bad-mx"},
		{"version: STSv1\r\nmode: none\r\nmax_age: 0\r\n", "policy.note.max-age-short"},
		{POLICY("none", "mode: none\r\n"), "policy.note.duplicate-field"},
		{POLICY("none", ""), "policy.mode.none"},
		{POLICY("testing", "mx: mx.example.com\r\n"), "policy.mode.ready-for-enforce"},
		{POLICY("testing", "mx: mx.example.org\r\n"), "policy.mode.testing"},
		{POLICY("enforce", "mx: mx.example.org\r\n"), "mx.match.none"},
		{POLICY("enforce", "mx: mx.example.org\r\n"), "mx.match.tld"},
		{POLICY("enforce", "mx: mx.exampel.com\r\n"), "mx.match.typo"},
		{POLICY("enforce", "mx: mta-sts.example.com\r\n"), "mx.match.label-mta-sts"},
		{POLICY("enforce", "mx: *.mx.example.com\r\n"), "mx.match.wildcard-parent"},
		{POLICY("enforce", "mx: *.com\r\n"), "mx.match.wildcard-depth"},
		{POLICY("enforce", "mx: mx.example.org\r\n"), "delivery.domain.refused"},
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		scene_body(scene, cases[i].body);
		expect(scene, cases[i].code);
	}
	scene->domain.sts.policy.content_type = span_text("text/html");
	expect(scene, "policy.note.content-type");
}

static void test_mx(void **state)
{
	struct scene *scene = *state;
	struct host_record *second = scene_add_host(scene, "mx2.example.com");

	scene_add_mx(scene, "mx2.example.com");
	expect(scene, "mx.match.some");
	second->lookup_aaaa = DNS_STATUS_NODATA;
	expect(scene, "mx.host.without-ipv6");
	scene_txt(scene, &second->cname, "other.example.com");
	expect(scene, "mx.host.cname");
	(void)scene_add_address(scene, second, "192.0.2.9");
	scene_plain(&second->addresses.items[0]);
	expect(scene, "mx.host.addresses-differ");
	expect(scene, "mx.starttls.absent");
	second->addresses.items[0].starttls = STARTTLS_STRIPPED;
	expect(scene, "mx.starttls.stripped");
	scene_silent(&second->addresses.items[0], STAGE_STARTTLS, OUTCOME_REFUSED);
	second->addresses.items[0].starttls = STARTTLS_OFFERED;
	expect(scene, "mx.starttls.refused");
	second->addresses.count = 1;
	scene_silent(&second->addresses.items[0], STAGE_TLS, OUTCOME_ALERT);
	expect(scene, "mx.tls.handshake");
	scene_silent(&second->addresses.items[0], STAGE_TCP, OUTCOME_TIMEOUT);
	expect(scene, "mx.host.unanswered");
	second->addresses.count = 0;
	second->lookup_a = DNS_STATUS_NODATA;
	expect(scene, "mx.host.no-address");
	scene->domain.mx.kind = MX_KIND_INVALID_NULL;
	expect(scene, "mx.null.among-others");
	scene->domain.mx.hosts.count = 0;
	scene->domain.mx.kind = MX_KIND_NONE;
	expect(scene, "mx.dns.none");
	scene->domain.mx.kind = MX_KIND_UNKNOWN;
	expect(scene, "mx.dns.unknown");
}

static void test_certificates(void **state)
{
	struct scene *scene = *state;
	int64_t year_ms = 365 * PKI_DAY_MS;

	/* 14 days are not soon, a moment less is. */
	scene->hosts[0].addresses.items[0].started = PKI_NOW_MS + year_ms - 14 * PKI_DAY_MS;
	scene_judge(scene);
	assert_int_equal(scene->domain.findings.count, 0);
	scene->hosts[0].addresses.items[0].started++;
	expect(scene, "certificate.expires-soon");
	scene->hosts[0].addresses.items[0].started = PKI_NOW_MS;
	scene->domain.sts.policy.started = PKI_NOW_MS + year_ms - PKI_DAY_MS;
	expect(scene, "certificate.expires-soon");
	scene->domain.sts.policy.started = PKI_NOW_MS + year_ms;
	expect(scene, "policy.tls.expired");
	assert_false(scene_has_finding(scene, "certificate.expires-soon"));
	scene->hosts[0].addresses.items[0].started += 2 * year_ms;
	expect(scene, "mx.tls.expired");
}

static void test_dane(void **state)
{
	struct scene *scene = *state;
	struct host_record *host = &scene->hosts[0];

	scene_tlsa(scene, host, "3 0 1", false);
	expect(scene, "dane.tlsa.invalid");
	host->tlsa.records = (struct span_list){0};
	scene_tlsa(scene, host, "1 0 1", false);
	expect(scene, "dane.tlsa.unusable");
	host->tlsa.status = DNS_STATUS_TIMEOUT;
	expect(scene, "dane.tlsa.unknown");
	host->tlsa.status = DNS_STATUS_BOGUS;
	expect(scene, "dane.dnssec.invalid");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/*
 * With --stages dns there are MX hosts and no evidence of them: nothing was found out, so nothing
 * is told.
 */
static void test_hosts_that_were_not_looked_at(void **state)
{
	struct scene *scene = *state;

	scene_add_mx(scene, "left-out.example");
	scene_judge(scene);
	assert_false(scene_has_finding(scene, "mx.host.unanswered"));
	assert_false(scene_has_finding(scene, "dane.tlsa.unknown"));
	assert_int_equal(scene->domain.verdict.delivery, DELIVERY_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hosts_that_were_not_looked_at),
		TEST(test_records),
		TEST(test_fetches),
		TEST(test_policies),
		TEST(test_mx),
		TEST(test_certificates),
		TEST(test_dane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
