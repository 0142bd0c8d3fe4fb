/* settings.h - the user's own configuration, $XDG_CONFIG_HOME/ingot/config.yaml: what a machine knows and a recipe must not. Every line is also an option.
 *
 *     mirrors: [https://mirror.example/debian, bookworm-security=https://mirror.example/debian-security]
 *     proxy: http://proxy.example:3128
 *     archive-keys: [/etc/ingot/our-archive.asc]
 *     key: /home/me/.keys/release.key
 *     store: /var/cache/ingot-me
 *     isolation: full
 *
 * Read by ingot-recipe like a recipe: unknown keys and wrong types are errors with line and column.
 */
#pragma once
#include <ingot/recipe.h>

struct ingot_settings {
	struct ingot_strings mirrors, archive_keys;
	const char *proxy, *key, *store, *isolation; /* NULL: not set */
	struct ingot_arena *arena;
};

/* path NULL: $XDG_CONFIG_HOME/ingot/config.yaml or ~/.config/ingot/config.yaml, which need not exist; a named one must. */
int ingot_settings_load(const char *path, struct ingot_settings **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_settings_free(struct ingot_settings *s);
INGOT_CLEANUP(struct ingot_settings, ingot_settings_free)
