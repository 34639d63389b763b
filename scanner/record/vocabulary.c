/*
 * The vocabularies as data, made from their tables: used by encoders, readers, `stsweep schema` and the codebook. Holds no
 * word of its own.
 */
#include "record/vocabulary.h"

#include <stdlib.h>

#define WORD_ROW(P, code, public_text, sense) \
	[P##_##code] = {.text = public_text, .meaning = sense},
#define DEFINE_VOCABULARY(vocabulary_name, P, TABLE) \
	static const struct vocabulary_word words_##vocabulary_name[] = {TABLE(WORD_ROW, P)}; \
	const struct vocabulary vocabulary_##vocabulary_name = { \
		.name = #vocabulary_name, \
		.words = words_##vocabulary_name, \
		.count = ARRAY_LENGTH(words_##vocabulary_name), \
	};

VOCABULARIES(DEFINE_VOCABULARY)

const char *vocabulary_text(const struct vocabulary *vocabulary, int value)
{
	if (value < 0 || (unsigned)value >= vocabulary->count)
		abort();
	return vocabulary->words[value].text;
}

int vocabulary_value(const struct vocabulary *vocabulary, struct span text)
{
	for (unsigned value = 1; value < vocabulary->count; value++) {
		if (span_equal(span_text(vocabulary->words[value].text), text))
			return (int)value;
	}
	return 0;
}
