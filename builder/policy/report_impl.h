/* report_impl.h - between the files that write reports. */
#pragma once
#include <ingot/json.h>
#include <ingot/report.h>

void report_text(const struct ingot_report *r, struct ingot_buf *out);
void report_json(const struct ingot_report *r, struct ingot_buf *out);
void report_sarif(const struct ingot_report *r, struct ingot_buf *out);
void report_quality(const struct ingot_report *r, struct ingot_buf *out);

/* What is to be done about it. */
const char *report_mend(const struct ingot_finding *f);
/* A path as a URI reference (RFC 3986): relative ones without "./" in front, absolute ones with file: before them. */
void report_uri(const char *path, struct ingot_buf *out);
/* A path in the image, relative to its root. */
void report_image_uri(const char *path, struct ingot_buf *out);
