#include "sandbox.h"
#include <grp.h>
#include <sys/resource.h>

int main(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_chan *c = ingot_helper_take(STEP_FDS);
	struct step_plan p;
	struct rlimit files;
	/* Groups of the caller would stay with the step, as numbers without a name. Only root can lay them down (safety 5.10). */
	(void)setgroups(0, NULL);
	/* Walks hold a descriptor for each level of directories. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 1024) {
		files.rlim_cur = files.rlim_max < 1024 ? files.rlim_max : 1024;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (ingot_chan_send(c, INGOT_MSG_READY, NULL, &err) < 0 || step_plan_receive(c, &p, &err) < 0)
		ingot_helper_leave(c, &err);
	if (p.what == INGOT_PLAN_RUN && !p.memory_limit)
		p.memory_limit = step_memory_default();
	int r = p.what == INGOT_PLAN_RUN     ? step_supervise(c, &p, &err) :
		p.what == INGOT_PLAN_HARVEST ? step_harvest(c, &p, &err) :
		p.what == INGOT_PLAN_PROBE   ? step_probe(c, &err) :
					       ingot_fail(&err, INGOT_E_BUG, "helper protocol: a plan of kind %u", p.what);
	ingot_helper_leave(c, r < 0 ? &err : NULL);
}
