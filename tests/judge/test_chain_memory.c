/*
 * Chains loaded from the evidence, and verdicts remembered: the same as without memory, at less
 * cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/chain_memory.h"
#include "tests/judge/helper_pki.h"

static void test_states(void **state)
{
	struct pki *pki = pki_new();
	struct chain_memory *memory = chain_memory_new(pki->store);
	struct span_list good = pki_chain(pki, &pki->leaf, &pki->intermediate, NULL);
	struct span nowhere = span_text("0123456789abcdef0123456789abcdef");
	struct span_list missing = {&nowhere, 1};
	struct span_list malformed = pki_chain(pki, &pki->root, NULL, NULL);

	(void)state;
	assert_int_equal(chain_memory_judge(memory, &pki->source, good, PKI_NOW_MS)->state,
			 CHAIN_LOADED);
	assert_int_equal(
		chain_memory_judge(memory, &pki->source, (struct span_list){0}, PKI_NOW_MS)->state,
		CHAIN_NONE);
	assert_int_equal(chain_memory_judge(memory, &pki->source, missing, PKI_NOW_MS)->state,
			 CHAIN_MISSING);
	pki->ders[pki->count - 1] = span_text("no certificate");
	assert_int_equal(chain_memory_judge(memory, &pki->source, malformed, PKI_NOW_MS)->state,
			 CHAIN_MALFORMED);
	assert_int_equal(
		chain_faults(chain_memory_judge(memory, &pki->source, malformed, PKI_NOW_MS),
			     span_text("mx.example.com")),
		PKIX_BIT(PKIX_FAULT_UNTRUSTED));
	chain_memory_free(memory);
	pki_end(pki);
}

static void test_remembered(void **state)
{
	struct pki *pki = pki_new();
	struct chain_memory *memory = chain_memory_new(pki->store);
	struct span_list chain = pki_chain(pki, &pki->leaf, &pki->intermediate, NULL);
	const struct chain_verdict *verdict;
	size_t lookups;

	(void)state;
	verdict = chain_memory_judge(memory, &pki->source, chain, PKI_NOW_MS);
	assert_int_equal(chain_faults(verdict, span_text("mx.example.com")), 0);
	assert_int_equal(chain_faults(verdict, span_text("mx.example.net")),
			 PKIX_BIT(PKIX_FAULT_NAME_MISMATCH));
	lookups = pki->lookups;
	verdict = chain_memory_judge(memory, &pki->source, chain, PKI_NOW_MS + PKI_DAY_MS);
	assert_int_equal(chain_faults(verdict, span_text("MX.example.com")), 0);
	assert_int_equal(pki->lookups, lookups);
	/* A year later the leaf has expired: the old verdict does not last. */
	verdict = chain_memory_judge(memory, &pki->source, chain, PKI_NOW_MS + 400 * PKI_DAY_MS);
	assert_true(chain_faults(verdict, span_text("mx.example.com")) &
		    PKIX_BIT(PKIX_FAULT_EXPIRED));
	verdict = chain_memory_judge(memory, &pki->source, chain, PKI_NOW_MS);
	assert_int_equal(chain_faults(verdict, span_text("mx.example.com")), 0);
	chain_memory_free(memory);
	pki_end(pki);
}

/* What the evidence lacked may come while a scan goes on. */
static void test_missing_is_asked_again(void **state)
{
	struct pki *pki = pki_new();
	struct chain_memory *memory = chain_memory_new(pki->store);
	struct span_list chain = pki_chain(pki, &pki->leaf, &pki->intermediate, NULL);

	(void)state;
	pki->count = 0;
	assert_int_equal(chain_memory_judge(memory, &pki->source, chain, PKI_NOW_MS)->state,
			 CHAIN_MISSING);
	pki->count = 2;
	assert_int_equal(chain_memory_judge(memory, &pki->source, chain, PKI_NOW_MS)->state,
			 CHAIN_LOADED);
	chain_memory_free(memory);
	pki_end(pki);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_remembered),
		cmocka_unit_test(test_missing_is_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
