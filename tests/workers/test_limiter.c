/*
 * The limiter in virtual time: order, spacing, concurrency, forgetting, and random arrivals against
 * all of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "workers/limiter.h"

enum { MS = 1000, SECOND = 1000000 };

static struct seen_key key_of(uint64_t n)
{
	return (struct seen_key){.high = n, .low = ~n};
}

static struct limiter_claim claim(enum limiter_rank rank, uint64_t key, int64_t spacing_us,
				  int64_t open_count)
{
	return (struct limiter_claim){
		.rank = rank,
		.key = key_of(key),
		.spacing_us = spacing_us,
		.open_count = open_count,
	};
}

static struct lease lease_of(struct limiter_claim first)
{
	return (struct lease){.claims = {first}, .claims_count = 1};
}

static struct lease lease_of_two(struct limiter_claim first, struct limiter_claim second)
{
	return (struct lease){.claims = {first, second}, .claims_count = 2};
}

static void test_spacing(void **state)
{
	struct limiter *limiter = limiter_new();
	struct lease a = lease_of(claim(LIMITER_ADDRESS, 1, SECOND, 8)), b = a, c = a;

	(void)state;
	assert_true(limiter_ask(limiter, &a, 0));
	assert_true(limiter_ask(limiter, &b, 0));
	assert_true(limiter_ask(limiter, &c, 0));
	assert_ptr_equal(limiter_next(limiter, 0), &a);
	assert_null(limiter_next(limiter, 0));
	limiter_begun(limiter, &a, 0, 0);
	assert_int_equal(limiter_due_us(limiter), SECOND);
	assert_null(limiter_next(limiter, SECOND - 1));
	assert_ptr_equal(limiter_next(limiter, SECOND), &b);
	assert_null(limiter_next(limiter, SECOND));
	limiter_begun(limiter, &b, SECOND, SECOND);
	assert_ptr_equal(limiter_next(limiter, 2 * SECOND), &c);
	limiter_free(limiter);
}

/* The spacing is between beginnings, not between grants. */
static void test_spacing_counts_from_the_beginning(void **state)
{
	struct limiter *limiter = limiter_new();
	struct lease a = lease_of(claim(LIMITER_ADDRESS, 1, SECOND, 8)), b = a;

	(void)state;
	limiter_ask(limiter, &a, 0);
	limiter_ask(limiter, &b, 0);
	assert_ptr_equal(limiter_next(limiter, 0), &a);
	assert_null(limiter_next(limiter, 5 * SECOND)); /* it is not known when `a` begins */
	limiter_begun(limiter, &a, 4 * SECOND + 500 * MS, 5 * SECOND);
	assert_null(limiter_next(limiter, 5 * SECOND));
	assert_int_equal(limiter_due_us(limiter), 5 * SECOND + 500 * MS);
	assert_ptr_equal(limiter_next(limiter, 5 * SECOND + 500 * MS), &b);
	limiter_free(limiter);
}

static void test_concurrency(void **state)
{
	struct limiter *limiter = limiter_new();
	struct lease leases[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		leases[i] = lease_of(claim(LIMITER_PROVIDER, 7, 0, 2));
		limiter_ask(limiter, &leases[i], 0);
	}
	assert_ptr_equal(limiter_next(limiter, 0), &leases[0]);
	assert_ptr_equal(limiter_next(limiter, 0), &leases[1]);
	assert_null(limiter_next(limiter, SECOND));
	assert_int_equal(limiter_due_us(limiter), INT64_MAX);
	limiter_begun(limiter, &leases[1], SECOND, SECOND);
	limiter_release(limiter, &leases[1], SECOND);
	assert_int_equal(limiter_due_us(limiter), INT64_MIN);
	assert_ptr_equal(limiter_next(limiter, SECOND), &leases[2]);
	assert_null(limiter_next(limiter, SECOND));
	limiter_release(limiter, &leases[3], SECOND); /* still queued */
	limiter_release(limiter, &leases[0], SECOND);
	limiter_release(limiter, &leases[2], SECOND);
	assert_null(limiter_next(limiter, SECOND));
	assert_int_equal(limiter_count(limiter), 0);
	limiter_free(limiter);
}

/* Who waits for an address does not stand in the way of others of the same provider. */
static void test_a_busy_address_holds_up_nobody_else(void **state)
{
	struct limiter *limiter = limiter_new();
	struct limiter_claim provider = claim(LIMITER_PROVIDER, 100, 0, 8);
	struct lease a = lease_of_two(provider, claim(LIMITER_ADDRESS, 1, 0, 1));
	struct lease b = lease_of_two(provider, claim(LIMITER_ADDRESS, 1, 0, 1));
	struct lease c = lease_of_two(provider, claim(LIMITER_ADDRESS, 2, 0, 1));

	(void)state;
	limiter_ask(limiter, &a, 0);
	limiter_ask(limiter, &b, 0);
	limiter_ask(limiter, &c, 0);
	assert_ptr_equal(limiter_next(limiter, 0), &a);
	assert_ptr_equal(limiter_next(limiter, 0), &c);
	assert_null(limiter_next(limiter, 0));
	limiter_release(limiter, &a, 0);
	assert_ptr_equal(limiter_next(limiter, 0), &b);
	limiter_free(limiter);
}

static void test_a_key_given_twice_counts_once(void **state)
{
	struct limiter *limiter = limiter_new();
	struct limiter_claim same = claim(LIMITER_ADDRESS, 1, 0, 1);
	struct lease a = lease_of_two(same, same);

	(void)state;
	limiter_ask(limiter, &a, 0);
	assert_ptr_equal(limiter_next(limiter, 0), &a);
	assert_int_equal(limiter_count(limiter), 1);
	limiter_release(limiter, &a, 0);
	assert_int_equal(limiter_count(limiter), 0);
	limiter_free(limiter);
}

/* A key is forgotten only after its spacing, or the next one would come too near. */
static void test_keys_are_forgotten_after_their_spacing(void **state)
{
	struct limiter *limiter = limiter_new();
	struct lease a = lease_of(claim(LIMITER_ADDRESS, 1, SECOND, 1)), b = a;

	(void)state;
	limiter_ask(limiter, &a, 0);
	assert_ptr_equal(limiter_next(limiter, 0), &a);
	limiter_begun(limiter, &a, 0, 0);
	limiter_release(limiter, &a, 100 * MS);
	assert_null(limiter_next(limiter, 999 * MS));
	assert_int_equal(limiter_count(limiter), 1);
	limiter_ask(limiter, &b, 999 * MS);
	assert_null(limiter_next(limiter, 999 * MS));
	assert_ptr_equal(limiter_next(limiter, SECOND), &b);
	limiter_release(limiter, &b, SECOND);
	assert_null(limiter_next(limiter, 2 * SECOND));
	assert_int_equal(limiter_count(limiter), 0);
	limiter_free(limiter);
}

/* --- random arrivals -------------------------------------------------------------------------- */

enum {
	LEASES = 20000,
	PROVIDERS = 5,
	ADDRESSES = 40,
	PROVIDER_OPEN = 3,
	ADDRESS_OPEN = 2,
	PROVIDER_SPACING = 20 * MS,
	ADDRESS_SPACING = 90 * MS,
	HOLD_MOST = 300 * MS,
	BEGIN_MOST = 5 * MS,
	STEP = 1 * MS,
	/*
	 * Far more than what 20,000 grants at the provider's pace need, were one of them passed
	 * over for ever.
	 */
	SIMULATED_MOST = 1500 * SECOND,
};

enum stage { QUEUED, GRANTED, BEGUN, OVER };

struct actor {
	struct lease lease;
	enum stage stage;
	unsigned provider; /* PROVIDERS: none */
	unsigned address;
	int64_t arrives_us;
	int64_t begins_us;
	int64_t ends_us;
	uint64_t order; /* of arrival at its keys */
};

struct world {
	struct limiter *limiter;
	struct actor *actors;
	int open[PROVIDERS + ADDRESSES];
	int64_t last_us[PROVIDERS + ADDRESSES];
	unsigned over;
	size_t keys_most;
};

static unsigned draw(unsigned *seed, unsigned below)
{
	return (unsigned)rand_r(seed) % below;
}

static void check_begin(struct world *world, unsigned key, int64_t now_us, int64_t spacing_us,
			int open_most)
{
	assert_true(now_us - world->last_us[key] >= spacing_us);
	assert_true(++world->open[key] <= open_most);
	world->last_us[key] = now_us;
}

static void actor_move(struct world *world, struct actor *actor, int64_t now_us)
{
	if (actor->stage == GRANTED && actor->begins_us <= now_us) {
		if (actor->provider < PROVIDERS)
			check_begin(world, actor->provider, now_us, PROVIDER_SPACING,
				    PROVIDER_OPEN);
		check_begin(world, PROVIDERS + actor->address, now_us, ADDRESS_SPACING,
			    ADDRESS_OPEN);
		limiter_begun(world->limiter, &actor->lease, now_us, now_us);
		actor->stage = BEGUN;
	} else if (actor->stage == BEGUN && actor->ends_us <= now_us) {
		if (actor->provider < PROVIDERS)
			world->open[actor->provider]--;
		world->open[PROVIDERS + actor->address]--;
		limiter_release(world->limiter, &actor->lease, now_us);
		actor->stage = OVER;
		world->over++;
	}
}

static void actor_ask(struct world *world, struct actor *actor, unsigned *seed, int64_t now_us)
{
	actor->address = draw(seed, ADDRESSES);
	actor->provider = draw(seed, PROVIDERS + 1);
	actor->lease = lease_of(
		claim(LIMITER_ADDRESS, PROVIDERS + actor->address, ADDRESS_SPACING, ADDRESS_OPEN));
	if (actor->provider < PROVIDERS)
		actor->lease.claims[actor->lease.claims_count++] =
			claim(LIMITER_PROVIDER, actor->provider, PROVIDER_SPACING, PROVIDER_OPEN);
	assert_true(limiter_ask(world->limiter, &actor->lease, now_us));
}

static void take_grants(struct world *world, unsigned *seed, int64_t now_us)
{
	struct lease *lease;

	while ((lease = limiter_next(world->limiter, now_us)) != NULL) {
		struct actor *actor = (struct actor *)lease;

		assert_int_equal(actor->stage, QUEUED);
		actor->stage = GRANTED;
		actor->begins_us = now_us + draw(seed, BEGIN_MOST);
		actor->ends_us = actor->begins_us + draw(seed, HOLD_MOST);
	}
	if (limiter_count(world->limiter) > world->keys_most)
		world->keys_most = limiter_count(world->limiter);
}

/*
 * Every one gets through, none too near to another of its keys, never too many at once; afterwards
 * nothing is remembered.
 */
static void test_random_arrivals(void **state)
{
	struct world world = {.limiter = limiter_new()};
	unsigned seed = 20261123, asked = 0, first = 0;
	int64_t now_us = 0;

	(void)state;
	world.actors = calloc(LEASES, sizeof(struct actor));
	for (size_t i = 0; i < PROVIDERS + ADDRESSES; i++)
		world.last_us[i] = -SECOND;
	for (; world.over < LEASES && now_us < SIMULATED_MOST; now_us += STEP) {
		for (unsigned n = draw(&seed, 4); n > 0 && asked < LEASES; n--)
			actor_ask(&world, &world.actors[asked++], &seed, now_us);
		while (first < asked && world.actors[first].stage == OVER)
			first++;
		take_grants(&world, &seed, now_us);
		for (unsigned i = first; i < asked; i++)
			actor_move(&world, &world.actors[i], now_us);
	}
	assert_int_equal(world.over, LEASES);
	assert_true(world.keys_most <= PROVIDERS + ADDRESSES);
	assert_null(limiter_next(world.limiter, now_us + SECOND));
	assert_int_equal(limiter_count(world.limiter), 0);
	free(world.actors);
	limiter_free(world.limiter);
}

/* One key is in demand all the time; the lease that also needs another is not passed over. */
static void test_nobody_starves(void **state)
{
	enum { CROWD = 1000 };
	struct limiter *limiter = limiter_new();
	struct limiter_claim shared = claim(LIMITER_ADDRESS, 1, 0, 1);
	struct limiter_claim provider = claim(LIMITER_PROVIDER, 2, 0, 1);
	struct lease crowd[CROWD], both = lease_of_two(shared, provider);
	struct lease holder = lease_of(provider);
	unsigned before = 0;
	struct lease *lease;

	(void)state;
	limiter_ask(limiter, &holder, 0);
	assert_ptr_equal(limiter_next(limiter, 0), &holder);
	for (size_t i = 0; i < CROWD / 2; i++) {
		crowd[i] = lease_of(shared);
		limiter_ask(limiter, &crowd[i], 0);
	}
	limiter_ask(limiter, &both, 0);
	for (size_t i = CROWD / 2; i < CROWD; i++) {
		crowd[i] = lease_of(shared);
		limiter_ask(limiter, &crowd[i], 0);
	}
	while ((lease = limiter_next(limiter, 0)) != NULL && lease != &both) {
		before++;
		limiter_release(limiter, lease, 0);
	}
	assert_null(lease); /* it holds the address and waits for the provider */
	assert_int_equal(before, CROWD / 2);
	limiter_release(limiter, &holder, 0);
	assert_ptr_equal(limiter_next(limiter, 0), &both);
	limiter_free(limiter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spacing),
		cmocka_unit_test(test_spacing_counts_from_the_beginning),
		cmocka_unit_test(test_concurrency),
		cmocka_unit_test(test_a_busy_address_holds_up_nobody_else),
		cmocka_unit_test(test_a_key_given_twice_counts_once),
		cmocka_unit_test(test_keys_are_forgotten_after_their_spacing),
		cmocka_unit_test(test_random_arrivals),
		cmocka_unit_test(test_nobody_starves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
