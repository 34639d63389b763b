/*
 * The schemas of all records, made from their tables. Read by everything that handles records
 * without knowing their fields; holds nothing that can change.
 */
#include "record/record.h"

/* What a kind of field has beside its name. */
#define OF_NUMBER(of) NULL, NULL
#define OF_TIME(of) NULL, NULL
#define OF_FLAG(of) NULL, NULL
#define OF_WORD(of) &vocabulary_##of, NULL
#define OF_TEXT(of) NULL, NULL
#define OF_BYTES(of) NULL, NULL
#define OF_HASH(of) NULL, NULL
#define OF_TEXTS(of) NULL, NULL
#define OF_BYTES_LIST(of) NULL, NULL
#define OF_HASHES(of) NULL, NULL
#define OF_WORDS(of) &vocabulary_##of, NULL
#define OF_MAP(of) NULL, &schema_##of
#define OF_MAPS(of) NULL, &schema_##of
#define FIELD_ROW(type, KIND, name, of, where, meaning) \
	{#name, FIELD_##KIND, FIELD_##where, offsetof(struct type, name), OF_##KIND(of), meaning},

/* A table's rows do not say which struct they are of, so each record has a row maker of its own. */
#define ROW_lookup(...) FIELD_ROW(lookup, __VA_ARGS__)
#define ROW_mx_host(...) FIELD_ROW(mx_host, __VA_ARGS__)
#define ROW_mx(...) FIELD_ROW(mx, __VA_ARGS__)
#define ROW_ns(...) FIELD_ROW(ns, __VA_ARGS__)
#define ROW_sts_record_map(...) FIELD_ROW(sts_record_map, __VA_ARGS__)
#define ROW_policy_tls(...) FIELD_ROW(policy_tls, __VA_ARGS__)
#define ROW_policy_fetch(...) FIELD_ROW(policy_fetch, __VA_ARGS__)
#define ROW_sts_policy(...) FIELD_ROW(sts_policy, __VA_ARGS__)
#define ROW_sts(...) FIELD_ROW(sts, __VA_ARGS__)
#define ROW_tlsrpt(...) FIELD_ROW(tlsrpt, __VA_ARGS__)
#define ROW_domain_host(...) FIELD_ROW(domain_host, __VA_ARGS__)
#define ROW_entity(...) FIELD_ROW(entity, __VA_ARGS__)
#define ROW_entities(...) FIELD_ROW(entities, __VA_ARGS__)
#define ROW_predicted_failure(...) FIELD_ROW(predicted_failure, __VA_ARGS__)
#define ROW_verdict(...) FIELD_ROW(verdict, __VA_ARGS__)
#define ROW_domain_record(...) FIELD_ROW(domain_record, __VA_ARGS__)
#define ROW_host_tls(...) FIELD_ROW(host_tls, __VA_ARGS__)
#define ROW_pkix(...) FIELD_ROW(pkix, __VA_ARGS__)
#define ROW_host_address(...) FIELD_ROW(host_address, __VA_ARGS__)
#define ROW_tlsa_map(...) FIELD_ROW(tlsa_map, __VA_ARGS__)
#define ROW_host_record(...) FIELD_ROW(host_record, __VA_ARGS__)
#define ROW_certificate_record(...) FIELD_ROW(certificate_record, __VA_ARGS__)
#define ROW_entity_record(...) FIELD_ROW(entity_record, __VA_ARGS__)

#define DEFINE_SCHEMA(type, TABLE) \
	static const struct field fields_##type[] = {TABLE(ROW_##type)}; \
	const struct schema schema_##type = { \
		.name = #type, \
		.size = sizeof(struct type), \
		.fields = fields_##type, \
		.count = ARRAY_LENGTH(fields_##type), \
	};

RECORDS(DEFINE_SCHEMA)
