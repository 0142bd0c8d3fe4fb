/* checkout.h - a Tree laid out as files, for a step to run on (as a read-only lower of an overlay, or copied).
 *
 * What is on the disk is a view of the Tree, not the Tree: owners, xattrs, device nodes and set-id bits stay in the Tree, where the harvest
 * takes them from. In particular no xattr is ever written, because overlayfs would obey user.overlay.* of a lower layer. Everything is
 * made by descriptor with O_EXCL and O_NOFOLLOW, so nothing on the disk can lead a write astray; every content is hashed as it is
 * copied, so a damaged one ends the checkout and is never seen by a step.
 */
#pragma once
#include <ingot/store.h>
#include <ingot/tree.h>

/* The mode that a node has on the disk, all of it:
 *   directory   mode & 01777 | 0700   the owner can always enter, list and change
 *   file, FIFO  mode & 01777 | 0400   the owner can always read
 *   link        0777                  as the kernel shows it
 *   device      0                     is not laid out at all
 * A step changed a mode exactly if what is found differs from this value. */
uint32_t ingot_checkout_mode(const struct ingot_node *n);

/* Lay t out in the empty directory dirfd (which becomes its root). Packs must be in use. A missing or damaged content is INGOT_E_BUG naming path and
 * digest; what was written so far stays, for the caller to remove. Nothing is synced. */
int ingot_checkout(struct ingot_store *s, const struct ingot_tree *t, int dirfd, struct ingot_err *err) INGOT_MUST_USE;

/* The same, kept in the store under the tree's id and shared by all later builds: *ret_dirfd is an owned fd of its root, O_RDONLY. Nobody may write
 * to it. Looking one up copies and reads nothing. It stays while the store is open. */
int ingot_checkout_cached(struct ingot_store *s, const struct ingot_tree *t, int *ret_dirfd, struct ingot_err *err) INGOT_MUST_USE;

/* The same in two layers for overlayfs where that is less work: *ret_base is a checkout of base, and *ret_top one of what t has beyond it, to be laid above. Where base is NULL, or t
 * lacks something that base has, or most of it is new, *ret_base is -1 and *ret_top is all of t. Both owned. */
int ingot_checkout_layered(struct ingot_store *s, const struct ingot_tree *base, const struct ingot_tree *t, int *ret_top, int *ret_base, struct ingot_err *err) INGOT_MUST_USE;
