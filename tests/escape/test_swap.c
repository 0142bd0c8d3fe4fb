/* Somebody outside who has the checkout and the scratch directory exchanges their parts for links to the host while steps are set up and harvested. Neither reaches the host. */
#include "../unit/run_suite.h"
#include "canary.h"
#include <ingot/store.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

static struct shared {
	atomic_int scratch; /* which one is in use */
	atomic_long swaps;
} *shared;
static pid_t swapper = -1;
static struct ingot_step_result r = INGOT_STEP_RESULT_INIT;

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* "%d" is the scratch directory's number. */
struct pair {
	const char *a, *b;
};

static void exchange_for_ever(const struct pair *pairs, size_t n)
{
	int at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char a[200], b[200];
	unsigned seed = 12345;
	for (;;) {
		seed = seed * 1103515245 + 12345;
		const struct pair *p = &pairs[(seed >> 16) % n];
		int scratch = atomic_load(&shared->scratch);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(a, sizeof(a), p->a, scratch);
		(void)snprintf(b, sizeof(b), p->b, scratch);
#pragma GCC diagnostic pop
		if (renameat2(at, a, at, b, RENAME_EXCHANGE) < 0)
			continue;
		for (volatile unsigned i = 0; i < (seed >> 20) * 4; i++)
			;
		(void)renameat2(at, a, at, b, RENAME_EXCHANGE);
		atomic_fetch_add(&shared->swaps, 2);
		/* About half of the time everything is in its place. */
		for (volatile unsigned i = 0; i < (seed >> 19) * 4; i++)
			;
	}
}

static void begin(const struct pair *pairs, size_t n)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	swapper = fork();
	if (swapper == 0) {
		exchange_for_ever(pairs, n);
		_exit(0);
	}
}

static void end(void)
{
	(void)kill(swapper, SIGKILL);
	(void)waitpid(swapper, NULL, 0);
	(void)munmap(shared, sizeof(*shared));
}

static void link_in_top(const char *name)
{
	int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(symlinkat(canary, dir, name) == 0, "%s: %s", name, strerror(errno));
	close(dir);
}

START_TEST(set_up_and_harvest)
{
	static const struct pair pairs[] = {
		{ "root/dev", "root/evil" },	   { "root/tmp", "root/evil" },	   { "root/proc", "root/evil" },      { "root/run", "root/evil" },	   { "root/data", "root/evil" },
		{ "root/above/sub", "root/evil" }, { "root/above", "root/evil" },  { "root", "evil" },		      { "volume", "evil" },		   { "root/vol", "root/evil" },
		{ "scratch%d", "evil" },	   { "scratch%d/upper", "evil" }, { "scratch%d/work", "evil" },      { "scratch%d/upper/etc", "evil" }, { "scratch%d/upper/etc/x", "evil" },
	};
	ck_assert_int_eq(mkdirat(root_fd, "above", 0755) | mkdirat(root_fd, "above/sub", 0755) | mkdirat(root_fd, "vol", 0755), 0);
	link_in_top("evil");
	link_in_top("root/evil");
	char path[96];
	(void)snprintf(path, sizeof(path), "%s/volume", top);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	int volume = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rounds = 0, ran = 0, harvested = 0;
	begin(pairs, sizeof(pairs) / sizeof(pairs[0]));
	const struct ingot_step_tmpfs t[] = { { .path = "/data" }, { .path = "/above/sub" } };
	const struct ingot_step_volume v = { .path = "/vol", .fd = volume };
	for (double began = now(); now() - began < 6;) {
		PLAN("try", "put", "/dev/null", "x", "try", "put", "/tmp/file", "evil", "try", "put", "/run/file", "evil", "try", "put", "/data/file", "evil", "try", "put", "/above/sub/file", "evil", "try", "put", "/vol/file", "evil", "try", "put",
		     "/etc/x", "evil", "try", "chown", "12", "/etc/x");
		int n = 0;
		(void)sscanf(strrchr(scratch_name, 'h') + 1, "%d", &n);
		atomic_store(&shared->scratch, n);
		plan.tmpfs = t;
		plan.n_tmpfs = 2;
		plan.volumes = &v;
		plan.n_volumes = 1;
		plan.flags = rounds % 4 == 3 ? INGOT_STEP_READONLY : 0;
		bool ok = ingot_step_run(&plan, NULL, &r, &err) == 0 && r.reason == INGOT_STEP_ENDED && r.status == 0;
		ran += ok;
		if (!plan.flags && harvest(0) == 0)
			harvested++;
		ck_assert_msg(!harvested_secret(), "%s", ingot_buf_cstr(&seen));
		canary_is_whole("round %d", rounds);
		rounds++;
	}
	long swaps = atomic_load(&shared->swaps);
	end();
	canary_is_whole("%d rounds", rounds);
	if (getenv("INGOT_SHOW_COUNTS"))
		printf("# %ld exchanges, %d rounds, %d ran, %d harvested\n", swaps, rounds, ran, harvested);
	ck_assert_msg(swaps >= 2000 && rounds >= 20 && ran > 0 && ran < rounds && harvested > 0, "%ld exchanges, %d rounds, %d ran, %d harvested: too few to say anything", swaps, rounds, ran, harvested);
	close(volume);
}
END_TEST

/* The volume's path is looked up again, and at that moment another directory of the host may stand there: what was opened counts (CVE-2024-23651). */
START_TEST(source_of_a_volume)
{
	static const struct pair pairs[] = { { "volume", "decoy" } };
	int at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rounds = 0;
	ck_assert_int_eq(mkdirat(at, "volume", 0755) | mkdirat(at, "decoy", 0755), 0);
	int decoy = openat(at, "decoy", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct ingot_step_volume v = { .path = "/data", .fd = openat(at, "volume", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	begin(pairs, 1);
	struct stat st;
	for (double began = now(); now() - began < 3; rounds++) {
		PLAN("put", "/data/evil", "x");
		plan.volumes = &v;
		plan.n_volumes = 1;
		(void)!ingot_step_run(&plan, NULL, &r, &err);
		ck_assert_msg(fstatat(decoy, "evil", &st, 0) < 0, "round %d: the step wrote to a directory that it was not given", rounds);
	}
	end();
	ck_assert_int_eq(fstatat(v.fd, "evil", &st, 0), 0);
	close(v.fd);
	close(decoy);
	close(at);
}
END_TEST

/* GHSA-2ffj-w4mj-pg37 and GHSA-g3g9-5vj6-r3gj (Nix): an accomplice outside who goes on changing what a step has left, during the harvest. */
START_TEST(harvest_alone)
{
	static const struct pair pairs[] = {
		{ "scratch%d/upper/f", "scratch%d/upper/l" }, { "scratch%d/upper/d", "scratch%d/upper/e" }, { "scratch%d/upper/d/f", "scratch%d/upper/d/l" }, { "scratch%d/upper/f", "scratch%d/upper/p" },
		{ "scratch%d/upper/d", "scratch%d/upper/f" }, { "scratch%d/upper", "evil" },		     { "scratch%d/upper/d/f", "evil" },
	};
	link_in_top("evil");
	new_scratch();
	int n = 0, rounds = 0, good = 0, bad = 0;
	(void)sscanf(strrchr(scratch_name, 'h') + 1, "%d", &n);
	ck_assert_int_eq(mkdirat(scratch_fd, "upper", 0755) | mkdirat(scratch_fd, "upper/d", 0755) | mkfifoat(scratch_fd, "upper/p", 0644), 0);
	ck_assert_int_eq(symlinkat(canary_file, scratch_fd, "upper/l") | symlinkat(canary, scratch_fd, "upper/e") | symlinkat(canary_file, scratch_fd, "upper/d/l"), 0);
	write_text(scratch_fd, "upper/f", "mine\n", 0644);
	write_text(scratch_fd, "upper/d/f", "mine\n", 0644);
	begin(pairs, sizeof(pairs) / sizeof(pairs[0]));
	atomic_store(&shared->scratch, n);
	for (double began = now(); now() - began < 4; rounds++) {
		if (harvest(0) == 0)
			good++;
		else
			bad++;
		ck_assert_msg(!harvested_secret(), "%s", ingot_buf_cstr(&seen));
	}
	long swaps = atomic_load(&shared->swaps);
	end();
	canary_is_whole("%d harvests", rounds);
	if (getenv("INGOT_SHOW_COUNTS"))
		printf("# %ld exchanges, %d harvests, %d refused\n", swaps, rounds, bad);
	ck_assert_msg(swaps >= 2000 && good > 0 && rounds >= 50, "%ld exchanges, %d harvests, %d refused: too few to say anything", swaps, good, bad);
}
END_TEST

/* CVE-2024-23652 (BuildKit): what is removed is exchanged for a link to the host between being looked at and being entered. */
START_TEST(cleaning_up)
{
	enum { DIRS = 8, ROUNDS = 120 };
	static char a[DIRS][128], b[DIRS][128];
	struct pair pairs[DIRS];
	struct ingot_store *store = NULL;
	char path[96], name[64], in[32];
	(void)snprintf(path, sizeof(path), "%s/store", top);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_msg(ingot_store_open(path, NULL, &store, &err) == 0, "%s", err.msg);
	for (int round = 0; round < ROUNDS; round++) {
		int scratch = ingot_store_scratch(store, name, &err);
		ck_assert_int_ge(scratch, 0);
		for (int i = 0; i < DIRS; i++) {
			(void)snprintf(in, sizeof(in), "d%d", i);
			ck_assert_int_eq(mkdirat(scratch, in, 0755), 0);
			for (int k = 0; k < 4; k++) {
				(void)snprintf(in, sizeof(in), "d%d/f%d", i, k);
				write_text(scratch, in, "x", 0644);
			}
			(void)snprintf(in, sizeof(in), "l%d", i);
			ck_assert_int_eq(symlinkat(canary, scratch, in), 0);
			(void)snprintf(a[i], sizeof(a[i]), "store/tmp/%s/d%d", name, i);
			(void)snprintf(b[i], sizeof(b[i]), "store/tmp/%s/l%d", name, i);
			pairs[i] = (struct pair){ a[i], b[i] };
		}
		begin(pairs, DIRS);
		ingot_store_scratch_remove(store, name);
		end();
		close(scratch);
		canary_is_whole("round %d", round);
	}
	ingot_store_close(store);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("swap");
	TCase *t = tcase_create("swap");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, make_canary, remove_root);
	tcase_add_test(t, set_up_and_harvest);
	tcase_add_test(t, source_of_a_volume);
	tcase_add_test(t, harvest_alone);
	tcase_add_test(t, cleaning_up);
	suite_add_tcase(s, t);
	return run_suite(s);
}
