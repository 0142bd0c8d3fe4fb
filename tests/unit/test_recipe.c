/* Recipes: what they mean, through the real helper. What is refused is in tests/mustfail/recipe, what is accepted in tests/golden/recipe. */
#include "recipe_fixture.h"
#include "run_suite.h"

#define HEAD "ingot: 1\nname: web\n"
#define IMAGE "image:\n  user: web\n"

START_TEST(smallest)
{
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = fixture_recipe("ingot: 1\nname: nginx\nimage:\n  packages: [nginx, ca-certificates]\n  user: nginx\n  entrypoint: [/usr/sbin/nginx, -g, \"daemon off;\"]\n");
	ck_assert_str_eq(r->name, "nginx");
	ck_assert_ptr_null(r->version);
	ck_assert_str_eq(r->reference, "localhost/nginx:latest");
	ck_assert_uint_eq(r->n_sources, 1);
	ck_assert_str_eq(r->sources[0].name, "debian");
	ck_assert_int_eq(r->sources[0].kind, INGOT_SRC_PACKAGES);
	ck_assert_uint_eq(r->sources[0].suites.n, 3);
	ck_assert_str_eq(r->sources[0].suites.v[2], "bookworm-security");
	ck_assert_str_eq(r->sources[0].components.v[0], "main");
	ck_assert_str_eq(r->image.stage.packages.from, "debian");
	ck_assert_uint_eq(r->image.stage.packages.install.n, 2);
	ck_assert_str_eq(r->image.stage.packages.install.v[1], "ca-certificates");
	ck_assert_uint_eq(r->image.stage.packages.install.at[1].line, 4);
	ck_assert_uint_eq(r->image.stage.packages.install.at[1].column, 21);
	ck_assert_str_eq(r->image.user.name, "nginx");
	ck_assert_str_eq(r->image.user.group, "nginx");
	ck_assert_str_eq(r->image.user.home, "/nonexistent");
	ck_assert_uint_eq(r->image.user.uid, 10001);
	ck_assert_uint_eq(r->image.user.gid, 10001);
	ck_assert_ptr_null(r->image.user.root_reason);
	ck_assert_str_eq(r->image.entrypoint.v[2], "daemon off;");
	ck_assert_str_eq(r->image.architecture, "amd64");
	ck_assert_str_eq(r->image.compression, "zstd");
	struct ingot_digest d;
	ingot_sha256(r->text.p, r->text.n, &d);
	ck_assert(ingot_digest_eq(&d, &r->digest));
}
END_TEST

START_TEST(strings_stay_strings)
{
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r =
		fixture_recipe(HEAD "version: 1.10\n" IMAGE "  env: {A: 010, B: yes, C: true, D: 1e3, E: '', F: 0x10}\n  cmd: [1, 2.0, on]\n  ports: [8080, 53/udp]\n");
	ck_assert_str_eq(r->version, "1.10");
	ck_assert_str_eq(r->reference, "localhost/web:1.10");
	static const char *const want[] = { "010", "yes", "true", "1e3", "", "0x10" };
	for (size_t i = 0; i < 6; i++)
		ck_assert_str_eq(r->image.env.v[i].value, want[i]);
	ck_assert_str_eq(r->image.cmd.v[1], "2.0");
	ck_assert_str_eq(r->image.ports.v[0], "8080/tcp");
	ck_assert_str_eq(r->image.ports.v[1], "53/udp");
}
END_TEST

START_TEST(full_form)
{
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = fixture_recipe(
		HEAD "version: 1.4.2\n"
		     "sources:\n  debian: {packages: debian, suites: [bookworm]}\n  app: {files: ., include: [main.c, static/**]}\n"
		     "stages:\n"
		     "  late:\n    base: build\n    steps:\n    - copy: {from: other, path: /x, to: /y, mode: 0640}\n"
		     "  build:\n    packages: {from: debian, install: [gcc, make=4.3-4.1], exclude: [perl-base]}\n    steps:\n"
		     "    - copy: {from: app, to: /src/}\n    - run: |\n        make\n        make install\n      env: {CFLAGS: -O2}\n      timeout: 60\n      network: none\n    - run: [make, -C, /src]\n      workdir: /src\n      user: 33\n"
		     "  other: {}\n"
		     "image:\n  copy:\n  - {from: build, path: /out/web, to: /usr/bin/web}\n"
		     "  user: {name: web, uid: 4294967294, gid: 20, group: staff, home: /home/web}\n  writable: [/var/lib/web]\n  size-budget: 30MiB\n  stop-signal: SIGQUIT\n"
		     "  labels: {org.example.a: b}\n  reference: registry.example.org/team/web\n"
		     "tests:\n- run: [/usr/bin/web, --version]\n  stdout: \"1.4.2\\n\"\n- {run: [/x], exit: 3}\n"
		     "policy:\n  allow:\n  - {rule: setuid, path: /usr/bin/sudo, reason: because}\n");
	ck_assert_uint_eq(r->n_stages, 3);
	ck_assert_str_eq(r->stages[0].name, "build");
	ck_assert_str_eq(r->stages[1].name, "other");
	ck_assert_str_eq(r->stages[2].name, "late");
	const struct ingot_stage *b = ingot_recipe_stage(r, "build");
	ck_assert_uint_eq(b->n_steps, 3);
	ck_assert_int_eq(b->steps[0].kind, INGOT_STEP_COPY);
	ck_assert_ptr_null(b->steps[0].copy.path);
	ck_assert_int_eq(b->steps[0].copy.mode, -1);
	ck_assert_int_eq(r->stages[2].steps[0].copy.mode, 0640);
	ck_assert_str_eq(b->steps[1].script, "make\nmake install\n");
	ck_assert_str_eq(b->steps[1].shell, "/bin/sh");
	ck_assert_uint_eq(b->steps[1].timeout, 60);
	ck_assert_ptr_null(b->steps[2].script);
	ck_assert_str_eq(b->steps[2].argv.v[2], "/src");
	ck_assert_uint_eq(b->steps[2].user, 33);
	ck_assert_uint_eq(b->steps[2].timeout, 3600);
	ck_assert_uint_eq(r->image.user.uid, 4294967294U);
	ck_assert_uint_eq(r->image.user.gid, 20);
	ck_assert_str_eq(r->image.user.group, "staff");
	ck_assert_uint_eq(r->image.size_budget, 30 << 20);
	ck_assert_str_eq(r->reference, "registry.example.org/team/web:1.4.2");
	ck_assert_uint_eq(r->n_tests, 2);
	ck_assert_str_eq(r->tests[0].stdout_text, "1.4.2\n");
	ck_assert_uint_eq(r->tests[1].exit, 3);
	ck_assert_str_eq(r->allow[0].path, "/usr/bin/sudo");
	ck_assert_uint_eq(r->allow[0].at.line, 41);
}
END_TEST

START_TEST(test_forms)
{
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r =
		fixture_recipe(HEAD "vars: {V: 1.4}\n" IMAGE "tests:\n- run: [/x, \"${V}\"]\n  stdin: a\n  stdout-contains: [\"${V}\", b]\n  stderr: \"\"\n"
				    "- port: 8080\n  send: \"hello\\r\\n\"\n  expect: world\n  run: [/y]\n  files: [/data/a, {path: /data/b, absent: true}, {path: /data/c, contains: d}]\n"
				    "- service: true\n  signal: SIGQUIT\n  exit: 0\n");
	const struct ingot_test *t = r->tests;
	ck_assert_uint_eq(r->n_tests, 3);
	ck_assert_str_eq(t[0].run.v[1], "${V}");
	ck_assert_str_eq(t[0].stdout_contains.v[0], "1.4");
	ck_assert_str_eq(t[0].stderr_text, "");
	ck_assert_ptr_null(t[0].stdout_text);
	ck_assert(!t[0].service && !t[0].has_exit && t[0].timeout == 60 && t[0].at.line == 7);
	ck_assert(t[1].service && !t[1].has_exit && t[1].wait == 10 && t[1].within == 10);
	ck_assert_str_eq(t[1].port, "8080/tcp");
	ck_assert_str_eq(t[1].send, "hello\r\n");
	ck_assert_uint_eq(t[1].n_files, 3);
	ck_assert(!t[1].files[0].absent && t[1].files[1].absent && !t[1].files[1].contains);
	ck_assert_str_eq(t[1].files[2].contains, "d");
	ck_assert(t[2].service && t[2].has_exit && t[2].wait == 1 && !t[2].run.n && !t[2].port);
	ck_assert_str_eq(t[2].signal, "SIGQUIT");
}
END_TEST

START_TEST(step_options)
{
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r =
		fixture_recipe(HEAD "vars: {DIR: /var/cache}\nstages:\n  use:\n    steps:\n    - run: x\n      secrets: [token, key.pem]\n      cache: [\"${DIR}/a\", /b]\n"
				    "      tmpfs: [/m, {path: /n, size: 2MiB}]\n      bind:\n      - {from: late, to: /in}\n      - {from: late, path: /out, to: /in2}\n      network: host\n"
				    "    - run: y\n  late: {}\n" IMAGE);
	/* Although it is named later: what is bound is built first. */
	ck_assert_str_eq(r->stages[0].name, "late");
	const struct ingot_step *s = &r->stages[1].steps[0];
	ck_assert_uint_eq(s->secrets.n, 2);
	ck_assert_str_eq(s->secrets.v[1], "key.pem");
	ck_assert_uint_eq(s->secrets.at[1].column, 24);
	ck_assert_uint_eq(s->cache.n, 2);
	ck_assert_str_eq(s->cache.v[0], "/var/cache/a");
	ck_assert_uint_eq(s->n_tmpfs, 2);
	ck_assert_str_eq(s->tmpfs[0].path, "/m");
	ck_assert_uint_eq(s->tmpfs[0].size, 0);
	ck_assert_uint_eq(s->tmpfs[1].size, 2 << 20);
	ck_assert_uint_eq(s->n_binds, 2);
	ck_assert_str_eq(s->binds[0].path, "/");
	ck_assert_str_eq(s->binds[1].path, "/out");
	ck_assert_str_eq(s->binds[1].to, "/in2");
	ck_assert_str_eq(s->network, "host");
	ck_assert_uint_eq(s->network_at.column, 16);
	ck_assert_uint_eq(r->stages[1].steps[1].secrets.n + r->stages[1].steps[1].cache.n + r->stages[1].steps[1].n_binds + r->stages[1].steps[1].n_tmpfs, 0);
}
END_TEST

/* One more than there are descriptors for. */
START_TEST(step_with_too_much)
{
	static const char *const keys[][2] = { { "cache", "/d" }, { "secrets", "s" }, { "tmpfs", "/d" } };
	for (size_t k = 0; k < 3; k++)
		for (int n = 16; n <= 17; n++) {
			struct ingot_err err = INGOT_ERR_INIT;
			_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = NULL;
			_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(4096);
			ingot_buf_fmt(&text, HEAD "stages:\n  b:\n    steps:\n    - run: x\n      %s: [", keys[k][0]);
			for (int i = 0; i < n; i++)
				ingot_buf_fmt(&text, "%s%s%d", i ? ", " : "", keys[k][1], i);
			ingot_buf_str(&text, "]\n" IMAGE);
			ck_assert_int_eq(fixture_load(ingot_buf_cstr(&text), &r, &err), n == 16 ? 0 : -1);
			if (n == 17)
				ck_assert_ptr_nonnull(strstr(err.msg, "at most 16"));
		}
}
END_TEST

START_TEST(root_with_a_reason)
{
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = fixture_recipe(HEAD "image:\n  user: {root: it mounts things}\n");
	ck_assert_str_eq(r->image.user.root_reason, "it mounts things");
	ck_assert_uint_eq(r->image.user.uid, 0);
	ck_assert_uint_eq(r->image.user.gid, 0);
	ck_assert_str_eq(r->image.user.name, "root");
}
END_TEST

static const char vars_text[] = HEAD "version: ${VERSION}\nvars: {VERSION: 1.2, WHO: \"a; rm -rf / `x` $(y) '\"}\n"
				     "stages:\n  b:\n    steps:\n    - run: echo ${VERSION} $${WHO}\n      env: {WHO: mine}\n    - run: [echo, \"${VERSION}\"]\n"
				     "image:\n  user: web\n  env: {V: \"v${VERSION}-${VERSION}\", L: \"$${VERSION} $5 $\"}\n";

START_TEST(variables)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = NULL;
	fixture_write(fixture_path, vars_text, strlen(vars_text));
	const char *const sets[] = { "VERSION=2.0=x" };
	ck_assert_int_lt(ingot_recipe_load(fixture_path, sets, 1, &r, &err), 0); /* '=' is no tag character: values are checked after replacing */
	ck_assert_ptr_nonnull(strstr(err.msg, "2.0=x"));
	const char *const fine[] = { "VERSION=2.0" };
	ck_assert_int_eq(ingot_recipe_load(fixture_path, fine, 1, &r, &err), 0);
	ck_assert_str_eq(r->version, "2.0");
	ck_assert_str_eq(r->image.env.v[0].value, "v2.0-2.0");
	ck_assert_str_eq(r->image.env.v[1].value, "${VERSION} $5 $");
	const struct ingot_step *s = r->stages[0].steps;
	ck_assert_str_eq(s[0].script, "echo ${VERSION} $${WHO}");
	ck_assert_str_eq(s[1].argv.v[1], "${VERSION}");
	ck_assert_uint_eq(s[0].env.n, 2);
	ck_assert_str_eq(s[0].env.v[0].value, "mine");
	ck_assert_str_eq(s[0].env.v[1].key, "VERSION");
	ck_assert_str_eq(s[0].env.v[1].value, "2.0");
	ck_assert_str_eq(s[1].env.v[1].value, "a; rm -rf / `x` $(y) '");
}
END_TEST

START_TEST(bad_sets)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_recipe *r = NULL;
	fixture_write(fixture_path, vars_text, strlen(vars_text));
	static const char *const bad[] = { "VERSON=1", "VERSION", "=1", "VERSION=\x1b", "VERSION=\xff", "" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_lt(ingot_recipe_load(fixture_path, &bad[i], 1, &r, &err), 0);
		ck_assert_int_eq(err.code, INGOT_E_INPUT);
		ck_assert_ptr_nonnull(strstr(err.msg, "--set"));
		if (i == 0)
			ck_assert_str_eq(err.hint, "did you mean \"VERSION\"?");
	}
}
END_TEST

START_TEST(errors_say_where)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_recipe *r = NULL;
	ck_assert_int_lt(fixture_load(HEAD "image:\n  user: web\n  entrypont: [/x]\n", &r, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_str_eq(err.msg, "unknown key \"entrypont\" in the image");
	ck_assert_str_eq(err.hint, "did you mean \"entrypoint\"?");
	ck_assert_str_eq(err.line, "  entrypont: [/x]");
	ck_assert_int_eq(err.column, 3);
	ck_assert(strstr(err.where, "/web.yaml:5:3"));
	ck_assert_int_lt(ingot_recipe_load("/nonexistent/x.yaml", NULL, 0, &r, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_INPUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent/x.yaml"));
}
END_TEST

/* However long the line is and whatever is in it, the caret stands under what is meant. */
START_TEST(caret_in_long_lines)
{
	static const char *const fillers[] = { "a", "\xc3\xbc", "\xf0\x9f\x99\x82" };
	for (size_t f = 0; f < 3; f++)
		for (size_t n = 0; n < 700; n += 61) {
			struct ingot_err err = INGOT_ERR_INIT;
			struct ingot_recipe *r = NULL;
			_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(1 << 16);
			ingot_buf_str(&b, HEAD "image: {user:\tweb, labels: {k: \"");
			for (size_t i = 0; i < n; i++)
				ingot_buf_str(&b, fillers[f]);
			ingot_buf_str(&b, "\"}, bogus: x, env: {A: \"");
			for (size_t i = 0; i < n; i++)
				ingot_buf_str(&b, fillers[f]);
			ingot_buf_str(&b, "\"}}\n");
			ck_assert_int_lt(fixture_load(ingot_buf_cstr(&b), &r, &err), 0);
			const char *at = strstr(err.line, "bogus");
			ck_assert_msg(at, "%s", err.line);
			int column = 1;
			for (const char *p = err.line; p < at; p++)
				column += ((unsigned char)*p & 0xc0) != 0x80;
			ck_assert_int_eq(err.column, column);
			ck_assert_ptr_null(strchr(err.line, '\t'));
			char where[64];
			(void)snprintf(where, sizeof(where), ":3:%zu", 37 + n);
			ck_assert_msg(strstr(err.where, where), "%s %s", err.where, where);
		}
}
END_TEST

START_TEST(blame)
{
	_cleanup_(ingot_recipe_freep) struct ingot_recipe *r = fixture_recipe(HEAD IMAGE);
	struct ingot_err err = INGOT_ERR_INIT;
	(void)ingot_fail(&err, INGOT_E_STEP, "no such thing");
	ck_assert_int_eq(ingot_recipe_blame(r, r->image.user.at, &err), -1);
	ck_assert(strstr(err.where, "/web.yaml:4:3"));
	ck_assert_str_eq(err.line, "  user: web");
	ck_assert_int_eq(err.code, INGOT_E_STEP);
	/* a place already known stays */
	ck_assert_int_eq(ingot_recipe_blame(r, r->image.at, &err), -1);
	ck_assert(strstr(err.where, "/web.yaml:4:3"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("recipe");
	TCase *t = tcase_create("recipe");
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
	tcase_add_test(t, smallest);
	tcase_add_test(t, strings_stay_strings);
	tcase_add_test(t, full_form);
	tcase_add_test(t, test_forms);
	tcase_add_test(t, step_options);
	tcase_add_test(t, step_with_too_much);
	tcase_add_test(t, root_with_a_reason);
	tcase_add_test(t, variables);
	tcase_add_test(t, bad_sets);
	tcase_add_test(t, errors_say_where);
	tcase_add_test(t, caret_in_long_lines);
	tcase_add_test(t, blame);
	suite_add_tcase(s, t);
	return run_suite(s);
}
