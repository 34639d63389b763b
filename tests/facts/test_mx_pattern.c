/* mx patterns: what is one, and what is said of one that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/mx_pattern.h"

#define F(code) POLICY_MX_FAULT_##code
#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	const char *value;
	enum policy_mx_fault fault;
} cases[] = {
	{"mx.example.com", F(NULL)},
	{"*.example.com", F(NULL)},
	{"MX.Example.Com", F(NULL)},
	{"localhost", F(NULL)},
	{"*.com", F(NULL)},
	{"1.example", F(NULL)},
	{"xn--mx-fka.example", F(NULL)},
	{L63 ".example", F(NULL)},
	{"", F(EMPTY)},
	{"postmaster@example.com", F(EMAIL_ADDRESS)},
	{"mx.example.com.", F(TRAILING_DOT)},
	{"*.example.com.", F(TRAILING_DOT)},
	{"https://mx.example.com", F(URL)},
	{"mx.example.com/", F(URL)},
	{"://google.com", F(URL)},
	{"192.0.2.1", F(IP_ADDRESS)},
	{"[192.0.2.1]", F(IP_ADDRESS)},
	{"2001:db8::1", F(IP_ADDRESS)},
	{"[IPv6:2001:db8::1]", F(IP_ADDRESS)},
	{"m\xc3\xb8x.example", F(U_LABEL)},
	{"**.example", F(INNER_WILDCARD)},
	{"*", F(INNER_WILDCARD)},
	{"mx*.example.com", F(INNER_WILDCARD)},
	{"mx.*.example.com", F(INNER_WILDCARD)},
	{"*.*.example.com", F(INNER_WILDCARD)},
	{"*mx.example.com", F(INNER_WILDCARD)},
	{"a.example, b.example", F(SEVERAL_ON_ONE_LINE)},
	{"a.example b.example", F(SEVERAL_ON_ONE_LINE)},
	{"a.example;*.b.example.;", F(SEVERAL_ON_ONE_LINE)},
	{"mx_1.example.com", F(BAD_NAME)},
	{"a..example", F(BAD_NAME)},
	{".", F(BAD_NAME)},
	{"*.", F(BAD_NAME)},
	{".example.com", F(BAD_NAME)},
	{"test.example-", F(BAD_NAME)},
	{"-test.example", F(BAD_NAME)},
	{L63 "l.example", F(BAD_NAME)},
	{"mx1.your_domain.tld     # 2. Add your mail server", F(BAD_NAME)},
	{"Priority 5: ALT1.ASPMX.L.GOOGLE.COM", F(BAD_NAME)},
	{"mx.example.com\x01", F(BAD_NAME)},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		print_message("%s\n", cases[i].value);
		assert_int_equal(mx_pattern_fault(span_text(cases[i].value)), cases[i].fault);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
