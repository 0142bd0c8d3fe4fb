/* Private keys. A program that reads or writes them has the words, too: a key is where its base64 follows. */
#include "secret.h"
#include <ingot/escape.h>
#include <string.h>

#define MIN_LINE 48 /* of base64 in one piece: the shortest key (Ed25519, PKCS #8) has 64 characters */
#define MAX_LABEL 48
#define MAX_HEADER 256 /* a line of 64 characters by RFC 1421; comments are longer */

static bool starts(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);
	return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

/* Between the lines of a key, in a file, a JSON string, a program's source or indented YAML. */
static const char *skip_gap(const char *p, const char *end)
{
	for (int i = 0; i < 64 && p < end; i++) {
		if (*p == '\\' && end - p > 1 && (p[1] == 'n' || p[1] == 'r'))
			p += 2;
		else if (memchr(" \t\r\n\"'+,\\;", *p, 10))
			p++;
		else
			break;
	}
	return p;
}

/* Header lines (RFC 1421 section 4.6, RFC 4880 section 6.2) before the base64. */
static const char *skip_headers(const char *p, const char *end, unsigned *flags)
{
	for (int i = 0; i < 8; i++) {
		size_t name = 0;
		while (p + name < end && (secret_in(CLASS_ALNUM, p[name]) || p[name] == '-') && name < 40)
			name++;
		if (!name || p + name + 1 >= end || p[name] != ':' || p[name + 1] != ' ')
			break;
		const char *line = p;
		while (p < end && p - line < MAX_HEADER && *p != '\n' && !starts(p, end, "\\n"))
			p++;
		if (memmem(line, (size_t)(p - line), "ENCRYPTED", 9))
			*flags |= INGOT_S_ENCRYPTED;
		p = skip_gap(p, end);
	}
	return p;
}

/* The base64 behind the line whose dashes begin at p, or nothing. */
static struct ingot_span body(struct sight *s, const char *p, size_t dashes)
{
	struct ingot_span none = { NULL, 0 };
	if ((size_t)(s->end - p) < dashes || memcmp(p, "-----", dashes) != 0)
		return none;
	p = skip_headers(skip_gap(p + dashes, s->end), s->end, &s->flags);
	struct ingot_span run = { p, secret_run(CLASS_BASE64, p, s->end, SECRET_REACH) };
	/* Documentation goes on with dots. */
	const char *next = skip_gap(p + run.n, s->end);
	if (next < s->end && !secret_in(CLASS_BASE64, *next) && *next != '-' && *next != '=')
		return none;
	return run.n < MIN_LINE || secret_made_up((struct ingot_span){ p + 8, 40 }) ? none : run;
}

static bool open_line(struct sight *s)
{
	if (s->at - s->begin < 5 || memcmp(s->at - 5, "-----", 5) != 0)
		return false;
	s->at -= 5;
	return true;
}

bool secret_pem(struct sight *s, struct ingot_span run)
{
	const char *label = s->after;
	/* SSH's own form, RFC 4716: four dashes and a blank. */
	bool ssh2 = starts(label, s->end, "SSH2 ENCRYPTED PRIVATE KEY ----") && s->at - s->begin >= 5 && memcmp(s->at - 5, "---- ", 5) == 0;
	size_t n = 0;
	while (label + n < s->end && n < MAX_LABEL && (secret_in(CLASS_ALNUM, label[n]) || label[n] == ' '))
		n++;
	struct ingot_span name = { label, n - (ssh2 && n) };
	if (ssh2)
		s->at -= 5;
	else if (!open_line(s))
		return false;
	if (!ingot_span_ends(name, "PRIVATE KEY"))
		return false;
	if (ingot_span_starts(name, "ENCRYPTED ") || ssh2)
		s->flags |= INGOT_S_ENCRYPTED;
	struct ingot_span text = body(s, label + n, ssh2 ? 4 : 5);
	/* A DER sequence, whose first six bits are an M; but an encrypted old-style key is noise, and SSH2's begins with its own magic (P2). */
	return text.n && (text.p[0] == 'M' || (s->flags & INGOT_S_ENCRYPTED));
}

bool secret_openssh(struct sight *s, struct ingot_span run)
{
	static const char magic[] = "b3BlbnNzaC1rZXktdjE", plain[] = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"; /* "openssh-key-v1", and the cipher "none" (PROTOCOL.key) */
	if (!open_line(s) || !starts(s->after, s->end, " PRIVATE KEY-----"))
		return false;
	struct ingot_span text = body(s, s->after + strlen(" PRIVATE KEY"), 5);
	if (!text.n || !starts(text.p, s->end, magic))
		return false;
	if (!starts(text.p, s->end, plain))
		s->flags |= INGOT_S_ENCRYPTED;
	return true;
}

bool secret_pgp(struct sight *s, struct ingot_span run)
{
	if (!open_line(s) || !starts(s->after, s->end, " PRIVATE KEY BLOCK-----"))
		return false;
	struct ingot_span text = body(s, s->after + strlen(" PRIVATE KEY BLOCK"), 5);
	/* A secret-key packet, tag 5 in the old or the new form (RFC 4880 section 4.2). Whether it is sealed stands deeper in it. */
	return text.n && (text.p[0] == 'l' || text.p[0] == 'x');
}

bool secret_putty(struct sight *s, struct ingot_span run)
{
	static const char word[] = "\nEncryption: ";
	for (const char *p = s->after; p < s->end && p - s->after < 256 && ((unsigned char)*p >= ' ' || *p == '\n' || *p == '\r'); p++)
		if (starts(p, s->end, word)) {
			s->flags = starts(p + strlen(word), s->end, "none") ? 0 : INGOT_S_ENCRYPTED;
			return true;
		}
	return false;
}

/* The same once more in base64: client-key-data of a kubeconfig, tls.key of a Kubernetes secret. */
bool secret_pem_base64(struct sight *s, struct ingot_span run)
{
	struct ingot_buf out = INGOT_BUF(64);
	size_t n = secret_run(CLASS_BASE64, s->at, s->end, 96);
	bool key = false;
	if (n >= 96) {
		key = ingot_unbase64(&out, (struct ingot_span){ s->at, 64 }) == 0 && out.n && memmem(out.p, out.n, "PRIVATE KEY-----", 16) != NULL;
		if (key && memmem(out.p, out.n, "ENCRYPTED", 9))
			s->flags |= INGOT_S_ENCRYPTED;
	}
	ingot_buf_done(&out);
	return key;
}
