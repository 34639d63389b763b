/*
 * The list of targets: files of plain names or CSV, one after the other, each line that is not
 * empty and not a CSV header one target, dirty ones too. Used by the reader thread of a scan; it
 * alone decides what a target is and which of them belong to this shard. One owner, one thread at a
 * time. datasets/README.md tells users the same in words.
 */
#ifndef STSWEEP_DATASETS_LIST_H
#define STSWEEP_DATASETS_LIST_H

#include "base/arena.h"
#include "datasets/source.h"
#include "facts/name.h"

enum {
	LIST_LINE_BYTES = 65536, /* default of line_bytes */
	LIST_INPUT_BYTES = 1024, /* of a target as it was written, the rest is left out */
};

struct list_settings {
	const char *const *paths; /* "-" is standard input; must outlive the list */
	size_t paths_count;
	const char *
		/* number from 1, or name in the header; NULL: found out from each file */
		input_column;
	uint64_t max_targets; /* of the whole list, before sharding; 0: all */
	uint64_t shards;      /* 0 and 1: the whole list */
	uint64_t shard;       /* below `shards`: the targets whose (index - 1) % shards this is */
	size_t line_bytes;    /* a longer line is one invalid target; 0: LIST_LINE_BYTES */
	bool with_metadata;   /* give the rest of the line */
	int stop_fd;          /* see source_open; -1: none */
};

struct list_target {
	const char *path;
	uint64_t line;  /* in its file, from 1 */
	uint64_t index; /* of the line in the whole list, empty lines and headers counted, from 1 */
	int64_t rank;   /* -1: none given */
	struct span name;      /* lower-case A-labels; no value for a dirty line */
	enum name_fault fault; /* why there is no name */
	const char *reason;    /* its public text; NULL with a name */
	struct span input;     /* the target as it was written */
	struct span metadata;  /* the rest of its line, as CSV; no value when there is none */
};

enum list_result {
	LIST_TARGET,
	LIST_END,
	/* this file ends here, the error says why; the next call goes on with the next file */
	LIST_FAILED,
	LIST_STOPPED, /* by stop_fd */
};

/* What was read, for the scan's metadata. */
struct list_input {
	const char *path;
	uint64_t bytes; /* as they lie in the file */
	uint64_t lines;
	uint64_t targets;
	bool has_sha256; /* false for what was not read to its end */
	uint8_t sha256[SOURCE_SHA256_BYTES];
};

struct list;

/* NULL with `error` set: a wrong setting, or a file that cannot be opened (all are tried). */
struct list *list_open(const struct list_settings *settings, struct dataset_error *error);
void list_close(struct list *list);
/*
 * The next target of this shard. Its spans lie in `arena`, so that it can be handed over with its
 * job.
 */
enum list_result list_next(struct list *list, struct arena *arena, struct list_target *target,
			   struct dataset_error *error);
/* One a path; complete after LIST_END. */
const struct list_input *list_inputs(const struct list *list, size_t *count);
/*
 * Targets that a scan with these settings will get, by reading the files once without looking at
 * names; -1 when that cannot be told (a pipe, an error).
 */
int64_t list_count_targets(const struct list_settings *settings);

#endif
