#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/files.h>
#include <ingot/glob.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <sys/stat.h>
#include <unistd.h>

/* What people keep beside their sources and never mean to ship. */
static const char *const denied[] = {
	".git", ".hg", ".svn", ".env", ".env.*", ".netrc", ".npmrc", ".pypirc", ".ssh", ".aws", ".docker", ".gnupg", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.pem", "*.p12", "*.pfx", "*.key",
};

bool ingot_files_denied(struct ingot_span name)
{
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		if (ingot_glob_match(ingot_span_of(denied[i]), name))
			return true;
	return false;
}

struct walk {
	struct ingot_store *store;
	const struct ingot_recipe *recipe;
	const struct ingot_source *src;
	const struct ingot_log *log;
	int64_t epoch;
	struct ingot_delta_builder *delta;
	struct ingot_pack *pack;
	struct ingot_buf path; /* of the entry being looked at */
	bool *matched;         /* one an include */
	size_t entries;
};

static bool is_denied(const struct walk *w, struct ingot_span path)
{
	for (size_t i = 0; i < w->src->include.n; i++) {
		struct ingot_span pattern = ingot_span_of(w->src->include.v[i]);
		if (ingot_glob_is_literal(pattern) && ingot_path_within(pattern, path))
			return false;
	}
	return ingot_files_denied(ingot_path_base(path));
}

static bool is_wanted(struct walk *w, struct ingot_span path)
{
	for (size_t i = 0; i < w->src->exclude.n; i++)
		if (ingot_glob_match(ingot_span_of(w->src->exclude.v[i]), path))
			return false;
	bool wanted = w->src->include.n == 0;
	for (size_t i = 0; i < w->src->include.n; i++)
		if (ingot_glob_match(ingot_span_of(w->src->include.v[i]), path))
			w->matched[i] = wanted = true;
	return wanted;
}

static bool may_hold_wanted(const struct walk *w, struct ingot_span dir)
{
	for (size_t i = 0; i < w->src->include.n; i++)
		if (ingot_glob_may_match_below(ingot_span_of(w->src->include.v[i]), dir))
			return true;
	return w->src->include.n == 0;
}

/* Does a relative link at path stay inside the root, reading it as text? What it names need not exist. */
static bool stays_inside(struct ingot_span path, struct ingot_span target)
{
	if (ingot_span_starts(target, "/"))
		return false;
	long depth = 0;
	struct ingot_span rest = ingot_path_parent(path), name;
	while (ingot_span_next(&rest, '/', &name))
		depth++;
	rest = target;
	while (ingot_span_next(&rest, '/', &name)) {
		if (ingot_span_is(name, ".."))
			depth--;
		else if (name.n && !ingot_span_is(name, "."))
			depth++;
		if (depth < 0)
			return false;
	}
	return true;
}

static int take_link(struct walk *w, int dirfd, const char *name, struct ingot_err *err)
{
	char target[INGOT_MAX_PATH + 1];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));
	if (n < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "reading the link");
	struct ingot_node node = { .type = INGOT_LINK, .mode = 0777, .mtime = w->epoch, .target = { target, (size_t)n } };
	if (n == 0 || n > INGOT_MAX_PATH || !stays_inside(ingot_buf_view(&w->path), node.target)) {
		(void)ingot_fail(err, INGOT_E_INPUT, "the symbolic link points to %s, outside of this source", INGOT_SHOW(node.target));
		return ingot_hint(err, "copy the file into the source, make the link relative, or leave it out with exclude:");
	}
	return ingot_delta_put(w->delta, ingot_buf_view(&w->path), &node, err);
}

static int take_file(struct walk *w, int dirfd, const char *name, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "opening");
	/* Looked at again through the descriptor: the name may have been exchanged since the walk saw it. */
	if (!S_ISREG(st.st_mode))
		return ingot_fail(err, INGOT_E_INPUT, "not a regular file");
	char block[65536];
	ssize_t n;
	while ((n = ingot_read_upto(fd, block, sizeof(block), err)) > 0)
		ingot_pass(ingot_pack_write(w->pack, block, (size_t)n, err));
	if (n < 0)
		return -1;
	struct ingot_node node = { .type = INGOT_FILE, .mode = st.st_mode & 0111 ? 0755 : 0644, .mtime = w->epoch };
	ingot_pass(ingot_pack_next(w->pack, &node.content, &node.size, err));
	return ingot_delta_put(w->delta, ingot_buf_view(&w->path), &node, err);
}

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int walk_dir(struct walk *w, int take_fd, bool inside, size_t depth, struct ingot_err *err);

static int take_dir(struct walk *w, int dirfd, const char *name, bool wanted, size_t depth, struct ingot_err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "%s: opening the directory", INGOT_SHOW(ingot_buf_view(&w->path)));
	return walk_dir(w, fd, wanted, depth + 1, err);
}

static int take_entry(struct walk *w, int dirfd, const char *name, size_t depth, struct ingot_err *err)
{
	struct ingot_span path = ingot_buf_view(&w->path);
	struct stat st;
	if (++w->entries > INGOT_MAX_ENTRIES)
		return ingot_fail(err, INGOT_E_INPUT, "more than %d files in the source", INGOT_MAX_ENTRIES);
	if (is_denied(w, path)) {
		if (is_wanted(w, path))
			ingot_say(w->log, INGOT_WARNING, "%s: left out, such files often hold secrets; include it by its exact path if it is meant", INGOT_SHOW(path));
		return 0;
	}
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "%s", INGOT_SHOW(path));
	bool wanted = is_wanted(w, path);
	if (S_ISDIR(st.st_mode)) {
		bool excluded = !wanted && !may_hold_wanted(w, path);
		return excluded ? 0 : take_dir(w, dirfd, name, wanted, depth, err);
	}
	if (!wanted)
		return 0;
	if (S_ISLNK(st.st_mode))
		ingot_try(err, take_link(w, dirfd, name, err), "%s", INGOT_SHOW(path));
	else if (S_ISREG(st.st_mode))
		ingot_try(err, take_file(w, dirfd, name, err), "%s", INGOT_SHOW(path));
	else
		return ingot_fail(err, INGOT_E_INPUT, "%s: a device, socket or FIFO cannot be copied into an image", INGOT_SHOW(path));
	return 0;
}

/* Directories come into the delta when they are wanted themselves or when something below is: ingot_fit() adds missing parents later. */
static int walk_dir(struct walk *w, int take_fd, bool inside, size_t depth, struct ingot_err *err)
{
	_cleanup_(close_dir) DIR *d = fdopendir(take_fd);
	if (!d) {
		ingot_closep(&take_fd);
		return ingot_fail_sys(err, INGOT_E_INPUT, "reading a directory");
	}
	if (depth > INGOT_MAX_DEPTH)
		return ingot_fail(err, INGOT_E_INPUT, "more than %d directories deep", INGOT_MAX_DEPTH);
	if (inside) {
		struct ingot_node node = { .type = INGOT_DIR, .mode = 0755, .mtime = w->epoch };
		ingot_pass(ingot_delta_put(w->delta, ingot_buf_view(&w->path), &node, err));
	}
	size_t had = w->path.n;
	for (;;) {
		errno = 0;
		struct dirent *e = readdir(d);
		if (!e && errno)
			return ingot_fail_sys(err, INGOT_E_INPUT, "reading a directory");
		if (!e)
			return 0;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (had)
			ingot_buf_char(&w->path, '/');
		ingot_buf_str(&w->path, e->d_name);
		struct ingot_span path = ingot_buf_view(&w->path);
		if (!ingot_path_valid(path))
			return ingot_fail(err, INGOT_E_INPUT, "%s: not a name that an image can hold", INGOT_SHOW(path));
		ingot_pass(take_entry(w, dirfd(d), e->d_name, depth, err));
		w->path.n = had;
		w->path.p[had] = '\0';
	}
}

static int open_root(int dirfd, const char *root, struct ingot_err *err)
{
	struct ingot_span path = ingot_span_of(root ? root : ".");
	while (ingot_span_starts(path, "./") || ingot_span_is(path, "."))
		path = (struct ingot_span){ path.p + (path.n > 1 ? 2 : 1), path.n - (path.n > 1 ? 2 : 1) };
	while (ingot_span_ends(path, "/"))
		path.n--;
	return ingot_open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY, err);
}

static int load(struct walk *w, int root, struct ingot_err *err)
{
	ingot_try(err, walk_dir(w, root, false, 0, err), "source %s", w->src->name);
	for (size_t i = 0; i < w->src->include.n; i++)
		if (!w->matched[i]) {
			(void)ingot_fail(err, INGOT_E_INPUT, "source %s: include '%s' matches no file in %s", w->src->name, INGOT_SHOW(ingot_span_of(w->src->include.v[i])),
					 w->src->root ? w->src->root : ".");
			return ingot_recipe_blame(w->recipe, w->src->include.at[i], err);
		}
	return 0;
}

int ingot_files_load(struct ingot_store *store, int dirfd, const struct ingot_recipe *recipe, const struct ingot_source *src, int64_t epoch, const struct ingot_log *log,
		     struct ingot_delta **ret, struct ingot_digest *ret_pack, struct ingot_err *err)
{
	int root = open_root(dirfd, src->root, err);
	if (root < 0) {
		(void)ingot_context(err, "source %s: directory %s", src->name, src->root ? src->root : ".");
		return ingot_recipe_blame(recipe, src->at, err);
	}
	_cleanup_(ingot_freep) bool *matched = ingot_alloc_array(src->include.n, sizeof(bool));
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *delta = ingot_delta_new();
	_cleanup_(ingot_pack_abortp) struct ingot_pack *pack = NULL;
	if (ingot_pack_begin(store, &pack, err) < 0) {
		ingot_closep(&root);
		return -1;
	}
	struct walk w = { .store = store, .recipe = recipe, .src = src, .log = log, .epoch = epoch, .delta = delta, .pack = pack, .path = INGOT_BUF(INGOT_MAX_PATH + 512), .matched = matched };
	int r = load(&w, root, err);
	ingot_buf_done(&w.path);
	if (r < 0)
		return ingot_recipe_blame(recipe, src->at, err);
	_cleanup_(ingot_delta_freep) struct ingot_delta *built = NULL;
	ingot_pass(ingot_delta_finish(TAKE_PTR(delta), &built, err));
	ingot_pass(ingot_pack_end(TAKE_PTR(pack), ret_pack, err));
	*ret = TAKE_PTR(built);
	return 0;
}
