/*
 * RFC 3339 texts of the one form that the record uses, digit by digit: it is on the way of every
 * record.
 */
#include "output/timestamp.h"

#include <stdio.h>
#include <time.h>

enum { MS_PER_SECOND = 1000 };

/* 9999-12-31T23:59:59.999Z */
static const int64_t LATEST_MS = 253402300799999;

static char *put_digits(char *place, int number, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		place[i] = (char)('0' + number % 10);
		number /= 10;
	}
	return place + digits;
}

void timestamp_format(int64_t time_ms, char text[TIMESTAMP_BYTES + 1])
{
	struct tm tm;
	char *place = text;

	if (time_ms < 0)
		time_ms = 0;
	if (time_ms > LATEST_MS)
		time_ms = LATEST_MS;
	time_t seconds = time_ms / MS_PER_SECOND;

	gmtime_r(&seconds, &tm);
	place = put_digits(place, tm.tm_year + 1900, 4);
	*place++ = '-';
	place = put_digits(place, tm.tm_mon + 1, 2);
	*place++ = '-';
	place = put_digits(place, tm.tm_mday, 2);
	*place++ = 'T';
	place = put_digits(place, tm.tm_hour, 2);
	*place++ = ':';
	place = put_digits(place, tm.tm_min, 2);
	*place++ = ':';
	place = put_digits(place, tm.tm_sec, 2);
	*place++ = '.';
	place = put_digits(place, (int)(time_ms % MS_PER_SECOND), 3);
	*place++ = 'Z';
	*place = '\0';
}

/* The number that `digits` digits at `at` make; -1 when there is something else. */
static int get_digits(const uint8_t *text, size_t at, size_t digits)
{
	int number = 0;

	for (size_t i = at; i < at + digits; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number;
}

int64_t timestamp_parse(struct span text)
{
	char again[TIMESTAMP_BYTES + 1];

	if (text.len != TIMESTAMP_BYTES)
		return -1;
	int ms = get_digits(text.data, 20, 3);
	struct tm tm = {
		.tm_year = get_digits(text.data, 0, 4) - 1900,
		.tm_mon = get_digits(text.data, 5, 2) - 1,
		.tm_mday = get_digits(text.data, 8, 2),
		.tm_hour = get_digits(text.data, 11, 2),
		.tm_min = get_digits(text.data, 14, 2),
		.tm_sec = get_digits(text.data, 17, 2),
	};
	int64_t time_ms = (int64_t)timegm(&tm) * MS_PER_SECOND + ms;

	/* timegm forgives a 31st of June, and the separators were not looked at: what is not
	 * written so again was no such text. */
	timestamp_format(time_ms, again);
	return span_equal(text, span_of(again, TIMESTAMP_BYTES)) ? time_ms : -1;
}
