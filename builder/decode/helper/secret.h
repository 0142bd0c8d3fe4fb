/* secret.h - secrets by their form: a table of beginnings, and for each what must follow. One pass, whatever their number. */
#pragma once
#include <ingot/facts.h>

/* How far around its anchor a secret is looked at: a Kubernetes token is some 1,200 bytes long, the header lines of a key at most a few hundred. */
#define SECRET_BACK ((size_t)64)
#define SECRET_REACH ((size_t)4096)

struct secret_search;
struct secret_search *secret_search_new(void);
void secret_search_free(struct secret_search *s);

/* Anchors in [from, upto) are reported; what they belong to may reach from begin to end. `at` is the position of `from` in the content. */
struct secret_text {
	const char *begin, *from, *upto, *end;
	uint64_t at;
};
typedef void (*secret_found)(void *ctx, enum ingot_secret_what what, unsigned flags, uint64_t at);
void secret_search(const struct secret_search *s, const struct secret_text *t, secret_found found, void *ctx);

/* --- the table --- */
enum secret_class {
	CLASS_ANY,
	CLASS_DIGIT,
	CLASS_HEX,    /* lower case */
	CLASS_ALNUM,
	CLASS_BASE32, /* RFC 4648, upper case */
	CLASS_BECH32, /* BIP 173, upper case */
	CLASS_BASE64,
	CLASS_URL,    /* base64 for URLs */
	CLASS_TOKEN   /* that, dots, and padding */
};
bool secret_in(enum secret_class c, char ch);

/* A place where an anchor was found. A check may move `at` to where the secret really begins, and say more in flags. */
struct sight {
	const char *begin, *at, *after, *end;
	unsigned flags;
};
struct secret_pattern {
	enum ingot_secret_what what;
	const char *anchor;      /* fewer than four bytes: followed by such of the class */
	enum secret_class class;
	unsigned min, max;       /* how many of the class follow, neither of it nor alphanumeric around it; min 0: the check says all */
	bool (*check)(struct sight *s, struct ingot_span run); /* NULL: nothing more */
};
extern const struct secret_pattern secret_patterns[];
extern const size_t secret_n_patterns;

/* Nobody's secret: a placeholder of documentation, or the same few characters again and again. */
bool secret_made_up(struct ingot_span s);
/* How many of the class there are at p; counted up to max + 1, so that a text made of anchors costs no more than any other. */
size_t secret_run(enum secret_class c, const char *p, const char *end, size_t max);
/* secret_keys.c, secret_words.c: what must follow, where a table row cannot say it. */
bool secret_pem(struct sight *s, struct ingot_span run);
bool secret_openssh(struct sight *s, struct ingot_span run);
bool secret_pgp(struct sight *s, struct ingot_span run);
bool secret_putty(struct sight *s, struct ingot_span run);
bool secret_pem_base64(struct sight *s, struct ingot_span run);
bool secret_aws(struct sight *s, struct ingot_span run);
bool secret_gcp(struct sight *s, struct ingot_span run);
bool secret_azure(struct sight *s, struct ingot_span run);
bool secret_slack(struct sight *s, struct ingot_span run);
bool secret_slack_hook(struct sight *s, struct ingot_span run);
bool secret_github_pat(struct sight *s, struct ingot_span run);
bool secret_npm(struct sight *s, struct ingot_span run);
bool secret_docker(struct sight *s, struct ingot_span run);
bool secret_netrc(struct sight *s, struct ingot_span run);
bool secret_sendgrid(struct sight *s, struct ingot_span run);
bool secret_jwt(struct sight *s, struct ingot_span run);
bool secret_kube(struct sight *s, struct ingot_span run);
bool secret_openai(struct sight *s, struct ingot_span run);
bool secret_url(struct sight *s, struct ingot_span run);
bool secret_password(struct sight *s, struct ingot_span run);
