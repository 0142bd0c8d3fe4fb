#include "cli.h"
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/json.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <ingot/mirror.h>
#include <ingot/utf8.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

int cli_open_store(const struct cli *c, struct ingot_store **ret, struct ingot_err *err)
{
	const char *path = cli_value(c, "store");
	return ingot_store_open(path ? path : c->settings->store, &c->log, ret, err);
}

int cli_format(const struct cli *c, bool mtree, enum cli_format *ret, struct ingot_err *err)
{
	const char *word = cli_value(c, "format");
	if (!word || strcmp(word, "text") == 0)
		*ret = CLI_TEXT;
	else if (strcmp(word, "json") == 0)
		*ret = CLI_JSON;
	else if (mtree && strcmp(word, "mtree") == 0)
		*ret = CLI_MTREE;
	else
		return ingot_fail(err, INGOT_E_INPUT, "--format is text or json%s, not '%s'", mtree ? " or mtree" : "", INGOT_SHOW(ingot_span_of(word)));
	return 0;
}

int cli_isolation(const struct cli *c, bool *ret_full, struct ingot_err *err)
{
	const char *how = cli_value(c, "isolation");
	how = how ? how : c->settings->isolation;
	if (how && strcmp(how, "auto") != 0 && strcmp(how, "full") != 0)
		return ingot_fail(err, INGOT_E_INPUT, "--isolation: '%s' is neither auto nor full", INGOT_SHOW(ingot_span_of(how)));
	*ret_full = how && strcmp(how, "full") == 0;
	return 0;
}

int cli_write_profile(const struct cli *c, const uint8_t *calls, struct ingot_err *err)
{
	const char *path = cli_value(c, "seccomp-profile");
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(KIB(64));
	ingot_step_profile(calls, &text);
	_cleanup_(ingot_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "%s", INGOT_SHOW(ingot_span_of(path)));
	return ingot_write_all(fd, text.p, text.n, err);
}

void cli_forget(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

/* One line, as an editor or echo writes it. What is not one line is no passphrase: cut at the first newline or NUL, it would be another one than its owner believes. */
static int one_line(const char *path, struct ingot_span text, char **ret, struct ingot_err *err)
{
	if (ingot_span_ends(text, "\n"))
		text.n--;
	if (ingot_span_ends(text, "\r"))
		text.n--;
	if (!text.n)
		return ingot_fail(err, INGOT_E_INPUT, "the passphrase's file %s is empty", INGOT_SHOW(ingot_span_of(path)));
	if (ingot_span_has(text, '\n') || ingot_span_has(text, '\0'))
		return ingot_fail(err, INGOT_E_INPUT, "the passphrase's file %s holds more than one line of text", INGOT_SHOW(ingot_span_of(path)));
	*ret = ingot_strf("%.*s", INGOT_SPAN_ARG(text));
	return 0;
}

static int from_file(const char *path, char **ret, struct ingot_err *err)
{
	struct ingot_buf b = INGOT_BUF(KIB(1));
	int r = ingot_read_file(path, KIB(1), &b, err);
	if (r < 0)
		(void)ingot_context(err, "the passphrase's file");
	else
		r = one_line(path, ingot_buf_view(&b), ret, err);
	if (b.p)
		explicit_bzero(b.p, b.cap);
	ingot_buf_done(&b);
	return r;
}

static int ask(const char *prompt, char **ret, struct ingot_err *err)
{
	struct termios was, quiet;
	if (tcgetattr(STDIN_FILENO, &was) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "the terminal");
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	(void)fputs(prompt, stderr);
	(void)fflush(stderr);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "the terminal");
	char line[1024];
	bool got = fgets(line, sizeof(line), stdin) != NULL;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	(void)fputc('\n', stderr);
	if (!got)
		return ingot_fail(err, INGOT_E_INPUT, "no passphrase was given");
	line[strcspn(line, "\n")] = '\0';
	*ret = ingot_strdup(line);
	explicit_bzero(line, sizeof(line));
	return 0;
}

int cli_passphrase(const struct cli *c, bool confirm, char **ret, struct ingot_err *err)
{
	const char *file = cli_value(c, "passphrase-file");
	if (file)
		return from_file(file, ret, err);
	const char *env = getenv("INGOT_PASSPHRASE");
	if (!env)
		env = getenv("COSIGN_PASSWORD");
	*ret = NULL;
	if (env) {
		*ret = *env ? ingot_strdup(env) : NULL;
		return 0;
	}
	/* Nothing is asked where nobody can answer. */
	if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1)
		return 0;
	_cleanup_(cli_forget) char *first = NULL, *second = NULL;
	ingot_pass(ask(confirm ? "passphrase for the new key (empty for none): " : "passphrase: ", &first, err));
	if (confirm) {
		ingot_pass(ask("once more: ", &second, err));
		if (strcmp(first, second) != 0)
			return ingot_fail(err, INGOT_E_INPUT, "the two passphrases differ");
	}
	if (*first)
		*ret = TAKE_PTR(first);
	return 0;
}

int cli_print(const struct ingot_buf *out, struct ingot_err *err)
{
	ingot_pass(ingot_buf_check(out, "the result", err));
	/* From here on a reader that has seen enough ends us as it ends every other program: nothing is left to be done. */
	(void)signal(SIGPIPE, SIG_DFL);
	if (out->n && fwrite(out->p, 1, out->n, stdout) != out->n)
		return ingot_fail_sys(err, INGOT_E_BUG, "writing the result");
	return 0;
}

static bool is_utf8(struct ingot_span s)
{
	uint32_t c;
	size_t n;
	for (; s.n; s.p += n, s.n -= n)
		if ((n = ingot_utf8_next(s, &c)) == 0)
			return false;
	return true;
}

void cli_json_name(struct ingot_json *j, const char *key, const char *key64, struct ingot_span s)
{
	if (is_utf8(s)) {
		ingot_json_span(j, key, s);
		return;
	}
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(65536);
	ingot_base64(&b, s.p, s.n);
	ingot_json_span(j, key64, ingot_buf_view(&b));
}

const char *cli_size(uint64_t bytes, char ret[32])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;
	double v = (double)bytes;
	while (v >= 1024 && unit < 4) {
		v /= 1024;
		unit++;
	}
	(void)snprintf(ret, 32, unit ? "%.1f %s" : "%.0f %s", v, units[unit]);
	return ret;
}

int cli_mirrors(const struct cli *c, struct ingot_mirrors **ret, struct ingot_err *err)
{
	const char *options[CLI_MAX_VALUES];
	const char *proxy = cli_value(c, "proxy");
	struct ingot_mirror_config config = {
		.options = options,
		.n_options = cli_values(c, "mirror", options, CLI_MAX_VALUES),
		.configured = c->settings->mirrors.v,
		.n_configured = c->settings->mirrors.n,
		.proxy = proxy ? proxy : c->settings->proxy ? c->settings->proxy : getenv("http_proxy"),
	};
	return ingot_mirrors_new(&config, &c->log, ret, err);
}
