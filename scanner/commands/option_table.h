/*
 * The table of flags behind options.h: what options.c parses by and --help prints.
 */
#ifndef STSWEEP_COMMANDS_OPTION_TABLE_H
#define STSWEEP_COMMANDS_OPTION_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char * */
	OPTION_TEXTS,    /* struct text_list; repeatable, commas separate */
	OPTION_NUMBER,   /* int64_t within lowest..highest */
	OPTION_DURATION, /* int64_t of milliseconds; seconds unless a unit (ms, s, m, h) follows */
	OPTION_RATE,     /* int64_t a minute, given a second, decimals allowed */
	OPTION_WORDS,    /* unsigned, bits of the words in `words`; commas separate */
	OPTION_WORD,     /* an enum, the index of the word in `words` */
};

struct option_info {
	const char *name;
	char letter; /* 0: no short form */
	enum option_kind kind;
	unsigned commands;
	size_t offset;
	int64_t lowest;
	int64_t highest;
	const char *argument; /* as --help shows it */
	const char *group;
	const char *meaning;
	const char *const *words; /* NULL-terminated */
};

extern const struct option_info option_infos[];
extern const size_t option_infos_count;

#endif
