/* fetch.h - getting files from mirrors: many jobs over a few jailed helpers (one origin each), or from a directory without any.
 *
 * What arrives is hashed here as it comes; the helper only reports a status number and bytes. A job's bases are tried in order: a base that
 * does not have the file (404, 410), or fails five times, or delivers other bytes than were expected, gives way to the next.
 */
#pragma once
#include <ingot/buf.h>
#include <ingot/digest.h>
#include <ingot/err.h>
#include <ingot/log.h>
#include <ingot/store.h>

/* A place to fetch from: "http://HOST[:PORT]/DIR", "https://...", or the absolute path of a directory (with or without "file://"). */
struct ingot_base {
	const char *url;
	const char *proxy; /* "http://HOST:PORT", or NULL: none. Never taken from the environment here */
};

struct ingot_fetch_job {
	/* what the caller says (borrowed until ingot_fetch_run() returns) */
	const struct ingot_base *bases;
	size_t n_bases;
	const char *path; /* below the base, plain characters of URLs, no "..", no query */
	const char *what; /* for messages and progress: "nginx 1.22.1-9" */
	uint64_t size;    /* exactly so many bytes; 0 = not known */
	uint64_t limit;   /* never more than these; 0 = size */
	const struct ingot_digest *expect; /* these bytes and no other; NULL = whatever comes */
	struct ingot_buf *buf;             /* goes there; NULL = becomes an object of the store */
	bool may_be_missing;               /* every base answers "not there": done without a failure, and found stays false */
	/* what came of it */
	bool found;
	size_t base; /* the one that had it */
	struct ingot_digest digest;
	uint64_t got;
};

struct ingot_fetch_options {
	unsigned parallel;    /* helpers at once; 0 = 4 */
	unsigned patience;    /* seconds below 1 KiB/s until a try is given up; 0 = 30 */
	unsigned pause;       /* milliseconds before the second try, doubled each time, with jitter; 0 = 250 */
	const char *ca_file;  /* PEM; NULL = the host's bundle */
	bool offline;         /* directories only: an http base is an error that says so */
	const char *progress; /* name of the task for ingot_progress(): bytes of all jobs. NULL: no progress */
};

/* Do all jobs. Ends at the first job that cannot be done: INGOT_E_OUTSIDE naming the file and, where bytes were wrong, both digests.
 * Objects published before that stay. options NULL = defaults; s may be NULL when every job has a buf. */
int ingot_fetch_run(struct ingot_store *s, struct ingot_fetch_job *jobs, size_t n, const struct ingot_fetch_options *options, const struct ingot_log *log,
		    struct ingot_err *err) INGOT_MUST_USE;
