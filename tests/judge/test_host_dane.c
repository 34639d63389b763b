/*
 * The DANE state of a host: what the DNS says first, then the records (MEASURES 7 and 12, RFC 7672
 * 2.2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/host_dane.h"
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

static struct host_dane judged(struct scene *scene, const char *extra_name)
{
	scene_judge(scene);
	return host_dane_judge(&scene->pki->source, &scene->arena, &scene->hosts[0],
			       span_text(extra_name));
}

static void test_lookups(void **state)
{
#define S(code) DNS_STATUS_##code
#define Y TRISTATE_YES
#define N TRISTATE_NO
#define U TRISTATE_UNKNOWN
	static const struct {
		enum dns_status a, aaaa;
		enum tristate secure, name_secure;
		enum dns_status tlsa;
		enum tristate tlsa_secure;
		enum dane dane;
	} cases[] = {
		{S(NOERROR), S(NODATA), Y, 0, S(NODATA), Y, DANE_NONE},
		{S(NOERROR), S(NODATA), Y, 0, S(NXDOMAIN), Y, DANE_NONE},
		{S(NOERROR), S(NODATA), N, 0, S(NOT_ASKED), 0, DANE_INSECURE},
		{S(NOERROR), S(NODATA), N, N, S(NOT_ASKED), 0, DANE_INSECURE},
		{S(NOERROR), S(NODATA), N, U, S(NOT_ASKED), 0, DANE_UNKNOWN},
		{S(NOERROR), S(NODATA), N, Y, S(NODATA), Y, DANE_NONE},
		{S(NOERROR), S(NODATA), U, 0, S(NOT_ASKED), 0, DANE_UNKNOWN},
		{S(NOERROR), S(NODATA), Y, 0, S(NOT_ASKED), 0, DANE_UNKNOWN},
		{S(NOERROR), S(NODATA), Y, 0, S(NODATA), N, DANE_INSECURE},
		{S(NOERROR), S(NODATA), Y, 0, S(NODATA), U, DANE_UNKNOWN},
		{S(NOERROR), S(NODATA), Y, 0, S(SERVFAIL), U, DANE_UNKNOWN},
		{S(NOERROR), S(NODATA), Y, 0, S(TIMEOUT), U, DANE_UNKNOWN},
		{S(NOERROR), S(NODATA), Y, 0, S(LIMIT), Y, DANE_UNKNOWN},
		{S(NOERROR), S(SERVFAIL), Y, 0, S(NODATA), Y, DANE_UNKNOWN},
		{S(TIMEOUT), S(NOERROR), Y, 0, S(NODATA), Y, DANE_UNKNOWN},
		{S(NOERROR), S(NOT_ASKED), Y, 0, S(NODATA), Y, DANE_NONE},
		{S(NOERROR), S(SERVFAIL), N, 0, S(NOT_ASKED), 0, DANE_INSECURE},
		{S(NOERROR), S(NODATA), Y, 0, S(BOGUS), N, DANE_DNSSEC_INVALID},
		{S(NOERROR), S(BOGUS), Y, 0, S(NODATA), Y, DANE_DNSSEC_INVALID},
		{S(BOGUS), S(BOGUS), N, 0, S(NOT_ASKED), 0, DANE_DNSSEC_INVALID},
	};
	struct scene *scene = *state;
	struct host_record *host = &scene->hosts[0];

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		print_message("%zu\n", i);
		host->lookup_a = cases[i].a;
		host->lookup_aaaa = cases[i].aaaa;
		host->secure = cases[i].secure;
		host->name_secure = cases[i].name_secure;
		host->tlsa.status = cases[i].tlsa;
		host->tlsa.secure = cases[i].tlsa_secure;
		assert_int_equal(judged(scene, NULL).state, cases[i].dane);
	}
}

static void test_match(void **state)
{
	struct scene *scene = *state;

	scene_tlsa(scene, &scene->hosts[0], "3 0 1", true);
	assert_int_equal(judged(scene, NULL).state, DANE_VALID);
	assert_int_equal(scene->hosts[0].result, HOST_RESULT_SUCCESS);
}

static void test_no_match(void **state)
{
	struct scene *scene = *state;
	struct host_dane dane;

	scene_tlsa(scene, &scene->hosts[0], "3 0 1", false);
	dane = judged(scene, NULL);
	assert_int_equal(dane.state, DANE_INVALID);
	assert_int_equal(dane.failure, HOST_RESULT_TLSA_INVALID);
	assert_int_equal(scene->hosts[0].result, HOST_RESULT_TLSA_INVALID);
	assert_int_equal(scene->domain.verdict.delivery, DELIVERY_REFUSED);
}

static void test_unusable(void **state)
{
	struct scene *scene = *state;

	scene_tlsa(scene, &scene->hosts[0], "1 0 1", true);
	scene_tlsa(scene, &scene->hosts[0], "3 9 1", true);
	assert_int_equal(judged(scene, NULL).state, DANE_UNUSABLE);
	/* Even when nobody answers: it lies in the records. */
	scene_silent(&scene->hosts[0].addresses.items[0], STAGE_TCP, OUTCOME_TIMEOUT);
	assert_int_equal(judged(scene, NULL).state, DANE_UNUSABLE);
	/* A record that cannot be read is no record that holds. */
	scene_txt(scene, &scene->hosts[0].tlsa.records, "3 0 nonsense");
	assert_int_equal(judged(scene, NULL).state, DANE_UNUSABLE);
}

/* TLS is mandatory where TLSA records are usable (RFC 7672 2.2). */
static void test_without_tls(void **state)
{
	struct scene *scene = *state;
	struct host_address *address = &scene->hosts[0].addresses.items[0];
	struct host_dane dane;

	scene_tlsa(scene, &scene->hosts[0], "3 0 1", true);
	scene_plain(address);
	dane = judged(scene, NULL);
	assert_int_equal(dane.state, DANE_INVALID);
	assert_int_equal(dane.failure, HOST_RESULT_STARTTLS_NOT_SUPPORTED);
	scene_silent(address, STAGE_TCP, OUTCOME_TIMEOUT);
	assert_int_equal(judged(scene, NULL).state, DANE_UNKNOWN);
	scene_silent(address, STAGE_TLS, OUTCOME_ALERT);
	dane = judged(scene, NULL);
	assert_int_equal(dane.state, DANE_INVALID);
	assert_int_equal(dane.failure, HOST_RESULT_VALIDATION_FAILURE);
}

static void test_addresses_must_agree(void **state)
{
	struct scene *scene = *state;

	scene_tlsa(scene, &scene->hosts[0], "3 0 1", true);
	/* Another leaf, another key. */
	(void)scene_add_address(scene, &scene->hosts[0], "192.0.2.2");
	assert_int_equal(judged(scene, NULL).state, DANE_INVALID);
	scene_silent(&scene->hosts[0].addresses.items[1], STAGE_TCP, OUTCOME_REFUSED);
	assert_int_equal(judged(scene, NULL).state, DANE_VALID);
}

/* The connection under the TLSA base domain is the one that tells (RFC 7672 8.1). */
static void test_base_domain(void **state)
{
	struct scene *scene = *state;
	struct host_record *host = &scene->hosts[0];
	struct host_address *address = &host->addresses.items[0];

	scene_tlsa(scene, host, "3 0 1", true);
	host->tlsa.base = span_text("real.example.net");
	assert_int_equal(judged(scene, NULL).state, DANE_UNKNOWN);
	address->tls_base = address->tls;
	assert_int_equal(judged(scene, NULL).state, DANE_VALID);
	/*
	 * A server may refuse the one name and know the other; without STARTTLS it knows neither.
	 */
	record_init(&schema_host_tls, &address->tls_base);
	scene_silent(address, STAGE_TLS, OUTCOME_ALERT);
	assert_int_equal(judged(scene, NULL).state, DANE_UNKNOWN);
	scene_plain(address);
	assert_int_equal(judged(scene, NULL).state, DANE_INVALID);
}

/*
 * DANE-TA asks for a name: the base domain, the MX name, and what the caller adds (RFC 7672 3.2.2).
 */
static void test_names(void **state)
{
	struct scene *scene = *state;
	struct host_record *host = &scene->hosts[0];
	struct pki *pki = scene->pki;
	struct pki_certificate leaf = pki_leaf(pki, "example.com");
	struct span_list intermediate = pki_chain(pki, &pki->intermediate, NULL, NULL);
	struct host_dane dane;

	host->addresses.items[0].tls.chain = intermediate;
	scene_tlsa(scene, host, "2 0 1", true);
	host->addresses.items[0].tls.chain = pki_chain(pki, &leaf, &pki->intermediate, NULL);
	dane = judged(scene, NULL);
	assert_int_equal(dane.state, DANE_INVALID);
	assert_int_equal(dane.failure, HOST_RESULT_CERTIFICATE_HOST_MISMATCH);
	assert_int_equal(judged(scene, "example.com").state, DANE_VALID);
	/* So it is for the domain of that name, when its MX is secure, and for no other. */
	assert_int_equal(scene->hosts[0].dane, DANE_INVALID);
	assert_int_equal(scene->domain.hosts.items[0].dane, DANE_VALID);
	scene->domain.mx.secure = TRISTATE_NO;
	scene_judge(scene);
	assert_int_equal(scene->domain.hosts.items[0].dane, DANE_INVALID);
	pki_free(&leaf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lookups),     TEST(test_match),       TEST(test_no_match),
		TEST(test_unusable),    TEST(test_without_tls), TEST(test_addresses_must_agree),
		TEST(test_base_domain), TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
