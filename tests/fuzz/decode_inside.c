#include "decode_inside.h"
#include "../../builder/decode/helper/answer.h"
#include <ingot/buf.h>
#include <ingot/fd.h>
#include <ingot/path.h>
#include <ingot/tree.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
	enum ingot_decode_what what;
	struct ingot_hash *hash;
	struct inside got;
	uint64_t left; /* of what was announced */
	unsigned xattrs;
	bool entries, over;
	struct ingot_buf names; /* of an archive's members, each with a NUL */
	uint64_t size, end;     /* of the input; of the last part's content */
} judge;

static void add(struct ingot_span s)
{
	uint64_t n = s.n;
	ingot_hash_add(judge.hash, &n, sizeof(n));
	ingot_hash_add(judge.hash, s.p, s.n);
}

static int once(struct ingot_span name, struct ingot_err *err)
{
	/* The coordinator's client refuses these; here it has to be done for it. */
	for (const char *at = judge.names.p; at && at < judge.names.p + judge.names.n; at += strlen(at) + 1)
		if (ingot_span_is(name, at))
			return ingot_fail(err, INGOT_E_OUTSIDE, "twice");
	ingot_buf_span(&judge.names, name);
	ingot_buf_put(&judge.names, "", 1);
	return 0;
}

static int take_part(const struct ingot_msg_part *m, struct ingot_err *err)
{
	bool link = m->type == 'l' || m->type == 'h';
	ingot_assert(judge.what == INGOT_DECODE_ARCHIVE && (link || m->type == 'f') && link == (m->target.n != 0) && !(link && m->size));
	ingot_assert(m->name.n && ingot_path_valid(m->name) && (m->type != 'h' || ingot_path_valid(m->target)) && m->target.n <= INGOT_MAX_PATH);
	ingot_assert(m->offset >= judge.end && m->offset <= judge.size && m->size <= judge.size - m->offset);
	judge.end = m->offset + m->size;
	const uint64_t numbers[] = { m->type, m->offset, m->size };
	ingot_hash_add(judge.hash, numbers, sizeof(numbers));
	add(m->name);
	add(m->target);
	return once(m->name, err);
}

static int take_member(const struct ingot_msg_member *m, struct ingot_err *err)
{
	ingot_assert(judge.what == INGOT_DECODE_DEB);
	ingot_assert(!judge.entries && m->name.n && m->name.n <= INGOT_MAX_NAME && ingot_path_valid(m->name));
	ingot_pass(once(m->name, err));
	add(m->name);
	ingot_hash_add(judge.hash, &m->size, sizeof(m->size));
	judge.left = m->size;
	return 0;
}

static void take_entry(const struct ingot_msg_entry *m)
{
	ingot_assert(judge.what == INGOT_DECODE_DEB || judge.what == INGOT_DECODE_TAR);
	ingot_assert(ingot_path_valid(m->path) && memchr("dflcbph-o", (int)m->type, 9));
	ingot_assert(judge.what == INGOT_DECODE_TAR || (m->type != '-' && m->type != 'o'));
	ingot_assert(m->mode <= 07777 && m->uid <= INGOT_MAX_ID && m->gid <= INGOT_MAX_ID && m->mtime <= INT64_MAX && m->size <= INGOT_MAX_FILE && m->target.n <= INGOT_MAX_PATH);
	ingot_assert((m->target.n != 0) == (m->type == 'l' || m->type == 'h') && !(m->target.n && memchr(m->target.p, 0, m->target.n)));
	ingot_assert(m->type != 'h' || ingot_path_valid(m->target));
	ingot_assert(!judge.xattrs || (m->type != 'h' && m->type != '-' && m->type != 'o'));
	ingot_assert(m->type == 'f' || !m->size);
	const uint64_t numbers[] = { m->type, m->mode, m->uid, m->gid, m->mtime, m->size, m->major, m->minor };
	ingot_hash_add(judge.hash, numbers, sizeof(numbers));
	add(m->path);
	add(m->target);
	judge.left = m->size;
	judge.xattrs = 0;
	judge.entries = true;
}

/* In place of the channel's: chan.c is not linked. */
int ingot_chan_send(struct ingot_chan *c, enum ingot_msg_type type, const void *msg, struct ingot_err *err)
{
	ingot_assert(!judge.over && (type == INGOT_MSG_DATA || !judge.left));
	judge.got.messages++;
	ingot_hash_add(judge.hash, &type, sizeof(type));
	if (type == INGOT_MSG_DATA) {
		const struct ingot_msg_data *m = msg;
		ingot_assert(m->data.n && m->data.n <= INGOT_MAX_MESSAGE - 64);
		if (judge.what != INGOT_DECODE_STREAM) {
			ingot_assert(m->data.n <= judge.left);
			judge.left -= m->data.n;
		}
		judge.got.bytes += m->data.n;
		ingot_hash_add(judge.hash, m->data.p, m->data.n);
	} else if (type == INGOT_MSG_MEMBER) {
		return take_member(msg, err);
	} else if (type == INGOT_MSG_PART) {
		return take_part(msg, err);
	} else if (type == INGOT_MSG_ENTRY) {
		take_entry(msg);
	} else if (type == INGOT_MSG_XATTR) {
		const struct ingot_msg_xattr *m = msg;
		ingot_assert(++judge.xattrs <= INGOT_MAX_XATTRS && m->name.n && m->name.n <= INGOT_MAX_XATTR_NAME && m->value.n <= INGOT_MAX_XATTR_VALUE);
		add(m->name);
		add(m->value);
	} else if (type == INGOT_MSG_JSON) {
		const struct ingot_msg_json *m = msg;
		ingot_assert(m->path.n <= 1024 && m->value.n <= KIB(960));
		add(m->path);
		add(m->value);
	} else {
		ingot_assert(type == INGOT_MSG_DONE && !judge.xattrs);
		judge.over = true;
	}
	return 0;
}

int decode_inside(enum ingot_decode_what what, const void *data, size_t n, uint64_t limit, struct inside *ret, struct ingot_err *err)
{
	struct ingot_msg_decode q = { .what = what, .size = n, .limit = limit };
	_cleanup_(ingot_closep) int fd = memfd_create("input", MFD_CLOEXEC);
	*err = (struct ingot_err)INGOT_ERR_INIT;
	memset(&judge, 0, sizeof(judge));
	judge.what = what;
	judge.size = n;
	judge.hash = ingot_hash_new();
	judge.names.max = MIB(64);
	ingot_assert(fd >= 0 && ingot_write_all(fd, data, n, err) == 0);
	int r = answer(NULL, fd, &q, err);
	ingot_assert(r == 0 ? judge.over && !judge.left : err->code != INGOT_OK && err->msg[0]);
	ingot_hash_end(judge.hash, &judge.got.digest);
	ingot_hash_free(judge.hash);
	ingot_buf_done(&judge.names);
	if (r == 0 && ret)
		*ret = judge.got;
	return r;
}
