#include "lock_decode.h"
#include "place.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <stdio.h>

/* Keys come in one order only, so reading is walking: next is the member that must come now. */
struct walk {
	const struct source_text *s;
	struct ingot_arena *arena; /* of the lock */
	const struct node *map, *next;
};

bool lock_word_ok(struct ingot_span s)
{
	if (!s.n || s.n > 1024)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!alnum && (i == 0 || !strchr("-_.+~:/=%@^", c)))
			return false;
	}
	return s.p[s.n - 1] != ':'; /* would make it a key */
}

static int refuse(const struct walk *w, struct ingot_place at, struct ingot_err *err, const char *what)
{
	(void)ingot_fail(err, INGOT_E_INPUT, "the lock is damaged: %s", what);
	(void)ingot_hint(err, "restore it from version control, or make it again with \"ingot lock RECIPE\"");
	(void)text_blame(w->s, at, err);
	return -1;
}

static int enter(const struct walk *outer, const struct node *n, enum ingot_yaml_kind kind, struct walk *ret, struct ingot_err *err)
{
	if (n->kind != kind)
		return refuse(outer, n->at, err, kind == INGOT_Y_MAP ? "expected a mapping" : "expected a list");
	*ret = (struct walk){ .s = outer->s, .arena = outer->arena, .map = n, .next = n->child };
	return 0;
}

static int leave(const struct walk *w, struct ingot_err *err)
{
	return w->next ? refuse(w, w->next->key_at, err, "an unknown key") : 0;
}

static int take(struct walk *w, const char *key, const struct node **ret, struct ingot_err *err)
{
	const struct node *n = w->next;
	char what[96];
	(void)snprintf(what, sizeof(what), "expected the key \"%s\"", key);
	if (!n || !ingot_span_is(n->key, key))
		return refuse(w, n ? n->key_at : w->map->at, err, what);
	w->next = n->next;
	*ret = n;
	return 0;
}

static int take_word(struct walk *w, const char *key, const char **ret, struct ingot_err *err)
{
	const struct node *n = NULL;
	ingot_pass(take(w, key, &n, err));
	if (n->kind != INGOT_Y_SCALAR || !lock_word_ok(n->text))
		return refuse(w, n->at, err, "expected a word");
	*ret = ingot_arena_str(w->arena, n->text);
	return 0;
}

static int take_number(struct walk *w, const char *key, uint64_t max, uint64_t *ret, struct ingot_err *err)
{
	const struct node *n = NULL;
	ingot_pass(take(w, key, &n, err));
	if (n->kind != INGOT_Y_SCALAR || ingot_parse_u64(n->text, max, ret) < 0)
		return refuse(w, n->at, err, "expected a number");
	return 0;
}

static int take_date(struct walk *w, const char *key, int64_t *ret, struct ingot_err *err)
{
	uint64_t v = 0;
	ingot_pass(take_number(w, key, INT64_MAX, &v, err));
	*ret = (int64_t)v;
	return 0;
}

static int take_digest(struct walk *w, const char *key, struct ingot_digest *ret, struct ingot_err *err)
{
	const struct node *n = NULL;
	ingot_pass(take(w, key, &n, err));
	if (n->kind != INGOT_Y_SCALAR || ingot_digest_parse_hex(n->text, ret) < 0)
		return refuse(w, n->at, err, "expected 64 lower-case hexadecimal digits");
	return 0;
}

static int decode_release(const struct walk *list, const struct node *n, struct ingot_locked_release *r, struct ingot_err *err)
{
	struct walk w = { 0 };
	ingot_pass(enter(list, n, INGOT_Y_MAP, &w, err));
	ingot_pass(take_word(&w, "source", &r->source, err));
	ingot_pass(take_word(&w, "suite", &r->suite, err));
	ingot_pass(take_word(&w, "codename", &r->codename, err));
	ingot_pass(take_date(&w, "date", &r->date, err));
	ingot_pass(take_digest(&w, "sha256", &r->sha256, err));
	ingot_pass(take_word(&w, "key", &r->key, err));
	return leave(&w, err);
}

static int decode_package(const struct walk *list, const struct node *n, struct ingot_locked_package *p, struct ingot_err *err)
{
	struct walk w = { 0 };
	ingot_pass(enter(list, n, INGOT_Y_MAP, &w, err));
	ingot_pass(take_word(&w, "name", &p->name, err));
	ingot_pass(take_word(&w, "version", &p->version, err));
	ingot_pass(take_word(&w, "arch", &p->arch, err));
	ingot_pass(take_number(&w, "size", INGOT_MAX_DEB, &p->size, err));
	ingot_pass(take_digest(&w, "sha256", &p->sha256, err));
	ingot_pass(take_word(&w, "path", &p->path, err));
	ingot_pass(take_word(&w, "suite", &p->suite, err));
	ingot_pass(take_word(&w, "source", &p->source, err));
	return leave(&w, err);
}

static int decode_install(struct walk *w, struct ingot_strings *ret, struct ingot_err *err)
{
	const struct node *list = NULL;
	struct walk members = { 0 };
	ingot_pass(take(w, "install", &list, err));
	ingot_pass(enter(w, list, INGOT_Y_SEQ, &members, err));
	const char **v = ingot_arena_array(w->arena, list->n, sizeof(*v));
	struct ingot_place *at = ingot_arena_array(w->arena, list->n, sizeof(*at));
	size_t i = 0;
	for (const struct node *c = list->child; c; c = c->next, i++) {
		if (c->kind != INGOT_Y_SCALAR || !lock_word_ok(c->text))
			return refuse(w, c->at, err, "expected a word");
		v[i] = ingot_arena_str(w->arena, c->text);
		at[i] = c->at;
	}
	*ret = (struct ingot_strings){ v, at, list->n };
	return 0;
}

static int decode_set(const struct walk *sets, const struct node *n, struct ingot_locked_set *set, struct ingot_err *err)
{
	struct walk w = { 0 }, members = { 0 };
	const struct node *list = NULL;
	ingot_pass(enter(sets, n, INGOT_Y_MAP, &w, err));
	if (!lock_word_ok(n->key))
		return refuse(sets, n->key_at, err, "expected a word");
	set->name = ingot_arena_str(w.arena, n->key);
	ingot_pass(take_word(&w, "from", &set->from, err));
	ingot_pass(decode_install(&w, &set->install, err));
	ingot_pass(take(&w, "packages", &list, err));
	ingot_pass(enter(&w, list, INGOT_Y_SEQ, &members, err));
	set->packages = ingot_arena_array(w.arena, list->n, sizeof(*set->packages));
	for (const struct node *c = list->child; c; c = c->next) {
		struct ingot_locked_package *p = &set->packages[set->n_packages];
		ingot_pass(decode_package(&members, c, p, err));
		if (set->n_packages++ && strcmp(p[-1].name, p->name) >= 0)
			return refuse(&members, c->at, err, "packages are not in order");
	}
	return leave(&w, err);
}

static int decode_all(struct walk *w, struct ingot_lock *l, struct ingot_err *err)
{
	const struct node *list = NULL;
	struct walk members = { 0 };
	uint64_t format = 0;
	ingot_pass(take_number(w, "ingot-lock", UINT32_MAX, &format, err));
	if (format != 1)
		return refuse(w, w->map->at, err, "it was written by another version of ingot");
	ingot_pass(take_digest(w, "recipe", &l->key, err));
	ingot_pass(take_date(w, "date", &l->date, err));
	ingot_pass(take(w, "releases", &list, err));
	ingot_pass(enter(w, list, INGOT_Y_SEQ, &members, err));
	l->releases = ingot_arena_array(w->arena, list->n, sizeof(*l->releases));
	for (const struct node *c = list->child; c; c = c->next)
		ingot_pass(decode_release(&members, c, &l->releases[l->n_releases++], err));
	ingot_pass(take(w, "sets", &list, err));
	ingot_pass(enter(w, list, INGOT_Y_MAP, &members, err));
	l->sets = ingot_arena_array(w->arena, list->n, sizeof(*l->sets));
	for (const struct node *c = list->child; c; c = c->next) {
		struct ingot_locked_set *s = &l->sets[l->n_sets];
		ingot_pass(decode_set(&members, c, s, err));
		if (l->n_sets++ && strcmp(s[-1].name, s->name) >= 0)
			return refuse(&members, c->key_at, err, "sets are not in order");
	}
	return leave(w, err);
}

/* One text for each lock: comments, blanks and another spelling would be places where two readers could see two things. */
static int check_canonical(const struct walk *w, const struct ingot_lock *l, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(INGOT_MAX_LOCK + 1);
	ingot_lock_text(l, &b);
	struct ingot_span is = w->s->text, should = ingot_buf_view(&b);
	if (ingot_span_eq(is, should))
		return 0;
	size_t same = 0;
	while (same < is.n && same < should.n && is.p[same] == should.p[same])
		same++;
	struct ingot_place at;
	place_of(is, same, &at.line, &at.column);
	return refuse(w, at, err, "this is not how ingot writes it; was it edited?");
}

int lock_decode(const struct source_text *s, const struct node *root, struct ingot_lock **ret, struct ingot_err *err)
{
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	struct ingot_lock *l = ingot_arena_alloc(arena, sizeof(*l));
	struct walk top = { .s = s, .arena = arena }, w = { 0 };
	ingot_pass(enter(&top, root, INGOT_Y_MAP, &w, err));
	ingot_pass(decode_all(&w, l, err));
	ingot_pass(check_canonical(&w, l, err));
	l->arena = TAKE_PTR(arena);
	*ret = l;
	return 0;
}
