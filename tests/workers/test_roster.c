/*
 * Whose turn it is: shares of providers, passing, order within a provider, and nothing forgotten or
 * kept too long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "workers/engine.h"
#include "workers/roster.h"

/* "mx7.big.test" is run by "big.test". */
static struct span provider_of(void *context, struct span host)
{
	(void)context;
	return span_skip(host, span_find(host, '.') + 1);
}

static size_t in_work_count(void *context, struct span provider)
{
	(void)provider;
	return *(const size_t *)context;
}

static struct roster *make(size_t in_work, size_t *share)
{
	return roster_new(&(struct roster_settings){
		.in_work_count = in_work,
		.secret = (const uint8_t *)"sixteen bytes...",
		.context = share,
		.provider_of = provider_of,
		.provider_in_work_count = in_work_count,
	});
}

static void add(struct roster *roster, unsigned n, const char *provider)
{
	char name[64];

	snprintf(name, sizeof(name), "mx%u.%s", n, provider);
	roster_add(roster, span_text(name));
}

static void assert_next(struct roster *roster, struct roster_turn *turn, const char *host)
{
	assert_true(roster_next(roster, turn));
	assert_true(span_equal(turn->host, span_text(host)));
	assert_true(span_equal(turn->provider_name, provider_of(NULL, turn->host)));
}

static void test_a_long_line_is_passed(void **state)
{
	size_t share = 2;
	struct roster *roster = make(100, &share);
	struct roster_turn big, turn;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add(roster, i, "big.test");
	add(roster, 0, "small.test");
	assert_next(roster, &big, "mx0.big.test");
	assert_next(roster, &turn, "mx1.big.test");
	assert_next(roster, &turn, "mx0.small.test");
	assert_false(roster_next(roster, &turn));
	assert_int_equal(roster_waiting(roster), 8);
	assert_int_equal(roster_in_work(roster), 3);
	roster_done(roster, big.provider);
	assert_next(roster, &turn, "mx2.big.test");
	assert_false(roster_next(roster, &turn));
	roster_free(roster);
}

static void test_the_total_is_kept(void **state)
{
	size_t share = 100;
	static const char *const providers[] = {"a.test", "b.test", "c.test", "d.test", "e.test"};
	struct roster *roster = make(3, &share);
	struct roster_turn turn;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		add(roster, i, providers[i]);
	for (unsigned i = 0; i < 3; i++)
		assert_true(roster_next(roster, &turn));
	assert_false(roster_next(roster, &turn));
	roster_done(roster, turn.provider);
	assert_true(roster_next(roster, &turn));
	assert_false(roster_next(roster, &turn));
	roster_free(roster);
}

static void test_report(void **state)
{
	size_t share = 1;
	struct roster *roster = make(100, &share);
	struct roster_turn turn;
	struct backlog backlog[2];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		add(roster, i, "middle.test");
	for (unsigned i = 0; i < 2; i++)
		add(roster, i, "short.test");
	for (unsigned i = 0; i < 8; i++)
		add(roster, i, "long.test");
	while (roster_next(roster, &turn))
		;
	assert_int_equal(roster_report(roster, backlog, 2), 2);
	assert_string_equal(backlog[0].provider, "long.test");
	assert_int_equal(backlog[0].waiting, 7);
	assert_int_equal(backlog[0].in_work, 1);
	assert_string_equal(backlog[1].provider, "middle.test");
	assert_int_equal(roster_report(roster, backlog, 0), 0);
	roster_drop_waiting(roster);
	assert_int_equal(roster_waiting(roster), 0);
	assert_int_equal(roster_in_work(roster), 3);
	assert_false(roster_next(roster, &turn));
	roster_free(roster);
}

/*
 * Random comings and goings: every host once, in order within its provider, shares and total kept.
 */
static void test_random(void **state)
{
	enum { HOSTS = 50000, PROVIDERS = 300, IN_WORK = 64 };
	size_t share = 3;
	struct roster *roster = make(IN_WORK, &share);
	struct roster_turn working[IN_WORK], turn;
	unsigned provider_in_work[PROVIDERS] = {0}, provider_next[PROVIDERS] = {0};
	unsigned provider_added[PROVIDERS] = {0};
	unsigned seed = 1, added = 0, done = 0;
	size_t count = 0;
	char name[64];

	(void)state;
	while (done < HOSTS) {
		for (int i = rand_r(&seed) % 40; i > 0 && added < HOSTS; i--, added++) {
			/* Few providers have most of the hosts. */
			unsigned provider = (unsigned)(rand_r(&seed) % PROVIDERS);

			provider = provider % (unsigned)(rand_r(&seed) % PROVIDERS + 1);
			snprintf(name, sizeof(name), "h%u.%u", provider_added[provider]++,
				 provider);
			roster_add(roster, span_text(name));
		}
		while (roster_next(roster, &turn)) {
			unsigned number, provider;

			snprintf(name, sizeof(name), "%.*s", (int)turn.host.len,
				 (const char *)turn.host.data);
			assert_int_equal(sscanf(name, "h%u.%u", &number, &provider), 2);
			assert_int_equal(number, provider_next[provider]++);
			assert_true(++provider_in_work[provider] <= share);
			assert_true(count < IN_WORK);
			turn.host.len = provider; /* kept for the end */
			working[count++] = turn;
		}
		for (int i = rand_r(&seed) % 20; i > 0 && count > 0; i--, done++) {
			size_t at = (size_t)rand_r(&seed) % count;

			provider_in_work[working[at].host.len]--;
			roster_done(roster, working[at].provider);
			working[at] = working[--count];
		}
		assert_int_equal(roster_in_work(roster), count);
		assert_int_equal(roster_waiting(roster), added - done - count);
	}
	roster_free(roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_long_line_is_passed),
		cmocka_unit_test(test_the_total_is_kept),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
