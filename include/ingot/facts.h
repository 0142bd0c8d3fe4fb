/* facts.h - what the contents of a tree are: programs, libraries, scripts, data; how they were hardened; which secrets lie in them.
 *
 * The bytes are foreign, so they are looked at in ingot-decode, whose every answer is checked for its form here, and hashed meanwhile by the
 * coordinator: a damaged content is set aside and reported, never judged. A fact is about a content, whatever its name, owner and mode are; what it
 * means in an image is the rules' business.
 *
 * What was found out is kept in the store: once a tree, and once a pack for other trees that take from it. A content that lies in no pack is looked at
 * again with every new tree. No record keeps a content alive.
 *
 * Secrets are found by their form, in bytes as they are and in base64 of PEM; not in what is compressed or encrypted.
 */
#pragma once
#include <ingot/log.h>
#include <ingot/store.h>
#include <ingot/tree.h>

enum ingot_content_kind {
	INGOT_C_DATA,         /* none of the others: text, pictures, and source code without a #! line */
	INGOT_C_ELF_PROGRAM,  /* can be executed: ET_EXEC, or ET_DYN with an interpreter or as static PIE, and no DT_SONAME */
	INGOT_C_ELF_SHARED,   /* any other ET_DYN */
	INGOT_C_ELF_OTHER,    /* an object file, a kernel module, a core; or an ELF header of which nothing more can be said */
	INGOT_C_SCRIPT,       /* begins with #! */
	INGOT_C_BYTECODE,     /* compiled Python, Lua, Erlang, Emacs Lisp, Guile */
	INGOT_C_ARCHIVE_CODE, /* a class file, WebAssembly, a zip file with code in it (jar, wheel, zipapp) */
	INGOT_C_PE,           /* a .NET assembly or a Windows program */
	INGOT_C_AR,           /* an ar archive: a static library, a package */
	INGOT_CONTENT_KINDS
};
const char *ingot_content_words(enum ingot_content_kind k); /* "an ELF program", for messages */

/* of ELF_PROGRAM and ELF_SHARED only, but DAMAGED */
#define INGOT_F_PIE (1U << 0)
#define INGOT_F_RELRO (1U << 1)     /* PT_GNU_RELRO; full RELRO is this and BIND_NOW */
#define INGOT_F_BIND_NOW (1U << 2)
/* Names __stack_chk_fail. A program without a function that needs a canary does not, and a static one does because of its libc. */
#define INGOT_F_CANARY (1U << 3)
#define INGOT_F_EXECSTACK (1U << 4) /* PT_GNU_STACK is missing, or says so */
#define INGOT_F_TEXTREL (1U << 5)
#define INGOT_F_STATIC (1U << 6)    /* a program that needs neither interpreter nor library */
#define INGOT_F_FORTIFY (1U << 7)   /* names a checked function (__memcpy_chk ...) */
#define INGOT_F_STRIPPED (1U << 8)  /* no .symtab */
#define INGOT_F_RPATH (1U << 9)     /* runpath is (also) of DT_RPATH, which LD_LIBRARY_PATH cannot override */
#define INGOT_F_32BIT (1U << 10)
#define INGOT_F_BIG_ENDIAN (1U << 11)
#define INGOT_F_WRITABLE_CODE (1U << 12) /* has an executable and writable PT_LOAD */
/* Of any kind: cut short or contradictory, so that kernel, dynamic loader and we may read it differently. What is said beside it is as far as we got. */
#define INGOT_F_DAMAGED (1U << 13)
#define INGOT_F_MORE_SECRETS (1U << 14) /* than INGOT_MAX_FOUND */
#define INGOT_F_NOT_SEARCHED (1U << 15) /* for secrets, beyond INGOT_MAX_SEARCHED */
#define INGOT_F_ALL ((1U << 16) - 1)

/* KIND(NAME, id, what, hint): hint: it may well be none; a rule should not fail a build for it alone. */
#define INGOT_SECRET_KINDS(KIND)                                                                \
	KIND(PEM_KEY, "private-key", "a private key (PEM)", false)                              \
	KIND(SSH_KEY, "ssh-key", "an OpenSSH private key", false)                               \
	KIND(PGP_KEY, "pgp-key", "a PGP private key block", false)                              \
	KIND(PUTTY_KEY, "putty-key", "a PuTTY private key", false)                              \
	KIND(AGE_KEY, "age-key", "an age secret key", false)                                    \
	KIND(PEM_BASE64, "private-key-base64", "a private key (PEM in base64)", false)          \
	KIND(AWS_ID, "aws-access-key-id", "an AWS access key id", false)                        \
	KIND(AWS_SECRET, "aws-secret-key", "an AWS secret access key", false)                   \
	KIND(GCP_ACCOUNT, "gcp-service-account", "a Google service account key", false)         \
	KIND(GOOGLE_API, "google-api-key", "a Google API key", false)                           \
	KIND(AZURE_KEY, "azure-key", "an Azure connection string with its key", false)          \
	KIND(GITHUB, "github-token", "a GitHub token", false)                                   \
	KIND(GITLAB, "gitlab-token", "a GitLab token", false)                                   \
	KIND(SLACK, "slack-token", "a Slack token", false)                                      \
	KIND(NPM, "npm-token", "an npm token", false)                                           \
	KIND(PYPI, "pypi-token", "a PyPI token", false)                                         \
	KIND(DOCKER_AUTH, "docker-auth", "a registry login (Docker config)", false)             \
	KIND(DOCKER_HUB, "docker-hub-token", "a Docker Hub token", false)                       \
	KIND(NETRC, "netrc", "a password in the form of .netrc", false)                         \
	KIND(STRIPE, "stripe-key", "a Stripe live key", false)                                  \
	KIND(SENDGRID, "sendgrid-key", "a SendGrid key", false)                                 \
	KIND(KUBE_TOKEN, "kubernetes-token", "a Kubernetes service account token", false)       \
	KIND(VAULT, "vault-token", "a Vault token", false)                                      \
	KIND(CLOUD, "cloud-token", "an API token (DigitalOcean, Hugging Face, Anthropic, OpenAI, RubyGems, Shopify)", false) \
	KIND(TWILIO, "twilio-key", "what looks like a Twilio key", true)                        \
	KIND(JWT, "jwt", "a signed token (JWT)", true)                                          \
	KIND(URL_PASSWORD, "url-password", "a password in a URL", true)                         \
	KIND(PASSWORD, "password", "what looks like the assignment of a password", true)

enum ingot_secret_what {
	INGOT_S_NONE,
#define INGOT_S_(NAME, id, what, hint) INGOT_S_##NAME,
	INGOT_SECRET_KINDS(INGOT_S_)
#undef INGOT_S_
	INGOT_SECRET_WHATS
};
const char *ingot_secret_id(enum ingot_secret_what w);    /* "private-key": for rules, allow: entries and reports */
const char *ingot_secret_words(enum ingot_secret_what w); /* "a private key (PEM)" */
bool ingot_secret_is_hint(enum ingot_secret_what w);

#define INGOT_S_ENCRYPTED 1U /* it is sealed with a passphrase */

struct ingot_secret_found {
	enum ingot_secret_what what;
	unsigned flags;
	uint64_t offset; /* of its first byte in the content. The bytes themselves are never kept */
};

/* NULL where there is none. All text is foreign: as the file spells it, without NUL, to be escaped where it is shown. */
struct ingot_fact {
	enum ingot_content_kind kind;
	unsigned flags;           /* INGOT_F_ */
	unsigned machine;         /* of ELF: e_machine (62 x86-64, 183 AArch64), else 0 */
	const char *interpreter;  /* the program of a #! line, or PT_INTERP */
	const char *argument;     /* the rest of a #! line */
	const char *runpath;      /* DT_RPATH and DT_RUNPATH, joined by ':' */
	const char *needed;       /* DT_NEEDED, joined by ':' */
	const struct ingot_secret_found *secrets; /* by offset */
	size_t n_secrets;
};

struct ingot_facts;
void ingot_facts_free(struct ingot_facts *f);
INGOT_CLEANUP(struct ingot_facts, ingot_facts_free)

/* Of all contents of t, which must be in the store (its packs in use): one that is missing or damaged is a failure that the next run mends (ingot_again). At
 * most `parallel` helpers at once. */
int ingot_facts_gather(struct ingot_store *s, const struct ingot_tree *t, unsigned parallel, const struct ingot_log *log, struct ingot_facts **ret, struct ingot_err *err) INGOT_MUST_USE;
/* NULL when the tree has no such content. Holds as long as f. */
const struct ingot_fact *ingot_facts_of(const struct ingot_facts *f, const struct ingot_digest *content);
/* How many contents were looked at for this, and how many helpers were started: 0 when all was known. */
size_t ingot_facts_looked_at(const struct ingot_facts *f);
size_t ingot_facts_helpers(const struct ingot_facts *f);
