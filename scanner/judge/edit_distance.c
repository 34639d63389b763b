/*
 * Bounded edit distance. Called by mx_match.c; only cells of the table within the bound of its
 * diagonal are filled, for no cell outside can be on a short way.
 */
#include "judge/edit_distance.h"

enum { BAND = 2 * EDIT_DISTANCE_MAX + 1, FAR = EDIT_DISTANCE_MAX + 1 };

static uint8_t fold(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Cell k of row i stands for b's first i + k - EDIT_DISTANCE_MAX bytes. */
static bool is_cell(size_t i, size_t k, size_t b_len)
{
	return i + k >= EDIT_DISTANCE_MAX && i + k - EDIT_DISTANCE_MAX <= b_len;
}

/* The row after `row`, for one more byte of `a`; gives its least cell. */
static unsigned next_row(unsigned row[BAND], struct span a, struct span b, size_t i)
{
	unsigned lowest = FAR;

	for (size_t k = 0; k < BAND; k++) {
		unsigned cell = FAR;

		if (is_cell(i, k, b.len)) {
			size_t j = i + k - EDIT_DISTANCE_MAX;

			if (j > 0)
				cell = row[k] + (fold(a.data[i - 1]) != fold(b.data[j - 1]));
			if (k + 1 < BAND)
				cell = least(cell, row[k + 1] + 1);
			if (j > 0 && k > 0)
				cell = least(cell, row[k - 1] + 1);
		}
		row[k] = least(cell, FAR);
		lowest = least(lowest, row[k]);
	}
	return lowest;
}

unsigned edit_distance(struct span a, struct span b)
{
	unsigned row[BAND];
	size_t difference = a.len > b.len ? a.len - b.len : b.len - a.len;

	if (difference > EDIT_DISTANCE_MAX)
		return FAR;
	for (size_t k = 0; k < BAND; k++)
		row[k] = is_cell(0, k, b.len) ? (unsigned)(k - EDIT_DISTANCE_MAX) : FAR;
	for (size_t i = 1; i <= a.len; i++)
		if (next_row(row, a, b, i) == FAR)
			return FAR;
	return row[b.len + EDIT_DISTANCE_MAX - a.len];
}
