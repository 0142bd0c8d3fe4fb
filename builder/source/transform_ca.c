/* The CA bundle that ca-certificates' script would write: all its certificates, in order of path. The hashed links of c_rehash are not made;
 * OpenSSL's default file (OPENSSLDIR/cert.pem) points to the bundle instead, so that programs without a setting of their own find it. */
#include "transform.h"
#include <ingot/limits.h>

#define CERTIFICATES "usr/share/ca-certificates"

int transform_ca(struct transform *t, struct ingot_err *err)
{
	ssize_t dir = ingot_tree_find(t->tree, ingot_span_of(CERTIFICATES));
	if (dir < 0)
		return 0;
	_cleanup_(ingot_buf_done) struct ingot_buf bundle = INGOT_BUF(MIB(16));
	size_t end = ingot_tree_subtree_end(t->tree, (size_t)dir);
	for (size_t i = (size_t)dir + 1; i < end; i++) {
		const struct ingot_dirent *e = ingot_tree_at(t->tree, i);
		const struct ingot_node *n = ingot_tree_node(t->tree, e->node);
		if (n->type != INGOT_FILE || !ingot_span_ends(e->path, ".crt"))
			continue;
		int r = ingot_store_get(t->store, &n->content, &bundle, err);
		if (r == 0) {
			(void)ingot_fail(err, INGOT_E_BUG, "a certificate's content %s is missing from the store", INGOT_DIGEST(&n->content));
			return ingot_again(err);
		}
		ingot_pass(r);
		if (bundle.n && bundle.p[bundle.n - 1] != '\n')
			ingot_buf_char(&bundle, '\n');
	}
	ingot_pass(ingot_buf_check(&bundle, "the CA bundle", err));
	if (!bundle.n)
		return 0;
	ingot_pass(transform_put_file(t, "etc/ssl/certs/ca-certificates.crt", 0644, 0, 0, ingot_buf_view(&bundle), err));
	if (transform_exists(t, "usr/lib/ssl/cert.pem"))
		return 0;
	return transform_put_link(t, "usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt", err);
}
