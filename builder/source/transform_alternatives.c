/* update-alternatives as data: every "--install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]..." that is written out in a postinst. The highest priority wins, the
 * earlier package on a tie. Words with a shell variable in them are left alone; scripts.c reports such a line. */
#include "transform.h"
#include <ingot/mem.h>
#include <ingot/num.h>
#include <ingot/path.h>

#define MAX_WORDS 512
#define MAX_CHOICES 1024

struct choice {
	struct ingot_span link, name, path;
	struct ingot_span master; /* of a slave: the master's name; else empty */
	uint32_t priority;
	size_t deb;
};

struct choices {
	struct choice *v;
	size_t n, cap;
};

/* Words of one logical line (continued by backslashes). Returns their number; quotes around a whole word are dropped. */
static size_t split_words(struct ingot_span line, struct ingot_span *words)
{
	size_t n = 0;
	for (size_t i = 0; i < line.n && n < MAX_WORDS;) {
		if (line.p[i] == ' ' || line.p[i] == '\t' || line.p[i] == '\n' || (line.p[i] == '\\' && i + 1 < line.n && line.p[i + 1] == '\n')) {
			i++;
			continue;
		}
		size_t start = i;
		while (i < line.n && line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\n')
			i++;
		struct ingot_span w = { line.p + start, i - start };
		if (w.n >= 2 && (w.p[0] == '"' || w.p[0] == '\'') && w.p[w.n - 1] == w.p[0])
			w = (struct ingot_span){ w.p + 1, w.n - 2 };
		if (!ingot_span_is(w, "\\"))
			words[n++] = w;
	}
	return n;
}

static bool plain_path(struct ingot_span s)
{
	struct ingot_span tree_path;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '$' || s.p[i] == '`' || s.p[i] == '"' || s.p[i] == '\'' || s.p[i] == ';')
			return false;
	return ingot_path_from_absolute(s, &tree_path) == 0 && tree_path.n;
}

static void add(struct choices *all, struct choice c)
{
	if (all->n >= MAX_CHOICES || !plain_path(c.link) || !plain_path(c.path) || !ingot_name_valid(c.name))
		return;
	ingot_reserve(all->v, all->n, all->cap);
	all->v[all->n++] = c;
}

static void read_call(const struct ingot_span *w, size_t n, size_t deb, struct choices *all)
{
	struct ingot_span master = { 0 };
	uint32_t priority = 0;
	for (size_t i = 0; i < n; i++) {
		if (ingot_span_is(w[i], "--install") && i + 4 < n && ingot_parse_u32(w[i + 4], INT32_MAX, &priority) == 0) {
			master = w[i + 2];
			add(all, (struct choice){ .link = w[i + 1], .name = master, .path = w[i + 3], .priority = priority, .deb = deb });
			i += 4;
		} else if (ingot_span_is(w[i], "--slave") && i + 3 < n && master.n) {
			add(all, (struct choice){ .link = w[i + 1], .name = w[i + 2], .path = w[i + 3], .master = master, .priority = priority, .deb = deb });
			i += 3;
		}
	}
}

static void read_script(struct ingot_span script, size_t deb, struct choices *all)
{
	_cleanup_(ingot_freep) struct ingot_span *words = ingot_alloc_array(MAX_WORDS, sizeof(*words));
	for (size_t i = 0; i < script.n;) {
		size_t start = i;
		while (i < script.n && (script.p[i] != '\n' || (i > start && script.p[i - 1] == '\\')))
			i++;
		size_t n = split_words((struct ingot_span){ script.p + start, i - start }, words);
		i++;
		for (size_t k = 0; k < n; k++)
			if (ingot_span_is(words[k], "update-alternatives")) {
				read_call(words + k + 1, n - k - 1, deb, all);
				break;
			}
	}
}

static int put_choice(struct transform *t, const struct choice *c, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *path = ingot_strf("%.*s", INGOT_SPAN_ARG(c->path));
	_cleanup_(ingot_freep) char *link = ingot_strf("%.*s", (int)c->link.n - 1, c->link.p + 1);
	_cleanup_(ingot_freep) char *through = ingot_strf("etc/alternatives/%.*s", INGOT_SPAN_ARG(c->name));
	_cleanup_(ingot_freep) char *absolute = ingot_strf("/%s", through);
	/* A slave whose file this image does not have (a manual page, say) is no link to nowhere; a link that a package ships stays. */
	if (!transform_exists(t, path + 1) || transform_exists(t, link) || ingot_tree_find(t->tree, ingot_span_of(link)) >= 0)
		return 0;
	ingot_pass(transform_put_link(t, through, path, err));
	return transform_put_link(t, link, absolute, err);
}

int transform_alternatives(struct transform *t, struct ingot_err *err)
{
	struct choices all = { 0 };
	for (size_t i = 0; i < t->n_debs; i++) {
		struct ingot_span script = ingot_deb_member(t->debs[i], "postinst");
		if (script.p)
			read_script(script, i, &all);
	}
	_cleanup_(ingot_freep) struct choice *owned = all.v;
	for (size_t i = 0; i < all.n; i++) {
		const struct choice *c = &owned[i];
		struct ingot_span group = c->master.n ? c->master : c->name;
		bool best = true;
		for (size_t k = 0; k < all.n && best; k++) {
			const struct choice *o = &owned[k];
			bool same = !o->master.n && ingot_span_eq(o->name, group);
			bool other = o->deb != c->deb || o->priority != c->priority;
			bool twice = k < i && ingot_span_eq(o->link, c->link) && o->deb == c->deb && o->priority == c->priority;
			best = !twice && !(same && other && (o->priority > c->priority || (o->priority == c->priority && o->deb < c->deb)));
		}
		if (best)
			ingot_pass(put_choice(t, c, err));
	}
	return 0;
}
