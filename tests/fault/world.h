/* world.h - work on a store that can be checked afterwards: every byte in it follows from a slot and a version.
 *
 * A slot is a reference of kind "step". Version v of it says "v" and needs two objects and a pack of three contents, all derived from (slot, v).
 * What the worker was told is done (ingot_ref_put() returned 0) it notes in shared memory: that must be there afterwards, or a later version. */
#pragma once
#include "faults.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <ingot/checkout.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <ingot/store.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 6
#define PARTS 5 /* 0 and 1 are objects, the others are in a pack */

struct told {
	uint64_t done[SLOTS]; /* versions that were reported as put */
	char wrong[1500];      /* a violation that the worker itself met */
};

static char world_path[200];
static struct told *told;
static int tests_run, tests_failed;

static inline void ok(bool good, const char *name)
{
	tests_run++;
	tests_failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests_run, name);
	(void)fflush(stdout);
}

static inline int plan(void)
{
	printf("1..%d\n", tests_run);
	return tests_failed ? 1 : 0;
}

static inline void must(bool good, const char *what)
{
	if (good)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(99);
}

static inline int rm_one(const char *p, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	(void)type;
	return remove(p);
}

static inline void world_rm(void)
{
	must(nftw(world_path, rm_one, 32, FTW_DEPTH | FTW_PHYS) == 0, "removing a test's store");
}

/* A fresh store's place: INGOT_TEST_DIR, or memory, or TMPDIR. */
static inline void world_new(void)
{
	const char *base = getenv("INGOT_TEST_DIR");
	if (!base)
		base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
	(void)snprintf(world_path, sizeof(world_path), "%s/ingot-fault-XXXXXX", base ? base : "/tmp");
	must(mkdtemp(world_path) != NULL, world_path);
	if (!told)
		told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(told != MAP_FAILED, "mmap");
	memset(told, 0, sizeof(*told));
}

/* xorshift64*: a seed replays a run */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ULL;
}

static inline size_t part_bytes(unsigned slot, uint64_t version, unsigned part, uint8_t *ret, size_t max)
{
	uint64_t s = (slot + 1) * 0x9e3779b97f4a7c15ULL ^ (version + 1) * 0xbf58476d1ce4e5b9ULL ^ (part + 1) * 0x94d049bb133111ebULL;
	size_t n = next_random(&s) % (part == 4 ? max : 3000); /* part 4 may be large */
	for (size_t i = 0; i < n; i += 8) {
		uint64_t r = next_random(&s);
		memcpy(ret + i, &r, n - i < 8 ? n - i : 8);
	}
	return n;
}

#define PART_MAX 20000U

static inline void slot_key(unsigned slot, struct ingot_digest *ret)
{
	ingot_sha256(&slot, sizeof(slot), ret);
}

static inline int put_version(struct ingot_store *s, unsigned slot, uint64_t version, struct ingot_err *err)
{
	uint8_t bytes[PART_MAX + 8];
	struct ingot_digest needs[3], key;
	for (unsigned part = 0; part < 2; part++) {
		size_t n = part_bytes(slot, version, part, bytes, PART_MAX);
		ingot_pass(ingot_store_put(s, bytes, n, &needs[part], err));
	}
	_cleanup_(ingot_pack_abortp) struct ingot_pack *p = NULL;
	ingot_pass(ingot_pack_begin(s, &p, err));
	for (unsigned part = 2; part < PARTS; part++) {
		size_t n = part_bytes(slot, version, part, bytes, PART_MAX);
		ingot_pass(ingot_pack_write(p, bytes, n / 2, err));
		ingot_pass(ingot_pack_write(p, bytes + n / 2, n - n / 2, err));
		ingot_pass(ingot_pack_next(p, NULL, NULL, err));
	}
	ingot_pass(ingot_pack_end(TAKE_PTR(p), &needs[2], err));
	slot_key(slot, &key);
	char text[100];
	int n = snprintf(text, sizeof(text), "%llu %s", (unsigned long long)version, INGOT_HEX(&needs[2]));
	return ingot_ref_put(s, "step", &key, (struct ingot_span){ text, (size_t)n }, needs, 3, err);
}

/* 1 and the version, 0: no such reference, -1: a failure that err names, -2: a violation, described in told->wrong. */
static inline int get_version(struct ingot_store *s, unsigned slot, uint64_t *ret, struct ingot_err *err)
{
	struct ingot_digest key, pack;
	slot_key(slot, &key);
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1000), out = INGOT_BUF(1 << 20);
	int r = ingot_ref_get(s, "step", &key, &text, err);
	if (r <= 0)
		return r;
	struct ingot_span rest = ingot_buf_view(&text), number;
	uint64_t version;
	if (!ingot_span_next(&rest, ' ', &number) || ingot_parse_u64(number, UINT64_MAX, &version) < 0 || ingot_digest_parse_hex(rest, &pack) < 0) {
		(void)snprintf(told->wrong, sizeof(told->wrong), "slot %u says '%s'", slot, text.p);
		return -2;
	}
	r = ingot_store_use_pack(s, &pack, err);
	if (r <= 0)
		return r;
	for (unsigned part = 0; part < PARTS; part++) {
		uint8_t bytes[PART_MAX + 8];
		size_t n = part_bytes(slot, version, part, bytes, PART_MAX);
		struct ingot_digest d;
		ingot_sha256(bytes, n, &d);
		ingot_buf_clear(&out);
		r = ingot_store_get(s, &d, &out, err);
		if (r <= 0)
			return r;
		if (out.n != n || (n && memcmp(out.p, bytes, n) != 0)) {
			(void)snprintf(told->wrong, sizeof(told->wrong), "slot %u version %llu part %u: other bytes were served", slot, (unsigned long long)version, part);
			return -2;
		}
	}
	*ret = version;
	return 1;
}

/* A tree of version's parts, checked out. */
static inline int check_out(struct ingot_store *s, unsigned slot, uint64_t version, struct ingot_err *err)
{
	uint8_t bytes[PART_MAX + 8];
	char text[2000];
	int n = snprintf(text, sizeof(text), "ingot-tree 1\nd 0755 0 0 1 /\nd 0755 0 0 1 /d\n");
	for (unsigned part = 0; part < PARTS; part++) {
		struct ingot_digest d;
		size_t size = part_bytes(slot, version, part, bytes, PART_MAX);
		ingot_sha256(bytes, size, &d);
		n += snprintf(text + n, sizeof(text) - (size_t)n, "f 0644 0 0 1 /d/%u %zu %s\n", part, size, INGOT_HEX(&d));
	}
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	ingot_pass(ingot_tree_parse((struct ingot_span){ text, (size_t)n }, &t, err));
	int root = -1;
	ingot_pass(ingot_checkout_cached(s, t, &root, err));
	faults_pause(true);
	int dir = openat(root, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned part = 0; dir >= 0 && part < PARTS; part++) {
		char name[12];
		uint8_t found[PART_MAX + 8];
		size_t size = part_bytes(slot, version, part, bytes, PART_MAX);
		(void)snprintf(name, sizeof(name), "%u", part);
		int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
		ssize_t got = fd < 0 ? -1 : pread(fd, found, sizeof(found), 0);
		if (fd >= 0 && (got != (ssize_t)size || memcmp(found, bytes, size) != 0))
			(void)snprintf(told->wrong, sizeof(told->wrong), "slot %u version %llu: a checkout has other bytes", slot, (unsigned long long)version);
		if (fd >= 0)
			(void)close(fd);
	}
	if (dir >= 0)
		(void)close(dir);
	(void)close(root);
	faults_pause(false);
	return told->wrong[0] ? -2 : 0;
}

/* One operation, chosen by the random state. 0, -1 (err) or -2 (violation). */
static inline int work_once(struct ingot_store *s, uint64_t *random, struct ingot_err *err)
{
	unsigned slot = (unsigned)(next_random(random) % SLOTS);
	uint64_t version = told->done[slot];
	int r;
	switch (next_random(random) % 9) {
	case 3: { /* some together: done when the flush says so, not before */
		uint64_t next[SLOTS];
		memcpy(next, told->done, sizeof(next));
		ingot_ref_defer(s);
		for (unsigned i = 0; i < 4; i++) {
			unsigned other = (slot + i) % SLOTS;
			ingot_pass(put_version(s, other, ++next[other], err));
		}
		ingot_pass(ingot_ref_flush(s, err));
		memcpy(told->done, next, sizeof(next));
		return 0;
	}
	case 0:
		r = get_version(s, slot, &version, err);
		return r < 0 ? r : 0;
	case 1:
		return ingot_store_gc(s, 1000000, 1000, NULL, err);
	case 2:
		r = get_version(s, slot, &version, err);
		return r == 1 ? check_out(s, slot, version, err) : r;
	default:
		r = put_version(s, slot, version + 1, err);
		if (r == 0)
			told->done[slot] = version + 1;
		return r;
	}
}

static inline int wrongly(const char *fmt, ...) INGOT_PRINTF(1, 2);
static inline int wrongly(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(told->wrong, sizeof(told->wrong), fmt, ap);
	va_end(ap);
	return -1;
}

static inline int count_entries(const char *name)
{
	char p[300];
	(void)snprintf(p, sizeof(p), "%s/%s", world_path, name);
	DIR *d = opendir(p);
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	if (d)
		(void)closedir(d);
	return n;
}

/* Opens the store as the next build would, and looks: 0, or -1 with told->wrong. DAMAGE: how many things may have been set aside. */
static inline int check_world(int damage)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_store_closep) struct ingot_store *s = NULL;
	if (told->wrong[0])
		return -1;
	if (ingot_store_open(world_path, NULL, &s, &err) < 0)
		return wrongly("the store cannot be opened: %s", err.msg);
	if (count_entries("tmp"))
		return wrongly("%d leftovers in tmp", count_entries("tmp"));
	struct ingot_store_stats st;
	if (ingot_store_verify(s, &st, &err) < 0)
		return wrongly("verify: %s", err.msg);
	if (st.damaged > (uint64_t)damage || count_entries("damaged") > damage)
		return wrongly("%llu damaged", (unsigned long long)st.damaged);
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		uint64_t version = 0;
		int r = get_version(s, slot, &version, &err);
		if (r < 0)
			return r == -2 ? -1 : wrongly("slot %u: %s", slot, err.msg);
		if (version < told->done[slot])
			return wrongly("slot %u: version %llu was reported as put, but %llu is there", slot, (unsigned long long)told->done[slot], (unsigned long long)version);
		told->done[slot] = version; /* one more may have been put without the worker living to note it */
	}
	return 0;
}
