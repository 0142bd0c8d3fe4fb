/* transfer_image.h - whole images between disk and registries, with the signatures that belong to them.
 *
 * Push: blobs, config, manifest by digest, signatures, and the tag last; so a tag never names what is not all there, and a push that was interrupted is finished by
 * the next. A tag that names another image is left alone unless move_tag is set.
 */
#pragma once
#include <ingot/registry.h>

struct ingot_push_options {
	struct ingot_registry_options registry;
	bool move_tag;
	const char *mount; /* a repository of the same registry that may have the blobs, or NULL */
};

struct ingot_transferred {
	struct ingot_digest manifest;
	uint64_t bytes, skipped; /* moved; there before, or mounted */
	unsigned blobs, blobs_skipped, signatures;
	bool tag_was_there;
};

/* path: an archive or layout directory as ingot writes it. INGOT_E_INPUT: no such file; INGOT_E_FALSE: the tag names another image; INGOT_E_OUTSIDE. */
int ingot_push_image(const char *path, const struct ingot_remote *to, const struct ingot_push_options *o, const struct ingot_log *log, struct ingot_transferred *ret,
		     struct ingot_err *err) INGOT_MUST_USE;

struct ingot_pull_options {
	struct ingot_registry_options registry;
	const char *architecture; /* of several; NULL: this host's */
};
/* target: as for ingot_archive_write(). Signatures come along, unverified: that is verify.h's. */
int ingot_pull_image(struct ingot_store *s, const struct ingot_remote *from, const char *target, const struct ingot_pull_options *o, const struct ingot_log *log,
		     struct ingot_transferred *ret, struct ingot_err *err) INGOT_MUST_USE;
