/* dpkg_texts.h - the files of dpkg's database (deb-control(5), dpkg-query(1), dpkg's doc/spec/frontend-api) as texts, from what a package says. Internal to
 * source.
 *
 * They describe a package in the state "unpacked": its files are in place, its postinst has not run. dpkg itself reads them, rewrites them and goes on
 * from there, so what is written here needs to be right, but dpkg's own spelling of it (order of fields, of stanzas) comes of itself.
 */
#pragma once
#include <ingot/deb.h>

#define DPKG_DIR "var/lib/dpkg"
#define DPKG_MAX_STATUS MIB(64)

/* A package's name becomes a file name and a word of a script: policy 5.6.7's alphabet, and nothing else. */
bool dpkg_name_is_clean(struct ingot_span name);
/* How dpkg calls it where the architecture could matter: "PKG:ARCH" for Multi-Arch: same, else "PKG" (pkg_name() with pnaw_nonambig). INGOT_E_OUTSIDE for an
 * unusable name or architecture. */
int dpkg_name(const struct ingot_deb *d, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;

/* info/PKG.list: "/.", then what is no symbolic link, a directory before what is in it, then the links, which dpkg extracts last; paths as the package has
 * them, before any merging of /usr. */
void dpkg_list_text(const struct ingot_delta *d, struct ingot_buf *out);

/* The paths (without the slash) that the package's conffiles member names, but those that are only to be removed. False at the end. */
bool dpkg_next_conffile(struct ingot_span *rest, struct ingot_span *ret);

/* The stanza of /var/lib/dpkg/status, with an empty line after it. conffiles: " /path md5\n" lines, or empty. */
void dpkg_stanza(struct ingot_span control, struct ingot_span conffiles, struct ingot_buf *out);

/* deb-triggers(5): the next interest. False at the end. */
bool dpkg_next_interest(struct ingot_span *rest, struct ingot_span *ret_trigger, bool *ret_noawait);
/* triggers/File has "TRIGGER PKG", triggers/TRIGGER "PKG"; "/noawait" after the package where it does not wait. */
void dpkg_interest_line(struct ingot_span trigger, struct ingot_span package, bool noawait, struct ingot_buf *out);
/* For triggers/Unincorp: a line for each file trigger in text (triggers/File) that a path of d (as the package has it) activates, unless out has it. */
void dpkg_activated(struct ingot_span text, const struct ingot_delta *d, struct ingot_buf *out);

/* d with the paths that another package than this one diverts (text: the file diversions, three lines each), or NULL when there is none. */
int dpkg_divert(struct ingot_span text, struct ingot_span package, const struct ingot_delta *d, struct ingot_delta **ret, struct ingot_err *err) INGOT_MUST_USE;
