#include "emit.h"
#include "acl.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/path.h>
#include <ingot/tree.h>
#include <string.h>
#include <sys/auxv.h>

#define OPAQUE ".wh..wh..opq"
#define WHITEOUT ".wh."

/* What was said of a path. */
struct mark {
	uint64_t path; /* keyed hash; 0: an empty place */
	uint64_t what; /* GONE, DIRECTORY, or a hash of owner, mode and time */
	uint64_t attributes;
};
#define GONE 1
#define DIRECTORY 2

struct emit {
	struct ingot_chan *chan;
	bool layer;
	struct mark *marks; /* open addressing */
	size_t n, cap;
	uint64_t key;
};

struct emit *emit_new(struct ingot_chan *chan, bool layer)
{
	struct emit *e = ingot_alloc(sizeof(*e));
	e->chan = chan;
	e->layer = layer;
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
	free(e->marks);
	free(e);
}

/* A keyed mixing hash, 64 bits. A chance collision only lets a hard link through that the coordinator's delta then refuses. */
static uint64_t hash(uint64_t key, struct ingot_span s)
{
	uint64_t h = key ^ s.n;
	for (size_t i = 0; i < s.n; i += 8) {
		uint64_t v = 0;
		memcpy(&v, s.p + i, s.n - i < 8 ? s.n - i : 8);
		h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	h = (h ^ key) * UINT64_C(0xbf58476d1ce4e5b9);
	h ^= h >> 32;
	return h > DIRECTORY ? h : h + DIRECTORY + 1;
}

static size_t slot(const struct emit *e, uint64_t h)
{
	size_t i = h & (e->cap - 1);
	while (e->marks[i].path && e->marks[i].path != h)
		i = (i + 1) & (e->cap - 1);
	return i;
}

static void remember(struct emit *e, struct ingot_span path, uint64_t what, uint64_t attributes)
{
	if (2 * e->n >= e->cap) {
		struct emit bigger = { .cap = e->cap ? 2 * e->cap : 1024 };
		bigger.marks = ingot_alloc_array(bigger.cap, sizeof(*bigger.marks));
		for (size_t i = 0; i < e->cap; i++)
			if (e->marks[i].path)
				bigger.marks[slot(&bigger, e->marks[i].path)] = e->marks[i];
		free(e->marks);
		e->marks = bigger.marks;
		e->cap = bigger.cap;
	}
	uint64_t h = hash(e->key, path);
	size_t i = slot(e, h);
	e->n += !e->marks[i].path;
	e->marks[i] = (struct mark){ h, what, attributes };
}

/* Its what is 0 where nothing was remembered. */
static struct mark said(const struct emit *e, struct ingot_span path)
{
	return e->cap ? e->marks[slot(e, hash(e->key, path))] : (struct mark){ 0 };
}

static uint64_t metadata_of(const struct emit *m, const struct tar_entry *e)
{
	const uint64_t v[] = { e->mode, e->uid, e->gid, e->mtime };
	return hash(m->key, (struct ingot_span){ (const char *)v, sizeof(v) });
}

/* Whatever their order; 0: none. */
static uint64_t attributes_of(const struct emit *m, const struct tar_entry *e)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < e->n_xattrs; i++)
		sum += hash(hash(m->key, e->xattrs[i].name), e->xattrs[i].value);
	for (size_t i = 0; i < 2; i++)
		sum += e->acl[i].n ? hash(m->key + 1 + i, e->acl[i]) : 0;
	return sum;
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

/* "/etc/x" of a layer is "etc/x" to every reader of the field (interop 1.7). */
static struct ingot_span without_slash(const struct emit *m, struct ingot_span name)
{
	if (!m->layer || !ingot_span_starts(name, "/"))
		return name;
	return name.n == 1 ? INGOT_SPAN(".") : (struct ingot_span){ name.p + 1, name.n - 1 };
}

/* OCI image-spec, layer.md, "Whiteouts": an empty regular file ".wh.NAME" removes NAME, ".wh..wh..opq" everything below its directory. */
static int send_whiteout(struct emit *m, const struct tar_entry *e, struct ingot_span path, struct ingot_span base, struct ingot_err *err)
{
	struct ingot_msg_entry msg = { .path = ingot_path_parent(path) };
	_cleanup_(ingot_freep) char *victim = NULL;
	if (e->type != 'f' || e->size || e->n_xattrs || e->acl[0].n || e->acl[1].n)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a whiteout that is no empty file", INGOT_SHOW(e->path));
	if (ingot_span_is(base, OPAQUE)) {
		msg.type = 'o';
		return ingot_chan_send(m->chan, INGOT_MSG_ENTRY, &msg, err);
	}
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
	/* In front of what takes the place it says nothing; behind it some readers remove the new and some the old (interop 1.7). */
	if (said(m, msg.path).what)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: removes what the same layer puts or removes before it", INGOT_SHOW(e->path));
	remember(m, msg.path, GONE, 0);
	return ingot_chan_send(m->chan, INGOT_MSG_ENTRY, &msg, err);
}

static int check_hardlink(const struct emit *m, const struct tar_entry *e, struct ingot_span path, struct ingot_span target, struct ingot_err *err)
{
	struct mark to = said(m, target);
	if (to.what <= DIRECTORY || ingot_span_eq(target, path))
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a hard link to %s, which is no earlier file, link or device of the archive", INGOT_SHOW(e->path), INGOT_SHOW(e->target));
	uint64_t attributes = attributes_of(m, e);
	if (!m->layer && attributes)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a hard link with attributes of its own", INGOT_SHOW(e->path));
	/* Some readers give the file what its last name says, some keep what the first said. */
	if (m->layer && (to.what != metadata_of(m, e) || (attributes && attributes != to.attributes)))
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a hard link with another owner, mode, time or other attributes than %s", INGOT_SHOW(e->path), INGOT_SHOW(e->target));
	return 0;
}

static int send_xattr(struct emit *m, struct ingot_span name, struct ingot_span value, struct ingot_err *err)
{
	struct ingot_msg_xattr x = { .name = name, .value = value };
	/* A label belongs to the policy of the host that made the layer; no unpacker of the field keeps it on another. */
	if (m->layer && ingot_span_is(name, "security.selinux"))
		return 0;
	return ingot_chan_send(m->chan, INGOT_MSG_XATTR, &x, err);
}

static int send_attributes(struct emit *m, const struct tar_entry *e, struct ingot_err *err)
{
	static const char *const acl[2] = { "system.posix_acl_access", "system.posix_acl_default" };
	for (size_t i = 0; i < e->n_xattrs; i++)
		ingot_pass(send_xattr(m, e->xattrs[i].name, e->xattrs[i].value, err));
	for (size_t i = 0; i < 2; i++) {
		_cleanup_(ingot_buf_done) struct ingot_buf value = INGOT_BUF(INGOT_MAX_XATTR_VALUE);
		if (!e->acl[i].n)
			continue;
		ingot_try(err, acl_from_text(e->acl[i], i == 0 ? (int)e->mode : -1, &value, err), "%s", INGOT_SHOW(e->path));
		if (value.n)
			ingot_pass(send_xattr(m, ingot_span_of(acl[i]), ingot_buf_view(&value), err));
	}
	return 0;
}

static int send_entry(struct emit *m, const struct tar_entry *e, struct ingot_span path, struct ingot_span target, struct ingot_err *err)
{
	struct ingot_msg_entry msg = { .type = (uint32_t)e->type, .path = path, .target = target };
	if (e->type != 'h') {
		ingot_pass(send_attributes(m, e, err));
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

int emit_entry(void *emit, const struct tar_entry *e, struct ingot_err *err)
{
	struct emit *m = emit;
	struct ingot_span name = without_slash(m, e->path), path = INGOT_SPAN(""), target = e->target, base = name;
	while (base.n && base.p[base.n - 1] == '/')
		base.n--;
	base = ingot_path_base(base);
	bool whiteout = m->layer && ingot_span_starts(base, WHITEOUT);
	ingot_pass(entry_path(name, e->type == 'd', whiteout, &path, err));
	if (whiteout)
		return send_whiteout(m, e, path, base, err);
	if (e->type == 'h') {
		ingot_try(err, entry_path(without_slash(m, e->target), false, false, &target, err), "%s: a hard link", INGOT_SHOW(e->path));
		ingot_pass(check_hardlink(m, e, path, target, err));
	}
	if (e->type == 'l' && target.n > INGOT_MAX_PATH)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a link target of %zu bytes", INGOT_SHOW(e->path), target.n);
	if (e->type == 'd' && said(m, path).what == GONE)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a directory that the same layer removes, which is empty to some readers and not to others", INGOT_SHOW(e->path));
	if (e->type == 'd')
		remember(m, path, DIRECTORY, 0);
	else
		remember(m, path, e->type == 'h' ? said(m, target).what : metadata_of(m, e), e->type == 'h' ? said(m, target).attributes : attributes_of(m, e));
	return send_entry(m, e, path, target, err);
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
