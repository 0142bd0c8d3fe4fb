/* InRelease: the signature, checked by gpgv or sqv, and the bytes that it covers. Neither's opinion about anything else counts, and nothing
 * but the covered bytes is looked at afterwards (CVE-2016-1252, CVE-2018-0501 in apt were about other bytes). */
#include <dirent.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/release.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define VERIFIER_MS 60000
#define BEGIN_SIGNED "-----BEGIN PGP SIGNED MESSAGE-----"
#define BEGIN_SIGNATURE "-----BEGIN PGP SIGNATURE-----"
#define END_SIGNATURE "-----END PGP SIGNATURE-----"

/* --- keys --- */

void ingot_keyring_done(struct ingot_keyring *k)
{
	ingot_buf_done(&k->packets);
	free(TAKE_PTR(k->names));
}

static bool is_key_packet(struct ingot_span s)
{
	/* A public key packet: new format tag 6 is 0xc6, old format 0x98 to 0x9b (RFC 9580 section 4.2). */
	return s.n > 10 && ((unsigned char)s.p[0] == 0xc6 || ((unsigned char)s.p[0] & 0xfc) == 0x98);
}

/* The lines between the blank line after BEGIN and the checksum or END are base64 (RFC 9580 section 6). */
static int dearmour(struct ingot_span text, struct ingot_buf *out)
{
	_cleanup_(ingot_buf_done) struct ingot_buf base64 = INGOT_BUF(MIB(4));
	struct ingot_span line;
	enum { OUTSIDE, HEADERS, BODY, TAIL } state = OUTSIDE;
	int blocks = 0;
	while (ingot_span_next(&text, '\n', &line)) {
		line = ingot_span_trim(line);
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (state == OUTSIDE) {
			if (ingot_span_is(line, "-----BEGIN PGP PUBLIC KEY BLOCK-----"))
				state = HEADERS;
		} else if (ingot_span_starts(line, "-----END ")) {
			size_t from = out->n;
			if (state == HEADERS || ingot_unbase64(out, ingot_buf_view(&base64)) < 0 || out->full)
				return -1;
			if (!is_key_packet((struct ingot_span){ out->p + from, out->n - from }))
				return -1;
			ingot_buf_clear(&base64);
			blocks++;
			state = OUTSIDE;
		} else if (state == HEADERS && !line.n) {
			state = BODY;
		} else if (state == BODY && line.n && line.p[0] == '=') {
			state = TAIL; /* CRC24, which guards against nothing that matters here */
		} else if (state == BODY) {
			ingot_buf_span(&base64, line);
		}
	}
	return state == OUTSIDE && blocks ? 0 : -1;
}

int ingot_keyring_add(struct ingot_keyring *k, const char *path, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MIB(4)), packets = INGOT_BUF(MIB(4));
	ingot_try(err, ingot_read_file(path, MIB(4), &text, err), "reading the archive key");
	bool binary = is_key_packet(ingot_buf_view(&text));
	if (!binary && dearmour(ingot_buf_view(&text), &packets) < 0)
		return ingot_fail(err, INGOT_E_INPUT, "%s holds no OpenPGP public key", INGOT_SHOW(ingot_span_of(path)));
	ingot_buf_span(&k->packets, ingot_buf_view(binary ? &text : &packets));
	ingot_pass(ingot_buf_check(&k->packets, "the archive keys", err));
	const char *base = strrchr(path, '/');
	char *names = ingot_strf("%s%s%s", k->names ? k->names : "", k->names ? ", " : "", base ? base + 1 : path);
	free(k->names);
	k->names = names;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_directory(struct ingot_keyring *k, const char *dir, DIR *d, struct ingot_err *err)
{
	char *names[64] = { NULL };
	size_t n = 0;
	for (struct dirent *e; (e = readdir(d)) && n < 64;)
		if (e->d_name[0] != '.' && ingot_span_ends(ingot_span_of(e->d_name), ".asc"))
			names[n++] = ingot_strdup(e->d_name);
	qsort(names, n, sizeof(names[0]), by_name);
	int r = n ? 0 : ingot_fail(err, INGOT_E_HOST, "no key in %s", dir);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(ingot_freep) char *path = ingot_strf("%s/%s", dir, names[i]);
		if (r == 0)
			r = ingot_keyring_add(k, path, err);
		free(names[i]);
	}
	return r;
}

int ingot_keyring_add_pinned(struct ingot_keyring *k, const char *distribution, struct ingot_err *err)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (strcspn(distribution, "/.") != strlen(distribution))
		return ingot_fail(err, INGOT_E_INPUT, "%s is no name of a distribution", INGOT_SHOW(ingot_span_of(distribution)));
	if (n <= 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "reading /proc/self/exe (is /proc mounted?)");
	self[n] = 0;
	/* Found by where this program lies, never by the environment: ../share/ingot/keys when installed, ../keys in a build tree
	 * (../../keys for its tests). */
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	static const char *const places[] = { "../share/ingot/keys", "../keys", "../../keys" };
	_cleanup_(ingot_freep) char *dir = NULL;
	for (size_t i = 0; i < 3 && (!dir || access(dir, F_OK) < 0); i++) {
		free(dir);
		dir = ingot_strf("%s/%s/%s", self, places[i], distribution);
	}
	DIR *d = opendir(dir);
	if (!d) {
		(void)ingot_fail_sys(err, INGOT_E_HOST, "the archive keys of %s: %s", INGOT_SHOW(ingot_span_of(distribution)), dir);
		return ingot_hint(err, "the installation is incomplete: install ingot again, or name key files with --archive-key");
	}
	int r = add_directory(k, dir, d, err);
	(void)closedir(d);
	return r;
}

/* --- the document --- */

static size_t count_lines(struct ingot_span text, const char *line)
{
	struct ingot_span l;
	size_t n = 0;
	while (ingot_span_next(&text, '\n', &l))
		n += ingot_span_starts(l, line);
	return n;
}

struct parts {
	struct ingot_buf text; /* what was signed: dashes unescaped, no blanks at the ends of lines, without the last newline (RFC 9580 section 7) */
	struct ingot_span signature;
};

/* One message, one signature block, nothing before and nothing after: no reader can find a second meaning. */
static int split(struct ingot_span doc, const char *what, struct parts *ret, struct ingot_err *err)
{
	struct ingot_span rest = doc, line;
	bool ok = doc.n && !memchr(doc.p, 0, doc.n) && !memchr(doc.p, '\r', doc.n) && doc.p[doc.n - 1] == '\n';
	ok = ok && count_lines(doc, BEGIN_SIGNED) == 1 && count_lines(doc, BEGIN_SIGNATURE) == 1 && count_lines(doc, END_SIGNATURE) == 1;
	ok = ok && ingot_span_next(&rest, '\n', &line) && ingot_span_is(line, BEGIN_SIGNED);
	while (ok && ingot_span_next(&rest, '\n', &line) && line.n)
		ok = ingot_span_starts(line, "Hash: "); /* the only header that may stand here */
	bool signature = false, first = true;
	while (ok && ingot_span_next(&rest, '\n', &line)) {
		if (ingot_span_is(line, BEGIN_SIGNATURE)) {
			ret->signature = (struct ingot_span){ line.p, (size_t)(doc.p + doc.n - line.p) };
			signature = true;
			break;
		}
		if (ingot_span_starts(line, "-")) {
			ok = ingot_span_starts(line, "- "); /* anything else at the line's begin had to be escaped */
			line = (struct ingot_span){ line.p + 2, line.n - 2 };
		}
		while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
			line.n--; /* blanks at the end are not signed */
		if (!first)
			ingot_buf_char(&ret->text, '\n');
		first = false;
		ingot_buf_span(&ret->text, line);
	}
	ok = ok && signature && ret->text.n && !ret->text.full && ingot_span_ends(ret->signature, END_SIGNATURE "\n");
	return ok ? 0 : ingot_fail(err, INGOT_E_OUTSIDE, "%s is not a signed document (one clear-signed message and nothing else)", what);
}

static int memory_file(struct ingot_span s, int *ret, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = memfd_create("ingot", MFD_CLOEXEC);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "memfd_create");
	ingot_pass(ingot_write_all(fd, s.p, s.n, err));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "lseek");
	*ret = TAKE_FD(fd);
	return 0;
}

static int read_back(int fd, size_t max, struct ingot_buf *out, struct ingot_err *err)
{
	out->max = max;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "lseek");
	return ingot_read_all(fd, out, err);
}

static int bad(const struct ingot_keyring *k, const char *what, const char *why, struct ingot_err *err)
{
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s: %s", what, why);
	return ingot_hint(err, "the mirror may be damaged or not what it claims to be; keys that count: %.400s", k->names ? k->names : "none");
}

/* --- gpgv --- */

/* What gpgv reports (GnuPG's doc/DETAILS): a VALIDSIG counts only directly after a GOODSIG, because one follows expired and revoked keys' too. */
static int read_status(const struct ingot_keyring *k, struct ingot_span status, const char *what, char ret[129], struct ingot_err *err)
{
	struct ingot_span line;
	bool good = false, expired = false, unknown = false;
	char found[129] = "";
	while (ingot_span_next(&status, '\n', &line)) {
		if (!ingot_span_starts(line, "[GNUPG:] "))
			continue;
		struct ingot_span word, rest = { line.p + 9, line.n - 9 };
		(void)ingot_span_next(&rest, ' ', &word);
		if (ingot_span_is(word, "BADSIG") || ingot_span_is(word, "BADARMOR") || ingot_span_is(word, "UNEXPECTED"))
			return bad(k, what, "a signature is wrong: these are not the bytes that were signed", err);
		if (ingot_span_is(word, "NEWSIG") || ingot_span_is(word, "ERRSIG"))
			good = false;
		unknown |= ingot_span_is(word, "NO_PUBKEY");
		if (ingot_span_is(word, "EXPSIG") || ingot_span_is(word, "EXPKEYSIG") || ingot_span_is(word, "REVKEYSIG")) {
			good = false;
			expired = true;
		}
		if (ingot_span_is(word, "GOODSIG"))
			good = true;
		if (!ingot_span_is(word, "VALIDSIG") || !good || found[0])
			continue;
		struct ingot_span key = { 0 }; /* the last of ten words is the primary key's fingerprint */
		while (ingot_span_next(&rest, ' ', &word))
			key = word;
		if (key.n >= 40 && key.n <= 128 && strspn(key.p, "0123456789ABCDEF") >= key.n)
			(void)snprintf(found, sizeof(found), "%.*s", INGOT_SPAN_ARG(key));
	}
	if (!found[0])
		return bad(k, what, expired ? "signed only by keys that have expired or were revoked" : unknown ? "signed only by keys that are not known here" : "no good signature", err);
	memcpy(ret, found, sizeof(found));
	return 0;
}

static int with_gpgv(const struct ingot_keyring *k, struct ingot_span doc, const char *what, struct ingot_buf *text, char ret[129], struct ingot_err *err)
{
	_cleanup_(ingot_closep) int in = -1;
	_cleanup_(ingot_closep) int ring = -1;
	_cleanup_(ingot_closep) int out = -1;
	_cleanup_(ingot_closep) int status = -1;
	_cleanup_(ingot_buf_done) struct ingot_buf said = INGOT_BUF(KIB(64)), signed_text = INGOT_BUF(0);
	ingot_pass(memory_file(doc, &in, err));
	ingot_pass(memory_file(ingot_buf_view(&k->packets), &ring, err));
	ingot_pass(memory_file(INGOT_SPAN(""), &out, err));
	ingot_pass(memory_file(INGOT_SPAN(""), &status, err));
	/* /nonexistent: nobody's own key ring has a say. "-&N" is a descriptor. */
	static const char *const argv[] = { "/usr/bin/gpgv", "--enable-special-filenames", "--homedir", "/nonexistent", "--weak-digest", "SHA1", "--weak-digest", "RIPEMD160",
					    "--keyring", "/proc/self/fd/4", "--status-fd", "6", "--output", "-&5", "--", "-&3", NULL };
	const int fds[] = { in, ring, out, status };
	/* The exit status is not asked: one signature by a key of the next release, unknown here, makes it 2. */
	ingot_try(err, ingot_run_program(argv, fds, 4, VERIFIER_MS, NULL, err), "checking the signature of %s", what);
	ingot_pass(read_back(status, KIB(64), &said, err));
	ingot_pass(read_status(k, ingot_buf_view(&said), what, ret, err));
	ingot_pass(read_back(out, INGOT_MAX_INRELEASE, &signed_text, err));
	if (!signed_text.n)
		return bad(k, what, "the verifier hands out no text", err);
	ingot_buf_span(text, ingot_buf_view(&signed_text));
	return ingot_buf_check(text, what, err);
}

/* --- sqv, which knows detached signatures: it is given the text that we took out, so what we go on with is what it saw --- */

static int with_sqv(const struct ingot_keyring *k, const struct parts *parts, const char *what, struct ingot_buf *text, char ret[129], struct ingot_err *err)
{
	_cleanup_(ingot_closep) int in = -1;
	_cleanup_(ingot_closep) int ring = -1;
	_cleanup_(ingot_closep) int sig = -1;
	_cleanup_(ingot_buf_done) struct ingot_buf said = INGOT_BUF(KIB(64));
	ingot_pass(memory_file(ingot_buf_view(&parts->text), &in, err));
	ingot_pass(memory_file(ingot_buf_view(&k->packets), &ring, err));
	ingot_pass(memory_file(parts->signature, &sig, err));
	static const char *const argv[] = { "/usr/bin/sqv", "--keyring", "/proc/self/fd/4", "/proc/self/fd/5", "/proc/self/fd/3", NULL };
	const int fds[] = { in, ring, sig };
	int status = ingot_run_program(argv, fds, 3, VERIFIER_MS, &said, err);
	ingot_try(err, status, "checking the signature of %s", what);
	struct ingot_span rest = ingot_buf_view(&said), line;
	char found[129] = "";
	/* One line a good signature: the fingerprint of its primary key. Everything else is talk. */
	while (status == 0 && !found[0] && ingot_span_next(&rest, '\n', &line))
		if (line.n >= 40 && line.n <= 128 && strspn(line.p, "0123456789ABCDEF") >= line.n)
			(void)snprintf(found, sizeof(found), "%.*s", INGOT_SPAN_ARG(line));
	if (!found[0])
		return bad(k, what, "no good signature by a known key", err);
	memcpy(ret, found, sizeof(found));
	ingot_buf_span(text, ingot_buf_view(&parts->text));
	ingot_buf_char(text, '\n');
	return ingot_buf_check(text, what, err);
}

static int verify(const struct ingot_keyring *k, struct ingot_span doc, const struct parts *parts, const char *what, struct ingot_buf *text, char ret[129], struct ingot_err *err)
{
	if (access("/usr/bin/gpgv", X_OK) == 0)
		return with_gpgv(k, doc, what, text, ret, err);
	if (access("/usr/bin/sqv", X_OK) == 0)
		return with_sqv(k, parts, what, text, ret, err);
	(void)ingot_fail(err, INGOT_E_HOST, "neither /usr/bin/gpgv nor /usr/bin/sqv is there to check signatures");
	return ingot_hint(err, "apt install gpgv");
}

int ingot_inrelease_verify(const struct ingot_keyring *k, struct ingot_span doc, const char *what, struct ingot_buf *text, char ret_fingerprint[129], struct ingot_err *err)
{
	struct parts parts = { .text = INGOT_BUF(INGOT_MAX_INRELEASE) };
	char found[129];
	size_t had = text->n;
	if (doc.n > INGOT_MAX_INRELEASE)
		return ingot_fail(err, INGOT_E_OUTSIDE, "%s is larger than %llu bytes", what, (unsigned long long)INGOT_MAX_INRELEASE);
	int r = split(doc, what, &parts, err);
	if (r == 0)
		r = verify(k, doc, &parts, what, text, found, err);
	ingot_buf_done(&parts.text);
	if (r < 0) {
		text->n = had;
		return -1;
	}
	memcpy(ret_fingerprint, found, sizeof(found));
	return 0;
}
