/* Every certificate fault told apart, alone and together (MEASURES 4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/pkix.h"
#include "tests/judge/helper_pki.h"

#define F(code) PKIX_BIT(PKIX_FAULT_##code)

static struct pki_certificate stranger_root, stranger_intermediate, old_intermediate, narrow_ca;

static struct pki_spec ca_spec(const char *cn, const struct pki_certificate *issuer)
{
	return (struct pki_spec){.cn = cn, .ca = true, .issuer = issuer};
}

static int set_up(void **state)
{
	struct pki *pki = pki_new();
	struct pki_spec spec = ca_spec("stranger root", NULL);

	*state = pki;
	stranger_root = pki_issue(&spec);
	spec = ca_spec("stranger intermediate", &stranger_root);
	stranger_intermediate = pki_issue(&spec);
	spec = ca_spec("old intermediate", &pki->root);
	spec.until_ms = PKI_NOW_MS - PKI_DAY_MS;
	old_intermediate = pki_issue(&spec);
	spec = ca_spec("narrow", &pki->root);
	spec.name_constraints = "critical,permitted;DNS:other.example";
	narrow_ca = pki_issue(&spec);
	return 0;
}

static int tear_down(void **state)
{
	pki_free(&stranger_root);
	pki_free(&stranger_intermediate);
	pki_free(&old_intermediate);
	pki_free(&narrow_ca);
	pki_end(*state);
	return 0;
}

static struct pki_verdict_pair {
	unsigned faults;
	const char *detail;
} verify(struct pki *pki, struct span_list hashes, int64_t at_ms)
{
	struct chain chain = chain_load(&pki->source, hashes);
	struct pkix_verdict verdict;

	assert_int_equal(chain.state, CHAIN_LOADED);
	verdict = pkix_verify(&chain, pki->store, &pki->source, at_ms);
	chain_free(&chain);
	assert_true(verdict.from_ms <= at_ms && at_ms < verdict.until_ms);
	return (struct pki_verdict_pair){verdict.faults, verdict.detail};
}

/* A leaf by `spec`, sent with `second`. */
static struct pki_verdict_pair verify_spec(struct pki *pki, const struct pki_spec *spec,
					   const struct pki_certificate *second)
{
	struct pki_certificate leaf = pki_issue(spec);
	struct pki_verdict_pair pair = verify(pki, pki_chain(pki, &leaf, second, NULL), PKI_NOW_MS);

	pki_free(&leaf);
	return pair;
}

static void test_good(void **state)
{
	struct pki *pki = *state;

	assert_int_equal(
		verify(pki, pki_chain(pki, &pki->leaf, &pki->intermediate, NULL), PKI_NOW_MS)
			.faults,
		0);
	assert_int_equal(
		verify(pki, pki_chain(pki, &pki->leaf, &pki->intermediate, &pki->root), PKI_NOW_MS)
			.faults,
		0);
	/* Unordered, with a stranger among them: RFC 8446 4.4.2 asks clients to cope. */
	assert_int_equal(verify(pki, pki_chain(pki, &pki->leaf, &stranger_root, &pki->intermediate),
				PKI_NOW_MS)
				 .faults,
			 0);
}

static void test_single_faults(void **state)
{
	struct pki *pki = *state;
	const struct pki_certificate *ca = &pki->intermediate;
	const struct pki_spec good = {.cn = "x", .dns = {"x.example"}, .issuer = ca};
	struct pki_spec spec;

	spec = good;
	spec.until_ms = PKI_NOW_MS - PKI_DAY_MS;
	assert_int_equal(verify_spec(pki, &spec, ca).faults, F(EXPIRED));
	spec = good;
	spec.from_ms = PKI_NOW_MS + PKI_DAY_MS;
	assert_int_equal(verify_spec(pki, &spec, ca).faults, F(NOT_YET_VALID));
	spec = good;
	spec.issuer = NULL;
	assert_int_equal(verify_spec(pki, &spec, NULL).faults, F(SELF_SIGNED));
	spec = good;
	spec.issuer = &stranger_intermediate;
	assert_int_equal(verify_spec(pki, &spec, &stranger_intermediate).faults, F(UNTRUSTED));
	spec = good;
	spec.rsa_bits = 512;
	assert_int_equal(verify_spec(pki, &spec, ca).faults, F(WEAK));
	spec = good;
	spec.sha1 = true;
	assert_int_equal(verify_spec(pki, &spec, ca).faults, F(WEAK));
	spec = good;
	spec.issuer = &narrow_ca;
	assert_int_equal(verify_spec(pki, &spec, &narrow_ca).faults, F(NAME_CONSTRAINTS));
	spec = good;
	spec.issuer = &old_intermediate;
	assert_int_equal(verify_spec(pki, &spec, &old_intermediate).faults, F(EXPIRED));
}

static void test_details(void **state)
{
	struct pki *pki = *state;
	struct pki_spec spec = {
		.cn = "x", .dns = {"x.example"}, .issuer = &pki->intermediate, .eku = "clientAuth"};
	struct pki_verdict_pair pair = verify_spec(pki, &spec, &pki->intermediate);

	assert_int_equal(pair.faults, F(UNTRUSTED));
	assert_string_equal(pair.detail, "purpose");
	spec = (struct pki_spec){.cn = "y", .dns = {"y.example"}, .issuer = &pki->leaf};
	{
		struct pki_certificate leaf = pki_issue(&spec);

		pair = verify(pki, pki_chain(pki, &leaf, &pki->leaf, &pki->intermediate),
			      PKI_NOW_MS);
		pki_free(&leaf);
	}
	assert_true(pair.faults & F(UNTRUSTED));
}

static void test_together(void **state)
{
	struct pki *pki = *state;
	struct pki_spec spec = {.cn = "x",
				.dns = {"x.example"},
				.issuer = &stranger_intermediate,
				.until_ms = PKI_NOW_MS - PKI_DAY_MS};

	assert_int_equal(verify_spec(pki, &spec, &stranger_intermediate).faults,
			 F(EXPIRED) | F(UNTRUSTED));
	spec.issuer = NULL;
	spec.rsa_bits = 512;
	assert_int_equal(verify_spec(pki, &spec, NULL).faults,
			 F(EXPIRED) | F(SELF_SIGNED) | F(WEAK));
}

/* The intermediate is missing: it matters whether somebody else in the scan has sent it. */
static void test_incomplete_chain(void **state)
{
	struct pki *pki = pki_new();

	assert_int_equal(verify(pki, pki_chain(pki, &pki->leaf, NULL, NULL), PKI_NOW_MS).faults,
			 F(UNTRUSTED));
	(void)pki_add(pki, &pki->intermediate);
	assert_int_equal(verify(pki, pki_chain(pki, &pki->leaf, NULL, NULL), PKI_NOW_MS).faults,
			 F(INCOMPLETE_CHAIN));
	pki_end(pki);
	(void)state;
}

/* Two intermediates missing, and a wrong key usage besides. */
static void test_incomplete_chain_deeper(void **state)
{
	struct pki *pki = pki_new();
	struct pki_spec spec = ca_spec("deeper", &pki->intermediate);
	struct pki_certificate deeper = pki_issue(&spec);
	struct pki_verdict_pair pair;

	(void)state;
	(void)pki_add(pki, &pki->intermediate);
	(void)pki_add(pki, &deeper);
	spec = (struct pki_spec){
		.cn = "x", .dns = {"x.example"}, .issuer = &deeper, .eku = "clientAuth"};
	pair = verify_spec(pki, &spec, NULL);
	assert_int_equal(pair.faults, F(INCOMPLETE_CHAIN) | F(UNTRUSTED));
	assert_string_equal(pair.detail, "purpose");
	pki_free(&deeper);
	pki_end(pki);
}

/* An intermediate that only this store holds helps no other sender. */
static void test_intermediate_in_store(void **state)
{
	struct pki *pki = pki_new();

	(void)state;
	assert_true(X509_STORE_add_cert(pki->store, pki->intermediate.x509));
	assert_int_equal(verify(pki, pki_chain(pki, &pki->leaf, NULL, NULL), PKI_NOW_MS).faults,
			 F(INCOMPLETE_CHAIN));
	assert_int_equal(
		verify(pki, pki_chain(pki, &pki->leaf, &pki->intermediate, NULL), PKI_NOW_MS)
			.faults,
		0);
	pki_end(pki);
}

/* The verdict says how long it lasts. */
static void test_span_of_time(void **state)
{
	struct pki *pki = *state;
	struct pki_spec spec = {.cn = "x",
				.dns = {"x.example"},
				.issuer = &pki->intermediate,
				.from_ms = PKI_NOW_MS - 10 * PKI_DAY_MS,
				.until_ms = PKI_NOW_MS + 10 * PKI_DAY_MS};
	struct pki_certificate leaf = pki_issue(&spec);
	struct chain chain =
		chain_load(&pki->source, pki_chain(pki, &leaf, &pki->intermediate, NULL));
	struct pkix_verdict verdict = pkix_verify(&chain, pki->store, &pki->source, PKI_NOW_MS);

	assert_true(verdict.from_ms == spec.from_ms && verdict.until_ms == spec.until_ms);
	verdict = pkix_verify(&chain, pki->store, &pki->source, verdict.until_ms);
	assert_int_equal(verdict.faults, F(EXPIRED));
	assert_true(verdict.from_ms == spec.until_ms);
	verdict = pkix_verify(&chain, pki->store, &pki->source, verdict.from_ms - 1000);
	assert_int_equal(verdict.faults, 0);
	chain_free(&chain);
	pki_free(&leaf);
}

static void test_first(void **state)
{
	(void)state;
	assert_int_equal(pkix_first(0), PKIX_FAULT_NULL);
	assert_int_equal(pkix_first(F(EXPIRED) | F(NAME_MISMATCH)), PKIX_FAULT_NAME_MISMATCH);
	assert_int_equal(pkix_first(F(WEAK) | F(UNTRUSTED)), PKIX_FAULT_UNTRUSTED);
	assert_int_equal(pkix_first(F(NAME_CONSTRAINTS)), PKIX_FAULT_NAME_CONSTRAINTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_single_faults),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_incomplete_chain),
		cmocka_unit_test(test_incomplete_chain_deeper),
		cmocka_unit_test(test_intermediate_in_store),
		cmocka_unit_test(test_span_of_time),
		cmocka_unit_test(test_first),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
