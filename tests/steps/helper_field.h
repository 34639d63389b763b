/*
 * Fields of a record by their dotted path and as text, through the schemas alone: what the replay
 * runner compares and sets. Used by tests only.
 */
#ifndef STSWEEP_TESTS_STEPS_HELPER_FIELD_H
#define STSWEEP_TESTS_STEPS_HELPER_FIELD_H

#include "base/arena.h"
#include "record/field.h"

/*
 * "mx.hosts[0].host", "mx.hosts.count", "sts.record.txt" (a list joined by ","): the value as text,
 * "null" where it is null; hashes as hex. No value where there is no such field.
 */
struct span field_get(struct arena *arena, const struct schema *schema, const void *record,
		      struct span path);
/*
 * Sets a field from text; lists are split at ",", a hash is the text itself filled up with zeros.
 * False: no such field.
 */
bool field_set(struct arena *arena, const struct schema *schema, void *record, struct span path,
	       struct span value);

#endif
