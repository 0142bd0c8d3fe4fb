#include "names.h"
#include <ctype.h>

static bool same_letter(char a, char b)
{
	return toupper((unsigned char)a) == b || (a == '-' && b == '_') || (a == '.' && b == '_');
}

/* Case aside, and "-" and "." as "_". The word is in upper case. */
static bool holds(struct ingot_span s, const char *word)
{
	size_t n = strlen(word), k = 0;
	for (size_t i = 0; i + n <= s.n; i++) {
		for (k = 0; k < n && same_letter(s.p[i + k], word[k]);)
			k++;
		if (k == n)
			return true;
	}
	return false;
}

static bool ends(struct ingot_span s, const char *word)
{
	size_t n = strlen(word);
	return s.n >= n && holds(ingot_span_from(s, s.n - n), word);
}

bool secret_name(struct ingot_span name)
{
	static const char *const words[] = { "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "AUTH_KEY", "ENCRYPTION_KEY", "SIGNING_KEY", "MASTER_KEY", "CREDENTIAL" };
	/* Where it is, whose it is, or how it is: not what it is. */
	static const char *const about[] = { "_FILE", "_PATH", "_DIR", "_URL", "_URI", "_HOST", "_NAME", "_USER", "_ID", "_TTL", "_EXPIRY", "_EXPIRES", "_LIFETIME", "_ENABLED", "_LENGTH", "_TYPE", "_ALGORITHM", "_ALG",
					     "_ISSUER", "_AUDIENCE", "_HEADER", "_ENCRYPTION", "_POLICY", "_PREFIX", "_VERSION", "_COMMAND", "_STORE", "_LIMIT", "TOKENIZERS_PARALLELISM" };
	if (name.n > 255)
		return false;
	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++)
		if (ends(name, about[i]))
			return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (holds(name, words[i]))
			return true;
	return ends(name, "_PWD") || ends(name, "_PASS");
}

enum set { UPPER, WORD, DOTTED }; /* of what the rest consists: upper case and digits; letters, digits, _ and -; these and dots */

static bool in_set(char c, enum set set)
{
	bool digit = c >= '0' && c <= '9', upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
	if (set == UPPER)
		return digit || upper;
	return digit || upper || lower || c == '_' || c == '-' || (set == DOTTED && c == '.');
}

/* As their makers document them, with prefixes made to be found. */
static const struct {
	const char *prefix;
	size_t least; /* characters behind it */
	enum set set;
	const char *is;
} forms[] = {
	{ "AKIA", 16, UPPER, "an AWS access key id" },
	{ "ASIA", 16, UPPER, "an AWS access key id" },
	{ "AIza", 35, WORD, "a Google API key" },
	{ "ghp_", 36, WORD, "a GitHub token" },
	{ "gho_", 36, WORD, "a GitHub token" },
	{ "ghu_", 36, WORD, "a GitHub token" },
	{ "ghs_", 36, WORD, "a GitHub token" },
	{ "ghr_", 36, WORD, "a GitHub token" },
	{ "github_pat_", 36, WORD, "a GitHub token" },
	{ "glpat-", 20, WORD, "a GitLab token" },
	{ "xoxb-", 20, WORD, "a Slack token" },
	{ "xoxp-", 20, WORD, "a Slack token" },
	{ "xoxa-", 20, WORD, "a Slack token" },
	{ "npm_", 36, WORD, "an npm token" },
	{ "pypi-AgE", 50, WORD, "a PyPI token" },
	{ "dckr_pat_", 20, WORD, "a Docker Hub token" },
	{ "sk_live_", 20, WORD, "a Stripe key" },
	{ "rk_live_", 20, WORD, "a Stripe key" },
	{ "SG.", 60, DOTTED, "a SendGrid key" },
	{ "hvs.", 24, WORD, "a Vault token" },
	{ "hf_", 34, WORD, "a Hugging Face token" },
	{ "sk-ant-", 40, WORD, "an Anthropic key" },
	{ "dop_v1_", 60, WORD, "a DigitalOcean token" },
	{ "AGE-SECRET-KEY-1", 50, UPPER, "an age key" },
};

static const char *form_at(struct ingot_span rest)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = strlen(forms[i].prefix), k = n;
		if (!ingot_span_starts(rest, forms[i].prefix))
			continue;
		while (k < rest.n && in_set(rest.p[k], forms[i].set))
			k++;
		/* AWS ids have one length: what goes on is something else. */
		if (k - n >= forms[i].least && (forms[i].set != UPPER || forms[i].least > 16 || k - n == forms[i].least))
			return forms[i].is;
	}
	return NULL;
}

/* "scheme://user:password@host", unless the password is a variable. */
static bool url_password(struct ingot_span s)
{
	const char *at = s.n ? memmem(s.p, s.n, "://", 3) : NULL;
	if (!at)
		return false;
	struct ingot_span rest = ingot_span_from(s, (size_t)(at - s.p) + 3);
	size_t colon = 0;
	for (size_t i = 0; i < rest.n; i++) {
		char c = rest.p[i];
		if (c == ':' && !colon)
			colon = i;
		else if (c == '@')
			return colon && i > colon + 1 && rest.p[colon + 1] != '$' && rest.p[colon + 1] != '{' && rest.p[colon + 1] != '<';
		else if (c == '/' || c == ' ' || c == '"' || c == '\'' || c == '\n')
			return false;
	}
	return false;
}

const char *secret_value(struct ingot_span text)
{
	if (text.n && memmem(text.p, text.n, "-----BEGIN ", 11) && memmem(text.p, text.n, "PRIVATE KEY", 11))
		return "a private key";
	for (size_t i = 0; i < text.n; i++) {
		const char *is = i && in_set(text.p[i - 1], WORD) ? NULL : form_at(ingot_span_from(text, i));
		if (is)
			return is;
	}
	return url_password(text) ? "a password in a URL" : NULL;
}

bool weak_password(struct ingot_span value)
{
	static const char *const words[] = { "ROOT", "TOOR", "ADMIN", "ADMINISTRATOR", "PASSWORD", "PASSW0RD", "PASSWD", "PASS", "SECRET", "TEST", "GUEST", "USER", "DEFAULT", "DEMO", "EXAMPLE", "CHANGEME", "CHANGE_ME",
					     "CHANGEIT", "CHANGE_THIS", "LETMEIN", "WELCOME", "QWERTY", "MONKEY", "DRAGON", "MASTER", "POSTGRES", "MYSQL", "MARIADB", "REDIS", "MONGO", "MONGODB", "RABBITMQ", "ELASTIC", "MINIO",
					     "MINIOADMIN", "GRAFANA", "JENKINS", "TOMCAT", "ORACLE", "VAGRANT", "DOCKER", "KUBERNETES", "SUPERSECRET", "MYSECRETPASSWORD", "PASSWORD1", "PASSWORD123", "ADMIN123", "ABC123", "SA", "DB" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (value.n == strlen(words[i]) && holds(value, words[i]))
			return true;
	bool digits = value.n > 0;
	for (size_t i = 0; i < value.n; i++)
		digits &= value.p[i] >= '0' && value.p[i] <= '9';
	return digits || (value.n && value.n < 8);
}

bool no_secret(struct ingot_span value)
{
	static const char *const words[] = { "TRUE", "FALSE", "YES", "NO", "ON", "OFF", "0", "1", "NONE", "NULL", "FILE" };
	if (!value.n || value.p[0] == '$' || value.p[0] == '/' || value.p[0] == '<' || ingot_span_starts(value, "file:") || ingot_span_starts(value, "{{"))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (value.n == strlen(words[i]) && holds(value, words[i]))
			return true;
	return false;
}
