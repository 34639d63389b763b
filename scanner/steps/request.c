/*
 * Adds to the requests of one event. Called by the steps; that there is room is their promise, so
 * running out is a bug.
 */
#include "steps/request.h"

#include <stdlib.h>

struct request *requests_add(struct requests *out, enum request_kind kind, uint32_t tag)
{
	if (out->count >= REQUESTS_MAX)
		abort();
	struct request *request = &out->items[out->count++];

	*request = (struct request){.kind = kind, .tag = tag};
	return request;
}
