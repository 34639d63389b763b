/*
 * Targets out of files: which lines are targets, which of them are this shard's, and what of a line
 * is the name. Called by the reader thread and, for the count, once before. It never gives up on a
 * dirty line; only a file that cannot be read is an error.
 */
#include "datasets/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/columns.h"
#include "datasets/lines.h"

struct list {
	struct list_settings settings;
	struct list_input *inputs; /* one a path */
	size_t path_at;            /* the path that is open, or comes next */
	struct lines *lines;       /* NULL between two files */
	struct row row;
	struct columns columns;
	bool columns_known;
	uint64_t index;
	uint64_t targets;
};

static const char *fault_text(enum name_fault fault)
{
#define FAULT_TEXT(P, code, text, meaning) [P##_##code] = text,
	static const char *const texts[] = {NAME_FAULTS(FAULT_TEXT, NAME_FAULT)};
#undef FAULT_TEXT

	return texts[fault];
}

/* --- opening --- */

static bool settings_are_sound(const struct list_settings *settings, struct dataset_error *error)
{
	size_t standard_inputs = 0;

	for (size_t i = 0; i < settings->paths_count; i++)
		standard_inputs += strcmp(settings->paths[i], "-") == 0;
	if (settings->paths_count == 0)
		dataset_error_set(error, "no list given");
	else if (standard_inputs > 1)
		dataset_error_set(error, "-: standard input can be read once only");
	else if (settings->shards > 1 && settings->shard >= settings->shards)
		dataset_error_set(error, "shard %llu of %llu: the last one is %llu",
				  (unsigned long long)settings->shard,
				  (unsigned long long)settings->shards,
				  (unsigned long long)settings->shards - 1);
	else if (settings->input_column != NULL && !columns_is_valid(settings->input_column))
		dataset_error_set(error,
				  "input column '%s': a number from 1, or a name in the header",
				  settings->input_column);
	else
		return true;
	return false;
}

/*
 * A missing last file is told before the first packet, not after the first ten million names.
 * `*regular`: all of them can be read twice.
 */
static bool paths_check(const struct list_settings *settings, bool *regular,
			struct dataset_error *error)
{
	*regular = true;
	for (size_t i = 0; i < settings->paths_count; i++) {
		bool this_one = false;

		if (!source_check(settings->paths[i], &this_one, error))
			return false;
		*regular = *regular && this_one;
	}
	return true;
}

struct list *list_open(const struct list_settings *settings, struct dataset_error *error)
{
	bool regular = false;

	if (!settings_are_sound(settings, error) || !paths_check(settings, &regular, error))
		return NULL;
	struct list *list = calloc(1, sizeof(*list));

	if (list == NULL)
		goto no_memory;
	list->settings = *settings;
	if (list->settings.line_bytes == 0)
		list->settings.line_bytes = LIST_LINE_BYTES;
	list->inputs = calloc(settings->paths_count, sizeof(*list->inputs));
	if (list->inputs == NULL || !row_init(&list->row, list->settings.line_bytes))
		goto no_memory;
	for (size_t i = 0; i < settings->paths_count; i++)
		list->inputs[i].path = settings->paths[i];
	return list;
no_memory:
	dataset_error_set(error, "%s: %s", settings->paths[0], strerror(ENOMEM));
	list_close(list);
	return NULL;
}

void list_close(struct list *list)
{
	if (list == NULL)
		return;
	lines_free(list->lines);
	row_free(&list->row);
	free(list->inputs);
	free(list);
}

const struct list_input *list_inputs(const struct list *list, size_t *count)
{
	*count = list->settings.paths_count;
	return list->inputs;
}

/* --- files --- */

static bool file_open(struct list *list, struct dataset_error *error)
{
	struct source *source =
		source_open(list->inputs[list->path_at].path, list->settings.stop_fd, error);

	list->columns_known = false;
	list->lines = lines_over(source, list->settings.line_bytes, error);
	if (list->lines == NULL)
		list->path_at++;
	return list->lines != NULL;
}

static void file_close(struct list *list)
{
	struct list_input *input = &list->inputs[list->path_at];

	input->has_sha256 = source_digest(lines_source(list->lines), input->sha256);
	input->bytes = source_bytes(lines_source(list->lines));
	lines_free(list->lines);
	list->lines = NULL;
	list->path_at++;
}

/* --- lines --- */

/* The first line with anything in it decides the columns of its file. */
static enum list_result columns_learn(struct list *list, const struct line *line, bool *is_header,
				      struct dataset_error *error)
{
	const char *column = list->settings.input_column;

	if (!row_parse(&list->row, line->text)) {
		dataset_error_set(error, "%s:%llu: no memory to read it as CSV",
				  list->inputs[list->path_at].path,
				  (unsigned long long)line->number);
		return LIST_FAILED;
	}
	list->columns_known = true;
	switch (columns_find(&list->columns, column, line->text, &list->row)) {
	case COLUMNS_TARGET:
		*is_header = false;
		return LIST_TARGET;
	case COLUMNS_HEADER:
		*is_header = true;
		return LIST_TARGET;
	case COLUMNS_MISSING:
		break;
	}
	dataset_error_set(error, "%s:%llu: no column named '%s'", list->inputs[list->path_at].path,
			  (unsigned long long)line->number, column);
	return LIST_FAILED;
}

/* The next line of this file that is a target, whichever shard's it is. */
static enum list_result file_next(struct list *list, struct line *line, struct dataset_error *error)
{
	struct list_input *input = &list->inputs[list->path_at];

	for (;;) {
		switch (lines_next(list->lines, line, error)) {
		case SOURCE_DATA:
			break;
		case SOURCE_END:
			return LIST_END;
		case SOURCE_FAILED:
			return LIST_FAILED;
		case SOURCE_STOPPED:
			return LIST_STOPPED;
		}
		list->index++;
		input->lines = line->number;
		if (line->text.len == 0)
			continue;
		bool is_header = false;

		if (!list->columns_known) {
			enum list_result result = columns_learn(list, line, &is_header, error);

			if (result != LIST_TARGET)
				return result;
		}
		if (is_header)
			continue;
		input->targets++;
		list->targets++;
		return LIST_TARGET;
	}
}

static bool is_spent(const struct list *list)
{
	uint64_t most = list->settings.max_targets;

	return list->path_at == list->settings.paths_count || (most > 0 && list->targets == most);
}

/* The next target line of this shard over all files. */
static enum list_result line_next(struct list *list, struct line *line, struct dataset_error *error)
{
	uint64_t shards = list->settings.shards;

	while (!is_spent(list)) {
		if (list->lines == NULL && !file_open(list, error))
			return LIST_FAILED;
		switch (file_next(list, line, error)) {
		case LIST_TARGET:
			if (shards <= 1 || (list->index - 1) % shards == list->settings.shard)
				return LIST_TARGET;
			break;
		case LIST_END:
			file_close(list);
			break;
		case LIST_FAILED:
			file_close(list);
			return LIST_FAILED;
		case LIST_STOPPED:
			return LIST_STOPPED;
		}
	}
	if (list->lines != NULL)
		file_close(list);
	return LIST_END;
}

/* --- targets --- */

/* One field of the rest of a line, quoted where it must be (RFC 4180 2). */
static size_t metadata_put(uint8_t *to, struct span field)
{
	bool quoted = false;

	for (size_t i = 0; i < field.len && !quoted; i++)
		quoted = field.data[i] == ',' || field.data[i] == '"' || field.data[i] == '\r';
	if (quoted)
		return csv_write(to, 2 * field.len + 2, field.data, field.len);
	if (field.len > 0)
		memcpy(to, field.data, field.len);
	return field.len;
}

static struct span metadata_join(struct arena *arena, const struct row *row, struct columns of)
{
	/* Every byte doubled, two quotes and a comma a field. */
	uint8_t *text = arena_alloc(arena, 2 * row->text_len + 3 * row->count);
	size_t len = 0, fields = 0;

	if (text == NULL)
		return (struct span){0};
	for (size_t i = 0; i < row->count; i++) {
		if ((int)i == of.name || (int)i == of.rank)
			continue;
		if (fields++ > 0)
			text[len++] = ',';
		len += metadata_put(text + len, row->fields[i]);
	}
	return fields == 0 ? (struct span){0} : span_of(text, len);
}

/* The field that is the target; the whole line where it has no such field. */
static struct span find_input(struct list *list, struct arena *arena, const struct line *line,
			      struct list_target *target)
{
	bool is_row = list->columns.fixed || columns_is_row(line->text);

	if (!is_row || line->cut || !row_parse(&list->row, line->text))
		return line->text;
	const struct row *row = &list->row;
	struct columns of = columns_of(&list->columns, row);

	if (of.rank != COLUMN_NONE && (size_t)of.rank < row->count)
		target->rank = columns_rank(row->fields[of.rank]);
	if (of.name == COLUMN_NONE)
		return line->text;
	if ((size_t)of.name >= row->count) {
		target->fault = NAME_FAULT_EMPTY;
		return line->text;
	}
	if (list->settings.with_metadata)
		target->metadata = metadata_join(arena, row, of);
	return row->fields[of.name];
}

static bool target_fill(struct list *list, struct arena *arena, const struct line *line,
			struct list_target *target)
{
	*target = (struct list_target){
		.path = list->inputs[list->path_at].path,
		.line = line->number,
		.index = list->index,
		.rank = -1,
	};
	if (line->cut)
		target->fault = NAME_FAULT_TOO_LONG;
	struct span input = find_input(list, arena, line, target);

	if (target->fault == NAME_FAULT_NULL)
		target->fault = name_from_input(arena, span_trim(input), &target->name);
	if (target->fault != NAME_FAULT_NULL) {
		target->name = (struct span){0};
		target->reason = fault_text(target->fault);
	}
	target->input = arena_copy(arena, span_first(input, LIST_INPUT_BYTES));
	return !arena->exhausted;
}

enum list_result list_next(struct list *list, struct arena *arena, struct list_target *target,
			   struct dataset_error *error)
{
	struct line line = {0};
	enum list_result result = line_next(list, &line, error);

	if (result != LIST_TARGET || target_fill(list, arena, &line, target))
		return result;
	dataset_error_set(error, "%s:%llu: no memory for it", target->path,
			  (unsigned long long)target->line);
	file_close(list);
	return LIST_FAILED;
}

int64_t list_count_targets(const struct list_settings *settings)
{
	struct dataset_error ignored;
	bool regular = false;

	if (!paths_check(settings, &regular, &ignored) || !regular)
		return -1;
	struct list *list = list_open(settings, &ignored);

	if (list == NULL)
		return -1;
	int64_t count = 0;
	struct line line;
	enum list_result result;

	while ((result = line_next(list, &line, &ignored)) == LIST_TARGET)
		count++;
	list_close(list);
	return result == LIST_END ? count : -1;
}
