#include "client.h"
#include "lock_decode.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <unistd.h>

static int parse(const char *path, struct ingot_span text, struct ingot_lock **ret, struct ingot_err *err)
{
	/* The nodes of a large lock weigh more than the lock: they live only as long as the decoding. */
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	const struct source_text s = { path, text };
	struct node *root;
	ingot_pass(recipe_parse(&s, true, arena, &root, err));
	return lock_decode(&s, root, ret, err);
}

int ingot_lock_read(const char *path, struct ingot_lock **ret, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_LOCK);
	if (ingot_read_file(path, INGOT_MAX_LOCK, &text, err) < 0) {
		if (err->sys != ENOENT) {
			(void)ingot_context(err, "reading the lock");
			return -1;
		}
		*err = (struct ingot_err)INGOT_ERR_INIT;
		*ret = NULL;
		return 0;
	}
	return parse(path, ingot_buf_view(&text), ret, err);
}

static int check_word(const char *word, const char *what, const char *of, struct ingot_err *err)
{
	if (word && lock_word_ok(ingot_span_of(word)))
		return 0;
	return ingot_fail(err, INGOT_E_OUTSIDE, "%s: its %s is \"%s\", which a lock cannot hold", INGOT_SHOW(ingot_span_of(of)), what, INGOT_SHOW(ingot_span_of(word)));
}

/* What comes from an archive's index and could not stand in the file is named here, before reading back fails on it. */
static int check_words(const struct ingot_lock *l, struct ingot_err *err)
{
	for (size_t i = 0; i < l->n_releases; i++) {
		const struct ingot_locked_release *r = &l->releases[i];
		const char *const words[][2] = { { r->source, "source" }, { r->suite, "suite" }, { r->codename, "codename" }, { r->key, "key" } };
		for (size_t k = 0; k < 4; k++)
			ingot_pass(check_word(words[k][0], words[k][1], r->suite, err));
	}
	for (size_t i = 0; i < l->n_sets; i++)
		for (size_t j = 0; j < l->sets[i].n_packages; j++) {
			const struct ingot_locked_package *p = &l->sets[i].packages[j];
			const char *const words[][2] = { { p->name, "name" }, { p->version, "version" }, { p->arch, "architecture" }, { p->path, "path" }, { p->suite, "suite" }, { p->source, "source" } };
			for (size_t k = 0; k < 6; k++)
				ingot_pass(check_word(words[k][0], words[k][1], p->name, err));
		}
	return 0;
}

/* Another lesson of the field: what was recorded is read back and compared (apko's f4130503, 463030d8). */
static int check_reads_back(const char *path, struct ingot_span text, struct ingot_err *err)
{
	_cleanup_(ingot_lock_freep) struct ingot_lock *back = NULL;
	ingot_try(err, parse(path, text, &back, err), "reading back the lock before it is written");
	_cleanup_(ingot_buf_done) struct ingot_buf again = INGOT_BUF(INGOT_MAX_LOCK);
	ingot_lock_text(back, &again);
	ingot_pass(ingot_buf_check(&again, "the lock", err));
	if (!ingot_span_eq(ingot_buf_view(&again), text))
		return ingot_fail(err, INGOT_E_BUG, "the lock read back is not the lock that was written");
	return 0;
}

int ingot_lock_write(const char *path, const struct ingot_lock *l, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_LOCK), back = INGOT_BUF(INGOT_MAX_LOCK);
	ingot_pass(check_words(l, err));
	ingot_lock_text(l, &text);
	ingot_pass(ingot_buf_check(&text, "the lock", err));
	ingot_pass(check_reads_back(path, ingot_buf_view(&text), err));
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	_cleanup_(ingot_freep) char *dir = slash ? ingot_strf("%.*s", (int)(slash - path + 1), path) : ingot_strdup(".");
	_cleanup_(ingot_closep) int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "%s", INGOT_SHOW(ingot_span_of(dir)));
	ingot_try(err, ingot_publish(dirfd, name, text.p, text.n, 0644, err), "writing %s", INGOT_SHOW(ingot_span_of(path)));
	ingot_pass(ingot_read_file(path, INGOT_MAX_LOCK, &back, err));
	if (!ingot_span_eq(ingot_buf_view(&back), ingot_buf_view(&text)))
		return ingot_fail(err, INGOT_E_BUG, "%s does not hold what was written to it", INGOT_SHOW(ingot_span_of(path)));
	return 0;
}
