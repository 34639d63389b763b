/* URIs by RFC 3986: examples of its section 1.1.2, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/uri.h"

static const char *const valid[] = {
	"ftp://ftp.is.co.za/rfc/rfc1808.txt",
	"ldap://[2001:db8::7]/c=GB?objectClass?one",
	"mailto:John.Doe@example.com",
	"news:comp.infosystems.www.servers.unix",
	"telnet://192.0.2.16:80/",
	"urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
	"https://user:pw@example.com:8443/a/b;c?d=e#f/?",
	"https://example.com",
	"https://example.com?x",
	"https:///path",
	"mailto:",
	"a+b-c.1:x",
	"https://example.com/%2c%3B",
};

static const char *const invalid[] = {
	"",
	":",
	"//example.com/",
	"example.com",
	"1a:x",
	"a b:x",
	"https://exa mple.com/",
	"https://example.com/ x",
	"https://example.com:port/",
	"https://a@b@c/",
	"https://[::1",
	"https://[::1]x/",
	"https://example.com/[x]",
	"http://bad/%",
	"http://bad/%2",
	"http://bad/%zz",
	"mailto:a#b#c",
	"mailto:\xc3\xa4@example.com",
	"mailto:<a@example.com>",
};

static void test_grammar(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(valid); i++) {
		print_message("%s\n", valid[i]);
		assert_true(uri_is_valid(span_text(valid[i])));
	}
	for (size_t i = 0; i < ARRAY_LENGTH(invalid); i++) {
		print_message("%s\n", invalid[i]);
		assert_false(uri_is_valid(span_text(invalid[i])));
	}
	assert_false(uri_is_valid((struct span){0}));
}

static void test_scheme(void **state)
{
	(void)state;
	assert_true(uri_has_scheme(span_text("MailTo:x"), "mailto"));
	assert_true(uri_has_scheme(span_text("mailto:"), "mailto"));
	assert_false(uri_has_scheme(span_text("mailto"), "mailto"));
	assert_false(uri_has_scheme(span_text("mailtox:"), "mailto"));
	assert_false(uri_has_scheme(span_text("http:"), "https"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_scheme),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
