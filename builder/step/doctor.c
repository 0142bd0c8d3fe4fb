#include "fds.h"
#include <ingot/doctor.h>
#include <ingot/escape.h>
#include <ingot/helper.h>
#include <ingot/step.h>
#include <stdio.h>
#include <string.h>

/* ok|no, needed|useful, what, detail, fix; each ended by a NUL. */
static int take_fact(struct ingot_span s, struct ingot_host_fact *ret, struct ingot_err *err)
{
	struct ingot_span part[5];
	for (size_t i = 0; i < 5; i++)
		if (!ingot_span_next(&s, '\0', &part[i]))
			return ingot_fail(err, INGOT_E_BUG, "helper protocol: half a fact");
	ret->ok = ingot_span_is(part[0], "ok");
	ret->needed = ingot_span_is(part[1], "needed");
	(void)ingot_show(part[2], ret->what, sizeof(ret->what));
	(void)ingot_show(part[3], ret->detail, sizeof(ret->detail));
	(void)ingot_show(part[4], ret->fix, sizeof(ret->fix));
	return 0;
}

int ingot_doctor(int scratch_fd, struct ingot_host_fact ret[INGOT_MAX_HOST_FACTS], struct ingot_err *err)
{
	int fds[STEP_FDS], n = 0;
	for (size_t i = 0; i < STEP_FDS; i++)
		fds[i] = -1;
	fds[1] = scratch_fd;
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	ingot_pass(ingot_helper_start(&h, "ingot-step", fds, STEP_FDS, err));
	struct ingot_msg_plan m = { .what = INGOT_PLAN_PROBE, .workdir = INGOT_SPAN("/"), .hostname = INGOT_SPAN("ingot") };
	if (ingot_chan_send(h.chan, INGOT_MSG_PLAN, &m, err) < 0 || ingot_chan_send(h.chan, INGOT_MSG_DONE, NULL, err) < 0)
		return ingot_helper_failed(&h, err);
	for (;;) {
		union ingot_msg in;
		int type = ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_WORD) | INGOT_PERMIT(INGOT_MSG_DONE), &in, err);
		if (type < 0)
			return ingot_helper_failed(&h, err);
		if (type == INGOT_MSG_DONE)
			break;
		if (n >= INGOT_MAX_HOST_FACTS)
			return ingot_fail(err, INGOT_E_BUG, "helper protocol: too many facts");
		ingot_pass(take_fact(in.word.text, &ret[n], err));
		n++;
	}
	ingot_pass(ingot_helper_finish(&h, err));
	return n;
}

int ingot_doctor_explain(struct ingot_err *err)
{
	struct ingot_host_fact facts[INGOT_MAX_HOST_FACTS];
	struct ingot_err ignored = INGOT_ERR_INIT;
	int n = ingot_doctor(-1, facts, &ignored);
	for (int i = 0; i < n; i++) {
		if (facts[i].ok || !facts[i].needed)
			continue;
		(void)ingot_context(err, "this host lacks %s (%s)", facts[i].what, facts[i].detail);
		err->hint[0] = '\0'; /* the narrowest fix is the better advice */
		if (facts[i].fix[0])
			(void)ingot_hint(err, "%s", facts[i].fix);
		break;
	}
	return -1;
}

int ingot_step_rung(int scratch_fd, struct ingot_rung *ret, struct ingot_err *err)
{
	struct ingot_host_fact facts[INGOT_MAX_HOST_FACTS];
	int n = ingot_doctor(scratch_fd, facts, err);
	ingot_pass(n);
	const struct ingot_host_fact *last = n > 0 ? &facts[n - 1] : NULL;
	if (!last || strcmp(last->what, STEP_RUNG) != 0)
		return ingot_fail(err, INGOT_E_BUG, "helper protocol: no rung");
	struct ingot_rung r = { .possible = last->ok };
	if (strcmp(last->detail, STEP_RUNG_CHROOT) == 0)
		r.flags = INGOT_STEP_COPIED | INGOT_STEP_CHROOT;
	else if (strstr(last->detail, STEP_RUNG_COPIED))
		r.flags = INGOT_STEP_COPIED;
	(void)snprintf(r.text, sizeof(r.text), "%.63s", last->detail);
	*ret = r;
	return 0;
}
