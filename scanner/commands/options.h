/*
 * The flags of every command: one table, from which come parsing, the names in config files, and
 * --help. A flag has the name that users of zdns, zgrab2 and zmap know, where they have one.
 * Precedence, weakest first: the table's default, the file of STSWEEP_CONFIG, the file of --config,
 * the command line.
 */
#ifndef STSWEEP_COMMANDS_OPTIONS_H
#define STSWEEP_COMMANDS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/limits.h"

/* Commands a flag belongs to, as bits. */
enum command_bit {
	COMMAND_SCAN = 1 << 0,
	COMMAND_CHECK = 1 << 1,
	COMMAND_JUDGE = 1 << 2,
	COMMAND_SCHEMA = 1 << 3,
	/* those that send packets; every limit is a flag of theirs */
	COMMANDS_NET = COMMAND_SCAN | COMMAND_CHECK,
};

enum stage_bit { STAGE_BIT_DNS = 1 << 0, STAGE_BIT_POLICY = 1 << 1, STAGE_BIT_SMTP = 1 << 2 };

enum status_format { STATUS_TEXT, STATUS_JSON };
enum resolver_kind { RESOLVER_SYSTEM, RESOLVER_NAME_SERVERS };

struct text_list {
	const char **items;
	size_t count;
	const void *source; /* that gave them: a stronger one replaces them */
};

struct options {
	struct limits limits;
	struct arena arena; /* all texts below */
	struct text_list operands;

	struct text_list input_files;
	const char *input_column;
	bool metadata_passthrough;
	int64_t max_targets; /* 0: all */
	int64_t seed;
	int64_t shuffle_window; /* targets; 0: in the order of the list */
	int64_t shards;
	int64_t shard;

	const char *output_dir; /* "-": domain records to standard output */
	unsigned formats;       /* bit n: enum output_format n */
	struct text_list include_fields;
	bool list_output_fields;
	const char *metadata_file;
	const char *status_file;
	enum status_format status_format;
	const char *log_file;
	bool quiet;
	const char *notes;
	const char *user_metadata;
	const char *vantage;

	bool resume;
	unsigned stages;        /* enum stage_bit */
	int64_t max_runtime_ms; /* 0: no end */
	bool always_fetch;

	enum resolver_kind resolver;
	struct text_list name_servers;
	bool trust_ad;

	struct text_list local_addresses;
	bool ipv4_only;
	bool ipv6_only;
	int64_t smtp_port;
	int64_t https_port;
	const char *ca_file;

	bool allow_reserved;
	const char *ehlo_domain;
	const char *user_agent;
	const char *preflight_host;
	bool no_preflight;
	bool dryrun;

	int64_t third_party_min;
	int64_t self_policy_max;
	const char *providers_file;
	const char *psl_file;

	bool json;
	bool tlsrpt;
	const char *format; /* of schema */
	bool help;
};

/* Defaults; options_free gives back what later calls take. */
void options_init(struct options *options);
void options_free(struct options *options);

/*
 * Reads the config files and then `argv` (argv[0] is the command's name) for `command`. On a fault
 * one line on standard error names the flag or file and line, and why, and the result is false.
 */
bool options_parse(struct options *options, enum command_bit command, int argc, char **argv);

/* The flags of `command`, grouped, with their defaults. */
void options_help(FILE *out, enum command_bit command);

#endif
