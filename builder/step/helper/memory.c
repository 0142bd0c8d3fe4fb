/* memory.c - how much memory a step takes, and how many processes it is: looked at by init, because no kernel interface that every user has limits a group of processes.
 *
 * First cheaply, and too high: what fork() shares counts for each, and what is mapped from a tmpfs twice. Only when that is too much, exactly (smaps_rollup), and what is
 * in doubt to the step's favour: nobody is ended for sharing. */
#include "../listing.h"
#include "sandbox.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <ingot/path.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

struct step_memory {
	const struct step_plan *p;
	int proc;
	int places[3 + STEP_MAX_TMPFS]; /* file systems in memory */
	size_t n_places;
	uint64_t shared_before; /* of the whole host, when the step began */
};

/* "Name:   123 kB" in bytes; 0 when there is no such line. name begins with a newline. */
static uint64_t kib_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	uint64_t v = 0;
	if (!at)
		return 0;
	at += strlen(name);
	at += strspn(at, " \t");
	return ingot_parse_u64((struct ingot_span){ at, strcspn(at, " \n") }, INT64_MAX >> 10, &v) < 0 ? 0 : v << 10;
}

static bool read_text(int dirfd, const char *name, char *ret, size_t size)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	_cleanup_(ingot_closep) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : ingot_read_upto(fd, ret, size - 1, &ignored);
	ret[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static uint64_t shared_of_host(int proc)
{
	char text[4096];
	return read_text(proc, "meminfo", text, sizeof(text)) ? kib_of(text, "\nShmem:") : 0;
}

struct step_memory *step_memory_new(const struct step_plan *p, struct ingot_err *err)
{
	struct step_memory *m = ingot_alloc(sizeof(*m));
	struct ingot_err ignored = INGOT_ERR_INIT;
	m->p = p;
	m->proc = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* where init is: /proc */
	if (m->proc < 0) {
		(void)ingot_fail_sys(err, INGOT_E_HOST, "opening /proc");
		return NULL;
	}
	m->shared_before = shared_of_host(m->proc);
	_cleanup_(ingot_closep) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; !(p->flags & INGOT_STEP_CHROOT) && i < 3 + p->n_mounts; i++) {
		static const char *const ours[] = { "/tmp", "/run", "/dev/shm" };
		struct ingot_span path;
		if ((i >= 3 && p->mounts[i - 3].volume) || m->n_places == sizeof(m->places) / sizeof(m->places[0]))
			continue;
		if (ingot_path_from_absolute(ingot_span_of(i < 3 ? ours[i] : p->mounts[i - 3].path), &path) < 0)
			continue;
		m->places[m->n_places] = ingot_open_beneath(root, path, O_PATH | O_DIRECTORY, &ignored);
		m->n_places += m->places[m->n_places] >= 0;
	}
	return m;
}

struct sum {
	int proc;
	uint64_t anonymous, shared, tasks;
	bool exactly;
	struct step_inodes seen; /* files in memory without a name */
	uint64_t unnamed;
};

/* memfd_create(2): in no file system that could be asked, and in no process's figures where it is not mapped. */
static void add_unnamed(struct sum *s, pid_t pid)
{
	char name[64], target[64];
	(void)snprintf(name, sizeof(name), "%d/fd", (int)pid);
	int fd = openat(s->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		ingot_closep(&fd);
		return;
	}
	const struct dirent *e;
	while ((e = readdir(d))) {
		struct stat st;
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target));
		if (n > 7 && memcmp(target, "/memfd:", 7) == 0 && fstatat(dirfd(d), e->d_name, &st, 0) == 0 && !step_inodes_first(&s->seen, &st, "memfd"))
			s->unnamed += (uint64_t)st.st_blocks * 512;
	}
	(void)closedir(d);
}

static int add_process(pid_t pid, void *ctx)
{
	struct sum *s = ctx;
	char name[64], text[4096], exact[4096];
	(void)snprintf(name, sizeof(name), "%d/status", (int)pid);
	if (!read_text(s->proc, name, text, sizeof(text)))
		return 0; /* gone */
	s->tasks += kib_of(text, "\nThreads:") >> 10;
	uint64_t tables = kib_of(text, "\nVmPTE:"), anonymous = kib_of(text, "\nRssAnon:") + kib_of(text, "\nVmSwap:"), shared = kib_of(text, "\nRssShmem:");
	(void)snprintf(name, sizeof(name), "%d/smaps_rollup", (int)pid);
	if (s->exactly && read_text(s->proc, name, exact, sizeof(exact))) {
		anonymous = kib_of(exact, "\nPss_Anon:") + kib_of(exact, "\nSwapPss:");
		shared = kib_of(exact, "\nPss_Shmem:");
	}
	s->anonymous += anonymous + tables;
	s->shared += shared;
	if (s->exactly)
		add_unnamed(s, pid);
	return 0;
}

static uint64_t in_places(const struct step_memory *m)
{
	uint64_t sum = 0;
	struct statfs fs;
	for (size_t i = 0; i < m->n_places; i++)
		if (fstatfs(m->places[i], &fs) == 0 && fs.f_blocks > fs.f_bfree)
			sum += (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
	return sum;
}

enum step_end step_memory_look(const struct step_memory *m)
{
	uint64_t limit = m->p->memory_limit, files = in_places(m), shared_now = shared_of_host(m->proc);
	struct sum s = { .proc = m->proc };
	(void)step_procs_each(m->proc, add_process, &s);
	if (s.tasks > INGOT_MAX_STEP_TASKS)
		return STEP_END_TASKS;
	bool hidden = shared_now > m->shared_before && shared_now - m->shared_before > limit / 2;
	if (s.anonymous + s.shared + files <= limit && !hidden)
		return STEP_END_EXITED;
	struct sum exact = { .proc = m->proc, .exactly = true };
	(void)step_procs_each(m->proc, add_process, &exact);
	step_inodes_done(&exact.seen);
	files += exact.unnamed;
	/* What is mapped from a file in memory is in both. */
	return exact.anonymous + (files > exact.shared ? files : exact.shared) > limit ? STEP_END_MEMORY : STEP_END_EXITED;
}

/* The limit of each control group from ours up to the root that is shown to us. */
static uint64_t of_groups(const char *base, struct ingot_span path, const char *file, uint64_t least)
{
	char name[4096 + 64], text[64];
	for (;;) {
		uint64_t v;
		int n = snprintf(name, sizeof(name), "%s%.*s/%s", base, INGOT_SPAN_ARG(path), file);
		if (n > 0 && (size_t)n < sizeof(name) && read_text(AT_FDCWD, name, text, sizeof(text)) && ingot_parse_u64((struct ingot_span){ text, strcspn(text, "\n") }, INT64_MAX, &v) == 0 && v < least)
			least = v; /* "max" is no number */
		while (path.n && path.p[path.n - 1] != '/')
			path.n--;
		if (!path.n)
			return least;
		path.n--;
	}
}

uint64_t step_memory_default(void)
{
	char text[8192];
	uint64_t all = read_text(AT_FDCWD, "/proc/meminfo", text, sizeof(text)) && strncmp(text, "MemTotal:", 9) == 0 ? kib_of(text, "MemTotal:") : 0;
	if (!all)
		all = GIB(4);
	struct ingot_span rest = { text, 0 }, line;
	if (read_text(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)))
		rest = ingot_span_of(text);
	while (ingot_span_next(&rest, '\n', &line)) {
		struct ingot_span number, controllers;
		if (!ingot_span_next(&line, ':', &number) || !ingot_span_next(&line, ':', &controllers))
			continue;
		if (!controllers.n) /* cgroup v2 */
			all = of_groups("/sys/fs/cgroup", line, "memory.max", all);
		else if (ingot_span_is(controllers, "memory"))
			all = of_groups("/sys/fs/cgroup/memory", line, "memory.limit_in_bytes", all);
	}
	return INGOT_STEP_MEMORY_PART(all);
}
