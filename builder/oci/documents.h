/* documents.h - between the files that make the JSON of an image. Private to the oci room. */
#pragma once
#include <ingot/image.h>
#include <ingot/json.h>
#include <ingot/media_type.h>


/* "2023-11-14T22:13:20Z" (RFC 3339, as the Go tools require it). -1 beyond the year 9999. */
int rfc3339(int64_t seconds, char ret[24]);
/* Pointers to the labels, sorted by name. */
const struct ingot_label **sorted_labels(const struct ingot_label *labels, size_t n);
void write_labels(struct ingot_json *j, const char *key, const struct ingot_label *const *labels, size_t n);
void config_json(const struct ingot_image *image, struct ingot_buf *out);
void manifest_json(const struct ingot_image *image, const struct ingot_blob_ref *config, struct ingot_buf *out);
/* What the writers rely on. */
int check_image(const struct ingot_image *image, struct ingot_err *err);
