/* recipe_fixture.h - recipes of a test: text to a file in a fresh directory, and loading it through the real helper. */
#pragma once
#include <check.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/recipe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char fixture_dir[64];
static char fixture_path[128];

static inline void fixture_setup(void)
{
	(void)snprintf(fixture_dir, sizeof(fixture_dir), "/tmp/ingot-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fixture_dir));
	(void)snprintf(fixture_path, sizeof(fixture_path), "%s/web.yaml", fixture_dir);
}

static inline void fixture_write(const char *path, const void *p, size_t n)
{
	struct ingot_err err = INGOT_ERR_INIT;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ingot_write_all(fd, p, n, &err), 0);
	(void)close(fd);
}

static inline void fixture_teardown(void)
{
	(void)unlink(fixture_path);
	char lock[160];
	(void)snprintf(lock, sizeof(lock), "%s/web.lock.yaml", fixture_dir);
	(void)unlink(lock);
	(void)rmdir(fixture_dir);
}

static inline int fixture_load(const char *text, struct ingot_recipe **ret, struct ingot_err *err)
{
	fixture_write(fixture_path, text, strlen(text));
	return ingot_recipe_load(fixture_path, NULL, 0, ret, err);
}

/* For texts that must load. */
static inline struct ingot_recipe *fixture_recipe(const char *text)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_recipe *r = NULL;
	if (fixture_load(text, &r, &err) < 0)
		ck_abort_msg("%s: %s (%s)\n%s", err.where, err.msg, err.hint, err.line);
	return r;
}
