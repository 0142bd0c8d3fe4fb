/* A Release file: what it says about itself, and the package indexes of one architecture. The text is what gpgv or sqv called signed. */
#include "solve.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/num.h>
#include <time.h>

struct facts {
	struct ingot_span suite, codename, origin, date, valid_until, by_hash, sha256, components;
};

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
#define FIELD(name, member) { name, offsetof(struct facts, member) }
	FIELD("Suite", suite), FIELD("Codename", codename), FIELD("Origin", origin), FIELD("Date", date), FIELD("Valid-Until", valid_until),
	FIELD("Acquire-By-Hash", by_hash), FIELD("SHA256", sha256), FIELD("Components", components),
};

/* The value of a field is the rest of its line and all following lines that begin with a blank. */
static int split(struct ingot_span text, struct facts *ret, struct ingot_err *err)
{
	struct ingot_span rest = text, line;
	struct ingot_span *field = NULL;
	while (ingot_span_next(&rest, '\n', &line)) {
		if (line.n && (line.p[0] == ' ' || line.p[0] == '\t')) {
			if (field)
				field->n = (size_t)(line.p + line.n - field->p);
			continue;
		}
		field = NULL;
		const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
		if (!colon)
			return ingot_fail(err, INGOT_E_OUTSIDE, "the Release file has a line that is no field: %s", INGOT_SHOW(line));
		struct ingot_span name = { line.p, (size_t)(colon - line.p) };
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			if (!ingot_span_is(name, fields[i].name))
				continue;
			field = (struct ingot_span *)(void *)((char *)ret + fields[i].offset);
			if (field->p)
				return ingot_fail(err, INGOT_E_OUTSIDE, "the Release file has %s twice", fields[i].name);
			*field = (struct ingot_span){ colon + 1, (size_t)(line.p + line.n - colon) - 1 };
		}
	}
	return 0;
}

static bool word(struct ingot_span *rest, struct ingot_span *ret)
{
	while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t' || rest->p[0] == '\n'))
		*rest = (struct ingot_span){ rest->p + 1, rest->n - 1 };
	size_t n = 0;
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t' && rest->p[n] != '\n')
		n++;
	*ret = (struct ingot_span){ rest->p, n };
	*rest = (struct ingot_span){ rest->p + n, rest->n - n };
	return n > 0;
}

/* One or two digits in decimal, also "08" and "00". */
static int small(struct ingot_span s, int max)
{
	int v = 0;
	if (s.n < 1 || s.n > 2)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		v = v * 10 + (s.p[i] - '0');
	}
	return v <= max ? v : -1;
}

/* "Sat, 11 Jul 2026 10:16:37 UTC" (RFC 2822, always UTC in archives). */
static int parse_date(struct ingot_span s, const char *what, uint64_t *ret, struct ingot_err *err)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct ingot_span rest = s, day, dom, mon, year, clock, zone, more, h, m;
	struct tm t = { 0 };
	uint32_t y;
	bool ok = word(&rest, &day) && day.n == 4 && word(&rest, &dom) && word(&rest, &mon) && word(&rest, &year) && word(&rest, &clock) && word(&rest, &zone) && !word(&rest, &more);
	ok = ok && (ingot_span_is(zone, "UTC") || ingot_span_is(zone, "GMT") || ingot_span_is(zone, "Z") || ingot_span_is(zone, "+0000"));
	ok = ok && mon.n == 3 && year.n == 4 && ingot_parse_u32(year, 9999, &y) == 0 && y >= 1970;
	t.tm_mon = -1;
	for (int i = 0; ok && i < 12; i++)
		if (memcmp(months + 3 * (size_t)i, mon.p, 3) == 0)
			t.tm_mon = i;
	ok = ok && t.tm_mon >= 0 && ingot_span_next(&clock, ':', &h) && ingot_span_next(&clock, ':', &m);
	if (ok) {
		t.tm_year = (int)y - 1900;
		t.tm_mday = small(dom, 31);
		t.tm_hour = small(h, 23);
		t.tm_min = small(m, 59);
		t.tm_sec = small(clock, 60);
		ok = t.tm_mday > 0 && t.tm_hour >= 0 && t.tm_min >= 0 && t.tm_sec >= 0;
	}
	time_t v = ok ? timegm(&t) : -1;
	if (v < 0)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the Release file's %s is no date: %s", what, INGOT_SHOW(ingot_span_trim(s)));
	*ret = (uint64_t)v;
	return 0;
}

/* "main/binary-amd64/Packages", ".xz" or ".gz" of it; also "updates/main/..." as old security archives have it. */
static bool is_index(struct ingot_span path, struct ingot_span arch)
{
	_cleanup_(ingot_buf_done) struct ingot_buf tail = INGOT_BUF(128);
	static const char *const forms[] = { "", ".xz", ".gz" };
	for (size_t i = 0; i < 3; i++) {
		ingot_buf_clear(&tail);
		ingot_buf_fmt(&tail, "/binary-%.*s/Packages%s", INGOT_SPAN_ARG(arch), forms[i]);
		if (path.n > tail.n && ingot_span_ends(path, ingot_buf_cstr(&tail)))
			return true;
	}
	return false;
}

static int send_files(struct ingot_chan *c, struct ingot_span list, struct ingot_span arch, struct ingot_err *err)
{
	struct ingot_span hash, size, path;
	uint64_t n;
	uint8_t digest[32];
	while (word(&list, &hash)) {
		if (!word(&list, &size) || !word(&list, &path) || ingot_parse_hex(hash, digest, sizeof(digest)) < 0 || ingot_parse_u64(size, INT64_MAX, &n) < 0)
			return ingot_fail(err, INGOT_E_OUTSIDE, "the Release file's SHA256 section has a line that is not 'digest size path'");
		if (!is_index(path, arch))
			continue;
		if (n > INGOT_MAX_PACKAGES_INDEX || path.n > 1024)
			return ingot_fail(err, INGOT_E_OUTSIDE, "the Release file names a package index of %llu bytes: %s", (unsigned long long)n, INGOT_SHOW(path));
		struct ingot_msg_indexfile m = { .path = path, .size = n, .sha256 = hash };
		ingot_pass(ingot_chan_send(c, INGOT_MSG_INDEXFILE, &m, err));
	}
	return 0;
}

int answer_release(struct ingot_chan *c, struct ingot_span arch, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_INRELEASE);
	union ingot_msg m;
	for (;;) {
		int type = ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_DONE)
			break;
		ingot_buf_span(&text, m.data.data);
	}
	ingot_pass(ingot_buf_check(&text, "the Release file", err));
	struct facts f = { 0 };
	ingot_pass(split(ingot_buf_view(&text), &f, err));
	if (!f.date.p || !f.sha256.p || (!f.suite.p && !f.codename.p))
		return ingot_fail(err, INGOT_E_OUTSIDE, "the Release file lacks %s", !f.date.p ? "Date" : !f.sha256.p ? "SHA256" : "Suite and Codename");
	struct ingot_msg_release r = { .suite = ingot_span_trim(f.suite), .codename = ingot_span_trim(f.codename), .origin = ingot_span_trim(f.origin),
				       .by_hash = ingot_span_is(ingot_span_trim(f.by_hash), "yes") };
	if (r.suite.n > 255 || r.codename.n > 255 || r.origin.n > 255)
		return ingot_fail(err, INGOT_E_OUTSIDE, "the Release file's Suite, Codename or Origin is too long");
	ingot_pass(parse_date(f.date, "Date", &r.date, err));
	if (f.valid_until.p)
		ingot_pass(parse_date(f.valid_until, "Valid-Until", &r.valid_until, err));
	ingot_pass(ingot_chan_send(c, INGOT_MSG_RELEASE, &r, err));
	ingot_pass(send_files(c, f.sha256, arch, err));
	return ingot_chan_send(c, INGOT_MSG_DONE, NULL, err);
}
