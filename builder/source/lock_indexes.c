/* Package indexes: by the digest that the signed Release gives, decompressed in the decoder's jail, kept in the store. */
#include "lock_indexes.h"
#include "lock_release.h"
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/fetch.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* One index on its way. */
struct wanted {
	const struct suite_release *release;
	const char *component;
	const struct ingot_index_file *file, *plain; /* what is fetched; the same decompressed, or NULL when the Release does not list it */
	char *path, *what;
	struct ingot_buf packed;
	struct locked_index *result;
};

static const struct ingot_index_file *find_file(const struct ingot_release *r, const char *component, const char *arch, const char *ending)
{
	_cleanup_(ingot_freep) char *path = ingot_strf("%s/binary-%s/Packages%s", component, arch, ending);
	for (size_t i = 0; i < r->n_files; i++)
		if (strcmp(r->files[i].path, path) == 0)
			return &r->files[i];
	return NULL;
}

static int choose_file(struct locking *l, struct wanted *w, struct ingot_err *err)
{
	static const char *const endings[] = { ".xz", ".gz", "" };
	const struct ingot_release *r = &w->release->facts;
	const char *arch = l->recipe->image.architecture;
	for (size_t i = 0; i < 3 && !w->file; i++)
		w->file = find_file(r, w->component, arch, endings[i]);
	w->plain = find_file(r, w->component, arch, "");
	w->what = ingot_strf("package index of %s %s", w->release->suite, w->component);
	if (w->file)
		return 0;
	(void)ingot_fail(err, INGOT_E_INPUT, "%s has no component %s for architecture %s", w->release->suite, INGOT_SHOW(ingot_span_of(w->component)), arch);
	return ingot_hint(err, "see 'components:' of the package source; Debian has main, contrib, non-free and non-free-firmware");
}

/* --- the store: the key is the packed file's digest, the record names the text --- */

static int find_stored(struct locking *l, struct wanted *w, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf record = INGOT_BUF(256);
	int found = ingot_ref_get(l->store, "index", &w->file->sha256, &record, err);
	ingot_pass(found);
	struct ingot_span rest = ingot_buf_view(&record), hex, size;
	if (!found || !ingot_span_next(&rest, ' ', &hex) || !ingot_span_next(&rest, '\n', &size) || ingot_digest_parse_hex(hex, &w->result->text) < 0 ||
	    ingot_parse_u64(size, INGOT_MAX_PACKAGES_INDEX, &w->result->size) < 0)
		return 0;
	return ingot_store_has(l->store, &w->result->text);
}

static int to_blob(void *ctx, const void *p, size_t n, struct ingot_err *err)
{
	return ingot_blob_write(ctx, p, n, err);
}

static int unpack(struct locking *l, struct wanted *w, struct ingot_err *err)
{
	_cleanup_(ingot_blob_abortp) struct ingot_blob *blob = NULL;
	ingot_pass(ingot_blob_begin(l->store, &blob, err));
	if (w->file == w->plain) {
		ingot_pass(ingot_blob_write(blob, w->packed.p, w->packed.n, err));
	} else {
		_cleanup_(ingot_closep) int fd = memfd_create("index", MFD_CLOEXEC);
		if (fd < 0)
			return ingot_fail_sys(err, INGOT_E_HOST, "memfd_create");
		ingot_pass(ingot_write_all(fd, w->packed.p, w->packed.n, err));
		struct ingot_input in = { .fd = fd, .size = w->packed.n };
		ingot_buf_done(&w->packed);
		ingot_try(err, ingot_decode_stream(in, w->plain ? w->plain->size : INGOT_MAX_PACKAGES_INDEX, to_blob, blob, err), "%s", w->what);
	}
	ingot_try(err, ingot_blob_end(TAKE_PTR(blob), w->plain ? &w->plain->sha256 : NULL, &w->result->text, &w->result->size, err), "%s", w->what);
	char record[128];
	int n = snprintf(record, sizeof(record), "%s %llu\n", INGOT_HEX(&w->result->text), (unsigned long long)w->result->size);
	return ingot_ref_put(l->store, "index", &w->file->sha256, (struct ingot_span){ record, (size_t)n }, &w->result->text, 1, err);
}

/* --- fetching --- */

static void make_job(struct locking *l, struct wanted *w, bool by_hash, struct ingot_fetch_job *job)
{
	const struct suite_release *s = w->release;
	const char *slash = strrchr(w->file->path, '/');
	int dir = slash ? (int)(slash - w->file->path) : 0;
	free(w->path);
	w->path = by_hash ? ingot_strf("dists/%s/%.*s/by-hash/SHA256/%s", s->suite, dir, w->file->path, INGOT_HEX(&w->file->sha256)) :
			    ingot_strf("dists/%s/%s", s->suite, w->file->path);
	w->packed.max = w->file->size;
	ingot_buf_clear(&w->packed);
	*job = (struct ingot_fetch_job){ .bases = s->bases + s->base, .n_bases = s->n_bases - s->base, .path = w->path, .what = w->what, .size = w->file->size,
					 .expect = &w->file->sha256, .buf = &w->packed, .may_be_missing = by_hash };
}

/* By hash first, where the archive offers it: no index then changes between its Release and itself. */
static int fetch(struct locking *l, struct wanted **v, size_t n, struct ingot_err *err)
{
	_cleanup_(ingot_freep) struct ingot_fetch_job *jobs = ingot_alloc_array(n + 1, sizeof(*jobs));
	_cleanup_(ingot_freep) struct wanted **rest = ingot_alloc_array(n + 1, sizeof(*rest));
	const struct ingot_fetch_options o = { .offline = l->o->offline, .progress = "package indexes" };
	size_t n_rest = 0;
	for (size_t i = 0; i < n; i++)
		make_job(l, v[i], v[i]->release->facts.by_hash, &jobs[i]);
	ingot_pass(ingot_fetch_run(NULL, jobs, n, &o, l->log, err));
	for (size_t i = 0; i < n; i++)
		if (!jobs[i].found)
			rest[n_rest++] = v[i];
	for (size_t i = 0; i < n_rest; i++)
		make_job(l, rest[i], false, &jobs[i]);
	return n_rest ? ingot_fetch_run(NULL, jobs, n_rest, &o, l->log, err) : 0;
}

static int fill(struct locking *l, struct wanted *w, size_t n, struct ingot_err *err)
{
	_cleanup_(ingot_freep) struct wanted **missing = ingot_alloc_array(n + 1, sizeof(struct wanted *));
	size_t n_missing = 0;
	for (size_t i = 0; i < n; i++) {
		ingot_pass(choose_file(l, &w[i], err));
		w[i].result->suite = w[i].release->suite;
		w[i].result->component = w[i].component;
		/* An empty index (a suite without updates) has nothing to fetch. */
		if (w[i].plain && w[i].plain->size == 0) {
			ingot_pass(ingot_store_put(l->store, "", 0, &w[i].result->text, err));
			continue;
		}
		int found = find_stored(l, &w[i], err);
		ingot_pass(found);
		if (!found)
			missing[n_missing++] = &w[i];
	}
	if (fetch(l, missing, n_missing, err) < 0)
		return err->hint[0] || err->code != INGOT_E_OUTSIDE ? -1 : ingot_hint(err, "the mirror may be in the middle of an update: try again in some minutes, or use another");
	for (size_t i = 0; i < n_missing; i++)
		ingot_pass(unpack(l, missing[i], err));
	return 0;
}

static int get_releases(struct locking *l, const struct ingot_source *source, struct suite_release *releases, struct ingot_err *err)
{
	struct ingot_keyring keys = INGOT_KEYRING_INIT;
	int r = ingot_keyring_add_pinned(&keys, source->distribution ? source->distribution : "debian", err);
	for (size_t i = 0; i < l->o->n_keys && r == 0; i++)
		r = ingot_keyring_add(&keys, l->o->keys[i], err);
	for (size_t i = 0; i < source->suites.n && r == 0; i++) {
		releases[i].suite = ingot_arena_str(l->arena, ingot_span_of(source->suites.v[i]));
		r = suite_release_get(l, &keys, ingot_arena_str(l->arena, ingot_span_of(source->name)), &releases[i], err);
		if (r < 0 && err->code == INGOT_E_INPUT)
			(void)ingot_recipe_blame(l->recipe, source->suites.at[i], err);
	}
	ingot_keyring_done(&keys);
	return r;
}

int indexes_get(struct locking *l, const struct ingot_source *source, struct indexes *ret, struct ingot_err *err)
{
	size_t n_suites = source->suites.n, n = n_suites * source->components.n;
	if (!n || n > 64)
		return ingot_fail(err, INGOT_E_INPUT, "source %s has %zu suites with %zu components; 1 to 64 indexes are possible", source->name, n_suites, source->components.n);
	struct suite_release *releases = ingot_arena_array(l->arena, n_suites, sizeof(*releases));
	ingot_pass(get_releases(l, source, releases, err));
	struct indexes x = { .n_releases = n_suites, .n = n };
	x.releases = ingot_arena_array(l->arena, n_suites, sizeof(*x.releases));
	x.list = ingot_arena_array(l->arena, n, sizeof(*x.list));
	_cleanup_(ingot_freep) struct wanted *w = ingot_alloc_array(n, sizeof(*w));
	for (size_t i = 0; i < n_suites; i++) {
		x.releases[i] = releases[i].locked;
		for (size_t k = 0; k < source->components.n; k++) {
			struct wanted *one = &w[i * source->components.n + k];
			one->release = &releases[i];
			one->component = ingot_arena_str(l->arena, ingot_span_of(source->components.v[k]));
			one->result = &x.list[i * source->components.n + k];
		}
	}
	int r = fill(l, w, n, err);
	for (size_t i = 0; i < n; i++) {
		ingot_buf_done(&w[i].packed);
		free(w[i].path);
		free(w[i].what);
	}
	ingot_pass(r);
	*ret = x;
	return 0;
}
