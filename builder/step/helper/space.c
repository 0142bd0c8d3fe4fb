#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/num.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

bool step_kernel_from(uint32_t major, uint32_t minor)
{
	struct utsname u;
	struct ingot_span rest, part;
	uint32_t v[2];
	if (uname(&u) < 0)
		return false;
	rest = ingot_span_of(u.release);
	for (int i = 0; i < 2; i++) {
		/* "6.1.0-13-amd64", "6.12-rc1" */
		if (!ingot_span_next(&rest, '.', &part))
			return false;
		size_t n = 0;
		while (n < part.n && part.p[n] >= '0' && part.p[n] <= '9')
			n++;
		if (ingot_parse_u32((struct ingot_span){ part.p, n }, 100000, &v[i]) < 0)
			return false;
	}
	return v[0] > major || (v[0] == major && v[1] >= minor);
}

int step_namespaces(unsigned flags)
{
	if (flags & INGOT_STEP_CHROOT)
		return 0;
	int all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNET;
	return flags & INGOT_STEP_NETWORK_HOST ? all & ~CLONE_NEWNET : all;
}

int step_open_proc(struct ingot_err *err)
{
	_cleanup_(ingot_closep) int proc = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	/* A tmpfs over /proc would swallow what is written to uid_map (CVE-2019-16884). */
	if (proc < 0 || fstatfs(proc, &fs) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "opening /proc");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return ingot_fail(err, INGOT_E_HOST, "what is mounted on /proc is no proc file system");
	return TAKE_FD(proc);
}

static int write_file(int proc, const char *name, const char *text, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = openat(proc, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return ingot_fail_sys(err, INGOT_E_HOST, "writing '%s' to /proc/%s", text, name);
	return 0;
}

int step_map_ids(int proc, uid_t outer_uid, gid_t outer_gid, uint32_t uid, uint32_t gid, struct ingot_err *err)
{
	char map[64];
	ingot_pass(write_file(proc, "self/setgroups", "deny", err));
	(void)snprintf(map, sizeof(map), "%u %u 1", (unsigned)gid, (unsigned)outer_gid);
	ingot_pass(write_file(proc, "self/gid_map", map, err));
	(void)snprintf(map, sizeof(map), "%u %u 1", (unsigned)uid, (unsigned)outer_uid);
	ingot_pass(write_file(proc, "self/uid_map", map, err));
	if (getuid() != uid || geteuid() != uid || getgid() != gid || getegid() != gid)
		return ingot_fail(err, INGOT_E_HOST, "the user namespace did not take the mapping %s", map);
	return 0;
}

void step_oom_first(int proc)
{
	struct ingot_err ignored = INGOT_ERR_INIT;
	if (write_file(proc, "self/oom_score_adj", "500", &ignored) < 0)
		return; /* a container may forbid it; it is a courtesy, no wall */
}

int step_reopen(int proc, int fd, const char *what, struct ingot_err *err)
{
	char link[32], path[4096];
	(void)snprintf(link, sizeof(link), "self/fd/%d", fd);
	ssize_t n = readlinkat(proc, link, path, sizeof(path) - 1);
	if (n <= 0 || (size_t)n >= sizeof(path) - 1)
		return ingot_fail_sys(err, INGOT_E_HOST, "finding the path of %s", what);
	path[n] = '\0';
	/* Descriptors from outside belong to mounts of the outer namespace, from which nothing may be cloned. The path only finds the place again; that it
	 * is the same directory is what counts. */
	_cleanup_(ingot_closep) int again = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat a, b;
	if (again < 0 || fstat(fd, &a) < 0 || fstat(again, &b) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "opening %s again", what);
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return ingot_fail(err, INGOT_E_HOST, "%s was moved while the step was being set up", what);
	return TAKE_FD(again);
}

int step_loopback(struct ingot_err *err)
{
	_cleanup_(ingot_closep) int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_name = "lo" };
	if (s < 0 || ioctl(s, SIOCGIFFLAGS, &r) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "finding the loopback device");
	r.ifr_flags = (short)(r.ifr_flags | IFF_UP | IFF_RUNNING);
	if (ioctl(s, SIOCSIFFLAGS, &r) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "switching the loopback device on");
	return 0;
}
