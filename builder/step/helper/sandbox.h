/* sandbox.h - the parts of ingot-step (private to it).
 *
 * Processes: the supervisor (outside; relays output, watches the clock) -> init, pid 1 of the new namespaces (sets up, then reaps and watches the disk) ->
 * the payload. Init cannot be signalled, traced or looked into from inside: it is pid 1 and not dumpable.
 */
#pragma once
#include "../fds.h"
#include <ingot/buf.h>
#include <ingot/chan.h>
#include <ingot/err.h>
#include <ingot/owned.h>
#include <ingot/step.h>

struct step_mount {
	bool volume, readonly;
	char *path;
	uint64_t size; /* of a tmpfs */
	int fd;        /* of a volume */
};

struct step_seed {
	char *path;
	struct ingot_owned is;
};

struct step_plan {
	unsigned what, flags, timeout;
	uint32_t uid, gid;
	uint64_t tmpfs_size, disk_limit, memory, memory_limit; /* memory: as asked for, 0 where it is not; memory_limit: what holds */
	char *workdir, *hostname;
	char **argv, **env; /* end in NULL */
	size_t n_argv, n_env;
	struct ingot_buf script;
	struct step_mount *mounts;
	size_t n_mounts, n_volumes;
	struct step_seed *seeds;
	size_t n_seeds, cap_seeds;
	char **secrets; /* names; the values are behind STEP_FD_SECRET */
	size_t n_secrets;
};

/* plan.c: what the coordinator sends, up to its DONE. */
int step_plan_receive(struct ingot_chan *c, struct step_plan *ret, struct ingot_err *err) INGOT_MUST_USE;

/* What init tells the supervisor, once, over a pipe: smaller than PIPE_BUF, so never half of it. */
enum step_end { STEP_END_EXITED = 1, STEP_END_FAILED, STEP_END_DISK, STEP_END_IDENTITY, STEP_END_STOPPED, STEP_END_MEMORY, STEP_END_TASKS };
struct step_report {
	enum step_end end;
	int wait_status;
	struct ingot_err err;
};

/* space.c */
bool step_kernel_from(uint32_t major, uint32_t minor); /* runs this version or a newer one */
int step_open_proc(struct ingot_err *err) INGOT_MUST_USE; /* the host's /proc, and it is one (safety 5.2) */
int step_map_ids(int proc, uid_t outer_uid, gid_t outer_gid, uint32_t uid, uint32_t gid, struct ingot_err *err) INGOT_MUST_USE;
void step_oom_first(int proc); /* when memory runs out, the step goes before anything of the user's */
int step_namespaces(unsigned flags); /* CLONE_NEW... for a plan */
int step_reopen(int proc, int fd, const char *what, struct ingot_err *err) INGOT_MUST_USE; /* the same directory, seen from our mount namespace */
int step_loopback(struct ingot_err *err) INGOT_MUST_USE;

/* mounts.c: one call of the mount API each, with messages; all return owned fds of detached mounts. */
int step_mount_new(const char *type, const char *const *options, unsigned attr, struct ingot_err *err) INGOT_MUST_USE;
int step_mount_clone(int fd, const char *path, unsigned attr, struct ingot_err *err) INGOT_MUST_USE; /* of a directory or file, not of what is mounted below it */
int step_mount_attr(int mount, unsigned attr, struct ingot_err *err) INGOT_MUST_USE;
int step_mount_proc_of_host(struct ingot_err *err) INGOT_MUST_USE; /* read-only, with what hides parts of it */
int step_overlay_wanted(int upper, struct ingot_err *err) INGOT_MUST_USE; /* can it be the upper directory of one? */
int step_mount_tmpfs(uint64_t size, const char *mode, struct ingot_err *err) INGOT_MUST_USE;
/* Attach to a directory of the new root: each component must be a directory, no link. */
int step_attach(int mount, int root, struct ingot_span path, struct ingot_err *err) INGOT_MUST_USE;

/* dev.c: /dev in two halves, before and after the old root is gone. */
#define STEP_DEVICES 6
struct step_dev {
	int mount, pts, shm;
	int node[STEP_DEVICES];
};
int step_dev_prepare(struct step_dev *d, struct ingot_err *err) INGOT_MUST_USE;
int step_dev_attach(struct step_dev *d, int root, struct ingot_err *err) INGOT_MUST_USE;
int step_dev_make(int dev, struct ingot_err *err) INGOT_MUST_USE; /* nodes of our own in an empty directory, which only root of a container can make */

/* root.c: from the host's root to the step's; ret_upper is the upper directory, for init's watch. */
int step_enter_root(const struct step_plan *p, int proc, int *ret_upper, struct ingot_err *err) INGOT_MUST_USE;

int step_fill_run(const struct step_plan *p, int run, struct ingot_err *err) INGOT_MUST_USE;
/* secrets.c: the files of INGOT_STEP_SECRETS in the step's /run, before anything of the step runs. */
int step_fill_secrets(const struct step_plan *p, int run, struct ingot_err *err) INGOT_MUST_USE;

/* usage.c: bytes below a directory that somebody is writing to at the moment. */
struct step_usage {
	uint64_t bytes, entries;
	bool too_deep;
};
int step_usage(int dirfd, uint64_t limit, struct step_usage *ret);
/* The upper directory and the writable volumes (caches) together have passed a limit of the plan. */
bool step_usage_above(const struct step_plan *p, int upper, uint64_t more); /* more: bytes that are not below them */
/* unnamed.c, with /proc as working directory */
uint64_t step_disk_used(int fd);
uint64_t step_unnamed(int upper);

/* filter.c, confine.c */
int step_filter_load(unsigned flags, struct ingot_err *err) INGOT_MUST_USE;
int step_filter_chroot(unsigned flags, struct ingot_err *err) INGOT_MUST_USE; /* the payload's without namespaces, with the others */
int step_filter_ask(unsigned flags, bool ledger, struct ingot_err *err) INGOT_MUST_USE; /* the payload's, after the others; returns the listener with a ledger, else 0 */
bool step_has_ledger(const struct step_plan *p);
int step_drop_caps(const int *keep, size_t n, bool exec_as_root, struct ingot_err *err) INGOT_MUST_USE;
int step_set_caps(const int *keep, size_t n, struct ingot_err *err) INGOT_MUST_USE; /* permitted and effective; the rest of the above is done */
int step_close_all_but(const int *keep, size_t n, struct ingot_err *err) INGOT_MUST_USE; /* keep ascending */
_Noreturn void step_payload(const struct step_plan *p, const int stdio[3], int report, int listener_to);

/* chroot.c: the same where there are no namespaces. Init: prepare, shrink; the payload: become, walls; harvest: reader. */
int step_chroot_prepare(const struct step_plan *p, int *ret_proc, int *ret_upper, struct ingot_err *err) INGOT_MUST_USE;
int step_chroot_shrink(const struct step_plan *p, struct ingot_err *err) INGOT_MUST_USE;
int step_chroot_become(const struct step_plan *p, struct ingot_err *err) INGOT_MUST_USE;
int step_chroot_walls(const struct step_plan *p, struct ingot_err *err) INGOT_MUST_USE;
int step_chroot_reader(int upper, int lower, struct ingot_err *err) INGOT_MUST_USE;

/* memory.c: for init, in the step's root and with /proc as its working directory. */
struct step_memory;
struct step_memory *step_memory_new(const struct step_plan *p, struct ingot_err *err); /* NULL on failure. Lives as long as the process */
enum step_end step_memory_look(const struct step_memory *m); /* STEP_END_MEMORY, STEP_END_TASKS; STEP_END_EXITED: neither */
uint64_t step_memory_default(void); /* outside */

/* procs.c: the processes of a step, as init sees them in this /proc. */
pid_t step_self_in(int proc); /* our own number in it, or -1 */
pid_t step_number_in(int proc, pid_t tid); /* that of a thread of the step, or -1 */
pid_t step_parent_of(int proc, pid_t pid);
int step_procs_each(int proc, int (*f)(pid_t pid, void *ctx), void *ctx); /* all that descend from us; returns how many; f < 0 ends it */
/* Whether the step may signal this process: an owned pidfd to do it with if it descends from us (init), else -1 and errno. */
int step_kill_permitted(int proc, pid_t target);
bool step_scoped(unsigned flags); /* does Landlock keep signals and abstract sockets of a chroot inside? */
void step_end_all(int proc, unsigned flags); /* returns when no process of the step is left */

/* confine.c */
extern const int step_root_caps[];
extern const size_t step_n_root_caps;

/* init.c, supervise.c, harvest.c, probe.c */
struct step_pipes {
	int stdio[3], go, report;
	int ledger; /* a memfd: what the ledger says at the end */
};
_Noreturn void step_init(const struct step_plan *p, const struct step_pipes *pipes, uid_t uid, gid_t gid);
int step_supervise(struct ingot_chan *c, const struct step_plan *p, struct ingot_err *err) INGOT_MUST_USE;
int step_harvest(struct ingot_chan *c, const struct step_plan *p, struct ingot_err *err) INGOT_MUST_USE;
int step_probe(struct ingot_chan *c, struct ingot_err *err) INGOT_MUST_USE;
