/* The store and SIGKILL (safety.md T1): at every system call of a fixed piece of work, and at random moments of endless work.
 *
 * After each kill the store is opened as the next build would open it, and must hold, without any repair: all that was reported as done,
 * nothing damaged, no leftovers. The harness itself is tried on a writer that publishes in place: that must be caught. */
#include "faults.h"
#include "world.h"

/* What many tools do: the final name exists before the bytes do. */
static void in_place(uint64_t version)
{
	uint8_t bytes[PART_MAX + 8];
	size_t n = part_bytes(0, version, 4, bytes, PART_MAX);
	struct ingot_digest d;
	char p[400];
	ingot_sha256(bytes, n, &d);
	const char *hex = INGOT_HEX(&d);
	(void)snprintf(p, sizeof(p), "%s/objects/%.2s", world_path, hex);
	(void)mkdir(p, 0700);
	(void)snprintf(p, sizeof(p), "%s/objects/%.2s/%s", world_path, hex, hex + 2);
	int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	for (size_t at = 0; fd >= 0 && at < n; at += 512)
		if (write(fd, bytes + at, n - at < 512 ? n - at : 512) < 0)
			_exit(3);
	(void)close(fd);
}

static void worker(uint64_t seed, bool broken)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_store *s = NULL;
	if (ingot_store_open(world_path, NULL, &s, &err) < 0) {
		(void)wrongly("open: %s", err.msg);
		_exit(2);
	}
	for (uint64_t i = 0;; i++) {
		if (broken)
			in_place(seed + i);
		int r = work_once(s, &seed, &err);
		if (r < 0) {
			if (r == -1)
				(void)wrongly("work: %s", err.msg);
			_exit(2);
		}
	}
}

/* Kills until COUNT or a violation; returns how many. */
static long random_kills(long count, uint64_t seed, bool broken)
{
	uint64_t random = seed;
	for (long i = 0; i < count; i++) {
		uint64_t worker_seed = next_random(&random) | 1;
		long wait = (long)(next_random(&random) % 3000000);
		pid_t pid = fork();
		must(pid >= 0, "fork");
		if (pid == 0)
			worker(worker_seed, broken);
		(void)nanosleep(&(struct timespec){ .tv_nsec = wait }, NULL);
		(void)kill(pid, SIGKILL);
		must(waitpid(pid, NULL, 0) == pid, "waitpid");
		if (check_world(0) < 0)
			return i + 1;
		if (i % 200 == 199) { /* checkouts of old versions add up */
			world_rm();
			world_new();
		}
	}
	return count;
}

/* A fixed piece of work, with everything in it. */
static void fixed_work(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_store_closep) struct ingot_store *s = NULL;
	bool good = ingot_store_open(world_path, NULL, &s, &err) == 0;
	for (unsigned i = 0; good && i < 3; i++) {
		unsigned slot = i % 2;
		good = put_version(s, slot, told->done[slot] + 1, &err) == 0;
		if (good)
			told->done[slot]++;
	}
	uint64_t version = 0;
	good = good && get_version(s, 0, &version, &err) == 1 && check_out(s, 0, version, &err) == 0;
	good = good && ingot_store_gc(s, 1000000, 1000, NULL, &err) == 0;
	char name[64];
	int fd = good ? ingot_store_scratch(s, name, &err) : -1;
	good = good && fd >= 0 && mkdirat(fd, "sub", 0) == 0;
	if (good)
		ingot_store_scratch_remove(s, name);
	if (!good)
		(void)wrongly("fixed work: %s", err.msg);
}

static void fixed_base(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_store_closep) struct ingot_store *s = NULL;
	must(ingot_store_open(world_path, NULL, &s, &err) == 0 && put_version(s, 0, 1, &err) == 0 && put_version(s, 2, 1, &err) == 0, err.msg);
	told->done[0] = told->done[2] = 1;
}

static long every_call(void)
{
	for (long n = 1;; n++) {
		/* A fresh store each time: what earlier kills left would be more work for gc, and the calls would never end. */
		world_new();
		fixed_base();
		pid_t pid = fork();
		must(pid >= 0, "fork");
		if (pid == 0) {
			faults_set(FAULTS_KILL, n, 0);
			fixed_work();
			_exit(0);
		}
		int status;
		must(waitpid(pid, &status, 0) == pid, "waitpid");
		if (check_world(0) < 0)
			return -n;
		world_rm();
		if (WIFEXITED(status))
			return n - 1;
	}
}

int main(void)
{
	const char *kills_text = getenv("INGOT_KILLS"), *seed_text = getenv("INGOT_SEED");
	long kills = kills_text ? strtoll(kills_text, NULL, 10) : 1500;
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) | 1 : (uint64_t)time(NULL) << 16 | (uint64_t)getpid() | 1;
	long n = every_call();
	printf("# killed at each of %ld system calls\n", labs(n));
	ok(n > 100, "killed at every system call");
	if (n < 0)
		printf("# at call %ld: %s (the store is left in %s)\n", -n, told->wrong, world_path);

	world_new();
	n = random_kills(kills, seed, false);
	printf("# INGOT_SEED=%llu: %ld kills\n", (unsigned long long)seed, n);
	ok(n == kills && !told->wrong[0], "killed at random");
	if (told->wrong[0])
		printf("# at kill %ld: %s (the store is left in %s)\n", n, told->wrong, world_path);
	else
		world_rm();

	world_new();
	n = random_kills(1000, seed, true);
	printf("# a writer in place is caught at kill %ld: %s\n", n, told->wrong);
	ok(told->wrong[0], "the harness catches a writer in place");
	world_rm();
	return plan();
}
