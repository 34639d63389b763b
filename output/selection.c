/*
 * Selections as trees beside the schema's own: a node a map, a mark a field. Made once a command,
 * asked by every encoder.
 */
#include "output/selection.h"

struct selection_mark {
	bool taken;
	struct selection *inner; /* NULL: all of it */
};

struct selection {
	struct selection_mark *marks; /* one a field of the schema */
};

static struct selection *node_new(struct arena *arena, const struct schema *schema)
{
	struct selection *node = arena_alloc(arena, sizeof(*node));

	if (node == NULL)
		return NULL;
	node->marks = arena_calloc(arena, schema->count, sizeof(*node->marks));
	return node->marks == NULL ? NULL : node;
}

/* Marks the path's field; false when there is none of that name, or over the arena's cap. */
static bool mark_path(struct arena *arena, struct selection *node, const struct schema *schema,
		      struct span path)
{
	size_t dot = span_find(path, '.');
	const struct field *field = schema_field(schema, span_first(path, dot));

	if (field == NULL || field->where == FIELD_EVIDENCE)
		return false;
	struct selection_mark *mark = &node->marks[field - schema->fields];
	bool all_taken = mark->taken && mark->inner == NULL;

	if (dot == path.len) {
		*mark = (struct selection_mark){.taken = true};
		return true;
	}
	if (field->schema == NULL)
		return false;
	if (mark->inner == NULL)
		mark->inner = node_new(arena, field->schema);
	if (mark->inner == NULL ||
	    !mark_path(arena, mark->inner, field->schema, span_skip(path, dot + 1)))
		return false;
	mark->taken = true;
	if (all_taken)
		mark->inner = NULL;
	return true;
}

/* One argument: paths joined by commas, white space around them forgiven. */
static bool mark_paths(struct arena *arena, struct selection *node, const struct schema *schema,
		       struct span paths, struct span *unknown)
{
	while (paths.len > 0) {
		size_t comma = span_find(paths, ',');
		struct span path = span_trim(span_first(paths, comma));

		if (path.len > 0 && !mark_path(arena, node, schema, path)) {
			*unknown = arena->exhausted ? (struct span){0} : path;
			return false;
		}
		paths = span_skip(paths, comma + 1);
	}
	return true;
}

const struct selection *selection_new(struct arena *arena, const struct schema *schema,
				      const char *const *paths, size_t count, struct span *unknown)
{
	struct selection *node = node_new(arena, schema);

	*unknown = (struct span){0};
	if (node == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (!mark_paths(arena, node, schema, span_text(paths[i]), unknown))
			return NULL;
	}
	return node;
}

bool selection_has(const struct selection *selection, const struct schema *schema, size_t n,
		   enum record_view view)
{
	switch (view) {
	case VIEW_EVIDENCE:
		if (schema->fields[n].where == FIELD_FINAL)
			return false;
		break;
	case VIEW_FINAL:
		if (schema->fields[n].where == FIELD_EVIDENCE)
			return false;
		break;
	}
	return selection == NULL || selection->marks[n].taken;
}

const struct selection *selection_inner(const struct selection *selection, size_t n)
{
	if (selection == NULL || selection->marks[n].inner == NULL)
		return NULL;
	return selection->marks[n].inner;
}
