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
#include <sys/socket.h>

struct step_mount {
	bool volume, readonly;
	bool filled; /* a tmpfs that begins with what the root has there */
	char *path;
	uint64_t size; /* of a tmpfs */
	int fd;        /* of a volume */
};

struct step_seed {
	char *path;
	struct ingot_owned is;
};

/* course.h of the public ones, as it arrived. */
struct step_course {
	unsigned signal, within, port, wait, patience;
	bool udp;
	struct ingot_buf send, expect;
	char **argv; /* ends in NULL */
	size_t n_argv;
	struct ingot_course_file files[INGOT_MAX_COURSE_FILES];
	size_t n_files;
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
	struct step_course *course; /* NULL: none */
};

/* plan.c: what the coordinator sends, up to its DONE. */
int step_plan_receive(struct ingot_chan *c, struct step_plan *ret, struct ingot_err *err) INGOT_MUST_USE;

/* What init tells the supervisor, once, over a pipe: smaller than PIPE_BUF, so never half of it. */
enum step_end { STEP_END_EXITED = 1, STEP_END_FAILED, STEP_END_DISK, STEP_END_IDENTITY, STEP_END_STOPPED, STEP_END_MEMORY, STEP_END_TASKS };
struct step_report {
	enum step_end end;
	int wait_status;
	struct ingot_err err;
	struct ingot_course_result course;
	uint8_t calls[INGOT_STEP_CALLS / 8];
};
_Static_assert(sizeof(struct step_report) <= 4096, "PIPE_BUF");

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

/* fill.c */
int step_fill(int root, const char *place, int mount, struct ingot_err *err) INGOT_MUST_USE;

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
int step_filter_record(struct ingot_err *err) INGOT_MUST_USE; /* returns the listener; only step_sendmsg_unrecorded() gets past it unasked */
ssize_t step_sendmsg_unrecorded(int fd, const struct msghdr *m);
struct step_start {
	int stdio[3];
	int report;      /* where the reason goes why it was not executed */
	int listener_to; /* where listeners go */
	int go;          /* executed when this says so; -1: at once */
};
_Noreturn void step_payload(const struct step_plan *p, char *const *argv, const struct step_start *s);

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

/* course.c, for init */
struct course;
struct course *course_new(const struct step_course *c);
void course_beside(struct course *c, pid_t pid, int take_go); /* it waits for go */
int course_begin(struct course *c, pid_t service, struct ingot_err *err) INGOT_MUST_USE; /* the service was executed */
int64_t course_due(const struct course *c); /* when to look again, in ms of CLOCK_MONOTONIC */
int course_fd(const struct course *c);      /* or when this is readable; -1 */
int course_hear(struct course *c, struct ingot_err *err) INGOT_MUST_USE; /* it is readable */
int course_look(struct course *c, struct ingot_err *err) INGOT_MUST_USE; /* it is due */
bool course_over(const struct course *c); /* a verdict stands */
bool course_reaped(struct course *c, pid_t pid, int status); /* whether that was one of ours, and not the service */
/* When everybody is dead: files, and the verdict. */
void course_end(struct course *c, struct ingot_course_result *ret);
_Noreturn void step_ask_port(const struct step_course *c, int to); /* ask_port.c: writes a struct ingot_course_result to it */

/* record.c, for init: system calls that are written down and let go. */
#define STEP_RECORDED 2
struct record;
struct record *record_new(struct ingot_err *err); /* NULL on failure */
void record_listen(struct record *r, int take_listener);
int record_fd(const struct record *r, size_t i); /* i < STEP_RECORDED; -1: none */
void record_serve(struct record *r, size_t i);
void record_seen(const struct record *r, uint8_t ret[INGOT_STEP_CALLS / 8]);

/* init.c, supervise.c, harvest.c, probe.c */
struct step_pipes {
	int stdio[3], beside[3], go, report;
	int ledger; /* a memfd: what the ledger says at the end */
};
_Noreturn void step_init(const struct step_plan *p, const struct step_pipes *pipes, uid_t uid, gid_t gid);
int step_supervise(struct ingot_chan *c, const struct step_plan *p, struct ingot_err *err) INGOT_MUST_USE;
int step_harvest(struct ingot_chan *c, const struct step_plan *p, struct ingot_err *err) INGOT_MUST_USE;
int step_probe(struct ingot_chan *c, struct ingot_err *err) INGOT_MUST_USE;
