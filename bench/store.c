/* What the store costs: contents as objects and in a pack, references one by one and together, a checkout and its removal.
 *
 *     bench_store DIR          a new directory on the disk, or in the memory, that is asked about
 *
 * Wall and processor time of each; on a busy machine only the second means anything. */
#include <fcntl.h>
#include <ingot/checkout.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SMALL 10000
#define REFS 120
#define FILES 30000

static struct ingot_err err;
static struct ingot_store *store;
static struct ingot_digest digests[SMALL];
static uint8_t block[400000];
static double began_wall, began_cpu;

static double seconds(clockid_t clock)
{
	struct timespec t;
	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void begin(void)
{
	began_wall = seconds(CLOCK_MONOTONIC);
	began_cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void end(const char *what, int result)
{
	if (result < 0) {
		printf("%s: %s\n", what, err.msg);
		exit(1);
	}
	printf("%-44s %9.1f ms  %9.1f ms cpu\n", what, (seconds(CLOCK_MONOTONIC) - began_wall) * 1e3, (seconds(CLOCK_PROCESS_CPUTIME_ID) - began_cpu) * 1e3);
	(void)fflush(stdout);
}

static void fill(unsigned kind, unsigned i)
{
	memset(block, (int)i, 64);
	memcpy(block, &kind, sizeof(kind));
	memcpy(block + sizeof(kind), &i, sizeof(i));
}

static int as_objects(void)
{
	for (unsigned i = 0; i < SMALL; i++) {
		fill(0, i);
		ingot_pass(ingot_store_put(store, block, 2000 + i % 4000, &digests[i], &err));
	}
	return 0;
}

static int as_pack(struct ingot_digest *ret)
{
	struct ingot_pack *p = NULL;
	ingot_pass(ingot_pack_begin(store, &p, &err));
	for (unsigned i = 0; i < SMALL; i++) {
		fill(1, i);
		ingot_pass(ingot_pack_write(p, block, 2000 + i % 4000, &err));
		ingot_pass(ingot_pack_next(p, &digests[i], NULL, &err));
	}
	return ingot_pack_end(p, ret, &err);
}

static int get_all(void)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(MIB(1));
	for (unsigned i = 0; i < SMALL; i++) {
		ingot_buf_clear(&out);
		if (ingot_store_get(store, &digests[i], &out, &err) != 1)
			return ingot_fail(&err, INGOT_E_BUG, "content %u is gone", i);
	}
	return 0;
}

static int put_refs(unsigned kind, bool together)
{
	if (together)
		ingot_ref_defer(store);
	for (unsigned i = 0; i < REFS; i++) {
		struct ingot_digest d;
		fill(kind, i);
		ingot_pass(ingot_store_put(store, block, 4096, &d, &err));
		ingot_pass(ingot_ref_put(store, "deb", &d, INGOT_SPAN("x"), &d, 1, &err));
	}
	return ingot_ref_flush(store, &err);
}

/* 30,000 files in 3,000 directories, 1.06 GB: one in a hundred has 2 MB. */
static int big_pack(struct ingot_buf *text, struct ingot_digest *ret)
{
	struct ingot_pack *p = NULL;
	ingot_pass(ingot_pack_begin(store, &p, &err));
	ingot_buf_str(text, "ingot-tree 1\nd 0755 0 0 1 /\n");
	for (unsigned i = 0; i < FILES; i++) {
		struct ingot_digest d;
		size_t size = i % 100 ? 15000 + i * 37 % 1000 : 2000000;
		fill(2, i);
		for (size_t left = size, n; left; left -= n) {
			n = left < sizeof(block) ? left : sizeof(block);
			ingot_pass(ingot_pack_write(p, block, n, &err));
		}
		ingot_pass(ingot_pack_next(p, &d, NULL, &err));
		if (i % 10 == 0)
			ingot_buf_fmt(text, "d 0755 0 0 1 /d%04u\n", i / 10);
		ingot_buf_fmt(text, "f 0644 0 0 1 /d%04u/f%u %zu %s\n", i / 10, i % 10, size, INGOT_HEX(&d));
	}
	return ingot_pack_end(p, ret, &err);
}

static int check_out(const struct ingot_tree *t)
{
	int root = -1;
	ingot_pass(ingot_checkout_cached(store, t, &root, &err));
	return close(root);
}

static void trees(void)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(64));
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = NULL;
	struct ingot_digest pack, key = { { 1 } };
	struct ingot_store_stats st;
	char name[64];
	begin();
	end("1.06 GB in 30,000 contents as one pack", big_pack(&text, &pack));
	if (ingot_tree_parse(ingot_buf_view(&text), &t, &err) < 0)
		end("the tree", -1);
	begin();
	end("checkout of the 30,000 files", check_out(t));
	begin();
	end("the same again", check_out(t));
	int fd = ingot_store_scratch(store, name, &err);
	begin();
	end("checkout into a scratch directory", fd < 0 ? -1 : ingot_checkout(store, t, fd, &err));
	(void)close(fd);
	begin();
	ingot_store_scratch_remove(store, name);
	end("removing that", 0);
	begin();
	end("a reference to the pack", ingot_ref_put(store, "bench", &key, INGOT_SPAN("x"), &pack, 1, &err));
	begin();
	end("verify of all", ingot_store_verify(store, &st, &err));
}

int main(int argc, char **argv)
{
	struct ingot_digest pack, key = { { 2 } };
	struct ingot_store_stats st;
	if (argc != 2)
		return 2;
	begin();
	end("open", ingot_store_open(argv[1], NULL, &store, &err));
	begin();
	end("10,000 contents of 2 to 6 KB as objects", as_objects());
	begin();
	end("a reference to all these", ingot_ref_put(store, "bench", &key, INGOT_SPAN("x"), digests, SMALL, &err));
	begin();
	end("10,000 such contents as one pack", as_pack(&pack));
	begin();
	end("a reference to the pack", ingot_ref_put(store, "bench", &key, INGOT_SPAN("x"), &pack, 1, &err));
	begin();
	end("reading the 10,000", get_all());
	begin();
	end("120 objects and references", put_refs(3, false));
	begin();
	end("120 objects, references together", put_refs(4, true));
	trees();
	begin();
	end("gc", ingot_store_gc(store, 1000000, 100, &st, &err));
	struct rusage u;
	(void)getrusage(RUSAGE_SELF, &u);
	printf("%-44s %9ld KiB\n", "peak memory", u.ru_maxrss);
	ingot_store_close(store);
	return 0;
}
