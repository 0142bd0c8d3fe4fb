#include "listing.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void step_names_done(struct step_names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct step_names){ 0 };
}

int step_names_list(int dirfd, const char *shown, struct step_names *ret, struct ingot_err *err)
{
	int again = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	if (!d) {
		ingot_closep(&again);
		return ingot_fail_sys(err, INGOT_E_BUG, "reading the directory '%s'", INGOT_SHOW(ingot_span_of(shown)));
	}
	const struct dirent *e;
	struct step_names l = { 0 };
	while (errno = 0, l.n <= INGOT_MAX_ENTRIES && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		ingot_reserve(l.v, l.n, l.cap);
		l.v[l.n++] = ingot_strdup(e->d_name);
	}
	int sys = errno;
	(void)closedir(d);
	if (sys) {
		step_names_done(&l);
		errno = sys;
		return ingot_fail_sys(err, INGOT_E_BUG, "reading the directory '%s'", INGOT_SHOW(ingot_span_of(shown)));
	}
	if (l.n)
		qsort(l.v, l.n, sizeof(l.v[0]), by_bytes);
	*ret = l;
	return 0;
}

static struct step_inode *slot(struct step_inode *table, size_t cap, dev_t dev, ino_t ino)
{
	uint64_t h = ((uint64_t)ino ^ ((uint64_t)dev << 32)) * UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = (size_t)(h >> 20) & (cap - 1);; i = (i + 1) & (cap - 1))
		if (!table[i].path || (table[i].dev == dev && table[i].ino == ino))
			return &table[i];
}

const char *step_inodes_first(struct step_inodes *s, const struct stat *st, const char *path)
{
	if (s->n * 2 >= s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 1024;
		struct step_inode *bigger = ingot_alloc_array(cap, sizeof(*bigger));
		for (size_t i = 0; i < s->cap; i++)
			if (s->v[i].path)
				*slot(bigger, cap, s->v[i].dev, s->v[i].ino) = s->v[i];
		free(s->v);
		s->v = bigger;
		s->cap = cap;
	}
	struct step_inode *at = slot(s->v, s->cap, st->st_dev, st->st_ino);
	if (at->path)
		return at->path;
	*at = (struct step_inode){ st->st_dev, st->st_ino, ingot_strdup(path) };
	s->n++;
	return NULL;
}

void step_inodes_done(struct step_inodes *s)
{
	for (size_t i = 0; i < s->cap; i++)
		free(s->v[i].path);
	free(s->v);
	*s = (struct step_inodes){ 0 };
}

bool step_is_covered(const char *path)
{
	static const char *const covered[] = { "dev", "proc", "run", "tmp" };
	size_t n = strcspn(path, "/");
	for (size_t i = 0; i < sizeof(covered) / sizeof(covered[0]); i++)
		if (strlen(covered[i]) == n && memcmp(path, covered[i], n) == 0)
			return true;
	return false;
}
