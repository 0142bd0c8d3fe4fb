/* What an image's struct must fulfil before it is written: every rule here is one that some tool breaks on, or a text that JSON cannot carry. */
#include "documents.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/num.h>
#include <ingot/path.h>
#include <ingot/utf8.h>

static bool utf8(struct ingot_span s)
{
	for (size_t i = 0; i < s.n;) {
		uint32_t c;
		size_t n = ingot_utf8_next((struct ingot_span){ s.p + i, s.n - i }, &c);
		if (!n)
			return false;
		i += n;
	}
	return true;
}

static int text_ok(const char *what, const char *text, struct ingot_err *err)
{
	if (text && utf8(ingot_span_of(text)))
		return 0;
	return ingot_fail(err, INGOT_E_INPUT, "%s: \"%s\" is no UTF-8 text, and image configs are JSON", what, INGOT_SHOW(ingot_span_of(text)));
}

static int words_ok(const char *what, const char *const *v, size_t n, struct ingot_err *err)
{
	for (size_t i = 0; i < n; i++)
		ingot_pass(text_ok(what, v[i], err));
	return 0;
}

static int names_ok(const char *what, const struct ingot_label *v, size_t n, struct ingot_err *err)
{
	const struct ingot_label **by_name = sorted_labels(v, n);
	_cleanup_(ingot_freep) void *owner = by_name;
	for (size_t i = 0; i < n; i++) {
		ingot_pass(text_ok(what, by_name[i]->name, err));
		ingot_pass(text_ok(what, by_name[i]->value, err));
		if (!by_name[i]->name[0])
			return ingot_fail(err, INGOT_E_INPUT, "%s: an empty name", what);
		if (i && ingot_span_is(ingot_span_of(by_name[i]->name), by_name[i - 1]->name))
			return ingot_fail(err, INGOT_E_INPUT, "%s: \"%s\" is given twice", what, INGOT_SHOW(ingot_span_of(by_name[i]->name)));
	}
	return 0;
}

static int env_ok(const struct ingot_image *image, struct ingot_err *err)
{
	ingot_pass(names_ok("env", image->env, image->n_env, err));
	for (size_t i = 0; i < image->n_env; i++)
		if (ingot_span_has(ingot_span_of(image->env[i].name), '='))
			return ingot_fail(err, INGOT_E_INPUT, "env: the name \"%s\" holds a '='", INGOT_SHOW(ingot_span_of(image->env[i].name)));
	return 0;
}

static int port_ok(const char *port, struct ingot_err *err)
{
	struct ingot_span rest = ingot_span_of(port), number, protocol, more;
	uint32_t n;
	if (ingot_span_next(&rest, '/', &number) && ingot_span_next(&rest, '/', &protocol) && !ingot_span_next(&rest, '/', &more) &&
	    ingot_parse_u32(number, 65535, &n) == 0 && n > 0 &&
	    (ingot_span_is(protocol, "tcp") || ingot_span_is(protocol, "udp") || ingot_span_is(protocol, "sctp")))
		return 0;
	return ingot_fail(err, INGOT_E_INPUT, "ports: \"%s\" is no port such as 8080/tcp", INGOT_SHOW(ingot_span_of(port)));
}

static int stop_signal_ok(const char *s, struct ingot_err *err)
{
	struct ingot_span t = ingot_span_of(s);
	uint32_t n;
	bool ok = ingot_parse_u32(t, 64, &n) == 0 ? n > 0 : ingot_span_starts(t, "SIG") && t.n > 3;
	for (size_t i = 3; ok && i < t.n; i++)
		ok = (t.p[i] >= 'A' && t.p[i] <= 'Z') || (t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '+' || t.p[i] == '-';
	if (ok)
		return 0;
	return ingot_fail(err, INGOT_E_INPUT, "stop signal \"%s\": not a name such as SIGTERM", INGOT_SHOW(t));
}

int check_image(const struct ingot_image *image, struct ingot_err *err)
{
	char when[24];
	if (rfc3339(image->created, when) < 0)
		return ingot_fail(err, INGOT_E_INPUT, "created: the time %lld is outside the years 1970 to 9999", (long long)image->created);
	if (!image->architecture || !image->architecture[0])
		return ingot_fail(err, INGOT_E_INPUT, "an image without an architecture");
	/* umoci panics on an empty list of diff_ids. */
	if (image->n_layers == 0 || image->n_layers > INGOT_MAX_DESCRIPTORS)
		return ingot_fail(err, INGOT_E_INPUT, "an image of %zu layers: 1 to %d can be written", image->n_layers, INGOT_MAX_DESCRIPTORS);
	ingot_pass(text_ok("architecture", image->architecture, err));
	if (image->variant)
		ingot_pass(text_ok("variant", image->variant, err));
	ingot_pass(words_ok("entrypoint", image->entrypoint, image->n_entrypoint, err));
	ingot_pass(words_ok("cmd", image->cmd, image->n_cmd, err));
	ingot_pass(env_ok(image, err));
	ingot_pass(names_ok("labels", image->labels, image->n_labels, err));
	ingot_pass(names_ok("annotations", image->annotations, image->n_annotations, err));
	for (size_t i = 0; i < image->n_annotations; i++)
		if (ingot_span_is(ingot_span_of(image->annotations[i].name), "org.opencontainers.image.created"))
			return ingot_fail(err, INGOT_E_INPUT, "annotations: org.opencontainers.image.created is made from the time of the build");
	for (size_t i = 0; i < image->n_ports; i++)
		ingot_pass(port_ok(image->ports[i], err));
	struct ingot_span dir;
	if (image->workdir) {
		ingot_pass(text_ok("workdir", image->workdir, err));
		if (ingot_path_from_absolute(ingot_span_of(image->workdir), &dir) < 0)
			return ingot_fail(err, INGOT_E_INPUT, "workdir: \"%s\" is no plain absolute path", INGOT_SHOW(ingot_span_of(image->workdir)));
	}
	if (image->stop_signal)
		ingot_pass(stop_signal_ok(image->stop_signal, err));
	for (size_t i = 0; i < image->n_layers; i++)
		if (image->layers[i].created_by)
			ingot_pass(text_ok("history", image->layers[i].created_by, err));
	return 0;
}
