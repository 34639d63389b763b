/* Slots: used again, never moved, and deaf to the names of those that were there before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "workers/slots.h"

static struct job_reference reference_of(const struct job *job)
{
	return (struct job_reference){.slot = job->slot, .generation = job->generation};
}

static void test_generations(void **state)
{
	struct slots slots = {0};
	struct job *first = slots_take(&slots, JOB_DOMAIN, 65536);
	struct job_reference old = reference_of(first);

	(void)state;
	assert_ptr_equal(slots_find(&slots, old), first);
	assert_non_null(arena_alloc(&first->arena, 100));
	slots_give_back(&slots, first);
	assert_null(slots_find(&slots, old));
	assert_null(slots_at(&slots, 0));
	struct job *second = slots_take(&slots, JOB_HOST, 8192);

	assert_ptr_equal(second, first);
	assert_null(slots_find(&slots, old));
	assert_ptr_equal(slots_find(&slots, reference_of(second)), second);
	assert_null(arena_alloc(&second->arena, 9000));
	slots_give_back(&slots, second);
	assert_null(slots_find(&slots, (struct job_reference){.slot = 7}));
	slots_free(&slots);
}

static void test_many(void **state)
{
	enum { JOBS = 1000 };
	struct slots slots = {0};
	struct job *jobs[JOBS];

	(void)state;
	for (size_t i = 0; i < JOBS; i++)
		jobs[i] = slots_take(&slots, JOB_DOMAIN, 65536);
	for (size_t i = 0; i < JOBS; i++)
		assert_ptr_equal(slots_find(&slots, reference_of(jobs[i])), jobs[i]);
	assert_int_equal(slots.used, JOBS);
	for (size_t i = 0; i < JOBS; i += 2)
		slots_give_back(&slots, jobs[i]);
	for (size_t i = 0; i < JOBS; i += 2)
		assert_non_null(slots_take(&slots, JOB_HOST, 65536));
	assert_int_equal(slots.count, JOBS);
	for (size_t i = 0; i < JOBS; i++)
		slots_give_back(&slots, slots_at(&slots, i));
	assert_int_equal(slots.used, 0);
	slots_free(&slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
