/* plan.c - the config that a recipe would get, so that what is wrong with it is said before anything is built. */
#include "look.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static struct ingot_words words(const struct ingot_strings *s)
{
	return (struct ingot_words){ s->v, s->n };
}

const struct ingot_config *plan_config(const struct ingot_recipe *r, struct ingot_arena *arena)
{
	const struct ingot_image_spec *i = &r->image;
	struct ingot_config *c = ingot_arena_alloc(arena, sizeof(*c));
	const char **env = ingot_arena_array(arena, i->env.n + 1, sizeof(*env));
	size_t n = 0;
	bool own_path = false;
	for (size_t k = 0; k < i->env.n; k++)
		own_path |= strcmp(i->env.v[k].key, "PATH") == 0;
	if (!own_path)
		env[n++] = DEFAULT_PATH;
	for (size_t k = 0; k < i->env.n; k++)
		env[n++] = ingot_arena_strf(arena, "%s=%s", i->env.v[k].key, i->env.v[k].value);
	struct ingot_config_label *labels = ingot_arena_array(arena, i->labels.n + 1, sizeof(*labels));
	for (size_t k = 0; k < i->labels.n; k++)
		labels[k] = (struct ingot_config_label){ i->labels.v[k].key, i->labels.v[k].value };
	*c = (struct ingot_config){
		.user = ingot_arena_strf(arena, "%u:%u", i->user.uid, i->user.gid),
		.numeric = true,
		.has_gid = true,
		.uid = i->user.uid,
		.gid = i->user.gid,
		.env = { env, n },
		.entrypoint = words(&i->entrypoint),
		.cmd = words(&i->cmd),
		.ports = words(&i->ports),
		.labels = labels,
		.n_labels = i->labels.n,
		.workdir = i->workdir ? i->workdir : "",
		.stop_signal = i->stop_signal ? i->stop_signal : "",
		.architecture = i->architecture,
		.os = "linux",
		.author = "",
	};
	return c;
}
