/* Every system call by its number, with arguments that no kernel can use, each in a child of its own; then the forms that are told apart by their arguments.
 * One line each, and what came back: 0, an error's name, or the signal. The arguments are those of filter_forms.h, so that the compiled filter can be asked
 * the same. "loose" first lets go of what a step has not either, but loads no filter. */
#include "filter_forms.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* Not syscall(): after vfork() the child must not return from the function that the parent is still in. */
__attribute__((always_inline)) static inline long raw(long nr, const unsigned long *a)
{
#if defined(__x86_64__)
	register unsigned long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register unsigned long x0 __asm__("x0") = a[0], x1 __asm__("x1") = a[1], x2 __asm__("x2") = a[2], x3 __asm__("x3") = a[3], x4 __asm__("x4") = a[4], x5 __asm__("x5") = a[5];
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return (long)x0;
#else
	long r = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return r < 0 ? -errno : r;
#endif
}

static void say(int status)
{
	if (WIFSIGNALED(status))
		printf("SIG%s\n", sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == (int)(FORM_BAD & 0xff))
		printf("0\n"); /* exit() and exit_group() end with the low byte of their argument */
	else
		printf("%s\n", strerrorname_np(WEXITSTATUS(status)) ? strerrorname_np(WEXITSTATUS(status)) : "?");
}

/* Some calls wait for what never comes: those have reached the kernel, and a timer ends them. */
static void call(long nr, const unsigned long *a)
{
	pid_t pid = fork();
	if (pid == 0) {
		const struct itimerval soon = { .it_value = { 0, 100000 } };
		(void)signal(SIGALRM, SIG_DFL);
		(void)setitimer(ITIMER_REAL, &soon, NULL);
		long r = raw(nr, a);
		/* No function of libc: memory may be shared with a parent. */
		const unsigned long code[6] = { r < 0 ? (unsigned long)-r & 0xff : 0 };
		for (;;)
			(void)raw(SYS_exit_group, code);
	}
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(9);
	say(status);
}

#ifdef __x86_64__
static void call_i386(long nr)
{
	pid_t pid = fork();
	if (pid == 0) {
		long r;
		__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(-1L), "c"(-1L), "d"(-1L) : "memory", "r8", "r9", "r10", "r11");
		_exit(r < 0 ? (int)-r & 0xff : 0);
	}
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(9);
	say(status);
}
#endif

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
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC) < 0)
		exit(9);
	write_map("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof(map), "0 %u 1", uid);
	write_map("/proc/self/uid_map", map);
	(void)snprintf(map, sizeof(map), "0 %u 1", gid);
	write_map("/proc/self/gid_map", map);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("x", "/tmp", "tmpfs", 0, NULL) < 0)
		exit(9);
}

/* To become somebody is answered for the step as a whole, so these stay who they are. */
static bool changes_identity(long nr)
{
	static const long calls[] = { SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid, SYS_setgroups };
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == nr)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const struct rlimit none = { 0, 0 };
	const unsigned long bad[6] = { FORM_BAD, FORM_BAD, FORM_BAD, FORM_BAD, FORM_BAD, FORM_BAD };
	const unsigned long zero[6] = { 0 };
	(void)setrlimit(RLIMIT_CORE, &none);
	if (argc > 1 && strcmp(argv[1], "loose") == 0)
		loosen();
	setlinebuf(stdout);
	for (long nr = 0; nr <= FORM_CALLS; nr++) {
		printf("call %ld ", nr);
		call(nr, changes_identity(nr) ? zero : bad);
	}
	for (size_t i = 0; i < FORMS; i++) {
		(void)unlink(FORM_NODE);
		printf("%s ", forms[i].name);
		call(forms[i].call, forms[i].args);
	}
	for (unsigned long family = 0; family < FORM_FAMILIES; family++)
		for (size_t t = 0; t < FORM_TYPES; t++) {
			printf("socket %lu %s ", family, form_types[t].name);
			call(SYS_socket, (const unsigned long[6]){ family, (unsigned long)form_types[t].type });
			printf("socketpair %lu %s ", family, form_types[t].name);
			call(SYS_socketpair, (const unsigned long[6]){ family, (unsigned long)form_types[t].type, 0, FORM_BAD });
		}
#ifdef __x86_64__
	for (long nr = 0; nr <= FORM_CALLS; nr += 7) {
		printf("x32 %ld ", nr);
		call(0x40000000 | nr, bad);
		printf("i386 %ld ", nr);
		call_i386(nr);
	}
	printf("i386 102 "); /* socketcall: any family, were it let through */
	call_i386(102);
#endif
	return 0;
}
