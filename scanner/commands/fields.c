/*
 * Between the flags and the selection of output/. Called by scan and judge.
 */
#include "commands/fields.h"

#include <stdio.h>

#include "output/schema.h"
#include "record/record.h"

bool fields_select(struct options *options, const struct selection **selection)
{
	const struct text_list *fields = &options->include_fields;
	struct span unknown;

	*selection = NULL;
	if (fields->count == 0)
		return true;
	*selection = selection_new(&options->arena, &schema_domain_record, fields->items,
				   fields->count, &unknown);
	if (*selection != NULL)
		return true;
	fprintf(stderr,
		"stsweep: --include-fields: no field '%.*s'; --list-output-fields shows them\n",
		(int)unknown.len, (const char *)unknown.data);
	return false;
}

bool fields_list(void)
{
	struct buffer text = {0};
	bool ok;

	schema_list_fields(&text, &schema_domain_record);
	ok = !text.failed && fwrite(text.data, 1, text.len, stdout) == text.len &&
	     fflush(stdout) == 0;
	buffer_free(&text);
	return ok;
}
