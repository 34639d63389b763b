/*
 * Vocabularies are tables `NAMES(V, P)` of rows `V(P, CODE, "public-text", "meaning")`. This makes
 * the enumerators `P_CODE` of one; what else is made of a table (texts, schema, codebook) is made
 * in record/.
 */
#ifndef STSWEEP_BASE_ENUMERATOR_H
#define STSWEEP_BASE_ENUMERATOR_H

#define ENUMERATOR(P, code, text, meaning) P##_##code,
/* The whole enum: 0 is P_NULL, "does not apply". */
#define ENUMERATION(name, P, TABLE) enum name { P##_NULL, TABLE(ENUMERATOR, P) }

#endif
