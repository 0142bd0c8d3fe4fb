/* The strict profile's scanner: it is fed blocks and lists what their headers say (tar.h). Contents pass by untouched. */
#include "tar.h"
#include <ingot/escape.h>
#include <ingot/mem.h>
#include <ingot/num.h>

#define MAX_SPECIAL MIB(1) /* body of an extended header or a long name; libarchive's own limit */

struct header { /* POSIX 1003.1-2017, pax, "ustar Interchange Format" */
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], typeflag, linkname[100], magic[8], uname[32], gname[32], devmajor[8], devminor[8],
		prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == TAR_BLOCK, "a tar header is one block");

enum state { AT_HEADER, IN_SPECIAL, IN_CONTENT, IN_PADDING, AT_SECOND_ZERO, AT_END };

struct tar {
	enum tar_profile profile;
	enum state state;
	char block[TAR_BLOCK];
	size_t have;        /* of block */
	uint64_t left;      /* of the content, special body or padding that we are in */
	size_t padding;     /* behind it */
	char special;       /* x, g, L or K while in IN_SPECIAL */
	struct ingot_buf body;                        /* of the special header being read */
	struct ingot_buf pax, long_name, long_link;   /* seen, and belonging to the next entry; empty: not seen */
	uint64_t entries, tail;
	uint64_t at; /* bytes seen */
	struct tar_entry *first, **last;
};

struct tar *tar_new(enum tar_profile profile)
{
	struct tar *t = ingot_alloc(sizeof(*t));
	t->profile = profile;
	t->body.max = t->pax.max = t->long_name.max = t->long_link.max = MAX_SPECIAL;
	t->last = &t->first;
	return t;
}

void tar_entry_free(struct tar_entry *e)
{
	if (!e)
		return;
	free(e->text);
	free(e->xattrs);
	free(e);
}

struct tar_entry *tar_pop(struct tar *t)
{
	struct tar_entry *e = t->first;
	if (!e)
		return NULL;
	t->first = e->next;
	if (!t->first)
		t->last = &t->first;
	e->next = NULL;
	return e;
}

void tar_free(struct tar *t)
{
	if (!t)
		return;
	for (struct tar_entry *e; (e = tar_pop(t));)
		tar_entry_free(e);
	ingot_buf_done(&t->body);
	ingot_buf_done(&t->pax);
	ingot_buf_done(&t->long_name);
	ingot_buf_done(&t->long_link);
	free(t);
}

static bool all_zero(const void *p, size_t n)
{
	const char *b = p;
	return !n || (b[0] == 0 && memcmp(b, b + 1, n - 1) == 0);
}

static struct ingot_span field(const char *p, size_t n)
{
	return (struct ingot_span){ p, strnlen(p, n) };
}
#define FIELD(f) field(f, sizeof(f))

static int check_sum(const struct header *h, struct ingot_err *err)
{
	const unsigned char *b = (const unsigned char *)h;
	uint64_t sum = 8 * ' ', said;
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += b[i];
	for (size_t i = 0; i < sizeof(h->chksum); i++)
		sum -= (unsigned char)h->chksum[i];
	ingot_pass(tar_number(h->chksum, sizeof(h->chksum), false, "checksum", UINT32_MAX, &said, err));
	if (said != sum)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the checksum of a tar header is wrong (%llo, should be %llo)", (unsigned long long)said, (unsigned long long)sum);
	return 0;
}

static int check_magic(const struct header *h, bool *ret_gnu, struct ingot_err *err)
{
	bool gnu = memcmp(h->magic, "ustar  \0", 8) == 0;
	if (!gnu && memcmp(h->magic, "ustar\0" "00", 8) != 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "not a ustar header: the magic is \"%s\"", INGOT_SHOW(FIELD(h->magic)));
	/* GNU keeps times, sparse maps and multi-volume offsets where ustar has its prefix: only their absence is unambiguous. */
	if (gnu ? !all_zero(h->prefix, sizeof(h->prefix) + sizeof(h->pad)) : !all_zero(h->pad, sizeof(h->pad)))
		return ingot_fail(err, INGOT_E_OUTSIDE, "a tar header has bytes in a reserved place");
	*ret_gnu = gnu;
	return 0;
}

/* x, g, L, K: the header that others follow. */
static int begin_special(struct tar *t, const struct header *h, bool gnu, struct ingot_err *err)
{
	uint64_t size;
	ingot_pass(tar_number(h->size, sizeof(h->size), false, "size", MAX_SPECIAL, &size, err));
	bool pax = h->typeflag == 'x' || h->typeflag == 'g';
	if (pax == gnu)
		return ingot_fail(err, INGOT_E_OUTSIDE, "an extended header of type '%c' in a %s archive", h->typeflag, gnu ? "GNU" : "ustar");
	bool again = (h->typeflag == 'x' && t->pax.n) || (h->typeflag == 'L' && t->long_name.n) || (h->typeflag == 'K' && t->long_link.n);
	if (again || (pax ? t->long_name.n || t->long_link.n : t->pax.n != 0) || (h->typeflag == 'g' && t->pax.n))
		return ingot_fail(err, INGOT_E_OUTSIDE, "two extended headers for one entry");
	if (!size)
		return ingot_fail(err, INGOT_E_OUTSIDE, "an empty extended header");
	t->special = h->typeflag;
	t->left = size;
	t->padding = (size_t)(-size & (TAR_BLOCK - 1));
	ingot_buf_clear(&t->body);
	t->state = IN_SPECIAL;
	return 0;
}

static int end_special(struct tar *t, struct ingot_err *err)
{
	ingot_pass(ingot_buf_check(&t->body, "an extended header", err));
	if (t->special == 'g')
		return pax_global(ingot_buf_view(&t->body), err);
	struct ingot_buf *to = t->special == 'x' ? &t->pax : t->special == 'L' ? &t->long_name : &t->long_link;
	if (t->special != 'x') {
		/* GNU: the name and one NUL. */
		if (t->body.n < 2 || t->body.n > INGOT_MAX_PATH + 3 || strlen(t->body.p) != t->body.n - 1)
			return ingot_fail(err, INGOT_E_OUTSIDE, "a GNU long name is empty, too long or not ended by one NUL");
		t->body.n--;
	}
	ingot_buf_clear(to);
	ingot_buf_span(to, ingot_buf_view(&t->body));
	return 0;
}

static int entry_type(const struct tar *t, char flag, char *ret, struct ingot_err *err)
{
	static const char flags[] = "0\0" "123456", types[] = "ffhlcbdp";
	for (size_t i = 0; i < sizeof(types) - 1; i++) {
		if (flags[i] != flag)
			continue;
		if (t->profile == TAR_ARCHIVE && strchr("cbp", types[i]))
			break;
		*ret = types[i];
		return 0;
	}
	return ingot_fail(err, INGOT_E_OUTSIDE, "an entry of type '%s' is not accepted here", INGOT_SHOW(((struct ingot_span){ &flag, 1 })));
}

/* Sizes: where readers differ, they differ about where the next header is (CVE-2025-62518 and its kin). */
static int entry_size(const struct header *h, bool gnu, const struct pax *pax, char type, uint64_t *ret, struct ingot_err *err)
{
	uint64_t size;
	ingot_pass(tar_number(h->size, sizeof(h->size), gnu, "size", INGOT_MAX_FILE, &size, err));
	if (pax->have & 1U << PAX_SIZE) {
		bool saturated = memcmp(h->size, "77777777777", 11) == 0;
		if (size && !saturated && size != pax->size)
			return ingot_fail(err, INGOT_E_OUTSIDE, "two sizes for one entry: %llu and %llu", (unsigned long long)size, (unsigned long long)pax->size);
		size = pax->size;
	}
	if (size && type != 'f')
		return ingot_fail(err, INGOT_E_OUTSIDE, "an entry of type %c has a size (%llu), and readers differ about such", type, (unsigned long long)size);
	*ret = size;
	return 0;
}

static int entry_numbers(const struct header *h, bool gnu, const struct pax *pax, struct tar_entry *e, struct ingot_err *err)
{
	uint64_t mode, uid, gid, major = 0, minor = 0;
	ingot_pass(tar_number(h->mode, sizeof(h->mode), false, "mode", 0177777, &mode, err));
	ingot_pass(tar_number(h->uid, sizeof(h->uid), gnu, "uid", INGOT_MAX_ID, &uid, err));
	ingot_pass(tar_number(h->gid, sizeof(h->gid), gnu, "gid", INGOT_MAX_ID, &gid, err));
	ingot_pass(tar_number(h->mtime, sizeof(h->mtime), gnu, "mtime", INT64_MAX, &e->mtime, err));
	if (e->type == 'c' || e->type == 'b') {
		ingot_pass(tar_number(h->devmajor, sizeof(h->devmajor), gnu, "device number", 0xfff, &major, err));
		ingot_pass(tar_number(h->devminor, sizeof(h->devminor), gnu, "device number", 0xfffff, &minor, err));
	}
	e->mode = (uint32_t)mode & 07777;
	e->uid = (uint32_t)(pax->have & 1U << PAX_UID ? pax->uid : uid);
	e->gid = (uint32_t)(pax->have & 1U << PAX_GID ? pax->gid : gid);
	e->major = (uint32_t)major;
	e->minor = (uint32_t)minor;
	if (pax->have & 1U << PAX_MTIME)
		e->mtime = pax->mtime;
	return entry_size(h, gnu, pax, e->type, &e->size, err);
}

static void append(char **at, struct ingot_span s, struct ingot_span *ret)
{
	if (s.n)
		memcpy(*at, s.p, s.n);
	*ret = (struct ingot_span){ *at, s.n };
	*at += s.n;
}

/* Names and attributes of an entry, copied: they come from buffers that the next header overwrites. */
static int entry_text(struct tar *t, const struct header *h, bool gnu, const struct pax *pax, struct tar_entry *e, struct ingot_err *err)
{
	struct ingot_span name = FIELD(h->name), prefix = gnu ? (struct ingot_span){ 0 } : FIELD(h->prefix), link = FIELD(h->linkname);
	bool links = e->type == 'h' || e->type == 'l', has_link = link.n || t->long_link.n || pax->have & 1U << PAX_LINKPATH;
	if (links != has_link)
		return ingot_fail(err, INGOT_E_OUTSIDE, links ? "a link without a target" : "a link target on what is no link");
	if (pax->have & 1U << PAX_LINKPATH)
		link = pax->linkpath;
	else if (t->long_link.n)
		link = ingot_buf_view(&t->long_link);
	if (pax->have & 1U << PAX_PATH || t->long_name.n) {
		name = t->long_name.n ? ingot_buf_view(&t->long_name) : pax->path;
		prefix = (struct ingot_span){ 0 };
	}
	if (!name.n || (prefix.n && prefix.p[prefix.n - 1] == '/'))
		return ingot_fail(err, INGOT_E_OUTSIDE, "an entry without a name");
	if (name.p[name.n - 1] == '/' && e->type != 'd')
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s: a name with a slash at its end on what is no directory", INGOT_SHOW(name));
	size_t need = prefix.n + 1 + name.n + link.n + pax->acl[0].n + pax->acl[1].n;
	for (size_t i = 0; i < pax->n_xattrs; i++)
		need += pax->xattrs[i].name.n + pax->xattrs[i].value.n;
	char *at = e->text = ingot_alloc(need);
	struct ingot_span whole = { at, 0 }, part;
	if (prefix.n) {
		append(&at, prefix, &part);
		append(&at, INGOT_SPAN("/"), &part);
	}
	append(&at, name, &part);
	whole.n = (size_t)(at - whole.p);
	e->path = whole;
	append(&at, link, &e->target);
	append(&at, pax->acl[0], &e->acl[0]);
	append(&at, pax->acl[1], &e->acl[1]);
	e->xattrs = pax->n_xattrs ? ingot_alloc_array(pax->n_xattrs, sizeof(*e->xattrs)) : NULL;
	e->n_xattrs = pax->n_xattrs;
	for (size_t i = 0; i < pax->n_xattrs; i++) {
		append(&at, pax->xattrs[i].name, &e->xattrs[i].name);
		append(&at, pax->xattrs[i].value, &e->xattrs[i].value);
	}
	return 0;
}

static int begin_entry(struct tar *t, const struct header *h, bool gnu, struct ingot_err *err)
{
	struct pax pax = { 0 };
	_cleanup_(tar_entry_freep) struct tar_entry *e = ingot_alloc(sizeof(*e));
	if ((gnu && t->pax.n) || (!gnu && (t->long_name.n || t->long_link.n)))
		return ingot_fail(err, INGOT_E_OUTSIDE, "GNU and pax headers are mixed in one entry");
	if (++t->entries > INGOT_MAX_ENTRIES)
		return ingot_fail(err, INGOT_E_OUTSIDE, "more than %d entries", INGOT_MAX_ENTRIES);
	ingot_pass(pax_parse(ingot_buf_view(&t->pax), t->profile, &pax, err));
	ingot_pass(entry_type(t, h->typeflag, &e->type, err));
	ingot_pass(entry_text(t, h, gnu, &pax, e, err));
	ingot_try(err, entry_numbers(h, gnu, &pax, e, err), "%s", INGOT_SHOW(e->path));
	ingot_buf_clear(&t->pax);
	ingot_buf_clear(&t->long_name);
	ingot_buf_clear(&t->long_link);
	t->left = e->size;
	t->padding = (size_t)(-e->size & (TAR_BLOCK - 1));
	t->state = IN_CONTENT;
	e->offset = t->at;
	*t->last = e;
	t->last = &TAKE_PTR(e)->next;
	return 0;
}

static int read_header(struct tar *t, struct ingot_err *err)
{
	/* A copy with the alignment of its own type (all of it is char). */
	struct header h;
	memcpy(&h, t->block, sizeof(h));
	bool zero = all_zero(&h, sizeof(h)), gnu = false;
	if (t->state == AT_SECOND_ZERO) {
		if (!zero)
			return ingot_fail(err, INGOT_E_OUTSIDE, "something follows a zero block: readers differ about whether the archive ends there");
		t->state = AT_END;
		return 0;
	}
	if (zero) {
		if (t->pax.n || t->long_name.n || t->long_link.n)
			return ingot_fail(err, INGOT_E_OUTSIDE, "the archive ends behind an extended header");
		t->state = AT_SECOND_ZERO;
		return 0;
	}
	if (check_sum(&h, err) < 0 || check_magic(&h, &gnu, err) < 0)
		return t->entries || t->pax.n ? -1 : ingot_context(err, "not a tar archive, or not one that is read here");
	if (h.typeflag && strchr("xgLK", h.typeflag))
		return begin_special(t, &h, gnu, err);
	return begin_entry(t, &h, gnu, err);
}

/* Take what belongs to the present state off the block. */
static int advance(struct tar *t, struct ingot_span *block, struct ingot_err *err)
{
	size_t n = block->n;
	if (t->state == AT_HEADER || t->state == AT_SECOND_ZERO) {
		n = n < TAR_BLOCK - t->have ? n : TAR_BLOCK - t->have;
		memcpy(t->block + t->have, block->p, n);
		t->have += n;
		t->at += n;
		if (t->have == TAR_BLOCK) {
			t->have = 0;
			ingot_pass(read_header(t, err));
		}
	} else if (t->state == AT_END) {
		if (!all_zero(block->p, n))
			return ingot_fail(err, INGOT_E_OUTSIDE, "bytes follow the end of the archive");
		t->tail = (t->tail + n) % TAR_BLOCK;
		t->at += n;
	} else if (t->state == IN_PADDING) {
		n = n < t->padding ? n : t->padding;
		if (!all_zero(block->p, n))
			return ingot_fail(err, INGOT_E_OUTSIDE, "the padding behind an entry is not zero");
		t->padding -= n;
		t->at += n;
	} else {
		n = n < t->left ? n : (size_t)t->left;
		if (t->state == IN_SPECIAL)
			ingot_buf_put(&t->body, block->p, n);
		t->left -= n;
		t->at += n;
	}
	block->p += n;
	block->n -= n;
	if ((t->state == IN_CONTENT || t->state == IN_SPECIAL) && !t->left) {
		if (t->state == IN_SPECIAL)
			ingot_pass(end_special(t, err));
		t->state = IN_PADDING;
	}
	if (t->state == IN_PADDING && !t->padding)
		t->state = AT_HEADER;
	return 0;
}

int tar_feed(struct tar *t, struct ingot_span block, struct ingot_err *err)
{
	while (block.n)
		ingot_pass(advance(t, &block, err));
	return 0;
}

int tar_end(const struct tar *t, struct ingot_err *err)
{
	/* A digest covers the whole of a layer, and every reader of the field takes its end for an end (interop 1.7). */
	bool between = (t->state == AT_HEADER || t->state == AT_SECOND_ZERO) && !t->have && !t->pax.n && !t->long_name.n && !t->long_link.n;
	if (t->profile == TAR_LAYER && between)
		return 0;
	if (t->state == AT_HEADER && !t->have && !t->entries)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the archive is empty: not even its end is there");
	if (t->state != AT_END || t->tail)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the archive is cut short: it does not end in two zero blocks");
	return 0;
}
