#include "acl.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <stdbool.h>
#include <stdlib.h>

#define ACL_VERSION 2
#define MAX_ACL 1024 /* ext4 holds some 500 */

/* Tags in the kernel's order. */
enum tag { USER_OBJ = 0x01, USER = 0x02, GROUP_OBJ = 0x04, GROUP = 0x08, MASK = 0x10, OTHER = 0x20 };

struct entry {
	uint16_t tag, perm;
	uint32_t id;
};

static int bad(struct ingot_span text, const char *why, struct ingot_err *err)
{
	return ingot_fail(err, INGOT_E_OUTSIDE, "the access control list \"%s\" %s", INGOT_SHOW(text), why);
}

static int permissions(struct ingot_span s, uint16_t *ret)
{
	static const char letters[] = "rwx";
	uint16_t perm = 0;
	if (s.n != 3)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		if (s.p[i] != letters[i] && s.p[i] != '-')
			return -1;
		if (s.p[i] != '-')
			perm = (uint16_t)(perm | 4U >> i);
	}
	*ret = perm;
	return 0;
}

/* The next part up to a colon; an empty one is one, too. */
static bool part(struct ingot_span *rest, struct ingot_span *ret)
{
	if (!rest->p)
		return false;
	const char *colon = rest->n ? memchr(rest->p, ':', rest->n) : NULL;
	*ret = (struct ingot_span){ rest->p, colon ? (size_t)(colon - rest->p) : rest->n };
	*rest = colon ? (struct ingot_span){ colon + 1, rest->n - ret->n - 1 } : (struct ingot_span){ 0 };
	return true;
}

static int one(struct ingot_span text, struct ingot_span whole, struct entry *ret, struct ingot_err *err)
{
	static const struct {
		const char *name;
		uint16_t plain, named;
	} tags[] = { { "user", USER_OBJ, USER }, { "group", GROUP_OBJ, GROUP }, { "mask", MASK, 0 }, { "other", OTHER, 0 } };
	struct ingot_span name, who, perm, id = { 0 };
	if (!part(&text, &name) || !part(&text, &who) || !part(&text, &perm) || (part(&text, &id) && text.p))
		return bad(whole, "is none", err);
	size_t i = 0;
	while (i < 4 && !ingot_span_is(name, tags[i].name))
		i++;
	if (i == 4 || permissions(perm, &ret->perm) < 0 || (who.n && !tags[i].named))
		return bad(whole, "is none", err);
	ret->tag = who.n ? tags[i].named : tags[i].plain;
	ret->id = UINT32_MAX;
	if (who.n && ingot_parse_u32(id.n ? id : who, INGOT_MAX_ID, &ret->id) < 0)
		return bad(whole, "names users or groups without a number", err);
	return 0;
}

static int by_tag(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->tag != y->tag)
		return x->tag < y->tag ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* acl(5), "Validity": one owner, one group, one other; a mask where there is anybody by name, and at most one; nobody twice. */
static int check(struct ingot_span text, const struct entry *e, size_t n, struct ingot_err *err)
{
	unsigned seen = 0;
	for (size_t i = 0; i < n; i++) {
		if (i && e[i - 1].tag == e[i].tag && e[i - 1].id == e[i].id)
			return bad(text, "names somebody twice", err);
		seen |= e[i].tag;
	}
	bool named = seen & (USER | GROUP);
	if ((seen & (USER_OBJ | GROUP_OBJ | OTHER)) != (USER_OBJ | GROUP_OBJ | OTHER) || (named && !(seen & MASK)))
		return bad(text, "is incomplete", err);
	return 0;
}

static unsigned perm_of(const struct entry *e, size_t n, uint16_t tag, unsigned otherwise)
{
	for (size_t i = 0; i < n; i++)
		if (e[i].tag == tag)
			return e[i].perm;
	return otherwise;
}

static void little(struct ingot_buf *out, uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ingot_buf_char(out, (char)(v >> 8 * i & 0xff));
}

int acl_from_text(struct ingot_span text, int mode, struct ingot_buf *out, struct ingot_err *err)
{
	struct entry e[MAX_ACL];
	size_t n = 0;
	for (size_t at = 0; at < text.n;) {
		size_t end = at;
		while (end < text.n && text.p[end] != ',' && text.p[end] != '\n')
			end++;
		if (n == MAX_ACL)
			return bad(text, "is too long", err);
		if (end > at)
			ingot_pass(one((struct ingot_span){ text.p + at, end - at }, text, &e[n++], err));
		at = end + 1;
	}
	if (n)
		qsort(e, n, sizeof(*e), by_tag);
	ingot_pass(check(text, e, n, err));
	if (mode >= 0) {
		unsigned group = perm_of(e, n, MASK, perm_of(e, n, GROUP_OBJ, 0));
		if ((unsigned)(mode & 0777) != (perm_of(e, n, USER_OBJ, 0) << 6 | group << 3 | perm_of(e, n, OTHER, 0)))
			return bad(text, "and the mode say different things", err);
		if (n == 3)
			return 0;
	}
	little(out, ACL_VERSION, 4);
	for (size_t i = 0; i < n; i++) {
		little(out, e[i].tag, 2);
		little(out, e[i].perm, 2);
		little(out, e[i].id, 4);
	}
	return ingot_buf_check(out, "an access control list", err);
}
