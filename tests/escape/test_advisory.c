/* Faults that others had, each tried against us under its own name. What they have in common is in docs/SECURITY.md; the rest of each class is in test_poison, test_swap and
 * test_escape. */
#include "../unit/run_suite.h"
#include "canary.h"
#include <ingot/store.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static struct ingot_step_result r = INGOT_STEP_RESULT_INIT;

static const char *run(void)
{
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	return ingot_buf_cstr(&r.tail);
}

static const char *run_well(void)
{
	const char *out = run();
	ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status == 0, "reason %d, status %u: %s", (int)r.reason, r.status, out);
	return out;
}

static int host_directory(const char *name)
{
	char path[96];
	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* bubblewrap: a link inside the new root made the set-up itself write to the host, before the payload ran. */
START_TEST(CVE_2026_87766_link_in_the_new_root)
{
	static const char *const names[] = { "dev", "tmp", "run", "proc" };
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(unlinkat(root_fd, names[i], AT_REMOVEDIR) | symlinkat(canary, root_fd, names[i]), 0);
		PLAN("show");
		ck_assert_int_lt(ingot_step_run(&plan, NULL, &r, &err), 0);
		ck_assert_msg(strstr(err.msg, names[i]) != NULL, "%s", err.msg);
		canary_is_whole("/%s", names[i]);
		ck_assert_int_eq(unlinkat(root_fd, names[i], 0) | mkdirat(root_fd, names[i], 0755), 0);
	}
}
END_TEST

/* runc: what covers files of /proc was a device that the image could replace. */
START_TEST(CVE_2025_31133_covers_are_ours)
{
	ck_assert_int_eq(symlinkat("/proc/sys/kernel/core_pattern", root_fd, "dev/null"), 0);
	PLAN("put", "/dev/null", "evil", "cat", "/dev/null", "cat", "/proc/kallsyms", "cat", "/proc/keys");
	ck_assert_str_eq(run_well(), "");
}
END_TEST

/* runc: a descriptor of the host reached the payload, or was its working directory. */
START_TEST(CVE_2024_21626_stray_descriptors)
{
	int fds[200], pair[2], n = 0, unlock = 0;
	for (; n < 100; n++)
		fds[n] = open(n % 2 ? canary : "/", O_RDONLY | O_DIRECTORY); /* not close-on-exec, as a careless caller's */
	for (; n < 140; n += 2) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		fds[n] = pair[0];
		fds[n + 1] = pair[1];
	}
	for (; n < 180; n++)
		fds[n] = memfd_create("stray", 0);
	for (; n < 200; n++) {
		fds[n] = posix_openpt(O_RDWR | O_NOCTTY);
		ck_assert_int_eq(ioctl(fds[n], TIOCSPTLCK, &unlock), 0);
	}
	for (int i = 0; i < 200; i++)
		ck_assert_int_ge(fds[i], 0);
	PLAN("show", "climb", canary_file);
	const char *out = run_well();
	ck_assert_msg(strstr(out, "fd 0\nfd 1\nfd 2\nuid") != NULL, "%s", out);
	plan.flags = INGOT_STEP_READONLY;
	out = run_well();
	ck_assert_msg(strstr(out, "fd 0\nfd 1\nfd 2\nuid") != NULL, "%s", out);
	char dir[200];
	for (int i = 0; i < 40; i++) {
		(void)snprintf(dir, sizeof(dir), "/proc/self/fd/%d%s", i < 20 ? i : fds[i * 4], i % 2 ? "/../../../../../../.." : "");
		PLAN("climb", canary_file, "try", "put", "file", "evil", "show");
		plan.workdir = dir;
		if (ingot_step_run(&plan, NULL, &r, &err) == 0)
			ck_assert_msg(r.status == 0 && !strstr(ingot_buf_cstr(&r.tail), "unreachable"), "%s: %u %s", dir, r.status, ingot_buf_cstr(&r.tail));
		canary_is_whole("the working directory %s", dir);
	}
	for (int i = 0; i < 200; i++)
		close(fds[i]);
}
END_TEST

/* BuildKit, Buildah: the source of a mount was checked and then used by its name. */
START_TEST(CVE_2024_23651_source_of_a_mount_exchanged)
{
	int dir = host_directory("volume");
	write_text(dir, "which", "the volume", 0644);
	char path[96], aside[112];
	(void)snprintf(path, sizeof(path), "%s/volume", top);
	(void)snprintf(aside, sizeof(aside), "%s.aside", path);
	struct ingot_step_volume v = { .path = "/data", .fd = dir };
	/* opened, then exchanged for a link: CVE-2024-23651, CVE-2024-11218, CVE-2024-9675; for another directory: CVE-2024-1753 */
	for (int kind = 0; kind < 2; kind++) {
		ck_assert_int_eq(rename(path, aside), 0);
		ck_assert_int_eq(kind ? symlink(canary, path) : rename(canary, path), 0);
		PLAN("try", "put", "/data/evil", "x", "try", "cat", "/data/file");
		plan.volumes = &v;
		plan.n_volumes = 1;
		if (ingot_step_run(&plan, NULL, &r, &err) == 0)
			ck_assert_msg(!strstr(ingot_buf_cstr(&r.tail), "only the host"), "%s", ingot_buf_cstr(&r.tail));
		ck_assert_int_eq(kind ? unlink(path) : rename(path, canary), 0);
		ck_assert_int_eq(rename(aside, path), 0);
		canary_is_whole("source of kind %d", kind);
	}
	PLAN("cat", "/data/which");
	plan.volumes = &v;
	plan.n_volumes = 1;
	ck_assert_str_eq(run_well(), "the volume");
	close(dir);
}
END_TEST

/* Buildah: options of a mount came from the recipe. Ours are fixed: nothing is shared with the host, no set-id, no devices. */
START_TEST(CVE_2024_9407_options_are_fixed)
{
	int dir = host_directory("volume");
	struct ingot_step_volume v = { .path = "/data", .fd = dir };
	PLAN("cat", "/proc/self/mountinfo");
	plan.volumes = &v;
	plan.n_volumes = 1;
	const char *out = run_well();
	ck_assert_msg(!strstr(out, "shared:") && !strstr(out, "master:") && !strstr(out, "propagate_from:"), "%s", out);
	struct ingot_span rest = ingot_span_of(out), line;
	int lines = 0;
	while (ingot_span_next(&rest, '\n', &line) && line.n) {
		char text[1024];
		(void)snprintf(text, sizeof(text), "%.*s", INGOT_SPAN_ARG(line));
		lines++;
		ck_assert_msg(strstr(text, "nosuid") != NULL, "%s", text);
		ck_assert_msg(strstr(text, "nodev") || strstr(text, " /dev") || strstr(text, "/null /proc/"), "%s", text);
	}
	ck_assert_int_ge(lines, 8);
	close(dir);
}
END_TEST

/* The kernel: sockets of a family that no namespace covers. */
START_TEST(CVE_2026_31431_socket_families)
{
	static const unsigned flags[] = { 0, INGOT_STEP_READONLY, INGOT_STEP_LOOPBACK, INGOT_STEP_IDENTITY, INGOT_STEP_NETWORK_HOST };
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		PLAN("family", "38");
		plan.flags = flags[i];
		(void)run();
		ck_assert_msg(r.status == EAFNOSUPPORT, "flags %u: status %u: %s", flags[i], r.status, ingot_buf_cstr(&r.tail));
	}
}
END_TEST

struct accomplice {
	int fd;
	volatile bool stop;
};

static void *write_on(void *arg)
{
	struct accomplice *a = arg;
	for (unsigned i = 0; !a->stop; i++) {
		(void)!pwrite(a->fd, i % 2 ? "evil" : "mine", 4, 0);
		if (i % 64 == 0)
			(void)!ftruncate(a->fd, (off_t)(i % 4096));
	}
	return NULL;
}

static int take_descriptor(int listener)
{
	char c;
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room) };
	int s = accept(listener, NULL, NULL), fd = -1;
	if (s >= 0 && recvmsg(s, &m, 0) == 1 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	if (s >= 0)
		close(s);
	return fd;
}

/* Nix: a descriptor of an output went out of the sandbox over an abstract socket, and the output was changed after it had been registered. */
START_TEST(GHSA_2ffj_w4mj_pg37_descriptor_handed_out)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char name[64];
	(void)snprintf(name, sizeof(name), "@ingot-nix-%d", (int)getpid());
	memcpy(a.sun_path + 1, name + 1, strlen(name) - 1);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(bind(s, (struct sockaddr *)&a, (socklen_t)(sizeof(sa_family_t) + strlen(name))) == 0 && listen(s, 1) == 0);
	PLAN("handfile", "/etc/x", name);
	(void)run();
	ck_assert_msg(r.status != 0, "the abstract socket was reached");
	close(s);
}
END_TEST

/* The same through a socket file, two years later. The step is over, the descriptor lives: what is taken is one content, whole, or an error. */
START_TEST(GHSA_g3g9_5vj6_r3gj_changed_while_it_is_taken)
{
	int dir = host_directory("volume"), s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/volume/s", top);
	ck_assert(bind(s, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(s, 1) == 0);
	struct ingot_step_volume v = { .path = "/data", .fd = dir };
	PLAN("put", "/etc/x", "mine", "handfile", "/etc/x", "/data/s");
	plan.volumes = &v;
	plan.n_volumes = 1;
	(void)run_well();
	struct accomplice out = { .fd = take_descriptor(s) };
	ck_assert_int_ge(out.fd, 0);
	pthread_t t;
	ck_assert_int_eq(pthread_create(&t, NULL, write_on, &out), 0);
	int taken = 0;
	for (int i = 0; i < 60; i++) {
		taken += harvest(0) == 0; /* harvest() asserts that as many bytes come as were announced */
		ck_assert_msg(strstr(ingot_buf_cstr(&seen), "/etc/x") != NULL || err.msg[0], "%s", ingot_buf_cstr(&seen));
	}
	out.stop = true;
	(void)pthread_join(t, NULL);
	ck_assert_int_gt(taken, 0);
	close(out.fd);
	close(s);
	close(dir);
}
END_TEST

/* Of the processes that we started: 0 when NAME=value of ours is in an environment that can be read from outside. */
static int leaks(pid_t builder, const char *value, int *ret_seen)
{
	DIR *d = opendir("/proc");
	int leaked = 0;
	for (const struct dirent *e; (e = readdir(d));) {
		char path[300], text[8192] = "", name[64] = "";
		int pid = atoi(e->d_name), parent = 0, grand = 0;
		(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		FILE *f = pid > 0 && pid != builder ? fopen(path, "r") : NULL;
		if (!f)
			continue;
		bool got = fscanf(f, "%*d (%63[^)]) %*c %d", name, &parent) == 2;
		(void)fclose(f);
		(void)grand;
		if (!got || (strcmp(name, "ingot-step") != 0 && strcmp(name, "p") != 0) || parent <= 1)
			continue;
		++*ret_seen;
		(void)snprintf(path, sizeof(path), "/proc/%d/environ", pid);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
		leaked += n > 0 && memmem(text, (size_t)n, value, strlen(value)) != NULL;
		(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		if (fd >= 0)
			close(fd);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, text, sizeof(text));
		leaked += n > 0 && memmem(text, (size_t)n, value, strlen(value)) != NULL;
		if (fd >= 0)
			close(fd);
	}
	(void)closedir(d);
	return leaked;
}

/* Buildah (and again in 2026, d356d653d): variables of the caller in the environment of a process that the step, or whoever looks from outside, can read. */
START_TEST(CVE_2021_3602_environment)
{
	char value[64];
	(void)snprintf(value, sizeof(value), "token-%d-of-the-caller", (int)getpid());
	ck_assert_int_eq(setenv("CI_JOB_TOKEN", value, 1), 0);
	int up[2];
	char c[8];
	ck_assert_int_eq(pipe(up), 0);
	PLAN("show", "fails", "cat", "/proc/1/environ", "sleep", "1");
	plan.flags = INGOT_STEP_STDIO;
	plan.stdio[1] = up[1];
	pid_t builder = fork();
	if (builder == 0)
		_exit(ingot_step_run(&plan, NULL, &r, &err) < 0 || r.status != 0);
	(void)close(up[1]);
	char text[4096] = "";
	int n_seen = 0, status;
	ck_assert_int_gt(read(up[0], text, sizeof(text) - 1), 0);
	ck_assert_int_eq(leaks(builder, value, &n_seen), 0);
	ck_assert_int_ge(n_seen, 2);
	ck_assert_msg(!strstr(text, value) && !strstr(text, "CI_JOB_TOKEN"), "%s", text);
	(void)!read(up[0], c, sizeof(c));
	ck_assert(waitpid(builder, &status, 0) == builder && status == 0);
	close(up[0]);
}
END_TEST

/* Docker: something of the new root was executed or loaded after the root had changed. Fifos in all these places: whoever opens one waits for ever. */
START_TEST(CVE_2019_14271_nothing_of_the_root_is_loaded)
{
	static const char *const dirs[] = { "lib", "lib64", "lib/x86_64-linux-gnu", "usr", "usr/lib", "usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/locale", "etc/ld.so.conf.d", "usr/share", "usr/share/zoneinfo" };
	static const char *const names[] = { "etc/ld.so.preload", "etc/ld.so.cache", "etc/ld.so.conf", "etc/nsswitch.conf", "etc/passwd", "etc/group", "etc/hosts", "etc/resolv.conf", "etc/host.conf", "etc/localtime", "etc/locale.alias",
					     "lib/x86_64-linux-gnu/libnss_files.so.2", "lib/x86_64-linux-gnu/libnss_dns.so.2", "lib/x86_64-linux-gnu/libc.so.6", "lib/x86_64-linux-gnu/libgcc_s.so.1", "lib64/ld-linux-x86-64.so.2",
					     "usr/lib/x86_64-linux-gnu/gconv/gconv-modules", "usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache", "usr/lib/locale/locale-archive", "usr/lib/locale/C.utf8", "usr/share/zoneinfo/UTC" };
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		ck_assert_int_eq(mkdirat(root_fd, dirs[i], 0755), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(mkfifoat(root_fd, names[i], 0666) == 0, "%s: %s", names[i], strerror(errno));
	static const unsigned flags[] = { 0, INGOT_STEP_IDENTITY, INGOT_STEP_READONLY, INGOT_STEP_NETWORK_HOST, INGOT_STEP_LOOPBACK };
	for (size_t i = 0; i < 5; i++) {
		PLAN("put", "/tmp/x", "x");
		plan.flags = flags[i];
		plan.timeout = 10;
		(void)run_well();
		if (!(flags[i] & INGOT_STEP_READONLY))
			ck_assert_msg(harvest(0) == 0, "%s", err.msg);
	}
}
END_TEST

/* moby (CVE-2026-41567): and nothing of it is executed but the command: the kernel's own helpers included. */
START_TEST(CVE_2026_41567_nothing_of_the_root_is_executed)
{
	static const char *const names[] = { "sbin", "usr", "usr/bin", "usr/sbin", "usr/local", "usr/local/bin" }, *const programs[] = { "sh", "mount", "modprobe", "true", "newuidmap", "ingot-step", "ldconfig", "init", "p" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert_int_eq(mkdirat(root_fd, names[i], 0755), 0);
		for (size_t k = 0; k < sizeof(programs) / sizeof(programs[0]); k++) {
			char name[96];
			(void)snprintf(name, sizeof(name), "%s/%s", names[i], programs[k]);
			write_text(root_fd, name, "#!/bin/p put /executed yes\n", 0755);
		}
	}
	PLAN("put", "/tmp/x", "x");
	(void)run_well();
	ck_assert_int_eq(harvest(0), 0);
	ck_assert_msg(!strstr(ingot_buf_cstr(&seen), "executed"), "%s", ingot_buf_cstr(&seen));
}
END_TEST

/* BuildKit: clean-up followed a path that the step had replaced, and deleted on the host. */
START_TEST(CVE_2024_23652_cleaning_up)
{
	struct ingot_store *store = NULL;
	char path[96], name[64];
	(void)snprintf(path, sizeof(path), "%s/store", top);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_msg(ingot_store_open(path, NULL, &store, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(mkdirat(root_fd, "above", 0755) | mkdirat(root_fd, "above/sub", 0755), 0);
	for (int kind = 0; kind < 3; kind++) {
		PLAN("try", "mv", "/above", "/aside", "try", "symlink", canary, "/above", "try", "rm", "/tmp", "try", "symlink", canary, "/tmp", "rm", "/etc/config", "rm", "/etc", "symlink", canary, "/etc", "mkdir", "/closed", "symlink", canary, "/closed/l", "put",
		     "/closed/f", "x", "chmod", "0", "/closed");
		const struct ingot_step_tmpfs t = { .path = "/above/sub" };
		int scratch = ingot_store_scratch(store, name, &err);
		plan.scratch_fd = scratch;
		plan.tmpfs = &t;
		plan.n_tmpfs = 1;
		(void)run_well();
		/* and as if the step had got at the directories themselves */
		if (kind == 1)
			ck_assert_int_eq(renameat(scratch, "upper", scratch, "away") | symlinkat(canary, scratch, "upper"), 0);
		if (kind == 2)
			ck_assert_int_eq(symlinkat(canary, scratch, "work/evil") | symlinkat("..", scratch, "work/up"), 0);
		ingot_store_scratch_remove(store, name);
		struct stat st;
		ck_assert_msg(fstat(scratch, &st) == 0 && st.st_nlink == 0, "the scratch directory is still there (%d)", kind);
		close(scratch);
		canary_is_whole("cleaning up, %d", kind);
	}
	ingot_store_close(store);
}
END_TEST

static uint64_t hash_file(const char *path)
{
	struct ingot_buf b = INGOT_BUF(MIB(64));
	ck_assert_msg(ingot_read_file(path, MIB(64), &b, &err) == 0, "%s", err.msg);
	uint64_t h = fold(UINT64_C(0xcbf29ce484222325), b.p, b.n);
	ingot_buf_done(&b);
	return h;
}

/* runc: the payload rewrote the runtime's own program through /proc/self/exe. */
START_TEST(CVE_2019_5736_our_own_program)
{
	char program[4096 + 64];
	ck_assert_int_eq(ingot_helper_path("ingot-step", program, sizeof(program), &err), 0);
	size_t n = strlen(program);
	(void)snprintf(program + n, sizeof(program) - n, "/ingot-step");
	uint64_t was = hash_file(program);
	write_text(root_fd, "bin/q", "#!/proc/self/exe\n", 0755);
	write_text(root_fd, "evil.so", "not a library\n", 0755);
	static const char *const commands[] = { "/proc/self/exe", "/bin/q", "/proc/1/exe", "/proc/thread-self/exe", "/dev/fd/../exe" };
	static const char *const env[] = { "LD_PRELOAD=/evil.so", "LD_LIBRARY_PATH=/", "GCONV_PATH=/", "LOCPATH=/" };
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *const argv[] = { commands[i], "put", "/executed", "yes" };
		PLAN("show");
		plan.argv = argv;
		plan.n_argv = 4;
		plan.env = env;
		plan.n_env = 4;
		plan.timeout = 10;
		int got = ingot_step_run(&plan, NULL, &r, &err);
		ck_assert_msg(got < 0 || r.reason != INGOT_STEP_ENDED || r.status != 0, "%s ran", commands[i]);
		ck_assert_msg(got < 0 || r.reason != INGOT_STEP_TIMED_OUT, "%s waits for ever", commands[i]);
		ck_assert_msg(hash_file(program) == was, "%s was changed", program);
	}
	PLAN("try", "put", "/proc/1/exe", "evil", "try", "put", "/proc/1/task/1/exe", "evil", "fails", "cat", "/proc/1/exe", "fails", "cat", "/proc/1/maps");
	(void)run_well();
	ck_assert_msg(hash_file(program) == was, "%s was changed", program);
}
END_TEST

/* bubblewrap: a step typed into the terminal from which it was started. */
START_TEST(CVE_2017_5226_terminal)
{
	int m = posix_openpt(O_RDWR | O_NOCTTY), unlock = 0, status;
	unsigned number;
	char name[32];
	ck_assert(m >= 0 && ioctl(m, TIOCSPTLCK, &unlock) == 0 && ioctl(m, TIOCGPTN, &number) == 0);
	(void)snprintf(name, sizeof(name), "/dev/pts/%u", number);
	PLAN("fails", "cat", "/dev/tty", "show");
	pid_t builder = fork();
	if (builder == 0) {
		/* The control: here, the terminal is the builder's. */
		(void)setsid();
		int s = open(name, O_RDWR);
		if (s < 0 || ioctl(s, TIOCSCTTY, 0) < 0 || open("/dev/tty", O_RDWR | O_NONBLOCK) < 0)
			_exit(9);
		plan.flags = INGOT_STEP_STDIO;
		plan.stdio[0] = plan.stdio[1] = plan.stdio[2] = s;
		_exit(ingot_step_run(&plan, NULL, &r, &err) < 0 ? 8 : r.status ? 7 : 0);
	}
	ck_assert(waitpid(builder, &status, 0) == builder && WIFEXITED(status));
	ck_assert_msg(WEXITSTATUS(status) == 0, "%d: the step reached its builder's terminal", WEXITSTATUS(status));
	close(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("advisory");
	TCase *t = tcase_create("advisory");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make_canary, remove_root);
	tcase_add_test(t, CVE_2026_87766_link_in_the_new_root);
	tcase_add_test(t, CVE_2025_31133_covers_are_ours);
	tcase_add_test(t, CVE_2024_21626_stray_descriptors);
	tcase_add_test(t, CVE_2024_23651_source_of_a_mount_exchanged);
	tcase_add_test(t, CVE_2024_9407_options_are_fixed);
	tcase_add_test(t, CVE_2026_31431_socket_families);
	tcase_add_test(t, GHSA_2ffj_w4mj_pg37_descriptor_handed_out);
	tcase_add_test(t, GHSA_g3g9_5vj6_r3gj_changed_while_it_is_taken);
	tcase_add_test(t, CVE_2021_3602_environment);
	tcase_add_test(t, CVE_2019_14271_nothing_of_the_root_is_loaded);
	tcase_add_test(t, CVE_2026_41567_nothing_of_the_root_is_executed);
	tcase_add_test(t, CVE_2024_23652_cleaning_up);
	tcase_add_test(t, CVE_2019_5736_our_own_program);
	tcase_add_test(t, CVE_2017_5226_terminal);
	suite_add_tcase(s, t);
	return run_suite(s);
}
