/*
 * The TLS-RPT report (RFC 8460 4.4) that a conforming sender would send of a domain, after one
 * attempt at each MX host.
 */
#ifndef STSWEEP_COMMANDS_REPORT_H
#define STSWEEP_COMMANDS_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "record/record.h"

/* One JSON document and a line end. False without memory or on a write error. */
bool report_print(FILE *out, const struct domain_record *domain);

#endif
