/* Ways out of a step, each in a child of its own. Usage: escape_probe loose|inside CANARY HOSTPID PORT SHMKEY ABSTRACT
 *
 * "loose" is the positive control: the same attempts in a plain user namespace with all capabilities and no filter. Prints "GROUP.NAME ok" when an attempt worked, else
 * the errno's name, and whether it may fail outside, too. "escape_probe caps" is for a probe that executes itself. Linked statically: in the sandbox there is nothing else. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char *canary, *abstract;
int host_pid, port, shm_key, target, loose;

int reaches(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int reads(const char *path)
{
	char c;
	int fd = reaches(path, O_RDONLY);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, &c, 1);
	if (n == 0)
		errno = ENODATA;
	return n == 1 ? 0 : -1;
}

static int below_proc(int pid, const char *name, int flags)
{
	char path[4300];
	(void)snprintf(path, sizeof(path), "/proc/%d/%.4200s", pid, name);
	return reaches(path, flags);
}

int of_target(const char *name, int flags)
{
	return below_proc(target, name, flags);
}

int of_host(const char *name, int flags)
{
	return below_proc(host_pid, name, flags);
}

int holds(int condition, int otherwise)
{
	errno = otherwise;
	return condition ? 0 : -1;
}

static const struct probe_group *const groups[] = { &namespaces, &mounts, &rights, &files, &descriptors, &procfs, &devices, &processes, &limits, &sockets, &ipc, &keys, &terminals, &kernel, &needed };

static void attempt(const struct probe_group *g, const struct probe *p)
{
	pid_t pid = fork();
	if (pid == 0) {
		(void)alarm(5);
		if (loose && (unshare(CLONE_NEWNS) < 0 || mount("x", "/tmp", "tmpfs", 0, NULL) < 0))
			_exit(ECANCELED);
		int r = p->f();
		_exit(r >= 0 ? 0 : errno && errno < 120 ? errno : 1);
	}
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(9);
	const char *answer = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : WEXITSTATUS(status) == 0 ? "ok" : strerrorname_np(WEXITSTATUS(status));
	printf("%s.%s %s %d\n", g->name, p->name, answer ? answer : "?", p->depends != NULL);
	fflush(stdout);
}

static void write_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		exit(9);
	close(fd);
}

static void loosen(void)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS) < 0)
		exit(9);
	write_map("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof(map), "0 %u 1", uid);
	write_map("/proc/self/uid_map", map);
	(void)snprintf(map, sizeof(map), "0 %u 1", gid);
	write_map("/proc/self/gid_map", map);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		exit(9);
}

/* The effective set after an execve(), as exit status 0 when CAP_SYS_ADMIN is in it. */
static int print_caps(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	return syscall(SYS_capget, &h, d) == 0 && d[0].effective & (1U << CAP_SYS_ADMIN) ? 0 : EPERM;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "caps") == 0)
		return print_caps();
	if (argc != 7)
		return 9;
	canary = argv[2];
	host_pid = atoi(argv[3]);
	port = atoi(argv[4]);
	shm_key = atoi(argv[5]);
	abstract = argv[6];
	target = 1;
	loose = strcmp(argv[1], "loose") == 0;
	if (loose)
		loosen();
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (size_t i = 0; i < groups[g]->n; i++) {
			pid_t child = loose ? fork() : 1;
			if (child == 0)
				for (;;)
					(void)pause();
			target = child;
			attempt(groups[g], &groups[g]->probes[i]);
			if (loose) {
				(void)kill(child, SIGKILL);
				(void)waitpid(child, NULL, 0);
			}
		}
	return 0;
}
