/*
 * One MX host: every way an address can end, and what several addresses come to (MEASURES 6 and
 * 12).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/host.h"
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

static struct host_record *judged(struct scene *scene)
{
	scene_judge(scene);
	return &scene->hosts[0];
}

static bool detail_is(const struct host_record *host, const char *text)
{
	return span_equal(host->detail, span_text(text));
}

static void test_health(void **state)
{
	const struct host_record *host = judged(*state);

	assert_int_equal(host->result, HOST_RESULT_SUCCESS);
	assert_true(span_is_null(host->detail));
	assert_int_equal(host->starttls, STARTTLS_OFFERED);
	assert_int_equal(host->addresses_differ, FLAG_FALSE);
	assert_int_equal(host->dane, DANE_NONE);
	assert_int_equal(host->addresses.items[0].pkix.result, PKIX_FAULT_NULL);
	assert_true(host->addresses.items[0].pkix.not_after > PKI_NOW_MS);
	assert_true(span_equal(host->provider, span_text("example.com")));
}

/* What ends a probe before TLS. */
static void test_without_tls(void **state)
{
	static const struct {
		enum stage stage;
		enum outcome outcome;
		enum starttls starttls;
		enum host_result result;
		const char *detail;
	} cases[] = {
		{STAGE_NULL, OUTCOME_SUCCESS, STARTTLS_ABSENT, HOST_RESULT_STARTTLS_NOT_SUPPORTED,
		 NULL},
		{STAGE_NULL, OUTCOME_SUCCESS, STARTTLS_STRIPPED, HOST_RESULT_STARTTLS_NOT_SUPPORTED,
		 "stripped"},
		{STAGE_STARTTLS, OUTCOME_REFUSED, STARTTLS_OFFERED,
		 HOST_RESULT_STARTTLS_NOT_SUPPORTED, "refused"},
		{STAGE_STARTTLS, OUTCOME_DEFERRED, STARTTLS_OFFERED, HOST_RESULT_UNKNOWN,
		 "deferred"},
		{STAGE_STARTTLS, OUTCOME_PROTOCOL_ERROR, STARTTLS_OFFERED,
		 HOST_RESULT_VALIDATION_FAILURE, "protocol-error"},
		{STAGE_TLS, OUTCOME_ALERT, STARTTLS_OFFERED, HOST_RESULT_VALIDATION_FAILURE,
		 "alert"},
		{STAGE_TLS, OUTCOME_TIMEOUT, STARTTLS_OFFERED, HOST_RESULT_UNKNOWN, "timeout"},
		{STAGE_TLS, OUTCOME_TOO_LARGE, STARTTLS_OFFERED, HOST_RESULT_UNKNOWN, "too-large"},
		{STAGE_TLS, OUTCOME_CLOSED, STARTTLS_OFFERED, HOST_RESULT_UNKNOWN, "closed"},
		{STAGE_TCP, OUTCOME_REFUSED, STARTTLS_UNKNOWN, HOST_RESULT_UNKNOWN, "refused"},
		{STAGE_TCP, OUTCOME_TIMEOUT, STARTTLS_UNKNOWN, HOST_RESULT_UNKNOWN, "timeout"},
		{STAGE_TCP, OUTCOME_EXCLUDED, STARTTLS_UNKNOWN, HOST_RESULT_UNKNOWN, "excluded"},
		{STAGE_BANNER, OUTCOME_NO_SERVICE, STARTTLS_UNKNOWN, HOST_RESULT_UNKNOWN,
		 "no-service"},
		{STAGE_BANNER, OUTCOME_BLOCKED, STARTTLS_UNKNOWN, HOST_RESULT_UNKNOWN, "blocked"},
		{STAGE_EHLO, OUTCOME_PROTOCOL_ERROR, STARTTLS_UNKNOWN, HOST_RESULT_UNKNOWN,
		 "protocol-error"},
	};
	struct scene *scene = *state;
	struct host_address *address = &scene->hosts[0].addresses.items[0];

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		print_message("%zu\n", i);
		scene_silent(address, cases[i].stage, cases[i].outcome);
		address->starttls = cases[i].starttls;
		(void)judged(scene);
		assert_int_equal(scene->hosts[0].result, cases[i].result);
		assert_true(detail_is(&scene->hosts[0], cases[i].detail));
		assert_int_equal(scene->hosts[0].starttls, cases[i].starttls);
		assert_int_equal(address->pkix.result, PKIX_FAULT_NULL);
	}
}

/* A leaf by `spec` for the scene's host. */
static void show_certificate(struct scene *scene, struct pki_spec spec)
{
	struct pki_certificate leaf;

	spec.cn = "mx.example.com";
	leaf = pki_issue(&spec);
	scene->hosts[0].addresses.items[0].tls.chain =
		pki_chain(scene->pki, &leaf, &scene->pki->intermediate, NULL);
	pki_free(&leaf);
}

static void test_certificates(void **state)
{
	struct scene *scene = *state;
	const struct pki_certificate *ca = &scene->pki->intermediate;
	const struct {
		struct pki_spec spec;
		enum host_result result;
		const char *detail;
	} cases[] = {
		{{.dns = {"other.example.com"}, .issuer = ca},
		 HOST_RESULT_CERTIFICATE_HOST_MISMATCH,
		 "name-mismatch"},
		{{.issuer = ca}, HOST_RESULT_CERTIFICATE_HOST_MISMATCH, "name-mismatch"},
		{{.dns = {"*.example.com"}, .issuer = ca}, HOST_RESULT_SUCCESS, NULL},
		{{.dns = {"mx.example.com"}, .issuer = ca, .until_ms = PKI_NOW_MS - PKI_DAY_MS},
		 HOST_RESULT_CERTIFICATE_EXPIRED,
		 "expired"},
		{{.dns = {"mx.example.com"}, .issuer = ca, .from_ms = PKI_NOW_MS + PKI_DAY_MS},
		 HOST_RESULT_CERTIFICATE_NOT_TRUSTED,
		 "not-yet-valid"},
		{{.dns = {"mx.example.com"}}, HOST_RESULT_CERTIFICATE_NOT_TRUSTED, "self-signed"},
		{{.dns = {"mx.example.com"}, .issuer = ca, .eku = "clientAuth"},
		 HOST_RESULT_CERTIFICATE_NOT_TRUSTED,
		 "purpose"},
		{{.dns = {"mx.example.com"}, .issuer = ca, .sha1 = true},
		 HOST_RESULT_CERTIFICATE_NOT_TRUSTED,
		 "weak"},
		{{.dns = {"other.example.com"}, .issuer = ca, .until_ms = PKI_NOW_MS - PKI_DAY_MS},
		 HOST_RESULT_CERTIFICATE_HOST_MISMATCH,
		 "name-mismatch"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		print_message("%zu\n", i);
		show_certificate(scene, cases[i].spec);
		(void)judged(scene);
		assert_int_equal(scene->hosts[0].result, cases[i].result);
		assert_true(detail_is(&scene->hosts[0], cases[i].detail));
	}
	assert_int_equal(scene->hosts[0].addresses.items[0].pkix.all.count, 2);
}

static void test_versions_and_gaps(void **state)
{
	struct scene *scene = *state;
	struct host_tls *tls = &scene->hosts[0].addresses.items[0].tls;
	uint8_t nowhere[32] = {0};
	struct span missing = span_of(nowhere, sizeof(nowhere));

	tls->version = span_text("TLSv1.1");
	assert_int_equal(judged(scene)->result, HOST_RESULT_VALIDATION_FAILURE);
	assert_true(detail_is(&scene->hosts[0], "tls-version"));
	assert_true(scene_has_finding(scene, "mx.tls.protocol-version"));
	tls->version = span_text("TLSv1.2");
	assert_int_equal(judged(scene)->result, HOST_RESULT_SUCCESS);
	tls->chain = (struct span_list){0};
	assert_int_equal(judged(scene)->result, HOST_RESULT_VALIDATION_FAILURE);
	assert_true(detail_is(&scene->hosts[0], "no-certificate"));
	tls->chain = (struct span_list){&missing, 1};
	assert_int_equal(judged(scene)->result, HOST_RESULT_UNKNOWN);
	assert_true(detail_is(&scene->hosts[0], "no-evidence"));
}

static void test_several_addresses(void **state)
{
	struct scene *scene = *state;
	struct host_record *host = &scene->hosts[0];

	(void)scene_add_address(scene, host, "2001:db8::1");
	assert_int_equal(judged(scene)->result, HOST_RESULT_SUCCESS);
	assert_int_equal(host->addresses_differ, FLAG_FALSE);
	scene_silent(&host->addresses.items[1], STAGE_TCP, OUTCOME_TIMEOUT);
	assert_int_equal(judged(scene)->result, HOST_RESULT_SUCCESS);
	/* A time-out is not known to be another behaviour. */
	assert_int_equal(host->addresses_differ, FLAG_NULL);
	assert_false(scene_has_finding(scene, "mx.host.addresses-differ"));
	host->addresses.items[0].tls.version = span_text("TLSv1");
	scene_plain(&host->addresses.items[1]);
	assert_int_equal(judged(scene)->result, HOST_RESULT_STARTTLS_NOT_SUPPORTED);
	assert_int_equal(host->addresses_differ, FLAG_TRUE);
	assert_true(scene_has_finding(scene, "mx.host.addresses-differ"));
	assert_int_equal(host->starttls, STARTTLS_ABSENT);
	scene_silent(&host->addresses.items[0], STAGE_TCP, OUTCOME_REFUSED);
	scene_silent(&host->addresses.items[1], STAGE_TCP, OUTCOME_UNREACHABLE);
	assert_int_equal(judged(scene)->result, HOST_RESULT_UNKNOWN);
	assert_true(detail_is(host, "refused"));
	assert_int_equal(host->addresses_differ, FLAG_FALSE);
}

static void test_no_address(void **state)
{
	struct scene *scene = *state;
	struct host_record *host = &scene->hosts[0];

	host->addresses = (struct host_address_list){0};
	host->lookup_a = DNS_STATUS_NODATA;
	host->lookup_aaaa = DNS_STATUS_NXDOMAIN;
	assert_int_equal(judged(scene)->result, HOST_RESULT_UNKNOWN);
	assert_true(detail_is(host, "no-address"));
	assert_int_equal(host->dane, DANE_NULL);
	assert_int_equal(host->addresses_differ, FLAG_NULL);
	host->lookup_a = DNS_STATUS_SERVFAIL;
	assert_int_equal(judged(scene)->result, HOST_RESULT_UNKNOWN);
	assert_true(detail_is(host, "dns"));
	/* One family left out: what does not exist has no address of it, what has no data may. */
	host->lookup_a = DNS_STATUS_NXDOMAIN;
	host->lookup_aaaa = DNS_STATUS_NOT_ASKED;
	(void)judged(scene);
	assert_true(detail_is(host, "no-address"));
	host->lookup_a = DNS_STATUS_NODATA;
	(void)judged(scene);
	assert_true(detail_is(host, "dns"));
}

static void test_worse(void **state)
{
	static const enum host_result order[] = {
		HOST_RESULT_STARTTLS_NOT_SUPPORTED,
		HOST_RESULT_CERTIFICATE_HOST_MISMATCH,
		HOST_RESULT_CERTIFICATE_EXPIRED,
		HOST_RESULT_CERTIFICATE_NOT_TRUSTED,
		HOST_RESULT_VALIDATION_FAILURE,
		HOST_RESULT_SUCCESS,
		HOST_RESULT_UNKNOWN,
	};

	(void)state;
	for (size_t a = 0; a < ARRAY_LENGTH(order); a++)
		for (size_t b = 0; b < ARRAY_LENGTH(order); b++)
			assert_int_equal(host_result_worse(order[a], order[b]),
					 order[a < b ? a : b]);
}

/* DANE results take the place of success only (MEASURES 6: the first failure in the order). */
static void test_with_dane(void **state)
{
	const struct host_pkix good = {.result = HOST_RESULT_SUCCESS};
	const struct host_pkix plain = {.result = HOST_RESULT_STARTTLS_NOT_SUPPORTED};
	const struct host_pkix unknown = {.result = HOST_RESULT_UNKNOWN};

	(void)state;
	assert_int_equal(host_result_with_dane(good, DANE_VALID).result, HOST_RESULT_SUCCESS);
	assert_int_equal(host_result_with_dane(good, DANE_INVALID).result,
			 HOST_RESULT_TLSA_INVALID);
	assert_int_equal(host_result_with_dane(good, DANE_DNSSEC_INVALID).result,
			 HOST_RESULT_DNSSEC_INVALID);
	assert_int_equal(host_result_with_dane(plain, DANE_INVALID).result, plain.result);
	assert_int_equal(host_result_with_dane(unknown, DANE_DNSSEC_INVALID).result,
			 HOST_RESULT_DNSSEC_INVALID);
	assert_int_equal(host_result_with_dane(unknown, DANE_INVALID).result, unknown.result);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_health),
		TEST(test_without_tls),
		TEST(test_certificates),
		TEST(test_versions_and_gaps),
		TEST(test_several_addresses),
		TEST(test_no_address),
		cmocka_unit_test(test_worse),
		cmocka_unit_test(test_with_dane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
