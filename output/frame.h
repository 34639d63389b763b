/*
 * Frames of the evidence files: each record is a msgpack array [CRC-32 of the record's bytes, their
 * length, record], with both numbers as uint 32. So a torn or damaged end is recognised and cut, a
 * record is reached by its offset alone, and any msgpack reader can still read the file. Pure.
 */
#ifndef STSWEEP_OUTPUT_FRAME_H
#define STSWEEP_OUTPUT_FRAME_H

#include "output/buffer.h"

enum {
	FRAME_HEADER_BYTES = 11,
	FRAME_MOST_BYTES = 1 << 28, /* of a record; more is damage, not data */
};

enum frame_result {
	FRAME_WHOLE,
	FRAME_SHORT,   /* the bytes end before the frame does */
	FRAME_DAMAGED, /* no frame, or its CRC is wrong */
};

/* Begins a frame; the record's bytes are appended next. Gives the position that frame_end needs. */
size_t frame_begin(struct buffer *buffer);
void frame_end(struct buffer *buffer, size_t begin);
/* Reads the frame at the front of `bytes`; `record` and `size` (of the whole frame) are filled when
 * it is whole. When it is short, `size` is what has to be there to know more. */
enum frame_result frame_read(struct span bytes, struct span *record, size_t *size);

#endif
