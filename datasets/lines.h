/*
 * The lines of one source: split at LF, CRLF taken as LF, a byte order mark at the start dropped, a
 * line over the limit cut. Used by the readers of lists and tables. One owner.
 */
#ifndef STSWEEP_DATASETS_LINES_H
#define STSWEEP_DATASETS_LINES_H

#include "base/span.h"
#include "datasets/source.h"

struct lines;

struct line {
	struct span text; /* without its end; holds until the next call */
	uint64_t number;  /* from 1 */
	bool cut;         /* longer than the limit: `text` is its beginning */
};

/*
 * Takes the source over, also when it fails (NULL with `error` set), and passes on a NULL one.
 * `limit_bytes` is the longest line given whole.
 */
struct lines *lines_over(struct source *source, size_t limit_bytes, struct dataset_error *error);
void lines_free(struct lines *lines);
/*
 * A last line without LF is a line; what stands before a failure without LF is not, for it may be
 * half of one.
 */
enum source_result lines_next(struct lines *lines, struct line *line, struct dataset_error *error);
struct source *lines_source(struct lines *lines);

#endif
