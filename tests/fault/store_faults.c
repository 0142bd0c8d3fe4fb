/* The store when a system call fails (safety.md T13, T3): each call of a fixed piece of work, once and from then on, with each errno.
 *
 * The work must report a failure or be done; never crash, never hang, never leave anything damaged, and what was there before stays readable.
 * Afterwards, with calls working again, the same work succeeds. */
#include "faults.h"
#include "world.h"

static char what[5000];
static long cases, refused;

static void fixed_base(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_store_closep) struct ingot_store *s = NULL;
	must(ingot_store_open(world_path, NULL, &s, &err) == 0 && put_version(s, 0, 1, &err) == 0 && put_version(s, 2, 1, &err) == 0, err.msg);
	told->done[0] = told->done[2] = 1;
}

/* 0 or -1 with err. */
static int fixed_work(struct ingot_err *err)
{
	_cleanup_(ingot_store_closep) struct ingot_store *s = NULL;
	ingot_pass(ingot_store_open(world_path, NULL, &s, err));
	for (unsigned slot = 0; slot < 2; slot++) {
		ingot_pass(put_version(s, slot, told->done[slot] + 1, err));
		told->done[slot]++;
	}
	uint64_t version = 0;
	int r = get_version(s, 2, &version, err);
	if (r < 0)
		return r;
	r = r == 1 ? check_out(s, 2, version, err) : 0;
	if (r < 0)
		return r;
	ingot_pass(ingot_store_gc(s, 1000000, 100, NULL, err));
	char name[64];
	int fd = ingot_store_scratch(s, name, err);
	ingot_pass(fd);
	(void)close(fd);
	ingot_store_scratch_remove(s, name);
	return 0;
}

/* A failure must name the host's fault as such, and say what to do. */
static bool error_is_useful(const struct ingot_err *err, int sys)
{
	if (!err->msg[0] || err->code == INGOT_OK)
		return false;
	return (sys != ENOSPC && sys != EDQUOT) || (err->code == INGOT_E_HOST && strstr(err->hint, "store gc") && err->sys == sys);
}

static bool one(enum faults_mode mode, long n, int sys, bool *ret_end)
{
	struct ingot_err err = INGOT_ERR_INIT;
	world_new();
	fixed_base();
	faults_set(mode, n, sys);
	int r = fixed_work(&err);
	const char *call = faults_last();
	*ret_end = faults_count() < n;
	faults_set(FAULTS_OFF, 0, 0);
	cases++;
	refused += r < 0;
	/* A read error looks like damage and may set things aside: those slots are misses afterwards, never wrong. */
	bool may_miss = sys == EIO || sys == EMFILE;
	const char *bad = NULL;
	if (r == -2)
		bad = told->wrong;
	else if (r == -1 && !error_is_useful(&err, sys))
		bad = "the error says too little";
	uint64_t before[SLOTS];
	memcpy(before, told->done, sizeof(before));
	if (may_miss)
		memset(told->done, 0, sizeof(told->done));
	if (!bad && check_world(may_miss ? 100 : 0) < 0)
		bad = told->wrong;
	memcpy(told->done, before, sizeof(before));
	struct ingot_err again = INGOT_ERR_INIT;
	if (!bad && fixed_work(&again) < 0)
		bad = again.msg;
	if (bad)
		(void)snprintf(what, sizeof(what), "%s of call %ld (%s) with %s: %s; error was '%s' hint '%s' (store in %s)", mode == FAULTS_ONCE ? "failure" : "failures from", n, call,
			       strerror(sys), bad, err.msg, err.hint, world_path);
	else
		world_rm();
	return !bad;
}

static void sweep(enum faults_mode mode, int sys, const char *name)
{
	bool good = true, end = false;
	long n = 0, had = refused;
	while (good && !end)
		good = one(mode, ++n, sys, &end);
	printf("# %ld calls, %ld runs refused\n", n - 1, refused - had);
	if (!good)
		printf("# %s\n", what);
	ok(good && n > 20 && refused > had, name);
}

/* safety.md 9.0: what a reference needs is durable before the reference exists, and the reference before success is reported. */
static bool order_of_syncs(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_store_closep) struct ingot_store *s = NULL;
	char trace[2000];
	/* two objects, a pack, and then the reference */
	static const char one_ref[] = "write renameat2 renameat2 write renameat2 renameat2 pwrite64 renameat2 renameat2 syncfs write fsync renameat fsync ";
	static const char many_refs[] = "syncfs write write write syncfs renameat renameat renameat fsync ";
	world_new();
	must(ingot_store_open(world_path, NULL, &s, &err) == 0, err.msg);
	faults_trace(trace, sizeof(trace));
	bool good = put_version(s, 0, 1, &err) == 0;
	/* the same for many at once: two syncs of everything, whatever their number */
	faults_trace(NULL, 0);
	if (!good || strcmp(trace, one_ref) != 0) {
		(void)snprintf(what, sizeof(what), "%s", trace);
		return false;
	}
	ingot_ref_defer(s);
	for (unsigned i = 0; i < 3; i++) {
		struct ingot_digest key;
		slot_key(i, &key);
		good = good && ingot_ref_put(s, "step", &key, INGOT_SPAN("t"), NULL, 0, &err) == 0;
	}
	faults_trace(trace, sizeof(trace));
	good = good && ingot_ref_flush(s, &err) == 0;
	faults_trace(NULL, 0);
	world_rm();
	if (good && strcmp(trace, many_refs) == 0)
		return true;
	(void)snprintf(what, sizeof(what), "%s", trace);
	return false;
}

/* A write fails, its caller goes on as if nothing had happened (safety.md 9.2): nothing is published. */
static bool failed_is_failed(bool pack)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_store_closep) struct ingot_store *s = NULL;
	struct ingot_blob *b = NULL;
	struct ingot_pack *p = NULL;
	static uint8_t bytes[600000];
	world_new();
	must(ingot_store_open(world_path, NULL, &s, &err) == 0 && ingot_blob_begin(s, &b, &err) == 0 && ingot_pack_begin(s, &p, &err) == 0, err.msg);
	faults_set(FAULTS_ONCE, 1, ENOSPC);
	bool good = (pack ? ingot_pack_write(p, bytes, sizeof(bytes), &err) : ingot_blob_write(b, bytes, 10, &err)) < 0;
	faults_set(FAULTS_OFF, 0, 0);
	if (pack) {
		good = good && ingot_pack_write(p, bytes, 10, &err) < 0 && ingot_pack_next(p, NULL, NULL, &err) < 0;
		ingot_blob_abort(b);
		good = ingot_pack_end(p, NULL, &err) < 0 && good;
	} else {
		good = good && ingot_blob_write(b, bytes, 10, &err) < 0;
		ingot_pack_abort(p);
		good = ingot_blob_end(b, NULL, NULL, NULL, &err) < 0 && good;
	}
	good = good && count_entries("tmp") == 0 && count_entries("objects") + count_entries("packs") == 0;
	world_rm();
	return good;
}

int main(void)
{
	ok(order_of_syncs(), "everything is durable before it is named");
	if (tests_failed)
		printf("# %s\n", what);
	ok(failed_is_failed(false), "a blob after a failed write");
	ok(failed_is_failed(true), "a pack after a failed write");
	sweep(FAULTS_ONCE, ENOSPC, "no space, once");
	sweep(FAULTS_FOREVER, ENOSPC, "no space from then on");
	sweep(FAULTS_FOREVER, EDQUOT, "quota from then on");
	sweep(FAULTS_ONCE, EIO, "an I/O error, once");
	sweep(FAULTS_FOREVER, EIO, "I/O errors from then on");
	sweep(FAULTS_ONCE, EMFILE, "no descriptor, once");
	sweep(FAULTS_FOREVER, EMFILE, "no descriptors from then on");
	printf("# %ld runs\n", cases);
	return plan();
}
