/* Many builders on one store (safety.md T9): put, get, check out, collect, with shared and distinct contents, some killed on the way.
 *
 * No failure is explained away but one: gc that could not have the lock. What a builder was told is done stays: gc here keeps all references.
 * Each process works on all slots at once, so the version that it finds may be another's: never older than what it put itself. */
#include "world.h"

#define PROCESSES 8

static void builder(unsigned who, uint64_t seed, int64_t until_ms)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct timespec now;
	(void)who;
	do {
		struct ingot_store *s = NULL;
		if (ingot_store_open(world_path, NULL, &s, &err) < 0) {
			(void)wrongly("open: %s", err.msg);
			_exit(2);
		}
		for (int i = 0; i < 20; i++) {
			unsigned slot = (unsigned)(next_random(&seed) % SLOTS);
			uint64_t version = next_random(&seed) % 40 + 1;
			int r;
			switch (next_random(&seed) % 6) {
			case 0:
				r = get_version(s, slot, &version, &err);
				if (r == 0)
					break; /* nobody has put it yet */
				if (r == 1)
					r = check_out(s, slot, version, &err);
				break;
			case 1:
				r = ingot_store_gc(s, 1000000, 5, NULL, &err);
				if (r < 0 && err.code == INGOT_E_HOST && strstr(err.msg, "in use by other builds"))
					r = 0;
				break;
			default: /* versions repeat, so objects and packs are often there already */
				r = put_version(s, slot, version, &err);
				if (r == 0)
					__atomic_store_n(&told->done[slot], 1, __ATOMIC_SEQ_CST);
			}
			if (r < 0) {
				if (r == -1)
					(void)wrongly("%s (%s)", err.msg, err.hint);
				_exit(2);
			}
		}
		ingot_store_close(s);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < until_ms);
	_exit(0);
}

static pid_t start(unsigned who, uint64_t *random, int64_t until_ms)
{
	uint64_t seed = next_random(random) | 1;
	pid_t pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0)
		builder(who, seed, until_ms);
	return pid;
}

static long killed;

/* With KILL, some are killed and replaced all the time. */
static bool crowd(int64_t ms, uint64_t seed, bool kill_some)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t at = now.tv_sec * 1000 + now.tv_nsec / 1000000, until = at + ms;
	pid_t pids[PROCESSES];
	for (unsigned i = 0; i < PROCESSES; i++)
		pids[i] = start(i, &seed, until);
	while (kill_some && at < until && !told->wrong[0]) {
		(void)nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
		unsigned i = (unsigned)(next_random(&seed) % PROCESSES);
		(void)kill(pids[i], SIGKILL);
		int status;
		must(waitpid(pids[i], &status, 0) == pids[i], "waitpid");
		killed += WIFSIGNALED(status);
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
			(void)wrongly("a builder crashed with signal %d", WTERMSIG(status));
		pids[i] = start(i, &seed, until);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		at = now.tv_sec * 1000 + now.tv_nsec / 1000000;
	}
	bool good = true;
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;
		must(waitpid(pids[i], &status, 0) == pids[i], "waitpid");
		good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	return check_world(0) == 0 && good;
}

static void report(bool good, uint64_t seed, const char *name)
{
	if (!good)
		printf("# INGOT_SEED=%llu: %s (store in %s)\n", (unsigned long long)seed, told->wrong, world_path);
	ok(good, name);
}

int main(void)
{
	const char *ms_text = getenv("INGOT_RACE_MS"), *seed_text = getenv("INGOT_SEED");
	int64_t ms = ms_text ? strtoll(ms_text, NULL, 10) : 1500;
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) | 1 : (uint64_t)time(NULL) << 16 | (uint64_t)getpid() | 1;
	world_new();
	report(crowd(ms, seed, false), seed, "eight builders at once");
	report(crowd(ms, seed + 2, true), seed, "eight builders, some killed");
	printf("# INGOT_SEED=%llu, %ld killed\n", (unsigned long long)seed, killed);
	if (!tests_failed)
		world_rm();
	return plan();
}
