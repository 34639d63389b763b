/*
 * Which fields of a schema are written: all of its view, or those named by --include-fields. A path
 * is dotted
 * ("sts.policy.mode"); naming a map or a list of maps takes all that is in it. Immutable once made,
 * so that threads share it.
 */
#ifndef STSWEEP_OUTPUT_SELECTION_H
#define STSWEEP_OUTPUT_SELECTION_H

#include "record/field.h"

/* EVIDENCE: nulls and empty lists are left out, FINAL fields too. FINAL: all but EVIDENCE fields,
 * nulls written. */
enum record_view { VIEW_EVIDENCE, VIEW_FINAL };

struct selection; /* NULL stands for "all" wherever one is asked for */

/*
 * A selection of `schema` from paths, each possibly several joined by commas. Lives in the arena.
 * NULL if a path is no field of the FINAL view (`unknown` is then that path) or over the arena's
 * cap (`unknown` is then no value).
 */
const struct selection *selection_new(struct arena *arena, const struct schema *schema,
				      const char *const *paths, size_t count, struct span *unknown);
/* Is the n-th field of its schema written in this view? */
bool selection_has(const struct selection *selection, const struct schema *schema, size_t n,
		   enum record_view view);
/* The selection within the n-th field, a MAP or MAPS; NULL: all of it. */
const struct selection *selection_inner(const struct selection *selection, size_t n);

#endif
