/* The host's files, descriptors, /proc and devices. */
#include "probe.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int by_path(void) { return reaches(canary, O_RDONLY); }
static int by_path_to_write(void) { return reaches(canary, O_RDWR); }
static int by_chroot(void)
{
	(void)mkdir("/tmp/jail", 0700);
	if (chroot("/tmp/jail") < 0)
		return -1;
	for (int i = 0; i < 50; i++)
		if (chdir("..") < 0)
			return -1;
	return reaches(canary + 1, O_RDONLY);
}
static int by_chroot_and_descriptor(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	(void)mkdir("/tmp/jail2", 0700);
	if (chroot("/tmp/jail2") < 0 || fchdir(fd) < 0)
		return -1;
	for (int i = 0; i < 50; i++)
		if (chdir("..") < 0)
			return -1;
	return reaches(canary + 1, O_RDONLY);
}
static int by_dotdot(void)
{
	char path[4096];
	int n = 0;
	for (int i = 0; i < 40; i++)
		n += snprintf(path + n, sizeof(path) - (size_t)n, "../");
	(void)snprintf(path + n, sizeof(path) - (size_t)n, "%s", canary + 1);
	return reaches(path, O_RDONLY);
}
static int by_link(void)
{
	(void)unlink("/tmp/link");
	return symlink(canary, "/tmp/link") < 0 ? -1 : reaches("/tmp/link", O_RDONLY);
}
static int by_targets_root(void)
{
	char name[4096];
	(void)snprintf(name, sizeof(name), "root%s", canary);
	return of_target(name, O_RDONLY);
}
static int by_targets_cwd(void)
{
	char name[4096];
	(void)snprintf(name, sizeof(name), "cwd/../../../../../../../..%s", canary);
	return of_target(name, O_RDONLY);
}
static int by_thread_root(void)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/root%s", target, target, canary);
	return reaches(path, O_RDONLY);
}
static int handle(void)
{
	char room[sizeof(struct file_handle) + 128] = "";
	struct file_handle *h = (struct file_handle *)(void *)room;
	int id;
	h->handle_bytes = 128;
	return name_to_handle_at(AT_FDCWD, "/", h, &id, 0);
}
static int by_handle(void)
{
	char room[sizeof(struct file_handle) + 128] = "";
	struct file_handle *h = (struct file_handle *)(void *)room;
	int id;
	h->handle_bytes = 128;
	return name_to_handle_at(AT_FDCWD, "/tmp", h, &id, 0) < 0 ? -1 : open_by_handle_at(open("/tmp", O_RDONLY), h, O_RDONLY);
}
static int entries(const char *path, int expected)
{
	DIR *d = opendir(path);
	int n = 0;
	while (d && readdir(d))
		n++;
	return holds(n > expected, ENOENT);
}
static int sysfs(void) { return entries("/sys", 2); }
static int cgroup_files(void) { return entries("/sys/fs/cgroup", 2); }
static int old_root(void) { return entries("/.old", 0) == 0 || entries("/oldroot", 0) == 0 || entries("/.pivot_root", 0) == 0 ? 0 : -1; }
static int host_home(void) { return entries("/home", 2) == 0 || entries("/root", 2) == 0 ? 0 : -1; }
static int host_boot(void) { return entries("/var", 2); }

static const struct probe file_probes[] = {
	PROBE(by_path), PROBE(by_path_to_write), PROBE(by_chroot), PROBE(by_chroot_and_descriptor), PROBE(by_dotdot), PROBE(by_link), PROBE(by_targets_root), PROBE(by_targets_cwd), PROBE(by_thread_root),
	HOST(handle, KERNEL), HOST(by_handle, ROOTS), PROBE(sysfs), HOST(cgroup_files, KERNEL), HOST(old_root, "there is none outside"), HOST(host_home, "may be empty"), PROBE(host_boot),
};
GROUP(files, file_probes);

static int climbs(const char *dir)
{
	char path[4500];
	for (int fd = 0; fd < 300; fd++)
		for (int up = 0; up < 12; up += 3) {
			int n = snprintf(path, sizeof(path), "%s/%d", dir, fd);
			for (int i = 0; i < up; i++)
				n += snprintf(path + n, sizeof(path) - (size_t)n, "/..");
			(void)snprintf(path + n, sizeof(path) - (size_t)n, "%s", canary);
			if (reaches(path, O_RDONLY) >= 0)
				return 0;
		}
	return -1;
}
static int climb_from_ours(void) { return climbs("/proc/self/fd"); }
static int climb_from_targets(void) { char dir[40]; (void)snprintf(dir, sizeof(dir), "/proc/%d/fd", target); return climbs(dir); }
static int stray(void)
{
	for (int fd = 3; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 0;
	return -1;
}
static int targets_descriptor(void) { return of_target("fd/0", O_RDONLY); }
static int targets_descriptor_named(void) { char path[40], text[400]; (void)snprintf(path, sizeof(path), "/proc/%d/fd/0", target); return (int)readlink(path, text, sizeof(text)); }
static int targets_descriptor_fetched(void) { return (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, target, 0), 0, 0); }
static int own_descriptor_fetched(void) { return (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, getpid(), 0), 0, 0); }
static int directory_as_stdio(void)
{
	struct stat st;
	for (int fd = 0; fd < 3; fd++)
		if (fstat(fd, &st) == 0 && (S_ISDIR(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
			return 0;
	return holds(0, ENOTDIR);
}
static int outside_cwd(void)
{
	char cwd[4096];
	return holds(syscall(SYS_getcwd, cwd, sizeof(cwd)) > 0 && (cwd[0] != '/' || strstr(cwd, "(unreachable)")), ENOENT); /* CVE-2024-21626 */
}

/* Init looks paths up for the calls that it answers, and for init /proc/self is another: no name may lead to its descriptors and from there up. */
static int init_reaches(const char *dir)
{
	char path[4600];
	for (int fd = 0; fd < 40; fd++)
		for (int up = 0; up < 14; up++) {
			int n = snprintf(path, sizeof(path), "%s/%d", dir, fd);
			for (int i = 0; i < up; i++)
				n += snprintf(path + n, sizeof(path) - (size_t)n, "/..");
			(void)snprintf(path + n, sizeof(path) - (size_t)n, "%s", canary);
			if (chown(path, (uid_t)-1, (gid_t)-1) == 0 || access(path, F_OK) == 0)
				return 0;
			(void)strcat(path, ".made");
			if (mknod(path, S_IFCHR | 0600, makedev(1, 3)) == 0)
				return 0;
		}
	return holds(0, ENOENT);
}
/* Nor to the descriptors themselves, which need not be where ours are. */
static int init_led(const char *dir)
{
	char path[300];
	for (int fd = 3; fd < 64; fd++) {
		(void)snprintf(path, sizeof(path), "%s/%d", dir, fd);
		if (!loose && chown(path, (uid_t)-1, (gid_t)-1) == 0)
			return 0;
	}
	return holds(0, ENOENT);
}
static int led_by_number(void) { return init_led("/proc/1/fd"); }
static int led_by_self(void) { return init_led("/proc/self/../1/fd"); }
static int led_by_link(void) { (void)unlink("/tmp/p2"); return symlink("/proc/self", "/tmp/p2") < 0 ? -1 : init_led("/tmp/p2/fd"); }
static int led_by_relative_name(void) { return chdir("/proc") < 0 ? -1 : init_led("self/fd"); }
static int init_by_number(void) { return init_reaches("/proc/1/fd"); }
static int init_by_task(void) { return init_reaches("/proc/1/task/1/fd"); }
static int init_by_self(void) { return init_reaches("/proc/self/../1/fd"); }
static int init_by_thread_self(void) { return init_reaches("/proc/thread-self/../../../1/fd"); }
static int init_by_dev_fd(void) { return init_reaches("/dev/fd/../../1/fd"); }
static int init_by_link(void) { (void)unlink("/tmp/p"); return symlink("/proc/self", "/tmp/p") < 0 ? -1 : init_reaches("/tmp/p/fd"); }
static int init_by_link_to_number(void) { (void)unlink("/tmp/q"); return symlink("/proc/1/fd", "/tmp/q") < 0 ? -1 : init_reaches("/tmp/q"); }
static int init_by_relative_name(void) { return chdir("/proc") < 0 ? -1 : init_reaches("1/fd"); }
static int init_by_relative_self(void) { return chdir("/proc") < 0 ? -1 : init_reaches("self/fd"); }
static int init_by_slashes(void) { return init_reaches("//proc//self//..//1//fd"); }
static int init_by_chroot(void)
{
	(void)mkdir("/tmp/r", 0755);
	(void)unlink("/tmp/r/x");
	return symlink("/proc/1/fd", "/tmp/r/x") < 0 || chroot("/") < 0 ? -1 : init_reaches("/tmp/r/x");
}

static const struct probe descriptor_probes[] = {
	PROBE(climb_from_ours), PROBE(climb_from_targets), PROBE(stray), PROBE(targets_descriptor), PROBE(targets_descriptor_named), PROBE(targets_descriptor_fetched), PROBE(own_descriptor_fetched),
	PROBE(directory_as_stdio), HOST(outside_cwd, "a working directory outside is the sandbox's own fault"),
	HOST(init_by_number, LEDGER), HOST(init_by_task, LEDGER), HOST(init_by_self, LEDGER), HOST(init_by_thread_self, LEDGER), HOST(init_by_dev_fd, LEDGER), HOST(init_by_link, LEDGER), HOST(init_by_link_to_number, LEDGER),
	HOST(init_by_relative_name, LEDGER), HOST(init_by_relative_self, LEDGER), HOST(init_by_slashes, LEDGER), HOST(init_by_chroot, LEDGER), HOST(led_by_number, LEDGER),
	HOST(led_by_self, LEDGER), HOST(led_by_link, LEDGER), HOST(led_by_relative_name, LEDGER),
};
GROUP(descriptors, descriptor_probes);

static int core_pattern(void) { return reaches("/proc/sys/kernel/core_pattern", O_WRONLY); }
static int modprobe_path(void) { return reaches("/proc/sys/kernel/modprobe", O_WRONLY); }
static int host_name_file(void) { return reaches("/proc/sys/kernel/hostname", O_WRONLY); }
static int overcommit(void) { return reaches("/proc/sys/vm/overcommit_memory", O_WRONLY); }
static int pid_max(void) { return reaches("/proc/sys/kernel/pid_max", O_WRONLY); }
static int forwarding(void) { (void)unshare(CLONE_NEWNET); return reaches("/proc/sys/net/ipv4/ip_forward", O_WRONLY); }
static int namespaces_allowed(void) { return reaches("/proc/sys/user/max_user_namespaces", O_WRONLY); }
static int shm_max(void) { (void)unshare(CLONE_NEWIPC); return reaches("/proc/sys/kernel/shmmax", O_WRONLY); }
static int binary_formats(void) { return reaches("/proc/sys/fs/binfmt_misc/register", O_WRONLY); }
static int sysrq(void) { return reaches("/proc/sysrq-trigger", O_WRONLY); }
static int symbols(void) { return reads("/proc/kallsyms"); }
static int kcore(void) { return reads("/proc/kcore"); }
static int kmsg(void) { return reads("/proc/kmsg"); }
static int key_list(void) { return reads("/proc/keys"); }
static int key_users(void) { return reads("/proc/key-users"); }
static int config(void) { return reads("/proc/config.gz"); }
static int page_counts(void) { return reads("/proc/kpagecount"); }
static int timers(void) { return reads("/proc/timer_list"); }
static int addresses(void) { return reads("/proc/vmallocinfo"); }
static int io_memory(void) { return reads("/proc/iomem"); }
static int slabs(void) { return reads("/proc/slabinfo"); }
static int spared_by_oom(void)
{
	int fd = reaches("/proc/self/oom_score_adj", O_WRONLY);
	return fd < 0 ? -1 : (int)write(fd, "0", 1);
}
static int many_listed(void)
{
	DIR *d = opendir("/proc");
	int n = 0;
	for (const struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] >= '0' && e->d_name[0] <= '9';
	return holds(n > 6, ENOENT);
}
static int new_id_map(void) { return reaches("/proc/self/uid_map", O_WRONLY); }
static int groups_allowed(void) { return reaches("/proc/self/setgroups", O_WRONLY); }
static int coredump_filter_of_target(void) { return of_target("coredump_filter", O_WRONLY); }
static int cleared_references(void) { return of_target("clear_refs", O_WRONLY); }
static int pages_of_target(void) { return of_target("pagemap", O_RDONLY); }
static int stack_of_target(void) { char c; int fd = of_target("stack", O_RDONLY); return fd < 0 ? -1 : (int)read(fd, &c, 1) - 1; }
static int call_of_target(void) { char c; int fd = of_target("syscall", O_RDONLY); return fd < 0 ? -1 : (int)read(fd, &c, 1) - 1; }
static int auxv_of_target(void) { char c; int fd = of_target("auxv", O_RDONLY); return fd < 0 ? -1 : (int)read(fd, &c, 1) - 1; }
static int maps_of_target(void) { char c; int fd = of_target("maps", O_RDONLY); return fd < 0 ? -1 : (int)read(fd, &c, 1) - 1; }
static int map_files_of_target(void) { char dir[40]; (void)snprintf(dir, sizeof(dir), "/proc/%d/map_files", target); return entries(dir, 2); }
static int mounts_of_host(void) { return of_host("mountinfo", O_RDONLY); }
static int secret_in_environment(void) { return holds(getenv("INGOT_CANARY") != NULL, ENOENT); }
static int foreign_group(void)
{
	char text[64] = "";
	int fd = reaches("/proc/self/cgroup", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	return holds(n > 0 && strcmp(strchr(text, '\n') ? strtok(text, "\n") : text, "0::/") != 0 && strstr(text, ":/") && strstr(text, ":/")[2], ENOENT); /* told the host's path */
}

static const struct probe procfs_probes[] = {
	HOST(core_pattern, ROOTS), HOST(modprobe_path, ROOTS), HOST(host_name_file, ROOTS), HOST(overcommit, ROOTS), HOST(pid_max, ROOTS), PROBE(forwarding), PROBE(namespaces_allowed), HOST(shm_max, KERNEL),
	HOST(binary_formats, ROOTS), HOST(sysrq, ROOTS), HOST(symbols, KERNEL), HOST(kcore, ROOTS), HOST(kmsg, ROOTS), HOST(key_list, KERNEL), HOST(key_users, KERNEL), HOST(config, KERNEL), HOST(page_counts, ROOTS),
	HOST(timers, ROOTS), HOST(addresses, ROOTS), HOST(io_memory, KERNEL), HOST(slabs, ROOTS), PROBE(spared_by_oom), PROBE(many_listed), PROBE(new_id_map), PROBE(groups_allowed),
	PROBE(coredump_filter_of_target), PROBE(cleared_references), PROBE(pages_of_target), HOST(stack_of_target, ROOTS), HOST(call_of_target, KERNEL), PROBE(auxv_of_target), PROBE(maps_of_target),
	PROBE(map_files_of_target), PROBE(mounts_of_host), PROBE(secret_in_environment), HOST(foreign_group, "on many hosts every process is in the top group"),
};
GROUP(procfs, procfs_probes);

static int many_devices(void) { return entries("/dev", 15); }
/* A node that works. Where mknod() is answered by the ledger, what lies there is an empty file, whatever stat() says of it. */
static int made(const char *path, mode_t mode, dev_t dev)
{
	char c;
	(void)unlink(path);
	if (mknod(path, mode, dev) < 0)
		return -1;
	int fd = reaches(path, O_RDWR);
	if (fd < 0)
		return errno == ENXIO ? 0 : -1;
	return holds(write(fd, "x", 1) == 1 && pread(fd, &c, 1, 0) == 1 && c == 'x' && pread(fd, &c, 1, 1) == 0 ? 0 : 1, ENODEV);
}
static int disk_made(void) { return made("/tmp/disk", S_IFBLK | 0600, makedev(8, 0)); }
static int memory_made(void) { return made("/tmp/mem", S_IFCHR | 0600, makedev(1, 1)); }
static int null_made(void) { return made("/tmp/null", S_IFCHR | 0600, makedev(1, 3)); }
static int device_memory(void) { return reaches("/dev/mem", O_RDONLY); }
static int device_log(void) { return reaches("/dev/kmsg", O_RDONLY); }
static int device_fuse(void) { return reaches("/dev/fuse", O_RDWR); }
static int device_tun(void) { return reaches("/dev/net/tun", O_RDWR); }
static int device_kvm(void) { return reaches("/dev/kvm", O_RDWR); }
static int device_loop(void) { return reaches("/dev/loop-control", O_RDWR); }
static int device_disk(void) { return reaches("/dev/vda", O_RDONLY) >= 0 ? 0 : reaches("/dev/sda", O_RDONLY); }
static int device_console(void) { return reaches("/dev/console", O_WRONLY); }
static int device_vsock(void) { return reaches("/dev/vsock", O_RDONLY); }
static int device_faults(void) { return reaches("/dev/userfaultfd", O_RDWR); }
static int device_queue(void) { return entries("/dev/mqueue", 1); }
/* The nodes are the host's own, and the step's root may be the host's: nothing but reading and writing. */
static int null_chmod(void) { return chmod("/dev/null", 0666); }
static int null_touched(void) { return utimensat(AT_FDCWD, "/dev/null", NULL, 0); }
static int null_removed(void) { return loose ? holds(0, ECANCELED) : unlink("/dev/null"); }
static int null_replaced(void) { return loose ? holds(0, ECANCELED) : symlink("/tmp/x", "/dev/nulls") < 0 ? -1 : rename("/dev/nulls", "/dev/null"); }
static int entropy(void) { int fd = reaches("/dev/random", O_RDWR), n; return fd < 0 ? -1 : ioctl(fd, _IO('R', 0x06) /* RNDCLEARPOOL */, &n); }

static const struct probe device_probes[] = {
	HOST(many_devices, "a container has few"), HOST(disk_made, ROOTS), HOST(memory_made, ROOTS), HOST(null_made, ROOTS), HOST(device_memory, ROOTS), HOST(device_log, ROOTS), HOST(device_fuse, "if there is one"),
	HOST(device_tun, "if there is one"), HOST(device_kvm, "if there is one"), HOST(device_loop, ROOTS), HOST(device_disk, ROOTS), HOST(device_console, ROOTS), HOST(device_vsock, "if there is one"),
	HOST(device_faults, ROOTS), HOST(device_queue, "if it is mounted"), HOST(null_chmod, ROOTS), PROBE(null_touched),
	HOST(null_removed, "not tried on the host"), HOST(null_replaced, "not tried on the host"), HOST(entropy, ROOTS),
};
GROUP(devices, device_probes);
