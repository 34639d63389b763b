/* Chains as OpenSSL objects, from the hashes of the evidence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/judge/helper_pki.h"

static int set_up(void **state)
{
	*state = pki_new();
	return 0;
}

static int tear_down(void **state)
{
	pki_end(*state);
	return 0;
}

static void test_loaded(void **state)
{
	struct pki *pki = *state;
	struct span_list hashes = pki_chain(pki, &pki->leaf, &pki->intermediate, &pki->root);
	struct chain chain = chain_load(&pki->source, hashes);

	assert_int_equal(chain.state, CHAIN_LOADED);
	assert_int_equal(sk_X509_num(chain.sent), 3);
	assert_int_equal(X509_cmp(chain.leaf, pki->leaf.x509), 0);
	assert_int_equal(X509_cmp(sk_X509_value(chain.sent, 2), pki->root.x509), 0);
	chain_free(&chain);
	chain_free(&chain); /* again without harm */
}

static void test_none(void **state)
{
	struct pki *pki = *state;
	struct chain chain = chain_load(&pki->source, (struct span_list){0});

	assert_int_equal(chain.state, CHAIN_NONE);
	assert_null(chain.leaf);
	chain_free(&chain);
}

/*
 * What the server sent and nobody can read is left out; what the evidence has lost leaves nothing
 * certain.
 */
static void test_gaps(void **state)
{
	struct pki *pki = *state;
	struct span_list hashes = pki_chain(pki, &pki->leaf, &pki->intermediate, &pki->root);
	struct chain chain;

	pki->ders[1] = span_text("no certificate");
	chain = chain_load(&pki->source, hashes);
	assert_int_equal(chain.state, CHAIN_LOADED);
	assert_int_equal(sk_X509_num(chain.sent), 2);
	chain_free(&chain);
	pki->ders[1] = (struct span){0};
	chain = chain_load(&pki->source, hashes);
	assert_int_equal(chain.state, CHAIN_MISSING);
	assert_null(chain.leaf);
	chain_free(&chain);
	pki->ders[0] = span_text("no certificate");
	chain = chain_load(&pki->source, hashes);
	assert_int_equal(chain.state, CHAIN_MALFORMED);
	chain_free(&chain);
	pki->ders[0] = (struct span){0};
	chain = chain_load(&pki->source, hashes);
	assert_int_equal(chain.state, CHAIN_MISSING);
	assert_null(chain.leaf);
	chain_free(&chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_loaded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gaps, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
