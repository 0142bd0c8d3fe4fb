/* step.h - running a command in the sandbox, and harvesting what it changed. The work is done by ingot-step; this is the coordinator's side.
 *
 * A step runs in fresh user, mount, pid, ipc, uts, net and cgroup namespaces, with one mapped uid and gid (the caller's, seen inside as those of the plan), no
 * new privileges, a seccomp filter, and no network. Its root is an overlay: the checkout below, read-only; what it changes goes to the scratch directory. /proc, /dev,
 * /tmp and /run are its own and vanish; the Tree must have them as directories before it is checked out (ingot_step_mountpoints()): set-up makes nothing on
 * disk and follows no link (safety 5.1). /sys stays empty.
 *
 * Ledger: with one uid nothing can be given to another on the disk, so chown(), mknod() of devices, setuid() and its kin and file capabilities are answered by the
 * sandbox's init and written down by inode; the result's owned[] is what remained of it at the end. The program sees that it worked. With INGOT_STEP_IDENTITY it
 * also sees what it asks afterwards (stat(), getuid()), and files that it makes as another user are that user's; this costs some 10 us at each such call, so a step
 * runs without, and again with it when it turns out to need it (INGOT_STEP_NEEDS_IDENTITY). No ledger with INGOT_STEP_READONLY.
 *
 * Sequence for a step: ingot_step_run(); then, if it is to be kept, ingot_step_harvest() and ingot_intake_drain() on h->chan, ingot_helper_finish().
 */
#pragma once
#include <ingot/buf.h>
#include <ingot/course.h>
#include <ingot/helper.h>
#include <ingot/limits.h>
#include <ingot/log.h>
#include <ingot/owned.h>
#include <ingot/search.h>

/* Tree paths ("proc", "dev", ...) that must be directories in what is checked out; ends in NULL. Missing ones are the engine's to add (0755, tmp 01777)
 * and to leave out again: the harvest never holds them. */
const char *const *ingot_step_mountpoints(void);

#define INGOT_STEP_READONLY 1U     /* the checkout itself, read-only; no scratch, nothing to harvest (ingot run) */
#define INGOT_STEP_NETWORK_HOST 2U /* the host's network, for ingot run when the user says so */
#define INGOT_STEP_LOOPBACK 4U     /* a loopback device in a network of its own, and sockets to use it */
#define INGOT_STEP_STDIO 8U        /* stdio[] instead of /dev/null and captured output */
#define INGOT_STEP_IDENTITY 16U    /* the ledger answers who a process is and whose a file is, too: see ledger below */
#define INGOT_STEP_TERMINAL 512U   /* stdio[0] is a terminal, which becomes the payload's own */
#define INGOT_STEP_STDIN 2048U     /* stdio[0] is what it reads, while its output is captured */
#define INGOT_STEP_RECORD 4096U    /* write down which system calls its programs make; only with READONLY, and at some 10 us a call */
#define INGOT_STEP_COURSE 8192U    /* course is there; set by ingot_step_run() */
#define INGOT_STEP_AGAIN 256U      /* scratch is that of a step which has ended: its files are as that one left them (--on-fail=shell) */

#define INGOT_STEP_LAYERED 1024U   /* base_fd is there; set by ingot_step_run() */
#define INGOT_STEP_COPIED 32U      /* no overlay: the checkout is copied into scratch, and compared with it afterwards (ingot_step_harvest_copied()) */
#define INGOT_STEP_CHROOT 64U      /* no namespaces, with COPIED only: a chroot under Landlock, for root in a container that is refused them. A weaker wall */
#define INGOT_STEP_UNSCOPED 128U   /* in a chroot: as on a kernel whose Landlock cannot keep signals and abstract sockets inside (before 6.12). For tests */

#define INGOT_STEP_SCRIPT "/run/ingot/script" /* where the plan's script is, mode 0555 */

struct ingot_step_tmpfs {
	const char *path; /* absolute; a directory in the checkout, no link in it */
	uint64_t size;    /* bytes; 0: the plan's tmpfs_size */
	bool filled;      /* it begins with what the checkout has there; else it is empty */
};

struct ingot_step_volume {
	const char *path; /* absolute; a directory in the checkout, no link in it */
	int fd;           /* a directory of the host, borrowed */
	bool readonly;
};

/* What the checkout does not show of the Tree: owners other than 0:0, set-id bits, capabilities. So that the ledger can tell where they went. */
struct ingot_step_seed {
	struct ingot_span path; /* of the Tree */
	uint32_t uid, gid, mode;
	struct ingot_span caps; /* security.capability of revision 2 (INGOT_CAPS_SIZE bytes), or empty */
};

#define INGOT_STEP_SECRETS "/run/secrets" /* a file for each secret, mode 0400, the step's user's; in memory, in this step's mount namespace alone */
struct ingot_step_secret {
	const char *id; /* a name of one component */
	int fd;         /* a file that holds the value, read from its beginning; borrowed */
};

struct ingot_step_plan {
	const char *name;        /* for messages and log lines: "stage build, step 2" */
	const char *const *argv; /* argv[0] without a slash is looked for in PATH, inside. {shell, INGOT_STEP_SCRIPT, NULL} for a script */
	size_t n_argv;
	const char *const *env; /* "NAME=value"; on top of PATH, HOME, LANG=C.UTF-8, SOURCE_DATE_EPOCH: nothing of ours is inherited */
	size_t n_env;
	struct ingot_span script; /* bytes of the script, or empty */
	const char *workdir;      /* absolute, default "/" */
	const char *hostname;     /* default "ingot" */
	uint32_t uid, gid;        /* as whom. uid 0 has a few capabilities over its own files, any other none */
	unsigned timeout;         /* seconds; 0: 3600 */
	uint64_t disk_limit;      /* bytes in scratch, also of one file; 0: 16 GiB */
	uint64_t memory;          /* bytes of all processes and tmpfs together; 0: three quarters of what there is */
	uint64_t tmpfs_size;      /* of /tmp, /run and each tmpfs; 0: 1 GiB */
	int64_t source_date_epoch; /* < 0: not set */
	unsigned flags;
	int root_fd;    /* the checkout, borrowed */
	int base_fd;    /* a second one that is seen through the first (ingot_checkout_layered()), borrowed; or -1. Not with COPIED or READONLY */
	int scratch_fd; /* an empty directory on the same kind of file system (0700), borrowed; -1 with INGOT_STEP_READONLY */
	int stdio[3];   /* with INGOT_STEP_STDIO, borrowed; -1: /dev/null */
	const struct ingot_step_tmpfs *tmpfs;
	size_t n_tmpfs;
	const struct ingot_step_volume *volumes; /* at most 16 */
	size_t n_volumes;
	const struct ingot_step_seed *seeds;
	size_t n_seeds;
	const struct ingot_step_secret *secrets; /* at most INGOT_MAX_STEP_SECRETS */
	size_t n_secrets;
	const struct ingot_course *course; /* or NULL */
	struct ingot_buf *out, *err; /* not NULL: all that the command (with a course that runs something beside it: that) prints, raw, as far as there is room */
	const struct ingot_search *hide; /* what the output must not show: *** stands in its place, in the log and in the result's tail. NULL: nothing */
};
#define INGOT_STEP_PLAN_INIT { .source_date_epoch = -1, .root_fd = -1, .base_fd = -1, .scratch_fd = -1, .stdio = { -1, -1, -1 } }

enum ingot_step_reason {
	INGOT_STEP_ENDED = 0,    /* by itself: status says how */
	INGOT_STEP_SIGNALLED = 1, /* by a signal (SIGSYS: a call of a foreign ABI) */
	INGOT_STEP_TIMED_OUT = 2,
	INGOT_STEP_DISK_FULL = 3, /* more than disk_limit, or more than 2 million files */
	INGOT_STEP_NO_MEMORY = 5,     /* more than its memory */
	INGOT_STEP_TOO_MANY = 6,      /* more than INGOT_MAX_STEP_TASKS processes and threads */
	INGOT_STEP_NEEDS_IDENTITY = 4 /* it became another user, or keeps the owners that it sees; run it again, from the beginning, with INGOT_STEP_IDENTITY */
};

/* A line of the ledger: what the step gave to the file at this path of the Tree, and the disk cannot show. In the order in which it happened. */
struct ingot_step_owned {
	struct ingot_span path;
	struct ingot_owned is;
};

#define INGOT_STEP_CALLS 1024 /* numbers of system calls lie below */

/* How a step was kept apart. A fact of the build, for its result and provenance; no part of what the step gives. */
enum ingot_isolation { INGOT_ISOLATION_FULL = 0, INGOT_ISOLATION_CHROOT = 1 };

struct ingot_step_result {
	enum ingot_isolation isolation;
	enum ingot_step_reason reason;
	unsigned status, signal;
	uint64_t output;     /* bytes that it wrote */
	struct ingot_buf tail; /* the last 64 KiB of them, raw */
	struct ingot_step_owned *owned; /* for harvest_delta(); paths live in arena */
	size_t n_owned;
	struct ingot_arena *arena;
	struct ingot_course_result course;
	uint8_t calls[INGOT_STEP_CALLS / 8]; /* with RECORD: bit N % 8 of byte N / 8 for the system call N of this machine; those that the filter refuses are not among them */
};
#define INGOT_STEP_RESULT_INIT { .tail = INGOT_BUF(KIB(64)) }
void ingot_step_result_done(struct ingot_step_result *r);

/* 0 when the command ran, however it ended: see *ret (initialised by the caller). -1 when it could not be run: INGOT_E_HOST with what this host lacks,
 * INGOT_E_STEP (no such program, workdir missing). Its output goes to log->output line by line, escaped, up to INGOT_MAX_STEP_LOG. When this returns,
 * every process of the step is dead. */
int ingot_step_run(const struct ingot_step_plan *plan, const struct ingot_log *log, struct ingot_step_result *ret, struct ingot_err *err) INGOT_MUST_USE;
/* 0 for a step that ended with status 0, else INGOT_E_STEP in words, with the last lines. */
int ingot_step_check(const struct ingot_step_plan *plan, const struct ingot_step_result *r, struct ingot_err *err) INGOT_MUST_USE;

/* The last two or three lines of what it printed in one, escaped, for a hint. False when there was none. */
bool ingot_step_last_lines(const struct ingot_step_result *r, char *ret, size_t size);

/* A seccomp profile as docker and podman read it (moby's and containers/common's format): these calls and what a container runtime itself needs are allowed, every other is ENOSYS,
 * as it was where they were recorded, so that a libc which tries a newer call first goes on with the older one. */
void ingot_step_profile(const uint8_t calls[INGOT_STEP_CALLS / 8], struct ingot_buf *out);

/* Start the harvest of a scratch directory after its step: *ret is then to be drained with ingot_intake_drain() (whiteouts permitted). uid and gid: those of
 * the plan; owners in the entries are these and mean nothing more than "the step". limit: bytes of all contents, 0 = 16 GiB. */
int ingot_step_harvest(int scratch_fd, uint32_t uid, uint32_t gid, uint64_t limit, struct ingot_helper *ret, struct ingot_err *err) INGOT_MUST_USE;

/* The same for a step that ran with INGOT_STEP_COPIED, on the checkout root_fd: what is as it was is neither read nor sent. flags: those of the plan. */
int ingot_step_harvest_copied(int root_fd, int scratch_fd, unsigned flags, uint32_t uid, uint32_t gid, uint64_t limit, struct ingot_helper *ret, struct ingot_err *err) INGOT_MUST_USE;

/* The rung of the ladder that a host offers, for a step whose scratch directory is this one (emptied by the caller): found by trying, remembered by nobody. */
struct ingot_rung {
	bool possible;  /* false: nothing but packages can be built here, and ingot_doctor_explain() says why */
	unsigned flags; /* for the plan: INGOT_STEP_COPIED, INGOT_STEP_CHROOT */
	char text[64];  /* "full", "full, without overlay", "chroot (container root)", ... */
};
int ingot_step_rung(int scratch_fd, struct ingot_rung *ret, struct ingot_err *err) INGOT_MUST_USE;

/* What the sandbox does, as a number: part of the key of a step's result (safety 6.4). Changes with the filter, mounts, environment or capabilities. */
#define INGOT_STEP_POLICY 4
