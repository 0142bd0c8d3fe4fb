/* judge.h - a recipe, or an image of whatever builder, held against the rules (policy.h) without building anything.
 *
 * A recipe is judged with the lock beside it, if there is one. An image: its tree and its config. With the recipe that it was made from, the recipe's exceptions,
 * writable places and profile hold, and findings lead to its lines; without one, the writable places are those that the image shows (writable.h). Who brought a
 * path is read from the layers and from the package lists that the image carries (installed.h).
 */
#pragma once
#include <ingot/recipe.h>
#include <ingot/report.h>
#include <ingot/store.h>

struct ingot_judge_options {
	const char *subject;     /* a recipe, or an image as for ingot_image_load() */
	const char *recipe;      /* of the image; NULL: none is known */
	const char *const *sets; /* NAME=VALUE of --set, for the recipe */
	size_t n_sets;
	const char *profile;     /* at least as strict as this one, or NULL */
	struct ingot_own_rules rules; /* of --rules, beside the recipe's */
};

/* What was found; also of a build (build.h). */
struct ingot_judgement {
	struct ingot_findings findings;
	enum ingot_profile profile;
	bool recipe, image; /* what was looked at */
};
#define INGOT_JUDGEMENT_INIT { 0 }
void ingot_judgement_done(struct ingot_judgement *j);

/* An image: a transport ("oci-archive:", "oci:", "docker-archive:"), a directory, a file named .tar or .oci or with a NUL byte or a compressor's mark in its first
 * block. A recipe: a file named .yaml or .yml, and every other text. INGOT_E_INPUT: cannot be read. */
int ingot_judge_is_image(const char *subject, bool *ret, struct ingot_err *err) INGOT_MUST_USE;

/* Errors are about what cannot be judged; what is found is no error. */
int ingot_judge(struct ingot_store *store, const struct ingot_judge_options *o, struct ingot_judgement *ret, struct ingot_err *err) INGOT_MUST_USE;
