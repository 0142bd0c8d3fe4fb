/* tar_header.h - one entry's header blocks, pax header included. Private to the oci room; the dialect is in <ingot/tarout.h>. */
#pragma once
#include <ingot/buf.h>
#include <ingot/tree.h>

struct tar_entry {
	struct ingot_span path; /* no leading slash; no trailing one either */
	char flag;              /* '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' directory, '6' fifo */
	uint32_t mode, uid, gid, major, minor;
	int64_t mtime;
	uint64_t size;
	struct ingot_span link;
	const struct ingot_xattr *xattrs;
	size_t n_xattrs;
};

/* Appends 512 bytes, or the pax header and then these. */
void tar_header(const struct tar_entry *e, struct ingot_buf *out);
