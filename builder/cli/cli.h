/* cli.h - what the verbs share: options from one table, output, and the context that main hands to each of them. */
#pragma once
#include <ingot/buf.h>
#include <ingot/err.h>
#include <ingot/judge.h>
#include <ingot/log.h>
#include <ingot/settings.h>
#include <ingot/step.h>
#include <ingot/store.h>
#include <stdio.h>

struct cli_option {
	const char *name; /* long name, without dashes */
	char letter;      /* short name, or 0 */
	const char *arg;  /* name of its value in the help, or NULL: a flag */
	const char *help;
};

#define CLI_MAX_VALUES 64
#define CLI_MAX_OPERANDS 64

struct cli_verb;

enum cli_progress { CLI_PROGRESS_AUTO, CLI_PROGRESS_PLAIN, CLI_PROGRESS_TTY, CLI_PROGRESS_JSON, CLI_PROGRESS_NONE };

/* The terminal, or what stands for it: the sink of the library's log. */
struct cli_sink {
	enum cli_progress how;
	enum ingot_level level; /* the least important level that is shown */
	bool colour, github;
	bool live; /* a status line is on the screen */
	uint64_t last_ms;
};

struct cli {
	const struct cli_verb *verb;
	struct {
		const struct cli_option *option;
		const char *value; /* "" for a flag */
	} given[CLI_MAX_VALUES];
	size_t n_given;
	const char *operands[CLI_MAX_OPERANDS];
	size_t n_operands;
	const char *const *rest; /* what follows "--", NULL-terminated */
	size_t n_rest;
	struct cli_sink sink;
	struct ingot_log log;
	struct ingot_settings *settings;
};

struct cli_verb {
	const char *name;
	const char *operands; /* for the help: "RECIPE" */
	size_t min_operands, max_operands;
	bool takes_rest;
	const char *summary; /* one line */
	const char *text;    /* the rest of the help */
	const struct cli_option *options; /* ends with a NULL name */
	int (*run)(struct cli *c, struct ingot_err *err);
};

extern const struct cli_verb *const cli_verbs[]; /* ends with NULL */
extern const struct cli_option cli_common[];

/* options.c: argv behind the verb into *c. */
int cli_parse(struct cli *c, int argc, char *const *argv, struct ingot_err *err) INGOT_MUST_USE;
bool cli_has(const struct cli *c, const char *option);
const char *cli_value(const struct cli *c, const char *option); /* the last one given, or NULL */
size_t cli_values(const struct cli *c, const char *option, const char **ret, size_t max);
int cli_number(const struct cli *c, const char *option, uint64_t max, uint64_t *inout, struct ingot_err *err) INGOT_MUST_USE;

/* sink.c */
int cli_sink_open(struct cli *c, struct ingot_err *err) INGOT_MUST_USE;
void cli_sink_close(struct cli_sink *s); /* takes the status line off the screen */
void cli_show_error(struct cli_sink *s, const struct ingot_err *err);
/* A finding, where machines read along: an event of --progress json, an annotation of GITHUB_ACTIONS. file may be NULL. */
void cli_annotate(struct cli_sink *s, enum ingot_severity severity, const char *file, struct ingot_place at, const char *text);

/* findings.c. recipe, image: as the user named them; a build has no image yet that could be named. */
struct ingot_report cli_report(const struct cli *c, const struct ingot_judgement *j, const char *recipe, const char *image);
void cli_show_findings(struct cli *c, const struct ingot_report *r); /* for machines that read along */
void cli_tell_findings(struct cli *c, const struct ingot_report *r); /* the same, and as text on stderr; nothing when there is nothing to tell */
int cli_report_file(const char *path, const struct ingot_report *r, enum ingot_report_format format, struct ingot_err *err) INGOT_MUST_USE;
int cli_report_format(const struct cli *c, const char *option, enum ingot_report_format *ret, struct ingot_err *err) INGOT_MUST_USE;

/* help.c */
void cli_usage(FILE *out);
void cli_help(FILE *out, const struct cli_verb *v);
const struct cli_verb *cli_find_verb(const char *name);

/* shared.c: what several verbs ask for in the same words */
#define CLI_PLATFORM { "platform", 0, "OS/ARCH[/VARIANT]", "which of an image's platforms (default: this host's, where there are several)" }
#define CLI_IMAGE_TEXT                                                                                                                              \
	"\nIMAGE is a file or directory of ingot or of another builder, or oci:DIR[:NAME], oci-archive:FILE[:NAME],\n"                             \
	"docker-archive:FILE[:NAME:TAG]. In place of NAME, @N is the N-th image, from 0; behind any of them @sha256:DIGEST\n"                       \
	"is the manifest, or in an archive of docker the image's id."
int cli_open_store(const struct cli *c, struct ingot_store **ret, struct ingot_err *err) INGOT_MUST_USE;
enum cli_format { CLI_TEXT, CLI_JSON, CLI_MTREE };
int cli_format(const struct cli *c, bool mtree, enum cli_format *ret, struct ingot_err *err) INGOT_MUST_USE;
/* --isolation, or the configuration's line: auto or full. */
int cli_isolation(const struct cli *c, bool *ret_full, struct ingot_err *err) INGOT_MUST_USE;
/* --seccomp-profile FILE from what the tests of an image did. */
int cli_write_profile(const struct cli *c, const uint8_t *calls, struct ingot_err *err) INGOT_MUST_USE;
/* The passphrase of a key: --passphrase-file, INGOT_PASSPHRASE, COSIGN_PASSWORD, or asked on the terminal (twice where confirm is set).
 * *ret is NULL when there is none. Freed by the caller with cli_forget(). */
int cli_passphrase(const struct cli *c, bool confirm, char **ret, struct ingot_err *err) INGOT_MUST_USE;
void cli_forget(char **secret);
/* "12.3 MiB" */
const char *cli_size(uint64_t bytes, char ret[32]);
/* From --mirror, --proxy and the host: where packages come from. */
struct ingot_mirrors;
int cli_mirrors(const struct cli *c, struct ingot_mirrors **ret, struct ingot_err *err) INGOT_MUST_USE;
/* A name as it is, or in base64 under another key when it is no UTF-8. */
struct ingot_json;
void cli_json_name(struct ingot_json *j, const char *key, const char *key64, struct ingot_span s);
/* Write a result to stdout; a failure to do so is an error of the verb. */
int cli_print(const struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
/* size.c. The image is loaded with its tree. */
struct ingot_loaded;
int cli_print_size(struct ingot_store *store, const struct ingot_loaded *l, enum cli_format format, struct ingot_err *err) INGOT_MUST_USE;
