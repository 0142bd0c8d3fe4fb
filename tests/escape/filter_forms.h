/* filter_forms.h - what filter_probe asks the kernel and test_filter asks the compiled filter: the same calls with the same arguments. */
#pragma once
#include <asm/ioctls.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#define FORM_CALLS 600
#define FORM_FAMILIES 64 /* AF_MAX was 46 in 2024 */
/* Above every address of a process, as a number below zero in 32 bits: no descriptor, no process id, no size and no flag word that any call takes. */
#define FORM_BAD 0xffff8000fffff0f0UL
#define FORM_NODE "/tmp/node"

static const struct {
	const char *name;
	int type;
} form_types[] = { { "stream", SOCK_STREAM }, { "dgram", SOCK_DGRAM }, { "raw", SOCK_RAW }, { "rdm", SOCK_RDM }, { "seqpacket", SOCK_SEQPACKET }, { "dccp", SOCK_DCCP }, { "packet", SOCK_PACKET } };
#define FORM_TYPES (sizeof(form_types) / sizeof(form_types[0]))

#define FORM_NEW(flag) { "clone(" #flag ")", SYS_clone, { flag | SIGCHLD } }, { "clone(" #flag "|CLONE_VM|CLONE_VFORK)", SYS_clone, { flag | CLONE_VM | CLONE_VFORK | SIGCHLD } }
#define FORM_NETLINK(name) { "socket(AF_NETLINK," #name ")", SYS_socket, { AF_NETLINK, SOCK_RAW, name } }
#define FORM_IOCTL(name) { "ioctl(" #name ")", SYS_ioctl, { FORM_BAD, name, FORM_BAD } }, { "ioctl(" #name "|1<<32)", SYS_ioctl, { FORM_BAD, name | 1UL << 32, FORM_BAD } }
#define FORM_AT(name, type, dev) { "mknodat(" name ")", SYS_mknodat, { (unsigned long)AT_FDCWD_, (unsigned long)FORM_NODE, type | 0600, dev } }
#ifdef SYS_mknod
#define FORM_MKNOD(type, dev) { "mknod(" #type "," #dev ")", SYS_mknod, { (unsigned long)FORM_NODE, type | 0600, dev } }, FORM_AT(#type "," #dev, type, dev)
#else
#define FORM_MKNOD(type, dev) FORM_AT(#type "," #dev, type, dev)
#endif
#define AT_FDCWD_ -100L
#define DEV_NULL 0x103
#define DEV_DISK 0x800

static const struct form {
	const char *name;
	long call;
	unsigned long args[6];
} forms[] = {
	{ "clone(SIGCHLD)", SYS_clone, { SIGCHLD } },
	{ "clone(CLONE_VM|CLONE_VFORK)", SYS_clone, { CLONE_VM | CLONE_VFORK | SIGCHLD } },
	FORM_NEW(CLONE_NEWUSER),
	FORM_NEW(CLONE_NEWNS),
	FORM_NEW(CLONE_NEWPID),
	FORM_NEW(CLONE_NEWNET),
	FORM_NEW(CLONE_NEWIPC),
	FORM_NEW(CLONE_NEWUTS),
	FORM_NEW(CLONE_NEWCGROUP),
	{ "clone(CLONE_NEWUSER|CLONE_NEWNS)", SYS_clone, { CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD } },
	{ "clone(CLONE_NEWUSER|1<<32)", SYS_clone, { CLONE_NEWUSER | SIGCHLD | 1UL << 32 } },
	{ "clone(CLONE_PTRACE)", SYS_clone, { CLONE_PTRACE | SIGCHLD } },
	{ "prlimit64(0)", SYS_prlimit64, { 0, FORM_BAD, FORM_BAD, FORM_BAD } },
	{ "prlimit64(0,RLIMIT_LOCKS,new)", SYS_prlimit64, { 0, RLIMIT_LOCKS, FORM_BAD, 0 } },
	{ "prlimit64(0,RLIMIT_LOCKS,new,old)", SYS_prlimit64, { 0, RLIMIT_LOCKS, FORM_BAD, FORM_BAD } },
	{ "prlimit64(0,RLIMIT_LOCKS,,old)", SYS_prlimit64, { 0, RLIMIT_LOCKS, 0, FORM_BAD } },
	{ "setrlimit(RLIMIT_LOCKS)", SYS_setrlimit, { RLIMIT_LOCKS, FORM_BAD } },
	{ "setrlimit(RLIMIT_LOCKS|1<<32)", SYS_setrlimit, { RLIMIT_LOCKS | 1UL << 32, FORM_BAD } },
	{ "setrlimit(RLIMIT_NOFILE)", SYS_setrlimit, { RLIMIT_NOFILE, FORM_BAD } },
	{ "prlimit64(1)", SYS_prlimit64, { 1, FORM_BAD, FORM_BAD, FORM_BAD } },
	{ "prlimit64(1<<32)", SYS_prlimit64, { 1UL << 32, FORM_BAD, FORM_BAD, FORM_BAD } },
	FORM_IOCTL(TIOCSTI),
	FORM_IOCTL(TIOCLINUX),
	FORM_IOCTL(TIOCSCTTY),
	FORM_IOCTL(TCGETS),
	FORM_IOCTL(FIONREAD),
	FORM_IOCTL(FS_IOC_SETFLAGS),
	FORM_IOCTL(FICLONE),
	FORM_IOCTL(SIOCSIFFLAGS),
	FORM_NETLINK(NETLINK_ROUTE),
	FORM_NETLINK(NETLINK_USERSOCK),
	FORM_NETLINK(NETLINK_SOCK_DIAG),
	FORM_NETLINK(NETLINK_NFLOG),
	FORM_NETLINK(NETLINK_XFRM),
	FORM_NETLINK(NETLINK_SELINUX),
	FORM_NETLINK(NETLINK_AUDIT),
	FORM_NETLINK(NETLINK_FIB_LOOKUP),
	FORM_NETLINK(NETLINK_CONNECTOR),
	FORM_NETLINK(NETLINK_NETFILTER),
	FORM_NETLINK(NETLINK_KOBJECT_UEVENT),
	FORM_NETLINK(NETLINK_GENERIC),
	FORM_NETLINK(NETLINK_CRYPTO),
	{ "socket(AF_INET|1<<32)", SYS_socket, { AF_INET | 1UL << 32, SOCK_STREAM } },
	{ "socket(AF_UNIX|1<<32)", SYS_socket, { AF_UNIX | 1UL << 32, SOCK_STREAM } },
	{ "socket(AF_NETLINK,NETLINK_ROUTE|1<<32)", SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE | 1UL << 32 } },
	{ "socket(AF_ALG,SOCK_CLOEXEC)", SYS_socket, { AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC } },
	{ "socket(-1)", SYS_socket, { (unsigned long)-1, SOCK_STREAM } },
	{ "socketpair(AF_INET|1<<32)", SYS_socketpair, { AF_INET | 1UL << 32, SOCK_STREAM, 0, FORM_BAD } },
	{ "socketpair(-1)", SYS_socketpair, { (unsigned long)-1, SOCK_STREAM, 0, FORM_BAD } },
	FORM_MKNOD(S_IFREG, 0),
	FORM_MKNOD(S_IFIFO, 0),
	FORM_MKNOD(S_IFSOCK, 0),
	FORM_MKNOD(S_IFCHR, 0),
	FORM_MKNOD(S_IFCHR, DEV_NULL),
	FORM_MKNOD(S_IFBLK, DEV_DISK),
	FORM_MKNOD(S_IFDIR, 0),
	FORM_MKNOD(0, DEV_DISK),
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))
