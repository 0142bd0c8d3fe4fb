/* Tokens and passwords whose form a row of the table cannot say alone. */
#include "secret.h"
#include <ingot/escape.h>
#include <string.h>

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Over a quote, blanks, one = or :, blanks and a quote: to where the value of an assignment begins, or NULL. */
static const char *value_of(const char *p, const char *end, char *ret_quote)
{
	if (p < end && (*p == '"' || *p == '\''))
		p++;
	while (p < end && blank(*p))
		p++;
	if (p == end || (*p != '=' && *p != ':'))
		return NULL;
	p++;
	while (p < end && blank(*p))
		p++;
	*ret_quote = p < end && (*p == '"' || *p == '\'') ? *p++ : '\0';
	return p;
}

/* A value of exactly n of the class. */
static bool assigned(struct sight *s, enum secret_class c, size_t min, size_t max)
{
	char quote;
	const char *p = value_of(s->after, s->end, &quote);
	size_t n = p ? secret_run(c, p, s->end, max) : 0;
	return n >= min && n <= max && (!quote || (p + n < s->end && p[n] == quote)) && !secret_made_up((struct ingot_span){ p, n });
}

bool secret_aws(struct sight *s, struct ingot_span run)
{
	return assigned(s, CLASS_BASE64, 40, 40);
}

bool secret_gcp(struct sight *s, struct ingot_span run)
{
	return assigned(s, CLASS_HEX, 40, 40);
}

bool secret_npm(struct sight *s, struct ingot_span run)
{
	if (s->at > s->begin && secret_in(CLASS_TOKEN, s->at[-1]))
		return false;
	return assigned(s, CLASS_TOKEN, 20, 1000);
}

bool secret_azure(struct sight *s, struct ingot_span run)
{
	/* Everybody has the storage emulator's key. */
	return run.p + run.n < s->end && run.p[run.n] == '=' && !ingot_span_starts(run, "Eby8vdM02x");
}

bool secret_slack(struct sight *s, struct ingot_span run)
{
	size_t n = secret_run(CLASS_DIGIT, run.p, run.p + run.n, run.n);
	return n >= 8 && run.n >= n + 9 && run.p[n] == '-';
}

bool secret_slack_hook(struct sight *s, struct ingot_span run)
{
	static const struct {
		size_t min, max;
	} parts[] = { { 7, 12 }, { 8, 13 }, { 20, 26 } };
	const char *p = s->after;
	for (size_t i = 0; i < 3; i++) {
		size_t n = secret_run(CLASS_ALNUM, p, s->end, parts[i].max);
		if (n < parts[i].min || n > parts[i].max || (i < 2 && (p + n == s->end || p[n] != '/')))
			return false;
		if (i == 2)
			return !secret_made_up((struct ingot_span){ p, n });
		p += n + 1;
	}
	return false;
}

bool secret_github_pat(struct sight *s, struct ingot_span run)
{
	size_t n = secret_run(CLASS_ALNUM, s->after, s->end, 22);
	const char *rest = s->after + n + 1;
	return n == 22 && rest < s->end && rest[-1] == '_' && secret_run(CLASS_ALNUM, rest, s->end, 59) == 59 && !secret_made_up((struct ingot_span){ rest, 59 });
}

bool secret_sendgrid(struct sight *s, struct ingot_span run)
{
	const char *p = run.p + run.n;
	return p < s->end && *p == '.' && secret_run(CLASS_URL, p + 1, s->end, 43) == 43;
}

bool secret_openai(struct sight *s, struct ingot_span run)
{
	size_t before = 0;
	while (s->at - s->begin > (ptrdiff_t)before && before < SECRET_BACK && secret_in(CLASS_URL, s->at[-1 - (ptrdiff_t)before]))
		before++;
	if (before < 23 || secret_run(CLASS_URL, s->after, s->end, 20) < 20)
		return false;
	/* The longer form begins further back than we look. */
	if (memcmp(s->at - before, "sk-", 3) != 0 && before < SECRET_BACK)
		return false;
	s->at -= before;
	return true;
}

/* {"auths": {"registry": {"auth": "base64 of user:password"}}} */
bool secret_docker(struct sight *s, struct ingot_span run)
{
	char quote;
	struct ingot_buf out = INGOT_BUF(1024);
	const char *p = value_of(s->after, s->end, &quote), *end = p && quote ? memchr(p, quote, s->end - p > 1025 ? 1025 : (size_t)(s->end - p)) : NULL;
	bool login = false;
	if (end && end - p >= 8 && end - p <= 1024 && ingot_unbase64(&out, (struct ingot_span){ p, (size_t)(end - p) }) == 0) {
		const char *colon = memchr(out.p, ':', out.n);
		login = colon && colon > out.p && (size_t)(colon + 1 - out.p) < out.n;
		for (size_t i = 0; i < out.n; i++)
			login = login && out.p[i] > ' ' && out.p[i] < 0x7f;
	}
	ingot_buf_done(&out);
	return login;
}

static struct ingot_span next_word(const char **p, const char *end)
{
	while (*p < end && memchr(" \t\r\n", **p, 4))
		(*p)++;
	struct ingot_span word = { *p, 0 };
	while (*p < end && (unsigned char)**p > ' ' && (unsigned char)**p < 0x7f) {
		(*p)++;
		word.n++;
	}
	return word;
}

/* machine HOST login NAME password PASSWORD, in this order or with account between. */
bool secret_netrc(struct sight *s, struct ingot_span run)
{
	const char *p = s->after;
	if ((s->at > s->begin && s->at[-1] != '\n' && !blank(s->at[-1])) || p == s->end || !memchr(" \t\n", *p, 3))
		return false;
	struct ingot_span host = next_word(&p, s->end);
	if (!ingot_span_has(host, '.') && !ingot_span_is(host, "localhost"))
		return false;
	for (int i = 0; i < 3; i++) {
		struct ingot_span key = next_word(&p, s->end), value = next_word(&p, s->end);
		if (ingot_span_is(key, "password"))
			return value.n >= 4 && !strchr("<${[", value.p[0]) && !secret_made_up(value);
		if (!ingot_span_is(key, "login") && !ingot_span_is(key, "account"))
			return false;
	}
	return false;
}

/* base64 for URLs, as far as there are whole groups, into a NUL-terminated text. */
static void unbase64_url(const char *p, size_t n, char *out, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned bits = 0, have = 0;
	size_t k = 0;
	for (size_t i = 0; i < n && k + 1 < size; i++) {
		const char *d = strchr(digits, p[i]);
		bits = bits << 6 | (d ? (unsigned)(d - digits) : 0);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[k++] = (char)(bits >> have & 0xff);
	}
	out[k] = '\0';
}

/* Three parts; the first is an object with "alg", and the second goes to claims. */
static bool token(const struct sight *s, char *claims, size_t size)
{
	char header[512];
	const char *p = s->at;
	size_t n[3];
	if (s->at > s->begin && secret_in(CLASS_TOKEN, s->at[-1]) && s->at[-1] != '=')
		return false;
	for (int i = 0; i < 3; i++) {
		n[i] = secret_run(CLASS_URL, p, s->end, SECRET_REACH);
		if (n[i] < 16 || (i < 2 && (p + n[i] >= s->end || p[n[i]] != '.')))
			return false;
		p += n[i] + 1;
	}
	unbase64_url(s->at, n[0], header, sizeof(header));
	unbase64_url(s->at + n[0] + 1, n[1], claims, size);
	return strstr(header, "\"alg\"") && claims[0] == '{';
}

bool secret_kube(struct sight *s, struct ingot_span run)
{
	char claims[2048];
	return token(s, claims, sizeof(claims)) && (strstr(claims, "kubernetes.io") || strstr(claims, "\"kubernetes/serviceaccount\""));
}

bool secret_jwt(struct sight *s, struct ingot_span run)
{
	char claims[2048];
	return token(s, claims, sizeof(claims));
}

/* Words that stand for a password, alone or as a part of it. */
static bool stands_for_one(struct ingot_span v)
{
	static const char *const words[] = { "pass", "pwd", "secret", "token", "user", "foo", "bar", "test", "null", "none", "true", "false", "default", "***", "hunter2", "name", "key", "demo", "sample", "dummy" };
	for (size_t i = 0; i < v.n; i++)
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (v.n - i >= strlen(words[k]) && strncasecmp(v.p + i, words[k], strlen(words[k])) == 0)
				return true;
	return false;
}

/* scheme://user:password@host */
bool secret_url(struct sight *s, struct ingot_span run)
{
	const char *p = s->after;
	size_t user = 0, word = 0;
	while (p + user < s->end && user < 64 && (secret_in(CLASS_URL, p[user]) || p[user] == '.' || p[user] == '%'))
		user++;
	p += user;
	if (!user || p == s->end || *p++ != ':')
		return false;
	while (p + word < s->end && word < 128 && (unsigned char)p[word] > ' ' && (unsigned char)p[word] < 0x7f && !strchr("/@\"'<>{}$\\[]()|`", p[word]))
		word++;
	struct ingot_span password = { p, word };
	p += word;
	return word >= 6 && s->end - p >= 2 && *p == '@' && secret_in(CLASS_ALNUM, p[1]) && !secret_made_up(password) && !stands_for_one(password);
}

/* A name that ends in such a word, and a value that could be nothing else: no blanks, no syntax, letters and digits. */
bool secret_password(struct sight *s, struct ingot_span run)
{
	char quote;
	const char *p = value_of(s->after, s->end, &quote);
	size_t n = 0;
	bool digit = false, letter = false;
	if (!p)
		return false;
	while (p + n < s->end && n <= 64 && (unsigned char)p[n] > ' ' && (unsigned char)p[n] < 0x7f && p[n] != quote && !strchr("\"'()<>{}[]$%&;,|\\`*", p[n])) {
		digit = digit || secret_in(CLASS_DIGIT, p[n]);
		letter = letter || (secret_in(CLASS_ALNUM, p[n]) && !secret_in(CLASS_DIGIT, p[n]));
		n++;
	}
	/* To its quote, or to the end of the line. */
	bool whole = quote ? p + n < s->end && p[n] == quote : p + n == s->end || p[n] == '\n' || p[n] == '\r';
	struct ingot_span value = { p, n };
	return n >= 8 && n <= 64 && digit && letter && whole && !secret_made_up(value) && !stands_for_one(value);
}
