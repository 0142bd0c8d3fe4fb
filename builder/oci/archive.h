/* archive.h - between the files that write an archive. Private to the oci room. */
#pragma once
#include <ingot/archive.h>

/* What goes into it, in the order of the archive. */
struct archive_plan {
	struct ingot_buf index, docker;
	struct ingot_blob_ref *blobs; /* sorted by digest, unique */
	size_t n_blobs;
};
void oci_plan_done(struct archive_plan *p);

/* Copy one blob of the store to fd: hashed on the way unless it is fresh. */
int oci_copy_blob(struct ingot_store *s, const struct ingot_blob_ref *b, int fd, struct ingot_err *err) INGOT_MUST_USE;
/* dir:PATH */
int oci_write_dir(struct ingot_store *s, const struct archive_plan *p, const char *path, struct ingot_err *err) INGOT_MUST_USE;
