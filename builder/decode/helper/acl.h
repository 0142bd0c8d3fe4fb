/* acl.h - access control lists of tar (SCHILY.acl.*, as star and GNU tar write them) in the form that the kernel keeps (acl(5), linux/posix_acl_xattr.h). */
#pragma once
#include <ingot/buf.h>
#include <ingot/err.h>
#include <ingot/span.h>
#include <stdint.h>

/* Entries "tag:qualifier:permissions[:id]", separated by commas or newlines; users and groups by number, because no passwd file is at hand. Fills out with
 * system.posix_acl_access or _default's value. mode >= 0: a list that says no more than these permission bits is left out (out stays empty), and one that says
 * other than they do is an error. */
int acl_from_text(struct ingot_span text, int mode, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
