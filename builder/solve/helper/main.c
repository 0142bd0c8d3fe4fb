/* ingot-solve: reads signed index texts and computes closures with libsolv, in a jail that has memory and nothing else. */
#include "solve.h"
#include <ingot/helper.h>
#include <ingot/limits.h>

static int serve(struct ingot_chan *c, struct ingot_err *err)
{
	union ingot_msg m;
	ingot_pass(ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_SOLVE), &m, err));
	_cleanup_(ingot_buf_done) struct ingot_buf arch = INGOT_BUF(64);
	ingot_buf_span(&arch, m.solve.arch);
	uint32_t what = m.solve.what, repos = m.solve.repos;
	if (what == INGOT_SOLVE_RELEASE)
		return answer_release(c, ingot_buf_view(&arch), err);
	if (what != INGOT_SOLVE_CLOSURE || repos == 0)
		return ingot_fail(err, INGOT_E_BUG, "unknown question %u", what);
	_cleanup_(universe_done) struct universe u = { 0 };
	ingot_pass(universe_load(&u, c, ingot_buf_view(&arch), repos, err));
	for (;;) {
		int type = ingot_chan_recv(c, INGOT_PERMIT(INGOT_MSG_WANT) | INGOT_PERMIT(INGOT_MSG_DONE), &m, err);
		ingot_pass(type);
		if (type == INGOT_MSG_DONE)
			return 0;
		ingot_pass(answer_closure(&u, &m, err));
	}
}

int main(void)
{
	/* Debian main of one architecture (50 MB of text, 66,000 packages) takes 47 MiB and 0.4 s; an index may be ten times as long. */
	struct ingot_jail_limits limits = { .memory = MIB(768), .cpu = 120, .files = 16 };
	struct ingot_chan *c = ingot_helper_enter(INGOT_JAIL_STRICT, &limits, 0);
	ingot_chan_set_timeout(c, -1);
	struct ingot_err err = INGOT_ERR_INIT;
	int r = serve(c, &err);
	ingot_helper_leave(c, r < 0 ? &err : NULL);
}
