/*
 * What threads tell each other: the reader and the gatekeeper a worker, workers the gatekeeper. Every message begins with
 * its kind; texts follow the struct. Pointers to the gatekeeper's own things are tokens: workers hand them back unread.
 */
#ifndef STSWEEP_WORKERS_MESSAGE_H
#define STSWEEP_WORKERS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/address.h"
#include "facts/name.h"
#include "record/vocabulary.h"

struct leave;
struct roster_provider;

/* Who in a worker waits for an answer. The generation tells a job from those that had its slot before. */
struct job_reference {
	uint32_t slot;
	uint32_t generation;
	uint32_t operation;
};

enum worker_message {
	WORKER_TARGET, /* struct target_message */
	WORKER_HOST,   /* struct host_message */
	WORKER_LEAVE,  /* struct leave_message: leave is granted */
};

/* A text of length NO_TEXT is no value. */
enum { NO_TEXT = INT32_MAX };

struct target_message {
	enum worker_message kind;
	int64_t index;
	int64_t rank;
	enum name_fault invalid;
	enum record_status status;
	uint32_t name_len;
	uint32_t input_len;
	uint32_t metadata_len;
	uint32_t reason_len;
	uint8_t texts[]; /* in this order */
};

struct host_message {
	enum worker_message kind;
	struct roster_provider *provider;
	uint32_t host_len;
	uint32_t provider_len;
	uint8_t texts[];
};

struct leave_message {
	enum worker_message kind;
	struct job_reference reference;
	struct leave *leave;
};

enum gatekeeper_message {
	GATEKEEPER_WANT_HOST,    /* struct want_host_message */
	GATEKEEPER_WANT_LEAVE,   /* struct want_leave_message */
	GATEKEEPER_BEGUN,        /* struct leave_event_message: connecting began `at_us` */
	GATEKEEPER_RELEASE,      /* struct leave_event_message: closed, or never begun */
	GATEKEEPER_HOST_DONE,    /* struct host_done_message */
	GATEKEEPER_TARGETS_DONE, /* struct targets_message: so many more are through */
	GATEKEEPER_INPUT_END,    /* struct targets_message: so many were pushed in all */
};

struct want_host_message {
	enum gatekeeper_message kind;
	uint32_t host_len;
	uint8_t host[];
};

struct want_leave_message {
	enum gatekeeper_message kind;
	uint32_t worker;
	struct job_reference reference;
	struct address address;
	uint32_t provider_len; /* 0: a policy fetch, limited by its address only */
	uint8_t provider[];
};

struct leave_event_message {
	enum gatekeeper_message kind;
	struct leave *leave;
	int64_t at_us;
};

struct host_done_message {
	enum gatekeeper_message kind;
	uint32_t worker;
	struct roster_provider *provider;
};

struct targets_message {
	enum gatekeeper_message kind;
	uint64_t count;
};

#endif
