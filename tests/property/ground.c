#include "ground.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define RANGE 2000

static void must(long r, const char *what)
{
	if (r < 0)
		ingot_panic("ground: %s: %s", what, strerror(errno));
}

/* --- the namespace --- */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	return fd >= 0 && close(fd) == 0 && ok;
}

/* The first id of the user's range in /etc/subuid or /etc/subgid, 0 if there is none. */
static unsigned long range_of(const char *file)
{
	const struct passwd *pw = getpwuid(getuid());
	FILE *f = fopen(file, "re");
	char line[256];
	unsigned long first = 0, n = 0, found = 0;
	while (pw && f && !found && fgets(line, sizeof(line), f)) {
		size_t name = strlen(pw->pw_name);
		if (strncmp(line, pw->pw_name, name) == 0 && sscanf(line + name, ":%lu:%lu", &first, &n) == 2 && n >= RANGE) /* NOLINT(cert-err34-c): a test's own file */
			found = first;
	}
	if (f)
		(void)fclose(f);
	return found;
}

/* The owner outside, then RANGE ids; by root itself, or by the tool that is set-uid for it. */
static bool map_many(pid_t pid, const char *tool, const char *map, unsigned long self, const char *ranges)
{
	char path[64], text[128];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, map);
	(void)snprintf(text, sizeof(text), "0 0 %d\n", RANGE);
	if (geteuid() == 0)
		return write_file(path, text);
	unsigned long first = range_of(ranges);
	if (!first)
		return false;
	(void)snprintf(text, sizeof(text), "exec %s %d 0 %lu 1 1 %lu %d", tool, (int)pid, self, first, RANGE);
	pid_t child = fork();
	must(child, "fork");
	if (child == 0) {
		(void)execl("/bin/sh", "sh", "-c", text, (char *)NULL);
		_exit(127);
	}
	int status = 0;
	must(waitpid(child, &status, 0), "waitpid");
	return status == 0;
}

/* A process that stayed outside maps the ids of this one. */
static bool enter_with_many(void)
{
	int go[2], done[2];
	char byte = 0;
	must(pipe2(go, O_CLOEXEC), "pipe");
	must(pipe2(done, O_CLOEXEC), "pipe");
	pid_t self = getpid(), mapper = fork();
	must(mapper, "fork");
	if (mapper == 0) {
		must(read(go[0], &byte, 1), "read");
		byte = map_many(self, "newuidmap", "uid_map", getuid(), "/etc/subuid") && map_many(self, "newgidmap", "gid_map", getgid(), "/etc/subgid");
		must(write(done[1], &byte, 1), "write");
		_exit(0);
	}
	must(unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare(CLONE_NEWUSER | CLONE_NEWNS), which this test needs");
	must(write(go[1], &byte, 1), "write");
	must(read(done[0], &byte, 1), "read");
	must(waitpid(mapper, NULL, 0), "waitpid");
	for (unsigned i = 0; i < 2; i++)
		(void)(close(go[i]) + close(done[i]));
	return byte;
}

static void enter_with_one(uid_t uid, gid_t gid)
{
	char text[64];
	(void)snprintf(text, sizeof(text), "%u %u 1\n", GROUND_UID, uid);
	must(write_file("/proc/self/uid_map", text) ? 0 : -1, "uid_map");
	must(write_file("/proc/self/setgroups", "deny") ? 0 : -1, "setgroups");
	(void)snprintf(text, sizeof(text), "%u %u 1\n", GROUND_UID, gid);
	must(write_file("/proc/self/gid_map", text) ? 0 : -1, "gid_map");
}

static bool keeps_acls(void)
{
	static const char acl[] = "\2\0\0\0" "\1\0\6\0\377\377\377\377" "\2\0\6\0\350\3\0\0" "\4\0\4\0\377\377\377\377" "\20\0\6\0\377\377\377\377" "\40\0\4\0\377\377\377\377";
	must(mknod("acl", S_IFREG | 0600, 0), "mknod");
	bool kept = setxattr("acl", "system.posix_acl_access", acl, sizeof(acl) - 1, 0) == 0;
	must(unlink("acl"), "unlink");
	return kept;
}

struct ground ground_enter(void)
{
	struct ground g = { 0 };
	uid_t uid = geteuid();
	gid_t gid = getegid();
	const char *tmp = getenv("TMPDIR");
	char place[256];
	(void)snprintf(place, sizeof(place), "%s/ground.XXXXXX", tmp ? tmp : "/tmp");
	must(mkdtemp(place) ? 0 : -1, "mkdtemp");
	g.many = enter_with_many();
	if (!g.many)
		enter_with_one(uid, gid);
	must(g.many ? setresgid(0, 0, 0) : 0, "setresgid");
	must(g.many ? setresuid(0, 0, 0) : 0, "setresuid");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
	must(mount("ground", place, "tmpfs", 0, "mode=0755"), "mount of a tmpfs");
	must(chdir(place), "chdir");
	(void)umask(0);
	must(mkdir("kept", 0700), "mkdir");
	must(mkdir("own", 0700), "mkdir");
	g.acls = g.many && keeps_acls(); /* an owner is never asked for one */
	(void)printf("ground: %s, %s\n", g.many ? "all ids" : "one id", g.acls ? "with ACLs" : "no ACLs");
	(void)fflush(stdout);
	return g;
}

/* --- trees --- */

const char *ground_path(const struct ingot_tree *t, size_t i, char room[256])
{
	struct ingot_span path = ingot_tree_at(t, i)->path;
	(void)snprintf(room, 256, "t%s%.*s", path.n ? "/" : "", INGOT_SPAN_ARG(path));
	return room;
}

static void set_rights(const struct ground *g, const char *path, const struct ingot_node *n)
{
	if (g->many)
		must(lchown(path, n->uid, n->gid), "lchown");
	if (n->type == INGOT_LINK)
		return;
	for (size_t k = 0; k < n->n_xattrs; k++)
		must(setxattr(path, "system.posix_acl_access", n->xattrs[k].value.p, n->xattrs[k].value.n, 0), "setxattr");
	must(chmod(path, n->mode), "chmod");
}

void ground_make_one(const struct ground *g, const struct ingot_tree *t, size_t i)
{
	char path[256], target[INGOT_MAX_PATH + 1];
	const struct ingot_node *n = ingot_tree_node(t, ingot_tree_at(t, i)->node);
	(void)ground_path(t, i, path);
	if (n->type == INGOT_DIR) {
		must(mkdir(path, 0700), path);
	} else if (n->type == INGOT_LINK) {
		(void)snprintf(target, sizeof(target), "%.*s", INGOT_SPAN_ARG(n->target));
		must(symlink(target, path), path);
	} else {
		must(mknod(path, (n->type == INGOT_FIFO ? S_IFIFO : S_IFREG) | 0600, 0), path);
	}
	set_rights(g, path, n);
}

void ground_make(const struct ground *g, const struct ingot_tree *t)
{
	char leader[256], path[256];
	for (size_t i = 0; i < ingot_tree_count(t); i++)
		if (ingot_tree_leader(t, i) == i)
			ground_make_one(g, t, i);
		else
			must(link(ground_path(t, ingot_tree_leader(t, i), leader), ground_path(t, i, path)), path);
}

void ground_remove(const struct ingot_tree *t)
{
	char path[256];
	for (size_t i = ingot_tree_count(t); i--;)
		must(unlinkat(AT_FDCWD, ground_path(t, i, path), ingot_tree_node(t, ingot_tree_at(t, i)->node)->type == INGOT_DIR ? AT_REMOVEDIR : 0), path);
}

/* --- the user --- */

/* Everything that is permitted, or nothing, takes effect. */
static void set_effective(bool all)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	must(syscall(SYS_capget, &head, data), "capget");
	for (unsigned i = 0; i < 2; i++)
		data[i].effective = all ? data[i].permitted : 0;
	must(syscall(SYS_capset, &head, data), "capset");
}

void ground_become(const struct ground *g, const struct ingot_identity *id)
{
	if (!g->many) {
		set_effective(false);
		return;
	}
	must(setgroups(id->n_groups, id->groups), "setgroups");
	must(setresgid((gid_t)-1, id->gid, (gid_t)-1), "setresgid");
	must(setresuid((uid_t)-1, id->uid, (uid_t)-1), "setresuid");
}

void ground_back(const struct ground *g)
{
	if (!g->many) {
		set_effective(true);
		return;
	}
	must(setresuid((uid_t)-1, 0, (uid_t)-1), "setresuid");
	must(setresgid((gid_t)-1, 0, (gid_t)-1), "setresgid");
}

void ground_own(const struct ground *g, const struct ingot_identity *id)
{
	(void)unlink("own/mine");
	(void)rmdir("own/dir");
	must(mknod("own/mine", S_IFREG | 0600, 0), "own/mine");
	must(mkdir("own/dir", 0700), "own/dir");
	static const char *const all[] = { "own", "own/mine", "own/dir" };
	for (unsigned i = 0; g->many && i < 3; i++)
		must(chown(all[i], id->uid, id->gid), all[i]);
}
