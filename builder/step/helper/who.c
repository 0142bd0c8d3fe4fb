#include "ledger.h"
#include <errno.h>
#include <ingot/mem.h>
#include <string.h>
#include <sys/resource.h>

#define FIRST_INDEX 0x10000U /* a soft limit below it was set by a program for its own reasons */
#define MAX_WHOS 4096
#define MAX_ALL_GROUPS 262144 /* in all of them: a step could ask for 65,536 at a time */

struct whos {
	struct who v[MAX_WHOS]; /* 0: everybody, to begin with */
	size_t n, n_groups;
};

struct whos *whos_new(uint32_t uid, uint32_t gid)
{
	struct whos *w = ingot_alloc(sizeof(*w));
	w->v[0] = (struct who){ .uid = { uid, uid, uid, uid }, .gid = { gid, gid, gid, gid } };
	w->n = 1;
	return w;
}

const struct who *whos_get(struct whos *w, pid_t tid)
{
	struct rlimit l;
	if (prlimit(tid, RLIMIT_LOCKS, NULL, &l) < 0 || l.rlim_cur == RLIM_INFINITY || l.rlim_cur < FIRST_INDEX || l.rlim_cur - FIRST_INDEX >= w->n)
		return &w->v[0];
	return &w->v[l.rlim_cur - FIRST_INDEX];
}

static bool same(const struct who *a, const struct who *b)
{
	return memcmp(&a->uid, &b->uid, sizeof(a->uid)) == 0 && memcmp(&a->gid, &b->gid, sizeof(a->gid)) == 0 && a->keep_caps == b->keep_caps && a->may_group == b->may_group && a->n_groups == b->n_groups &&
	       (!a->n_groups || memcmp(a->groups, b->groups, a->n_groups * sizeof(*a->groups)) == 0);
}

int whos_set(struct whos *w, pid_t tid, const struct who *who)
{
	size_t i = 0;
	while (i < w->n && !same(&w->v[i], who))
		i++;
	if (i == MAX_WHOS || (i == w->n && who->n_groups > MAX_ALL_GROUPS - w->n_groups))
		return EAGAIN; /* as setuid(2) when a limit is reached */
	if (i == w->n) {
		w->v[i] = *who;
		if (who->n_groups) {
			w->n_groups += who->n_groups;
			w->v[i].groups = ingot_alloc_array(who->n_groups, sizeof(*who->groups));
			memcpy(w->v[i].groups, who->groups, who->n_groups * sizeof(*who->groups));
		}
		w->n++;
	}
	struct rlimit had, want;
	if (prlimit(tid, RLIMIT_LOCKS, NULL, &had) < 0)
		return errno;
	want = (struct rlimit){ .rlim_cur = FIRST_INDEX + i, .rlim_max = had.rlim_max };
	return prlimit(tid, RLIMIT_LOCKS, &want, NULL) < 0 ? errno : 0;
}

bool who_in_group(const struct who *w, uint32_t gid)
{
	bool in = w->gid.f == gid || w->gid.e == gid;
	for (uint32_t i = 0; !in && i < w->n_groups; i++)
		in = w->groups[i] == gid;
	return in;
}
