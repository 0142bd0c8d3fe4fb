#include "sandbox.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <sys/stat.h>
#include <unistd.h>

#define INODE 512 /* bytes; ext4 and btrfs take less, tmpfs and a full directory more */

/* Only descriptors of directories lead downward and nothing leads upward, so whatever is renamed or replaced meanwhile, the walk stays below. */
static int walk(int take_fd, unsigned depth, uint64_t limit, struct step_usage *u)
{
	_cleanup_(ingot_closep) int fd = take_fd;
	DIR *d = fdopendir(fd);
	if (!d)
		return -1;
	(void)TAKE_FD(fd);
	const struct dirent *e;
	while (u->bytes <= limit && u->entries <= INGOT_MAX_ENTRIES && (e = readdir(d))) {
		struct stat st;
		if (e->d_name[0] == '.' && (!e->d_name[1] || (e->d_name[1] == '.' && !e->d_name[2])))
			continue;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue; /* gone already */
		u->entries++;
		u->bytes += (uint64_t)st.st_blocks * 512 + INODE; /* an empty file is not free: a million of them end a disk as well */
		if (!S_ISDIR(st.st_mode))
			continue;
		if (depth >= INGOT_MAX_DEPTH) {
			u->too_deep = true;
			continue;
		}
		int child = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		if (child >= 0)
			(void)walk(child, depth + 1, limit, u);
		else if (errno == EMFILE || errno == ENFILE)
			u->too_deep = true; /* what cannot be counted is too much */
	}
	(void)closedir(d);
	return 0;
}

int step_usage(int dirfd, uint64_t limit, struct step_usage *ret)
{
	struct step_usage u = { 0 };
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || walk(fd, 0, limit, &u) < 0)
		return -1;
	*ret = u;
	return 0;
}

bool step_usage_above(const struct step_plan *p, int upper, uint64_t more)
{
	struct step_usage sum = { 0 }, u = { 0 };
	if (step_usage(upper, p->disk_limit, &sum) < 0)
		return true; /* what cannot be counted is too much */
	for (size_t i = 0; i < p->n_mounts; i++) {
		if (!p->mounts[i].volume || p->mounts[i].readonly)
			continue;
		if (step_usage(p->mounts[i].fd, p->disk_limit, &u) < 0)
			return true;
		sum.bytes += u.bytes;
		sum.entries += u.entries;
		sum.too_deep |= u.too_deep;
	}
	return sum.bytes > p->disk_limit || more > p->disk_limit - sum.bytes || sum.entries > INGOT_MAX_ENTRIES || sum.too_deep;
}
