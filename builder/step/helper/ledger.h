/* ledger.h - what a step says about ownership, written down by init (private to ingot-step).
 *
 * There is one mapped uid, so a step's chown() to somebody else, mknod() of a device, setuid() or setcap would fail. A filter of the payload sends these
 * calls to init over seccomp user notification; init does what they mean for the program, and keeps here what they mean for the Tree. A record belongs to
 * an inode, which is held open (O_PATH): so it follows renames and links, ends with the last name, and is never taken for the record of a later inode with
 * the same number. Where there are more of them than descriptors, the record is kept at the file itself (INGOT_OWNED_XATTR), which costs a copy-up.
 *
 * Two levels. "Ledger": the calls above, nothing else is asked, so a step without them pays nothing. "Identity" (INGOT_STEP_IDENTITY): a program has become
 * another user, and asks who it is, whose a file is, and makes files that are its own: these calls are answered, too.
 *
 * None of this is a wall. A step may lie to the ledger about its own files as much as it likes; init acts only inside the step's root, with no more rights than
 * the step has. What must hold is that init survives whatever it is asked.
 */
#pragma once
#include "sandbox.h"
#include <ingot/owned.h>
#include <sys/stat.h>

/* --- ledger.c: records by inode --- */
struct ledger;
struct ledger *ledger_new(const struct step_plan *p, struct ingot_err *err); /* in the step's root; NULL on failure. Lives as long as the process */
bool ledger_identity(const struct ledger *l);
bool ledger_is_empty(const struct ledger *l);
bool ledger_has_others(const struct ledger *l); /* something in the Tree or in the ledger belongs to another than 0:0 */
/* fd: O_PATH, borrowed; st: its fstat(). change is merged into what is known. Returns 0 or an errno for the caller of the step. */
int ledger_record(struct ledger *l, int fd, const struct stat *st, const struct ingot_owned *change);
/* Lets go of what has no name any more, and with that of the bytes that it takes on the disk. */
void ledger_sweep(struct ledger *l);
/* *st as the step should see it, with owner and type as recorded; false when that is what it is anyway. */
bool ledger_show(struct ledger *l, int fd, struct stat *st);
/* The capabilities recorded for it: -1 nothing recorded, 0 none, or INGOT_CAPS_SIZE bytes in ret. */
int ledger_caps(struct ledger *l, int fd, const struct stat *st, uint8_t ret[INGOT_CAPS_SIZE]);
/* When every other process is dead: all that belongs into the Tree, as "TEXT\0PATH\0" each, to fd. upper: what the step changed is in it. */
int ledger_write(struct ledger *l, int upper, int fd, struct ingot_err *err) INGOT_MUST_USE;

/* --- who.c: as whom a process runs ---
 * Inherited by fork() and kept over exec() as the kernel's own credentials are, because it is kept in the process: as the soft limit RLIMIT_LOCKS, which the
 * kernel has not looked at since 2.4.25 (getrlimit(2)), an index into a table of init's. */
struct ids {
	uint32_t r, e, s, f;
};
struct who {
	struct ids uid, gid;
	bool keep_caps; /* prctl(PR_SET_KEEPCAPS): the next change away from root keeps ... */
	bool may_group; /* ... CAP_SETGID, with which a program sets its groups after its user */
	uint32_t n_groups;
	uint32_t *groups; /* in memory that lives as long as the process */
};
struct whos;
struct whos *whos_new(uint32_t uid, uint32_t gid);
const struct who *whos_get(struct whos *w, pid_t tid);
int whos_set(struct whos *w, pid_t tid, const struct who *who); /* 0 or an errno */
bool who_in_group(const struct who *w, uint32_t gid);

/* --- tracee.c: the process that asks. All return 0 (or what they say) or -errno; the process may be gone, or changing what it passed, at any moment. --- */
struct call {
	struct ledger *l;
	struct whos *whos;
	int listener, proc; /* init's working directory: the /proc in which the step's processes are */
	bool has_proc;      /* the step sees it, too */
	uint64_t id;
	pid_t tid;
	pid_t shown; /* its number in proc, which may be a container's with a pid namespace above ours */
	int nr;
	const uint64_t *a;
	bool needs_identity; /* out: this step must be begun again with INGOT_STEP_IDENTITY */
};
bool tracee_waits(const struct call *c); /* it still waits for this answer: what was read under its number was its own */
int tracee_read(const struct call *c, uint64_t from, void *to, size_t n);
int tracee_write(const struct call *c, uint64_t to, const void *from, size_t n);
int tracee_string(const struct call *c, uint64_t from, char *ret, size_t size); /* its length */
/* What the process means by (dirfd, path), opened with O_PATH. Owned. */
int tracee_open(const struct call *c, int dirfd, const char *path, bool follow);
int tracee_open_fd(const struct call *c, int fd);
/* The directory in which path's last name would be made, and that name. */
int tracee_open_parent(const struct call *c, int dirfd, char *path, const char **ret_name);
int walk_in_root(int root, const char *path, bool follow); /* walk.c; O_PATH, -1 with errno */
mode_t tracee_umask(const struct call *c);

/* --- answers. The value of the call, or -errno, or one of these. --- */
#define ANSWER_CONTINUE INT64_C(-4096) /* the kernel does it, and nothing that was looked at counts */
#define ANSWER_SENT INT64_C(-4097)     /* answered already */
typedef int64_t answer_fn(struct call *c);
answer_fn answer_chown, answer_lchown, answer_fchown, answer_fchownat; /* answer_owner.c */
answer_fn answer_mknod, answer_mknodat;
answer_fn answer_chmod, answer_fchmodat; /* answer_mode.c */
answer_fn answer_kill, answer_tkill, answer_tgkill; /* answer_kill.c */
answer_fn answer_setxattr, answer_lsetxattr, answer_fsetxattr, answer_removexattr, answer_lremovexattr, answer_fremovexattr; /* answer_caps.c */
answer_fn answer_getxattr, answer_lgetxattr, answer_fgetxattr, answer_listxattr, answer_llistxattr, answer_flistxattr;
answer_fn answer_setuid, answer_setgid, answer_setreuid, answer_setregid, answer_setresuid, answer_setresgid, answer_setfsuid, answer_setfsgid, answer_setgroups, answer_prctl; /* answer_ids.c */
answer_fn answer_getuid, answer_getgid, answer_geteuid, answer_getegid, answer_getresuid, answer_getresgid, answer_getgroups;
answer_fn answer_stat, answer_lstat, answer_fstat, answer_fstatat, answer_statx; /* answer_stat.c */
enum made { MADE_NODE, MADE_DIR, MADE_LINK };
int64_t answer_made(struct call *c, int dirfd, uint64_t path, enum made what, uint64_t mode, uint64_t target); /* answer_create.c */
answer_fn answer_open, answer_openat, answer_creat, answer_openat2, answer_mkdir, answer_mkdirat, answer_symlink, answer_symlinkat;

/* --- asks.c --- */
struct asks;
struct asks *asks_new(struct ledger *l, const struct step_plan *p, struct ingot_err *err);
void asks_listen(struct asks *a, int take_listener);
int asks_fd(const struct asks *a); /* for poll(); -1 when nobody is left who could ask */
enum asks_state { ASKS_GO_ON = 0, ASKS_NEED_IDENTITY };
enum asks_state asks_serve(struct asks *a); /* one call */
