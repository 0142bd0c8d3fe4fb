/* Sockets, System V and POSIX IPC, keyrings, terminals, and interfaces of the kernel that no namespace covers. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/quota.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int sock(int family, int type, int protocol) { return socket(family, type, protocol); }
static int inet(void) { return sock(AF_INET, SOCK_STREAM, 0); }
static int inet_datagram(void) { return sock(AF_INET, SOCK_DGRAM, 0); }
static int inet6(void) { return sock(AF_INET6, SOCK_DGRAM, 0); }
static int inet_raw(void) { (void)unshare(CLONE_NEWNET); return sock(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static int ping(void) { return sock(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); }
static int mptcp(void) { return sock(AF_INET, SOCK_STREAM, 262); }
static int packet(void) { (void)unshare(CLONE_NEWNET); return sock(AF_PACKET, SOCK_RAW, 0); }
static int alg(void) { return sock(AF_ALG, SOCK_SEQPACKET, 0); } /* CVE-2026-31431 */
static int vsock(void) { return sock(40, SOCK_STREAM, 0); }
static int xdp(void) { (void)unshare(CLONE_NEWNET); return sock(44, SOCK_RAW, 0); }
static int can(void) { return sock(29, SOCK_RAW, 1); }
static int tipc(void) { return sock(30, SOCK_SEQPACKET, 0); }
static int bluetooth(void) { return sock(31, SOCK_RAW, 1); }
static int rxrpc(void) { return sock(33, SOCK_DGRAM, 2); }
static int key_sockets(void) { (void)unshare(CLONE_NEWNET); return sock(15, SOCK_RAW, 2); }
static int netlink(int protocol) { return sock(AF_NETLINK, SOCK_RAW, protocol); }
static int netlink_generic(void) { return netlink(NETLINK_GENERIC); }
static int netlink_kobject(void) { return netlink(NETLINK_KOBJECT_UEVENT); }
static int netlink_user(void) { return netlink(NETLINK_USERSOCK); }
static int netlink_diag(void) { return netlink(NETLINK_SOCK_DIAG); }
static int netlink_audit(void) { return netlink(NETLINK_AUDIT); }
static int netlink_xfrm(void) { return netlink(NETLINK_XFRM); }
static int netlink_netfilter(void) { return netlink(NETLINK_NETFILTER); }
static int netlink_connector(void) { return netlink(NETLINK_CONNECTOR); }
static int netlink_crypto(void) { return netlink(NETLINK_CRYPTO); }
static int wide_family(void) { return (int)syscall(SYS_socket, (1L << 32) | AF_INET, SOCK_STREAM, 0); }
static int other_family(void)
{
	for (int f = 0; f < 64; f++)
		for (int type = 1; type <= 6 && f != AF_UNIX && f != AF_NETLINK; type++)
			if (sock(f, type, 0) >= 0)
				return 0;
	return -1;
}
static int other_pair(void)
{
	int p[2];
	for (int f = 0; f < 64; f++)
		for (int type = 1; type <= 6 && f != AF_UNIX; type++)
			if (socketpair(f, type, 0, p) >= 0)
				return 0;
	return -1;
}
static int host_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	return connect(inet(), (struct sockaddr *)&a, sizeof(a));
}
static int host_abstract(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(abstract);
	memcpy(a.sun_path + 1, abstract, n);
	return connect(sock(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, (socklen_t)(sizeof(sa_family_t) + 1 + n));
}
static int host_socket_path(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%.90s.socket", canary);
	return connect(sock(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof(a));
}

static const struct probe socket_probes[] = {
	PROBE(inet), PROBE(inet_datagram), HOST(inet6, KERNEL), PROBE(inet_raw), HOST(ping, "ping_group_range"), HOST(mptcp, KERNEL), PROBE(packet), HOST(alg, KERNEL), HOST(vsock, KERNEL), HOST(xdp, KERNEL), HOST(can, KERNEL),
	HOST(tipc, KERNEL), HOST(bluetooth, KERNEL), HOST(rxrpc, KERNEL), HOST(key_sockets, KERNEL), PROBE(netlink_generic), PROBE(netlink_kobject), PROBE(netlink_user), HOST(netlink_diag, KERNEL),
	HOST(netlink_audit, KERNEL), HOST(netlink_xfrm, KERNEL), HOST(netlink_netfilter, KERNEL), HOST(netlink_connector, KERNEL), HOST(netlink_crypto, KERNEL), PROBE(wide_family), PROBE(other_family),
	HOST(other_pair, KERNEL), PROBE(host_port), PROBE(host_abstract), PROBE(host_socket_path),
};
GROUP(sockets, socket_probes);

static int host_memory(void) { return shmget(shm_key, 0, 0); }
static int host_queue(void) { return msgget(shm_key, 0); }
static int host_semaphore(void) { return semget(shm_key, 0, 0); }
static int posix_queue(void)
{
	int r = (int)syscall(SYS_mq_open, "ingot-probe", O_RDWR | O_CREAT, 0600, NULL);
	(void)syscall(SYS_mq_unlink, "ingot-probe");
	return r;
}
static int memory_listed(void) { struct shm_info i; return holds(shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&i) >= 0 && i.used_ids > 0, ENOENT); }

static const struct probe ipc_probes[] = { PROBE(host_memory), PROBE(host_queue), PROBE(host_semaphore), HOST(posix_queue, KERNEL), PROBE(memory_listed) };
GROUP(ipc, ipc_probes);

static int user_keyring(void) { return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1) < 0 ? -1 : 0; }
static int session_keyring(void) { return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) < 0 ? -1 : 0; }
static int new_session_keyring(void) { return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ? -1 : 0; }
static int key_added(void) { return syscall(SYS_add_key, "user", "ingot-probe", "x", 1, KEY_SPEC_PROCESS_KEYRING) < 0 ? -1 : 0; }
static int key_asked_for(void) { return syscall(SYS_request_key, "user", "ingot-nothing", NULL, 0) < 0 && errno == ENOKEY ? 0 : -1; }

static const struct probe key_probes[] = { HOST(user_keyring, KERNEL), HOST(session_keyring, KERNEL), HOST(new_session_keyring, KERNEL), HOST(key_added, KERNEL), HOST(key_asked_for, KERNEL) };
GROUP(keys, key_probes);

static int typed(unsigned long extra)
{
	int m = posix_openpt(O_RDWR | O_NOCTTY), unlock = 0;
	char name[64], c = 'x';
	unsigned n;
	if (m < 0 || ioctl(m, TIOCSPTLCK, &unlock) < 0 || ioctl(m, TIOCGPTN, &n) < 0)
		return -1;
	(void)snprintf(name, sizeof(name), "/dev/pts/%u", n);
	(void)setsid();
	int s = open(name, O_RDWR);
	if (s < 0)
		return -1;
	(void)ioctl(s, TIOCSCTTY, 0);
	return (int)syscall(SYS_ioctl, s, extra | TIOCSTI, &c);
}
static int type_in_own(void) { return typed(0); }                   /* CVE-2017-5226 */
static int type_with_high_bits(void) { return typed(1UL << 32); } /* CVE-2019-10063 */
static int linux_console(void) { char c = 2; return ioctl(0, TIOCLINUX, &c) < 0 && errno == EPERM ? -1 : 0; } /* ENOTTY has reached the device */
static int linux_console_high(void) { char c = 2; return syscall(SYS_ioctl, 0, 1UL << 32 | TIOCLINUX, &c) < 0 && errno == EPERM ? -1 : 0; }
static int hung_up(void) { return (int)syscall(SYS_vhangup); }

static const struct probe terminal_probes[] = {
	HOST(type_in_own, "dev.tty.legacy_tiocsti"), HOST(type_with_high_bits, "dev.tty.legacy_tiocsti"), PROBE(linux_console), PROBE(linux_console_high), HOST(hung_up, ROOTS),
};
GROUP(terminals, terminal_probes);

static int uring(void) { char p[256] = ""; return (int)syscall(SYS_io_uring_setup, 1, p); }
static int uring_register(void) { return (int)syscall(SYS_io_uring_register, -1, 0, NULL, 0) < 0 && errno != EPERM && errno != ENOSYS ? 0 : -1; }
static int uring_enter(void) { return (int)syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0) < 0 && errno != EPERM && errno != ENOSYS ? 0 : -1; }
static int bpf_map(void)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}
static int bpf_program(void)
{
	static const struct bpf_insn code[] = { { 0xb7, 0, 0, 0, 0 }, { 0x95, 0, 0, 0, 0 } };
	union bpf_attr a = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2, .insns = (unsigned long)code, .license = (unsigned long)"GPL" };
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
}
static int perf(void)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1, .exclude_hv = 1 };
	return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}
static int faults(void) { return (int)syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY | O_CLOEXEC); }
static int watcher(void) { return fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY); }
static int watch_marked(void) { return fanotify_mark(fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY), FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "/tmp"); }
static int policy(void) { return (int)syscall(SYS_set_mempolicy, 0, NULL, 0); }
static int secret(void) { return (int)syscall(SYS_memfd_secret, 0); }
static int log_read(void) { return (int)syscall(SYS_syslog, 10, NULL, 0); }
static int log_cleared(void) { return (int)syscall(SYS_syslog, 5, NULL, 0); }
static int clock_set(void) { struct timespec t; (void)clock_gettime(CLOCK_REALTIME, &t); return clock_settime(CLOCK_REALTIME, &t); }
static int clock_tuned(void) { struct timex t = { .modes = 0 }; return (int)syscall(SYS_adjtimex, &t); }
static int named_clock_tuned(void) { struct timex t = { .modes = 0 }; return (int)syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t); }
static int host_named(void) { return sethostname("x", 1); }
static int domain_named(void) { return setdomainname("x", 1); }
static int module_loaded(void) { return (int)syscall(SYS_finit_module, -1, "", 0) < 0 && errno == EBADF ? 0 : -1; }
static int module_removed(void) { return (int)syscall(SYS_delete_module, "ingot-nothing", O_NONBLOCK) < 0 && errno == ENOENT ? 0 : -1; }
static int kernel_replaced(void) { return (int)syscall(SYS_kexec_load, 0, 0, NULL, 1UL << 20) < 0 && errno == EINVAL ? 0 : -1; }
static int rebooted(void) { return (int)syscall(SYS_reboot, 0, 0, 0, NULL) < 0 && errno == EINVAL ? 0 : -1; } /* wrong magic numbers */
static int accounting(void) { return (int)syscall(SYS_acct, "/ingot/nothing") < 0 && errno == ENOENT ? 0 : -1; }
static int swap(void) { return swapoff("/ingot/nothing") < 0 && errno == ENOENT ? 0 : -1; }
static int quota(void) { return quotactl(QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL); }
#ifdef __x86_64__
static int ports(void) { return (int)syscall(SYS_ioperm, 0x80, 1, 1); }
static int port_level(void) { return (int)syscall(SYS_iopl, 3); }
static int ldt(void) { char room[16]; return (int)syscall(SYS_modify_ldt, 0, room, sizeof(room)); }
static int foreign_i386(void)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L /* getpid */) : "memory", "r8", "r9", "r10", "r11");
	return holds(r > 0, ENOSYS);
}
static int foreign_socketcall(void) /* every family at once, were it let through */
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(102L), "b"(1L), "c"(0L) : "memory", "r8", "r9", "r10", "r11");
	return holds(r == -EFAULT, ENOSYS);
}
static int foreign_x32(void) { return (int)syscall(0x40000000 | SYS_getpid); }
#endif

static const struct probe kernel_probes[] = {
	HOST(uring, KERNEL), HOST(uring_register, KERNEL), HOST(uring_enter, KERNEL), HOST(bpf_map, ROOTS), HOST(bpf_program, ROOTS), HOST(perf, KERNEL), HOST(faults, KERNEL), HOST(watcher, KERNEL), HOST(watch_marked, KERNEL),
	HOST(policy, KERNEL), HOST(secret, KERNEL), HOST(log_read, "kernel.dmesg_restrict"), HOST(log_cleared, ROOTS), HOST(clock_set, ROOTS), PROBE(clock_tuned), PROBE(named_clock_tuned), PROBE(host_named), PROBE(domain_named),
	HOST(module_loaded, ROOTS), HOST(module_removed, ROOTS), HOST(kernel_replaced, ROOTS), HOST(rebooted, ROOTS), HOST(accounting, ROOTS), HOST(swap, ROOTS), HOST(quota, KERNEL),
#ifdef __x86_64__
	HOST(ports, ROOTS), HOST(port_level, ROOTS), HOST(ldt, KERNEL), HOST(foreign_i386, KERNEL), HOST(foreign_socketcall, KERNEL), HOST(foreign_x32, KERNEL),
#endif
};
GROUP(kernel, kernel_probes);
