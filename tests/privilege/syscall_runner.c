/* syscall_runner NAME=ERRNO... -- PROGRAM...: these system calls answer so, as the filter of a hardened unit or container has them, or an older kernel. */
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

int main(int argc, char **argv)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int i = 1;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		char *equals = strchr(argv[i], '=');
		if (!equals)
			die(argv[i]);
		*equals = '\0';
		int call = seccomp_syscall_resolve_name(argv[i]);
		if (call == __NR_SCMP_ERROR || seccomp_rule_add(f, SCMP_ACT_ERRNO((unsigned)number(equals + 1)), call, 0) < 0)
			die(argv[i]);
	}
	if (i == argc || seccomp_load(f) < 0)
		die("seccomp");
	execute(argv + i + 1);
}
