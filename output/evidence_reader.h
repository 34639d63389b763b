/*
 * Reads the evidence of a scan from front to back: whole parts, and torn ones up to their last
 * whole frame. With pread into a small buffer, never mapped, so that resident memory stays small
 * whatever the scan's size. Called by finish and by `judge`; one owner. Access by key is in
 * evidence_index.h.
 */
#ifndef STSWEEP_OUTPUT_EVIDENCE_READER_H
#define STSWEEP_OUTPUT_EVIDENCE_READER_H

#include "base/arena.h"
#include "output/buffer.h"
#include "output/evidence.h"

struct evidence_files; /* the open files of one scan; shared, immutable */

/* Opens DIR/evidence. NULL on an error; a folder without evidence is ENOENT. */
struct evidence_files *evidence_files_open(const char *dir, struct output_error *error);
void evidence_files_close(struct evidence_files *files);
/* The schema of a family's records, and the name of its files. */
const struct schema *evidence_schema(enum evidence_family family);
const char *evidence_family_name(enum evidence_family family);

/* Where a record lies: part and offset, packed. Never 0. */
typedef uint64_t evidence_location;

struct evidence_reader;

enum evidence_result {
	EVIDENCE_RECORD,
	EVIDENCE_END,    /* no more; a torn tail is an end */
	EVIDENCE_FAILED, /* a file could not be read, or a finished part is damaged */
};

/* NULL without memory. */
struct evidence_reader *evidence_reader_new(const struct evidence_files *files,
					    enum evidence_family family);
void evidence_reader_free(struct evidence_reader *reader);
/*
 * The next record into `record` (a struct of the family's schema), valid until the next call; lists
 * lie in the arena, which the caller resets. A record over the arena's cap is EVIDENCE_FAILED with
 * ENOMEM.
 */
enum evidence_result evidence_next(struct evidence_reader *reader, struct arena *arena,
				   void *record);
/* Of the record last read. */
evidence_location evidence_reader_location(const struct evidence_reader *reader);
const struct output_error *evidence_reader_error(const struct evidence_reader *reader);
/* Bytes of torn tails passed over so far. */
uint64_t evidence_reader_torn_bytes(const struct evidence_reader *reader);

/* One frame's record bytes by its location, into `bytes`. False on an error. */
bool evidence_read_at(const struct evidence_files *files, enum evidence_family family,
		      evidence_location location, struct buffer *bytes, struct span *record,
		      struct output_error *error);

/*
 * Makes whole parts of torn ones: cuts each after its last whole frame and gives it its name (an
 * empty one is removed). Before a scan is resumed, or after an unclean end. No evidence of that
 * folder may be open.
 */
bool evidence_repair(const char *dir, struct output_error *error);

#endif
