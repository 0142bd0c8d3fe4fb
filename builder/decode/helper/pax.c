/* Numbers and extended headers of tar (POSIX 1003.1-2017, pax, "pax Extended Header"). */
#include "tar.h"
#include <ingot/escape.h>
#include <ingot/num.h>

static const char *const key_names[PAX_KEYS] = { "path", "linkpath", "size", "uid", "gid", "mtime", "SCHILY.acl.access", "SCHILY.acl.default" };
/* Known, and without a meaning for a tree: times that are not kept, owners by name, a remark, and libarchive's own creation time. */
static const char *const ignored[] = { "atime", "ctime", "uname", "gname", "comment", "LIBARCHIVE.creationtime" };
/* Only in layers and archives: what star and bsdtar say of the inode that a file once was. */
static const char *const inode[] = { "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink", "SCHILY.devmajor", "SCHILY.devminor", "SCHILY.fflags" };

#define XATTR_PREFIX "SCHILY.xattr."
#define SELINUX "RHT.security.selinux" /* GNU tar's name of SCHILY.xattr.security.selinux */

int tar_number(const void *field, size_t n, bool base256, const char *what, uint64_t max, uint64_t *ret, struct ingot_err *err)
{
	const unsigned char *p = field;
	uint64_t v = 0;
	size_t i = 0;
	if (p[0] & 0x80) {
		if (!base256 || p[0] != 0x80)
			return ingot_fail(err, INGOT_E_OUTSIDE, "the %s in the header is not an octal number", what);
		for (i = 1; i < n; i++) {
			if (v >> 56)
				return ingot_fail(err, INGOT_E_OUTSIDE, "the %s in the header is too large", what);
			v = v << 8 | p[i];
		}
	} else {
		while (i < n && p[i] == ' ')
			i++;
		for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
			v = v << 3 | (uint64_t)(p[i] - '0'); /* 12 digits at most: 36 bits */
		for (; i < n; i++)
			if (p[i] != ' ' && p[i] != '\0')
				return ingot_fail(err, INGOT_E_OUTSIDE, "the %s in the header is not an octal number", what);
	}
	if (v > max)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the %s %llu is too large", what, (unsigned long long)v);
	*ret = v;
	return 0;
}

/* One record: "LENGTH KEY=VALUE\n", LENGTH counting itself. Cuts it off *rest. */
static int record(struct ingot_span *rest, struct ingot_span *ret_key, struct ingot_span *ret_value, struct ingot_err *err)
{
	size_t digits = 0;
	while (digits < rest->n && digits < 8 && rest->p[digits] != ' ')
		digits++;
	uint64_t n;
	if (digits == rest->n || ingot_parse_u64((struct ingot_span){ rest->p, digits }, rest->n, &n) < 0 || n < digits + 4)
		return ingot_fail(err, INGOT_E_OUTSIDE, "a pax record has a wrong length");
	struct ingot_span body = { rest->p + digits + 1, (size_t)n - digits - 1 };
	if (body.p[body.n - 1] != '\n')
		return ingot_fail(err, INGOT_E_OUTSIDE, "a pax record does not end where its length says");
	const char *eq = memchr(body.p, '=', body.n);
	if (!eq || eq == body.p)
		return ingot_fail(err, INGOT_E_OUTSIDE, "a pax record has no key");
	*ret_key = (struct ingot_span){ body.p, (size_t)(eq - body.p) };
	*ret_value = (struct ingot_span){ eq + 1, body.n - ret_key->n - 2 };
	rest->p += n;
	rest->n -= (size_t)n;
	return 0;
}

static int bad_value(struct ingot_span key, struct ingot_span value, struct ingot_err *err)
{
	return ingot_fail(err, INGOT_E_OUTSIDE, "the pax record %s has the value \"%s\", which is not understood", INGOT_SHOW(key), INGOT_SHOW(value));
}

static int xattr(struct pax *p, struct ingot_span name, struct ingot_span value, struct ingot_err *err)
{
	if (!name.n || name.n > INGOT_MAX_XATTR_NAME || ingot_span_has(name, '\0') || value.n > INGOT_MAX_XATTR_VALUE)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the extended attribute %s has a bad name or is too large", INGOT_SHOW(name));
	for (size_t i = 0; i < p->n_xattrs; i++)
		if (ingot_span_eq(p->xattrs[i].name, name))
			return ingot_fail(err, INGOT_E_OUTSIDE, "the extended attribute %s appears twice", INGOT_SHOW(name));
	if (p->n_xattrs == INGOT_MAX_XATTRS)
		return ingot_fail(err, INGOT_E_OUTSIDE, "more than %d extended attributes", INGOT_MAX_XATTRS);
	p->xattrs[p->n_xattrs++] = (struct tar_xattr){ name, value };
	return 0;
}

/* A time: seconds, and a fraction that is dropped (every unpacker of the field does; interop.md 1.7). Before 1970 is refused, as they make it 0. */
static int pax_time(struct ingot_span v, uint64_t *ret)
{
	const char *dot = v.n ? memchr(v.p, '.', v.n) : NULL;
	struct ingot_span whole = { v.p, dot ? (size_t)(dot - v.p) : v.n };
	for (size_t i = whole.n + 1; i < v.n; i++)
		if (v.p[i] < '0' || v.p[i] > '9')
			return -1;
	return ingot_parse_u64(whole, INT64_MAX, ret);
}

static int known(struct pax *p, enum pax_key k, struct ingot_span key, struct ingot_span v, struct ingot_err *err)
{
	if (p->have & 1U << k)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the pax record %s appears twice", INGOT_SHOW(key));
	p->have |= 1U << k;
	int r = 0;
	/* An empty value means "as if it had never been set" to some readers, and an empty value to others. */
	if (!v.n)
		r = -1;
	else if (k == PAX_PATH || k == PAX_LINKPATH)
		r = v.n > INGOT_MAX_PATH + 2 || ingot_span_has(v, '\0') ? -1 : 0;
	if (k == PAX_PATH)
		p->path = v;
	else if (k == PAX_LINKPATH)
		p->linkpath = v;
	else if (k == PAX_SIZE)
		r = ingot_parse_u64(v, INGOT_MAX_FILE, &p->size);
	else if (k == PAX_UID)
		r = ingot_parse_u64(v, INGOT_MAX_ID, &p->uid);
	else if (k == PAX_GID)
		r = ingot_parse_u64(v, INGOT_MAX_ID, &p->gid);
	else if (k == PAX_ACL_ACCESS || k == PAX_ACL_DEFAULT)
		p->acl[k - PAX_ACL_ACCESS] = v;
	else
		r = pax_time(v, &p->mtime);
	return r < 0 ? bad_value(key, v, err) : 0;
}

/* Position in a list, or the list's length. */
static size_t find(const char *const *list, size_t n, struct ingot_span key)
{
	size_t i = 0;
	while (i < n && !ingot_span_is(key, list[i]))
		i++;
	return i;
}

int pax_parse(struct ingot_span body, enum tar_profile profile, struct pax *ret, struct ingot_err *err)
{
	const size_t n_ignored = sizeof(ignored) / sizeof(ignored[0]), n_inode = sizeof(inode) / sizeof(inode[0]);
	const size_t n_keys = profile == TAR_LAYER ? PAX_KEYS : PAX_ACL_ACCESS;
	*ret = (struct pax){ 0 };
	while (body.n) {
		struct ingot_span key, value;
		ingot_pass(record(&body, &key, &value, err));
		size_t k = find(key_names, n_keys, key);
		if (k < n_keys) {
			ingot_pass(known(ret, (enum pax_key)k, key, value, err));
		} else if (ingot_span_starts(key, XATTR_PREFIX) && profile != TAR_ARCHIVE) {
			ingot_pass(xattr(ret, (struct ingot_span){ key.p + sizeof(XATTR_PREFIX) - 1, key.n - (sizeof(XATTR_PREFIX) - 1) }, value, err));
		} else if (ingot_span_is(key, SELINUX) && profile == TAR_LAYER) {
			ingot_pass(xattr(ret, INGOT_SPAN("security.selinux"), value, err));
		} else if (ingot_span_is(key, "hdrcharset")) {
			/* Names are bytes to us; both spellings leave them as they are. */
			if (!ingot_span_is(value, "BINARY") && !ingot_span_is(value, "ISO-IR 10646 2000 UTF-8"))
				return bad_value(key, value, err);
		} else if (find(ignored, n_ignored, key) == n_ignored && (profile == TAR_PACKAGE || find(inode, n_inode, key) == n_inode)) {
			return ingot_fail(err, INGOT_E_OUTSIDE, "the pax record %s is not understood, and readers differ about such", INGOT_SHOW(key));
		}
	}
	return 0;
}

int pax_global(struct ingot_span body, struct ingot_err *err)
{
	while (body.n) {
		struct ingot_span key, value;
		ingot_pass(record(&body, &key, &value, err));
		if (!ingot_span_is(key, "comment"))
			return ingot_fail(err, INGOT_E_OUTSIDE, "a global pax header sets %s: readers differ about such", INGOT_SHOW(key));
	}
	return 0;
}
