#include <errno.h>
#include <fcntl.h>
#include <ingot/credentials.h>
#include <ingot/decode.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE MIB(1)

void ingot_credential_forget(struct ingot_credential *c)
{
	explicit_bzero(c, sizeof(*c));
}

/* A key of auths as docker writes it: perhaps a scheme in front, perhaps "/v1/" or "/v2/" behind. */
static struct ingot_span bare(struct ingot_span key)
{
	static const char *const front[] = { "https://", "http://" }, *const back[] = { "/", "/v1/", "/v2/" };
	for (size_t i = 0; i < 2; i++)
		if (ingot_span_starts(key, front[i]))
			key = ingot_span_from(key, strlen(front[i]));
	for (size_t i = 0; i < 3; i++) {
		/* Of "host/team/v2" the end is a name. */
		const char *slash = key.n ? memchr(key.p, '/', key.n) : NULL;
		if (slash && ingot_span_is(ingot_span_from(key, (size_t)(slash - key.p)), back[i]))
			key.n = (size_t)(slash - key.p);
	}
	return key;
}

/* How much of "REGISTRY/REPOSITORY" the key names, in bytes; 0: it is another's. */
static size_t names(const struct ingot_remote *r, struct ingot_span key)
{
	key = bare(key);
	if (ingot_span_is(key, "index.docker.io") && strcmp(r->registry, "docker.io") == 0)
		return strlen(r->registry);
	_cleanup_(ingot_freep) char *whole = ingot_strf("%s/%s", r->registry, r->repository);
	size_t n = strlen(whole);
	if (!key.n || key.n > n || memcmp(whole, key.p, key.n) != 0 || key.n < strlen(r->registry))
		return 0;
	return key.n == n || whole[key.n] == '/' ? key.n : 0;
}

static int wrong(const char *what, struct ingot_err *err)
{
	(void)ingot_fail(err, INGOT_E_INPUT, "its entry for this registry %s", what);
	return ingot_hint(err, "log in anew: podman login or docker login");
}

static int text_of(const struct ingot_doc *d, const struct ingot_doc_value *entry, const char *name, char *ret, size_t size, struct ingot_err *err)
{
	for (size_t i = 0; i < entry->n; i++) {
		const struct ingot_doc_value *v = ingot_doc_child(d, entry, i);
		_cleanup_(ingot_buf_done) struct ingot_buf key = INGOT_BUF(KIB(4));
		ingot_doc_key(v, &key);
		if (!ingot_span_is(ingot_buf_view(&key), name))
			continue;
		if (v->kind != INGOT_J_STRING || v->value.n >= size || ingot_span_has(v->value, '\0'))
			return wrong("cannot be used", err);
		(void)snprintf(ret, size, "%.*s", INGOT_SPAN_ARG(v->value));
	}
	return 0;
}

static int split(struct ingot_span both, struct ingot_credential *c, struct ingot_err *err)
{
	const char *colon = both.n ? memchr(both.p, ':', both.n) : NULL;
	size_t n = colon ? (size_t)(colon - both.p) : 0;
	if (!colon || n >= sizeof(c->user) || both.n - n - 1 >= sizeof(c->password) || ingot_span_has(both, '\0'))
		return wrong("is no name and password", err);
	(void)snprintf(c->user, sizeof(c->user), "%.*s", (int)n, both.p);
	(void)snprintf(c->password, sizeof(c->password), "%.*s", (int)(both.n - n - 1), colon + 1);
	return 0;
}

static int read_entry(const struct ingot_doc *d, const struct ingot_doc_value *entry, struct ingot_credential *c, struct ingot_err *err)
{
	char auth[8192] = "";
	_cleanup_(ingot_buf_done) struct ingot_buf plain = INGOT_BUF(KIB(8));
	ingot_pass(text_of(d, entry, "username", c->user, sizeof(c->user), err));
	ingot_pass(text_of(d, entry, "password", c->password, sizeof(c->password), err));
	ingot_pass(text_of(d, entry, "identitytoken", c->identity, sizeof(c->identity), err));
	ingot_pass(text_of(d, entry, "auth", auth, sizeof(auth), err));
	int r = 0;
	if (auth[0] && ingot_unbase64(&plain, ingot_span_of(auth)) < 0)
		r = wrong("is not base64", err);
	else if (auth[0] && !c->identity[0])
		r = split(ingot_buf_view(&plain), c, err);
	explicit_bzero(auth, sizeof(auth));
	if (plain.p)
		explicit_bzero(plain.p, plain.n);
	return r < 0 ? -1 : c->user[0] || c->identity[0] ? 1 : 0;
}

/* Who keeps this registry's credential: the program of credHelpers; for credsStore, only whether there is one. */
static int outsourced(const struct ingot_doc *d, const struct ingot_remote *r, bool has_entry, struct ingot_credential *c, struct ingot_err *err)
{
	const struct ingot_doc_value *all = ingot_doc_get(d, "/credHelpers"), *store = ingot_doc_get(d, "/credsStore"), *who = NULL;
	for (size_t i = 0; all && all->kind == INGOT_J_OBJECT && i < all->n; i++) {
		const struct ingot_doc_value *v = ingot_doc_child(d, all, i);
		_cleanup_(ingot_buf_done) struct ingot_buf key = INGOT_BUF(KIB(4));
		ingot_doc_key(v, &key);
		who = v->kind == INGOT_J_STRING && v->value.n && names(r, ingot_buf_view(&key)) ? v : who;
	}
	bool stored = store && store->kind == INGOT_J_STRING && store->value.n;
	who = who ? who : stored && has_entry ? store : NULL;
	if (who) {
		(void)ingot_fail(err, INGOT_E_INPUT, "it leaves this registry to the program docker-credential-%s, which is not run", INGOT_SHOW(who->value));
		return ingot_hint(err, "give the credential with --creds or --auth-file, or use none: --anonymous");
	}
	if (stored)
		(void)snprintf(c->helper, sizeof(c->helper), "%s", INGOT_SHOW(store->value));
	return 0;
}

static int search(const struct ingot_doc *d, const struct ingot_remote *r, struct ingot_credential *c, struct ingot_err *err)
{
	const struct ingot_doc_value *all = ingot_doc_get(d, "/auths"), *best = NULL;
	size_t longest = 0;
	for (size_t i = 0; all && all->kind == INGOT_J_OBJECT && i < all->n; i++) {
		const struct ingot_doc_value *entry = ingot_doc_child(d, all, i);
		_cleanup_(ingot_buf_done) struct ingot_buf key = INGOT_BUF(KIB(4));
		ingot_doc_key(entry, &key);
		size_t n = entry->kind == INGOT_J_OBJECT ? names(r, ingot_buf_view(&key)) : 0;
		if (n > longest) {
			longest = n;
			best = entry;
		}
	}
	int found = best ? read_entry(d, best, c, err) : 0;
	return found ? found : outsourced(d, r, best != NULL, c, err);
}

static int in_file(const char *path, bool must, const struct ingot_remote *r, struct ingot_credential *c, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(MAX_FILE);
	_cleanup_(ingot_doc_freep) struct ingot_doc *d = NULL;
	struct stat st;
	if (!must && stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	ingot_pass(ingot_read_file(path, MAX_FILE, &text, err));
	int found = ingot_decode_json_bytes(ingot_buf_view(&text), &d, err);
	if (found == 0)
		found = search(d, r, c, err);
	if (text.p)
		explicit_bzero(text.p, text.n);
	if (found > 0)
		(void)snprintf(c->file, sizeof(c->file), "%s", path);
	return found;
}

static const char *or_home(const char *variable, const char *below, const char *home, char *ret, size_t size)
{
	const char *dir = getenv(variable);
	if (dir && dir[0] == '/')
		(void)snprintf(ret, size, "%s", dir);
	else if (below && home && home[0] == '/')
		(void)snprintf(ret, size, "%s/%s", home, below);
	else
		return NULL;
	return ret;
}

int ingot_credential_find(const struct ingot_remote *r, const char *file, struct ingot_credential *ret, struct ingot_err *err)
{
	const char *only = file ? file : getenv("REGISTRY_AUTH_FILE"), *home = getenv("HOME");
	struct ingot_credential c = { 0 };
	int found = 0;
	if (only && only[0]) {
		found = in_file(only, true, r, &c, err);
		if (found < 0)
			return ingot_context(err, "%s", INGOT_SHOW(ingot_span_of(only)));
	} else {
		static const struct {
			const char *variable, *below, *name;
		} places[] = { { "XDG_RUNTIME_DIR", NULL, "containers/auth.json" }, { "XDG_CONFIG_HOME", ".config", "containers/auth.json" }, { "DOCKER_CONFIG", ".docker", "config.json" } };
		for (size_t i = 0; i < 3 && found == 0; i++) {
			char dir[4096];
			if (!or_home(places[i].variable, places[i].below, home, dir, sizeof(dir)))
				continue;
			_cleanup_(ingot_freep) char *path = ingot_strf("%s/%s", dir, places[i].name);
			found = in_file(path, false, r, &c, err);
			if (found < 0)
				return ingot_context(err, "%s", INGOT_SHOW(ingot_span_of(path)));
		}
	}
	if (found >= 0)
		*ret = c;
	ingot_credential_forget(&c);
	return found;
}
