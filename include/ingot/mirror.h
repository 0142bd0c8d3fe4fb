/* mirror.h - where packages are fetched from: the host's business, never the recipe's. No host named here ends in a lock or an image.
 *
 * Order: --mirror options, then the user's configuration file (the caller hands in its lines), then the host's own apt configuration:
 * sources.list, sources.list.d/ *.list and *.sources, apt.conf and apt.conf.d (Acquire::http(s)::Proxy, Acquire::Check-Valid-Until).
 * The first of these that says anything about a suite decides about it alone.
 *
 * A line of ours is "URL" for all suites or "SUITE=URL" for one. A URL for all that ends in "/debian" serves "*-security" suites from its
 * neighbour "/debian-security" first, as Debian's mirrors are laid out.
 */
#pragma once
#include <ingot/err.h>
#include <ingot/fetch.h>
#include <ingot/log.h>

struct ingot_mirror_config {
	const char *const *options; /* --mirror */
	size_t n_options;
	const char *const *configured; /* of the user's configuration file */
	size_t n_configured;
	const char *proxy;   /* an option, or http_proxy as the command line found it; NULL = what apt says. "" = none */
	const char *apt_dir; /* NULL = "/etc/apt"; "" = do not look */
};

struct ingot_mirrors;
/* INGOT_E_INPUT for an unusable option or configuration line. What apt's files say in forms that are no use here (cdrom:, tor+...) is skipped. */
int ingot_mirrors_new(const struct ingot_mirror_config *config, const struct ingot_log *log, struct ingot_mirrors **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_mirrors_free(struct ingot_mirrors *m);
INGOT_CLEANUP(struct ingot_mirrors, ingot_mirrors_free)

/* The bases of a suite in the order of trying; they live as long as m. INGOT_E_HOST with a hint when there is none. */
int ingot_mirrors_of(const struct ingot_mirrors *m, const char *suite, const struct ingot_base **ret, size_t *ret_n, struct ingot_err *err) INGOT_MUST_USE;
/* False when the host's apt is told not to check Valid-Until (a frozen mirror, snapshots), and no mirror was named beside it. */
bool ingot_mirrors_valid_until(const struct ingot_mirrors *m);
