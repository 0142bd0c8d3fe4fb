/* deb.h - a Debian package, decoded once and kept: its files as a delta and a pack, its control files as bytes.
 *
 * The conversion is kept in the store under the reference kind "deb", keyed by the digest of the whole .deb; with it in the store the .deb itself
 * is not needed again. The whole file's digest is checked before a decoder sees it, the digests of the parts on every use.
 */
#pragma once
#include <ingot/delta.h>
#include <ingot/log.h>
#include <ingot/store.h>

struct ingot_deb;
void ingot_deb_free(struct ingot_deb *d);
INGOT_CLEANUP(struct ingot_deb, ingot_deb_free)

/* Decode the package that is in the store as an object, or take what an earlier call kept. Its contents can be found in s afterwards. */
int ingot_deb_load(struct ingot_store *s, const struct ingot_digest *sha256, uint64_t size, struct ingot_deb **ret, struct ingot_err *err) INGOT_MUST_USE;
/* 1 and the package when its conversion is in the store, whole; 0 when the .deb itself is needed. */
int ingot_deb_cached(struct ingot_store *s, const struct ingot_digest *sha256, struct ingot_deb **ret, struct ingot_err *err) INGOT_MUST_USE;

/* Several, with up to `parallel` helpers at once. name is for messages and progress ("decode nginx"). On failure nothing is filled in. */
struct ingot_deb_job {
	const char *name;
	struct ingot_digest sha256;
	uint64_t size;
	struct ingot_deb *deb; /* result, owned by the caller */
};
int ingot_deb_load_many(struct ingot_store *s, struct ingot_deb_job *jobs, size_t n, unsigned parallel, const struct ingot_log *log, struct ingot_err *err) INGOT_MUST_USE;

const struct ingot_delta *ingot_deb_delta(const struct ingot_deb *d);
const struct ingot_digest *ingot_deb_delta_id(const struct ingot_deb *d); /* of the delta's text, an object in the store */
const struct ingot_digest *ingot_deb_pack(const struct ingot_deb *d);     /* NULL: the package has no file with content */
const struct ingot_digest *ingot_deb_members_id(const struct ingot_deb *d); /* the object with the control files */
/* A control file by name ("control", "md5sums", "postinst", ...); p is NULL when the package has none. Holds as long as d. */
struct ingot_span ingot_deb_member(const struct ingot_deb *d, const char *name);
size_t ingot_deb_members(const struct ingot_deb *d);
struct ingot_span ingot_deb_member_at(const struct ingot_deb *d, size_t i, struct ingot_span *ret_name);
/* A field of the control file ("Package", "Depends"; case does not matter), continuation lines included as they are; p is NULL when absent. */
struct ingot_span ingot_deb_field(const struct ingot_deb *d, const char *name);
