/* owned.h - what a step gave to a file without the disk being able to show it: owner, group, a device's number, file capabilities. One line of the ledger.
 *
 * A step has one mapped uid, so chown(), mknod() of devices and setcap are answered by its init and written down (safety: field.md M1). Text form, strict, in
 * which a line travels and in which it is kept beside a file that cannot be held open:
 *
 *     SET UID GID MODE TYPE MAJOR MINOR CAPS      decimal; TYPE 0, 99 ('c') or 98 ('b'); CAPS: hex digits of the attribute's value, or "-"
 */
#pragma once
#include <ingot/buf.h>
#include <ingot/err.h>
#include <ingot/span.h>
#include <stdint.h>

#define INGOT_OWNED_UID 1U
#define INGOT_OWNED_GID 2U
#define INGOT_OWNED_DEVICE 4U /* the placeholder on the disk stands for a device node */
#define INGOT_OWNED_CAPS 8U   /* caps is the value of security.capability from now on; none when n_caps is 0 */
#define INGOT_OWNED_PLAIN 16U /* chown() took set-id bits and capabilities away (chown(2)); what the disk shows came later */
#define INGOT_OWNED_MODE 32U  /* mode: a file of the Tree that lies under another name now, with bits that the disk does not show */
#define INGOT_OWNED_OTHER 64U /* what is at this path is not the inode that the Tree had there */
#define INGOT_OWNED_ALL 127U

/* struct vfs_cap_data of revision 2, without the rootid of revision 3, which means a user namespace that is gone (capabilities(7)). */
#define INGOT_CAPS_SIZE 20
#define INGOT_OWNED_TEXT 128 /* more than the longest text */
#define INGOT_OWNED_XATTR "user.ingot.owned"

struct ingot_owned {
	uint32_t set; /* INGOT_OWNED_...: which of the others say something */
	uint32_t uid, gid, mode;
	uint32_t type, major, minor;
	uint8_t caps[INGOT_CAPS_SIZE];
	uint32_t n_caps; /* 0 or INGOT_CAPS_SIZE */
};

void ingot_owned_text(const struct ingot_owned *o, char ret[INGOT_OWNED_TEXT]);
int ingot_owned_parse(struct ingot_span text, struct ingot_owned *ret); /* -1 for anything that ingot_owned_text() would not have written */
/* What one capability attribute of any revision is as revision 2: 0, or -1 when it is none (capabilities(7), "File capability extended attribute versioning"). */
int ingot_caps_normal(const void *value, size_t n, uint8_t ret[INGOT_CAPS_SIZE]);
