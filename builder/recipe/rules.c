#include "rules.h"
#include <ingot/limits.h>
#include <ingot/num.h>
#include <ingot/path.h>

static bool lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool letter(char c)
{
	return lower(c) || (c >= 'A' && c <= 'Z');
}

static bool in(char c, const char *set)
{
	return c && strchr(set, c);
}

/* The first of FIRST or alphanumeric (lower case only if so said), the rest of these or REST, at most max bytes. */
static bool shaped(struct ingot_span s, bool upper, const char *first, const char *rest, size_t max)
{
	if (!s.n || s.n > max)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!(upper ? letter(c) : lower(c)) && !digit(c) && !in(c, i ? rest : first))
			return false;
	}
	return true;
}

static bool no_dots(struct ingot_span path)
{
	struct ingot_span name;
	while (ingot_span_next(&path, '/', &name))
		if (ingot_span_is(name, ".") || ingot_span_is(name, ".."))
			return false;
	return true;
}

static bool ok_name(struct ingot_span s)
{
	return shaped(s, false, "", "._-", 63);
}
const struct rule rule_name = { "a name", "^[a-z0-9][a-z0-9._-]{0,62}$", ok_name, "lower-case letters, digits, dots, underscores and dashes; it begins with a letter or digit and has at most 63 characters" };

static bool ok_tag(struct ingot_span s)
{
	return shaped(s, true, "_", "._-", 128);
}
const struct rule rule_tag = { "a version", "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", ok_tag, "it becomes the image's tag: letters, digits, dots, underscores and dashes, at most 128 characters" };

static bool ok_text(struct ingot_span s)
{
	return s.n <= KIB(64);
}
const struct rule rule_text = { "a text of at most 64 KiB", NULL, ok_text, NULL };

/* The same, and carriage returns with it: what network protocols end their lines with. */
const struct rule rule_bytes = { "a text of at most 64 KiB", NULL, ok_text, NULL };

static bool ok_line(struct ingot_span s)
{
	return s.n && s.n <= 4096 && !ingot_span_has(s, '\n');
}
const struct rule rule_line = { "one line of text", "^[^\\n]+$", ok_line, NULL };

static bool ok_word(struct ingot_span s)
{
	return s.n <= INGOT_MAX_ARG_BYTES;
}
const struct rule rule_word = { "an argument of at most 128 KiB", NULL, ok_word, NULL };

static bool ok_absolute(struct ingot_span s)
{
	struct ingot_span path;
	return !ingot_span_has(s, '\n') && ingot_path_from_absolute(s, &path) == 0;
}
const struct rule rule_absolute = { "an absolute path without \".\" and \"..\"", "^/[^\\n]*$", ok_absolute, "it begins with a slash, and says where the thing is without detours" };

static bool ok_directory(struct ingot_span s)
{
	return s.n > 1 && ok_absolute(s);
}
const struct rule rule_directory = { "an absolute path below \"/\"", "^/[^\\n]+$", ok_directory, "the root directory itself is never meant here" };

static bool ok_relative(struct ingot_span s)
{
	if (ingot_span_is(s, "."))
		return true;
	while (ingot_span_ends(s, "/"))
		s.n--;
	return s.n && s.p[0] != '/' && !ingot_span_has(s, '\n') && no_dots(s) && ingot_path_valid(s);
}
const struct rule rule_relative = { "a path below the recipe's directory, without \"..\"", "^[^/\\n][^\\n]*$", ok_relative, "paths are relative to the directory of the recipe and never leave it" };

static bool ok_copy_path(struct ingot_span s)
{
	return s.n && s.p[0] == '/' ? ok_absolute(s) : ok_relative(s);
}
const struct rule rule_copy_path = { "a path without \"..\"", "^[^\\n]+$", ok_copy_path, "absolute in a stage, relative to the root of a files source" };

static bool ok_glob(struct ingot_span s)
{
	return ok_relative(s) && !ingot_span_is(s, ".");
}
const struct rule rule_glob = { "a pattern for paths below the source's root, without \"..\"", "^[^/\\n][^\\n]*$", ok_glob, "* stays within a directory, ** crosses directories: static/**" };

/* Debian policy 5.6.1: at least two characters, lower case, beginning with an alphanumeric. */
static bool ok_package_name(struct ingot_span s)
{
	return s.n >= 2 && shaped(s, false, "", "+.-", 128);
}
const struct rule rule_package_name = { "a Debian package name", "^[a-z0-9][a-z0-9+.-]{1,127}$", ok_package_name, "lower-case letters, digits, plus, minus and dots, at least two characters" };

/* NAME or NAME=VERSION; versions as in Debian policy 5.6.12. */
static bool ok_package(struct ingot_span s)
{
	struct ingot_span name;
	if (!ingot_span_has(s, '='))
		return ok_package_name(s);
	if (!ingot_span_next(&s, '=', &name) || !ok_package_name(name))
		return false;
	return s.n && digit(s.p[0]) && shaped(s, true, "", ".+-:~", 128);
}
const struct rule rule_package = { "a Debian package (NAME or NAME=VERSION)", "^[a-z0-9][a-z0-9+.-]{1,127}(=[0-9][A-Za-z0-9.+:~-]{0,127})?$", ok_package,
				   "lower-case letters, digits, plus, minus and dots; a version begins with a digit" };

static bool ok_suite(struct ingot_span s)
{
	return shaped(s, false, "", "./-", 64) && no_dots(s) && !ingot_span_ends(s, "/");
}
const struct rule rule_suite = { "a suite or component of an archive", "^[a-z0-9][a-z0-9./-]{0,63}$", ok_suite, "such as bookworm-updates, or main" };

/* POSIX.1-2017, 8.1: names that a shell can use, too. */
static bool ok_env_name(struct ingot_span s)
{
	return s.n && !digit(s.p[0]) && shaped(s, true, "_", "_", 255);
}
const struct rule rule_env_name = { "a name of an environment variable", "^[A-Za-z_][A-Za-z0-9_]{0,254}$", ok_env_name, "letters, digits and underscores, not beginning with a digit" };

static bool ok_var_name(struct ingot_span s)
{
	if (!s.n || s.n > 63 || digit(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (lower(s.p[i]) || (!letter(s.p[i]) && !digit(s.p[i]) && s.p[i] != '_'))
			return false;
	return true;
}
const struct rule rule_var_name = { "a name of a variable", "^[A-Z_][A-Z0-9_]{0,62}$", ok_var_name, "upper-case letters, digits and underscores" };

/* OCI image-spec, annotations.md: reverse domain notation is advised, not demanded. */
static bool ok_label(struct ingot_span s)
{
	return shaped(s, true, "", "._/-", 255) && (letter(s.p[s.n - 1]) || digit(s.p[s.n - 1]));
}
const struct rule rule_label = { "a label's key", "^[A-Za-z0-9]([A-Za-z0-9._/-]{0,253}[A-Za-z0-9])?$", ok_label, "letters, digits, dots, underscores, slashes and dashes, such as org.opencontainers.image.source" };

static bool ok_port(struct ingot_span s)
{
	struct ingot_span number;
	uint32_t port;
	if (!ingot_span_next(&s, '/', &number) || ingot_parse_u32(number, 65535, &port) < 0 || port == 0)
		return false;
	return number.p + number.n == s.p ? s.n == 0 : ingot_span_is(s, "tcp") || ingot_span_is(s, "udp");
}
const struct rule rule_port = { "a port from 1 to 65535", "^[1-9][0-9]{0,4}(/(tcp|udp))?$", ok_port, "such as 8080, 8080/tcp or 53/udp" };

/* What systemd accepts. Capitals are unusual, and built into programs all the same: Debian-exim. */
static bool ok_account(struct ingot_span s)
{
	return s.n && !digit(s.p[0]) && shaped(s, true, "_", "_-", 31) && !ingot_span_is(s, "root");
}
const struct rule rule_account = { "a name for an account, other than root", "^(?!root$)[A-Za-z_][A-Za-z0-9_-]{0,30}$", ok_account,
				   "letters, digits, underscores and dashes, at most 31 characters; to run as root write: user: {root: \"the reason\"}" };

static bool ok_url(struct ingot_span s)
{
	if (!ingot_span_starts(s, "https://") && !ingot_span_starts(s, "http://"))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 || (unsigned char)s.p[i] >= 0x7f || in(s.p[i], "\"<>\\^`{|}@"))
			return false;
	return s.n > 8 && s.n <= 2048;
}
const struct rule rule_url = { "an http or https address without user and password", "^https?://[^@\\s]+$", ok_url, NULL };

static bool ok_sha256(struct ingot_span s)
{
	struct ingot_digest d;
	return ingot_digest_parse_hex(s, &d) == 0;
}
const struct rule rule_sha256 = { "64 lower-case hexadecimal digits", "^[0-9a-f]{64}$", ok_sha256, "as sha256sum prints them" };

static bool ok_image(struct ingot_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return s.n && s.n <= 1024;
}
const struct rule rule_image = { "an image reference", "^[!-~]{1,1024}$", ok_image, "such as oci-archive:base.tar or docker.io/library/debian:bookworm" };

static bool ok_path_component(struct ingot_span s)
{
	return s.n && !in(s.p[0], "._-") && !in(s.p[s.n - 1], "._-") && shaped(s, false, "", "._-", 255);
}

/* HOST[:PORT]/PATH[:TAG], the grammar of distribution's reference package, without a digest: the build makes it. */
static bool ok_reference(struct ingot_span s)
{
	struct ingot_span host, piece, last = { 0 };
	if (s.n > 255 || ingot_span_ends(s, "/") || !ingot_span_next(&s, '/', &host) || !s.n)
		return false;
	if (!shaped(host, false, "", ".:-", 253) || (!ingot_span_has(host, '.') && !ingot_span_has(host, ':') && !ingot_span_is(host, "localhost")))
		return false;
	struct ingot_span name, port = host;
	uint32_t number;
	if (!ingot_span_next(&port, ':', &name) || !name.n || (ingot_span_has(host, ':') && ingot_parse_u32(port, 65535, &number) < 0))
		return false;
	while (ingot_span_next(&s, '/', &piece)) {
		if (s.n && !ok_path_component(piece))
			return false;
		last = piece;
	}
	if (!ingot_span_has(last, ':'))
		return ok_path_component(last);
	return ingot_span_next(&last, ':', &piece) && ok_path_component(piece) && ok_tag(last);
}
const struct rule rule_reference = { "a full image name (HOST/PATH or HOST/PATH:TAG)", "^[a-z0-9][a-z0-9.:-]*(/[a-z0-9][a-z0-9._-]*)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$", ok_reference,
				     "such as registry.example.org/team/web:1.4.2" };

int parse_size(struct ingot_span s, uint64_t *ret)
{
	static const struct {
		const char *unit;
		uint64_t bytes;
	} units[] = { { "KiB", KIB(1) }, { "MiB", MIB(1) }, { "GiB", GIB(1) }, { "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 } };
	uint64_t factor = 1, v;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ingot_span_ends(s, units[i].unit)) {
			factor = units[i].bytes;
			s.n -= strlen(units[i].unit);
			break;
		}
	while (factor > 1 && s.n && s.p[s.n - 1] == ' ')
		s.n--;
	if (ingot_parse_u64(s, INGOT_MAX_FILE, &v) < 0 || __builtin_mul_overflow(v, factor, &v) || v > (uint64_t)INT64_MAX)
		return -1;
	*ret = v;
	return 0;
}

static bool ok_size(struct ingot_span s)
{
	uint64_t v;
	return parse_size(s, &v) == 0 && v > 0;
}
const struct rule rule_size = { "a size with its unit", "^[1-9][0-9]* ?(KiB|MiB|GiB|kB|MB|GB)?$", ok_size, "a whole number and KiB, MiB, GiB, kB, MB or GB, such as 30MiB" };

static bool ok_mode(struct ingot_span s)
{
	uint32_t v;
	return s.n >= 3 && s.n <= 5 && ingot_parse_octal(s, 07777, &v) == 0;
}
const struct rule rule_mode = { "an octal mode", "^[0-7]{3,5}$", ok_mode, "such as \"0644\"" };

static bool ok_own_id(struct ingot_span s)
{
	return ingot_span_starts(s, "own-") && s.n > 4 && !ingot_span_ends(s, "-") && shaped(s, false, "", "-", 63);
}
const struct rule rule_own_id = { "an id of an own rule", "^own-[a-z0-9-]{0,58}[a-z0-9]$", ok_own_id, "it begins with own-, and has lower-case letters, digits and dashes: own-no-locales" };

static bool ok_owner(struct ingot_span s)
{
	uint32_t id;
	if (ingot_span_is(s, "user"))
		return true;
	if (ingot_span_starts(s, "not "))
		s = ingot_span_from(s, 4);
	return ingot_parse_u32(s, INGOT_MAX_ID, &id) == 0;
}
const struct rule rule_owner = { "an owner", "^(user|(not )?(0|[1-9][0-9]{0,9}))$", ok_owner, "a uid, \"not\" and a uid, or user: the image's own" };
