/* docker_runner -- PROGRAM...: root as Docker's and GitLab's runner give it by default. Its capabilities and no others, /proc with masks, and a filter that answers as theirs
 * (moby, profiles/seccomp) answers a process without CAP_SYS_ADMIN. Needs root. */
#include "runner.h"

static const cap_value_t kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FSETID, CAP_FOWNER, CAP_MKNOD, CAP_NET_RAW, CAP_SETGID, CAP_SETUID, CAP_SETFCAP, CAP_SETPCAP, CAP_NET_BIND_SERVICE,
				    CAP_SYS_CHROOT, CAP_KILL, CAP_AUDIT_WRITE };
#define KEPT (sizeof(kept) / sizeof(kept[0]))

static const char *const refused[] = {
	"acct", "add_key", "bpf", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "get_mempolicy",
	"init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "mbind", "mount",
	"mount_setattr", "move_mount", "move_pages", "name_to_handle_at", "open_by_handle_at", "open_tree", "perf_event_open", "pivot_root", "quotactl", "reboot", "request_key",
	"set_mempolicy", "setdomainname", "sethostname", "setns", "settimeofday", "swapoff", "swapon", "syslog", "umount2", "unshare", "userfaultfd", "vhangup",
};

static void load_filter(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	/* Loaded with CAP_SYS_ADMIN, before it goes: the container's processes may gain privileges. */
	if (!f || seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 0) < 0)
		die("seccomp");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int call = seccomp_syscall_resolve_name(refused[i]);
		if (call != __NR_SCMP_ERROR && seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), call, 0) < 0)
			die(refused[i]);
	}
	/* clone3() hides its flags: ENOSYS has libc use clone(). */
	static const uint64_t namespaces[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
	int r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (size_t i = 0; r == 0 && i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	if (r < 0 || seccomp_load(f) < 0)
		die("seccomp");
	seccomp_release(f);
}

static void drop_capabilities(void)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		int stays = 0;
		for (size_t i = 0; i < KEPT; i++)
			stays |= (int)kept[i] == cap;
		if (!stays && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			die("capabilities");
	}
	cap_t caps = cap_init();
	if (!caps || cap_set_flag(caps, CAP_PERMITTED, KEPT, kept, CAP_SET) < 0 || cap_set_flag(caps, CAP_EFFECTIVE, KEPT, kept, CAP_SET) < 0 || cap_set_proc(caps) < 0)
		die("capabilities");
	(void)cap_free(caps);
}

int main(int argc, char **argv)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC) < 0)
		die("unshare");
	go_on_in_child();
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		die("/proc");
	mask_proc();
	load_filter();
	drop_capabilities();
	execute(argv + (argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1));
}
