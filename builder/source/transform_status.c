/* The package records that scanners read in images without dpkg's own database: one control stanza and one md5sums file a package below
 * /var/lib/dpkg/status.d (distroless PACKAGE_METADATA; trivy, syft, grype). */
#include "dpkg_texts.h"
#include "transform.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>

int transform_status(struct transform *t, struct ingot_err *err)
{
	for (size_t i = 0; i < t->n_debs; i++) {
		struct ingot_span name = ingot_span_trim(ingot_deb_field(t->debs[i], "Package"));
		if (!dpkg_name_is_clean(name))
			return ingot_fail(err, INGOT_E_OUTSIDE, "a package calls itself '%s', which is no package name", INGOT_SHOW(name));
		_cleanup_(ingot_buf_done) struct ingot_buf stanza = INGOT_BUF(MIB(1));
		struct ingot_span control = ingot_deb_member(t->debs[i], "control");
		while (control.n && control.p[control.n - 1] == '\n')
			control.n--;
		ingot_buf_span(&stanza, control);
		ingot_buf_char(&stanza, '\n');
		ingot_pass(ingot_buf_check(&stanza, "a control file", err));
		_cleanup_(ingot_freep) char *path = ingot_strf("var/lib/dpkg/status.d/%.*s", INGOT_SPAN_ARG(name));
		ingot_pass(transform_put_file(t, path, 0644, 0, 0, ingot_buf_view(&stanza), err));
		struct ingot_span sums = ingot_deb_member(t->debs[i], "md5sums");
		_cleanup_(ingot_freep) char *sums_path = ingot_strf("%s.md5sums", path);
		if (sums.p)
			ingot_pass(transform_put_file(t, sums_path, 0644, 0, 0, sums, err));
	}
	return 0;
}
