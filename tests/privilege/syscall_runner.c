/* syscall_runner NAME=ERRNO... -- PROGRAM...: these system calls answer so, as the filter of a hardened unit or container has them, or an older kernel. The name "namespaces"
 * stands for every way to a new one. */
#include "runner.h"

static int number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} known[] = { { "ENOSYS", ENOSYS }, { "EPERM", EPERM }, { "EACCES", EACCES }, { "ENODEV", ENODEV }, { "ENOSPC", ENOSPC }, { "EINVAL", EINVAL }, { "EOPNOTSUPP", EOPNOTSUPP } };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].number;
	errno = EINVAL;
	die(name);
}

static void refuse_namespaces(scmp_filter_ctx f, int with)
{
	static const uint64_t flags[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
	uint32_t action = SCMP_ACT_ERRNO((unsigned)with);
	int r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) | seccomp_rule_add(f, action, SCMP_SYS(unshare), 0) | seccomp_rule_add(f, action, SCMP_SYS(setns), 0);
	for (size_t i = 0; r == 0 && i < sizeof(flags) / sizeof(flags[0]); i++)
		r = seccomp_rule_add(f, action, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
	if (r < 0)
		die("namespaces");
}

int main(int argc, char **argv)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int i = 1;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		char *equals = strchr(argv[i], '=');
		if (!equals)
			die(argv[i]);
		*equals = '\0';
		if (strcmp(argv[i], "namespaces") == 0) {
			refuse_namespaces(f, number(equals + 1));
			continue;
		}
		int call = seccomp_syscall_resolve_name(argv[i]);
		if (call == __NR_SCMP_ERROR || seccomp_rule_add(f, SCMP_ACT_ERRNO((unsigned)number(equals + 1)), call, 0) < 0)
			die(argv[i]);
	}
	if (i == argc || seccomp_load(f) < 0)
		die("seccomp");
	execute(argv + i + 1);
}
