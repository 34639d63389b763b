/*
 * The vocabularies as data, made from their tables: used by encoders, readers, `stsweep schema` and
 * the codebook. Holds no word of its own.
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

/* Every word of a record that is read is looked for here, so most are passed over by their first
 * byte. */
static bool word_is(const char *word, struct span text)
{
	return word[0] == (char)text.data[0] && strlen(word) == text.len &&
	       memcmp(word, text.data, text.len) == 0;
}

int vocabulary_value(const struct vocabulary *vocabulary, struct span text)
{
	if (text.len == 0)
		return 0;
	for (unsigned value = 1; value < vocabulary->count; value++) {
		if (word_is(vocabulary->words[value].text, text))
			return (int)value;
	}
	return 0;
}
