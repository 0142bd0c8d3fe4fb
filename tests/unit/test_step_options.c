/* What a step may be given beside its root: secrets, output that is masked, volumes that count as its disk, and the files of a step before it. */
#include "run_suite.h"
#include "step_root.h"
#include <sys/mman.h>

static struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
static struct ingot_err err;

static int memory(const void *p, size_t n)
{
	int fd = memfd_create("secret", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ingot_write_all(fd, p, n, &err), 0);
	return fd;
}

static const char *run(const struct ingot_log *log)
{
	int got = ingot_step_run(&plan, log, &r, &err);
	ck_assert_msg(got == 0, "%s (%s)", err.msg, err.hint);
	return ingot_buf_cstr(&r.tail);
}

START_TEST(secrets)
{
	static char big[INGOT_MAX_SECRET];
	memset(big, 'b', sizeof(big));
	const struct ingot_step_secret given[] = { { "token", memory("one\0two\n", 8) }, { "key.pem", memory(big, sizeof(big)) } };
	/* Twice with the same descriptors, whose position nobody moves; as root and as another user. */
	for (uint32_t uid = 0; uid <= 77; uid += 77) {
		PLAN("cat", "/run/secrets/token", "cat", "/run/secrets/key.pem");
		plan.uid = plan.gid = uid;
		plan.secrets = given;
		plan.n_secrets = 2;
		(void)run(NULL);
		ck_assert_int_eq(r.reason, INGOT_STEP_ENDED);
		ck_assert_uint_eq(r.status, 0);
		ck_assert_uint_eq(r.output, 8 + sizeof(big));
		ck_assert_uint_eq(r.tail.p[r.tail.n - 1], 'b');
	}
	/* The next step of the same scratch has none. */
	PLAN("fails", "cat", "/run/secrets/token");
	(void)run(NULL);
	ck_assert_uint_eq(r.status, 0);
}
END_TEST

START_TEST(bad_secrets)
{
	static const char *const names[] = { "", ".", "..", "a/b", "../../etc/x" };
	struct ingot_step_secret s = { .fd = memory("value", 5) };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		PLAN("exit", "0");
		s.id = names[i];
		plan.secrets = &s;
		plan.n_secrets = 1;
		ck_assert_int_lt(ingot_step_run(&plan, NULL, &r, &err), 0);
		ck_assert_msg(strstr(err.msg, "secret"), "%s: %s", names[i], err.msg);
	}
	static char big[INGOT_MAX_SECRET + 1];
	s = (struct ingot_step_secret){ "big", memory(big, sizeof(big)) };
	PLAN("exit", "0");
	plan.secrets = &s;
	plan.n_secrets = 1;
	ck_assert_int_lt(ingot_step_run(&plan, NULL, &r, &err), 0);
}
END_TEST

static void keep_line(void *ctx, const char *step, const char *line)
{
	struct ingot_buf *b = ctx;
	ingot_buf_fmt(b, "%s\n", line);
}

START_TEST(masked_output)
{
	struct ingot_search *hide = ingot_search_new();
	struct ingot_buf said = INGOT_BUF(KIB(64));
	const struct ingot_log log = { .ctx = &said, .output = keep_line };
	(void)ingot_search_add(hide, "t", INGOT_SPAN("tok\nen"));
	PLAN("echo", "x tok\nen y", "error", "tok", "echo", "dG9rCmVu", "echo", "746f6b0a656e tok");
	plan.hide = hide;
	const char *tail = run(&log);
	ck_assert_uint_eq(r.status, 0);
	/* Two streams: what is split between them is none. What only begins like a secret at the very end is shown. */
	ck_assert_ptr_nonnull(strstr(ingot_buf_cstr(&said), "x *** y\n***\n*** tok\n"));
	ck_assert_ptr_nonnull(strstr(ingot_buf_cstr(&said), "\ntok\n"));
	ck_assert_ptr_null(strstr(ingot_buf_cstr(&said), "dG9r"));
	ck_assert_ptr_null(strstr(tail, "dG9r"));
	ck_assert_ptr_null(strstr(tail, "746f"));
	ck_assert_ptr_nonnull(strstr(tail, "***"));
	ingot_buf_done(&said);
	ingot_search_free(hide);
}
END_TEST

START_TEST(files_of_the_step_before)
{
	PLAN("put", "/data/new", "left", "rm", "/data/a", "mkdir", "/data/d", "exit", "3");
	(void)run(NULL);
	ck_assert_uint_eq(r.status, 3);
	plan.argv = (const char *const[]){ "/bin/p", "cat", "/data/new", "fails", "cat", "/data/a", "mkdir", "/data/d/e" };
	plan.n_argv = 8;
	plan.flags = INGOT_STEP_AGAIN;
	const char *out = run(NULL);
	ck_assert_msg(r.status == 0 && strncmp(out, "left", 4) == 0, "%u %s", r.status, out);
}
END_TEST

/* A writable volume counts as the step's disk; one for reading does not, and what was in it does. */
START_TEST(volumes_are_limited)
{
	char path[96];
	(void)snprintf(path, sizeof(path), "%s/cache", top);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct ingot_step_volume v = { .path = "/data", .fd = dir };
	PLAN("fill", "/data/1", "30", "fill", "/data/2", "30", "sleep", "20");
	plan.disk_limit = MIB(50);
	plan.volumes = &v;
	plan.n_volumes = 1;
	(void)run(NULL);
	ck_assert_int_eq(r.reason, INGOT_STEP_DISK_FULL);
	PLAN("exit", "0");
	plan.disk_limit = MIB(50);
	v.readonly = true;
	plan.volumes = &v;
	plan.n_volumes = 1;
	(void)run(NULL);
	ck_assert_int_eq(r.reason, INGOT_STEP_ENDED);
	(void)close(dir);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("step_options");
	TCase *t = tcase_create("step_options");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make_root, remove_root);
	tcase_add_test(t, secrets);
	tcase_add_test(t, bad_secrets);
	tcase_add_test(t, masked_output);
	tcase_add_test(t, files_of_the_step_before);
	tcase_add_test(t, volumes_are_limited);
	suite_add_tcase(s, t);
	return run_suite(s);
}
