/* A damaged store (safety.md T8): every byte of small objects, packs and references flipped; files cut, emptied, swapped, replaced by
 * links, FIFOs and directories. What is served is right or is reported as missing; verify finds all of it; the work can be done again. */
#include "world.h"

static char what[3000];

static struct ingot_err err;

static struct ingot_store *open_store(void)
{
	struct ingot_store *s = NULL;
	must(ingot_store_open(world_path, NULL, &s, &err) == 0, err.msg);
	return s;
}

static struct {
	char path[300]; /* below the store */
	uint8_t *bytes;
	size_t n;
} files[64];
static size_t n_files;
static char scan_root[200];

static int remember(const char *p, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type != FTW_F || strstr(p, "/lock"))
		return 0;
	must(n_files < 64, "files");
	(void)snprintf(files[n_files].path, sizeof(files[0].path), "%s", p + strlen(scan_root) + 1);
	files[n_files].n = (size_t)st->st_size;
	files[n_files].bytes = ingot_alloc(files[n_files].n + 1);
	int fd = open(p, O_RDONLY);
	must(fd >= 0 && read(fd, files[n_files].bytes, files[n_files].n) == (ssize_t)files[n_files].n, p);
	(void)close(fd);
	n_files++;
	return 0;
}

/* Small contents, so that each byte can be tried. */
static int put_small(struct ingot_store *s)
{
	struct ingot_digest needs[2], key;
	struct ingot_pack *p = NULL;
	ingot_pass(ingot_store_put(s, "the object", 10, &needs[0], &err));
	ingot_pass(ingot_pack_begin(s, &p, &err));
	for (const char *c = "abc"; *c; c++) {
		char text[20];
		int n = snprintf(text, sizeof(text), "content %c", *c);
		ingot_pass(ingot_pack_write(p, text, (size_t)n, &err));
		ingot_pass(ingot_pack_next(p, NULL, NULL, &err));
	}
	ingot_pass(ingot_pack_end(p, &needs[1], &err));
	ingot_sha256("k", 1, &key);
	char text[80];
	(void)snprintf(text, sizeof(text), "%s", INGOT_HEX(&needs[1]));
	return ingot_ref_put(s, "step", &key, ingot_span_of(text), needs, 2, &err);
}

/* 1: everything there and right; 0: something reported as missing; -1: wrong bytes, or a failure. */
static int get_small(struct ingot_store *s)
{
	struct ingot_digest key, d;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1000), out = INGOT_BUF(1000);
	static const char *const parts[] = { "the object", "content a", "content b", "content c" };
	ingot_sha256("k", 1, &key);
	int r = ingot_ref_get(s, "step", &key, &text, &err);
	if (r <= 0)
		return r;
	if (ingot_digest_parse_hex(ingot_buf_view(&text), &d) < 0)
		return wrongly("the reference says '%s'", text.p);
	r = ingot_store_use_pack(s, &d, &err);
	if (r <= 0)
		return r;
	for (size_t i = 0; i < 4; i++) {
		ingot_sha256(parts[i], strlen(parts[i]), &d);
		ingot_buf_clear(&out);
		r = ingot_store_get(s, &d, &out, &err);
		if (r <= 0)
			return r;
		if (!ingot_span_is(ingot_buf_view(&out), parts[i]))
			return wrongly("'%s' was served for '%s'", out.p, parts[i]);
	}
	return 1;
}

static void write_file(const char *name, const void *bytes, size_t n)
{
	char p[600];
	(void)snprintf(p, sizeof(p), "%s/%s", world_path, name);
	(void)unlink(p);
	(void)rmdir(p);
	int fd = open(p, O_WRONLY | O_CREAT | O_EXCL, 0444);
	must(fd >= 0 && write(fd, bytes, n) == (ssize_t)n && close(fd) == 0, p);
}

/* After some damage: by use (first), or by verify (first); then healed. */
static bool survives(bool verify_first, const char *how, const char *name, size_t at)
{
	_cleanup_(ingot_store_closep) struct ingot_store *s = open_store();
	struct ingot_store_stats st;
	int r = -1, again = -1;
	const char *bad = NULL;
	if (verify_first) {
		if (ingot_store_verify(s, &st, &err) < 0 || st.damaged == 0)
			bad = "verify did not see it";
		else if (get_small(s) != 0)
			bad = "it was still served after verify";
	} else {
		r = get_small(s);
		if (r < 0)
			bad = told->wrong[0] ? told->wrong : err.msg;
		else if (r == 1)
			bad = "it was served as if nothing had happened";
	}
	if (!bad && (again = put_small(s)) < 0)
		bad = err.msg; /* the first put may find an undetected damage in its way */
	if (!bad && get_small(s) != 1 && (put_small(s) < 0 || get_small(s) != 1))
		bad = "it does not heal";
	if (!bad && (ingot_store_verify(s, &st, &err) < 0 || st.damaged != 0))
		bad = "verify sees damage after healing";
	if (bad)
		(void)snprintf(what, sizeof(what), "%s of %s at %zu: %s", how, name, at, bad);
	return !bad;
}

static void restore(void)
{
	world_rm();
	must(mkdir(world_path, 0700) == 0, "mkdir");
	_cleanup_(ingot_store_closep) struct ingot_store *s = open_store();
	must(put_small(s) == 0, err.msg);
}

static long flips;

static bool flip_all(void)
{
	for (size_t f = 0; f < n_files; f++) {
		for (size_t i = 0; i < files[f].n; i++) {
			uint8_t *copy = files[f].bytes;
			uint8_t had = copy[i];
			copy[i] ^= (uint8_t)(1U << (i % 8));
			write_file(files[f].path, copy, files[f].n);
			copy[i] = had;
			flips++;
			if (!survives(i % 2, "a flipped byte", files[f].path, i))
				return false;
		}
		restore();
	}
	return true;
}

static bool cut_all(void)
{
	for (size_t f = 0; f < n_files; f++)
		for (size_t i = 0; i <= files[f].n; i++) {
			if (i < files[f].n) {
				write_file(files[f].path, files[f].bytes, i);
			} else { /* one byte more */
				files[f].bytes[i] = '\n';
				write_file(files[f].path, files[f].bytes, i + 1);
			}
			flips++;
			if (!survives(i % 2, "a cut", files[f].path, i))
				return false;
		}
	restore();
	return true;
}

static const char *const kinds[] = { "zeros", "link", "dangling link", "FIFO", "directory", "full directory", "another file", "missing", "mode 000" };

static void replace(size_t f, size_t kind)
{
	char p[600], sub[700];
	(void)snprintf(p, sizeof(p), "%s/%s", world_path, files[f].path);
	(void)snprintf(sub, sizeof(sub), "%s/x", p);
	(void)unlink(p);
	switch (kind) {
	case 0: {
		_cleanup_(ingot_freep) uint8_t *zeros = ingot_alloc(files[f].n);
		write_file(files[f].path, zeros, files[f].n);
		break;
	}
	case 1: {
		/* to the right bytes, even: a link is not what we made */
		char other[600];
		(void)snprintf(other, sizeof(other), "%s/lookalike", world_path);
		write_file("lookalike", files[f].bytes, files[f].n);
		must(symlink(other, p) == 0, p);
		break;
	}
	case 2:
		must(symlink("nowhere", p) == 0, p);
		break;
	case 3:
		must(mkfifo(p, 0600) == 0, p);
		break;
	case 4:
	case 5:
		must(mkdir(p, 0700) == 0 && (kind == 4 || mkdir(sub, 0) == 0), p);
		break;
	case 6:
		write_file(files[f].path, files[(f + 1) % n_files].bytes, files[(f + 1) % n_files].n);
		break;
	case 8:
		write_file(files[f].path, "x", 1);
		must(chmod(p, 0) == 0, p);
		break;
	default:
		break;
	}
}

static bool replace_all(void)
{
	for (size_t f = 0; f < n_files; f++)
		for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
			for (int verify = 0; verify < 2; verify++) {
				if (kind == 7 && verify && strncmp(files[f].path, "refs", 4) == 0)
					continue; /* nobody can tell that a reference is missing */
				replace(f, kind);
				flips++;
				if (!survives(verify, kinds[kind], files[f].path, 0))
					return false;
				restore();
			}
	return true;
}

/* A directory of the layout, or of the fan-out, is something else. */
static bool replace_dirs(void)
{
	char fans[3][20] = { "objects", "packs", "refs/step" };
	for (size_t f = 0; f < n_files; f++)
		if (strncmp(files[f].path, "refs", 4) != 0)
			(void)snprintf(fans[files[f].path[0] == 'p'], sizeof(fans[0]), "%.*s", (int)(strrchr(files[f].path, '/') - files[f].path), files[f].path);
	const char *names[] = { "objects", "packs", "refs", fans[0], fans[1], fans[2] };
	for (size_t i = 0; i < 6; i++)
		for (int link = 0; link < 2; link++) {
			char p[600], moved[600];
			(void)snprintf(p, sizeof(p), "%s/%s", world_path, names[i]);
			(void)snprintf(moved, sizeof(moved), "%s/away", world_path);
			must(rename(p, moved) == 0 && (link ? symlink("/dev/null", p) : mkfifo(p, 0600)) == 0, p);
			struct ingot_store *s = open_store();
			int r = get_small(s), again = put_small(s), then = get_small(s);
			ingot_store_close(s);
			if (r != 0 || again != 0 || then != 1) {
				(void)snprintf(what, sizeof(what), "%s replaced by a %s: %d %d %d (%s)", names[i], link ? "link" : "FIFO", r, again, then, err.msg);
				return false;
			}
			restore();
		}
	return true;
}

/* gc and verify on a store from which any one file is gone, or which holds what is none of ours. */
static bool housekeeping(void)
{
	for (size_t f = 0; f <= n_files; f++) {
		if (f < n_files)
			replace(f, 7);
		else
			write_file("objects/README", "hello", 5);
		struct ingot_store *s = open_store();
		struct ingot_store_stats st;
		bool good = ingot_store_gc(s, 1000, 100, &st, &err) == 0 && ingot_store_verify(s, &st, &err) == 0 && ingot_store_info(s, &st, &err) == 0 && st.damaged == 0;
		good = good && (get_small(s) == 1) == (f == n_files) && put_small(s) == 0 && get_small(s) == 1;
		ingot_store_close(s);
		if (!good) {
			(void)snprintf(what, sizeof(what), "without %s: %s", f < n_files ? files[f].path : "anything", err.msg);
			return false;
		}
		restore();
	}
	return true;
}

static void report(bool good, const char *name)
{
	if (!good)
		printf("# %s (store in %s)\n", what, world_path);
	ok(good, name);
}

int main(void)
{
	/* A positive control: without hashing on use (content.c, damaged() never called) the first flipped byte of the object was served. */
	world_new();
	(void)snprintf(scan_root, sizeof(scan_root), "%s", world_path);
	struct ingot_store *s = open_store();
	must(put_small(s) == 0 && get_small(s) == 1, err.msg);
	ingot_store_close(s);
	must(nftw(world_path, remember, 32, FTW_PHYS) == 0 && n_files == 3, "looking at the store");
	report(flip_all(), "every byte flipped");
	report(cut_all(), "cut at every byte");
	report(replace_all(), "replaced by other things");
	report(replace_dirs(), "directories replaced");
	report(housekeeping(), "gc and verify tolerate anything");
	printf("# %ld damages\n", flips);
	world_rm();
	return plan();
}
