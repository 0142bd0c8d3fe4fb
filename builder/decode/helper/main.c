/* ingot-decode: reads one blob of foreign bytes (fd 4) and says what it means, or looks at contents that come with questions. It can do nothing else: see the jail. */
#include "answer.h"
#include "contents.h"
#include <ingot/helper.h>

int main(void)
{
	/* zstd may take a window of 128 MiB, xz 256 MiB; the rest is buffers and the list of files seen. */
	static const struct ingot_jail_limits limits = { .memory = MIB(768), .cpu = 3600, .files = 64 };
	struct ingot_chan *chan = ingot_helper_enter(INGOT_JAIL_STRICT, &limits, 1);
	struct ingot_err err = INGOT_ERR_INIT;
	union ingot_msg m;
	ingot_chan_set_timeout(chan, -1);
	ingot_chan_set_bulk(chan);
	ingot_chan_set_fds(chan); /* before the first message: files may come right behind it */
	int r = ingot_chan_recv(chan, INGOT_PERMIT(INGOT_MSG_DECODE), &m, &err);
	if (r > 0 && m.decode.what == INGOT_DECODE_FACTS)
		r = contents_answer(chan, &err);
	else if (r > 0)
		r = answer(chan, INGOT_FIRST_FD, &m.decode, &err);
	ingot_helper_leave(chan, r < 0 ? &err : NULL);
}
