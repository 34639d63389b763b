/*
 * The judge: from evidence to verdict, as a pure function of the evidence, the CA bundle, the
 * Public Suffix List and the provider table (MEASURES 3 to 10). It fills the FINAL fields of
 * records and never changes the others; run again over the same evidence it gives the same bytes.
 * Times of judgement are those of the evidence, never the clock.
 *
 * Order: judge_host for every host, then judge_domain for every domain that names them.
 */
#ifndef STSWEEP_JUDGE_JUDGE_H
#define STSWEEP_JUDGE_JUDGE_H

#include <libpsl.h>
#include <openssl/x509.h>

#include "record/provider.h"
#include "record/record.h"

struct census;
struct judge;

struct judge_settings {
	const psl_ctx_t *psl;                   /* borrowed; must outlive the judge */
	const struct provider_table *providers; /* borrowed; may be NULL */
	X509_STORE *store;                      /* trusted roots, borrowed */
	/* domains sharing a provider that make it a third party, default 50 */
	int64_t third_party_min;
	int64_t self_policy_max; /* domains of a self-managed policy host at most, default 5 */
};

/*
 * Where the judge finds certificates: all that the scan has met. Spans it gives stay valid until
 * the next call.
 */
struct certificate_source {
	void *context;
	/* The DER of this SHA-256; no value where the evidence lacks it. */
	struct span (*find)(void *context, struct span sha256);
	/*
	 * The n-th CA certificate seen in the scan whose subject is this DER-encoded name, for
	 * completing chains; no value after the last one.
	 */
	struct span (*find_by_subject)(void *context, struct span subject_der, size_t n);
};

/*
 * Where the judge finds judged hosts; NULL for a host that was not gathered. Valid until the next
 * call.
 */
struct host_source {
	void *context;
	const struct host_record *(*find)(void *context, struct span host);
};

/* One judge a thread: it remembers chain verdicts (a bounded number). NULL without memory. */
struct judge *judge_new(const struct judge_settings *settings);
void judge_free(struct judge *judge);

/* Fills the FINAL fields of `host` and of its addresses. False when the arena's cap was hit. */
bool judge_host(struct judge *judge, const struct certificate_source *certificates,
		struct arena *arena, struct host_record *host);

/*
 * Fills the FINAL fields of `domain`. `census` may be NULL: entities are then `unclassified`. False
 * over the arena's cap.
 */
bool judge_domain(struct judge *judge, const struct certificate_source *certificates,
		  const struct host_source *hosts, const struct census *census, struct arena *arena,
		  struct domain_record *domain);

/*
 * The census counts, over all that was scanned, how many domains share a provider, so that
 * `management` can be told (MEASURES 9). Merging the censuses of two halves gives that of the
 * whole.
 */
struct census *census_new(void);
void census_free(struct census *census);
/* Counts one domain; its hosts come from `hosts` (addresses). False without memory. */
bool census_add(struct census *census, const struct judge_settings *settings,
		const struct host_source *hosts, const struct domain_record *domain);
bool census_merge(struct census *census, const struct census *other);
/*
 * Every entity counted, for entities-*: `each` gets kind ("mx", "policy", "dns"), name, class,
 * domains. Sorted.
 */
void census_each(const struct census *census,
		 void (*each)(void *context, const char *kind, struct span provider,
			      enum provider_class class, int64_t domains),
		 void *context);

/*
 * Who runs the host of this name: the provider table's name, else its registrable domain, else the
 * name itself.
 */
struct span judge_provider_name(const psl_ctx_t *psl, const struct provider_table *providers,
				struct span host);

#endif
