/* intake.h - what a helper says of an archive or a directory (XATTR, ENTRY, DATA, MEMBER, DONE) taken into the store: a delta and a pack.
 *
 * The helper is not believed: order, counts, sizes, names and link targets are checked here, contents are hashed here as they arrive.
 */
#pragma once
#include <ingot/chan.h>
#include <ingot/delta.h>
#include <ingot/store.h>

struct ingot_intake {
	struct ingot_delta *delta; /* owned by the caller */
	struct ingot_digest pack;  /* in use in the store handle; its contents are all that the delta needs. Zero when has_pack is false */
	bool has_pack;             /* false: no file with content came */
	uint64_t bytes;            /* of all contents */
};
void ingot_intake_done(struct ingot_intake *i);

struct ingot_intake_ops {
	/* Named parts (control files of a package), permitted before the first entry only. NULL: a MEMBER is refused. data gets size bytes in all, in pieces. */
	int (*member)(void *ctx, struct ingot_span name, uint64_t size, struct ingot_err *err);
	int (*data)(void *ctx, const void *p, size_t n, struct ingot_err *err);
	/* Of an entry that is the same inode as before a step; comes before it is complete. NULL: nobody cares. */
	void (*kept)(void *ctx, struct ingot_span path);
	void *ctx;
	bool whiteouts;  /* removals and opaque directories are permitted: layers, steps; a package has none */
	bool acls;       /* access control lists are permitted: layers of others */
	uint64_t limit;  /* of all contents; 0 = INGOT_MAX_FILE */
};

/* Take everything up to DONE. The channel's helper is the caller's to finish or kill. */
int ingot_intake_drain(struct ingot_chan *c, struct ingot_store *s, const struct ingot_intake_ops *ops, struct ingot_intake *ret, struct ingot_err *err) INGOT_MUST_USE;

/* The same message by message, for several helpers at once: step() takes one message (blocking until it is whole) and returns 1, or 0 after DONE. */
struct ingot_intake_run;
int ingot_intake_begin(struct ingot_chan *c, struct ingot_store *s, const struct ingot_intake_ops *ops, struct ingot_intake_run **ret, struct ingot_err *err) INGOT_MUST_USE;
int ingot_intake_step(struct ingot_intake_run *r, struct ingot_err *err) INGOT_MUST_USE;
int ingot_intake_end(struct ingot_intake_run *take_r, struct ingot_intake *ret, struct ingot_err *err) INGOT_MUST_USE; /* frees r on success and on failure */
void ingot_intake_abort(struct ingot_intake_run *r);
INGOT_CLEANUP(struct ingot_intake_run, ingot_intake_abort)
