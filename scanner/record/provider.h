/*
 * The provider table's type: which name suffix belongs to whom. It is read by datasets/ and asked
 * by workers (limits) and judge (who runs what). Immutable once built, so that all threads share
 * it.
 */
#ifndef STSWEEP_RECORD_PROVIDER_H
#define STSWEEP_RECORD_PROVIDER_H

#include "base/arena.h"
#include "base/span.h"
#include "record/vocabulary.h"

struct provider {
	struct span suffix; /* "mail.protection.outlook.com": the name itself and all under it */
	struct span name;   /* "microsoft" */
	enum provider_class class;
	bool shared_addresses; /* customers have host names of their own on shared addresses */
};

struct provider_table;

/* Empty table; the rows are copied into it. NULL without memory. */
struct provider_table *provider_table_new(void);
void provider_table_free(struct provider_table *table);
/* False without memory, or when the suffix is there already. */
bool provider_table_add(struct provider_table *table, const struct provider *provider);
size_t provider_table_count(const struct provider_table *table);
/*
 * The row with the longest suffix that `name` is or lies under; NULL when there is none. `table`
 * may be NULL.
 */
const struct provider *provider_table_find(const struct provider_table *table, struct span name);

#endif
