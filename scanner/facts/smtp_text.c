/*
 * What the free text of a greeting or a refusal gives away: the server's software, and whether we
 * are kept out by a list, a policy or for our address. Tables of words, matched whole and without
 * case; called by the host step and the judge.
 */
#include "facts/smtp_reply.h"

#include "base/cursor.h"
#include "facts/address.h"

static bool is_word_byte(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9');
}

/* Does a letter or digit stand on both sides of this border? */
static bool runs_on(uint8_t before, uint8_t behind)
{
	return is_word_byte(before) && is_word_byte(behind);
}

/* Does `word` stand in `text`, whole? `*at` is where, if not NULL. */
static bool has_word(struct span text, const char *word, size_t *at)
{
	enum { CASE_BIT = 0x20 };
	struct span wanted = span_text(word);

	for (size_t i = 0; i + wanted.len <= text.len; i++) {
		struct span here = span_skip(text, i);

		if ((here.data[0] | CASE_BIT) != (wanted.data[0] | CASE_BIT) ||
		    !span_starts_with_nocase(here, wanted) ||
		    (i > 0 && runs_on(text.data[i - 1], here.data[0])) ||
		    (here.len > wanted.len &&
		     runs_on(here.data[wanted.len - 1], here.data[wanted.len])))
			continue;
		if (at != NULL)
			*at = i;
		return true;
	}
	return false;
}

static bool has_any_word(struct span text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (has_word(text, words[i], NULL))
			return true;
	return false;
}

static bool is_not_space(uint8_t byte)
{
	return byte != ' ';
}

static bool is_name_letter(uint8_t byte)
{
	return (byte >= 'g' && byte <= 'z') || (byte >= 'G' && byte <= 'Z') || byte == '-';
}

/* A greeting's first word is the server's name (RFC 5321 4.2): a host called exim.example need not run Exim. Hex letters
 * alone may be of an address, which is no name. */
static struct span without_host_name(struct span text)
{
	struct cursor cursor = cursor_over(span_trim(text));
	struct span word = cursor_while(&cursor, is_not_space);
	bool has_letter = false;

	for (size_t i = 0; i < word.len; i++)
		has_letter = has_letter || is_name_letter(word.data[i]);
	if (!has_letter || span_find(word, '.') == word.len)
		return text;
	return cursor_rest(&cursor);
}

/* --- software --- */

/*
 * The first row whose words stand in the greeting says the name: products that build on another go
 * before it.
 */
static const struct {
	const char *words;
	const char *software;
} softwares[] = {
	{"gsmtp", "gmail"},
	{"Postfix", "postfix"},
	{"Exim", "exim"},
	{"Sendmail", "sendmail"},
	{"OpenSMTPD", "opensmtpd"},
	{"Microsoft Exchange", "exchange"},
	{"Microsoft ESMTP MAIL Service, Version", "iis-smtp"},
	{"Microsoft SMTP MAIL", "iis-smtp"},
	{"Microsoft ESMTP MAIL Service", "exchange"},
	{"MDaemon", "mdaemon"},
	{"MailEnable", "mailenable"},
	{"IceWarp", "icewarp"},
	{"Merak", "icewarp"},
	{"Kerio", "kerio-connect"},
	{"SmarterMail", "smartermail"},
	{"hMailServer", "hmailserver"},
	{"CommuniGate", "communigate-pro"},
	{"Domino", "domino"},
	{"Lotus", "domino"},
	{"GroupWise", "groupwise"},
	{"Haraka", "haraka"},
	{"Stalwart", "stalwart"},
	{"mox", "mox"},
	{"maddy", "maddy"},
	{"Halon", "halon"},
	{"KumoMTA", "kumomta"},
	{"PowerMTA", "powermta"},
	{"ecelerity", "momentum"},
	{"GreenArrow", "greenarrow"},
	{"JAMES", "james"},
	{"Zimbra", "zimbra"},
	{"Axigen", "axigen"},
	{"XMail", "xmail"},
	{"qmail", "qmail"},
	{"netqmail", "qmail"},
	{"Courier", "courier"},
	{"IMail", "imail"},
	{"ArGoSoft", "argosoft"},
	{"MailSite", "mailsite"},
	{"Mercury", "mercury"},
	{"ZMailer", "zmailer"},
	{"VPOP3", "vpop3"},
	{"David.fx", "tobit-david"},
	{"Oracle Communications Messaging", "oracle-messaging"},
	{"Java(tm) System Messaging", "oracle-messaging"},
	{"Symantec Messaging Gateway", "symantec-messaging-gateway"},
	{"Symantec Mail Security", "symantec-mail-security"},
	{"SonicWall", "sonicwall"},
	{"FortiMail", "fortimail"},
	{"IronPort", "cisco-esa"},
	{"IMSVA", "trend-micro"},
	{"InterScan", "trend-micro"},
	{"Cellopoint", "cellopoint"},
	{"WebShield", "mcafee-webshield"},
	{"CheckPoint FireWall-1", "checkpoint"},
	{"AnalogX Proxy", "analogx"},
};

static bool is_hex(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/* Barracuda's gateways name nothing but a digest: "ESMTP (0a8d40ef45300cc1bd0f16ced5c9e6f1)". */
static bool is_barracuda(struct span greeting)
{
	enum { DIGEST_DIGITS = 32 };
	size_t at = 0;

	if (!has_word(greeting, "ESMTP (", &at))
		return false;
	struct cursor cursor = cursor_over(span_skip(greeting, at + strlen("ESMTP (")));

	return cursor_while(&cursor, is_hex).len == DIGEST_DIGITS && cursor_accept(&cursor, ')');
}

/* PIX and ASA write asterisks over whatever a greeting says. */
static bool is_masked(struct span greeting)
{
	size_t stars = 0;

	for (size_t i = 0; i < greeting.len; i++)
		stars += greeting.data[i] == '*';
	return stars > 10 && stars * 2 > greeting.len;
}

struct span smtp_software(struct span greeting)
{
	struct span text = without_host_name(greeting);

	for (size_t i = 0; i < ARRAY_LENGTH(softwares); i++)
		if (has_word(text, softwares[i].words, NULL))
			return span_text(softwares[i].software);
	if (is_barracuda(text))
		return span_text("barracuda");
	return is_masked(text) ? span_text("cisco-firewall") : (struct span){0};
}

/* --- refusals --- */

/* Lists by name, and the words for being on one. */
static const char *const list_words[] = {
	"spamhaus",
	"spamcop",
	"barracudacentral",
	"sorbs",
	"uceprotect",
	"abuseat",
	"psbl",
	"mailspike",
	"senderscore",
	"sender score",
	"senderbase",
	"talosintelligence",
	"invaluement",
	"spamrats",
	"blocklist.de",
	"backscatterer",
	"manitu",
	"nixspam",
	"gbudb",
	"hostkarma",
	"junkemailfilter",
	"spfbl",
	"cloudmark",
	"mail-abuse",
	"trendmicro",
	"ipcheck.proofpoint.com",
	"reputation",
	"rbl",
	"rbls",
	"dnsbl",
	"dnsbls",
	"rhsbl",
	"sbl",
	"xbl",
	"pbl",
	"cbl",
	"blacklist",
	"blacklists",
	"blacklisted",
	"blacklisting",
	"black list",
	"black listed",
	"black-list",
	"black-listed",
	"blocklist",
	"blocklists",
	"blocklisted",
	"block list",
	"block listed",
	"block-list",
	"blackhole list",
	"denylist",
	"denylisted",
	"deny list",
	"is listed",
	"listed in",
	"listed on",
	"listed at",
	"listed by",
};

/* Who or what else may be said to be blocked, so that it is not we. */
static const char *const blocked_others[] = {
	"mailbox", "account", "recipient", "user", "command", "attachment",
};

/* A policy that keeps nobody out: what stands before the word, or behind it. */
static const char *const other_policies[] = {
	"mailbox policy",    "password policy", "privacy policy",   "dmarc policy",
	"spf policy",        "dkim policy",     "tls policy",       "sts policy",
	"encryption policy", "quota policy",    "retention policy", "policy server",
	"policy service",    "policy daemon",
};

static bool names_policy(struct span text)
{
	return (has_word(text, "policy", NULL) || has_word(text, "policies", NULL)) &&
	       !has_any_word(text, other_policies, ARRAY_LENGTH(other_policies));
}

/* "Mailbox is blocked" speaks of somebody else: what is blocked stands shortly before the word. */
static bool says_blocked(struct span text)
{
	enum { SUBJECT_BYTES = 24 };
	static const char *const words[] = {"blocked", "banned"};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		size_t at = 0;

		if (!has_word(text, words[i], &at))
			continue;
		size_t from = at < SUBJECT_BYTES ? 0 : at - SUBJECT_BYTES;
		struct span subject = span_of(text.data + from, at - from);

		if (!has_any_word(subject, blocked_others, ARRAY_LENGTH(blocked_others)))
			return true;
	}
	return false;
}

static bool is_address_byte(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
	       (byte >= 'A' && byte <= 'F') || byte == '.' || byte == ':';
}

/* The end of a sentence or of a clause is no part of an address. */
static struct address address_in(struct span run)
{
	struct address address = address_from_text(run);

	while (address.family == ADDRESS_NONE && run.len > 0 &&
	       (run.data[run.len - 1] == '.' || run.data[run.len - 1] == ':')) {
		run.len--;
		address = address_from_text(run);
	}
	return address;
}

static bool is_own(struct address address, struct span_list own)
{
	for (size_t i = 0; i < own.count; i++)
		if (address_equal(address, address_from_text(own.items[i])))
			return true;
	return false;
}

/*
 * The address that begins at the cursor, which reads over it; `is_apart` if no letter or digit
 * stands before it.
 */
static struct address read_address(struct cursor *cursor, bool is_apart)
{
	static const char tag[] = "IPv6:"; /* of an address literal, RFC 5321 4.1.3 */
	bool has_tag = span_starts_with_nocase(cursor_rest(cursor), span_text(tag));

	cursor_bytes(cursor, has_tag ? strlen(tag) : 0);
	struct span run = cursor_while(cursor, is_address_byte);
	int next = cursor_peek(cursor);

	if (!is_apart || (next >= 0 && is_word_byte((uint8_t)next)))
		return (struct address){.family = ADDRESS_NONE};
	return address_in(run);
}

/* Compared as addresses, whatever way they are written: "[2001:DB8:0::1]," is 2001:db8::1. */
static bool names_address(struct span text, struct span_list own)
{
	struct cursor cursor = cursor_over(text);
	bool is_apart = true;

	while (!cursor_at_end(&cursor)) {
		struct address address = read_address(&cursor, is_apart);

		if (address.family != ADDRESS_NONE && is_own(address, own))
			return true;
		is_apart = cursor_at_end(&cursor) || !is_word_byte(cursor_u8(&cursor));
	}
	return false;
}

bool smtp_text_says_blocked(struct span text, struct span_list own)
{
	struct span words = without_host_name(text);

	return names_address(text, own) || names_policy(words) || says_blocked(words) ||
	       has_any_word(words, list_words, ARRAY_LENGTH(list_words));
}
