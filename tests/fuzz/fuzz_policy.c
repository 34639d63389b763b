/* Any bytes as a policy body: the promises of policy.h must hold. */
#include <stdlib.h>

#include "facts/policy.h"

enum { ARENA_CAP_BYTES = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy policy;
	struct arena arena;

	arena_init(&arena, ARENA_CAP_BYTES);
	policy = policy_read(&arena, span_of(data, size));
	check(policy.strict != VALIDITY_NULL && policy.lenient != VALIDITY_NULL);
	check((policy.error == POLICY_SYNTAX_ERROR_NULL) == (policy.strict == VALIDITY_VALID));
	check(policy.strict != VALIDITY_VALID || policy.lenient == VALIDITY_VALID);
	if (policy.lenient == VALIDITY_VALID) {
		check(policy.mode != POLICY_MODE_NULL && policy.max_age_s >= 0);
		check(policy.mode == POLICY_MODE_NONE || policy.mx.count > 0 || arena.exhausted);
	}
	arena_free(&arena);
	return 0;
}
