/*
 * See roster.h. Arrivals stand in one line of bare names; the provider of a name is looked up when it comes to the front.
 * Only providers with hosts in work or waiting have an entry, and only those over their share have a line.
 */
#include "workers/roster.h"

#include <stdlib.h>
#include <string.h>

/* Names are those that remotes chose; keys are keyed digests of them, so that nobody can make them collide. */
#define HASH_FUNCTION(key, len, hash) memcpy(&(hash), key, sizeof(hash))
#include <uthash.h>
#include <utlist.h>

#include "base/seen.h"
#include "facts/name.h"
#include "workers/engine.h"

enum {
	PIECE_FIRST_BYTES = 256,
	PIECE_MOST_BYTES = 16384,
	NAME_BYTES = 255, /* a length fits one byte */
};

/* A line of names: each a byte of length and the name, in pieces that are given back once read. */
struct piece {
	struct piece *next;
	size_t size;
	size_t from;
	size_t to;
	uint8_t bytes[];
};

struct line {
	struct piece *first;
	struct piece *last;
	size_t count;
};

struct roster_provider {
	struct seen_key key;
	UT_hash_handle hh;
	struct line waiting;
	size_t in_work;
	size_t in_work_most;
	bool ready;                       /* stands among the ready */
	struct roster_provider *previous; /* of the ready */
	struct roster_provider *next;
	size_t name_len;
	uint8_t name[];
};

struct roster {
	struct roster_settings settings;
	struct roster_provider *providers;
	struct roster_provider *ready; /* with a line and room for one more in work */
	struct line arrivals;
	size_t waiting;
	size_t in_work;
	bool arrivals_turn;
	uint8_t name[NAME_BYTES]; /* the one given out last */
};

/* --- lines -------------------------------------------------------------------------------- */

static void line_grow(struct line *line)
{
	size_t size = line->last == NULL ? PIECE_FIRST_BYTES : 2 * line->last->size;
	size_t bytes = size < PIECE_MOST_BYTES ? size : PIECE_MOST_BYTES;
	struct piece *piece = malloc(sizeof(*piece) + bytes);

	if (piece == NULL)
		abort();
	*piece = (struct piece){.size = bytes};
	LL_APPEND_ELEM(line->first, line->last, piece);
	line->last = piece;
}

static void line_add(struct line *line, struct span name)
{
	if (line->last == NULL || line->last->size - line->last->to < name.len + 1)
		line_grow(line);
	struct piece *piece = line->last;

	piece->bytes[piece->to] = (uint8_t)name.len;
	memcpy(piece->bytes + piece->to + 1, name.data, name.len);
	piece->to += name.len + 1;
	line->count++;
}

static void line_drop_first(struct line *line)
{
	struct piece *piece = line->first;

	line->first = piece->next;
	if (line->first == NULL)
		line->last = NULL;
	free(piece);
}

/* Copies the first name out; the line is not empty. */
static struct span line_take(struct line *line, uint8_t *out)
{
	struct piece *piece = line->first;
	size_t len = piece->bytes[piece->from];

	memcpy(out, piece->bytes + piece->from + 1, len);
	piece->from += len + 1;
	line->count--;
	if (piece->from == piece->to)
		line_drop_first(line);
	return span_of(out, len);
}

static void line_free(struct line *line)
{
	while (line->first != NULL)
		line_drop_first(line);
	line->count = 0;
}

/* --- providers ---------------------------------------------------------------------------- */

static struct roster_provider *provider_of(struct roster *roster, struct span host)
{
	struct span name = roster->settings.provider_of(roster->settings.context, host);
	struct seen_key key = seen_key_text(name, roster->settings.secret);
	struct roster_provider *provider;

	HASH_FIND(hh, roster->providers, &key, sizeof(key), provider);
	if (provider != NULL)
		return provider;
	provider = calloc(1, sizeof(*provider) + name.len);
	if (provider == NULL)
		abort();
	memcpy(provider->name, name.data, name.len);
	provider->name_len = name.len;
	provider->key = key;
	provider->in_work_most = roster->settings.provider_in_work_count(
		roster->settings.context, span_of(provider->name, name.len));
	HASH_ADD(hh, roster->providers, key, sizeof(provider->key), provider);
	return provider;
}

static void provider_free(struct roster *roster, struct roster_provider *provider)
{
	if (provider->ready)
		DL_DELETE2(roster->ready, provider, previous, next);
	HASH_DELETE(hh, roster->providers, provider);
	line_free(&provider->waiting);
	free(provider);
}

/* Puts it among the ready or takes it away, as it is; forgets one that has nothing. */
static void provider_settle(struct roster *roster, struct roster_provider *provider)
{
	bool ready = provider->waiting.count > 0 && provider->in_work < provider->in_work_most;

	if (provider->waiting.count == 0 && provider->in_work == 0) {
		provider_free(roster, provider);
		return;
	}
	if (ready && !provider->ready)
		DL_APPEND2(roster->ready, provider, previous, next);
	if (!ready && provider->ready)
		DL_DELETE2(roster->ready, provider, previous, next);
	provider->ready = ready;
}

/* --- turns -------------------------------------------------------------------------------- */

static struct roster_turn start(struct roster *roster, struct roster_provider *provider,
				struct span host)
{
	provider->in_work++;
	roster->in_work++;
	roster->waiting--;
	provider_settle(roster, provider);
	return (struct roster_turn){
		.host = host,
		.provider_name = span_of(provider->name, provider->name_len),
		.provider = provider,
	};
}

/* Sends arrivals to their providers' lines until one can start. */
static bool start_arrival(struct roster *roster, struct roster_turn *turn)
{
	while (roster->arrivals.count > 0) {
		struct span host = line_take(&roster->arrivals, roster->name);
		struct roster_provider *provider = provider_of(roster, host);

		if (provider->in_work < provider->in_work_most && provider->waiting.count == 0) {
			*turn = start(roster, provider, host);
			return true;
		}
		line_add(&provider->waiting, host);
		provider_settle(roster, provider);
	}
	return false;
}

/* The ready providers in a ring: one host each. */
static bool start_ready(struct roster *roster, struct roster_turn *turn)
{
	struct roster_provider *provider = roster->ready;

	if (provider == NULL)
		return false;
	DL_DELETE2(roster->ready, provider, previous, next);
	provider->ready = false;
	*turn = start(roster, provider, line_take(&provider->waiting, roster->name));
	return true;
}

struct roster *roster_new(const struct roster_settings *settings)
{
	struct roster *roster = calloc(1, sizeof(*roster));

	if (roster != NULL)
		roster->settings = *settings;
	return roster;
}

void roster_free(struct roster *roster)
{
	struct roster_provider *provider, *next;

	if (roster == NULL)
		return;
	HASH_ITER (hh, roster->providers, provider, next)
		provider_free(roster, provider);
	line_free(&roster->arrivals);
	free(roster);
}

void roster_add(struct roster *roster, struct span host)
{
	if (host.len > NAME_BYTES)
		abort();
	line_add(&roster->arrivals, host);
	roster->waiting++;
}

bool roster_next(struct roster *roster, struct roster_turn *turn)
{
	if (roster->in_work >= roster->settings.in_work_count)
		return false;
	roster->arrivals_turn = !roster->arrivals_turn;
	if (roster->arrivals_turn)
		return start_arrival(roster, turn) || start_ready(roster, turn);
	return start_ready(roster, turn) || start_arrival(roster, turn);
}

void roster_done(struct roster *roster, struct roster_provider *provider)
{
	provider->in_work--;
	roster->in_work--;
	provider_settle(roster, provider);
}

void roster_drop_waiting(struct roster *roster)
{
	struct roster_provider *provider, *next;

	line_free(&roster->arrivals);
	HASH_ITER (hh, roster->providers, provider, next) {
		line_free(&provider->waiting);
		provider_settle(roster, provider);
	}
	roster->waiting = 0;
}

static void report_fill(struct backlog *item, const struct roster_provider *provider)
{
	size_t len = provider->name_len < NAME_MAX_BYTES ? provider->name_len : NAME_MAX_BYTES;

	memcpy(item->provider, provider->name, len);
	item->provider[len] = '\0';
	item->waiting = provider->waiting.count;
	item->in_work = provider->in_work;
}

size_t roster_report(const struct roster *roster, struct backlog *items, size_t max)
{
	size_t count = 0;

	for (const struct roster_provider *provider = roster->providers; provider != NULL;
	     provider = provider->hh.next) {
		size_t at = count;

		while (at > 0 && items[at - 1].waiting < provider->waiting.count)
			at--;
		if (at == max)
			continue;
		size_t kept = count < max ? count : max - 1;

		memmove(&items[at + 1], &items[at], (kept - at) * sizeof(*items));
		report_fill(&items[at], provider);
		count = kept + 1;
	}
	return count;
}

size_t roster_waiting(const struct roster *roster)
{
	return roster->waiting;
}

size_t roster_in_work(const struct roster *roster)
{
	return roster->in_work;
}
