/* store_fixture.h - a fresh store for each test, and a look at its files from outside. */
#pragma once
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/mem.h>
#include <ingot/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct ingot_store *store;
static struct ingot_err err;
static char path[200];
static int dir = -1; /* the store's directory */

static inline void fixture_begin(void)
{
	/* In memory where possible: making thousands of directories shows the disk's mood, not the store's. TMPDIR chooses a disk. */
	const char *base = getenv("TMPDIR");
	if (!base || base[0] != '/')
		base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(path, sizeof(path), "%s/ingot-test-XXXXXX", base);
	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(ingot_store_open(path, NULL, &store, &err), 0);
}

/* rm in a child: the tests' own clean-up must not depend on what they test. NAME "" is the whole store. */
static inline int system_rm(const char *name)
{
	char what[300];
	(void)snprintf(what, sizeof(what), "%s%s%s", path, *name ? "/" : "", name);
	pid_t pid = fork();
	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", what, (char *)NULL);
		_exit(127);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static inline void fixture_end(void)
{
	ingot_store_close(TAKE_PTR(store));
	(void)close(dir);
	(void)system_rm("");
}

static inline void reopen(void)
{
	ingot_store_close(TAKE_PTR(store));
	ck_assert_int_eq(ingot_store_open(path, NULL, &store, &err), 0);
}

static inline int entries(const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY), n = 0;
	ck_assert_int_ge(fd, 0);
	DIR *d = fdopendir(fd);
	for (struct dirent *e; (e = readdir(d));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

static inline const char *object_path(const char *kind, const struct ingot_digest *d)
{
	static char p[128];
	const char *hex = INGOT_HEX(d);
	(void)snprintf(p, sizeof(p), "%s/%.2s/%s", kind, hex, hex + 2);
	return p;
}

static inline void check_content(const struct ingot_digest *d, const char *bytes, size_t n)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(1 << 22);
	ck_assert_int_eq(ingot_store_get(store, d, &out, &err), 1);
	ck_assert_uint_eq(out.n, n);
	ck_assert(n == 0 || memcmp(out.p, bytes, n) == 0);
}
