/*
 * The findings as data, made from their table: used by `check`, `stsweep schema` and the codebook.
 * Holds no finding of its own.
 */
#include "record/findings.h"

#include "base/span.h"
#include "record/vocabulary.h"

#define FINDING_INFO(P, name, text, level, says, do_this, of) \
	[P##_##name] = {.code = text, \
			.severity = SEVERITY_##level, \
			.sentence = says, \
			.advice = do_this, \
			.section = of},
#define FINDING_WORD(P, name, public_text, level, says, do_this, of) \
	[P##_##name] = {.text = public_text, .meaning = says},

const struct finding_info finding_infos[] = {FINDINGS(FINDING_INFO, FINDING)};
const unsigned finding_infos_count = ARRAY_LENGTH(finding_infos);

static const struct vocabulary_word words_finding[] = {FINDINGS(FINDING_WORD, FINDING)};
const struct vocabulary vocabulary_finding = {
	.name = "finding",
	.words = words_finding,
	.count = ARRAY_LENGTH(words_finding),
};
