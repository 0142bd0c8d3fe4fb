/* installed.h - which package a path of an image belongs to, by the lists that the image carries: dpkg's (/var/lib/dpkg/info/NAME.list) and those of images
 * without dpkg (/var/lib/dpkg/status.d/NAME.md5sums).
 *
 * The lists are a stranger's. They are lines, each compared with the paths that the Tree has, and nothing of them is kept: what a lying list can do is to give a
 * file of the same image another name in a report. So they are read here, as accounts.h reads passwd, and not in the jail.
 */
#pragma once
#include <ingot/origin.h>
#include <ingot/store.h>
#include <ingot/tree.h>

/* Says "package NAME" of every path that a list names, but not of a file that a later layer than its list's has put there, nor of a directory that several
 * packages share. origins: by layer, made in the order of the layers. Lists that are too long or too many (limits.h) are left aside. */
int ingot_installed_origins(struct ingot_store *s, const struct ingot_tree *t, struct ingot_origins *inout, struct ingot_err *err) INGOT_MUST_USE;
