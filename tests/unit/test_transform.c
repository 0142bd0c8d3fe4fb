/* The pure transforms: what they add to a tree, and what they leave alone. Packages are made by hand. */
#include "../../builder/source/deb_impl.h"
#include "../../builder/source/transform.h"
#include "core_support.h"
#include "store_fixture.h"

static struct ingot_deb *debs[4];
static size_t n_debs;

static void add_deb(const char *control, const char *postinst)
{
	struct ingot_deb *d = deb_new();
	d->members[d->n++] = (struct deb_member){ INGOT_SPAN("control"), ingot_span_of(control) };
	if (postinst)
		d->members[d->n++] = (struct deb_member){ INGOT_SPAN("postinst"), ingot_span_of(postinst) };
	debs[n_debs++] = d;
}

static void end(void)
{
	while (n_debs)
		ingot_deb_free(debs[--n_debs]);
	fixture_end();
}

/* The tree after the transform. suite decides what identity says. */
static struct ingot_tree *run_one(int (*transform)(struct transform *t, struct ingot_err *e), const char *lines, const char *suite)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = tree_of(lines);
	struct ingot_tree *after = NULL;
	struct ingot_delta *d = NULL, *fitted = NULL;
	struct ingot_digest id;
	struct ingot_source source = { .kind = INGOT_SRC_PACKAGES, .suites = { .v = &suite, .n = 1 } };
	struct ingot_recipe recipe = { .sources = &source, .n_sources = suite ? 1 : 0 };
	struct transform tr = { .store = store, .tree = t, .debs = (const struct ingot_deb *const *)debs, .n_debs = n_debs, .epoch = 1, .recipe = &recipe, .delta = ingot_delta_new() };
	ck_assert_int_eq(ingot_pack_begin(store, &tr.pack, &err), 0);
	if (transform(&tr, &err) < 0)
		ck_abort_msg("%s", err.msg);
	ck_assert_int_eq(ingot_pack_end(tr.pack, &id, &err), 0);
	ck_assert_int_eq(ingot_delta_finish(tr.delta, &d, &err), 0);
	ck_assert_int_eq(ingot_fit(t, d, 1, &fitted, &err), 0);
	ck_assert_int_eq(ingot_apply(t, fitted, &after, &err), 0);
	ingot_delta_free(d);
	ingot_delta_free(fitted);
	return after;
}

static void check_link(const struct ingot_tree *t, const char *p, const char *target)
{
	const struct ingot_node *n = ingot_tree_lookup(t, ingot_span_of(p));
	if (!target) {
		ck_assert_msg(n == NULL, "%s is there", p);
		return;
	}
	ck_assert_msg(n && n->type == INGOT_LINK, "%s is no link", p);
	ck_assert_msg(ingot_span_is(n->target, target), "%s points to %.*s", p, INGOT_SPAN_ARG(n->target));
}

#define BASE D("/") D("/usr") D("/usr/bin") F("/usr/bin/gawk", "1") F("/usr/bin/mawk", "2")

START_TEST(highest_priority_wins)
{
	add_deb("Package: gawk\n", "update-alternatives --quiet \\\n  --install /usr/bin/awk awk /usr/bin/gawk 10 \\\n  --slave /usr/bin/nawk nawk /usr/bin/gawk\n");
	add_deb("Package: mawk\n", "set -e\nupdate-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 --slave /usr/bin/nawk nawk /usr/bin/mawk --slave /usr/share/man/awk.1.gz awk.1.gz /usr/share/man/mawk.1.gz\n");
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = run_one(transform_alternatives, BASE, NULL);
	check_link(t, "usr/bin/awk", "/etc/alternatives/awk");
	check_link(t, "etc/alternatives/awk", "/usr/bin/gawk");
	check_link(t, "etc/alternatives/nawk", "/usr/bin/gawk");
	check_link(t, "usr/share/man/awk.1.gz", NULL);
}
END_TEST

START_TEST(earlier_package_on_a_tie)
{
	add_deb("Package: mawk\n", "update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5\n");
	add_deb("Package: gawk\n", "update-alternatives --install /usr/bin/awk awk /usr/bin/gawk 5\n");
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = run_one(transform_alternatives, BASE, NULL);
	check_link(t, "etc/alternatives/awk", "/usr/bin/mawk");
}
END_TEST

START_TEST(alternatives_left_alone)
{
	/* a shipped file, a missing target, a variable, a name with a slash, a path that climbs */
	add_deb("Package: x\n", "update-alternatives --install /usr/bin/mawk mawk /usr/bin/gawk 5\nupdate-alternatives --install /usr/bin/no no /usr/bin/none 5\n"
				"update-alternatives --install /usr/bin/v v $D/usr/bin/gawk 5\nupdate-alternatives --install /usr/bin/s ../../s /usr/bin/gawk 5\n"
				"update-alternatives --install /usr/../etc/p p /usr/bin/gawk 5\nupdate-alternatives --install /usr/bin/q q /usr/bin/gawk 5x\n");
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = run_one(transform_alternatives, BASE, NULL);
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *was = tree_of(BASE);
	ck_assert(ingot_digest_eq(ingot_tree_id(t), ingot_tree_id(was)));
}
END_TEST

START_TEST(identity_from_the_suite)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = run_one(transform_identity, D("/") D("/bin") F("/bin/sh", "1"), "bookworm-security");
	check_content(&ingot_tree_lookup(t, INGOT_SPAN("etc/debian_version"))->content, "12\n", 3);
	check_content(&ingot_tree_lookup(t, INGOT_SPAN("etc/shells"))->content, "/bin/sh\n", 8);
	check_link(t, "etc/os-release", "../usr/lib/os-release");
	ck_assert_ptr_nonnull(ingot_tree_lookup(t, INGOT_SPAN("usr/lib/os-release")));
}
END_TEST

START_TEST(identity_of_packages_stays)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t =
		run_one(transform_identity, D("/") D("/etc") F("/etc/debian_version", "1") L("/etc/os-release", "../usr/lib/os-release") D("/usr") D("/usr/lib") F("/usr/lib/os-release", "2"), "bookworm");
	ck_assert_uint_eq(ingot_tree_count(t), 7);
	ck_assert_uint_eq(ingot_tree_lookup(t, INGOT_SPAN("usr/lib/os-release"))->content.b[0], 0x22);
}
END_TEST

START_TEST(package_records)
{
	add_deb("Package: zlib1g\nVersion: 1\n\n", NULL);
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = run_one(transform_status, D("/"), NULL);
	check_content(&ingot_tree_lookup(t, INGOT_SPAN("var/lib/dpkg/status.d/zlib1g"))->content, "Package: zlib1g\nVersion: 1\n", 27);
	ck_assert_ptr_null(ingot_tree_lookup(t, INGOT_SPAN("var/lib/dpkg/status.d/zlib1g.md5sums")));
}
END_TEST

static const char *const evil_names[] = { "../../etc/cron.d/x", "x/y", "", "UPPER", "a", ".." };

START_TEST(package_names_are_checked)
{
	char control[64];
	(void)snprintf(control, sizeof(control), "Package: %s\n", evil_names[_i]);
	add_deb(control, NULL);
	struct transform tr = { .store = store, .tree = ingot_tree_empty(), .debs = (const struct ingot_deb *const *)debs, .n_debs = 1, .delta = ingot_delta_new() };
	ck_assert_int_eq(ingot_pack_begin(store, &tr.pack, &err), 0);
	ck_assert_int_lt(transform_status(&tr, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ingot_pack_abort(tr.pack);
	ingot_delta_builder_free(tr.delta);
	ingot_tree_unref((struct ingot_tree *)(uintptr_t)tr.tree);
}
END_TEST

START_TEST(ca_bundle)
{
	struct ingot_digest a, b;
	char lines[2048];
	ck_assert_int_eq(ingot_store_put(store, "A", 1, &a, &err), 0);
	ck_assert_int_eq(ingot_store_put(store, "B\n", 2, &b, &err), 0);
	(void)snprintf(lines, sizeof(lines), "%sf 0644 0 0 1 /usr/share/ca-certificates/a.crt 1 %s\nf 0644 0 0 1 /usr/share/ca-certificates/b.crt 2 %s\n%s",
		       D("/") D("/usr") D("/usr/share") D("/usr/share/ca-certificates"), INGOT_HEX(&a), INGOT_HEX(&b), F("/usr/share/ca-certificates/note.txt", "3"));
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *t = run_one(transform_ca, lines, NULL);
	check_content(&ingot_tree_lookup(t, INGOT_SPAN("etc/ssl/certs/ca-certificates.crt"))->content, "A\nB\n", 4);
	check_link(t, "usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt");
}
END_TEST

START_TEST(skeleton_is_merged_usr)
{
	_cleanup_(ingot_tree_unrefp) struct ingot_tree *empty = ingot_tree_empty(), *t = NULL;
	_cleanup_(ingot_delta_freep) struct ingot_delta *d = NULL;
	ck_assert_int_eq(transform_skeleton(1, "arm64", &d, &err), 0);
	ck_assert_int_eq(ingot_apply(empty, d, &t, &err), 0);
	check_link(t, "bin", "usr/bin");
	ck_assert_ptr_null(ingot_tree_lookup(t, INGOT_SPAN("lib64")));
	ck_assert_uint_eq(ingot_tree_lookup(t, INGOT_SPAN("tmp"))->mode, 01777);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("transform");
	TCase *t = tcase_create("transform");
	tcase_add_checked_fixture(t, fixture_begin, end);
	tcase_add_test(t, highest_priority_wins);
	tcase_add_test(t, earlier_package_on_a_tie);
	tcase_add_test(t, alternatives_left_alone);
	tcase_add_test(t, identity_from_the_suite);
	tcase_add_test(t, identity_of_packages_stays);
	tcase_add_test(t, package_records);
	tcase_add_loop_test(t, package_names_are_checked, 0, 6);
	tcase_add_test(t, ca_bundle);
	tcase_add_test(t, skeleton_is_merged_usr);
	suite_add_tcase(s, t);
	return run_suite(s);
}
