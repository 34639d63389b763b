/*
 * The software behind real greetings, and which refusals keep us out by a list, a policy or for our
 * address.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "facts/smtp_reply.h"
#include "tests/corpus.h"

static void check_software(struct span greeting, const char *software)
{
	struct span named = smtp_software(greeting);

	if (!span_equal(named, span_text(software)))
		fail_msg("\"%.*s\": %.*s instead of %s", (int)greeting.len,
			 (const char *)greeting.data, (int)named.len, (const char *)named.data,
			 software == NULL ? "nothing" : software);
}

static void test_software(void **state)
{
	static const struct {
		const char *greeting;
		const char *software;
	} cases[] = {
		{"mx.google.com ESMTP f188si464031wme.109 - gsmtp", "gmail"},
		{"mx.example ESMTP Postfix (Debian/GNU)", "postfix"},
		{"exim.example.com ESMTP Postfix", "postfix"},
		{"postfix.example.com ESMTP", NULL},
		{"postfix.example.com ESMTP Exim 4.96 Tue, 2 Mar 1999 09:44:33 +0000", "exim"},
		{"mx.example ESMTP OpenSMTPD", "opensmtpd"},
		{"BL2.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at Thu",
		 "exchange"},
		{"mx.example Microsoft ESMTP MAIL Service, Version: 10.0.17763.1 ready at",
		 "iis-smtp"},
		{"mx.example ESMTP Haraka/2.8.28 ready", "haraka"},
		{"mx.example Stalwart ESMTP at your service", "stalwart"},
		{"mx.example ESMTP mox 0.0.13", "mox"},
		{"mx.example ESMTP (0a8d40ef45300cc1bd0f16ced5c9e6f1)", "barracuda"},
		{"mx.example ESMTP (0a8d40ef45300cc1bd0f16ced5c9e6f)", NULL},
		{"mx.example ESMTP (0a8d40ef45300cc1bd0f16ced5c9e6f12)", NULL},
		{"**************************0******2***", "cisco-firewall"},
		{"mx.example ESMTP *** no spam ***", NULL},
		{"mx.example ESMTP Postfixes", NULL},
		{"mx.example ESMTP NoExim", NULL},
		{"mx.example ESMTP ready", NULL},
		{"Postfix", "postfix"},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_software(span_text(cases[i].greeting), cases[i].software);
	assert_true(span_is_null(smtp_software((struct span){0})));
}

/* --- real greetings: the description's first words tell what it is --- */

static const struct {
	const char *description;
	const char *software;
} corpus_softwares[] = {
	{"Sendmail - MetaInfo", "sendmail"},
	{"Sendmail", "sendmail"},
	{"Exim", "exim"},
	{"Postfix", "postfix"},
	{"OpenSMPTD", "opensmtpd"},
	{"Microsoft Exchange Server 5", "exchange"},
	{"Microsoft Exchange 2007/2010", "exchange"},
	{"Microsoft IIS builtin SMTP service", "iis-smtp"},
	{"MDaemon", "mdaemon"},
	{"MailEnable", "mailenable"},
	{"Merak", "icewarp"},
	{"Kerio", "kerio-connect"},
	{"Communigate", "communigate-pro"},
	{"Lotus", "domino"},
	{"IBM Domino", "domino"},
	{"Novell GroupWise", "groupwise"},
	{"Ecelerity", "momentum"},
	{"PowerMTA", "powermta"},
	{"JAMES", "james"},
	{"IMail", "imail"},
	{"Barracuda", "barracuda"},
	{"Symantec Mail Security", "symantec-mail-security"},
	{"Symantec Mail Gateway", "symantec-messaging-gateway"},
	{"SonicWall", "sonicwall"},
	{"Cisco PIX firewall MailGuard", "cisco-firewall"},
	{"ZMailer", "zmailer"},
	{"Non-specific", NULL},
	{"Some simple PERL", NULL},
	{"Twisted", NULL},
	{"Raptor", NULL},
};

/*
 * A line is the test's name, a description and a greeting. True where the description is one of
 * those above.
 */
static bool check_corpus_line(struct span line)
{
	struct span rest = span_skip(line, span_find(line, '\t') + 1);
	struct span greeting = span_skip(rest, span_find(rest, '\t') + 1);

	for (size_t i = 0; i < ARRAY_LENGTH(corpus_softwares); i++) {
		if (!span_starts_with(rest, span_text(corpus_softwares[i].description)))
			continue;
		check_software(greeting, corpus_softwares[i].software);
		return true;
	}
	return false;
}

static void test_corpus(void **state)
{
	struct arena arena;
	size_t known = 0;

	(void)state;
	if (corpus_folder() == NULL)
		skip();
	arena_init(&arena, 1 << 20);
	struct cursor cursor = cursor_over(corpus_file(&arena, "smtp/greetings.tsv"));

	while (!cursor_at_end(&cursor))
		known += check_corpus_line(cursor_line(&cursor)) ? 1 : 0;
	assert_true(known > 150);
	arena_free(&arena);
}

/* --- refusals --- */

static struct span own_items[] = {
	{(const uint8_t *)"192.0.2.1", 9},
	{(const uint8_t *)"2001:db8::1", 11},
};
static const struct span_list own = {own_items, ARRAY_LENGTH(own_items)};

static void test_blocked(void **state)
{
	static const char *const blocked[] = {
		"5.7.1 Client host [203.0.113.9] blocked using zen.spamhaus.org",
		"mx.example ESMTP not accepting: your IP is listed at bl.spamcop.net",
		"Your access has been rejected due to the sending MTA's poor reputation.",
		"5.7.606 Access denied, banned sending IP. Please visit https://sender.office.com/",
		"5.7.1 Connection refused for policy reasons",
		"Access denied by local policy",
		"Policy rejection",
		"IP address blacklisted",
		"You are on our block list",
		"Blocked - see https://ipcheck.proofpoint.com/",
		"mx.example rejected by RBL",
		"Connection from your host has been blocked",
		"4.7.1 <unknown[192.0.2.1]>: Client host rejected: cannot find your hostname",
		"Too many connections from 192.0.2.1",
		"192.0.2.1 is not welcome",
		"no mail from 192.0.2.1.",
		"no mail from 192.0.2.1: go away",
		"rejected [IPv6:2001:DB8:0:0::1]",
		"rejected (2001:db8::1)",
		"The IP of the user complaint desk says: host blocked",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(blocked); i++)
		if (!smtp_text_says_blocked(span_text(blocked[i]), own))
			fail_msg("\"%s\" keeps us out", blocked[i]);
}

static void test_not_blocked(void **state)
{
	static const char *const other[] = {
		"",
		"mx.example ESMTP Postfix",
		"mx.example Service not available, closing transmission channel",
		"No SMTP service here",
		"4.3.2 Please try again later",
		"4.7.0 TLS not available due to local problem",
		"4.3.2 System not accepting network messages",
		"4.7.1 Greylisted, please try again in 300 seconds",
		"Too many concurrent connections",
		"too many connections from 192.0.2.10",
		"too many connections from 192.0.2.100",
		"too many connections from 1192.0.2.1",
		"rdns-192-0-2-1.example is fine",
		"too many connections from 2001:db8::10",
		"too many connections from 2001:db8::1:1",
		"too many connections from 2001:db8::1g",
		"too many connections from a2001:db8::1",
		"mailbox policy does not allow this",
		"password policy",
		"violates DMARC policy",
		"4.3.5 problem talking to policy server",
		"the mailbox is blocked",
		"recipient account has been blocked",
		"STARTTLS command blocked",
		"policyd failed",
		"unblocked",
		"mailing list unknown",
		"policy.example.com ESMTP closing",
		"rbl.example.com Service not available",
		"blocklist.example.com try later",
		"enlisted in the navy",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(other); i++)
		if (smtp_text_says_blocked(span_text(other[i]), own))
			fail_msg("\"%s\" says nothing of us", other[i]);
	assert_false(smtp_text_says_blocked((struct span){0}, own));
	assert_false(smtp_text_says_blocked(span_text("from 192.0.2.1"), (struct span_list){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_software),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_not_blocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
