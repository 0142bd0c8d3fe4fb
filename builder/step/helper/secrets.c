/* secrets.c - a step's secrets: from descriptors into files of its own /run, which is memory and ends with it. They are in no argument, no variable and no message. */
#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* With pread(): the descriptor's position is shared with the coordinator, which hands the same one out again. */
static int copy_value(int from, int to, const char *id, struct ingot_err *err)
{
	char block[16384];
	uint64_t at = 0;
	ssize_t n;
	int r = 0;
	while (r == 0 && (n = pread(from, block, sizeof(block), (off_t)at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (at += (uint64_t)n) > INGOT_MAX_SECRET)
			r = ingot_fail_sys(err, INGOT_E_HOST, "reading the secret %s", id);
		else
			r = ingot_write_all(to, block, (size_t)n, err);
	}
	explicit_bzero(block, sizeof(block));
	return r;
}

int step_fill_secrets(const struct step_plan *p, int run, struct ingot_err *err)
{
	if (!p->n_secrets)
		return 0;
	if (mkdirat(run, "secrets", 0755) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making " INGOT_STEP_SECRETS);
	_cleanup_(ingot_closep) int dir = openat(run, "secrets", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making " INGOT_STEP_SECRETS);
	for (size_t i = 0; i < p->n_secrets; i++) {
		_cleanup_(ingot_closep) int fd = openat(dir, p->secrets[i], O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
		if (fd < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "making the secret %s", p->secrets[i]);
		ingot_pass(copy_value(STEP_FD_SECRET + (int)i, fd, p->secrets[i], err));
		(void)close(STEP_FD_SECRET + (int)i); /* init needs it no longer; the supervisor's copy is in another process, which no step can see */
	}
	return 0;
}
