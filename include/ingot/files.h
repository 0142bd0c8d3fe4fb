/* files.h - files of the project as a Delta: an allow-list, read through one directory descriptor, nothing followed (safety.md 1.1, 1.8).
 *
 * Links are recorded as data; one that points out of the source's root is an error. Owners become 0:0, modes 0755 or 0644 by the x bit,
 * times the epoch given, so that neither umask nor checkout time of the project can be seen in the result. Names that usually hold
 * secrets (.git, .env, id_rsa, *.pem, ...) are left out, and reported, unless an include names them literally.
 */
#pragma once
#include <ingot/delta.h>
#include <ingot/recipe.h>
#include <ingot/store.h>

/* dirfd: the recipe's directory, in which src->root lies. An include that matches nothing is INGOT_E_INPUT at its place in the recipe.
 * The contents are in *ret_pack, in use in this store. */
int ingot_files_load(struct ingot_store *store, int dirfd, const struct ingot_recipe *recipe, const struct ingot_source *src, int64_t epoch, const struct ingot_log *log,
		     struct ingot_delta **ret, struct ingot_digest *ret_pack, struct ingot_err *err) INGOT_MUST_USE;

/* Is it the name of one of those that are left out? Of a name, not of a path. */
bool ingot_files_denied(struct ingot_span name);
