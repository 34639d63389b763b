/*
 * The table of limits as data: defaults for the struct, rows for flags, the config file and
 * documentation. Knows no limit by name; adding one is a row in the header.
 */
#include "base/limits.h"

#include <stddef.h>

#include "base/span.h"

const struct limit_info limit_infos[] = {
#define L(field, initial, lowest, highest, meaning) \
	{#field, initial, lowest, highest, meaning, (uint16_t)offsetof(struct limits, field)},
	LIMITS(L)
#undef L
};

const unsigned limit_infos_count = ARRAY_LENGTH(limit_infos);

struct limits limits_defaults(void)
{
	return (struct limits){
#define L(field, initial, lowest, highest, meaning) .field = initial,
		LIMITS(L)
#undef L
	};
}

int64_t *limits_field(struct limits *limits, const struct limit_info *info)
{
	return (int64_t *)(void *)((char *)limits + info->offset);
}
