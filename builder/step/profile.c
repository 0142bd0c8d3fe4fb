/* profile.c - system calls by number as a seccomp profile by name. */
#include <ingot/json.h>
#include <ingot/step.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

/* What a container runtime needs between loading the profile and executing the program, which no test of ours sees: crun and runc, with no-new-privileges and without. */
static const char *const of_runtimes[] = { "capget",    "capset",     "chdir",      "clone",       "close",      "close_range", "dup3",      "epoll_ctl",  "epoll_pwait", "execve",    "exit",
					   "exit_group", "faccessat",  "faccessat2", "fchdir",      "fchown",     "fcntl",       "fstat",     "fstatfs",    "futex",       "getcwd",    "getdents64",
					   "getpid",     "getppid",    "gettid",     "madvise",     "mmap",       "mprotect",    "munmap",    "nanosleep",  "newfstatat",  "openat",    "openat2",
					   "prctl",      "read",       "readlinkat", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "sendmsg", "setgid",     "setgroups", "setuid",
					   "sigaltstack", "statx",     "tgkill",     "umask",       "write" };
#define N_RUNTIMES (sizeof(of_runtimes) / sizeof(of_runtimes[0]))

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names sorted, each once. Those of libseccomp are ours to free; the others are not, so all are copies. */
static size_t names_of(const uint8_t calls[INGOT_STEP_CALLS / 8], char *names[INGOT_STEP_CALLS + N_RUNTIMES])
{
	size_t n = 0, kept = 0;
	for (int nr = 0; nr < INGOT_STEP_CALLS; nr++)
		if (calls[nr / 8] >> (nr % 8) & 1) {
			char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
			if (name)
				names[n++] = name;
		}
	for (size_t i = 0; i < N_RUNTIMES; i++)
		names[n++] = strdup(of_runtimes[i]);
	qsort(names, n, sizeof(names[0]), by_name);
	for (size_t i = 0; i < n; i++) {
		if (kept && strcmp(names[kept - 1], names[i]) == 0)
			free(names[i]);
		else
			names[kept++] = names[i];
	}
	return kept;
}

static const char *architecture(void)
{
	switch (seccomp_arch_native()) {
	case SCMP_ARCH_X86_64:
		return "SCMP_ARCH_X86_64";
	case SCMP_ARCH_AARCH64:
		return "SCMP_ARCH_AARCH64";
	default:
		return "SCMP_ARCH_NATIVE";
	}
}

void ingot_step_profile(const uint8_t calls[INGOT_STEP_CALLS / 8], struct ingot_buf *out)
{
	char *names[INGOT_STEP_CALLS + N_RUNTIMES];
	size_t n = names_of(calls, names);
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "defaultAction", "SCMP_ACT_ERRNO");
	ingot_json_u64(&j, "defaultErrnoRet", 38);
	ingot_json_array(&j, "architectures");
	ingot_json_str(&j, NULL, architecture());
	ingot_json_end(&j, ']');
	ingot_json_array(&j, "syscalls");
	ingot_json_object(&j, NULL);
	ingot_json_array(&j, "names");
	for (size_t i = 0; i < n; i++) {
		ingot_json_str(&j, NULL, names[i]);
		free(names[i]);
	}
	ingot_json_end(&j, ']');
	ingot_json_str(&j, "action", "SCMP_ACT_ALLOW");
	ingot_json_end(&j, '}');
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
}
