/* Which mirrors serve a suite. */
#include "apt.h"
#include <ingot/escape.h>
#include <ingot/mirror.h>
#include <strings.h>

struct line {
	const char *suite, *url; /* suite NULL: all */
};

struct answer {
	const char *suite;
	struct ingot_base *bases;
	size_t n;
};

struct ingot_mirrors {
	struct ingot_arena *arena;
	struct line *lines[2]; /* options, configuration */
	size_t n_lines[2];
	bool has_proxy;
	const char *proxy; /* the caller's */
	struct apt apt;
};

static int parse_lines(struct ingot_mirrors *m, int which, const char *const *v, size_t n, struct ingot_err *err)
{
	m->lines[which] = ingot_arena_array(m->arena, n + 1, sizeof(struct line));
	for (size_t i = 0; i < n; i++) {
		struct ingot_span text = ingot_span_of(v[i]), suite = { 0 };
		const char *eq = strchr(v[i], '=');
		if (eq && (size_t)(eq - v[i]) == strcspn(v[i], "=:/") && eq != v[i]) {
			suite = (struct ingot_span){ v[i], (size_t)(eq - v[i]) };
			text = ingot_span_of(eq + 1);
		}
		const char *url = apt_usable_url(m->arena, text);
		if (!url) {
			(void)ingot_fail(err, INGOT_E_INPUT, "%s %s: not a usable mirror", which == 0 ? "--mirror" : "mirror of the configuration", INGOT_SHOW(ingot_span_of(v[i])));
			return ingot_hint(err, "write http://mirror.example/debian, https://..., an absolute directory, or SUITE=one of these");
		}
		m->lines[which][m->n_lines[which]++] = (struct line){ suite.n ? ingot_arena_str(m->arena, suite) : NULL, url };
	}
	return 0;
}

/* "http://HOST:PORT" of what is given, or NULL when it means none or is of another kind. */
static const char *proxy_url(struct ingot_arena *arena, const char *text, const struct ingot_log *log)
{
	if (!text || !*text || strcasecmp(text, "DIRECT") == 0 || strcasecmp(text, "false") == 0)
		return NULL;
	if (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0)
		return ingot_arena_str(arena, ingot_span_of(text));
	if (strstr(text, "://")) {
		ingot_say(log, INGOT_WARNING, "only HTTP proxies are used; going without the one configured");
		return NULL;
	}
	return ingot_arena_strf(arena, "http://%s", text);
}

int ingot_mirrors_new(const struct ingot_mirror_config *c, const struct ingot_log *log, struct ingot_mirrors **ret, struct ingot_err *err)
{
	_cleanup_(ingot_mirrors_freep) struct ingot_mirrors *m = ingot_alloc(sizeof(*m));
	m->arena = ingot_arena_new();
	m->apt.arena = m->arena;
	ingot_pass(parse_lines(m, 0, c->options, c->n_options, err));
	ingot_pass(parse_lines(m, 1, c->configured, c->n_configured, err));
	if (!c->apt_dir || *c->apt_dir)
		apt_read(&m->apt, c->apt_dir ? c->apt_dir : "/etc/apt", log);
	m->has_proxy = c->proxy != NULL;
	m->proxy = proxy_url(m->arena, c->proxy, log);
	*ret = TAKE_PTR(m);
	return 0;
}

void ingot_mirrors_free(struct ingot_mirrors *m)
{
	apt_done(&m->apt);
	ingot_arena_free(m->arena);
	free(m);
}

static bool is_security(const char *suite)
{
	return ingot_span_ends(ingot_span_of(suite), "-security") || ingot_span_ends(ingot_span_of(suite), "/updates");
}

static struct ingot_span host_of(const char *url)
{
	const char *p = strstr(url, "://");
	p = p ? p + 3 : url;
	return (struct ingot_span){ p, p[0] == '[' ? strcspn(p, "]") : strcspn(p, ":/") };
}

static const char *proxy_for(const struct ingot_mirrors *m, const char *url)
{
	if (url[0] == '/')
		return NULL;
	struct ingot_span host = host_of(url);
	if (ingot_span_is(host, "localhost") || ingot_span_starts(host, "127.") || ingot_span_is(host, "[::1"))
		return NULL; /* a proxy would look on its own machine */
	if (m->has_proxy)
		return m->proxy;
	static const char *const schemes[] = { "http", "https" };
	const char *found = NULL;
	/* As apt does: https asks its own setting first, then that of http; a setting for the host comes before the general one. */
	for (int i = strncmp(url, "https:", 6) == 0; i >= 0 && !found; i--) {
		_cleanup_(ingot_freep) char *general = ingot_strf("Acquire::%s::Proxy", schemes[i]), *own = ingot_strf("%s::%.*s", general, INGOT_SPAN_ARG(host));
		found = apt_setting(&m->apt, own);
		if (!found)
			found = apt_setting(&m->apt, general);
	}
	return proxy_url(m->arena, found, NULL);
}

static void add(const struct ingot_mirrors *m, struct answer *a, const char *url)
{
	enum { MOST = 16 };
	for (size_t i = 0; i < a->n; i++)
		if (a->bases && ingot_span_is(ingot_span_of(a->bases[i].url), url))
			return;
	if (!a->bases)
		a->bases = ingot_arena_array(m->arena, MOST, sizeof(*a->bases));
	if (a->n < MOST)
		a->bases[a->n++] = (struct ingot_base){ url, proxy_for(m, url) };
}

static void from_lines(const struct ingot_mirrors *m, int which, struct answer *a)
{
	const struct line *l = m->lines[which];
	for (size_t i = 0; i < m->n_lines[which]; i++)
		if (l[i].suite && strcmp(l[i].suite, a->suite) == 0)
			add(m, a, l[i].url);
	if (a->n)
		return;
	for (size_t i = 0; i < m->n_lines[which]; i++) {
		if (l[i].suite)
			continue;
		if (is_security(a->suite) && ingot_span_ends(ingot_span_of(l[i].url), "/debian"))
			add(m, a, ingot_arena_strf(m->arena, "%s-security", l[i].url));
		add(m, a, l[i].url);
	}
}

static void from_apt(const struct ingot_mirrors *m, struct answer *a)
{
	for (size_t i = 0; i < m->apt.n_entries; i++)
		if (strcmp(m->apt.entries[i].suite, a->suite) == 0)
			add(m, a, m->apt.entries[i].url);
	/* A host of another release: its mirror has the others, too. */
	for (size_t i = 0; i < m->apt.n_entries && a->n == 0; i++)
		if (is_security(m->apt.entries[i].suite) == is_security(a->suite))
			add(m, a, m->apt.entries[i].url);
}

int ingot_mirrors_of(const struct ingot_mirrors *m, const char *suite, const struct ingot_base **ret, size_t *ret_n, struct ingot_err *err)
{
	struct answer a = { .suite = suite };
	for (int which = 0; which < 2 && a.n == 0; which++)
		from_lines(m, which, &a);
	if (a.n == 0)
		from_apt(m, &a);
	if (a.n == 0) {
		(void)ingot_fail(err, INGOT_E_HOST, "no mirror is configured for %s", INGOT_SHOW(ingot_span_of(suite)));
		return ingot_hint(err, "name one: --mirror http://mirror.example/debian, 'mirrors:' in the configuration, or a 'deb' line with component main in the host's apt sources");
	}
	*ret = a.bases;
	*ret_n = a.n;
	return 0;
}

bool ingot_mirrors_valid_until(const struct ingot_mirrors *m)
{
	/* What apt is told about the host's own mirrors says nothing about one that is named here. */
	if (m->n_lines[0] || m->n_lines[1])
		return true;
	const char *v = apt_setting(&m->apt, "Acquire::Check-Valid-Until");
	return !v || (strcasecmp(v, "false") != 0 && strcasecmp(v, "no") != 0 && strcmp(v, "0") != 0 && strcasecmp(v, "off") != 0);
}
