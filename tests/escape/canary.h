/* canary.h - a tree on the host that nothing may read or change. */
#pragma once
#include "../unit/step_root.h"
#include <dirent.h>
#include <stdarg.h>
#include <stdint.h>

#define SECRET "only the host has this\n"

static struct ingot_err err;
static char canary[96], canary_file[128];
static uint64_t canary_was;

static inline uint64_t fold(uint64_t h, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const unsigned char *)p)[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Everything of a tree but what reading changes. */
static uint64_t hash_tree(int take_fd, uint64_t h)
{
	DIR *d = fdopendir(take_fd);
	char *names[64];
	size_t n = 0;
	ck_assert_ptr_nonnull(d);
	for (const struct dirent *e; (e = readdir(d)) && n < 64;)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			names[n++] = strdup(e->d_name);
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && strcmp(names[k], names[k - 1]) < 0; k--) {
			char *t = names[k];
			names[k] = names[k - 1];
			names[k - 1] = t;
		}
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		char content[4096] = "";
		ck_assert_int_eq(fstatat(dirfd(d), names[i], &st, AT_SYMLINK_NOFOLLOW), 0);
		const uint64_t facts[] = { st.st_mode, st.st_uid, st.st_gid, (uint64_t)st.st_size, st.st_nlink, (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_ctim.tv_sec, (uint64_t)st.st_ctim.tv_nsec };
		h = fold(fold(h, names[i], strlen(names[i]) + 1), facts, sizeof(facts));
		if (S_ISREG(st.st_mode)) {
			int fd = openat(dirfd(d), names[i], O_RDONLY | O_CLOEXEC);
			ssize_t k = read(fd, content, sizeof(content));
			h = fold(h, content, k > 0 ? (size_t)k : 0);
			close(fd);
		} else if (S_ISDIR(st.st_mode)) {
			h = hash_tree(openat(dirfd(d), names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC), h);
		}
		free(names[i]);
	}
	(void)closedir(d);
	return h;
}

static uint64_t hash_canary(void)
{
	return hash_tree(open(canary, O_RDONLY | O_DIRECTORY | O_CLOEXEC), UINT64_C(0xcbf29ce484222325));
}

/* Its names are those that set-up and steps look for. */
static void make_canary(void)
{
	make_root();
	(void)snprintf(canary, sizeof(canary), "%s/canary", top);
	(void)snprintf(canary_file, sizeof(canary_file), "%s/file", canary);
	ck_assert_int_eq(mkdir(canary, 0755), 0);
	int dir = open(canary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	static const char *const dirs[] = { "pts", "shm", "self", "sub", "upper", "work", "lock", "ingot" }, *const names[] = { "file", "null", "zero", "tty", "script", "passwd", "sub/file", "upper/file", "x" };
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		ck_assert_int_eq(mkdirat(dir, dirs[i], 0755), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		write_text(dir, names[i], SECRET, i % 2 ? 0666 : 0644);
	close(dir);
	canary_was = hash_canary();
}

INGOT_PRINTF(1, 2) static void canary_is_whole(const char *fmt, ...)
{
	char text[200];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ck_assert_msg(hash_canary() == canary_was, "%s: something on the host has changed", text);
}

/* --- harvest --- */

static struct ingot_buf seen = INGOT_BUF(1 << 20);

/* Each message as a line; the contents too. 0, or -1 with err. */
static inline int harvest(uint32_t uid)
{
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	char line[9000];
	ingot_buf_clear(&seen);
	if (ingot_step_harvest(scratch_fd, uid, uid, 0, &h, &err) < 0)
		return -1;
	for (;;) {
		union ingot_msg m;
		int n = 0, type = ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_ENTRY) | INGOT_PERMIT(INGOT_MSG_XATTR) | INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_DONE), &m, &err);
		if (type < 0)
			return -1;
		if (type == INGOT_MSG_DONE)
			break;
		if (type == INGOT_MSG_XATTR)
			n = snprintf(line, sizeof(line), "x %.*s\n", INGOT_SPAN_ARG(m.xattr.name));
		else if (type == INGOT_MSG_DATA)
			n = snprintf(line, sizeof(line), "= %.*s\n", (int)(m.data.data.n > 200 ? 200 : m.data.data.n), m.data.data.p);
		else
			n = snprintf(line, sizeof(line), "%c /%.*s%s%.*s\n", (char)m.entry.type, INGOT_SPAN_ARG(m.entry.path), m.entry.target.n ? " -> " : "", INGOT_SPAN_ARG(m.entry.target));
		ingot_buf_put(&seen, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
	}
	return ingot_helper_finish(&h, &err);
}

static inline bool harvested_secret(void)
{
	return seen.n && strstr(ingot_buf_cstr(&seen), "only the host has") != NULL;
}
