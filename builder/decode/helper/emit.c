#include "emit.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/tree.h>
#include <string.h>
#include <sys/auxv.h>

#define OPAQUE ".wh..wh..opq"
#define WHITEOUT ".wh."

struct emit {
	struct ingot_chan *chan;
	bool whiteouts;
	uint64_t *files; /* keyed hashes of the files seen, open addressing; 0 is empty */
	size_t n, cap;
	uint64_t key;
};

struct emit *emit_new(struct ingot_chan *chan, bool whiteouts)
{
	struct emit *e = ingot_alloc(sizeof(*e));
	e->chan = chan;
	e->whiteouts = whiteouts;
	/* The kernel's gift to every process: nobody outside can prepare collisions. */
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
	if (random)
		memcpy(&e->key, random, sizeof(e->key));
	return e;
}

void emit_free(struct emit *e)
{
	if (!e)
		return;
	free(e->files);
	free(e);
}

/* A keyed mixing hash, 64 bits. A chance collision only lets a hard link through that the coordinator's delta then refuses. */
static uint64_t hash(const struct emit *e, struct ingot_span s)
{
	uint64_t h = e->key ^ s.n;
	for (size_t i = 0; i < s.n; i += 8) {
		uint64_t v = 0;
		memcpy(&v, s.p + i, s.n - i < 8 ? s.n - i : 8);
		h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	h = (h ^ e->key) * UINT64_C(0xbf58476d1ce4e5b9);
	h ^= h >> 32;
	return h ? h : 1;
}

static size_t slot(const struct emit *e, uint64_t h)
{
	size_t i = h & (e->cap - 1);
	while (e->files[i] && e->files[i] != h)
		i = (i + 1) & (e->cap - 1);
	return i;
}

static void remember(struct emit *e, struct ingot_span path)
{
	if (2 * e->n >= e->cap) {
		struct emit bigger = { .cap = e->cap ? 2 * e->cap : 1024 };
		bigger.files = ingot_alloc_array(bigger.cap, sizeof(*bigger.files));
		for (size_t i = 0; i < e->cap; i++)
			if (e->files[i])
				bigger.files[slot(&bigger, e->files[i])] = e->files[i];
		free(e->files);
		e->files = bigger.files;
		e->cap = bigger.cap;
	}
	uint64_t h = hash(e, path);
	size_t i = slot(e, h);
	e->n += !e->files[i];
	e->files[i] = h;
}

static bool seen(const struct emit *e, struct ingot_span path)
{
	return e->cap && e->files[slot(e, hash(e, path))] != 0;
}

static int bad_name(struct ingot_span name, struct ingot_err *err)
{
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s: not a name that a tree can hold", INGOT_SHOW(name));
	return ingot_hint(err, "names are relative, without \"..\", \".\", \".wh.\" and empty parts, and have at most %d bytes", INGOT_MAX_PATH);
}

int entry_path(struct ingot_span name, bool dir, bool whiteout, struct ingot_span *ret, struct ingot_err *err)
{
	struct ingot_span p = name;
	if (ingot_span_is(p, ".") || ingot_span_is(p, "./")) {
		*ret = (struct ingot_span){ p.p, 0 };
		return dir ? 0 : ingot_fail(err, INGOT_E_OUTSIDE, "the root is no directory");
	}
	if (ingot_span_starts(p, "./")) {
		p.p += 2;
		p.n -= 2;
	}
	if (dir && p.n && p.p[p.n - 1] == '/')
		p.n--;
	struct ingot_span checked = whiteout ? ingot_path_parent(p) : p;
	if (!p.n || !ingot_path_valid(checked) || (whiteout && p.p[0] == '/'))
		return bad_name(name, err);
	*ret = p;
	return 0;
}

/* OCI image-spec, layer.md, "Whiteouts": an empty regular file ".wh.NAME" removes NAME, ".wh..wh..opq" everything below its directory. */
static int send_whiteout(struct emit *m, const struct tar_entry *e, struct ingot_span path, struct ingot_span base, struct ingot_err *err)
{
	struct ingot_msg_entry msg = { .path = ingot_path_parent(path) };
	_cleanup_(ingot_freep) char *victim = NULL;
	if (e->type != 'f' || e->size || e->n_xattrs)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a whiteout that is no empty file", INGOT_SHOW(e->path));
	if (ingot_span_is(base, OPAQUE)) {
		msg.type = 'o';
	} else {
		struct ingot_span name = { base.p + sizeof(WHITEOUT) - 1, base.n - (sizeof(WHITEOUT) - 1) };
		if (!ingot_name_valid(name)) /* ".wh." alone, ".wh..", ".wh..wh.x": umoci once took the first for an opaque directory */
			return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a whiteout of nothing that could exist", INGOT_SHOW(e->path));
		size_t head = path.n - base.n;
		victim = ingot_alloc(head + name.n);
		memcpy(victim, path.p, head);
		memcpy(victim + head, name.p, name.n);
		msg.type = '-';
		msg.path = (struct ingot_span){ victim, head + name.n };
		if (!ingot_path_valid(msg.path))
			return bad_name(e->path, err);
	}
	return ingot_chan_send(m->chan, INGOT_MSG_ENTRY, &msg, err);
}

int emit_entry(void *emit, const struct tar_entry *e, struct ingot_err *err)
{
	struct emit *m = emit;
	struct ingot_span path = INGOT_SPAN(""), target = e->target, base = e->path;
	while (base.n && base.p[base.n - 1] == '/')
		base.n--;
	base = ingot_path_base(base);
	bool whiteout = m->whiteouts && ingot_span_starts(base, WHITEOUT);
	ingot_pass(entry_path(e->path, e->type == 'd', whiteout, &path, err));
	if (whiteout)
		return send_whiteout(m, e, path, base, err);
	if (e->type == 'h') {
		ingot_try(err, entry_path(e->target, false, false, &target, err), "%s: a hard link", INGOT_SHOW(e->path));
		if (!seen(m, target) || ingot_span_eq(target, path))
			return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a hard link to %s, which is no earlier file, link or device of the archive", INGOT_SHOW(e->path), INGOT_SHOW(e->target));
		if (e->n_xattrs)
			return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a hard link with attributes of its own", INGOT_SHOW(e->path));
	}
	if (e->type == 'l' && target.n > INGOT_MAX_PATH)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a link target of %zu bytes", INGOT_SHOW(e->path), target.n);
	if (e->type != 'd')
		remember(m, path);
	for (size_t i = 0; i < e->n_xattrs; i++) {
		struct ingot_msg_xattr x = { .name = e->xattrs[i].name, .value = e->xattrs[i].value };
		ingot_pass(ingot_chan_send(m->chan, INGOT_MSG_XATTR, &x, err));
	}
	struct ingot_msg_entry msg = { .type = (uint32_t)e->type, .path = path, .target = target };
	if (e->type != 'h') {
		msg.mode = e->mode;
		msg.uid = e->uid;
		msg.gid = e->gid;
		msg.mtime = e->mtime;
		msg.size = e->size;
		msg.major = e->major;
		msg.minor = e->minor;
	}
	return ingot_chan_send(m->chan, INGOT_MSG_ENTRY, &msg, err);
}

int emit_data(void *emit, struct ingot_span bytes, struct ingot_err *err)
{
	struct emit *m = emit;
	while (bytes.n) {
		size_t n = bytes.n < BLOCK_SIZE ? bytes.n : BLOCK_SIZE;
		struct ingot_msg_data d = { .data = { bytes.p, n } };
		ingot_pass(ingot_chan_send(m->chan, INGOT_MSG_DATA, &d, err));
		bytes.p += n;
		bytes.n -= n;
	}
	return 0;
}
