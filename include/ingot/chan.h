/* chan.h - the message channel between the coordinator and one helper: versioned, length-framed, bounded, over a socket pair.
 *
 * Frame: u32 length of the payload, u16 type, u8 version, u8 zero; integers little-endian. The payload is the fields of the type in the
 * order of wire.def: integers as they are, byte strings with a u32 length before them (the last field of a DATA is the rest of the
 * payload). No trailing bytes. Both sides are made from wire.def; a receiver says at every receive which types it permits now.
 */
#pragma once
#include <ingot/err.h>
#include <ingot/span.h>
#include <ingot/wire.h>

#define INGOT_WIRE_VERSION 2

struct ingot_chan;
struct ingot_chan *ingot_chan_new(int take_fd);
void ingot_chan_free(struct ingot_chan *c); /* closes */
INGOT_CLEANUP(struct ingot_chan, ingot_chan_free)
int ingot_chan_fd(const struct ingot_chan *c);
/* No message within this time ends a receive with an error (default INGOT_HELPER_SILENCE_MS; -1 = wait for ever, for the helpers' side). */
void ingot_chan_set_timeout(struct ingot_chan *c, int ms);

/* For channels with many small messages (archives, locks): contents (DATA, ENTRY, XATTR, MEMBER, JSON, NODE, RANGE, SECRET, FACT) wait for some 64 KiB of their kind before they are sent, or for
 * any other message, or for a receive; and a receive takes as much as has come. A side that polls the fd asks first whether a message is there already. */
void ingot_chan_set_bulk(struct ingot_chan *c);
bool ingot_chan_pending(const struct ingot_chan *c);

/* msg is the struct of that type (struct ingot_msg_entry for INGOT_MSG_ENTRY). A field longer than its maximum is a broken invariant. */
int ingot_chan_send(struct ingot_chan *c, enum ingot_msg_type type, const void *msg, struct ingot_err *err) INGOT_MUST_USE;

/* The same with an open file (borrowed), for a receiver that takes some. */
int ingot_chan_send_fd(struct ingot_chan *c, enum ingot_msg_type type, const void *msg, int fd, struct ingot_err *err) INGOT_MUST_USE;
/* From now on files that come with messages are kept, INGOT_CHAN_FDS at most; without this they are dropped. */
#define INGOT_CHAN_FDS 40
void ingot_chan_set_fds(struct ingot_chan *c);
/* The file that came first, owned by the caller, or -1. Valid once the message has been received that it came with. */
int ingot_chan_take_fd(struct ingot_chan *c);

/* The next message, which must be of one of the types of PERMIT (a set made with INGOT_PERMIT); spans in *ret point into the
 * channel's buffer and hold until the next receive. Returns the type. FAIL is always permitted and comes back as a failure of this call,
 * its text escaped and cut; End of file, an unknown or unpermitted type, a wrong length, a
 * field out of its range: failure, and the channel is dead from then on. */
int ingot_chan_recv(struct ingot_chan *c, uint64_t permit, union ingot_msg *ret, struct ingot_err *err) INGOT_MUST_USE;
#define INGOT_PERMIT(type) (UINT64_C(1) << (type))

/* The helper's side: send err as FAIL. */
void ingot_chan_send_fail(struct ingot_chan *c, const struct ingot_err *e);
