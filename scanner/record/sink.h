/*
 * A sink takes finished evidence. Workers are handed one each and know nothing of files or formats;
 * what is behind it (a folder of parts, a stream to standard output, a test) is made elsewhere.
 * Calls come from one thread per sink; the record and all it points to are the caller's again when
 * the call returns.
 */
#ifndef STSWEEP_RECORD_SINK_H
#define STSWEEP_RECORD_SINK_H

#include "record/record.h"

struct sink {
	/*
	 * Each gives false when the evidence could not be taken (the scan then stops; nothing is
	 * dropped silently).
	 */
	bool (*domain)(struct sink *sink, const struct domain_record *domain);
	bool (*host)(struct sink *sink, const struct host_record *host);
	/*
	 * DER of a certificate; the sink drops those it has seen. Called before the record that
	 * names it.
	 */
	bool (*certificate)(struct sink *sink, struct span sha256, struct span der);
};

#endif
