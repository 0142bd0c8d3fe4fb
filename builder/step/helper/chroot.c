/* chroot.c - a step of root's in a container that is refused namespaces and mounts (Docker's and GitLab's defaults): a chroot of a copied checkout under Landlock, few
 * capabilities, and the same filter. What is missing, and why it will do or not, is in docs/SECURITY.md.
 *
 * No namespace ends the step's processes, so init is their reaper and ends all of them itself. */
#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/path.h>
#include <signal.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool permitted(int cap)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t v = CAP_CLEAR;
	bool there = caps && cap_get_flag(caps, cap, CAP_PERMITTED, &v) == 0 && v == CAP_SET;
	(void)cap_free(caps);
	return there;
}

/* Those of the list that this container has; never CAP_SYS_CHROOT, with which a second chroot(2) leads out of the first. */
static size_t ours(const int *list, size_t n, int ret[static 64])
{
	size_t k = 0;
	for (size_t i = 0; i < n && k < 64; i++)
		if (permitted(list[i]) && list[i] != CAP_SYS_CHROOT)
			ret[k++] = list[i];
	return k;
}

/* Our own tmp and run are directories of the copy, which the harvest leaves out; what belongs to the step's user belongs to it here, too. */
static int make_places(const struct step_plan *p, int upper, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int dev = ingot_open_beneath(upper, INGOT_SPAN("dev"), O_RDONLY | O_DIRECTORY, err);
	ingot_pass(dev);
	_cleanup_(ingot_closep) int run = ingot_open_beneath(upper, INGOT_SPAN("run"), O_RDONLY | O_DIRECTORY, err);
	ingot_pass(run);
	_cleanup_(ingot_closep) int tmp = ingot_open_beneath(upper, INGOT_SPAN("tmp"), O_RDONLY | O_DIRECTORY, err);
	ingot_pass(tmp);
	/* Not used, but what stands there is what a Tree for a step has there, or it is none. */
	_cleanup_(ingot_closep) int proc = ingot_open_beneath(upper, INGOT_SPAN("proc"), O_PATH | O_DIRECTORY, err);
	ingot_pass(proc);
	if (fchown(dev, 0, 0) < 0 || fchmod(dev, 0755) < 0 || fchmod(run, 0755) < 0 || fchmod(tmp, 01777) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "making /dev, /run and /tmp");
	/* For a shell where it failed everything is as the step left it. */
	if (p->flags & INGOT_STEP_AGAIN)
		return 0;
	ingot_pass(step_dev_make(dev, err));
	return step_fill_run(p, run, err);
}

int step_chroot_prepare(const struct step_plan *p, int *ret_proc, int *ret_upper, struct ingot_err *err)
{
	(void)umask(0); /* modes of what is made are exact */
	if (p->n_mounts)
		return ingot_fail(err, INGOT_E_HOST, "mounts of a step's own need namespaces");
	if (ingot_landlock_abi() < INGOT_LANDLOCK_ABI_BELOW) {
		(void)ingot_fail(err, INGOT_E_HOST, "without namespaces a step needs Landlock (ABI %d), and there is none", INGOT_LANDLOCK_ABI_BELOW);
		return ingot_hint(err, "Linux 5.19 or newer with landlock in its lsm= list, and a container runtime whose filter lets it through (Docker 20.10.10 and newer do)");
	}
	_cleanup_(ingot_closep) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (proc < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "opening /proc");
	_cleanup_(ingot_closep) int upper = ingot_open_beneath(STEP_FD_SCRATCH, INGOT_SPAN(STEP_UPPER), O_RDONLY | O_DIRECTORY, err);
	ingot_try(err, upper, "the scratch directory");
	ingot_pass(make_places(p, upper, err));
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "becoming the step's reaper");
	/* Init goes in itself: paths that the step names to it lead where they lead the step. Its working directory stays at /proc, which nobody inside can reach. */
	if (fchdir(upper) < 0 || chroot(".") < 0 || fchdir(proc) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "changing the root");
	/* From here on we can signal what we start and nothing else, so that kill(-1) is ours to use. Where the kernel has none of this, see step_end_all(). */
	if (step_scoped(p->flags))
		ingot_pass(ingot_landlock(INGOT_LANDLOCK_SCOPE, err));
	*ret_proc = TAKE_FD(proc);
	*ret_upper = TAKE_FD(upper);
	return 0;
}

/* Changing the user takes back that the parent's end is heard of, and that nobody looks in (commit_creds() of the kernel): so it is asked for afterwards, too. */
static int die_with(pid_t parent, int signal, struct ingot_err *err)
{
	if (prctl(PR_SET_PDEATHSIG, signal) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "asking to die with the parent");
	return getppid() == parent ? 0 : ingot_fail(err, INGOT_E_HOST, "the step was left alone while it was set up");
}

/* Only the step's own user and group from here on; caps (CAP_SETUID among them while it lasts) stay over it. */
static int become(const struct step_plan *p, const int *caps, size_t n, bool exec_as_root, int parent_ends, struct ingot_err *err)
{
	pid_t parent = getppid();
	if (setgroups(0, NULL) < 0 || setresgid(p->gid, p->gid, p->gid) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "becoming the step's group");
	if (p->uid == 0) {
		ingot_pass(step_drop_caps(caps, n, exec_as_root, err));
		return die_with(parent, parent_ends, err);
	}
	int with[65] = { CAP_SETUID };
	memcpy(with + 1, caps, n * sizeof(caps[0]));
	ingot_pass(step_drop_caps(with, n + 1, false, err));
	if (setresuid(p->uid, p->uid, p->uid) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "becoming the step's user");
	ingot_pass(step_set_caps(caps, n, err));
	return die_with(parent, parent_ends, err);
}

int step_chroot_become(const struct step_plan *p, struct ingot_err *err)
{
	int keep[64];
	size_t n = p->uid == 0 ? ours(step_root_caps, step_n_root_caps, keep) : 0;
	return become(p, keep, n, true, SIGKILL, err);
}

/* There is no CAP_SYS_PTRACE to be had: to look into the processes that ask (tracee.c) init has their user, and what they have (cap_ptrace_access_check() of the kernel). */
int step_chroot_shrink(const struct step_plan *p, struct ingot_err *err)
{
	static const int of_another[] = { CAP_DAC_OVERRIDE, CAP_FOWNER };
	int keep[64];
	size_t n = p->uid == 0 ? ours(step_root_caps, step_n_root_caps, keep) : ours(of_another, 2, keep);
	return become(p, keep, n, false, SIGTERM, err);
}

/* After no_new_privs. The root that we are in is all that there is. */
int step_chroot_walls(const struct step_plan *p, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "opening the step's root");
	int r = ingot_landlock_below(INGOT_LANDLOCK_FILES | (step_scoped(p->flags) ? INGOT_LANDLOCK_SCOPE : 0), &root, 1, false, err);
	return r == 1 ? ingot_fail(err, INGOT_E_HOST, "there is no Landlock") : r;
}

int step_chroot_reader(int upper, int lower, struct ingot_err *err)
{
	static const int wanted[] = { CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE };
	int keep[64];
	const int dirs[] = { upper, lower };
	ingot_pass(step_drop_caps(keep, ours(wanted, 2, keep), false, err));
	int r = ingot_landlock_below(INGOT_LANDLOCK_FILES | INGOT_LANDLOCK_SCOPE, dirs, 2, true, err);
	return r == 1 ? ingot_fail(err, INGOT_E_HOST, "there is no Landlock") : r;
}
