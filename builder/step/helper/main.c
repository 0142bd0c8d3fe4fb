#include "sandbox.h"
#include <sys/prctl.h>

int main(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_chan *c = ingot_helper_take(STEP_FDS);
	struct step_plan p;
	if (ingot_chan_send(c, INGOT_MSG_READY, NULL, &err) < 0 || step_plan_receive(c, &p, &err) < 0)
		ingot_helper_leave(c, &err);
	int r = p.what == INGOT_PLAN_RUN     ? step_supervise(c, &p, &err) :
		p.what == INGOT_PLAN_HARVEST ? step_harvest(c, &p, &err) :
		p.what == INGOT_PLAN_PROBE   ? step_probe(c, &err) :
					       ingot_fail(&err, INGOT_E_BUG, "helper protocol: a plan of kind %u", p.what);
	ingot_helper_leave(c, r < 0 ? &err : NULL);
}
