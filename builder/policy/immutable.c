#include "immutable.h"
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>

#define NONE UINT32_MAX
/* Every name that can be changed is asked about under each. What is beyond it has a row of its own, so that nothing is lost. */
#define MAX_ALIASES 256

/* The end of a directory's path is another's: what lies in the tree's directory `at` is found below path, too. */
struct alias {
	size_t at;
	struct ingot_span path;
};

struct proof {
	const struct immutable_question *q;
	const struct ingot_tree *t;
	uint16_t *bits;
	uint32_t *ends, *cause; /* of each dirent: the topmost directory, or the file, whose rights let it be changed; NONE */
	uint32_t *parent, *row; /* row: of each cause */
	bool *holds;            /* of each dirent: something can be changed there or below, or where links from there lead */
	struct alias *aliases;
	size_t n_aliases, cap_aliases, cap;
	struct immutable_result *out;
	struct ingot_buf joined; /* the other path of what is looked at */
	struct ingot_span place; /* that it leads to: see code_why_below() */
};

static const struct ingot_node *node_of(const struct proof *x, size_t i)
{
	return ingot_tree_node(x->t, ingot_tree_at(x->t, i)->node);
}

static struct ingot_span path_of(const struct proof *x, size_t i)
{
	return ingot_tree_at(x->t, i)->path;
}

/* --- causes --- */

/* For everybody's temporary files: nothing that lies there is trusted by who reads it, and the sticky bit keeps users apart (POSIX; FHS 3.18 and 5.15). */
static bool for_everybody(const struct proof *x, size_t i)
{
	static const char *const places[] = { "tmp", "var/tmp", "dev/shm", "dev/mqueue", "run/lock" };
	const struct ingot_node *n = node_of(x, i);
	for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++)
		if (ingot_span_is(path_of(x, i), places[k]))
			return n->mode & 01000 && n->uid == 0;
	return false;
}

static bool declared(const struct proof *x, size_t i)
{
	for (size_t k = 0; k < x->q->n_writable; k++)
		if (x->q->writable[k].n && ingot_path_within(path_of(x, i), x->q->writable[k]))
			return true;
	return for_everybody(x, i);
}

static bool can_change(const struct proof *x, size_t i)
{
	enum ingot_type type = node_of(x, i)->type;
	/* A device's content is not the image's; that there is one is another rule's business. */
	if (type == INGOT_CHR || type == INGOT_BLK)
		return false;
	return x->bits[i] & (INGOT_REACH_CREATE | INGOT_REACH_WRITE);
}

static struct immutable_row *add_row(struct proof *x, size_t i)
{
	struct immutable_result *out = x->out;
	ingot_reserve(out->v, out->n, x->cap);
	ingot_assert(out->v);
	struct immutable_row *r = &out->v[out->n];
	x->row[i] = (uint32_t)out->n++;
	*r = (struct immutable_row){ .dirent = i, .bits = x->bits[i], .declared = declared(x, i) };
	if (node_of(x, i)->type != INGOT_LINK)
		r->grant = ingot_grants(&x->q->user, node_of(x, i), node_of(x, i)->type == INGOT_DIR ? INGOT_MAY_WRITE | INGOT_MAY_RUN : INGOT_MAY_WRITE, &r->id);
	return r;
}

static struct immutable_row *row_of(const struct proof *x, size_t cause)
{
	ingot_assert(cause != NONE && x->out->v);
	return &x->out->v[x->row[cause]];
}

static void mark_up(struct proof *x, size_t i)
{
	for (; !x->holds[i]; i = x->parent[i])
		x->holds[i] = true;
}

static void find_causes(struct proof *x)
{
	for (size_t i = 0; i < ingot_tree_count(x->t); i++) {
		uint32_t parent = i ? (uint32_t)i - 1 : 0;
		while (parent && !ingot_path_under(path_of(x, i), path_of(x, parent)))
			parent = x->parent[parent];
		x->parent[i] = parent;
		if (i && x->bits[i] & (INGOT_REACH_REPLACE | INGOT_REACH_ABOVE)) {
			x->cause[i] = x->cause[parent];
			row_of(x, x->cause[i])->below++;
		} else if (can_change(x, i)) {
			x->cause[i] = (uint32_t)i;
			(void)add_row(x, i);
		}
		if (x->cause[i] != NONE)
			mark_up(x, i);
	}
}

/* --- code --- */

static const char *join(struct proof *x, const struct alias *a, size_t i)
{
	struct ingot_span rest = ingot_span_from(path_of(x, i), path_of(x, a->at).n);
	ingot_buf_clear(&x->joined);
	ingot_buf_span(&x->joined, a->path);
	if (rest.n && a->at == 0)
		ingot_buf_char(&x->joined, '/');
	ingot_buf_span(&x->joined, rest);
	return ingot_buf_cstr(&x->joined);
}

/* By its own path or by one that links make; that one is left in joined. */
static const char *why_code(struct proof *x, size_t i, bool below)
{
	const struct ingot_node *n = node_of(x, i);
	const char *content = x->q->content && n->type == INGOT_FILE ? x->q->content(x->q->content_ctx, n) : NULL;
	const struct code_places *more = &x->q->places;
	ingot_buf_clear(&x->joined);
	const char *why = below ? code_why_below(path_of(x, i), more, &x->place) : code_why(path_of(x, i), n, content, more);
	for (size_t k = 0; !why && k < x->n_aliases; k++)
		if (ingot_path_within(path_of(x, i), path_of(x, x->aliases[k].at))) {
			struct ingot_span path = ingot_span_of(join(x, &x->aliases[k], i));
			why = below ? code_why_below(path, more, &x->place) : code_why(path, NULL, NULL, more);
		}
	return why;
}

static struct ingot_span kept(struct proof *x)
{
	return x->joined.n ? ingot_arena_span(x->out->arena, ingot_buf_view(&x->joined)) : (struct ingot_span){ 0 };
}

static bool have_alias(const struct proof *x, size_t at, struct ingot_span path)
{
	for (size_t k = 0; k < x->n_aliases; k++)
		if (x->aliases[k].at == at && ingot_span_eq(x->aliases[k].path, path))
			return true;
	return false;
}

/* A link to a directory with something to change in it. */
static bool leads_into(const struct proof *x, size_t i)
{
	if (node_of(x, i)->type != INGOT_LINK || x->ends[i] == INGOT_NOWHERE)
		return false;
	return node_of(x, x->ends[i])->type == INGOT_DIR && x->holds[x->ends[i]];
}

/* A walk of more links than that is none. */
static void mark_through_links(struct proof *x)
{
	bool more = true;
	for (unsigned round = 0; more && round < INGOT_MAX_SYMLINKS; round++) {
		more = false;
		for (size_t i = 0; i < ingot_tree_count(x->t); i++)
			if (leads_into(x, i) && !x->holds[i]) {
				mark_up(x, i);
				more = true;
			}
	}
}

/* The path under which a link gives its directory to those who look for code there; or NULL, 0. */
static struct ingot_span code_path(struct proof *x, size_t link)
{
	if (!leads_into(x, link) || !why_code(x, link, true))
		return (struct ingot_span){ 0 };
	return x->joined.n ? ingot_buf_view(&x->joined) : path_of(x, link);
}

/* Directories with something to change in them that are also found, by a link, where code lies. A link in one of them can lead on, so that they are looked for until there
 * are no more. */
static void find_aliases(struct proof *x)
{
	size_t before = SIZE_MAX;
	for (unsigned round = 0; round < INGOT_MAX_SYMLINKS && before != x->n_aliases; round++) {
		before = x->n_aliases;
		for (size_t i = 0; i < ingot_tree_count(x->t); i++) {
			struct ingot_span path = code_path(x, i);
			if (!path.n || have_alias(x, x->ends[i], path))
				continue;
			if (x->n_aliases == MAX_ALIASES)
				return;
			ingot_reserve(x->aliases, x->n_aliases, x->cap_aliases);
			x->aliases[x->n_aliases++] = (struct alias){ x->ends[i], ingot_arena_span(x->out->arena, path) };
		}
	}
}

/* Beyond MAX_ALIASES. */
static bool is_left_over(struct proof *x, size_t link)
{
	if (x->n_aliases < MAX_ALIASES)
		return false;
	struct ingot_span path = code_path(x, link);
	return path.n && !have_alias(x, x->ends[link], path);
}

static void count_code(struct proof *x, struct immutable_row *r, size_t i)
{
	const char *why = why_code(x, i, node_of(x, i)->type == INGOT_DIR);
	if (why && !r->n_code++) {
		r->code = i;
		r->why = why;
		r->as = kept(x);
	}
}

static void find_code(struct proof *x)
{
	for (size_t i = 0; i < ingot_tree_count(x->t); i++) {
		uint32_t cause = x->cause[i];
		bool link = node_of(x, i)->type == INGOT_LINK && x->bits[i] & INGOT_REACH_THROUGH;
		if (cause == NONE && link && x->ends[i] != INGOT_NOWHERE)
			cause = x->cause[x->ends[i]]; /* the path is safe, what it leads to is not */
		if (cause != NONE && (cause != i || node_of(x, i)->type != INGOT_DIR))
			count_code(x, row_of(x, cause), i);
		else if (cause == NONE && link && why_code(x, i, false))
			count_code(x, add_row(x, i), i);
		else if (is_left_over(x, i))
			(void)add_row(x, i);
	}
	for (size_t k = 0; k < x->out->n; k++) {
		struct immutable_row *r = &x->out->v[k];
		bool link = node_of(x, r->dirent)->type == INGOT_LINK;
		if (node_of(x, r->dirent)->type != INGOT_DIR && (!link || r->n_code))
			continue;
		r->why_made = why_code(x, r->dirent, true);
		if (r->why_made) {
			r->place = x->place;
			r->as = kept(x);
		}
	}
}

/* --- the answer --- */

static int by_dirent(const void *a, const void *b)
{
	size_t x = ((const struct immutable_row *)a)->dirent, y = ((const struct immutable_row *)b)->dirent;
	return (x > y) - (x < y);
}

void immutable_result_done(struct immutable_result *r)
{
	free(r->v);
	ingot_arena_free(r->arena);
	*r = (struct immutable_result){ 0 };
}

void immutable_prove(const struct immutable_question *q, struct immutable_result *ret)
{
	ingot_assert(q->user.uid);
	size_t n = ingot_tree_count(q->tree);
	struct immutable_result out = { .arena = ingot_arena_new() };
	_cleanup_(ingot_freep) uint32_t *ends = NULL, *cause = ingot_grow(NULL, n, sizeof(*cause)), *row = ingot_alloc_array(n, sizeof(*row)), *parent = ingot_alloc_array(n, sizeof(*parent));
	_cleanup_(ingot_freep) uint16_t *bits = ingot_reach(q->tree, &q->user, &ends);
	_cleanup_(ingot_freep) bool *holds = ingot_alloc_array(n, sizeof(*holds));
	memset(cause, 0xff, n * sizeof(*cause));
	struct proof x = {
		.q = q, .t = q->tree, .bits = bits, .ends = ends, .cause = cause, .parent = parent, .row = row, .holds = holds, .out = &out,
		.joined = INGOT_BUF(2 * INGOT_MAX_PATH),
	};
	find_causes(&x);
	mark_through_links(&x);
	find_aliases(&x);
	find_code(&x);
	size_t kept_rows = 0;
	for (size_t k = 0; k < out.n; k++)
		if (!out.v[k].declared || out.v[k].n_code || out.v[k].why_made)
			out.v[kept_rows++] = out.v[k];
	out.n = kept_rows;
	if (out.n)
		qsort(out.v, out.n, sizeof(*out.v), by_dirent);
	free(x.aliases);
	ingot_buf_done(&x.joined);
	*ret = out;
}

void immutable_grant_text(const struct immutable_question *q, const struct immutable_row *r, struct ingot_buf *out)
{
	const struct ingot_node *n = ingot_tree_node(q->tree, ingot_tree_at(q->tree, r->dirent)->node);
	const char *verb = n->type == INGOT_DIR ? "names in it can be changed" : "it can be written";
	switch (r->grant) {
	case INGOT_GRANT_OWNER:
		ingot_buf_fmt(out, "it belongs to the image's user %u (%04o)", r->id, n->mode);
		return;
	case INGOT_GRANT_GROUP:
		ingot_buf_fmt(out, "%s by group %u (%04o, %u:%u)", verb, r->id, n->mode, n->uid, n->gid);
		return;
	case INGOT_GRANT_OTHER:
		ingot_buf_fmt(out, "%s by everybody (%04o, %u:%u)", verb, n->mode, n->uid, n->gid);
		return;
	case INGOT_GRANT_ACL_USER:
		ingot_buf_fmt(out, "%s by user %u, whom its ACL names (%04o, %u:%u)", verb, r->id, n->mode, n->uid, n->gid);
		return;
	case INGOT_GRANT_ACL_GROUP:
		ingot_buf_fmt(out, "%s by group %u, which its ACL names (%04o, %u:%u)", verb, r->id, n->mode, n->uid, n->gid);
		return;
	case INGOT_GRANT_ACL_BROKEN:
		ingot_buf_fmt(out, "its ACL cannot be read, so that nothing is known of who can write to it (%04o, %u:%u)", n->mode, n->uid, n->gid);
		return;
	default:
		ingot_buf_str(out, "what it leads to can be changed");
	}
}
