/* rung.c - on which rung of the ladder steps run here: the parts of the probe that choose between two ways. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int try_proc_of_container(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	if (probe_private_mounts() < 0)
		return -1;
	int m = step_mount_proc_of_host(&err);
	errno = err.sys;
	return m;
}

int rung_proc(struct probe *p)
{
	int e = probe_in_child(p, step_namespaces(0), try_proc_of_container);
	p->proc_of_container = e == 0;
	return probe_fact(p, e == 0, true, "the container's /proc", e ? strerror(e) : "mounted, read-only", "docker run --security-opt systempaths=unconfined, podman run --security-opt unmask=ALL");
}

/* As a step will have it: on the store's own file system. */
static int try_overlay_on_scratch(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	char path[3][40];
	if (probe_private_mounts() < 0)
		return -1;
	_cleanup_(ingot_closep) int proc = step_open_proc(&err);
	_cleanup_(ingot_closep) int scratch = proc < 0 ? -1 : step_reopen(proc, STEP_FD_SCRATCH, "the scratch directory", &err);
	for (int i = 0; scratch >= 0 && i < 3; i++) {
		static const char *const names[] = { "lower", STEP_UPPER, STEP_WORK };
		int fd = mkdirat(scratch, names[i], 0700) < 0 && errno != EEXIST ? -1 : openat(scratch, names[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -1;
		if (i == 1 && step_overlay_wanted(fd, &err) < 0)
			return errno = err.sys, -1;
		(void)snprintf(path[i], sizeof(path[i]), "/proc/self/fd/%d", fd);
	}
	const char *options[] = { "lowerdir", path[0], "upperdir", path[1], "workdir", path[2], "userxattr", NULL, NULL };
	int o = scratch < 0 ? -1 : step_mount_new("overlay", options, MOUNT_ATTR_NODEV, &err);
	errno = err.sys;
	return o;
}

int rung_overlay(struct probe *p)
{
	struct stat st;
	bool here = fstat(STEP_FD_SCRATCH, &st) == 0 && S_ISDIR(st.st_mode);
	int e = probe_in_child(p, CLONE_NEWUSER | CLONE_NEWNS, here ? try_overlay_on_scratch : probe_overlay_in_memory);
	p->overlay = e == 0;
	return probe_fact(p, e == 0, false, "overlayfs in a user namespace", e ? strerror(e) : here ? "mounted on the store, userxattr" : "mounted, userxattr",
			  e == ENODEV ? "every step copies its files: modprobe overlay" :
					"every step copies its files: Linux 5.11 or newer with CONFIG_OVERLAY_FS, and a store on ext4, xfs or btrfs (not on another overlay, not on NFS; --store)");
}

static int try_chroot(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || fchdir(root) < 0 || chroot(".") < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	int r = ingot_landlock_below(INGOT_LANDLOCK_FILES | INGOT_LANDLOCK_SCOPE, &root, 1, false, &err);
	errno = r == 1 ? EOPNOTSUPP : err.sys;
	return r ? -1 : 0;
}

static bool has(int cap)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t v = CAP_CLEAR;
	bool there = caps && cap_get_flag(caps, cap, CAP_EFFECTIVE, &v) == 0 && v == CAP_SET;
	(void)cap_free(caps);
	return there;
}

/* Root whom a container's filter refuses namespaces, and nobody else: on a host root has CAP_SYS_ADMIN, and then something is wrong that can be mended. */
static bool is_container_root(const struct probe *p)
{
	return p->uid == 0 && !has(CAP_SYS_ADMIN) && (p->no_user_namespace == EPERM || p->no_user_namespace == EACCES || p->no_user_namespace == ENOSYS);
}

static int chroot_fact(struct probe *p, bool *ret_ok)
{
	static const int needed[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_SYS_CHROOT, CAP_MKNOD };
	char detail[200], fix[200];
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (has(needed[i]))
			continue;
		char *name = cap_to_name(needed[i]);
		(void)snprintf(detail, sizeof(detail), "%s is missing", name ? name : "a capability");
		(void)snprintf(fix, sizeof(fix), "docker run --cap-add=%s, which is among Docker's defaults", name && strlen(name) > 4 ? name + 4 : "...");
		(void)cap_free(name);
		return probe_fact(p, false, false, "a chroot under Landlock", detail, fix);
	}
	int e = probe_in_child(p, 0, try_chroot);
	*ret_ok = e == 0;
	(void)snprintf(detail, sizeof(detail), "%s%s", e ? strerror(e) : "tried", e || ingot_landlock_abi() >= INGOT_LANDLOCK_ABI_SCOPE ? "" : "; signals and unix sockets restricted (no Landlock scopes)");
	return probe_fact(p, e == 0, false, "a chroot under Landlock", detail, "Linux 5.19 or newer with landlock in the kernel's lsm= list, and a container whose filter lets landlock_restrict_self(2) through");
}

int rung_tell(struct probe *p)
{
	bool namespaces = p->namespaces && p->filter && (p->proc || p->proc_of_container), chroot = false;
	char detail[64];
	if (is_container_root(p))
		ingot_pass(chroot_fact(p, &chroot));
	chroot = chroot && p->filter;
	if (namespaces)
		(void)snprintf(detail, sizeof(detail), "%s%s%s", STEP_RUNG_FULL, p->overlay ? "" : STEP_RUNG_COPIED, p->proc ? "" : STEP_RUNG_PROC);
	else
		(void)snprintf(detail, sizeof(detail), "%s", chroot ? STEP_RUNG_CHROOT : STEP_RUNG_NONE);
	return probe_fact(p, namespaces || chroot, true, STEP_RUNG, detail, "what is missing above; recipes without steps build all the same");
}

/* PREFIX/libexec/ingot/ingot-step -> PREFIX */
static bool prefix_of(char *path)
{
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(path, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
	return true;
}

/* The profile is shipped beside the program; in a build tree there is none yet. */
const char *probe_apparmor(char *ret, size_t size)
{
	static const char why[] = "AppArmor takes the capabilities away from user namespaces (Ubuntu 24.04). As root, for this one program:";
	char self[200] = "", prefix[200], shipped[300];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	(void)n;
	memcpy(prefix, self, sizeof(prefix));
	if (prefix_of(prefix)) {
		(void)snprintf(shipped, sizeof(shipped), "%s/share/ingot/apparmor/ingot-step", prefix);
		if (access(shipped, R_OK) == 0) {
			(void)snprintf(ret, size, "%s install -m644 %s /etc/apparmor.d/ && apparmor_parser -r /etc/apparmor.d/ingot-step", why, shipped);
			return ret;
		}
	}
	(void)snprintf(ret, size, "%s echo 'profile ingot-step %s flags=(unconfined) { userns, }' > /etc/apparmor.d/ingot-step && apparmor_parser -r /etc/apparmor.d/ingot-step", why, self);
	return ret;
}
