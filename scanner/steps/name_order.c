/*
 * Compares and sorts names by their bytes. Called by the steps; folds nothing.
 */
#include "steps/name_order.h"

#include <stdlib.h>

int name_order(struct span a, struct span b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	return name_order(*a, *b);
}

void name_order_sort(struct span_list *names)
{
	if (names->count > 1)
		qsort(names->items, names->count, sizeof(*names->items), compare);
}
