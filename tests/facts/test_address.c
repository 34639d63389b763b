/* Addresses: both families both ways, what is reserved on either side of every border, networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/address.h"

static struct address of(const char *text)
{
	return address_from_text(span_text(text));
}

static void test_text_and_bytes(void **state)
{
	static const struct {
		const char *text;
		uint8_t family;
		const char *back;
	} cases[] = {
		{"192.0.2.1", ADDRESS_IPV4, "192.0.2.1"},
		{"255.255.255.255", ADDRESS_IPV4, "255.255.255.255"},
		{"2001:DB8:0:0:0:0:0:1", ADDRESS_IPV6, "2001:db8::1"},
		{"::", ADDRESS_IPV6, "::"},
		{"::ffff:192.0.2.1", ADDRESS_IPV6, "::ffff:192.0.2.1"},
		{"2001:db8:1:2:3:4:255.255.255.255", ADDRESS_IPV6, "2001:db8:1:2:3:4:ffff:ffff"},
		{"", ADDRESS_NONE, NULL},
		{"192.0.2", ADDRESS_NONE, NULL},
		{"192.0.2.256", ADDRESS_NONE, NULL},
		{"192.0.2.1 ", ADDRESS_NONE, NULL},
		{"192.0.2.1.", ADDRESS_NONE, NULL},
		{"[192.0.2.1]", ADDRESS_NONE, NULL},
		{"fe80::1%eth0", ADDRESS_NONE, NULL},
		{"1::2::3", ADDRESS_NONE, NULL},
		{"3221225985", ADDRESS_NONE, NULL},
		{"0x7f.0.0.1", ADDRESS_NONE, NULL},
		{"2001:0db8:0000:0000:0000:0000:0000:0001:0002:0003:0004", ADDRESS_NONE, NULL},
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct address address = of(cases[i].text);

		if (address.family != cases[i].family)
			fail_msg("%s: family %d", cases[i].text, address.family);
		assert_true(span_equal(address_to_text(&arena, address), span_text(cases[i].back)));
	}
	assert_int_equal(address_from_text(span_of("192.0.2.1\0", 10)).family, ADDRESS_NONE);
	assert_int_equal(address_from_text((struct span){0}).family, ADDRESS_NONE);
	assert_int_equal(address_from_bytes(span_of("12345", 5)).family, ADDRESS_NONE);
	assert_int_equal(address_from_bytes((struct span){0}).family, ADDRESS_NONE);
	arena_free(&arena);
}

static void test_equality(void **state)
{
	struct address a = of("192.0.2.1"), b = a;

	(void)state;
	/* What lies behind the four bytes of IPv4 means nothing. */
	b.bytes[9] = 1;
	assert_true(address_equal(a, b));
	b.bytes[3] = 2;
	assert_false(address_equal(a, b));
	assert_false(address_equal(of("0.0.0.0"), of("::")));
	assert_true(address_equal(of("2001:db8::1"), of("2001:0db8::0001")));
	assert_false(address_equal(of("2001:db8::1"), of("2001:db8::2")));
}

static const char *const reserved_texts[] = {
	"0.0.0.0",
	"0.255.255.255",
	"10.0.0.0",
	"10.255.255.255",
	"100.64.0.0",
	"100.127.255.255",
	"127.0.0.1",
	"127.255.255.255",
	"169.254.0.0",
	"169.254.255.255",
	"172.16.0.0",
	"172.31.255.255",
	"192.0.0.0",
	"192.0.0.255",
	"192.0.2.0",
	"192.0.2.255",
	"192.88.99.1",
	"192.168.0.0",
	"192.168.255.255",
	"198.18.0.0",
	"198.19.255.255",
	"198.51.100.0",
	"198.51.100.255",
	"203.0.113.0",
	"203.0.113.255",
	"224.0.0.0",
	"239.255.255.255",
	"240.0.0.0",
	"255.255.255.255",
	"::",
	"::1",
	"::192.0.2.1",
	"::8.8.8.8",
	"::ffff:10.0.0.1",
	"::ffff:8.8.8.8",
	"64:ff9b::10.0.0.1",
	"64:ff9b:1::8.8.8.8",
	"100::1",
	"1fff:ffff::",
	"2001::1",
	"2001:1ff:ffff::1",
	"2001:db8::",
	"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
	"2002:a00:1::1",
	"2002:7f00:1::",
	"3fff::",
	"3fff:fff:ffff::",
	"4000::",
	"5f00::1",
	"fc00::",
	"fdff::1",
	"fe80::1",
	"febf::1",
	"fec0::1",
	"ff02::1",
};

static const char *const reachable_texts[] = {
	"1.0.0.0",          "9.255.255.255",    "11.0.0.0",
	"100.63.255.255",   "100.128.0.0",      "126.255.255.255",
	"128.0.0.0",        "169.253.255.255",  "169.255.0.0",
	"172.15.255.255",   "172.32.0.0",       "191.255.255.255",
	"192.0.1.0",        "192.0.3.0",        "192.88.98.255",
	"192.88.100.0",     "192.167.255.255",  "192.169.0.0",
	"198.17.255.255",   "198.20.0.0",       "198.51.99.255",
	"198.51.101.0",     "203.0.112.255",    "203.0.114.0",
	"223.255.255.255",  "2000::",           "2001:200::1",
	"2001:db7:ffff::1", "2001:db9::",       "2001:4860:4860::8888",
	"2a00:1450::1",     "2002:808:808::1",  "3ffe:ffff::1",
	"3fff:1000::",      "64:ff9b::8.8.8.8",
};

static void test_reserved_on_both_sides_of_each_border(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(reserved_texts); i++)
		if (!address_is_reserved(of(reserved_texts[i])))
			fail_msg("%s is reserved", reserved_texts[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(reachable_texts); i++)
		if (of(reachable_texts[i]).family == ADDRESS_NONE ||
		    address_is_reserved(of(reachable_texts[i])))
			fail_msg("%s is reachable", reachable_texts[i]);
	/* What is no address is never contacted. */
	assert_true(address_is_reserved((struct address){0}));
}

static void test_prefixes(void **state)
{
	static const struct {
		const char *address;
		unsigned bits;
		const char *network;
	} cases[] = {
		{"203.0.113.255", 24, "203.0.113.0"},
		{"203.0.113.255", 25, "203.0.113.128"},
		{"203.0.113.255", 31, "203.0.113.254"},
		{"203.0.113.255", 32, "203.0.113.255"},
		{"203.0.113.255", 128, "203.0.113.255"},
		{"203.0.113.255", 0, "0.0.0.0"},
		{"203.0.113.255", 1, "128.0.0.0"},
		{"2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"},
		{"2001:db8:1:2:3:4:5:6", 47, "2001:db8::"},
		{"ffff::1", 0, "::"},
		{"ffff::1", 128, "ffff::1"},
		{"ffff::1", 1000, "ffff::1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (!address_equal(address_prefix(of(cases[i].address), cases[i].bits),
				   of(cases[i].network)))
			fail_msg("%s/%u", cases[i].address, cases[i].bits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_bytes),
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_reserved_on_both_sides_of_each_border),
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
