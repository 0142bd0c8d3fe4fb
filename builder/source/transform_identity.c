/* Who this system is: os-release, debian_version and shells, which base-files' and debianutils' scripts would write. */
#include "transform.h"
#include <ingot/mem.h>

static const struct {
	const char *codename, *version;
} releases[] = { { "bullseye", "11" }, { "bookworm", "12" }, { "trixie", "13" }, { "forky", "14" } };

/* Suites are "bookworm", "bookworm-security": the part before the dash. */
static const char *version_of(const struct ingot_recipe *r, struct ingot_span *ret_codename)
{
	for (size_t i = 0; i < r->n_sources; i++)
		for (size_t k = 0; r->sources[i].kind == INGOT_SRC_PACKAGES && k < r->sources[i].suites.n; k++) {
			struct ingot_span rest = ingot_span_of(r->sources[i].suites.v[k]);
			if (!ingot_span_next(&rest, '-', ret_codename))
				continue;
			for (size_t n = 0; n < sizeof(releases) / sizeof(releases[0]); n++)
				if (ingot_span_is(*ret_codename, releases[n].codename))
					return releases[n].version;
		}
	return NULL;
}

static int put_shells(struct transform *t, struct ingot_err *err)
{
	static const char *const known[] = { "bin/sh", "usr/bin/sh", "bin/bash", "usr/bin/bash", "bin/rbash", "usr/bin/rbash", "bin/dash", "usr/bin/dash", "bin/zsh", "usr/bin/zsh" };
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(4096);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (transform_exists(t, known[i]))
			ingot_buf_fmt(&text, "/%s\n", known[i]);
	if (!text.n || transform_exists(t, "etc/shells"))
		return 0;
	return transform_put_file(t, "etc/shells", 0644, 0, 0, ingot_buf_view(&text), err);
}

int transform_identity(struct transform *t, struct ingot_err *err)
{
	struct ingot_span codename;
	const char *version = version_of(t->recipe, &codename);
	bool has_usr = transform_exists(t, "usr/lib/os-release");
	if (version && !has_usr) {
		/* Scanners find packages by the distribution (trivy by debian_version, syft and grype by os-release). */
		_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(4096);
		ingot_buf_fmt(&text, "PRETTY_NAME=\"Debian GNU/Linux %s (%.*s)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"%s\"\nVERSION=\"%s (%.*s)\"\nVERSION_CODENAME=%.*s\nID=debian\n", version,
			      INGOT_SPAN_ARG(codename), version, version, INGOT_SPAN_ARG(codename), INGOT_SPAN_ARG(codename));
		ingot_pass(transform_put_file(t, "usr/lib/os-release", 0644, 0, 0, ingot_buf_view(&text), err));
	}
	if ((version || has_usr) && !transform_exists(t, "etc/os-release"))
		ingot_pass(transform_put_link(t, "etc/os-release", "../usr/lib/os-release", err));
	if (version && !transform_exists(t, "etc/debian_version")) {
		_cleanup_(ingot_freep) char *line = ingot_strf("%s\n", version);
		ingot_pass(transform_put_file(t, "etc/debian_version", 0644, 0, 0, ingot_span_of(line), err));
	}
	return put_shells(t, err);
}
