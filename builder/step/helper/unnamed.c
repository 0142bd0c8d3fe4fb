/* unnamed.c - files that a step has removed and holds open: they take the disk's space, and no directory has them to be counted by.
 *
 * Every process tells of its open files. What is mapped only, or on its way through a socket, nobody tells (docs/SECURITY.md). */
#include "../listing.h"
#include "sandbox.h"
#include <dirent.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statfs.h>

struct unnamed {
	int proc;
	bool memory_too; /* the step's root is a tmpfs */
	uint64_t bytes;
	struct step_inodes seen;
};

static void add_file(struct unnamed *u, int dir, const char *name)
{
	struct stat st;
	struct statfs fs;
	if (fstatat(dir, name, &st, 0) < 0 || st.st_nlink || !S_ISREG(st.st_mode) || !st.st_blocks)
		return;
	/* Files in memory are memory.c's. */
	_cleanup_(ingot_closep) int fd = openat(dir, name, O_PATH | O_CLOEXEC);
	if (fd >= 0 && fstatfs(fd, &fs) == 0 && (fs.f_type != TMPFS_MAGIC || u->memory_too) && !step_inodes_first(&u->seen, &st, "unnamed"))
		u->bytes += (uint64_t)st.st_blocks * 512;
}

static int add_process(pid_t pid, void *ctx)
{
	struct unnamed *u = ctx;
	char name[32];
	(void)snprintf(name, sizeof(name), "%d/fd", (int)pid);
	int fd = openat(u->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		ingot_closep(&fd);
		return 0;
	}
	const struct dirent *e;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			add_file(u, dirfd(d), e->d_name);
	(void)closedir(d);
	return 0;
}

uint64_t step_disk_used(int fd)
{
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 && fs.f_blocks > fs.f_bfree ? (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize : 0;
}

uint64_t step_unnamed(int upper)
{
	struct statfs fs;
	_cleanup_(ingot_closep) int proc = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct unnamed u = { .proc = proc, .memory_too = fstatfs(upper, &fs) == 0 && fs.f_type == TMPFS_MAGIC };
	if (proc >= 0)
		(void)step_procs_each(proc, add_process, &u);
	step_inodes_done(&u.seen);
	return u.bytes;
}
