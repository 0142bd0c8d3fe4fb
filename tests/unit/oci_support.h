/* What the tests of layers, images and signatures share: a store in a directory of its own, contents, an image of two small layers, foreign programs. */
#pragma once
#include "core_support.h"
#include <errno.h>
#include <ftw.h>
#include <ingot/archive.h>
#include <ingot/helper.h>
#include <ingot/mem.h>
#include <ingot/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ok(expr) ck_assert_msg((expr) >= 0, "%s", err.msg)
#define refused(expr, want)                                                \
	do {                                                               \
		err = (struct ingot_err)INGOT_ERR_INIT;                    \
		ck_assert_msg((expr) < 0, "accepted: %s", #expr);          \
		ck_assert_msg(err.code == (want), "code %d: %s", err.code, err.msg); \
	} while (0)

static char tmp[64];
static struct ingot_store *store;
static struct ingot_err err;

static inline int rm_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	return remove(path);
}

static inline const char *in_tmp(const char *name)
{
	static char paths[8][160];
	static unsigned turn;
	char *p = paths[turn++ % 8];
	(void)snprintf(p, 160, "%s/%s", tmp, name);
	return p;
}

static inline void store_setup(void)
{
	err = (struct ingot_err)INGOT_ERR_INIT;
	(void)snprintf(tmp, sizeof(tmp), "/tmp/ingot-oci-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tmp));
	ok(ingot_store_open(in_tmp("store"), NULL, &store, &err));
}

static inline void store_teardown(void)
{
	ingot_store_close(store);
	(void)nftw(tmp, rm_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The digest in hex of a content that is in the store now. */
static inline const char *stored(const void *p, size_t n)
{
	static char hex[8][65];
	static unsigned turn;
	struct ingot_digest d;
	ok(ingot_store_put(store, p, n, &d, &err));
	return ingot_digest_hex(&d, hex[turn++ % 8]);
}
#define STORED(s) stored(s, strlen(s))

static inline int to_buf(void *ctx, const void *p, size_t n, struct ingot_err *e)
{
	ingot_buf_put(ctx, p, n);
	return 0;
}

/* Exit status of a program by absolute path; what it says on stderr ends up in the failure message. */
static inline int run(const char *const *argv)
{
	_cleanup_(ingot_buf_done) struct ingot_buf said = INGOT_BUF(KIB(16));
	int status = ingot_run_program(argv, NULL, 0, 60000, &said, &err);
	ck_assert_msg(status >= 0, "%s: %s", argv[0], err.msg);
	if (status)
		fprintf(stderr, "%s: status %d: %.*s\n", argv[0], status, (int)said.n, ingot_buf_cstr(&said));
	return status;
}
#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })

/* --- an image --- */
struct sample {
	struct ingot_image_layer layers[2];
	struct ingot_image image;
	struct ingot_image_docs docs;
};

static inline void sample_layer(struct sample *s, size_t i, const char *before, const char *lines)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(before);
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = delta_of(lines);
	struct ingot_layer_options o = { .compression = i ? INGOT_GZIP : INGOT_ZSTD };
	ok(ingot_layer_make(store, d, t, &o, &s->layers[i].layer, &err));
	s->layers[i].created_by = i ? "second" : "first";
}

static inline void sample_make(struct sample *s, const char *reference)
{
	static const char *const entrypoint[] = { "/bin/hello", "--greet" }, *const ports[] = { "8080/tcp", "53/udp" };
	static const struct ingot_label env[] = { { "PATH", "/bin" }, { "LANG", "C.UTF-8" } }, labels[] = { { "b", "2" }, { "a", "1" } };
	*s = (struct sample){ 0 };
	_cleanup_(ingot_freep) char *first = ingot_strf("d 0755 0 0 1700000000 /bin\nf 0755 0 0 1700000000 /bin/hello 14 %s\n", STORED("#!/bin/true\n\n\n"));
	_cleanup_(ingot_freep) char *second = ingot_strf("f 0644 10001 10001 1700000000 /bin/note 5 %s\n", STORED("hello"));
	sample_layer(s, 0, "d 0755 0 0 0 /\n", first);
	sample_layer(s, 1, "d 0755 0 0 0 /\nd 0755 0 0 1700000000 /bin\n", second);
	s->image = (struct ingot_image){ .reference = reference, .created = 1700000000, .architecture = "amd64", .uid = 10001, .gid = 10001, .entrypoint = entrypoint,
		.n_entrypoint = 2, .env = env, .n_env = 2, .ports = ports, .n_ports = 2, .labels = labels, .n_labels = 2, .layers = s->layers, .n_layers = 2 };
	ok(ingot_image_make(store, &s->image, &s->docs, &err));
}
