/* recipe.h - the user's declaration, parsed and checked, immutable. Reference: docs/RECIPE.md; schema: ingot schema.
 *
 * Everything lives in the recipe's arena: pointers hold until ingot_recipe_free(). Optional strings are NULL when absent. Strings from a
 * recipe hold no NUL and are valid UTF-8. Each thing that can be wrong later keeps its place, for messages.
 */
#pragma once
#include <ingot/buf.h>
#include <ingot/digest.h>
#include <ingot/err.h>
#include <ingot/place.h>
#include <ingot/span.h>

struct ingot_strings {
	const char **v;
	const struct ingot_place *at; /* one a string */
	size_t n;
};

struct ingot_pair {
	const char *key, *value;
	struct ingot_place at;
};

struct ingot_pairs {
	struct ingot_pair *v;
	size_t n;
};

enum ingot_source_kind { INGOT_SRC_PACKAGES = 1, INGOT_SRC_FILES, INGOT_SRC_IMAGE, INGOT_SRC_FETCH };

struct ingot_source {
	const char *name;
	enum ingot_source_kind kind;
	struct ingot_place at;
	/* packages */
	const char *distribution; /* "debian" */
	struct ingot_strings suites;     /* default: bookworm, bookworm-updates, bookworm-security */
	struct ingot_strings components; /* default: main */
	/* files: root relative to the recipe's directory; include is an allow-list of globs (** crosses directories), exclude cuts from it */
	const char *root;
	struct ingot_strings include, exclude;
	/* image, fetch */
	const char *reference; /* image reference or URL */
	const char *verify;    /* path of a public key */
	const char *sha256;
	bool unpack;
};

/* packages: of a stage or of the image */
struct ingot_install {
	const char *from; /* a packages source; the only one, or the implied "debian", when not written. NULL: no packages */
	struct ingot_strings install;
	struct ingot_strings exclude; /* dependencies that are left out on purpose, with everything that only they needed */
	struct ingot_pairs skip_scripts; /* package -> why its scripts are not needed */
	bool configure;               /* run maintainer scripts in the sandbox */
	struct ingot_place at;
};

struct ingot_copy {
	const char *from; /* a source or a stage */
	const char *path; /* absolute in a stage; relative to a files source's root, may be NULL = all of it */
	const char *to;   /* absolute; a trailing slash means: into this directory */
	int32_t mode;     /* octal for files, or -1: 0644/0755 by the x bit of the source */
	struct ingot_place at;
};

/* a directory in memory, for one step */
struct ingot_tmpfs {
	const char *path; /* absolute */
	uint64_t size;    /* bytes; 0: the default */
	struct ingot_place at;
};

/* a directory of another stage, for reading by one step */
struct ingot_bind {
	const char *from; /* a stage */
	const char *path; /* absolute in it, default "/" */
	const char *to;   /* absolute in the step */
	struct ingot_place at;
};

enum ingot_step_kind { INGOT_STEP_COPY = 1, INGOT_STEP_RUN };

struct ingot_step {
	enum ingot_step_kind kind;
	struct ingot_place at;
	struct ingot_copy copy;
	/* run: a string is a script for the shell (given as a file, never pasted into a command line); a list is an argv */
	const char *script;
	struct ingot_strings argv;
	const char *shell; /* default /bin/sh */
	struct ingot_pairs env; /* the step's own, and the recipe's vars that it does not override */
	const char *workdir; /* default / */
	uint32_t user;       /* uid to run as, default 0 */
	uint32_t timeout;    /* seconds, default 3600 */
	uint64_t memory;     /* bytes, 0: what the sandbox gives */
	/* No two of the places of cache, tmpfs and binds are one, or one below the other, or below /dev, /proc, /run, /sys and /tmp. */
	struct ingot_strings cache;
	struct ingot_tmpfs *tmpfs;
	size_t n_tmpfs;
	struct ingot_bind *binds;
	size_t n_binds;
	struct ingot_strings secrets; /* ids */
	const char *network;          /* "none", "host" or NULL: none */
	struct ingot_place network_at;
};

struct ingot_stage {
	const char *name;
	struct ingot_place at;
	const char *base; /* an earlier stage or an image source to begin with, or NULL: nothing */
	struct ingot_install packages;
	struct ingot_step *steps;
	size_t n_steps;
};

struct ingot_user {
	const char *name, *group; /* group defaults to name; "root" when root_reason is set */
	uint32_t uid, gid;        /* default 10001, gid the same as uid */
	const char *home;        /* default "/nonexistent", created only when given */
	const char *root_reason; /* not NULL: runs as root, because */
	struct ingot_place at;
};

struct ingot_allow {
	const char *rule, *reason;
	const char *path;  /* absolute; or NULL: by value */
	const char *value; /* what the finding is about where it is no path; or NULL */
	struct ingot_place at;
};

/* A rule of the user's own: what it matches is a finding. Of the recipe, or of a file of its own (own_rules.h). */
struct ingot_own_rule {
	const char *id;       /* "own-..." */
	const char *severity; /* "note", "warning" (the default) or "error", in every profile */
	const char *message;  /* what is wrong, one sentence */
	const char *mend;     /* what to do, or NULL */
	/* of the tree: all that are given must hold */
	const char *path;   /* a pattern, as of include:, with a slash in front; or NULL */
	const char *type;   /* "file", "directory", "link", "device" or "fifo"; NULL: any but links, whose modes say nothing */
	int32_t mode;       /* any of these bits; -1: whatever it is */
	const char *owner;  /* "N", "not N", "user" (of the image); NULL: whoever */
	const char *origin; /* words with *, "package perl*"; NULL: whatever */
	/* of the config */
	const char *field; /* a pattern for a JSON pointer, such as an entry of Env; or NULL */
	const char *value; /* words with *; NULL: any */
	bool required;     /* it is a finding that nothing matches */
	struct ingot_place at;
};

struct ingot_own_rules {
	struct ingot_own_rule *v;
	size_t n;
};

struct ingot_image_spec {
	struct ingot_stage stage; /* base, packages and steps of the image itself, name "image" */
	struct ingot_copy *copies; /* after packages, before steps */
	size_t n_copies;
	struct ingot_user user;
	struct ingot_strings writable; /* absolute paths: owned by the user, everything else is not writable for it */
	struct ingot_strings entrypoint, cmd, ports; /* ports normalised to "8080/tcp" */
	struct ingot_pairs env, labels;
	const char *workdir, *stop_signal;
	uint64_t size_budget; /* bytes, 0 = none */
	const char *architecture; /* "amd64" */
	const char *compression; /* "zstd" or "gzip" */
	const char *reference; /* as written, or NULL; what counts is ingot_recipe.reference */
	struct ingot_place at;
};

/* a file or directory as a test must leave it */
struct ingot_test_file {
	const char *path; /* absolute */
	bool absent;      /* it must not be there */
	const char *contains; /* bytes in it, or NULL: anything */
	struct ingot_place at;
};

/* Run as the image's user with a read-only root and no network but loopback, before anything is signed. Without a service: the command run. With one: the image's own
 * entrypoint and cmd; then the port is asked, then run is run beside it, then the signal ends it. What is said of exit, stdout and stderr is said of run, and where there is none of the
 * service. */
struct ingot_test {
	struct ingot_strings run; /* argv; empty only with a service */
	bool service;             /* also when there is a port */
	const char *stdin_text;   /* what run reads, or NULL: nothing */
	const char *stdout_text, *stderr_text; /* exactly this, or NULL: anything */
	struct ingot_strings stdout_contains, stderr_contains;
	uint32_t exit; /* expected status; 128 and its number where a signal ends it */
	bool has_exit; /* it was written */
	const char *port;  /* "8080/tcp", or NULL */
	uint32_t wait;     /* seconds for the port to answer, default 10; without a port: how long the service must stay up before it is ended, default 1 */
	const char *send, *expect; /* to and from the port, or NULL */
	const char *signal; /* "SIGTERM", or NULL: the image's own */
	uint32_t within;    /* seconds in which the signal must end the service, default 10 */
	struct ingot_test_file *files; /* looked at when every process is gone */
	size_t n_files;
	uint32_t timeout; /* seconds for run, default 60 */
	struct ingot_place at;
};

struct ingot_recipe {
	const char *file; /* as the user named it */
	struct ingot_digest digest; /* of the text */
	const char *name, *version; /* version may be NULL */
	const char *reference;      /* full image name for annotations and signatures: image.reference, or "localhost/NAME:VERSION" */
	struct ingot_source *sources; /* implied ones included */
	size_t n_sources;
	struct ingot_stage *stages;   /* in an order in which each uses only earlier ones; unused ones stay */
	size_t n_stages;
	struct ingot_image_spec image;
	const char *profile; /* "default", "strict" or "release" */
	struct ingot_allow *allow;
	size_t n_allow;
	struct ingot_own_rules own;   /* those of rules-file among them, behind the recipe's */
	const char *rules_file;       /* relative to the recipe's directory, or NULL */
	struct ingot_place rules_file_at;
	struct ingot_digest rules_digest; /* of its text, if there is one */
	struct ingot_test *tests;
	size_t n_tests;
	struct ingot_pairs vars; /* ${NAME}, --set applied; every run step has them in its env already */
	struct ingot_arena *arena;
	struct ingot_span text; /* for carets in messages */
};

/* Read, parse in ingot-recipe, decode against the schema. sets: NAME=VALUE overrides of --set for ${NAME} in values (never in run:).
 * INGOT_E_INPUT with file:line:column, the line, a caret and the nearest valid word. */
int ingot_recipe_load(const char *path, const char *const *sets, size_t n_sets, struct ingot_recipe **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_recipe_free(struct ingot_recipe *r);
INGOT_CLEANUP(struct ingot_recipe, ingot_recipe_free)

const struct ingot_source *ingot_recipe_source(const struct ingot_recipe *r, const char *name);
const struct ingot_stage *ingot_recipe_stage(const struct ingot_recipe *r, const char *name);

/* Record where in the recipe a failure belongs: fills where, line and column of *err if they are empty. Returns -1. */
int ingot_recipe_blame(const struct ingot_recipe *r, struct ingot_place at, struct ingot_err *err);

/* The JSON Schema (draft-07) of recipes, made from the same table that decodes them. */
void ingot_recipe_schema(struct ingot_buf *out);
