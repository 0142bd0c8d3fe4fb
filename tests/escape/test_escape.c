/* Ways out of the sandbox, each of which works outside (or is said to depend on the host), and roots that are laid out to mislead its set-up. */
#include "../unit/step_root.h"
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct ingot_err err;
static struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
static char canary[96], pid_text[16], port_text[16], key_text[16], abstract[64], program[4096 + 64];
static int listener, abstract_listener, shm;

/* What the host has and a step must not get. */
static void make_host(void)
{
	make_root();
	copy_program("escape_probe", root_fd, "bin/escape");
	(void)snprintf(canary, sizeof(canary), "%s/canary", top);
	ck_assert_int_eq(mkdir(canary, 0755), 0);
	int dir = open(canary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_text(dir, "null", "untouched\n", 0644);
	write_text(dir, "file", "untouched\n", 0644);
	close(dir);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(a);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(bind(listener, (struct sockaddr *)&a, n) == 0 && listen(listener, 8) == 0 && getsockname(listener, (struct sockaddr *)&a, &n) == 0);
	struct sockaddr_un u = { .sun_family = AF_UNIX };
	(void)snprintf(abstract, sizeof(abstract), "ingot-test-%d", (int)getpid());
	memcpy(u.sun_path + 1, abstract, strlen(abstract));
	abstract_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(bind(abstract_listener, (struct sockaddr *)&u, (socklen_t)(sizeof(sa_family_t) + 1 + strlen(abstract))) == 0 && listen(abstract_listener, 8) == 0);
	/* A key of our own: one that a killed run left behind, perhaps another user's, is passed over. */
	key_t key = (key_t)(0x1a907000 + (getpid() & 0xfff));
	for (int i = 0; i < 64 && (shm = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600)) < 0; i++)
		key += 0x1000;
	ck_assert_int_ge(shm, 0);
	(void)snprintf(key_text, sizeof(key_text), "%d", (int)key);
	(void)snprintf(pid_text, sizeof(pid_text), "%d", (int)getpid());
	(void)snprintf(port_text, sizeof(port_text), "%d", ntohs(a.sin_port));
	ck_assert_int_eq(setenv("INGOT_CANARY", "secret", 1), 0);
}

static void remove_host(void)
{
	(void)shmctl(shm, IPC_RMID, NULL);
	close(listener);
	close(abstract_listener);
	remove_root();
}

/* The control's answers: the probe as a child of ours, with a descriptor too many. */
static void run_loose(char *ret, size_t size)
{
	int p[2];
	struct ingot_err e = INGOT_ERR_INIT;
	ck_assert_int_eq(ingot_helper_path("escape_probe", program, sizeof(program), &e), 0);
	size_t n = strlen(program);
	(void)snprintf(program + n, sizeof(program) - n, "/escape_probe");
	ck_assert_int_eq(pipe(p), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)dup2(p[1], 1);
		(void)dup2(root_fd, 20);
		(void)execl(program, "escape_probe", "loose", canary, pid_text, port_text, key_text, abstract, (char *)NULL);
		_exit(9);
	}
	close(p[1]);
	ssize_t k = ingot_read_upto(p[0], ret, size - 1, &e);
	close(p[0]);
	ret[k > 0 ? k : 0] = '\0';
	int status;
	ck_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void no_way_out(uint32_t uid, unsigned flags)
{
	char loose[16384], inside[16384], name[64], a[64], b[64];
	int hostly, hostly2, n = 0, n2 = 0;
	run_loose(loose, sizeof(loose));
	(void)snprintf(canary + strlen(canary), 8, "/file");
	PLAN("show");
	plan.argv = (const char *const[]){ "/bin/escape", "inside", canary, pid_text, port_text, key_text, abstract };
	plan.n_argv = 7;
	plan.uid = plan.gid = uid;
	plan.flags = flags | (flags ? 0 : rung_flags());
	plan.timeout = 60;
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status == 0, "reason %d status %u: %s", (int)r.reason, r.status, ingot_buf_cstr(&r.tail));
	(void)snprintf(inside, sizeof(inside), "%s", ingot_buf_cstr(&r.tail));
	char *l = loose, *i = inside;
	int count = 0, controlled = 0, escapes = 0, idle = 0;
	char report[4096] = "";
	while (sscanf(l, "%63s %63[^\n]%n", name, a, &n) == 2 && sscanf(i, "%*s %63[^\n]%n", b, &n2) == 1) {
		l += n;
		i += n2;
		(void)sscanf(strrchr(a, ' '), "%d", &hostly);
		(void)sscanf(strrchr(b, ' '), "%d", &hostly2);
		count++;
		bool worked = strncmp(a, "ok ", 3) == 0;
		controlled += worked;
		size_t at = strlen(report);
		if (strncmp(b, "ok ", 3) == 0 && ++escapes)
			(void)snprintf(report + at, sizeof(report) - at, "%s worked inside\n", name);
		else if (!worked && !hostly && ++idle)
			(void)snprintf(report + at, sizeof(report) - at, "%s does not work outside either: %s\n", name, a);
	}
	ck_assert_msg(escapes == 0 && idle == 0, "%s", report);
	ck_assert_int_ge(count, 70);
	ck_assert_int_ge(controlled, 50);
}

START_TEST(as_root_of_the_step)
{
	no_way_out(0, 0);
}
END_TEST

START_TEST(as_a_user)
{
	no_way_out(10001, 0);
}
END_TEST

START_TEST(in_a_read_only_root)
{
	no_way_out(10001, INGOT_STEP_READONLY);
}
END_TEST

/* With the host's network, on the user's word, its ports are in reach; its abstract sockets (a session bus) and processes are not. */
START_TEST(host_network)
{
	PLAN("show");
	(void)snprintf(canary + strlen(canary), 8, "/file");
	plan.argv = (const char *const[]){ "/bin/escape", "inside", canary, pid_text, port_text, key_text, abstract };
	plan.n_argv = 7;
	plan.uid = plan.gid = 10001;
	plan.flags = INGOT_STEP_NETWORK_HOST | INGOT_STEP_READONLY;
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	const char *out = ingot_buf_cstr(&r.tail);
	ck_assert_msg(strstr(out, "host_port ok") && strstr(out, "host_abstract EPERM") && !strstr(out, "alg ok") && !strstr(out, "packet ok") && !strstr(out, "host_signalled ok"), "%s", out);
}
END_TEST

/* --- poisoned roots --- */

static const char *const kinds[] = { "absolute link", "relative link", "dangling link", "loop", "link into /proc", "link to a device", "fifo", "file", "missing", "closed directory" };
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
#define WORKS (KINDS - 1) /* a directory, after all */

static void poison(const char *name, size_t kind)
{
	(void)unlinkat(root_fd, name, AT_REMOVEDIR);
	(void)unlinkat(root_fd, name, 0);
	int e = 0;
	switch (kind) {
	case 0:
		e = symlinkat(canary, root_fd, name);
		break;
	case 1:
		e = symlinkat("../../../../../../../../../../../../../../var/tmp", root_fd, name);
		break;
	case 2:
		e = symlinkat("/nosuch/place", root_fd, name);
		break;
	case 3:
		e = symlinkat(name, root_fd, name);
		break;
	case 4:
		e = symlinkat("/proc/self/fd/4", root_fd, name);
		break;
	case 5:
		e = symlinkat("/dev", root_fd, name);
		break;
	case 6:
		e = mkfifoat(root_fd, name, 0666);
		break;
	case 7:
		write_text(root_fd, name, "a file\n", 0644);
		break;
	case 8:
		break;
	default:
		e = mkdirat(root_fd, name, 0) | fchmodat(root_fd, name, 0, 0);
	}
	ck_assert_int_eq(e, 0);
}

static void canary_is_whole(const char *after, size_t kind)
{
	struct ingot_buf b = INGOT_BUF(4096);
	struct ingot_err e = INGOT_ERR_INIT;
	char path[128];
	struct stat st;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", canary, i ? "null" : "file");
		ck_assert_int_eq(ingot_read_file(path, 4096, &b, &e), 0);
	}
	ck_assert_msg(strcmp(ingot_buf_cstr(&b), "untouched\nuntouched\n") == 0, "%s as %s: the canary was changed", after, kinds[kind]);
	ingot_buf_done(&b);
	ck_assert_msg(stat(canary, &st) == 0 && st.st_nlink == 2, "%s as %s: something was made beside the canary", after, kinds[kind]);
}

START_TEST(poisoned_mount_points)
{
	static const char *const targets[] = { "proc", "dev", "tmp", "run", "data" };
	for (size_t t = 0; t < 5; t++) {
		bool extra = strcmp(targets[t], "data") == 0;
		(void)unlinkat(root_fd, "data/a", 0);
		(void)unlinkat(root_fd, "data/b", 0);
		for (size_t kind = 0; kind < KINDS; kind++) {
			poison(targets[t], kind);
			struct ingot_step_tmpfs place = { .path = "/data" };
			PLAN("put", "/tmp/x", "x", "put", "/run/x", "x", "put", "/dev/null", "x", "put", "/dev/shm/x", "x");
			plan.tmpfs = &place;
			plan.n_tmpfs = extra;
			int got = ingot_step_run(&plan, NULL, &r, &err);
			bool ran = got == 0 && r.reason == INGOT_STEP_ENDED && r.status == 0;
			ck_assert_msg(ran == (kind == WORKS), "%s as %s: %s", targets[t], kinds[kind], ran ? "it ran" : err.msg);
			ck_assert_msg(ran || strstr(err.msg, targets[t]), "%s", err.msg);
			canary_is_whole(targets[t], kind);
		}
		ck_assert_int_eq(fchmodat(root_fd, targets[t], 0755, 0), 0);
	}
}
END_TEST

START_TEST(poisoned_below_and_volumes)
{
	int dir = open(canary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t kind = 0; kind < 6; kind++) {
		(void)unlinkat(root_fd, "p", 0);
		poison("p", kind);
		struct ingot_step_tmpfs place = { .path = "/p/sub" };
		struct ingot_step_volume volume = { .path = "/p", .fd = dir, .readonly = true };
		PLAN("put", "/tmp/x", "x");
		plan.tmpfs = &place;
		plan.n_tmpfs = 1;
		ck_assert_int_lt(ingot_step_run(&plan, NULL, &r, &err), 0);
		PLAN("put", "/tmp/x", "x");
		plan.volumes = &volume;
		plan.n_volumes = 1;
		plan.flags = INGOT_STEP_READONLY;
		ck_assert_int_lt(ingot_step_run(&plan, NULL, &r, &err), 0);
		canary_is_whole("a place below", kind);
	}
	close(dir);
}
END_TEST

/* A working directory and a program are names of the step's own, looked up inside: there, the host is not to be found. */
START_TEST(poisoned_working_directory)
{
	for (size_t kind = 0; kind < 5; kind++) {
		(void)unlinkat(root_fd, "w", 0);
		poison("w", kind);
		PLAN("put", "file", "written", "put", "null", "written");
		plan.workdir = "/w";
		(void)!ingot_step_run(&plan, NULL, &r, &err);
		canary_is_whole("workdir", kind);
	}
	PLAN("put", "file", "written");
	static char dir[128];
	(void)snprintf(dir, sizeof(dir), "/proc/1/root%s", canary);
	plan.workdir = dir;
	ck_assert_int_lt(ingot_step_run(&plan, NULL, &r, &err), 0);
	ck_assert_int_eq(symlinkat(canary, root_fd, "etc/resolv.conf"), 0);
	PLAN("put", "/tmp/x", "x");
	plan.flags = INGOT_STEP_NETWORK_HOST | INGOT_STEP_READONLY;
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	canary_is_whole("etc/resolv.conf", 0);
}
END_TEST

static volatile bool stop;

static void *swapper(void *arg)
{
	while (!stop) {
		(void)renameat2(root_fd, "dev", root_fd, "evil", RENAME_EXCHANGE);
		(void)renameat2(root_fd, "tmp", root_fd, "evil", RENAME_EXCHANGE);
		(void)sched_yield();
	}
	return NULL;
}

START_TEST(swapped_meanwhile)
{
	pthread_t t;
	ck_assert_int_eq(symlinkat(canary, root_fd, "evil"), 0);
	stop = false;
	ck_assert_int_eq(pthread_create(&t, NULL, swapper, NULL), 0);
	for (int i = 0; i < 40; i++) {
		PLAN("put", "/dev/null", "x", "put", "/tmp/file", "x");
		if (i % 2)
			plan.flags = INGOT_STEP_READONLY;
		(void)!ingot_step_run(&plan, NULL, &r, &err);
	}
	stop = true;
	(void)pthread_join(t, NULL);
	canary_is_whole("swapping", 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("escape");
	TCase *t = tcase_create("escape");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, make_host, remove_host);
	tcase_add_test(t, as_root_of_the_step);
	tcase_add_test(t, as_a_user);
	tcase_add_test(t, in_a_read_only_root);
	if (syscall(444 /* landlock_create_ruleset */, NULL, 0, 1U) >= 6)
		tcase_add_test(t, host_network);
	tcase_add_test(t, poisoned_mount_points);
	tcase_add_test(t, poisoned_below_and_volumes);
	tcase_add_test(t, poisoned_working_directory);
	tcase_add_test(t, swapped_meanwhile);
	suite_add_tcase(s, t);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
