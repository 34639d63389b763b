/*
 * Matching of MX hosts by the rules of RFC 8461 4.1 (those of RFC 6125 6.4 with wildcards for the
 * whole left-most label only), and the classes of mismatch of MEASURES 6. Called by the judge of a
 * domain.
 */
#include "judge/mx_match.h"

#include "facts/name.h"
#include "judge/edit_distance.h"

/*
 * A body of 64 KiB holds thousands of patterns; so many are compared pair by pair, the rest can
 * only match.
 */
enum { PATTERNS_COMPARED_MAX = 512 };

static struct span without_final_dot(struct span name)
{
	return name.len > 1 && name.data[name.len - 1] == '.' ? span_first(name, name.len - 1)
							      : name;
}

static bool is_wildcard(struct span pattern)
{
	return span_starts_with(pattern, span_text("*."));
}

/* What a wildcard pattern says beside its first label; another pattern is all of itself. */
static struct span pattern_name(struct span pattern)
{
	return is_wildcard(pattern) ? name_parent(pattern) : pattern;
}

/*
 * The part of a host that is comparable with pattern_name(): for a wildcard the host less its first
 * label (MEASURES 12).
 */
static struct span comparable(struct span host, struct span pattern)
{
	return is_wildcard(pattern) ? name_parent(host) : host;
}

bool mx_match(struct span host, struct span pattern)
{
	host = without_final_dot(host);
	pattern = without_final_dot(pattern);
	if (host.len == 0 || pattern.len == 0 || host.data[0] == '.')
		return false;
	return span_equal_nocase(comparable(host, pattern), pattern_name(pattern));
}

bool mx_match_any(struct span host, struct span_list patterns)
{
	for (size_t i = 0; i < patterns.count; i++)
		if (mx_match(host, patterns.items[i]))
			return true;
	return false;
}

/* Equal but for the public suffix: example.com and example.net. */
static bool differs_in_suffix(const psl_ctx_t *psl, struct span a, struct span b)
{
	struct span a_suffix = name_public_suffix(psl, a);
	struct span b_suffix = name_public_suffix(psl, b);

	if (span_is_null(a_suffix) || span_is_null(b_suffix) || a_suffix.len == a.len ||
	    b_suffix.len == b.len || span_equal_nocase(a_suffix, b_suffix))
		return false;
	return span_equal_nocase(span_first(a, a.len - a_suffix.len),
				 span_first(b, b.len - b_suffix.len));
}

static bool shares_registrable(const psl_ctx_t *psl, struct span a, struct span b)
{
	struct span a_domain = name_registrable(psl, a);
	struct span b_domain = name_registrable(psl, b);

	return !span_is_null(a_domain) && !span_is_null(b_domain) &&
	       span_equal_nocase(a_domain, b_domain);
}

static enum mismatch pair_mismatch(const psl_ctx_t *psl, struct span host, struct span pattern)
{
	struct span wanted = pattern_name(pattern);
	struct span found = comparable(host, pattern);

	if (differs_in_suffix(psl, found, wanted))
		return MISMATCH_TLD;
	if (found.len > 0 && edit_distance(found, wanted) <= EDIT_DISTANCE_MAX)
		return MISMATCH_TYPO;
	if (shares_registrable(psl, host, wanted))
		return MISMATCH_PARTIAL;
	return MISMATCH_COMPLETE;
}

/* The classes stand in the vocabulary from the closest to the furthest. */
enum mismatch mx_mismatch(const psl_ctx_t *psl, struct span_list hosts, struct span_list patterns)
{
	enum mismatch closest = MISMATCH_NULL;
	size_t compared =
		patterns.count < PATTERNS_COMPARED_MAX ? patterns.count : PATTERNS_COMPARED_MAX;

	for (size_t h = 0; h < hosts.count; h++) {
		for (size_t p = 0; p < compared; p++) {
			enum mismatch mismatch =
				pair_mismatch(psl, without_final_dot(hosts.items[h]),
					      without_final_dot(patterns.items[p]));

			if (closest == MISMATCH_NULL || mismatch < closest)
				closest = mismatch;
		}
	}
	return closest;
}

static bool has_mta_sts_label(struct span pattern)
{
	while (pattern.len > 0) {
		size_t label = span_find(pattern, '.');

		if (span_equal_nocase(span_first(pattern, label), span_text("mta-sts")))
			return true;
		pattern = span_skip(pattern, label + 1);
	}
	return false;
}

static unsigned wildcard_notes(struct span host, struct span pattern)
{
	struct span parent = pattern_name(pattern);

	if (!is_wildcard(pattern) || !name_is_within(host, parent))
		return 0;
	if (host.len == parent.len)
		return 1u << MISMATCH_NOTE_WILDCARD_PARENT;
	return name_labels(host) > name_labels(parent) + 1 ? 1u << MISMATCH_NOTE_WILDCARD_DEPTH : 0;
}

unsigned mx_mismatch_notes(struct span_list hosts, struct span_list patterns)
{
	unsigned notes = 0;

	for (size_t h = 0; h < hosts.count; h++) {
		struct span host = without_final_dot(hosts.items[h]);

		if (mx_match_any(host, patterns))
			continue;
		for (size_t p = 0; p < patterns.count; p++) {
			notes |= wildcard_notes(host, patterns.items[p]);
			if (has_mta_sts_label(patterns.items[p]))
				notes |= 1u << MISMATCH_NOTE_LABEL_MTA_STS;
		}
	}
	return notes;
}
