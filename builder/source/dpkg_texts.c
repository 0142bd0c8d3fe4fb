#include "dpkg_texts.h"
#include <ingot/escape.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/path.h>

bool dpkg_name_is_clean(struct ingot_span name)
{
	if (name.n < 2 || name.n > 200)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!alnum && (i == 0 || (c != '+' && c != '-' && c != '.')))
			return false;
	}
	return true;
}

int dpkg_name(const struct ingot_deb *d, struct ingot_buf *out, struct ingot_err *err)
{
	struct ingot_span name = ingot_deb_field(d, "Package"), arch = ingot_deb_field(d, "Architecture");
	if (!dpkg_name_is_clean(name) || !dpkg_name_is_clean(arch))
		return ingot_fail(err, INGOT_E_OUTSIDE, "a package calls itself '%s' of '%s', which is no package name", INGOT_SHOW(name), INGOT_SHOW(arch));
	ingot_buf_span(out, name);
	if (ingot_span_is(ingot_deb_field(d, "Multi-Arch"), "same")) {
		ingot_buf_char(out, ':');
		ingot_buf_span(out, arch);
	}
	return 0;
}

void dpkg_list_text(const struct ingot_delta *d, struct ingot_buf *out)
{
	ingot_buf_str(out, "/.\n");
	for (int links = 0; links < 2; links++)
		for (size_t i = 0; i < ingot_delta_count(d); i++) {
			const struct ingot_change *c = ingot_delta_at(d, i);
			if (!c->path.n || (c->op != INGOT_PUT && c->op != INGOT_HARDLINK) || (ingot_delta_node(d, c->node)->type == INGOT_LINK) != links)
				continue;
			ingot_buf_char(out, '/');
			ingot_buf_span(out, c->path);
			ingot_buf_char(out, '\n');
		}
}

bool dpkg_next_conffile(struct ingot_span *rest, struct ingot_span *ret)
{
	struct ingot_span line;
	while (ingot_span_next(rest, '\n', &line)) {
		line = ingot_span_trim(line);
		/* "remove-on-upgrade /etc/x" (dpkg 1.20.6) names a file that the package does not have any more. */
		if (line.n < 2 || line.p[0] != '/')
			continue;
		*ret = (struct ingot_span){ line.p + 1, line.n - 1 };
		return true;
	}
	return false;
}

void dpkg_stanza(struct ingot_span control, struct ingot_span conffiles, struct ingot_buf *out)
{
	struct ingot_span line;
	bool said = false;
	while (ingot_span_next(&control, '\n', &line)) {
		if (!ingot_span_trim(line).n) /* an empty line would end the stanza */
			continue;
		ingot_buf_span(out, line);
		ingot_buf_char(out, '\n');
		if (said || !ingot_span_starts(line, "Package:"))
			continue;
		said = true;
		ingot_buf_str(out, "Status: install ok unpacked\n");
		if (conffiles.n) {
			ingot_buf_str(out, "Conffiles:\n");
			ingot_buf_span(out, conffiles);
		}
	}
	ingot_buf_char(out, '\n');
}

bool dpkg_next_interest(struct ingot_span *rest, struct ingot_span *ret_trigger, bool *ret_noawait)
{
	struct ingot_span line, word;
	while (ingot_span_next(rest, '\n', &line)) {
		size_t n = 0;
		while (n < line.n && line.p[n] != '#')
			n++;
		line = ingot_span_trim((struct ingot_span){ line.p, n });
		for (n = 0; n < line.n && line.p[n] != ' ' && line.p[n] != '\t'; n++)
			;
		word = (struct ingot_span){ line.p, n };
		bool noawait = ingot_span_is(word, "interest-noawait");
		if (!noawait && !ingot_span_is(word, "interest") && !ingot_span_is(word, "interest-await"))
			continue;
		*ret_trigger = ingot_span_trim((struct ingot_span){ line.p + n, line.n - n });
		*ret_noawait = noawait;
		return true;
	}
	return false;
}

void dpkg_interest_line(struct ingot_span trigger, struct ingot_span package, bool noawait, struct ingot_buf *out)
{
	if (trigger.n && trigger.p[0] == '/') {
		ingot_buf_span(out, trigger);
		ingot_buf_char(out, ' ');
	}
	ingot_buf_span(out, package);
	ingot_buf_str(out, noawait ? "/noawait\n" : "\n");
}

static bool touches(const struct ingot_delta *d, struct ingot_span trigger)
{
	for (size_t i = 0; i < ingot_delta_count(d); i++) {
		struct ingot_span path = ingot_delta_at(d, i)->path;
		if (ingot_path_within(path, trigger))
			return true;
	}
	return false;
}

static bool has_line(const struct ingot_buf *b, const char *line, size_t n)
{
	struct ingot_span rest = ingot_buf_view(b), one;
	while (ingot_span_next(&rest, '\n', &one))
		if (ingot_span_eq(one, (struct ingot_span){ line, n }))
			return true;
	return false;
}

void dpkg_activated(struct ingot_span text, const struct ingot_delta *d, struct ingot_buf *out)
{
	struct ingot_span line, trigger;
	while (ingot_span_next(&text, '\n', &line)) {
		if (!ingot_span_next(&line, ' ', &trigger) || trigger.n < 2 || trigger.p[0] != '/' || !touches(d, (struct ingot_span){ trigger.p + 1, trigger.n - 1 }))
			continue;
		/* "-": nobody waits for it. Who would have is configured in the same run, and that ends when no trigger is pending. */
		_cleanup_(ingot_freep) char *activation = ingot_strf("%.*s -", INGOT_SPAN_ARG(trigger));
		if (!has_line(out, activation, strlen(activation)))
			ingot_buf_fmt(out, "%s\n", activation);
	}
}

/* Where path goes when package puts it there. */
static struct ingot_span diverted(struct ingot_span text, struct ingot_span package, struct ingot_span path)
{
	struct ingot_span from, to, by;
	while (ingot_span_next(&text, '\n', &from) && ingot_span_next(&text, '\n', &to) && ingot_span_next(&text, '\n', &by))
		if (from.n > 1 && to.n > 1 && from.p[0] == '/' && to.p[0] == '/' && ingot_span_eq((struct ingot_span){ from.p + 1, from.n - 1 }, path) && !ingot_span_eq(by, package))
			return (struct ingot_span){ to.p + 1, to.n - 1 };
	return path;
}

int dpkg_divert(struct ingot_span text, struct ingot_span package, const struct ingot_delta *d, struct ingot_delta **ret, struct ingot_err *err)
{
	_cleanup_(ingot_delta_builder_freep) struct ingot_delta_builder *b = ingot_delta_new();
	bool any = false;
	for (size_t i = 0; i < ingot_delta_count(d); i++) {
		const struct ingot_change *c = ingot_delta_at(d, i);
		struct ingot_span path = diverted(text, package, c->path);
		any = any || path.p != c->path.p;
		/* A package's delta only puts and links. */
		if (c->op == INGOT_HARDLINK)
			ingot_pass(ingot_delta_link(b, path, diverted(text, package, c->link), err));
		else
			ingot_pass(ingot_delta_put(b, path, ingot_delta_node(d, c->node), err));
	}
	if (!any) {
		*ret = NULL;
		return 0;
	}
	return ingot_delta_finish(TAKE_PTR(b), ret, err);
}
