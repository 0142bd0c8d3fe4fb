#include <ingot/escape.h>
#include <ingot/reference.h>
#include <stdio.h>

static bool lower_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool word(char c)
{
	return lower_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

/* [a-z0-9]+ separated by one '.', one or two '_', or any number of '-' (distribution-spec, "Pulling manifests"). */
static bool component_valid(struct ingot_span c)
{
	size_t i = 0;
	while (i < c.n) {
		size_t from = i;
		while (i < c.n && lower_digit(c.p[i]))
			i++;
		if (i == from)
			return false;
		if (i == c.n)
			return true;
		from = i;
		if (c.p[i] == '.')
			i++;
		else if (c.p[i] == '_')
			i += i + 1 < c.n && c.p[i + 1] == '_' ? 2 : 1;
		else
			while (i < c.n && c.p[i] == '-')
				i++;
		if (i == from)
			return false;
	}
	return false; /* empty, or ends in a separator */
}

static bool path_valid(struct ingot_span path)
{
	struct ingot_span rest = path, c;
	if (!path.n || path.n > 255 || path.p[path.n - 1] == '/')
		return false;
	while (ingot_span_next(&rest, '/', &c))
		if (!component_valid(c))
			return false;
	return true;
}

/* host[:port]: names of letters, digits and inner dashes between dots, or an IPv6 address in brackets. */
static bool registry_valid(struct ingot_span r)
{
	size_t i = 0;
	if (r.n && r.p[0] == '[') {
		for (i = 1; i < r.n && (lower_digit(r.p[i]) || r.p[i] == ':'); i++)
			;
		if (i == 1 || i == r.n || r.p[i++] != ']')
			return false;
	} else {
		char before = '.';
		for (; i < r.n && r.p[i] != ':'; i++) {
			char c = r.p[i];
			bool edge = before == '.' || before == '-';
			if (!(word(c) && c != '_') && !(c == '.' && !edge) && !(c == '-' && before != '.'))
				return false;
			before = c;
		}
		if (i == 0 || before == '.' || before == '-')
			return false;
	}
	if (i == r.n)
		return true;
	size_t digits = r.n - i - 1;
	for (size_t k = i + 1; k < r.n; k++)
		if (r.p[k] < '0' || r.p[k] > '9')
			return false;
	return r.p[i] == ':' && digits >= 1 && digits <= 5;
}

static bool tag_valid(struct ingot_span tag)
{
	if (!tag.n || tag.n > 128 || !word(tag.p[0]))
		return false;
	for (size_t i = 1; i < tag.n; i++)
		if (!word(tag.p[i]) && tag.p[i] != '.' && tag.p[i] != '-')
			return false;
	return true;
}

/* What stands before the first slash is a registry when it could be no Docker Hub name. */
static bool is_registry(struct ingot_span first)
{
	if (ingot_span_has(first, '.') || ingot_span_has(first, ':') || ingot_span_is(first, "localhost"))
		return true;
	for (size_t i = 0; i < first.n; i++)
		if (first.p[i] >= 'A' && first.p[i] <= 'Z')
			return true;
	return false;
}

static int wrong(struct ingot_span text, const char *what, struct ingot_err *err)
{
	(void)ingot_fail(err, INGOT_E_INPUT, "the image name \"%s\" %s", INGOT_SHOW(text), what);
	return ingot_hint(err, "a name is [REGISTRY/]REPOSITORY[:TAG], for example registry.example.com/team/app:1.0, repositories in lower case");
}

static size_t find(struct ingot_span s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
	return at ? (size_t)(at - s.p) : s.n;
}

int ingot_reference_parse(struct ingot_span text, struct ingot_reference *ret, struct ingot_err *err)
{
	struct ingot_span registry = INGOT_SPAN("docker.io"), path = text, tag = INGOT_SPAN("latest");
	if (!text.n || text.n > 400)
		return wrong(text, text.n ? "is too long" : "is empty", err);
	if (ingot_span_has(text, '@'))
		return wrong(text, "is a reference by digest, and the digest of an image that is to be made is not known yet", err);
	size_t slash = find(text, '/');
	if (slash < text.n && is_registry((struct ingot_span){ text.p, slash })) {
		registry = (struct ingot_span){ text.p, slash };
		path = (struct ingot_span){ text.p + slash + 1, text.n - slash - 1 };
		if (!registry_valid(registry))
			return wrong(text, "has no valid registry before the first slash", err);
	}
	size_t colon = find(path, ':');
	if (colon < path.n) {
		tag = (struct ingot_span){ path.p + colon + 1, path.n - colon - 1 };
		path.n = colon;
		if (!tag_valid(tag))
			return wrong(text, "has no valid tag (letters, digits, '_', '.', '-', at most 128)", err);
	}
	if (!path_valid(path))
		return wrong(text, "has no valid repository", err);

	bool hub = ingot_span_is(registry, "docker.io") || ingot_span_is(registry, "index.docker.io");
	if (hub)
		registry = INGOT_SPAN("docker.io");
	/* Docker Hub's official images live below library/, which is shown nowhere. */
	struct ingot_span shown = path;
	bool single = !ingot_span_has(path, '/');
	if (hub && ingot_span_starts(path, "library/") && !ingot_span_has((struct ingot_span){ path.p + 8, path.n - 8 }, '/'))
		shown = (struct ingot_span){ path.p + 8, path.n - 8 };
	struct ingot_reference r = { 0 };
	(void)snprintf(r.tag, sizeof(r.tag), "%.*s", INGOT_SPAN_ARG(tag));
	(void)snprintf(r.repository, sizeof(r.repository), "%.*s/%s%.*s", INGOT_SPAN_ARG(registry), hub && single ? "library/" : "", INGOT_SPAN_ARG(path));
	size_t n = strlen(r.repository);
	ingot_assert(n + 1 + strlen(r.tag) < sizeof(r.full));
	memcpy(r.full, r.repository, n);
	r.full[n] = ':';
	memcpy(r.full + n + 1, r.tag, strlen(r.tag) + 1);
	if (hub)
		(void)snprintf(r.familiar, sizeof(r.familiar), "%.*s:%.*s", INGOT_SPAN_ARG(shown), INGOT_SPAN_ARG(tag));
	else
		memcpy(r.familiar, r.full, sizeof(r.full));
	*ret = r;
	return 0;
}
