#include "recipe_check.h"
#include "recipe_order.h"
#include <ingot/escape.h>

/* The names that a reference can mean, for "did you mean". */
static int unknown_name(struct decode *d, const struct ingot_recipe *r, const char *key, const char *name, struct ingot_place at, bool stages, struct ingot_err *err)
{
	size_t n = 0;
	_cleanup_(ingot_freep) const char **words = ingot_alloc_array(r->n_sources + r->n_stages, sizeof(*words));
	for (size_t i = 0; i < r->n_sources; i++)
		words[n++] = r->sources[i].name;
	for (size_t i = 0; stages && i < r->n_stages; i++)
		words[n++] = r->stages[i].name;
	(void)decode_fail(d, at, err, "%s: no %s is named \"%s\"", key, stages ? "stage or source" : "source", INGOT_SHOW(ingot_span_of(name)));
	return decode_hint_words(err, ingot_span_of(name), words, n);
}

static int check_names(struct decode *d, const struct ingot_recipe *r, struct ingot_err *err)
{
	for (size_t i = 0; i < r->n_stages; i++) {
		const struct ingot_stage *s = &r->stages[i];
		if (strcmp(s->name, "image") == 0)
			return decode_fail(d, s->at, err, "a stage cannot be named \"image\": that is the image itself");
		const struct ingot_source *same = ingot_recipe_source(r, s->name);
		if (same) {
			(void)decode_fail(d, s->at, err, "\"%s\" is the name of a source, too", s->name);
			return ingot_hint(err, "the source is on line %u; what is copied from must be clear", same->at.line);
		}
	}
	return 0;
}

static size_t count_packages_sources(const struct ingot_recipe *r, const struct ingot_source **ret_only)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_sources; i++)
		if (r->sources[i].kind == INGOT_SRC_PACKAGES) {
			n++;
			*ret_only = &r->sources[i];
		}
	return n;
}

static bool uses_packages(const struct ingot_recipe *r)
{
	bool any = r->image.stage.packages.install.n > 0;
	for (size_t i = 0; i < r->n_stages; i++)
		any = any || r->stages[i].packages.install.n > 0;
	return any;
}

/* With packages wanted and no packages source declared, "debian" with its default suites is meant. */
static int imply_debian(struct decode *d, struct ingot_recipe *r, struct ingot_err *err)
{
	static const char *const suites[] = { "bookworm", "bookworm-updates", "bookworm-security" }, *const components[] = { "main" };
	static const struct ingot_place nowhere[3];
	const struct ingot_source *only = NULL;
	if (!uses_packages(r) || count_packages_sources(r, &only))
		return 0;
	const struct ingot_source *taken = ingot_recipe_source(r, "debian");
	const struct ingot_stage *stage = ingot_recipe_stage(r, "debian");
	if (taken || stage)
		return decode_fail(d, taken ? taken->at : stage->at, err, "\"debian\" is the implied packages source here; give this another name, or declare a packages source");
	struct ingot_source *v = ingot_arena_array(d->arena, r->n_sources + 1, sizeof(*v));
	if (r->n_sources)
		memcpy(v, r->sources, r->n_sources * sizeof(*v));
	const char **s = ingot_arena_array(d->arena, 4, sizeof(*s));
	memcpy(s, suites, sizeof(suites));
	memcpy(s + 3, components, sizeof(components));
	v[r->n_sources++] = (struct ingot_source){ .name = "debian", .kind = INGOT_SRC_PACKAGES, .distribution = "debian", .suites = { s, nowhere, 3 }, .components = { s + 3, nowhere, 1 } };
	r->sources = v;
	return 0;
}

static int check_install(struct decode *d, const struct ingot_recipe *r, struct ingot_install *p, struct ingot_err *err)
{
	if (!p->install.n)
		return 0;
	const struct ingot_source *s = NULL;
	for (size_t i = 0; i < p->install.n; i++)
		for (size_t k = 0; k < p->exclude.n; k++)
			if (strcmp(p->install.v[i], p->exclude.v[k]) == 0)
				return decode_fail(d, p->exclude.at[k], err, "exclude: \"%s\" is on the list to install, too", p->exclude.v[k]);
	if (!p->from) {
		if (count_packages_sources(r, &s) > 1)
			return decode_fail(d, p->at, err, "packages: there are several packages sources; say which one with \"from\"");
		ingot_assert(s); /* there is one: imply_debian() has seen to it */
		p->from = s->name;
		return 0;
	}
	s = ingot_recipe_source(r, p->from);
	if (!s)
		return unknown_name(d, r, "from", p->from, p->at, false, err);
	if (s->kind != INGOT_SRC_PACKAGES)
		return decode_fail(d, p->at, err, "from: \"%s\" is no source of packages", p->from);
	return 0;
}

static int check_copy(struct decode *d, const struct ingot_recipe *r, const struct ingot_copy *c, struct ingot_err *err)
{
	if (ingot_recipe_stage(r, c->from)) {
		if (c->path && c->path[0] == '/')
			return 0;
		(void)decode_fail(d, c->at, err, c->path ? "copy: \"%s\" is a stage: path is absolute there" : "copy: \"%s\" is a stage: path says what to copy out of it", c->from);
		return ingot_hint(err, "such as path: /out/usr/bin/web");
	}
	const struct ingot_source *s = ingot_recipe_source(r, c->from);
	if (!s)
		return unknown_name(d, r, "from", c->from, c->at, true, err);
	if (s->kind == INGOT_SRC_PACKAGES) {
		(void)decode_fail(d, c->at, err, "copy: \"%s\" is a source of packages, which are installed, not copied", c->from);
		return ingot_hint(err, "install them in a stage and copy from that");
	}
	if (s->kind == INGOT_SRC_FILES && c->path && c->path[0] == '/') {
		(void)decode_fail(d, c->at, err, "copy: \"%s\" is a files source: path is relative to its root", c->from);
		return ingot_hint(err, "write %s", c->path + strspn(c->path, "/"));
	}
	return 0;
}

static int check_bind(struct decode *d, const struct ingot_recipe *r, const struct ingot_bind *b, struct ingot_err *err)
{
	if (ingot_recipe_stage(r, b->from))
		return 0;
	if (!ingot_recipe_source(r, b->from))
		return unknown_name(d, r, "from", b->from, b->at, true, err);
	(void)decode_fail(d, b->at, err, "bind: \"%s\" is a source, and only a stage has files to show", b->from);
	return ingot_hint(err, "copy the source into a stage and bind that, or copy it into this one");
}

static int check_stage(struct decode *d, const struct ingot_recipe *r, struct ingot_stage *s, struct ingot_err *err)
{
	if (s->base && !ingot_recipe_stage(r, s->base)) {
		const struct ingot_source *source = ingot_recipe_source(r, s->base);
		if (!source)
			return unknown_name(d, r, "base", s->base, s->at, true, err);
		if (source->kind != INGOT_SRC_IMAGE)
			return decode_fail(d, s->at, err, "base: \"%s\" is a source, but not of an image", s->base);
	}
	ingot_pass(check_install(d, r, &s->packages, err));
	for (size_t i = 0; i < s->n_steps; i++) {
		if (s->steps[i].kind == INGOT_STEP_COPY)
			ingot_pass(check_copy(d, r, &s->steps[i].copy, err));
		for (size_t k = 0; k < s->steps[i].n_binds; k++)
			ingot_pass(check_bind(d, r, &s->steps[i].binds[k], err));
	}
	return 0;
}

int recipe_check(struct decode *d, struct ingot_recipe *r, struct ingot_err *err)
{
	ingot_pass(check_names(d, r, err));
	ingot_pass(imply_debian(d, r, err));
	for (size_t i = 0; i < r->n_stages; i++)
		ingot_pass(check_stage(d, r, &r->stages[i], err));
	ingot_pass(check_stage(d, r, &r->image.stage, err));
	for (size_t i = 0; i < r->image.n_copies; i++)
		ingot_pass(check_copy(d, r, &r->image.copies[i], err));
	return recipe_order(d, r, err);
}
