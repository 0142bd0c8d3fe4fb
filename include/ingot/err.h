/* err.h - the error object that every fallible function takes last.
 *
 * Convention: a fallible function returns 0 (or a non-negative result) and -1 on failure; on failure it has filled *err and has left
 * its ret_ arguments untouched. The object is of fixed size, lives on the caller's stack and allocates nothing. Context is added on
 * the way up by ingot_try(), outermost first: "building web: stage build: step 2: ...".
 *
 * Untrusted text in a message is the caller's to escape (escape.h); a message that is too long is cut, never split.
 */
#pragma once
#include <ingot/cleanup.h>
#include <stdarg.h>
#include <stdbool.h>

/* Values are the exit statuses of the command line. */
enum ingot_code {
	INGOT_OK = 0,
	INGOT_E_FALSE = 1,   /* what was asked about does not hold */
	INGOT_E_INPUT = 2,   /* usage, recipe, lock: the user's own text is wrong */
	INGOT_E_OUTSIDE = 3, /* something from outside is wrong or unreachable */
	INGOT_E_HOST = 4,    /* this host lacks something */
	INGOT_E_STEP = 5,    /* a step failed */
	INGOT_E_BUG = 70     /* a fault of ours, or an I/O error on our own files */
};

struct ingot_err {
	enum ingot_code code;
	int sys;         /* the errno behind it, or 0 */
	char where[256]; /* "recipe.yaml:12:7", or "" */
	char line[256];  /* the offending line of the file named in where, or "" */
	int column;      /* caret position in line, from 1; 0 = none */
	bool again;      /* the same once more may mend it: see ingot_again() */
	char msg[1024];
	char hint[512]; /* what to do about it, or "" */
};

#define INGOT_ERR_INIT { .code = INGOT_OK }

/* Fill *err and return -1. ingot_fail_sys() appends strerror(errno) and keeps errno in err->sys. */
int ingot_fail(struct ingot_err *err, enum ingot_code code, const char *fmt, ...) INGOT_PRINTF(3, 4);
int ingot_fail_sys(struct ingot_err *err, enum ingot_code code, const char *fmt, ...) INGOT_PRINTF(3, 4);

/* Set the hint of a failure already recorded; an existing hint stays. Returns -1, so that it can end a function. */
int ingot_hint(struct ingot_err *err, const char *fmt, ...) INGOT_PRINTF(2, 3);

/* Mark a failure already recorded as one that the next run mends: something was missing in the store or was found damaged there, and will be made or fetched
 * anew. Sets the hint as well. Returns -1. */
int ingot_again(struct ingot_err *err);

/* Put "text: " before the message. Called by ingot_try(); returns -1. */
int ingot_context(struct ingot_err *err, const char *fmt, ...) INGOT_PRINTF(2, 3);

#if defined(__clang_analyzer__) && !defined(INGOT_ERR_C)
/* The analyzer does not look into other files: tell it what they return, or it follows paths that do not exist. */
#define ingot_fail(...) ((void)ingot_fail(__VA_ARGS__), -1)
#define ingot_fail_sys(...) ((void)ingot_fail_sys(__VA_ARGS__), -1)
#endif

/* Return -1 from the calling function when EXPR fails, adding what was being done: ingot_try(err, f(x, err), "reading %s", name). */
#define ingot_try(err, expr, ...)                         \
	do {                                              \
		if ((expr) < 0) {                         \
			(void)ingot_context((err), __VA_ARGS__); \
			return -1;                        \
		}                                         \
	} while (0)

/* The same where the callee's message already says everything. */
#define ingot_pass(expr)           \
	do {                       \
		if ((expr) < 0)    \
			return -1; \
	} while (0)

/* A broken invariant of our own, or no memory: says so on stderr and ends the process with status 70. Nothing visible is ever half
 * written at such a moment, because publishing is one rename. */
_Noreturn void ingot_panic(const char *fmt, ...) INGOT_PRINTF(1, 2);
#define ingot_assert(cond)                                                                     \
	do {                                                                                   \
		if (!(cond))                                                                   \
			ingot_panic("%s:%d: broken invariant: %s", __FILE__, __LINE__, #cond); \
	} while (0)
