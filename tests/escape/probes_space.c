/* Namespaces, mounts and rights. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static int by_clone(int flag)
{
	long pid = syscall(SYS_clone, (long)flag | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		_exit(0);
	return (int)pid;
}

static int by_clone3(unsigned long long flags)
{
	struct clone_args a = { .flags = flags, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &a, sizeof(a));
	if (pid == 0)
		_exit(0);
	return (int)pid;
}

static int new_user(void) { return unshare(CLONE_NEWUSER); }
static int new_mount(void) { return unshare(CLONE_NEWNS); }
static int new_pid(void) { return unshare(CLONE_NEWPID); }
static int new_net(void) { return unshare(CLONE_NEWNET); }
static int new_ipc(void) { return unshare(CLONE_NEWIPC); }
static int new_uts(void) { return unshare(CLONE_NEWUTS); }
static int new_cgroup(void) { return unshare(CLONE_NEWCGROUP); }
static int new_time(void) { return unshare(CLONE_NEWTIME); }
static int clone_user(void) { return by_clone(CLONE_NEWUSER); }
static int clone_mount(void) { return by_clone(CLONE_NEWNS); }
static int clone_pid(void) { return by_clone(CLONE_NEWPID); }
static int clone_net(void) { return by_clone(CLONE_NEWNET); }
static int clone_ipc(void) { return by_clone(CLONE_NEWIPC); }
static int clone_uts(void) { return by_clone(CLONE_NEWUTS); }
static int clone_cgroup(void) { return by_clone(CLONE_NEWCGROUP); }
static int clone3_user(void) { return by_clone3(CLONE_NEWUSER); }
static int clone3_mount(void) { return by_clone3(CLONE_NEWNS); }
static int clone3_time(void) { return by_clone3(CLONE_NEWTIME); }
static int enter_own_uts(void) { return setns(reaches("/proc/self/ns/uts", O_RDONLY), CLONE_NEWUTS); }
static int enter_own_time(void) { return setns(reaches("/proc/self/ns/time_for_children", O_RDONLY), CLONE_NEWTIME); }
static int enter_targets_mounts(void) { return setns(of_target("ns/mnt", O_RDONLY), CLONE_NEWNS); }
static int enter_by_pidfd(void) { return setns((int)syscall(SYS_pidfd_open, target, 0), CLONE_NEWUTS); }
static int see_targets_user_space(void) { return of_target("ns/user", O_RDONLY); }
static int hosts_user_space(void) { return of_host("ns/user", O_RDONLY); }
static int shift_clock(void)
{
	(void)unshare(CLONE_NEWTIME);
	int fd = reaches("/proc/self/timens_offsets", O_WRONLY);
	return fd < 0 ? -1 : (int)write(fd, "monotonic 10 0\n", 15);
}

static const struct probe namespace_probes[] = {
	PROBE(new_user), PROBE(new_mount), PROBE(new_pid), PROBE(new_net), PROBE(new_ipc), PROBE(new_uts), PROBE(new_cgroup), HOST(new_time, KERNEL),
	PROBE(clone_user), PROBE(clone_mount), PROBE(clone_pid), PROBE(clone_net), PROBE(clone_ipc), PROBE(clone_uts), PROBE(clone_cgroup),
	PROBE(clone3_user), PROBE(clone3_mount), HOST(clone3_time, KERNEL), PROBE(enter_own_uts), HOST(enter_own_time, KERNEL), PROBE(enter_targets_mounts), PROBE(enter_by_pidfd),
	PROBE(see_targets_user_space), HOST(hosts_user_space, "Yama may forbid it"), HOST(shift_clock, KERNEL),
};
GROUP(namespaces, namespace_probes);

static int mount_tmpfs(void) { return mount("x", "/tmp", "tmpfs", 0, NULL); }
static int mount_bind(void) { return mount("/tmp", "/tmp", NULL, MS_BIND, NULL); }
static int mount_remount(void) { return mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND, NULL); }
static int mount_move(void) { return mkdir("/tmp/m", 0700) < 0 || mount("x", "/tmp/m", "tmpfs", 0, NULL) < 0 || mkdir("/tmp/n", 0700) < 0 ? -1 : mount("/tmp/m", "/tmp/n", NULL, MS_MOVE, NULL); }
static int mount_shared(void) { return mount(NULL, "/tmp", NULL, MS_SHARED, NULL); }
static int mount_proc(void)
{
	if (unshare(CLONE_NEWPID) < 0)
		return -1;
	long pid = syscall(SYS_clone, (long)SIGCHLD | CLONE_VFORK, NULL, NULL, NULL, 0);
	if (pid == 0)
		_exit(mount("x", "/tmp", "proc", 0, NULL) < 0 ? errno : 0);
	return (int)pid;
}
static int mount_overlay(void)
{
	(void)mkdir("/tmp/l", 0700);
	(void)mkdir("/tmp/u", 0700);
	(void)mkdir("/tmp/w", 0700);
	return mount("x", "/tmp", "overlay", 0, "lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w,userxattr");
}
static int mount_cgroup(void) { (void)unshare(CLONE_NEWCGROUP); return mount("x", "/tmp", "cgroup2", 0, NULL); }
static int mount_mqueue(void) { (void)unshare(CLONE_NEWIPC); return mount("x", "/tmp", "mqueue", 0, NULL); }
static int mount_sysfs(void) { (void)unshare(CLONE_NEWNET); return mount("x", "/tmp", "sysfs", 0, NULL); }
static int unmount(void) { return umount2("/tmp", MNT_DETACH); }
static int uncover_proc(void) { return umount2("/proc/kallsyms", MNT_DETACH); }
static int new_context(void) { return fsopen("tmpfs", 0); }
static int pick_context(void) { return fspick(AT_FDCWD, "/tmp", 0); }
static int clone_tree(void) { return open_tree(AT_FDCWD, "/tmp", OPEN_TREE_CLONE); }
static int open_a_tree(void) { return open_tree(AT_FDCWD, "/tmp", 0); }
static int move_tree(void) { return move_mount(open_tree(AT_FDCWD, "/tmp", OPEN_TREE_CLONE), "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH); }
static int change_mount(void)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_NOSUID };
	return mount_setattr(AT_FDCWD, "/tmp", 0, &a, sizeof(a));
}
static int change_root(void)
{
	if (chdir("/tmp") < 0)
		return -1;
	(void)mkdir("old", 0700);
	return (int)syscall(SYS_pivot_root, ".", "old");
}
static int flag_missing(const char *path, unsigned long flag)
{
	struct statvfs s;
	return statvfs(path, &s) < 0 ? -1 : holds(!(s.f_flag & flag), EPERM);
}
static int suid_honoured(void) { return flag_missing("/", ST_NOSUID); }
static int devices_honoured(void) { return flag_missing("/", ST_NODEV); }
static int suid_in_tmp(void) { return flag_missing("/tmp", ST_NOSUID); }
static int devices_in_tmp(void) { return flag_missing("/tmp", ST_NODEV); }
static int suid_in_run(void) { return flag_missing("/run", ST_NOSUID); }
static int suid_in_shm(void) { return flag_missing("/dev/shm", ST_NOSUID); }
static int exec_in_dev(void) { return flag_missing("/dev", ST_NOEXEC); }
static int writable_proc(void) { return flag_missing("/proc", ST_RDONLY); }
static int writable_dev(void) { return flag_missing("/dev", ST_RDONLY); }

static const struct probe mount_probes[] = {
	PROBE(mount_tmpfs), PROBE(mount_bind), PROBE(mount_remount), PROBE(mount_move), PROBE(mount_shared), PROBE(mount_proc), HOST(mount_overlay, KERNEL), HOST(mount_cgroup, KERNEL), HOST(mount_mqueue, KERNEL),
	HOST(mount_sysfs, KERNEL), PROBE(unmount), HOST(uncover_proc, "nothing is covered outside"), PROBE(new_context), PROBE(pick_context), PROBE(clone_tree), PROBE(open_a_tree), PROBE(move_tree), PROBE(change_mount),
	PROBE(change_root), PROBE(suid_honoured), PROBE(devices_honoured), PROBE(suid_in_tmp), PROBE(devices_in_tmp), HOST(suid_in_run, "mounted so on many hosts"), HOST(suid_in_shm, "mounted so on many hosts"),
	HOST(exec_in_dev, "mounted so on many hosts"), PROBE(writable_proc), PROBE(writable_dev),
};
GROUP(mounts, mount_probes);

static int privileges_possible(void) { return holds(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0, EPERM); }
static int admin_in_bounds(void) { return holds(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 1, EPERM); }
static int has(int cap)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	if (syscall(SYS_capget, &h, d) < 0)
		return -1;
	return holds((d[cap / 32].permitted | d[cap / 32].inheritable) & (1U << (cap % 32)), EPERM);
}
#define CAP(name) static int cap_##name(void) { return has(CAP_##name); }
CAP(SYS_ADMIN) CAP(SYS_PTRACE) CAP(NET_ADMIN) CAP(NET_RAW) CAP(NET_BIND_SERVICE) CAP(DAC_READ_SEARCH) CAP(SETPCAP) CAP(SYS_RESOURCE) CAP(SYS_RAWIO) CAP(SYS_TIME) CAP(SYS_MODULE) CAP(SYS_BOOT)
CAP(SYS_NICE) CAP(SYS_TTY_CONFIG) CAP(MKNOD) CAP(LINUX_IMMUTABLE) CAP(IPC_LOCK) CAP(IPC_OWNER) CAP(AUDIT_WRITE) CAP(AUDIT_CONTROL) CAP(MAC_ADMIN) CAP(MAC_OVERRIDE) CAP(SYSLOG) CAP(WAKE_ALARM)
CAP(PERFMON) CAP(BPF) CAP(CHECKPOINT_RESTORE)
static int all_caps_again(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct __user_cap_data_struct d[2] = { { ~0U, ~0U, 0 }, { (1U << (CAP_LAST_CAP - 31)) - 1, (1U << (CAP_LAST_CAP - 31)) - 1, 0 } };
	return (int)syscall(SYS_capset, &h, d);
}
static int inherited_by_file(void) /* CVE-2022-24769: an inheritable set that is not empty */
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	if (syscall(SYS_capget, &h, d) < 0)
		return -1;
	d[0].inheritable = 1U << CAP_SYS_ADMIN;
	return (int)syscall(SYS_capset, &h, d);
}
static int ambient(void) { return inherited_by_file() < 0 ? -1 : prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0); }
static int secure_bits(void) { return prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0); }
static int caps_by_exec(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct __user_cap_data_struct none[2] = { { 0 } };
	(void)syscall(SYS_capset, &h, none);
	(void)execl("/proc/self/exe", "escape_probe", "caps", (char *)NULL);
	return -1;
}

/* A line of /proc/TARGET/status, in hexadecimal or decimal; -1: none. */
static long long status_of_target(const char *name, int base)
{
	char text[4096] = "", *at;
	int fd = of_target("status", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	return n > 0 && (at = strstr(text, name)) ? strtoll(at + strlen(name), NULL, base) : -1;
}
/* What init may do, should it ever be made to: reading and writing the step's files, looking into the step's processes. */
static int target_has(int cap) { return holds(status_of_target("CapEff:", 16) & (1LL << cap), EPERM); }
static int target_mounts(void) { return target_has(CAP_SYS_ADMIN); }
static int target_sets_ids(void) { return target_has(CAP_SETUID); }
static int target_chroots(void) { return target_has(CAP_SYS_CHROOT); }
static int target_makes_nodes(void) { return target_has(CAP_MKNOD); }
static int target_unfiltered(void) { return holds(status_of_target("Seccomp:", 10) != 2, EPERM); }
static int target_gains(void) { return holds(status_of_target("NoNewPrivs:", 10) != 1, EPERM); }

static const struct probe right_probes[] = {
	PROBE(privileges_possible), PROBE(admin_in_bounds), PROBE(cap_SYS_ADMIN), PROBE(cap_SYS_PTRACE), PROBE(cap_NET_ADMIN), PROBE(cap_NET_RAW), PROBE(cap_NET_BIND_SERVICE), PROBE(cap_DAC_READ_SEARCH),
	PROBE(cap_SETPCAP), PROBE(cap_SYS_RESOURCE), PROBE(cap_SYS_RAWIO), PROBE(cap_SYS_TIME), PROBE(cap_SYS_MODULE), PROBE(cap_SYS_BOOT), PROBE(cap_SYS_NICE), PROBE(cap_SYS_TTY_CONFIG), PROBE(cap_MKNOD),
	PROBE(cap_LINUX_IMMUTABLE), PROBE(cap_IPC_LOCK), PROBE(cap_IPC_OWNER), PROBE(cap_AUDIT_WRITE), PROBE(cap_AUDIT_CONTROL), PROBE(cap_MAC_ADMIN), PROBE(cap_MAC_OVERRIDE), PROBE(cap_SYSLOG),
	PROBE(cap_WAKE_ALARM), PROBE(cap_PERFMON), PROBE(cap_BPF), PROBE(cap_CHECKPOINT_RESTORE), PROBE(all_caps_again), PROBE(inherited_by_file), PROBE(ambient), PROBE(secure_bits),
	PROBE(caps_by_exec), PROBE(target_mounts), PROBE(target_sets_ids), PROBE(target_chroots), PROBE(target_makes_nodes), PROBE(target_unfiltered), PROBE(target_gains),
};
GROUP(rights, right_probes);
