/*
 * The failure details that a sender which reports by RFC 8460 would send for a domain (4.3 and
 * 4.4), whether or not the domain asks for reports. Used by the judge of a domain.
 */
#ifndef STSWEEP_JUDGE_REPORT_H
#define STSWEEP_JUDGE_REPORT_H

#include "judge/domain_hosts.h"

/*
 * Fills `domain->verdict.predicted_report`; sts and hosts have been judged. False over the arena's
 * cap.
 */
bool report_predict(struct arena *arena, struct domain_record *domain,
		    const struct judged_hosts *hosts);

#endif
