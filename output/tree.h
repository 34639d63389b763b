/*
 * The tree of a record, said piece by piece: the walk over a record (encode.c) speaks, a format
 * (encode_msgpack.c, encode_json.c) writes down. Within output/ only.
 */
#ifndef STSWEEP_OUTPUT_TREE_H
#define STSWEEP_OUTPUT_TREE_H

#include "output/buffer.h"

struct tree_format {
	bool text_only; /* bytes that are no text are said as base64, under another name */
	void (*map)(struct buffer *buffer, size_t count);
	void (*map_end)(struct buffer *buffer);
	void (*list)(struct buffer *buffer, size_t count);
	void (*list_end)(struct buffer *buffer);
	/* The name of the value that comes next in a map; `suffix` is part of it. */
	void (*key)(struct buffer *buffer, const char *name, const char *suffix);
	void (*null)(struct buffer *buffer);
	void (*number)(struct buffer *buffer, int64_t number);
	void (*flag)(struct buffer *buffer, bool flag);
	void (*text)(struct buffer *buffer, struct span text);    /* UTF-8 without NUL */
	void (*bytes)(struct buffer *buffer, struct span bytes);  /* with text_only: text */
	void (*base64)(struct buffer *buffer, struct span bytes); /* with text_only only */
	void (*hash)(struct buffer *buffer, struct span hash);
};

extern const struct tree_format tree_msgpack;
extern const struct tree_format tree_json;

#endif
