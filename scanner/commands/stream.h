/*
 * Evidence kept in memory: records come out as soon as the last of their hosts has been probed,
 * judged and with all that is known inlined. Behind `scan -o -` and `check`; memory grows with the
 * distinct hosts and certificates of the run. Entities stay unclassified, because that takes the
 * whole scan.
 */
#ifndef STSWEEP_COMMANDS_STREAM_H
#define STSWEEP_COMMANDS_STREAM_H

#include "commands/knowledge.h"
#include "record/sink.h"

struct stream_settings {
	const struct knowledge *knowledge; /* borrowed, as are the limits */
	const struct limits *limits;
	bool hosts_follow; /* the smtp stage runs: records wait for their hosts */
	/*
	 * Takes one judged record; `hosts` gives its hosts, judged. Called by one thread at a time,
	 * any of the workers. False stops the stream: sinks refuse from then on.
	 */
	bool (*record)(void *context, const struct domain_record *domain,
		       const struct host_source *hosts);
	void *context;
};

struct stream;

/* NULL without memory. */
struct stream *stream_new(const struct stream_settings *settings);
/* One sink for all threads; it belongs to the stream. */
struct sink *stream_sink(struct stream *stream);
/*
 * No more evidence comes: gives the records that still wait, with status partial. False when the
 * stream was stopped by its taker or by a lack of memory.
 */
bool stream_finish(struct stream *stream);
void stream_free(struct stream *stream);

#endif
