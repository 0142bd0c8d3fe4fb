/* deb_impl.h - what deb.c (a package as a value, and as kept in the store) and deb_load.c (converting it) share. */
#pragma once
#include <ingot/deb.h>
#include <ingot/limits.h>

#define DEB_REF "deb"
#define DEB_MEMBERS_HEAD "ingot-members 1\n"
#define DEB_MAX_MEMBERS (INGOT_MAX_CONTROL + KIB(64)) /* the files, and a line for each */
#define DEB_MAX_FILES 64

struct deb_member {
	struct ingot_span name, bytes;
};

struct ingot_deb {
	struct ingot_delta *delta;
	struct ingot_digest delta_id, members_id, pack;
	bool has_pack;
	struct ingot_buf text; /* of the members object: DEB_MEMBERS_HEAD, then "NAME SIZE\n" and the bytes of each */
	struct deb_member members[DEB_MAX_FILES];
	size_t n;
};

struct ingot_deb *deb_new(void);
/* Fill in the members from text. INGOT_E_BUG when it is not what we write. */
int deb_index(struct ingot_deb *d, struct ingot_err *err) INGOT_MUST_USE;
/* Publish delta and members as objects. The reference follows with deb_keep(), when everything is there. */
int deb_store(struct ingot_store *s, struct ingot_deb *d, struct ingot_err *err) INGOT_MUST_USE;
int deb_keep(struct ingot_store *s, const struct ingot_digest *sha256, const struct ingot_deb *d, struct ingot_err *err) INGOT_MUST_USE;
