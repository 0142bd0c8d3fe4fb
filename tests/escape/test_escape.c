/* Ways out of the sandbox, each of which works outside (or is said to depend on the host). */
#include "../unit/run_suite.h"
#include "../unit/step_root.h"
#include <ingot/doctor.h>
#include <netinet/in.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct ingot_err err;
static struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
static char canary[96], pid_text[16], port_text[16], key_text[16], abstract[64], program[4096 + 64];
static int listener, abstract_listener, path_listener, shm, queue, semaphore;

/* What the host has and a step must not get. */
static void make_host(void)
{
	/* Where we may, everything that a step may not have is ours to give. */
	static const int limits[] = { RLIMIT_CORE, RLIMIT_NPROC, RLIMIT_MEMLOCK, RLIMIT_FSIZE };
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	for (size_t i = 0; i < 4; i++)
		(void)setrlimit((__rlimit_resource_t)limits[i], &all);
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
	ck_assert_int_ge(queue = msgget(key, IPC_CREAT | 0600), 0);
	ck_assert_int_ge(semaphore = semget(key, 1, IPC_CREAT | 0600), 0);
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	(void)snprintf(path.sun_path, sizeof(path.sun_path), "%.80s/file.socket", canary);
	path_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(bind(path_listener, (struct sockaddr *)&path, sizeof(path)) == 0 && listen(path_listener, 8) == 0);
	(void)snprintf(key_text, sizeof(key_text), "%d", (int)key);
	(void)snprintf(pid_text, sizeof(pid_text), "%d", (int)getpid());
	(void)snprintf(port_text, sizeof(port_text), "%d", ntohs(a.sin_port));
	ck_assert_int_eq(setenv("INGOT_CANARY", "secret", 1), 0);
}

static void remove_host(void)
{
	(void)shmctl(shm, IPC_RMID, NULL);
	(void)msgctl(queue, IPC_RMID, NULL);
	(void)semctl(semaphore, 0, IPC_RMID);
	close(path_listener);
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
		(void)dup2(root_fd, 0);
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
	char loose[32768], inside[32768], name[64], a[64], b[64];
	int hostly, n = 0, n2 = 0;
	(void)snprintf(canary + strlen(canary), 8, "/file");
	run_loose(loose, sizeof(loose));
	PLAN("show");
	plan.argv = (const char *const[]){ "/bin/escape", "inside", canary, pid_text, port_text, key_text, abstract };
	plan.n_argv = 7;
	plan.uid = plan.gid = uid;
	plan.flags = flags | (flags ? 0 : rung_flags());
	plan.timeout = 60;
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status == 0, "reason %d status %u: %s", (int)r.reason, r.status, ingot_buf_cstr(&r.tail));
	(void)snprintf(inside, sizeof(inside), "%s", ingot_buf_cstr(&r.tail));
	struct stat null;
	ck_assert_msg(stat("/dev/null", &null) == 0 && (null.st_mode & 07777) == 0666 && null.st_uid == 0 && null.st_gid == 0, "the host's /dev/null was changed");
	char *l = loose, *i = inside;
	int count = 0, controlled = 0, escapes = 0, idle = 0;
	char report[4096] = "";
	while (sscanf(l, "%63s %63[^\n]%n", name, a, &n) == 2 && sscanf(i, "%*s %63[^\n]%n", b, &n2) == 1) {
		l += n;
		i += n2;
		(void)sscanf(strrchr(a, ' '), "%d", &hostly);
		bool worked = strncmp(a, "ok ", 3) == 0;
		size_t at = strlen(report);
		if (strncmp(name, "needed.", 7) == 0) {
			if (strncmp(b, "ok ", 3) != 0 && !hostly && ++escapes)
				(void)snprintf(report + at, sizeof(report) - at, "%s does not work inside: %s\n", name, b);
			continue;
		}
		count++;
		controlled += worked;
		if (strncmp(b, "ok ", 3) == 0 && ++escapes)
			(void)snprintf(report + at, sizeof(report) - at, "%s worked inside\n", name);
		else if (!worked && !hostly && ++idle)
			(void)snprintf(report + at, sizeof(report) - at, "%s does not work outside either: %s\n", name, a);
	}
	ck_assert_msg(escapes == 0 && idle == 0, "%s", report);
	ck_assert_int_ge(count, 220);
	ck_assert_int_ge(controlled, 130);
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
	ck_assert_msg(strstr(out, "sockets.host_port ok") && strstr(out, "sockets.host_abstract EPERM") && !strstr(out, "sockets.alg ok") && !strstr(out, "sockets.packet ok") && !strstr(out, ".host_signalled ok"), "%s", out);
}
END_TEST

/* A container around ingot whose filter does not know openat2(): what keeps names of a step away from init's descriptors must not depend on it. */
START_TEST(where_openat2_is_refused)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 437 /* openat2 */, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { 4, code };
	/* Of this process alone: each test is one. */
	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
	int volume = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* the host's, and writable: init keeps that one, too */
	ck_assert(mkdirat(volume, "volume", 0755) == 0);
	const struct ingot_step_volume v = { .path = "/data", .fd = openat(volume, "volume", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	(void)snprintf(canary + strlen(canary), 8, "/file");
	PLAN("show");
	plan.volumes = &v;
	plan.n_volumes = 1;
	plan.argv = (const char *const[]){ "/bin/escape", "inside", canary, pid_text, port_text, key_text, abstract };
	plan.n_argv = 7;
	plan.timeout = 60;
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	struct ingot_span rest = ingot_buf_view(&r.tail), line;
	int lines = 0;
	while (ingot_span_next(&rest, '\n', &line) && line.n) {
		char name[64] = "", answer[64] = "";
		ck_assert_int_eq(sscanf(line.p, "%63s %63s", name, answer), 2);
		lines++;
		/* That init can be led to its own descriptors is so here; that these lead nowhere is what counts. */
		ck_assert_msg(strcmp(answer, "ok") != 0 || strncmp(name, "needed.", 7) == 0 || strncmp(name, "descriptors.led_by_", 19) == 0, "%s worked inside", name);
	}
	ck_assert_int_ge(lines, 250);
	struct stat st;
	(void)strcat(canary, ".made");
	ck_assert_msg(lstat(canary, &st) < 0, "something was made on the host");
}
END_TEST

/* A container around ingot that forbids user namespaces: doctor says so, and so does the step. */
START_TEST(where_namespaces_are_refused)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x10000000 /* CLONE_NEWUSER */, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { 7, code };
	struct ingot_host_fact facts[INGOT_MAX_HOST_FACTS];
	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
	int n = ingot_doctor(-1, facts, &err), told = 0;
	ck_assert_msg(n > 0, "%s", err.msg);
	for (int i = 0; i < n; i++) {
		if (strcmp(facts[i].what, "user namespaces") != 0)
			continue;
		told++;
		ck_assert_msg(!facts[i].ok && facts[i].needed && strstr(facts[i].detail, "not permitted") && strstr(facts[i].fix, "container"), "%d %d %s; %s", facts[i].ok, facts[i].needed, facts[i].detail, facts[i].fix);
	}
	ck_assert_int_eq(told, 1);
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
	tcase_add_test(t, where_openat2_is_refused);
	tcase_add_test(t, where_namespaces_are_refused);
	if (syscall(444 /* landlock_create_ruleset */, NULL, 0, 1U) >= 6)
		tcase_add_test(t, host_network);
	suite_add_tcase(s, t);
	return run_suite(s);
}
