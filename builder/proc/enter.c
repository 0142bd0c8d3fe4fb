#include "jail.h"
#include <ingot/helper.h>

struct ingot_chan *ingot_helper_enter(enum ingot_jail jail, const struct ingot_jail_limits *limits, size_t n_fds)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_chan *c = ingot_helper_take(n_fds);
	if (ingot_jail_set(jail, limits, &err) < 0 || ingot_chan_send(c, INGOT_MSG_READY, NULL, &err) < 0)
		ingot_helper_leave(c, &err);
	return c;
}
