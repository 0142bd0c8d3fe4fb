/* emit.h - what was read, as messages: names brought into the one form of a tree, whiteouts told from files, links checked. */
#pragma once
#include "reader.h"
#include <ingot/chan.h>

struct emit;
/* layer: by the rules of the OCI image-spec, with whiteouts (".wh.NAME", ".wh..wh..opq") and names that may begin with a slash; elsewhere both are refused. */
struct emit *emit_new(struct ingot_chan *chan, bool layer);
void emit_free(struct emit *e);
static inline void emit_freep(struct emit **e)
{
	emit_free(*e);
}
/* For struct archive_ops, ctx being the struct emit. */
int emit_entry(void *emit, const struct tar_entry *e, struct ingot_err *err) INGOT_MUST_USE;
int emit_data(void *emit, struct ingot_span bytes, struct ingot_err *err) INGOT_MUST_USE;

/* A name of an archive as a tree path: one leading "./" and, where it may have one, one trailing slash are dropped; "./" and "." are the
 * root. Absolute names (of a layer, emit_entry() has taken the slash off), "..", empty and "." components are refused. The last component is not looked at when
 * whiteouts are permitted. */
int entry_path(struct ingot_span name, bool dir, bool whiteout, struct ingot_span *ret, struct ingot_err *err) INGOT_MUST_USE;
