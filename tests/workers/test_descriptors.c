/*
 * Shares of descriptors: what they add up to, from a limit of nothing to none at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"
#include "workers/descriptors.h"

static void test_shares(void **state)
{
	static const struct {
		uint64_t limit;
		unsigned threads;
		size_t name_servers;
		struct descriptor_shares shares;
	} cases[] = {
		{64, 2, 1, {2, 2, 24}},
		{256, 4, 1, {5, 5, 136}},
		{1024, 2, 1, {60, 60, 720}},
		{20000, 2, 1, {64, 128, 19552}},
		{20000, 2, 500, {500, 128, 18680}},
		{20000, 2, 100000, {1246, 128, 17188}},
		{20000, 64, 1, {37, 37, 14704}},
		{UINT64_MAX, 2, 1, {64, 128, 1000000}},
		{0, 1, 1, {1, 1, 1}},
		{8, 16, 1, {1, 1, 1}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct descriptor_shares shares =
			descriptors_share(cases[i].limit, cases[i].threads, cases[i].name_servers);

		print_message("%u threads\n", cases[i].threads);
		assert_int_equal(shares.udp_sockets_count, cases[i].shares.udp_sockets_count);
		assert_int_equal(shares.dns_tcp_count, cases[i].shares.dns_tcp_count);
		assert_int_equal(shares.connections_count, cases[i].shares.connections_count);
	}
}

/*
 * Wherever there is room at all, at least as many stay for files as a scan of so many threads has
 * open.
 */
static void test_files_have_room(void **state)
{
	(void)state;
	for (uint64_t limit = 64; limit < 100000; limit += 97) {
		for (unsigned threads = 1; threads <= 2; threads++) {
			struct descriptor_shares shares = descriptors_share(limit, threads, 1);
			uint64_t used =
				(shares.udp_sockets_count + shares.dns_tcp_count) * threads +
				(uint64_t)shares.connections_count;

			assert_true(used + 16 + 8 * threads <= limit);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_files_have_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
