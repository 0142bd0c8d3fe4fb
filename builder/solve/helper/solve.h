/* solve.h - the parts of ingot-solve. */
#pragma once
#include <ingot/buf.h>
#include <ingot/chan.h>
#include <ingot/err.h>
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/solver.h>

/* release.c: DATA ..., DONE come in; RELEASE, INDEXFILE ..., DONE go out. */
int answer_release(struct ingot_chan *c, struct ingot_span arch, struct ingot_err *err) INGOT_MUST_USE;

/* universe.c: the pool and its repositories */
struct universe {
	struct ingot_chan *c;
	Pool *pool;
	char *labels[64];
	unsigned n_repos; /* repositories 1..n_repos are the indexes in order */
	Repo *dummies;    /* what excludes stand for; made anew for each question, or NULL */
	bool stale;       /* whatprovides must be made anew */
};
int universe_load(struct universe *u, struct ingot_chan *c, struct ingot_span arch, unsigned n_repos, struct ingot_err *err) INGOT_MUST_USE;
void universe_done(struct universe *u);
unsigned universe_repo(const struct universe *u, const Solvable *s); /* number of the index, from 0 */
/* The newest installable package of that name, or 0. */
Id universe_best(const struct universe *u, Id name);
bool universe_usable(const struct universe *u, Id p);
/* Does its stanza say "Essential: yes"? */
bool universe_essential(const struct universe *u, Id p);

/* closure.c: one question, WANT ... DONE, of which the first message is already there. */
int answer_closure(struct universe *u, const union ingot_msg *first, struct ingot_err *err) INGOT_MUST_USE;

/* choose.c: which alternative of "a | b" and of virtual packages: adds FAVOR jobs. */
void choose_alternatives(const struct universe *u, const Queue *wanted, Queue *job);

/* explain.c */
int explain_problem(const struct universe *u, Solver *solver, const Queue *wanted, struct ingot_err *err);
int explain_unknown(const struct universe *u, struct ingot_span name, const char *what, struct ingot_err *err);
/* "libfoo (>= 2) | libbar" as Debian writes it. */
void format_dep(const Pool *pool, Id dep, struct ingot_buf *out);
void format_labels(const struct universe *u, struct ingot_buf *out);
