/* Roots and scratch directories that are laid out to mislead: set-up and harvest reach nothing outside, whatever lies at a name that they or the step use.
 * The cases of CVE-2026-87766 (bubblewrap), CVE-2025-31133, -52565, -52881, CVE-2026-41579 (runc), CVE-2026-47766 (crun), CVE-2024-45310, -21626. */
#include "../unit/run_suite.h"
#include "ways.h"
#include <sys/xattr.h>

static struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
static int cases;

enum role {
	POINT,   /* set-up mounts there: a directory, or the step does not run and the message names the place */
	ABOVE,   /* the place to mount on lies below: the step never runs */
	WORKDIR, /* looked up inside, as the payload */
	PROGRAM, /* executed inside */
	FREE     /* set-up has no business there: the step runs, whatever it is */
};

static const struct {
	const char *name, *parent; /* parent: made as a directory first */
	enum role role;
	const char *tmpfs, *volume, *workdir;
	unsigned flags;
} places[] = {
	{ "proc", NULL, POINT, NULL, NULL, NULL, 0 },
	{ "dev", NULL, POINT, NULL, NULL, NULL, 0 },
	{ "tmp", NULL, POINT, NULL, NULL, NULL, 0 },
	{ "run", NULL, POINT, NULL, NULL, NULL, 0 },
	{ "data", NULL, POINT, "/data", NULL, NULL, 0 },
	{ "above", NULL, ABOVE, "/above/sub", NULL, NULL, 0 },
	{ "above/sub", "above", POINT, "/above/sub", NULL, NULL, 0 },
	{ "vol", NULL, POINT, NULL, "/vol", NULL, 0 },
	{ "over", NULL, ABOVE, NULL, "/over/sub", NULL, 0 },
	{ "over/sub", "over", POINT, NULL, "/over/sub", NULL, 0 },
	{ "data", NULL, POINT, "/data", NULL, NULL, INGOT_STEP_READONLY },
	{ "vol", NULL, POINT, NULL, "/vol", NULL, INGOT_STEP_READONLY },
	{ "w", NULL, WORKDIR, NULL, NULL, "/w", 0 },
	{ "w/sub", "w", WORKDIR, NULL, NULL, "/w/sub", 0 },
	{ "wide", NULL, WORKDIR, NULL, NULL, "/wide/sub", 0 },
	{ "bin/q", NULL, PROGRAM, NULL, NULL, NULL, 0 },
	{ "sys", NULL, FREE, NULL, NULL, NULL, 0 },
	{ "etc", NULL, FREE, NULL, NULL, NULL, 0 },
	{ "etc/resolv.conf", "etc", FREE, NULL, NULL, NULL, INGOT_STEP_NETWORK_HOST },
	{ "etc", NULL, FREE, NULL, NULL, NULL, INGOT_STEP_NETWORK_HOST },
	{ "etc/passwd", "etc", FREE, NULL, NULL, NULL, 0 },
	{ "etc/group", "etc", FREE, NULL, NULL, NULL, 0 },
	{ "dev/null", "dev", FREE, NULL, NULL, NULL, 0 },
	{ "dev/tty", "dev", FREE, NULL, NULL, NULL, 0 },
	{ "dev/pts", "dev", FREE, NULL, NULL, NULL, 0 },
	{ "dev/shm", "dev", FREE, NULL, NULL, NULL, 0 },
	{ "dev/ptmx", "dev", FREE, NULL, NULL, NULL, 0 },
	{ "dev/console", "dev", FREE, NULL, NULL, NULL, 0 },
	{ "proc/self", "proc", FREE, NULL, NULL, NULL, 0 },
	{ "proc/sys", "proc", FREE, NULL, NULL, NULL, 0 },
	{ "run/lock", "run", FREE, NULL, NULL, NULL, 0 },
	{ "run/ingot", "run", FREE, NULL, NULL, NULL, 0 },
	{ "tmp/x", "tmp", FREE, NULL, NULL, NULL, 0 },
	{ ".old", NULL, FREE, NULL, NULL, NULL, 0 },
	{ "oldroot", NULL, FREE, NULL, NULL, NULL, 0 },
	{ "upper", NULL, FREE, NULL, NULL, NULL, 0 },
	{ "root", NULL, FREE, NULL, NULL, NULL, 0 },
	{ "var", NULL, FREE, NULL, NULL, NULL, 0 },
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static void one_place(size_t i, enum kind kind, int volume_dir)
{
	char inside[64], below[80];
	const char *last = strrchr(places[i].name, '/');
	if (places[i].parent && mkdirat(root_fd, places[i].parent, 0755) < 0)
		ck_assert_int_eq(errno, EEXIST);
	int dir = places[i].parent ? openat(root_fd, places[i].parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : dup(root_fd);
	ck_assert_int_ge(dir, 0);
	lay(dir, last ? last + 1 : places[i].name, kind);
	(void)snprintf(inside, sizeof(inside), "/%s", places[i].name);
	(void)snprintf(below, sizeof(below), "/%s/x", places[i].name);
	const struct ingot_step_tmpfs t = { .path = places[i].tmpfs };
	const struct ingot_step_volume v = { .path = places[i].volume, .fd = volume_dir };
	/* The step, which is root of its own, writes at the name and through it. */
	PLAN("try", "put", below, "evil", "try", "put", inside, "evil", "try", "chmod", "0777", inside, "try", "rm", inside, "put", "/tmp/t", "x", "put", "/run/t", "x", "put", "/dev/null", "x", "put", "/dev/shm/t", "x");
	static const char *const other[] = { "/bin/q", "put", "x", "evil", NULL };
	if (places[i].role == PROGRAM) {
		plan.argv = other;
		plan.n_argv = 4;
	}
	plan.flags = places[i].flags;
	plan.workdir = places[i].workdir;
	plan.tmpfs = &t;
	plan.n_tmpfs = places[i].tmpfs != NULL;
	plan.volumes = &v;
	plan.n_volumes = places[i].volume != NULL;
	int got = ingot_step_run(&plan, NULL, &r, &err);
	bool ran = got == 0 && r.reason == INGOT_STEP_ENDED && r.status == 0;
	const char *said = got < 0 ? err.msg : ingot_buf_cstr(&r.tail);
	if (places[i].role == POINT || places[i].role == ABOVE) {
		ck_assert_msg(ran == (places[i].role == POINT && IS_DIRECTORY(kind)), "%s as %s: %s", inside, kind_names[kind], ran ? "it ran" : said);
		ck_assert_msg(ran || (got < 0 && strstr(err.msg, places[i].name)), "%s as %s: %s", inside, kind_names[kind], said);
	} else if (places[i].role == FREE) {
		ck_assert_msg(ran, "%s as %s: %s (reason %d, status %u)", inside, kind_names[kind], said, (int)r.reason, r.status);
	} else if (places[i].role == WORKDIR) {
		/* Links lead inside; there is no canary. A name that leads nowhere is said. */
		ck_assert_msg(ran || (got < 0 && strstr(err.msg, "working directory")), "%s as %s: %s", inside, kind_names[kind], said);
		ck_assert_msg(ran || kind != SEARCHED || strcmp(places[i].name, "wide") == 0, "%s as %s: %s", inside, kind_names[kind], said);
	} else {
		ck_assert_msg(!ran, "%s as %s was executed", inside, kind_names[kind]);
	}
	canary_is_whole("%s as %s", inside, kind_names[kind]);
	if (got == 0 && !(places[i].flags & INGOT_STEP_READONLY)) {
		ck_assert_msg(harvest(0) == 0, "%s as %s: %s", inside, kind_names[kind], err.msg);
		ck_assert_msg(!harvested_secret(), "%s as %s: %s", inside, kind_names[kind], ingot_buf_cstr(&seen));
		canary_is_whole("%s as %s, harvested", inside, kind_names[kind]);
	}
	clear(dir, last ? last + 1 : places[i].name);
	close(dir);
	for (const char *const *p = ingot_step_mountpoints(); *p; p++)
		(void)mkdirat(root_fd, *p, 0755);
	clear(scratch_fd, "upper");
	clear(scratch_fd, "work");
	cases++;
}

START_TEST(set_up)
{
	int volume = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)mkdirat(volume, "volume", 0755);
	int dir = openat(volume, "volume", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < PLACES; i++)
		for (int kind = 0; kind < KINDS; kind++)
			one_place(i, (enum kind)kind, dir);
	ck_assert_int_ge(cases, 500);
	close(dir);
	close(volume);
}
END_TEST

/* The modes of the root itself, and the files that the mount points hold. */
START_TEST(odd_roots)
{
	static const mode_t modes[] = { 0, 0111, 0444, 0555, 0700, 0711, 01777, 02755, 04755, 07777 };
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(fchmod(root_fd, modes[i]), 0);
		PLAN("put", "/tmp/t", "x", "try", "put", "/new", "x");
		ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%o: %s", (unsigned)modes[i], err.msg);
		ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status == 0, "%o: %s", (unsigned)modes[i], ingot_buf_cstr(&r.tail));
		ck_assert_int_eq(harvest(0), 0);
		canary_is_whole("a root of mode %o", (unsigned)modes[i]);
	}
	ck_assert_int_eq(fchmod(root_fd, 0755), 0);
	/* As the working directory: every way out that runc had. */
	static const char *const dirs[] = { "/proc/self/fd/3", "/proc/self/fd/4", "/proc/self/fd/5", "/proc/self/fd/7", "/proc/self/fd/8", "/proc/1/cwd", "/proc/1/root", "/proc/self/fd/../../../..", "/dev/fd/4", "/proc/thread-self/fd/4", "/proc/self/cwd", "/proc/self/root" };
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		for (int up = 0; up < 2; up++) {
			char dir[200];
			(void)snprintf(dir, sizeof(dir), "%s%s%s", dirs[i], up ? "/../../../.." : "", up ? canary : "");
			PLAN("put", "file", "evil", "cat", "null");
			plan.workdir = dir;
			(void)!ingot_step_run(&plan, NULL, &r, &err);
			canary_is_whole("the working directory %s", dir);
			ck_assert_msg(!strstr(ingot_buf_cstr(&r.tail), "only the host"), "%s", dir);
		}
}
END_TEST

/* --- harvest: an upper directory as no step should be able to leave it --- */

static int new_upper(void)
{
	new_scratch();
	ck_assert_int_eq(mkdirat(scratch_fd, "upper", 0755) | mkdirat(scratch_fd, "work", 0700), 0);
	return openat(scratch_fd, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int harvest_is_clean(const char *what)
{
	err = (struct ingot_err)INGOT_ERR_INIT;
	int got = harvest(0);
	ck_assert_msg(got == 0 || err.msg[0], "%s", what);
	ck_assert_msg(!harvested_secret(), "%s: %s", what, ingot_buf_cstr(&seen));
	canary_is_whole("%s", what);
	return got;
}

START_TEST(harvest_of_kinds)
{
	static const char *const at[] = { "x", "d/x", "d", "d/e/x", ".wh.x", ".wh..wh..opq" };
	char what[128];
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		for (int kind = 0; kind < KINDS; kind++) {
			int upper = new_upper();
			ck_assert_int_eq(mkdirat(upper, "d", 0755) | mkdirat(upper, "d/e", 0755), 0);
			const char *last = strrchr(at[i], '/');
			int dir = last ? openat(upper, strlen(at[i]) > 4 ? "d/e" : "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : dup(upper);
			lay(dir, last ? last + 1 : at[i], (enum kind)kind);
			close(dir);
			close(upper);
			(void)snprintf(what, sizeof(what), "a harvest with %s as %s", at[i], kind_names[kind]);
			ck_assert_msg(harvest_is_clean(what) == 0, "%s: %s", what, err.msg);
		}
	/* the upper directory itself, and the one beside it */
	for (int kind = 0; kind < KINDS; kind++)
		for (int other = 0; other < 2; other++) {
			close(new_upper());
			lay(scratch_fd, other ? "work" : "upper", (enum kind)kind);
			(void)snprintf(what, sizeof(what), "a harvest with %s for its %s", kind_names[kind], other ? "work" : "upper");
			int got = harvest_is_clean(what);
			ck_assert_msg((got == 0) == (other || IS_DIRECTORY(kind)), "%s: %s", what, got < 0 ? err.msg : "taken");
		}
}
END_TEST

/* Markers of the overlay on what a step left: never content from elsewhere, never an attribute of the Tree. */
START_TEST(harvest_of_markers)
{
	static const char *const names[] = { "opaque", "whiteout", "metacopy", "redirect", "origin", "impure", "nlink", "upper", "uuid", "protattr", "verity", "fileattr", "overlay.opaque", "overlay.redirect", "" };
	const char *const values[] = { "y", "", canary, "../file" };
	char what[160], name[64];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
			for (int on = 0; on < 3; on++) {
				int upper = new_upper();
				ck_assert_int_eq(mkdirat(upper, "d", 0755), 0);
				write_text(upper, "f", "mine\n", 0644);
				int fd = on == 0 ? openat(upper, "f", O_RDONLY | O_CLOEXEC) : on == 1 ? openat(upper, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : dup(upper);
				(void)snprintf(name, sizeof(name), "user.overlay.%s", names[i]);
				ck_assert_int_eq(fsetxattr(fd, name, values[v], strlen(values[v]), 0) | fsetxattr(fd, "user.kept", "1", 1, 0), 0);
				close(fd);
				close(upper);
				(void)snprintf(what, sizeof(what), "%s=%s on %s", name, values[v], on == 0 ? "a file" : on == 1 ? "a directory" : "the root");
				int got = harvest_is_clean(what);
				ck_assert_msg(!strstr(ingot_buf_cstr(&seen), "user.overlay"), "%s: %s", what, ingot_buf_cstr(&seen));
				bool refused = strcmp(names[i], "metacopy") == 0 || strcmp(names[i], "redirect") == 0;
				bool gone = on == 0 && strcmp(names[i], "whiteout") == 0;
				ck_assert_msg((got < 0) == refused, "%s: %s%s", what, ingot_buf_cstr(&seen), err.msg);
				ck_assert_msg(refused || (strstr(ingot_buf_cstr(&seen), gone ? "- /f" : "= mine") != NULL), "%s: %s", what, ingot_buf_cstr(&seen));
			}
}
END_TEST

/* A link of the host's own file into the upper directory is content like any other, but nothing of it is changed; names are bytes. */
START_TEST(harvest_of_names)
{
	char name[256];
	for (int c = 1; c < 256; c += c < 48 || c > 122 ? 1 : 10) {
		if (c == '/' || (c > 128 && c < 250))
			continue;
		int upper = new_upper();
		memset(name, c, 255);
		name[255] = '\0';
		ck_assert_msg(mkdirat(upper, name, 0755) == 0, "%d: %s", c, strerror(errno));
		(void)snprintf(name, sizeof(name), "%c%c", c, c);
		if (c != '.')
			ck_assert_int_eq(symlinkat(canary, upper, name), 0);
		close(upper);
		ck_assert_msg(harvest_is_clean("a name of 255 equal bytes") == 0, "%s", err.msg);
		char want[300];
		memset(want, c, 255);
		want[255] = '\0';
		ck_assert_msg(strstr(ingot_buf_cstr(&seen), want) != NULL, "%d: %s", c, ingot_buf_cstr(&seen));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("poison");
	TCase *t = tcase_create("poison");
	tcase_set_timeout(t, 240);
	tcase_add_checked_fixture(t, make_canary, remove_root);
	tcase_add_test(t, set_up);
	tcase_add_test(t, odd_roots);
	tcase_add_test(t, harvest_of_kinds);
	tcase_add_test(t, harvest_of_markers);
	tcase_add_test(t, harvest_of_names);
	suite_add_tcase(s, t);
	return run_suite(s);
}
