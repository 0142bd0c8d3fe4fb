/* answer_ids.c - set*id and get*id, by the rules of credentials(7): who may become whom, seen from the user that the process is. */
#include "ledger.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEEP ((uint32_t)-1)
#define MAX_GROUPS 65536 /* NGROUPS_MAX */

static bool one_of(const struct ids *i, uint32_t id)
{
	return id == i->r || id == i->e || id == i->s;
}

/* The new credentials take hold, unless only the other level can tell the rest of the step about them. */
static int64_t become(struct call *c, struct who *now)
{
	const struct ids *u = &now->uid, *g = &now->gid;
	const struct ids *was = &whos_get(c->whos, c->tid)->uid;
	/* capabilities(7), "Effect of user ID changes on capabilities". */
	if ((!was->r || !was->e || !was->s) && u->r && u->e && u->s) {
		now->may_group = now->keep_caps;
		now->keep_caps = false;
	}
	if (!ledger_identity(c->l) && (u->r | u->e | u->s | u->f | g->r | g->e | g->s | g->f) && whos_get(c->whos, c->tid)->uid.e == 0) {
		c->needs_identity = true;
		return 0;
	}
	return -whos_set(c->whos, c->tid, now);
}

static struct ids *part(struct who *w, bool group)
{
	return group ? &w->gid : &w->uid;
}

/* May it take any id of this kind? */
static bool is_free(const struct who *w, bool group)
{
	return w->uid.e == 0 || (group && w->may_group);
}

static int64_t set_one(struct call *c, bool group)
{
	struct who w = *whos_get(c->whos, c->tid);
	struct ids *i = part(&w, group);
	uint32_t id = (uint32_t)c->a[0];
	if (id == KEEP)
		return -EINVAL;
	if (is_free(&w, group))
		*i = (struct ids){ id, id, id, id };
	else if (id == i->r || id == i->s)
		i->e = i->f = id;
	else
		return -EPERM;
	return become(c, &w);
}

static int64_t set_two(struct call *c, bool group)
{
	struct who w = *whos_get(c->whos, c->tid);
	struct ids *i = part(&w, group), old = *i;
	uint32_t r = (uint32_t)c->a[0], e = (uint32_t)c->a[1];
	bool root = is_free(&w, group);
	if (!root && ((r != KEEP && r != old.r && r != old.e) || (e != KEEP && !one_of(&old, e))))
		return -EPERM;
	if (r != KEEP)
		i->r = r;
	if (e != KEEP)
		i->e = e;
	if (r != KEEP || (e != KEEP && e != old.r))
		i->s = i->e;
	i->f = i->e;
	return become(c, &w);
}

static int64_t set_three(struct call *c, bool group)
{
	struct who w = *whos_get(c->whos, c->tid);
	struct ids *i = part(&w, group), old = *i;
	uint32_t want[3] = { (uint32_t)c->a[0], (uint32_t)c->a[1], (uint32_t)c->a[2] };
	for (size_t k = 0; k < 3; k++)
		if (!is_free(&w, group) && want[k] != KEEP && !one_of(&old, want[k]))
			return -EPERM;
	i->r = want[0] != KEEP ? want[0] : old.r;
	i->e = want[1] != KEEP ? want[1] : old.e;
	i->s = want[2] != KEEP ? want[2] : old.s;
	i->f = i->e;
	return become(c, &w);
}

static int64_t set_fs(struct call *c, bool group)
{
	struct who w = *whos_get(c->whos, c->tid);
	struct ids *i = part(&w, group);
	uint32_t id = (uint32_t)c->a[0], old = i->f;
	if (id == KEEP || id == old || (!is_free(&w, group) && !one_of(i, id) && id != i->f))
		return old; /* setfsuid(2) says what it was, whatever it did */
	i->f = id;
	int64_t r = become(c, &w);
	return r < 0 ? r : old;
}

int64_t answer_setuid(struct call *c)
{
	return set_one(c, false);
}

int64_t answer_setgid(struct call *c)
{
	return set_one(c, true);
}

int64_t answer_setreuid(struct call *c)
{
	return set_two(c, false);
}

int64_t answer_setregid(struct call *c)
{
	return set_two(c, true);
}

int64_t answer_setresuid(struct call *c)
{
	return set_three(c, false);
}

int64_t answer_setresgid(struct call *c)
{
	return set_three(c, true);
}

int64_t answer_setfsuid(struct call *c)
{
	return set_fs(c, false);
}

int64_t answer_setfsgid(struct call *c)
{
	return set_fs(c, true);
}

int64_t answer_setgroups(struct call *c)
{
	struct who w = *whos_get(c->whos, c->tid);
	uint64_t n = c->a[0] & 0xffffffffU;
	if (!is_free(&w, true))
		return -EPERM;
	if (n > MAX_GROUPS)
		return -EINVAL;
	_cleanup_(ingot_freep) uint32_t *groups = n ? malloc(n * sizeof(*groups)) : NULL;
	if (n && !groups)
		return -ENOMEM;
	int r = n ? tracee_read(c, c->a[1], groups, n * sizeof(*groups)) : 0;
	if (r < 0)
		return r;
	w.n_groups = (uint32_t)n;
	w.groups = groups;
	return ledger_identity(c->l) ? -whos_set(c->whos, c->tid, &w) : 0;
}

int64_t answer_prctl(struct call *c)
{
	struct who w = *whos_get(c->whos, c->tid);
	w.keep_caps = c->a[1] != 0;
	return -whos_set(c->whos, c->tid, &w);
}

int64_t answer_getuid(struct call *c)
{
	return whos_get(c->whos, c->tid)->uid.r;
}

int64_t answer_geteuid(struct call *c)
{
	return whos_get(c->whos, c->tid)->uid.e;
}

int64_t answer_getgid(struct call *c)
{
	return whos_get(c->whos, c->tid)->gid.r;
}

int64_t answer_getegid(struct call *c)
{
	return whos_get(c->whos, c->tid)->gid.e;
}

static int64_t tell_three(struct call *c, const struct ids *i)
{
	const uint32_t v[3] = { i->r, i->e, i->s };
	for (size_t k = 0; k < 3; k++) {
		int r = tracee_write(c, c->a[k], &v[k], sizeof(v[k]));
		if (r < 0)
			return r;
	}
	return 0;
}

int64_t answer_getresuid(struct call *c)
{
	return tell_three(c, &whos_get(c->whos, c->tid)->uid);
}

int64_t answer_getresgid(struct call *c)
{
	return tell_three(c, &whos_get(c->whos, c->tid)->gid);
}

int64_t answer_getgroups(struct call *c)
{
	const struct who *w = whos_get(c->whos, c->tid);
	int size = (int)c->a[0];
	if (size == 0)
		return w->n_groups;
	if (size < 0 || (uint32_t)size < w->n_groups)
		return -EINVAL;
	int r = w->n_groups ? tracee_write(c, c->a[1], w->groups, w->n_groups * sizeof(*w->groups)) : 0;
	return r < 0 ? r : (int64_t)w->n_groups;
}
