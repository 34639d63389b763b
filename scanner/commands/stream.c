/*
 * Owns the evidence of a run without a folder. All of it lies behind one mutex: this way is for one
 * domain, a pipe or a short list; a large scan writes to a folder.
 */
#include "commands/stream.h"

#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
/* The default one falls through switch labels, which clang is told to refuse. */
#define HASH_FUNCTION HASH_FNV
#include <uthash.h>

#include "facts/certificate.h"
#include "output/decode.h"
#include "output/encode.h"

/* A domain whose hosts have not all come. */
struct parked {
	struct buffer evidence;
	size_t missing; /* distinct hosts */
	struct parked *previous;
	struct parked *next;
};

struct kept_host {
	struct buffer evidence; /* empty until the host has been probed */
	struct parked **waiting;
	size_t waiting_count;
	UT_hash_handle hh;
	size_t name_len;
	char name[];
};

struct kept_certificate {
	uint8_t sha256[SHA256_BYTES];
	struct span der;                       /* behind this struct */
	struct kept_certificate *same_subject; /* next CA certificate of that subject */
	UT_hash_handle hh;
};

/* CA certificates by the DER of their subject, first met first. */
struct kept_subject {
	struct kept_certificate *first;
	UT_hash_handle hh;
	size_t subject_len;
	uint8_t subject[];
};

struct stream {
	struct sink sink; /* first: a sink of the stream is the stream */
	struct stream_settings settings;
	pthread_mutex_t mutex;
	struct judge *judge;
	struct certificate_source certificate_source;
	struct host_source host_source;
	struct kept_host *hosts;
	struct kept_certificate *certificates;
	struct kept_subject *subjects;
	struct parked *parked;
	struct arena domain_arena;
	struct arena host_arena;
	bool failed;
};

/* --- sources for the judge --- */

static struct span find_certificate(void *context, struct span sha256)
{
	struct stream *stream = context;
	struct kept_certificate *kept = NULL;

	if (sha256.len == SHA256_BYTES)
		HASH_FIND(hh, stream->certificates, sha256.data, SHA256_BYTES, kept);
	return kept == NULL ? (struct span){0} : kept->der;
}

static struct span find_issuer(void *context, struct span subject_der, size_t n)
{
	struct stream *stream = context;
	struct kept_subject *subject = NULL;
	struct kept_certificate *kept;

	HASH_FIND(hh, stream->subjects, subject_der.data, subject_der.len, subject);
	kept = subject == NULL ? NULL : subject->first;
	while (kept != NULL && n-- > 0)
		kept = kept->same_subject;
	return kept == NULL ? (struct span){0} : kept->der;
}

static struct kept_host *find_kept_host(struct stream *stream, struct span name)
{
	struct kept_host *kept = NULL;

	HASH_FIND(hh, stream->hosts, name.data, name.len, kept);
	return kept;
}

static const struct host_record *find_host(void *context, struct span name)
{
	struct stream *stream = context;
	struct kept_host *kept = find_kept_host(stream, name);
	struct host_record *host;
	struct cursor cursor;

	if (kept == NULL || kept->evidence.len == 0)
		return NULL;
	arena_reset(&stream->host_arena);
	host = record_new(&stream->host_arena, &schema_host_record);
	cursor = cursor_over(buffer_span(&kept->evidence));
	if (host == NULL ||
	    !decode_record(&cursor, &schema_host_record, &stream->host_arena, host) ||
	    !judge_host(stream->judge, &stream->certificate_source, &stream->host_arena, host)) {
		stream->failed = true;
		return NULL;
	}
	return host;
}

/* --- records going out --- */

static void emit(struct stream *stream, struct span evidence, bool partial)
{
	struct domain_record *domain;
	struct cursor cursor = cursor_over(evidence);

	arena_reset(&stream->domain_arena);
	domain = record_new(&stream->domain_arena, &schema_domain_record);
	if (domain == NULL ||
	    !decode_record(&cursor, &schema_domain_record, &stream->domain_arena, domain)) {
		stream->failed = true;
		return;
	}
	if (partial && domain->status == RECORD_STATUS_COMPLETE)
		domain->status = RECORD_STATUS_PARTIAL;
	if (!judge_domain(stream->judge, &stream->certificate_source, &stream->host_source, NULL,
			  &stream->domain_arena, domain) ||
	    !stream->settings.record(stream->settings.context, domain, &stream->host_source))
		stream->failed = true;
}

static void unpark(struct stream *stream, struct parked *parked)
{
	if (parked->previous != NULL)
		parked->previous->next = parked->next;
	else
		stream->parked = parked->next;
	if (parked->next != NULL)
		parked->next->previous = parked->previous;
	buffer_free(&parked->evidence);
	free(parked);
}

/* --- evidence coming in --- */

static struct kept_host *keep_host(struct stream *stream, struct span name)
{
	struct kept_host *kept = find_kept_host(stream, name);

	if (kept != NULL)
		return kept;
	kept = calloc(1, sizeof(*kept) + name.len);
	if (kept == NULL)
		return NULL;
	kept->name_len = name.len;
	memcpy(kept->name, name.data, name.len);
	HASH_ADD_KEYPTR(hh, stream->hosts, kept->name, kept->name_len, kept);
	return kept;
}

static bool wait_for_host(struct kept_host *kept, struct parked *parked)
{
	struct parked **waiting =
		realloc(kept->waiting, (kept->waiting_count + 1) * sizeof(*waiting));

	if (waiting == NULL)
		return false;
	kept->waiting = waiting;
	waiting[kept->waiting_count++] = parked;
	parked->missing++;
	return true;
}

static bool is_null_host(struct span host)
{
	return host.len == 1 && host.data[0] == '.';
}

/* Registers the domain with each of its hosts that has not come yet. */
static bool park(struct stream *stream, struct parked *parked, const struct domain_record *domain)
{
	for (size_t i = 0; i < domain->mx.hosts.count; i++) {
		struct span name = domain->mx.hosts.items[i].host;
		struct kept_host *kept;

		if (is_null_host(name))
			continue;
		kept = keep_host(stream, name);
		if (kept == NULL || (kept->evidence.len == 0 && !wait_for_host(kept, parked)))
			return false;
	}
	return true;
}

static bool take_domain(struct sink *sink, const struct domain_record *domain)
{
	struct stream *stream = (struct stream *)sink;
	struct parked *parked = calloc(1, sizeof(*parked));
	bool ok;

	if (parked == NULL)
		return false;
	encode_record(&parked->evidence, &schema_domain_record, domain, VIEW_EVIDENCE,
		      OUTPUT_MSGPACK, NULL);
	pthread_mutex_lock(&stream->mutex);
	parked->next = stream->parked;
	if (parked->next != NULL)
		parked->next->previous = parked;
	stream->parked = parked;
	ok = !parked->evidence.failed &&
	     (!stream->settings.hosts_follow || park(stream, parked, domain));
	if (ok && parked->missing == 0) {
		emit(stream, buffer_span(&parked->evidence), false);
		unpark(stream, parked);
	}
	stream->failed = stream->failed || !ok;
	ok = !stream->failed;
	pthread_mutex_unlock(&stream->mutex);
	return ok;
}

static bool take_host(struct sink *sink, const struct host_record *host)
{
	struct stream *stream = (struct stream *)sink;
	struct kept_host *kept;
	bool ok;

	pthread_mutex_lock(&stream->mutex);
	kept = keep_host(stream, host->host);
	if (kept != NULL && kept->evidence.len == 0)
		encode_record(&kept->evidence, &schema_host_record, host, VIEW_EVIDENCE,
			      OUTPUT_MSGPACK, NULL);
	if (kept == NULL || kept->evidence.failed)
		stream->failed = true;
	for (size_t i = 0; !stream->failed && i < kept->waiting_count; i++) {
		struct parked *parked = kept->waiting[i];

		if (--parked->missing == 0) {
			emit(stream, buffer_span(&parked->evidence), false);
			unpark(stream, parked);
		}
	}
	if (kept != NULL) {
		free(kept->waiting);
		kept->waiting = NULL;
		kept->waiting_count = 0;
	}
	ok = !stream->failed;
	pthread_mutex_unlock(&stream->mutex);
	return ok;
}

/* False without memory. Only CA certificates can complete a chain. */
static bool keep_subject(struct stream *stream, struct kept_certificate *kept)
{
	const uint8_t *at = kept->der.data;
	X509 *x509 = d2i_X509(NULL, &at, (long)kept->der.len);
	struct kept_subject *subject = NULL;
	struct kept_certificate **end;
	uint8_t *name = NULL;
	int len = -1;

	if (x509 != NULL && X509_check_ca(x509) > 0)
		len = i2d_X509_NAME(X509_get_subject_name(x509), &name);
	X509_free(x509);
	if (len < 0)
		return true;
	HASH_FIND(hh, stream->subjects, name, (size_t)len, subject);
	if (subject == NULL) {
		subject = calloc(1, sizeof(*subject) + (size_t)len);
		if (subject == NULL) {
			OPENSSL_free(name);
			return false;
		}
		subject->subject_len = (size_t)len;
		memcpy(subject->subject, name, (size_t)len);
		HASH_ADD_KEYPTR(hh, stream->subjects, subject->subject, subject->subject_len,
				subject);
	}
	OPENSSL_free(name);
	for (end = &subject->first; *end != NULL; end = &(*end)->same_subject)
		;
	*end = kept;
	return true;
}

static bool take_certificate(struct sink *sink, struct span sha256, struct span der)
{
	struct stream *stream = (struct stream *)sink;
	struct kept_certificate *kept = NULL;
	bool ok = true;

	pthread_mutex_lock(&stream->mutex);
	HASH_FIND(hh, stream->certificates, sha256.data, SHA256_BYTES, kept);
	if (kept == NULL) {
		kept = calloc(1, sizeof(*kept) + der.len);
		ok = kept != NULL;
		if (ok) {
			memcpy(kept->sha256, sha256.data, SHA256_BYTES);
			memcpy(kept + 1, der.data, der.len);
			kept->der = span_of(kept + 1, der.len);
			HASH_ADD(hh, stream->certificates, sha256, SHA256_BYTES, kept);
			ok = keep_subject(stream, kept);
		}
	}
	stream->failed = stream->failed || !ok;
	pthread_mutex_unlock(&stream->mutex);
	return ok;
}

/* --- the stream --- */

struct stream *stream_new(const struct stream_settings *settings)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		return NULL;
	stream->settings = *settings;
	stream->sink = (struct sink){
		.domain = take_domain, .host = take_host, .certificate = take_certificate};
	stream->certificate_source = (struct certificate_source){
		.context = stream, .find = find_certificate, .find_by_subject = find_issuer};
	stream->host_source = (struct host_source){.context = stream, .find = find_host};
	/* Judging adds to what gathering was capped at. */
	arena_init(&stream->domain_arena, (size_t)settings->limits->domain_arena_bytes * 4);
	arena_init(&stream->host_arena, (size_t)settings->limits->host_arena_bytes * 4);
	stream->judge = judge_new(&settings->knowledge->settings);
	if (stream->judge == NULL || pthread_mutex_init(&stream->mutex, NULL) != 0) {
		judge_free(stream->judge);
		free(stream);
		return NULL;
	}
	return stream;
}

struct sink *stream_sink(struct stream *stream)
{
	return &stream->sink;
}

bool stream_finish(struct stream *stream)
{
	bool ok;

	pthread_mutex_lock(&stream->mutex);
	while (stream->parked != NULL && !stream->failed) {
		emit(stream, buffer_span(&stream->parked->evidence), true);
		unpark(stream, stream->parked);
	}
	ok = !stream->failed;
	pthread_mutex_unlock(&stream->mutex);
	return ok;
}

void stream_free(struct stream *stream)
{
	struct kept_host *host;
	struct kept_host *next_host;
	struct kept_certificate *certificate;
	struct kept_certificate *next_certificate;
	struct kept_subject *subject;
	struct kept_subject *next_subject;

	if (stream == NULL)
		return;
	while (stream->parked != NULL)
		unpark(stream, stream->parked);
	HASH_ITER (hh, stream->hosts, host, next_host) {
		HASH_DEL(stream->hosts, host);
		buffer_free(&host->evidence);
		free(host->waiting);
		free(host);
	}
	HASH_ITER (hh, stream->subjects, subject, next_subject) {
		HASH_DEL(stream->subjects, subject);
		free(subject);
	}
	HASH_ITER (hh, stream->certificates, certificate, next_certificate) {
		HASH_DEL(stream->certificates, certificate);
		free(certificate);
	}
	judge_free(stream->judge);
	arena_free(&stream->domain_arena);
	arena_free(&stream->host_arena);
	pthread_mutex_destroy(&stream->mutex);
	free(stream);
}
