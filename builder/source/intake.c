#include <ingot/escape.h>
#include <ingot/intake.h>
#include <ingot/mem.h>
#include <ingot/path.h>

enum expect {
	MEMBERS,     /* named parts may come, or entries, or the end */
	ENTRIES,     /* no more parts */
	MEMBER_DATA, /* of the part announced last */
	FILE_DATA,   /* of the entry announced last */
	OVER
};

struct ingot_intake_run {
	struct ingot_chan *chan;
	struct ingot_store *store;
	struct ingot_intake_ops ops;
	enum expect expect;
	uint64_t left, bytes, limit;
	size_t entries;
	struct ingot_delta_builder *builder;
	struct ingot_pack *pack; /* begun with the first content */
	/* The entry whose content is arriving, and the attributes for the next one. */
	char path[INGOT_MAX_PATH];
	size_t path_n;
	struct ingot_node node;
	struct ingot_arena *arena; /* what the attributes' spans point into; NULL while there are none */
	struct ingot_xattr xattrs[INGOT_MAX_XATTRS];
	size_t n_xattrs;
};

void ingot_intake_done(struct ingot_intake *i)
{
	ingot_delta_free(i->delta);
	*i = (struct ingot_intake){ 0 };
}

void ingot_intake_abort(struct ingot_intake_run *r)
{
	if (!r)
		return;
	ingot_delta_builder_free(r->builder);
	ingot_pack_abort(r->pack);
	ingot_arena_free(r->arena);
	free(r);
}

int ingot_intake_begin(struct ingot_chan *c, struct ingot_store *s, const struct ingot_intake_ops *ops, struct ingot_intake_run **ret, struct ingot_err *err)
{
	struct ingot_intake_run *r = ingot_alloc(sizeof(*r));
	r->chan = c;
	r->store = s;
	r->ops = *ops;
	r->limit = ops->limit ? ops->limit : INGOT_MAX_FILE;
	r->expect = ops->member ? MEMBERS : ENTRIES;
	r->builder = ingot_delta_new();
	*ret = r;
	return 0;
}

static int protocol(struct ingot_err *err, const char *what)
{
	return ingot_fail(err, INGOT_E_BUG, "helper protocol: %s", what);
}

static int by_name(const void *a, const void *b)
{
	return ingot_span_cmp(((const struct ingot_xattr *)a)->name, ((const struct ingot_xattr *)b)->name);
}

static int take_xattr(struct ingot_intake_run *r, const struct ingot_msg_xattr *m, struct ingot_err *err)
{
	if (r->n_xattrs == INGOT_MAX_XATTRS)
		return protocol(err, "too many extended attributes");
	if (!r->arena)
		r->arena = ingot_arena_new();
	r->xattrs[r->n_xattrs++] = (struct ingot_xattr){ ingot_arena_span(r->arena, m->name), ingot_arena_span(r->arena, m->value) };
	if (r->expect == MEMBERS)
		r->expect = ENTRIES;
	return 0;
}

static void next_entry(struct ingot_intake_run *r)
{
	ingot_arena_free(r->arena);
	r->arena = NULL;
	r->n_xattrs = 0;
}

static int need_pack(struct ingot_intake_run *r, struct ingot_err *err)
{
	return r->pack ? 0 : ingot_pack_begin(r->store, &r->pack, err);
}

static int check_acls(const struct ingot_intake_run *r, struct ingot_span path, struct ingot_err *err)
{
	for (size_t i = 0; i < r->n_xattrs && !r->ops.acls; i++)
		if (ingot_xattr_is_acl(r->xattrs[i].name))
			return ingot_fail(err, INGOT_E_OUTSIDE, "/%s has the extended attribute '%s': only user.* and security.capability can be kept", INGOT_SHOW(path),
					  INGOT_SHOW(r->xattrs[i].name));
	return 0;
}

/* All of the file's content is here. */
static int end_file(struct ingot_intake_run *r, struct ingot_err *err)
{
	uint64_t size;
	ingot_pass(need_pack(r, err));
	ingot_pass(ingot_pack_next(r->pack, &r->node.content, &size, err));
	ingot_assert(size == r->node.size);
	ingot_pass(ingot_delta_put(r->builder, (struct ingot_span){ r->path, r->path_n }, &r->node, err));
	next_entry(r);
	r->expect = ENTRIES;
	return 0;
}

static int take_put(struct ingot_intake_run *r, const struct ingot_msg_entry *m, struct ingot_err *err)
{
	if (m->type != INGOT_LINK && m->target.n)
		return protocol(err, "a target on what is no link");
	if (m->type != INGOT_FILE && m->size)
		return protocol(err, "a size on what has no content");
	if (m->size > r->limit - r->bytes)
		return ingot_fail(err, INGOT_E_OUTSIDE, "/%s: the contents come to more than %llu bytes", INGOT_SHOW(m->path), (unsigned long long)r->limit);
	r->bytes += m->size;
	ingot_pass(check_acls(r, m->path, err));
	if (r->n_xattrs > 1)
		qsort(r->xattrs, r->n_xattrs, sizeof(*r->xattrs), by_name);
	r->node = (struct ingot_node){ .type = (enum ingot_type)m->type, .mode = m->mode, .uid = m->uid, .gid = m->gid, .mtime = (int64_t)m->mtime, .size = m->size,
				       .target = m->target, .major = m->major, .minor = m->minor, .xattrs = r->xattrs, .n_xattrs = r->n_xattrs };
	if (m->type != INGOT_FILE) {
		ingot_pass(ingot_delta_put(r->builder, m->path, &r->node, err)); /* checks the type and everything else, and copies */
		next_entry(r);
		return 0;
	}
	memcpy(r->path, m->path.p, m->path.n); /* the message is gone with the next one; wire.def bounds the length */
	r->path_n = m->path.n;
	r->left = m->size;
	r->expect = FILE_DATA;
	return r->left ? 0 : end_file(r, err);
}

static int take_entry(struct ingot_intake_run *r, const struct ingot_msg_entry *m, struct ingot_err *err)
{
	if (++r->entries > INGOT_MAX_ENTRIES)
		return ingot_fail(err, INGOT_E_OUTSIDE, "more than %d entries", INGOT_MAX_ENTRIES);
	r->expect = ENTRIES;
	if (m->kept && r->ops.kept)
		r->ops.kept(r->ops.ctx, m->path);
	if (m->type != 'h' && m->type != '-' && m->type != 'o')
		return take_put(r, m, err);
	/* These are a path, and for a link a target: anything else would be dropped here without a word. */
	if (r->n_xattrs || m->mode || m->uid || m->gid || m->mtime || m->size || m->major || m->minor || m->kept || (m->type != 'h' && m->target.n))
		return protocol(err, "a change with the values of a file");
	if (m->type == 'h')
		return ingot_delta_link(r->builder, m->path, m->target, err);
	if (!r->ops.whiteouts)
		return protocol(err, "a removal where none can be");
	return m->type == '-' ? ingot_delta_remove(r->builder, m->path, err) : ingot_delta_opaque(r->builder, m->path, err);
}

static int take_member(struct ingot_intake_run *r, const struct ingot_msg_member *m, struct ingot_err *err)
{
	if (m->size > r->limit - r->bytes)
		return protocol(err, "a part larger than everything may be");
	r->bytes += m->size;
	r->left = m->size;
	if (r->left)
		r->expect = MEMBER_DATA;
	return r->ops.member(r->ops.ctx, m->name, m->size, err);
}

static int take_data(struct ingot_intake_run *r, struct ingot_span data, struct ingot_err *err)
{
	if (!data.n || data.n > r->left)
		return protocol(err, "data that does not fit what was announced");
	r->left -= data.n;
	if (r->expect == FILE_DATA) {
		ingot_pass(need_pack(r, err));
		ingot_pass(ingot_pack_write(r->pack, data.p, data.n, err));
		return r->left ? 0 : end_file(r, err);
	}
	if (!r->left)
		r->expect = MEMBERS;
	return r->ops.data ? r->ops.data(r->ops.ctx, data.p, data.n, err) : 0;
}

/* What may come now. */
static uint64_t permitted(const struct ingot_intake_run *r)
{
	if (r->expect == MEMBER_DATA || r->expect == FILE_DATA)
		return INGOT_PERMIT(INGOT_MSG_DATA);
	uint64_t p = INGOT_PERMIT(INGOT_MSG_ENTRY) | INGOT_PERMIT(INGOT_MSG_XATTR);
	if (r->n_xattrs)
		return p; /* they belong to an entry */
	return p | INGOT_PERMIT(INGOT_MSG_DONE) | (r->expect == MEMBERS ? INGOT_PERMIT(INGOT_MSG_MEMBER) : 0);
}

int ingot_intake_step(struct ingot_intake_run *r, struct ingot_err *err)
{
	union ingot_msg m;
	ingot_assert(r->expect != OVER);
	int type = ingot_chan_recv(r->chan, permitted(r), &m, err);
	ingot_pass(type);
	if (type == INGOT_MSG_DONE) {
		r->expect = OVER;
		return 0;
	}
	if (type == INGOT_MSG_DATA)
		ingot_pass(take_data(r, m.data.data, err));
	else if (type == INGOT_MSG_XATTR)
		ingot_pass(take_xattr(r, &m.xattr, err));
	else if (type == INGOT_MSG_MEMBER)
		ingot_pass(take_member(r, &m.member, err));
	else
		ingot_pass(take_entry(r, &m.entry, err));
	return 1;
}

int ingot_intake_end(struct ingot_intake_run *take_r, struct ingot_intake *ret, struct ingot_err *err)
{
	_cleanup_(ingot_intake_abortp) struct ingot_intake_run *r = take_r;
	_cleanup_(ingot_intake_done) struct ingot_intake got = { .bytes = r->bytes };
	ingot_assert(r->expect == OVER);
	ingot_pass(ingot_delta_finish(TAKE_PTR(r->builder), &got.delta, err));
	if (r->pack) {
		ingot_pass(ingot_pack_end(TAKE_PTR(r->pack), &got.pack, err));
		got.has_pack = true;
	}
	*ret = got;
	got = (struct ingot_intake){ 0 };
	return 0;
}

int ingot_intake_drain(struct ingot_chan *c, struct ingot_store *s, const struct ingot_intake_ops *ops, struct ingot_intake *ret, struct ingot_err *err)
{
	_cleanup_(ingot_intake_abortp) struct ingot_intake_run *r = NULL;
	ingot_pass(ingot_intake_begin(c, s, ops, &r, err));
	int more;
	while ((more = ingot_intake_step(r, err)) > 0)
		;
	ingot_pass(more);
	return ingot_intake_end(TAKE_PTR(r), ret, err);
}
