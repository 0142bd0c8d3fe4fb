/* What a step costs: from the plan to the first instruction of its program, beside the kernel's own price (clone, maps, pivot_root, exec) and beside bwrap;
 * and a call that is answered by the ledger.
 *
 *     bench_step DIR [ROUNDS]      an empty directory on a disk that overlayfs can write to
 *
 * The root has 10,000 files. One round runs each once, in turn; medians, and the median of the ratios of each round. */
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/num.h>
#include <ingot/step.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILES 10000
#define MAX_ROUNDS 1000

static struct ingot_err err;
static const char *top;
static char root[4096];
static int root_fd = -1;

static int64_t now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static _Noreturn void stop(const char *what)
{
	fprintf(stderr, "bench_step: %s: %s %s\n", what, err.msg, err.hint);
	exit(1);
}

static void make_root(void)
{
	char path[8192];
	(void)snprintf(root, sizeof(root), "%s/root", top);
	if (mkdir(root, 0755) < 0 || (root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		stop("making the root");
	for (const char *const *p = ingot_step_mountpoints(); *p; p++)
		(void)mkdirat(root_fd, *p, 0755);
	(void)mkdirat(root_fd, "data", 0755);
	for (int i = 0; i < FILES; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "data/%d", i);
		int fd = openat(root_fd, name, O_WRONLY | O_CREAT, 0644);
		if (fd < 0 || close(fd) < 0)
			stop("making a file");
	}
	struct ingot_buf b = INGOT_BUF(MIB(64));
	if (ingot_helper_path("bench_payload", path, sizeof(path) - 32, &err) < 0)
		stop("finding the payload");
	(void)strcat(path, "/bench_payload");
	int fd = openat(root_fd, "p", O_WRONLY | O_CREAT, 0755);
	if (ingot_read_file(path, MIB(64), &b, &err) < 0 || ingot_write_all(fd, b.p, b.n, &err) < 0 || fchmod(fd, 0755) < 0 || close(fd) < 0)
		stop("copying the payload");
	ingot_buf_done(&b);
}

static int64_t number(const char *text)
{
	uint64_t v = 0;
	if (ingot_parse_u64((struct ingot_span){ text, strcspn(text, " \n") }, INT64_MAX, &v) < 0)
		stop(text);
	return (int64_t)v;
}

static void run_step(const char *const *argv, size_t n, unsigned flags, char *out, size_t size)
{
	static int count;
	char scratch[4200];
	struct ingot_step_plan p = INGOT_STEP_PLAN_INIT;
	struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
	(void)snprintf(scratch, sizeof(scratch), "%s/scratch%d", top, count++);
	if (mkdir(scratch, 0700) < 0)
		stop(scratch);
	p.argv = argv;
	p.n_argv = n;
	p.root_fd = root_fd;
	p.scratch_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p.timeout = 120;
	p.flags = flags;
	if (ingot_step_run(&p, NULL, &r, &err) < 0 || r.reason != INGOT_STEP_ENDED || r.status)
		stop("running a step");
	(void)snprintf(out, size, "%s", ingot_buf_cstr(&r.tail));
	ingot_step_result_done(&r);
	close(p.scratch_fd);
}

static double start_step(void)
{
	char out[64];
	int64_t began = now();
	run_step((const char *const[]){ "/p", NULL }, 1, 0, out, sizeof(out));
	return (double)(number(out) - began) / 1e6;
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(9);
	close(fd);
}

/* The least that has namespaces, one id and another root. */
static _Noreturn void bare(uid_t uid, gid_t gid, int out)
{
	char map[64];
	write_to("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof(map), "0 %u 1", (unsigned)gid);
	write_to("/proc/self/gid_map", map);
	(void)snprintf(map, sizeof(map), "0 %u 1", (unsigned)uid);
	write_to("/proc/self/uid_map", map);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount(root, root, NULL, MS_BIND, NULL) < 0)
		_exit(9);
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fchdir(fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		_exit(9);
	(void)dup2(out, 1);
	char name[] = "/p", *const argv[] = { name, NULL }, *const env[] = { NULL };
	(void)execve(name, argv, env);
	_exit(9);
}

static double read_start(int from, pid_t pid, int64_t began)
{
	char out[64] = "";
	int status;
	ssize_t n = ingot_read_upto(from, out, sizeof(out) - 1, &err);
	close(from);
	if (waitpid(pid, &status, 0) != pid || n <= 0 || status)
		return -1;
	return (double)(number(out) - began) / 1e6;
}

static double start_bare(void)
{
	int p[2];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	if (pipe2(p, O_CLOEXEC) < 0)
		stop("pipe");
	int64_t began = now();
	pid_t pid = (pid_t)syscall(SYS_clone, (unsigned long)(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP) | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		bare(uid, gid, p[1]);
	close(p[1]);
	return read_start(p[0], pid, began);
}

static double start_bwrap(void)
{
	int p[2];
	if (pipe2(p, O_CLOEXEC) < 0)
		stop("pipe");
	int64_t began = now();
	pid_t pid = fork();
	if (pid == 0) {
		(void)dup2(p[1], 1);
		(void)execlp("bwrap", "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run", "--clearenv", "/p",
			     (char *)NULL);
		_exit(127);
	}
	close(p[1]);
	return read_start(p[0], pid, began);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[n / 2];
}

static void ledger(void)
{
	char out[64];
	run_step((const char *const[]){ "/p", "chowns", "50000", NULL }, 3, 0, out, sizeof(out));
	printf("ledger      fchown %.1f us, lchown %.1f us a call\n", (double)number(out) / 1e3, (double)number(strchr(out, ' ') + 1) / 1e3);
	run_step((const char *const[]){ "/p", "stats", "50000", NULL }, 3, 0, out, sizeof(out));
	printf("no ledger   stat %.2f us, getuid %.2f us a call in a step that changes no user\n", (double)number(out) / 1e3, (double)number(strchr(out, ' ') + 1) / 1e3);
	run_step((const char *const[]){ "/p", "stats", "50000", NULL }, 3, INGOT_STEP_IDENTITY, out, sizeof(out));
	printf("identity    stat %.1f us, getuid %.1f us a call\n", (double)number(out) / 1e3, (double)number(strchr(out, ' ') + 1) / 1e3);
}

int main(int argc, char **argv)
{
	static double v[3][MAX_ROUNDS], ratio[2][MAX_ROUNDS];
	uint64_t rounds = 50;
	if (argc < 2 || argc > 3 || (argc == 3 && (ingot_parse_u64(ingot_span_of(argv[2]), MAX_ROUNDS, &rounds) < 0 || !rounds))) {
		fprintf(stderr, "usage: bench_step DIR [ROUNDS]\n");
		return 2;
	}
	top = argv[1];
	make_root();
	(void)start_step();
	bool bwrap = start_bwrap() > 0;
	int n = (int)rounds;
	for (int i = 0; i < n; i++) {
		v[0][i] = start_bare();
		v[1][i] = start_step();
		v[2][i] = bwrap ? start_bwrap() : 0;
		ratio[0][i] = v[1][i] / v[0][i];
		ratio[1][i] = bwrap ? v[1][i] / v[2][i] : 0;
	}
	printf("start of a step in a root of %d files, %d rounds, to the first instruction of the program\n", FILES, n);
	/* The least is what a quiet machine would show; a busy one shows it now and then. */
	double middle[3] = { median(v[0], n), median(v[1], n), median(v[2], n) };
	printf("bare        %.2f ms (least %.2f)\n", middle[0], v[0][0]);
	printf("ingot       %.2f ms (least %.2f)   x %.1f of bare\n", middle[1], v[1][0], median(ratio[0], n));
	if (bwrap)
		printf("bwrap       %.2f ms (least %.2f)   ingot is x %.2f of it\n", middle[2], v[2][0], median(ratio[1], n));
	ledger();
	return 0;
}
