/* probe.h - ways out of a step, in groups by what they attack. A probe returns >= 0 when it got what no step may have, else -1 with errno. */
#pragma once
#include <stddef.h>

struct probe {
	const char *name;
	int (*f)(void);
	const char *depends; /* why it may fail outside, too: on the kernel, on its settings, on being the host's root. NULL: it must work outside */
};
#define PROBE(name) { #name, name, NULL }
#define HOST(name, why) { #name, name, why }
#define ROOTS "asks for the host's uid 0"
#define LEDGER "nobody answers calls outside"
#define KERNEL "not every kernel has it"

struct probe_group {
	const char *name;
	const struct probe *probes;
	size_t n;
};
#define GROUP(group_name, array) const struct probe_group group_name = { #group_name, array, sizeof(array) / sizeof((array)[0]) }

extern const struct probe_group namespaces, mounts, rights, files, descriptors, procfs, devices, processes, limits, sockets, ipc, keys, terminals, kernel, needed;

/* What the host has, and a process that is not ours: init inside, a child in the control. */
extern const char *canary, *abstract;
extern int host_pid, port, shm_key, target, loose;

int reaches(const char *path, int flags);      /* open() */
int reads(const char *path);                   /* at least one byte */
int of_target(const char *name, int flags);    /* below /proc/TARGET */
int of_host(const char *name, int flags);      /* below /proc/HOSTPID */
int holds(int condition, int otherwise);       /* 0, or -1 with this errno */
