#include <ingot/escape.h>
#include <ingot/host.h>
#include <ingot/remote.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "docker://"

bool ingot_is_remote(struct ingot_span text)
{
	return ingot_span_starts(text, SCHEME);
}

int ingot_remote_parse(struct ingot_span text, struct ingot_remote *ret, struct ingot_err *err)
{
	struct ingot_span name = ingot_is_remote(text) ? ingot_span_from(text, strlen(SCHEME)) : text;
	const char *at = name.n ? memchr(name.p, '@', name.n) : NULL;
	struct ingot_remote r = { .has_digest = at != NULL };
	struct ingot_reference ref;
	if (at && ingot_digest_parse(ingot_span_from(name, (size_t)(at - name.p) + 1), &r.digest) < 0) {
		(void)ingot_fail(err, INGOT_E_INPUT, "the image name \"%s\" ends in no digest", INGOT_SHOW(text));
		return ingot_hint(err, "a digest is sha256: and 64 lower-case hexadecimal digits");
	}
	if (at)
		name.n = (size_t)(at - name.p);
	ingot_pass(ingot_reference_parse(name, &ref, err));
	size_t registry = strcspn(ref.repository, "/");
	ingot_assert(ref.repository[registry]); /* the full form has one */
	(void)snprintf(r.registry, sizeof(r.registry), "%.*s", (int)registry, ref.repository);
	(void)snprintf(r.repository, sizeof(r.repository), "%s", ref.repository + registry + 1);
	(void)snprintf(r.host, sizeof(r.host), "%s", strcmp(r.registry, "docker.io") == 0 ? "registry-1.docker.io" : r.registry);
	/* "app@sha256:..." says nothing about a tag, and "latest" would be an invention. */
	ingot_assert(name.n); /* a reference is not empty */
	const char *last = memrchr(name.p, '/', name.n), *path = last ? last : name.p;
	bool tagged = !at || memchr(path, ':', (size_t)(name.p + name.n - path)) != NULL;
	(void)snprintf(r.tag, sizeof(r.tag), "%s", tagged ? ref.tag : "");
	(void)snprintf(r.text, sizeof(r.text), "%s%s%s%s%s", ref.repository, r.tag[0] ? ":" : "", r.tag, r.has_digest ? "@" : "", r.has_digest ? INGOT_DIGEST(&r.digest) : "");
	*ret = r;
	return 0;
}

bool ingot_remote_is_local(const struct ingot_remote *r)
{
	return ingot_host_is_own(ingot_span_of(r->host));
}
