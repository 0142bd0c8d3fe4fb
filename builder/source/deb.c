#include "deb_impl.h"
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <strings.h>

struct ingot_deb *deb_new(void)
{
	struct ingot_deb *d = ingot_alloc(sizeof(*d));
	d->text.max = DEB_MAX_MEMBERS;
	return d;
}

void ingot_deb_free(struct ingot_deb *d)
{
	if (!d)
		return;
	ingot_delta_free(d->delta);
	ingot_buf_done(&d->text);
	free(d);
}

int deb_index(struct ingot_deb *d, struct ingot_err *err)
{
	struct ingot_span rest = ingot_buf_view(&d->text), line;
	bool ok = ingot_span_starts(rest, DEB_MEMBERS_HEAD);
	d->n = 0;
	if (ok)
		(void)ingot_span_next(&rest, '\n', &line);
	while (ok && rest.n) {
		uint64_t size;
		ok = d->n < DEB_MAX_FILES && ingot_span_next(&rest, '\n', &line);
		struct deb_member *m = &d->members[ok ? d->n : 0];
		ok = ok && ingot_span_next(&line, ' ', &m->name) && ingot_parse_u64(line, rest.n, &size) == 0;
		if (!ok)
			break;
		m->bytes = (struct ingot_span){ rest.p, (size_t)size };
		rest.p += size;
		rest.n -= (size_t)size;
		d->n++;
	}
	return ok ? 0 : ingot_fail(err, INGOT_E_BUG, "the kept control files of a package are not in the form that ingot writes");
}

/* --- kept in the store --- */

/* Whatever changes in the conversion changes this text, so that an older store's conversions are not taken for new ones. */
static void ref_key(const struct ingot_digest *sha256, struct ingot_digest *ret)
{
	struct ingot_hash *h = ingot_hash_new();
	ingot_hash_add(h, "ingot-deb 1", 11);
	ingot_hash_add(h, sha256->b, sizeof(sha256->b));
	ingot_hash_end(h, ret);
	ingot_hash_free(h);
}

int deb_store(struct ingot_store *s, struct ingot_deb *d, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	ingot_delta_text(d->delta, &text);
	ingot_pass(ingot_buf_check(&text, "the list of the package's files", err));
	ingot_pass(ingot_store_put(s, text.p, text.n, &d->delta_id, err));
	return ingot_store_put(s, d->text.p, d->text.n, &d->members_id, err);
}

int deb_keep(struct ingot_store *s, const struct ingot_digest *sha256, const struct ingot_deb *d, struct ingot_err *err)
{
	struct ingot_digest key, needs[3] = { d->delta_id, d->members_id, d->pack };
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1024);
	ref_key(sha256, &key);
	ingot_buf_fmt(&text, "delta %s\nmembers %s\npack %s\n", INGOT_HEX(&d->delta_id), INGOT_HEX(&d->members_id), d->has_pack ? INGOT_HEX(&d->pack) : "-");
	return ingot_ref_put(s, DEB_REF, &key, ingot_buf_view(&text), needs, d->has_pack ? 3 : 2, err);
}

/* One line "WORD VALUE" of the reference. */
static bool ref_line(struct ingot_span *rest, const char *word, struct ingot_span *ret)
{
	struct ingot_span line, first;
	if (!ingot_span_next(rest, '\n', &line) || !ingot_span_next(&line, ' ', &first) || !ingot_span_is(first, word))
		return false;
	*ret = line;
	return true;
}

static bool ref_text(struct ingot_span text, struct ingot_deb *d)
{
	struct ingot_span delta, members, pack;
	if (!ref_line(&text, "delta", &delta) || !ref_line(&text, "members", &members) || !ref_line(&text, "pack", &pack) || text.n)
		return false;
	d->has_pack = !ingot_span_is(pack, "-");
	return ingot_digest_parse_hex(delta, &d->delta_id) == 0 && ingot_digest_parse_hex(members, &d->members_id) == 0 &&
	       (!d->has_pack || ingot_digest_parse_hex(pack, &d->pack) == 0);
}

int ingot_deb_cached(struct ingot_store *s, const struct ingot_digest *sha256, struct ingot_deb **ret, struct ingot_err *err)
{
	struct ingot_digest key;
	_cleanup_(ingot_deb_freep) struct ingot_deb *d = deb_new();
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(1024), delta = INGOT_BUF(INGOT_MAX_TREE_TEXT);
	struct ingot_err ignored = INGOT_ERR_INIT;
	ref_key(sha256, &key);
	int r = ingot_ref_get(s, DEB_REF, &key, &text, err);
	if (r <= 0)
		return r;
	/* Whatever is damaged or gone makes this a miss: the package is converted again. */
	if (!ref_text(ingot_buf_view(&text), d))
		return 0;
	if ((r = ingot_store_get(s, &d->delta_id, &delta, err)) <= 0 || (r = ingot_store_get(s, &d->members_id, &d->text, err)) <= 0)
		return r;
	if (d->has_pack && (r = ingot_store_use_pack(s, &d->pack, err)) <= 0)
		return r;
	if (ingot_delta_parse(ingot_buf_view(&delta), &d->delta, &ignored) < 0 || deb_index(d, &ignored) < 0)
		return 0;
	*ret = TAKE_PTR(d);
	return 1;
}

/* --- asking --- */

const struct ingot_delta *ingot_deb_delta(const struct ingot_deb *d)
{
	return d->delta;
}

const struct ingot_digest *ingot_deb_delta_id(const struct ingot_deb *d)
{
	return &d->delta_id;
}

const struct ingot_digest *ingot_deb_pack(const struct ingot_deb *d)
{
	return d->has_pack ? &d->pack : NULL;
}

const struct ingot_digest *ingot_deb_members_id(const struct ingot_deb *d)
{
	return &d->members_id;
}

struct ingot_span ingot_deb_member(const struct ingot_deb *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (ingot_span_is(d->members[i].name, name))
			return d->members[i].bytes;
	return (struct ingot_span){ 0 };
}

size_t ingot_deb_members(const struct ingot_deb *d)
{
	return d->n;
}

struct ingot_span ingot_deb_member_at(const struct ingot_deb *d, size_t i, struct ingot_span *ret_name)
{
	ingot_assert(i < d->n);
	if (ret_name)
		*ret_name = d->members[i].name;
	return d->members[i].bytes;
}

struct ingot_span ingot_deb_field(const struct ingot_deb *d, const char *name)
{
	struct ingot_span rest = ingot_deb_member(d, "control"), line;
	size_t n = strlen(name);
	while (rest.n && ingot_span_next(&rest, '\n', &line)) {
		if (line.n <= n || strncasecmp(line.p, name, n) != 0 || line.p[n] != ':')
			continue;
		/* deb-control(5): lines that begin with a blank continue the field. */
		const char *value = line.p + n + 1;
		while (rest.n && (*rest.p == ' ' || *rest.p == '\t') && ingot_span_next(&rest, '\n', &line))
			;
		return ingot_span_trim((struct ingot_span){ value, (size_t)(line.p + line.n - value) });
	}
	return (struct ingot_span){ 0 };
}
