/* Facts about the contents of a directory: how long it takes to look at all of them, and to know them again.
 *
 *     bench_facts STORE DIRECTORY [PARALLEL]
 *
 * Each entry of DIRECTORY is one pack, as a package would be. With an empty STORE the first time is that of an image nobody has seen. What was found goes to stdout, times
 * to stderr. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <ingot/escape.h>
#include <ingot/facts.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct ingot_store *store;
static struct ingot_err err = INGOT_ERR_INIT;
static struct file {
	char *path;
	struct ingot_digest content;
	uint64_t size;
} *files;
static size_t n_files, cap_files;
static struct ingot_pack *pack;
static uint64_t all_bytes;

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int r)
{
	if (r >= 0)
		return;
	(void)fprintf(stderr, "%s\n", err.msg);
	exit(1);
}

static int add(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	static char block[256 << 10];
	int fd = type == FTW_F && S_ISREG(st->st_mode) ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	ssize_t n;
	if (fd < 0)
		return 0;
	while ((n = read(fd, block, sizeof(block))) > 0)
		must(ingot_pack_write(pack, block, (size_t)n, &err));
	(void)close(fd);
	ingot_reserve(files, n_files, cap_files);
	must(ingot_pack_next(pack, &files[n_files].content, &files[n_files].size, &err));
	all_bytes += files[n_files].size;
	files[n_files++].path = ingot_strdup(path);
	return 0;
}

/* A flat tree: names do not matter here. */
static struct ingot_tree *make_tree(size_t n)
{
	struct ingot_buf text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	struct ingot_tree *t = NULL;
	ingot_buf_str(&text, "ingot-tree 1\nd 0755 0 0 0 /\n");
	for (size_t i = 0; i < n; i++)
		ingot_buf_fmt(&text, "f 0644 0 0 0 /%08zu %llu %s\n", i, (unsigned long long)files[i].size, INGOT_HEX(&files[i].content));
	must(ingot_tree_parse(ingot_buf_view(&text), &t, &err));
	ingot_buf_done(&text);
	return t;
}

/* Of the processor, which a busy machine stretches less than the clock. */
static double used(int who)
{
	struct rusage r;
	(void)getrusage(who, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static struct ingot_facts *gather(const char *what, const struct ingot_tree *t, unsigned parallel)
{
	struct ingot_facts *f = NULL;
	double from = now(), own = used(RUSAGE_SELF), helpers = used(RUSAGE_CHILDREN);
	must(ingot_facts_gather(store, t, parallel, NULL, &f, &err));
	double took = now() - from;
	own = used(RUSAGE_SELF) - own;
	helpers = used(RUSAGE_CHILDREN) - helpers;
	(void)fprintf(stderr, "%-28s %8.1f ms, %zu looked at", what, took * 1000, ingot_facts_looked_at(f));
	if (ingot_facts_helpers(f))
		(void)fprintf(stderr, ", %.0f MB/s; %zu helpers, %.0f MB a second of their processor, %.0f of ours", (double)all_bytes / 1e6 / took, ingot_facts_helpers(f),
			      (double)all_bytes / 1e6 / helpers, (double)all_bytes / 1e6 / own);
	(void)fprintf(stderr, "\n");
	return f;
}

static void show(const struct file *file, const struct ingot_fact *f)
{
	if (f->kind == INGOT_C_DATA && !f->flags && !f->n_secrets)
		return;
	(void)printf("%s: %s %x", file->path, ingot_content_words(f->kind), f->flags);
	if (f->interpreter)
		(void)printf(" %s", INGOT_SHOW(ingot_span_of(f->interpreter)));
	if (f->argument)
		(void)printf(" '%s'", INGOT_SHOW(ingot_span_of(f->argument)));
	if (f->runpath)
		(void)printf(" runpath %s", INGOT_SHOW(ingot_span_of(f->runpath)));
	for (size_t i = 0; i < f->n_secrets; i++)
		(void)printf(" [%s%s at %llu]", ingot_secret_id(f->secrets[i].what), f->secrets[i].flags & INGOT_S_ENCRYPTED ? " encrypted" : "", (unsigned long long)f->secrets[i].offset);
	(void)printf("\n");
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	unsigned parallel = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1;
	must(ingot_store_open(argv[1], NULL, &store, &err));
	DIR *d = opendir(argv[2]);
	if (!d)
		return 2;
	for (struct dirent *e; (e = readdir(d));) {
		char path[4096];
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", argv[2], e->d_name);
		must(ingot_pack_begin(store, &pack, &err));
		(void)nftw(path, add, 64, FTW_PHYS);
		must(ingot_pack_end(pack, NULL, &err));
	}
	(void)closedir(d);
	(void)fprintf(stderr, "%zu files, %.0f MB\n", n_files, (double)all_bytes / 1e6);
	struct ingot_tree *t = make_tree(n_files), *other = make_tree(n_files - 1);
	struct ingot_facts *f = gather("the first time", t, parallel);
	for (size_t i = 0; i < n_files; i++)
		show(&files[i], ingot_facts_of(f, &files[i].content));
	ingot_facts_free(f);
	ingot_facts_free(gather("the same tree again", t, parallel));
	ingot_facts_free(gather("another tree of these packs", other, parallel));
	ingot_tree_unref(t);
	ingot_tree_unref(other);
	ingot_store_close(store);
	return 0;
}
