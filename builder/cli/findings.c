/* findings.c - what the rules found, shown and written by check and build alike. */
#include "cli.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/mem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORT_MAX (256U << 20)

/* Code hosts know files by their path below the directory in which a job starts. */
static const char *below_here(const char *path)
{
	_cleanup_(ingot_freep) char *here = getcwd(NULL, 0);
	size_t n = here ? strlen(here) : 0;
	return path && n > 1 && strncmp(path, here, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static const char *without_transport(const char *image)
{
	static const char *const transports[] = { "oci-archive:", "docker-archive:", "oci:" };
	for (size_t i = 0; image && i < 3; i++)
		if (strncmp(image, transports[i], strlen(transports[i])) == 0)
			return image + strlen(transports[i]);
	return image;
}

struct ingot_report cli_report(const struct cli *c, const struct ingot_judgement *j, const char *recipe, const char *image)
{
	return (struct ingot_report){
		.findings = &j->findings,
		.profile = j->profile,
		.recipe = j->recipe ? below_here(recipe) : NULL,
		.image = j->image ? below_here(without_transport(image)) : NULL,
		.least = cli_has(c, "quiet") ? INGOT_SEV_ERROR : INGOT_SEV_NOTE,
		.allowed = cli_has(c, "verbose"),
	};
}

void cli_show_findings(struct cli *c, const struct ingot_report *r)
{
	for (size_t i = 0; i < r->findings->n; i++) {
		const struct ingot_finding *f = &r->findings->v[i];
		_cleanup_(ingot_buf_done) struct ingot_buf line = INGOT_BUF(1U << 16);
		if (f->allowed || f->severity < r->least)
			continue;
		ingot_report_line(f, &line);
		cli_annotate(&c->sink, f->severity, r->recipe, f->at, ingot_buf_cstr(&line));
	}
}

void cli_tell_findings(struct cli *c, const struct ingot_report *r)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(REPORT_MAX);
	struct ingot_report shown = *r;
	if (r->least == INGOT_SEV_NOTE && !r->allowed)
		shown.least = INGOT_SEV_WARNING; /* of a build that goes well, notes are for those who ask (-v) */
	shown.colour = c->sink.colour;
	cli_show_findings(c, &shown);
	if (c->sink.how == CLI_PROGRESS_JSON || !ingot_findings_count(r->findings, shown.least))
		return;
	ingot_report(&shown, INGOT_REPORT_TEXT, &out);
	(void)fputs(ingot_buf_cstr(&out), stderr);
}

int cli_report_format(const struct cli *c, const char *option, enum ingot_report_format *ret, struct ingot_err *err)
{
	const char *word = cli_value(c, option);
	*ret = INGOT_REPORT_TEXT;
	if (!word || ingot_report_format_from_word(ingot_span_of(word), ret) == 0)
		return 0;
	return ingot_fail(err, INGOT_E_INPUT, "--%s is text, json, sarif or codequality, not '%s'", option, INGOT_SHOW(ingot_span_of(word)));
}

static int put_beside(const char *path, const struct ingot_buf *out, struct ingot_err *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_(ingot_freep) char *dir = slash ? ingot_strf("%.*s", slash == path ? 1 : (int)(slash - path), path) : ingot_strdup(".");
	_cleanup_(ingot_closep) int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "%s", INGOT_SHOW(ingot_span_of(dir)));
	if (ingot_publish(at, slash ? slash + 1 : path, out->p, out->n, 0644, err) == 0)
		return 0;
	if (err->sys == EACCES || err->sys == EPERM || err->sys == EROFS || err->sys == EISDIR)
		err->code = INGOT_E_INPUT; /* a place that was named, and not one of ours */
	return -1;
}

static int put_into(const char *path, const struct ingot_buf *out, struct ingot_err *err)
{
	struct stat st;
	bool there = lstat(path, &st) == 0;
	if (!there && errno != ENOENT)
		return ingot_fail_sys(err, INGOT_E_INPUT, "opening it");
	if (!there || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return put_beside(path, out, err);
	_cleanup_(ingot_closep) int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY); /* a pipe, a terminal, a link (/dev/stdout): nothing to be replaced */
	return fd < 0 ? ingot_fail_sys(err, INGOT_E_INPUT, "opening it") : ingot_write_all(fd, out->p, out->n, err);
}

int cli_report_file(const char *path, const struct ingot_report *r, enum ingot_report_format format, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf out = INGOT_BUF(REPORT_MAX);
	ingot_report(r, format, &out);
	ingot_pass(ingot_buf_check(&out, "the report", err));
	ingot_try(err, put_into(path, &out, err), "writing %s", INGOT_SHOW(ingot_span_of(path)));
	return 0;
}
