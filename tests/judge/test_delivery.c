/*
 * The tables of MEASURES 8: host by host, row by row, and that no failure ever makes delivery
 * better.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/span.h"
#include "judge/delivery.h"

#define R(code) HOST_RESULT_##code
#define V(code) STS_VERDICT_##code
#define H(code) HOST_DELIVERY_##code
#define D(code) DELIVERY_##code

/* Hosts by what they are; the policy lists them unless said otherwise. */
#define HOST(dane_, result_, starttls_, tls_, matches_) \
	{ \
		.has_address = TRISTATE_YES, .dane = DANE_##dane_, .result = R(result_), \
		.starttls = STARTTLS_##starttls_, .tls = TRISTATE_##tls_, \
		.matches = TRISTATE_##matches_, \
	}
#define GOOD HOST(NONE, SUCCESS, OFFERED, YES, YES)
#define EXPIRED HOST(NONE, CERTIFICATE_EXPIRED, OFFERED, YES, YES)
#define UNLISTED HOST(NONE, SUCCESS, OFFERED, YES, NO)
#define PLAIN HOST(NONE, STARTTLS_NOT_SUPPORTED, ABSENT, NO, YES)
#define SILENT HOST(NONE, UNKNOWN, UNKNOWN, UNKNOWN, YES)
#define DANE_GOOD HOST(VALID, CERTIFICATE_NOT_TRUSTED, OFFERED, YES, NO)
#define DANE_BAD HOST(INVALID, SUCCESS, OFFERED, YES, YES)
#define UNUSABLE HOST(UNUSABLE, CERTIFICATE_EXPIRED, OFFERED, YES, YES)
#define UNUSABLE_GOOD HOST(UNUSABLE, SUCCESS, OFFERED, YES, YES)
#define UNUSABLE_PLAIN HOST(UNUSABLE, STARTTLS_NOT_SUPPORTED, ABSENT, NO, YES)
#define DANE_OPEN HOST(UNKNOWN, SUCCESS, OFFERED, YES, YES)
#define LOST \
	{ \
		.has_address = TRISTATE_NO, .result = R(UNKNOWN), .matches = TRISTATE_YES \
	}

static void test_hosts(void **state)
{
	static const struct {
		struct delivery_host host;
		enum host_delivery none, testing, enforce, unknown;
	} cases[] = {
		{GOOD, H(OPPORTUNISTIC), H(OPPORTUNISTIC), H(SECURE), H(UNKNOWN)},
		{EXPIRED, H(OPPORTUNISTIC), H(OPPORTUNISTIC), H(REFUSED), H(UNKNOWN)},
		{UNLISTED, H(OPPORTUNISTIC), H(OPPORTUNISTIC), H(REFUSED), H(UNKNOWN)},
		{PLAIN, H(PLAIN), H(PLAIN), H(REFUSED), H(UNKNOWN)},
		{SILENT, H(UNKNOWN), H(UNKNOWN), H(UNKNOWN), H(UNKNOWN)},
		{HOST(NONE, UNKNOWN, UNKNOWN, UNKNOWN, NO), H(UNKNOWN), H(UNKNOWN), H(REFUSED),
		 H(UNKNOWN)},
		{HOST(NONE, UNKNOWN, OFFERED, UNKNOWN, YES), H(OPPORTUNISTIC), H(OPPORTUNISTIC),
		 H(UNKNOWN), H(UNKNOWN)},
		{HOST(NONE, STARTTLS_NOT_SUPPORTED, OFFERED, NO, YES), H(PLAIN), H(PLAIN),
		 H(REFUSED), H(UNKNOWN)},
		{HOST(INSECURE, SUCCESS, OFFERED, YES, YES), H(OPPORTUNISTIC), H(OPPORTUNISTIC),
		 H(SECURE), H(UNKNOWN)},
		{DANE_GOOD, H(SECURE), H(SECURE), H(SECURE), H(SECURE)},
		{DANE_BAD, H(REFUSED), H(REFUSED), H(REFUSED), H(REFUSED)},
		{HOST(DNSSEC_INVALID, SUCCESS, OFFERED, YES, YES), H(REFUSED), H(REFUSED),
		 H(REFUSED), H(REFUSED)},
		{UNUSABLE, H(ENCRYPTED), H(ENCRYPTED), H(REFUSED), H(UNKNOWN)},
		{UNUSABLE_GOOD, H(ENCRYPTED), H(ENCRYPTED), H(SECURE), H(UNKNOWN)},
		{UNUSABLE_PLAIN, H(REFUSED), H(REFUSED), H(REFUSED), H(REFUSED)},
		{DANE_OPEN, H(UNKNOWN), H(UNKNOWN), H(UNKNOWN), H(UNKNOWN)},
		{LOST, H(NULL), H(NULL), H(NULL), H(NULL)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct delivery_host *host = &cases[i].host;

		print_message("%zu\n", i);
		assert_int_equal(delivery_of_host(host, V(NONE)), cases[i].none);
		assert_int_equal(delivery_of_host(host, V(BROKEN)), cases[i].none);
		assert_int_equal(delivery_of_host(host, V(OFF)), cases[i].none);
		assert_int_equal(delivery_of_host(host, V(TESTING)), cases[i].testing);
		assert_int_equal(delivery_of_host(host, V(ENFORCE)), cases[i].enforce);
		assert_int_equal(delivery_of_host(host, V(UNKNOWN)), cases[i].unknown);
	}
}

static void test_domains(void **state)
{
	static const struct {
		enum sts_verdict sts;
		struct delivery_host hosts[3];
		size_t hosts_count;
		enum delivery delivery;
	} cases[] = {
		{V(ENFORCE), {GOOD, GOOD}, 2, D(PROTECTED)},
		{V(ENFORCE), {GOOD, LOST}, 2, D(PROTECTED)},
		{V(ENFORCE), {LOST, LOST}, 2, D(UNDELIVERABLE)},
		{V(ENFORCE), {GOOD}, 0, D(UNDELIVERABLE)},
		{V(ENFORCE), {EXPIRED, UNLISTED, PLAIN}, 3, D(REFUSED)},
		{V(ENFORCE), {GOOD, PLAIN}, 2, D(PROTECTED_IN_PART)},
		{V(ENFORCE), {GOOD, SILENT}, 2, D(UNKNOWN)},
		{V(ENFORCE), {GOOD, PLAIN, SILENT}, 3, D(PROTECTED_IN_PART)},
		{V(ENFORCE), {PLAIN, SILENT}, 2, D(UNKNOWN)},
		{V(ENFORCE), {DANE_GOOD, DANE_BAD}, 2, D(PROTECTED_IN_PART)},
		{V(NONE), {DANE_GOOD, GOOD}, 2, D(PROTECTED_IN_PART)},
		{V(NONE), {DANE_BAD, GOOD}, 2, D(PROTECTED_IN_PART)},
		{V(NONE), {DANE_GOOD}, 1, D(PROTECTED)},
		{V(NONE), {DANE_BAD, UNUSABLE_PLAIN}, 2, D(REFUSED)},
		{V(NONE), {GOOD, PLAIN}, 2, D(OPPORTUNISTIC)},
		{V(NONE), {UNUSABLE}, 1, D(OPPORTUNISTIC)},
		{V(NONE), {UNUSABLE, PLAIN}, 2, D(OPPORTUNISTIC)},
		{V(NONE), {PLAIN, PLAIN}, 2, D(CLEARTEXT)},
		{V(NONE), {PLAIN, SILENT}, 2, D(UNKNOWN)},
		{V(NONE), {GOOD, SILENT}, 2, D(OPPORTUNISTIC)},
		{V(BROKEN), {GOOD}, 1, D(OPPORTUNISTIC)},
		{V(OFF), {UNLISTED}, 1, D(OPPORTUNISTIC)},
		{V(TESTING), {GOOD, GOOD}, 2, D(OPPORTUNISTIC)},
		{V(TESTING), {GOOD, PLAIN}, 2, D(REPORTED)},
		{V(TESTING), {PLAIN, PLAIN}, 2, D(REPORTED)},
		{V(TESTING), {GOOD, UNLISTED}, 2, D(REPORTED)},
		{V(TESTING), {GOOD, SILENT}, 2, D(UNKNOWN)},
		{V(TESTING), {EXPIRED, SILENT}, 2, D(REPORTED)},
		{V(TESTING), {DANE_GOOD, PLAIN}, 2, D(PROTECTED_IN_PART)},
		{V(UNKNOWN), {GOOD}, 1, D(UNKNOWN)},
		{V(UNKNOWN), {DANE_GOOD}, 1, D(PROTECTED)},
		{V(UNKNOWN), {DANE_GOOD, DANE_BAD}, 2, D(PROTECTED_IN_PART)},
		{V(UNKNOWN), {DANE_GOOD, GOOD}, 2, D(UNKNOWN)},
		{V(UNKNOWN), {DANE_GOOD, DANE_BAD, GOOD}, 3, D(PROTECTED_IN_PART)},
		{V(NONE), {DANE_OPEN, DANE_BAD, DANE_GOOD}, 3, D(PROTECTED_IN_PART)},
		{V(NONE), {DANE_OPEN}, 1, D(UNKNOWN)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct delivery_domain domain = {MX_KIND_EXPLICIT, cases[i].sts, cases[i].hosts,
						 cases[i].hosts_count};

		print_message("%zu\n", i);
		assert_int_equal(delivery_of_domain(&domain), cases[i].delivery);
	}
}

static void test_mx_kinds(void **state)
{
	struct delivery_domain domain = {.sts = V(ENFORCE)};

	(void)state;
	assert_int_equal(delivery_of_domain(&domain), D(NULL));
	domain.mx = MX_KIND_NULL_MX;
	assert_int_equal(delivery_of_domain(&domain), D(NO_MAIL));
	domain.mx = MX_KIND_NONE;
	assert_int_equal(delivery_of_domain(&domain), D(UNDELIVERABLE));
	domain.mx = MX_KIND_UNKNOWN;
	assert_int_equal(delivery_of_domain(&domain), D(UNKNOWN));
	domain.mx = MX_KIND_IMPLICIT;
	assert_int_equal(delivery_of_domain(&domain), D(UNDELIVERABLE));
}

static void test_ready(void **state)
{
	static const struct {
		struct delivery_host hosts[2];
		size_t hosts_count;
		enum tristate ready;
	} cases[] = {
		{{GOOD, GOOD}, 2, TRISTATE_YES},       {{GOOD, LOST}, 2, TRISTATE_YES},
		{{GOOD, UNLISTED}, 2, TRISTATE_NO},    {{SILENT, EXPIRED}, 2, TRISTATE_NO},
		{{GOOD, SILENT}, 2, TRISTATE_UNKNOWN}, {{SILENT, GOOD}, 2, TRISTATE_UNKNOWN},
		{{DANE_GOOD}, 1, TRISTATE_YES},        {{LOST}, 1, TRISTATE_NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct delivery_domain domain = {MX_KIND_EXPLICIT, V(TESTING), cases[i].hosts,
						 cases[i].hosts_count};

		assert_int_equal(delivery_ready_for_enforce(&domain), cases[i].ready);
		domain.sts = V(ENFORCE);
		assert_int_equal(delivery_ready_for_enforce(&domain), TRISTATE_NULL);
	}
}

/*
 * How good a delivery is for whoever wants mail protected and delivered; unknown is beside the
 * scale.
 */
static int rank(enum delivery delivery)
{
	static const enum delivery order[] = {D(REFUSED),       D(CLEARTEXT),         D(REPORTED),
					      D(OPPORTUNISTIC), D(PROTECTED_IN_PART), D(PROTECTED)};

	for (size_t i = 0; i < ARRAY_LENGTH(order); i++)
		if (order[i] == delivery)
			return (int)i;
	return -1;
}

static struct delivery_host random_host(unsigned *seed)
{
	static const struct delivery_host kinds[] = {
		GOOD,     EXPIRED,  UNLISTED,      PLAIN,          SILENT,    DANE_GOOD,
		DANE_BAD, UNUSABLE, UNUSABLE_GOOD, UNUSABLE_PLAIN, DANE_OPEN,
	};

	return kinds[(size_t)rand_r(seed) % ARRAY_LENGTH(kinds)];
}

/* The same host with one fact turned into a failure. */
static struct delivery_host spoil(struct delivery_host host, unsigned *seed)
{
	switch (rand_r(seed) % 4) {
	case 0:
		if (host.result == R(SUCCESS))
			host.result = R(CERTIFICATE_EXPIRED);
		break;
	case 1:
		host.matches = TRISTATE_NO;
		break;
	case 2:
		if (host.dane == DANE_VALID)
			host.dane = DANE_INVALID;
		break;
	default:
		if (host.dane != DANE_VALID && host.dane != DANE_UNKNOWN) {
			host.result = R(STARTTLS_NOT_SUPPORTED);
			host.starttls = STARTTLS_ABSENT;
			host.tls = TRISTATE_NO;
		}
		break;
	}
	return host;
}

/*
 * One exception to "a failure never makes it better": where nothing protects a domain, a host that
 * is refused makes it protected in part by the table's own words. So the scale is asked only where
 * the domain had some protection to lose.
 */
static void test_failures_never_help(void **state)
{
	static const enum sts_verdict verdicts[] = {V(NONE), V(TESTING), V(ENFORCE), V(OFF)};
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct delivery_host before[3], after[3];
		struct delivery_domain domain = {
			.mx = MX_KIND_EXPLICIT,
			.sts = verdicts[rand_r(&seed) % 4],
			.hosts = before,
			.hosts_count = 1 + (size_t)rand_r(&seed) % 3,
		};
		size_t spoilt = (size_t)rand_r(&seed) % domain.hosts_count;
		enum delivery was, is;

		for (size_t i = 0; i < domain.hosts_count; i++)
			after[i] = before[i] = random_host(&seed);
		after[spoilt] = spoil(before[spoilt], &seed);
		was = delivery_of_domain(&domain);
		domain.hosts = after;
		is = delivery_of_domain(&domain);
		if (was == D(UNKNOWN) || is == D(UNKNOWN))
			continue;
		if (was == D(PROTECTED) || was == D(PROTECTED_IN_PART) || was == D(REFUSED))
			assert_true(rank(is) <= rank(was));
		if (is == D(PROTECTED))
			assert_int_equal(was, D(PROTECTED));
	}
}

/* An unknown fact never gives an answer that learning the fact could change. */
static void test_unknown_is_honest(void **state)
{
	static const struct delivery_host open[] = {SILENT, DANE_OPEN};
	static const struct delivery_host silent_as[] = {GOOD, EXPIRED, PLAIN};
	static const struct delivery_host open_as[] = {GOOD, DANE_BAD, UNUSABLE_GOOD,
						       HOST(VALID, SUCCESS, OFFERED, YES, YES)};
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct delivery_host hosts[3];
		struct delivery_domain domain = {
			.mx = MX_KIND_EXPLICIT,
			.sts = 1 + (enum sts_verdict)rand_r(&seed) % V(OFF),
			.hosts = hosts,
			.hosts_count = 3,
		};
		size_t kind = (size_t)rand_r(&seed) % 2;
		const struct delivery_host *as = kind == 0 ? silent_as : open_as;
		size_t as_count = kind == 0 ? ARRAY_LENGTH(silent_as) : ARRAY_LENGTH(open_as);
		enum delivery answer;

		hosts[0] = open[kind];
		hosts[1] = random_host(&seed);
		hosts[2] = random_host(&seed);
		answer = delivery_of_domain(&domain);
		for (size_t i = 0; answer != D(UNKNOWN) && i < as_count; i++) {
			hosts[0] = as[i];
			assert_int_equal(delivery_of_domain(&domain), answer);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_mx_kinds),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_failures_never_help),
		cmocka_unit_test(test_unknown_is_honest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
