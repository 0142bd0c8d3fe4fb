/* The program of test_ledger in its root, linked statically: gives files away, becomes others, and says what it sees. Commands as in step_probe.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <grp.h>
#include <unistd.h>

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0 ? -1 : 0;
}

static int by_fd(const char *path, int uid, int gid)
{
	int fd = open(path, O_RDONLY);
	return fd < 0 || fchown(fd, (uid_t)uid, (gid_t)gid) < 0 ? -1 : close(fd);
}

static int by_empty_path(const char *path, int uid, int gid)
{
	int fd = open(path, O_PATH);
	return fd < 0 || fchownat(fd, "", (uid_t)uid, (gid_t)gid, AT_EMPTY_PATH) < 0 ? -1 : close(fd);
}

static int relative(const char *dir, const char *name, int uid, int gid)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	return fd < 0 || fchownat(fd, name, (uid_t)uid, (gid_t)gid, 0) < 0 ? -1 : close(fd);
}

/* Given away while it has no name, and named afterwards. */
static int unnamed(const char *dir, const char *path, int uid)
{
	char link[40];
	int fd = open(dir, O_TMPFILE | O_WRONLY, 0640);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return fd < 0 || write(fd, "u", 1) != 1 || fchown(fd, (uid_t)uid, (gid_t)uid) < 0 || linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0 ? -1 : close(fd);
}

/* Files that are given away and removed at once, so that their inode numbers come again, and one of them is left. */
static int reuse(const char *path, long n)
{
	for (long i = 0; i < n; i++)
		if (put(path, "x") < 0 || lchown(path, 77, 77) < 0 || unlink(path) < 0)
			return -1;
	return put(path, "root's");
}

/* A mebibyte that is given away and removed at once, again and again. */
static int churn(const char *path, long n)
{
	static char block[1 << 20];
	for (long i = 0; i < n; i++) {
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0 || write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fchown(fd, 7, 7) < 0 || close(fd) < 0 || unlink(path) < 0)
			return -1;
		(void)usleep(10000);
	}
	return 0;
}

static void nothing(int sig)
{
	(void)sig;
}

/* Made while signals arrive: each once, whatever is begun again. */
static int interrupted(const char *dir, long n)
{
	struct sigaction act = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	const struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { { 0, 0 }, { 0, 0 } };
	char path[300];
	int r = sigaction(SIGALRM, &act, NULL) < 0 || setitimer(ITIMER_REAL, &often, NULL) < 0 ? -1 : 0;
	for (long i = 0; i < n && r == 0; i++) {
		(void)snprintf(path, sizeof(path), "%s/%ld", dir, i);
		int fd = i % 3 ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (i % 3 == 0)
			r = fd < 0 || close(fd) < 0 ? -1 : 0;
		else
			r = i % 3 == 1 ? mkdir(path, 0755) : symlink("x", path);
	}
	int e = errno;
	(void)setitimer(ITIMER_REAL, &never, NULL);
	errno = e;
	return r;
}

static int many(const char *dir, long n)
{
	char path[300];
	for (long i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%ld", dir, i);
		if (put(path, "") < 0 || lchown(path, (uid_t)(1000 + i), 50) < 0)
			return -1;
	}
	return 0;
}

static int set_caps(const char *path, int revision)
{
	unsigned char v[24] = { 1, 0, 0, 2, 0, 0x20 };
	v[3] = (unsigned char)revision;
	return setxattr(path, "security.capability", v, revision == 3 ? 24 : 20, 0);
}

/* As libattr does it for cp -a: the size, the names, each value; by descriptor and by name. */
static int copy_attributes(const char *from, const char *to)
{
	char names[1000], again[1000], value[1000];
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t size = flistxattr(fd, NULL, 0), n = flistxattr(fd, names, sizeof(names)), v;
	if (size != n || llistxattr(from, again, sizeof(again)) != n || memcmp(names, again, (size_t)n) != 0 || listxattr(from, again, sizeof(again)) != n)
		return errno = EBADMSG, -1;
	if (n > 0 && (listxattr(from, again, (size_t)n - 1) >= 0 || errno != ERANGE))
		return errno = EBADMSG, -1;
	for (const char *name = names; name < names + n; name += strlen(name) + 1)
		if ((v = fgetxattr(fd, name, value, sizeof(value))) < 0 || setxattr(to, name, value, (size_t)v, 0) < 0)
			return -1;
	return close(fd);
}

static int show_owner(const char *path)
{
	struct stat a, b, c;
	struct statx x;
	int fd = open(path, O_PATH | O_NOFOLLOW);
	if (lstat(path, &a) < 0 || fstat(fd, &b) < 0 || fstatat(AT_FDCWD, path, &c, AT_SYMLINK_NOFOLLOW) < 0 || statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &x) < 0)
		return -1;
	close(fd);
	if (a.st_uid != b.st_uid || a.st_uid != c.st_uid || a.st_uid != x.stx_uid || a.st_gid != x.stx_gid || a.st_mode != x.stx_mode || a.st_mode != b.st_mode) {
		printf("%s: four calls, several answers\n", path);
		return 0;
	}
	printf("%s %u:%u %06o", path, a.st_uid, a.st_gid, a.st_mode);
	if (S_ISCHR(a.st_mode) || S_ISBLK(a.st_mode))
		printf(" %u,%u", major(a.st_rdev), minor(a.st_rdev));
	printf("\n");
	return fflush(stdout);
}

static int show_self(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;
	gid_t groups[16];
	int n = getgroups(16, groups);
	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0 || n < 0)
		return -1;
	printf("uid %u %u %u (%u %u) gid %u %u %u (%u %u) groups", r, e, s, getuid(), geteuid(), rg, eg, sg, getgid(), getegid());
	for (int i = 0; i < n; i++)
		printf(" %u", groups[i]);
	printf("\n");
	return fflush(stdout);
}

static int become(int uid, int gid)
{
	const gid_t groups[] = { (gid_t)gid, 4242 };
	return setgroups(2, groups) < 0 || setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) < 0 || setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) < 0 ? -1 : 0;
}

/* As pam_limits(8): every limit as it is, and this one lower. */
static int lower_limits(void)
{
	struct rlimit l;
	for (int which = 0; which < RLIM_NLIMITS; which++)
		if (getrlimit((__rlimit_resource_t)which, &l) < 0 || setrlimit((__rlimit_resource_t)which, &l) < 0)
			return -1;
	l = (struct rlimit){ 5, 5 };
	if (setrlimit(RLIMIT_LOCKS, &l) < 0 || prlimit(0, RLIMIT_LOCKS, &l, NULL) < 0)
		return -1;
#ifdef SYS_setrlimit
	if (syscall(SYS_setrlimit, RLIMIT_LOCKS, &l) < 0)
		return -1;
#endif
	return prlimit(0, RLIMIT_LOCKS, &l, &l) < 0 && errno == EPERM ? 0 : -1;
}

static void *in_thread(void *uid)
{
	return setuid((uid_t)(unsigned long)uid) < 0 ? uid : NULL;
}

/* libc tells every thread to change, so all of them ask. */
static int threads(int uid)
{
	pthread_t t;
	void *r;
	return pthread_create(&t, NULL, in_thread, (void *)(unsigned long)uid) || pthread_join(t, &r) || r ? -1 : 0;
}

/* Calls of the ledger with arguments that mean nothing, or something else a moment later, from processes that are killed while they ask. */
static char paths[4][8192];

static void *shuffle(void *unused)
{
	static const char *const names[] = { "/data/a", "/data/link", "../../../../etc", "/proc/self/fd/1", "/proc/1/exe", "/proc/self/root/data/b", "/dev/stdout", "", ".", "..", "x", "/data/dir/../dir/in", "/proc/thread-self/cwd", "/proc/self/../1/fd/3" };
	for (unsigned i = 0;; i++) {
		(void)snprintf(paths[i % 3], 64, "%s", names[(unsigned)rand() % (sizeof(names) / sizeof(names[0]))]);
		memset(paths[3], i % 2 ? '/' : 'a', 8191);
	}
	return unused;
}

static void ask_anything(unsigned seed)
{
	static const long calls[] = { SYS_chown, SYS_lchown, SYS_fchown, SYS_fchownat, SYS_mknod, SYS_mknodat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, SYS_setuid,
				      SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setgroups, SYS_prctl, SYS_getuid, SYS_getresuid, SYS_getgroups, SYS_getxattr, SYS_lgetxattr,
				      SYS_fgetxattr, SYS_listxattr, SYS_llistxattr, SYS_flistxattr, SYS_stat, SYS_lstat, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_open, SYS_openat, SYS_openat2, SYS_creat, SYS_mkdir, SYS_mkdirat, SYS_symlink, SYS_symlinkat };
	pthread_t t;
	srand(seed);
	char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)munmap(edge + 4096, 4096);
	memset(edge, 'e', 4096);
	(void)pthread_create(&t, NULL, shuffle, NULL);
	for (;;) {
		long a[6];
		for (int i = 0; i < 6; i++)
			switch (rand() % 8) {
			case 0: a[i] = (long)(edge + 4096 - rand() % 40); break;
			case 1: a[i] = rand() % 12 - 2; break;
			case 2: a[i] = AT_FDCWD; break;
			case 3: a[i] = (long)rand() << (rand() % 33); break;
			case 4: a[i] = (long)"security.capability"; break;
			default: a[i] = (long)paths[rand() % 4]; break;
			}
		(void)syscall(calls[(unsigned)rand() % (sizeof(calls) / sizeof(calls[0]))], a[0], a[1], a[2], a[3], a[4], a[5]);
	}
}

static int anything(int seconds)
{
	time_t end = time(NULL) + seconds;
	pid_t pid[6] = { 0 };
	for (unsigned seed = 1; time(NULL) < end; seed++) {
		pid_t *p = &pid[seed % 6];
		if (*p > 0 && (kill(*p, SIGKILL) < 0 || waitpid(*p, NULL, 0) != *p))
			return -1;
		if ((*p = fork()) == 0)
			ask_anything(seed);
		(void)usleep(3000);
	}
	(void)kill(-1, SIGKILL);
	return 0;
}

static int commands(char **at);

static int child(char **at, int twice)
{
	pid_t pid = fork();
	int status;
	if (pid == 0) {
		if (twice && fork() > 0) /* its parent is gone: an orphan */
			_exit(0);
		if (twice)
			(void)usleep(20000);
		_exit(commands(at));
	}
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	if (twice)
		(void)usleep(100000);
	errno = WEXITSTATUS(status);
	return status ? -1 : 0;
}

static int numbers(char **a, int *v, int n)
{
	for (int i = 0; i < n; i++)
		v[i] = (int)strtol(a[i], NULL, 0);
	return 0;
}

static int files(char ***at)
{
	char **a = *at;
	const char *c = a[0];
	int v[4];
#define TAKES(word, n) (strcmp(c, (word)) == 0 && (*at = a + 1 + (n), 1))
	if (TAKES("chown", 3))
		return numbers(a + 2, v, 2), chown(a[1], (uid_t)v[0], (gid_t)v[1]);
	if (TAKES("lchown", 3))
		return numbers(a + 2, v, 2), lchown(a[1], (uid_t)v[0], (gid_t)v[1]);
	if (TAKES("fchown", 3))
		return numbers(a + 2, v, 2), by_fd(a[1], v[0], v[1]);
	if (TAKES("echown", 3))
		return numbers(a + 2, v, 2), by_empty_path(a[1], v[0], v[1]);
	if (TAKES("rchown", 4))
		return numbers(a + 3, v, 2), relative(a[1], a[2], v[0], v[1]);
	if (TAKES("mknod", 4))
		return numbers(a + 3, v, 2), mknod(a[1], (a[2][0] == 'c' ? S_IFCHR : S_IFBLK) | 0660, makedev((unsigned)v[0], (unsigned)v[1]));
	if (TAKES("setcap", 2))
		return numbers(a + 2, v, 1), set_caps(a[1], v[0]);
	if (TAKES("rmcap", 1))
		return removexattr(a[1], "security.capability");
	if (TAKES("hascap", 1)) {
		char value[64];
		return printf("%zd\n", getxattr(a[1], "security.capability", value, sizeof(value))) < 0 ? -1 : fflush(stdout);
	}
	if (TAKES("attr", 2))
		return setxattr(a[1], a[2], "1", 1, 0);
	if (TAKES("cpattrs", 2))
		return copy_attributes(a[1], a[2]);
	if (TAKES("unnamed", 3))
		return numbers(a + 3, v, 1), unnamed(a[1], a[2], v[0]);
	if (TAKES("reuse", 2))
		return reuse(a[1], atol(a[2]));
	if (TAKES("anything", 1))
		return anything(atoi(a[1]));
	if (TAKES("nest", 2)) {
		for (long i = atol(a[2]); i > 0; i--)
			if (mkdir(a[1], 0755) < 0 || chdir(a[1]) < 0)
				return -1;
		return 0;
	}
	if (TAKES("churn", 2))
		return churn(a[1], atol(a[2]));
	if (TAKES("interrupted", 2))
		return interrupted(a[1], atol(a[2]));
	if (TAKES("many", 2))
		return many(a[1], atol(a[2]));
	if (TAKES("put", 2))
		return put(a[1], a[2]);
	if (TAKES("mkdir", 1))
		return mkdir(a[1], 0755);
	if (TAKES("mkfifo", 1))
		return mkfifo(a[1], 0644);
	if (TAKES("symlink", 2))
		return symlink(a[1], a[2]);
	if (TAKES("ln", 2))
		return link(a[1], a[2]);
	if (TAKES("mv", 2))
		return rename(a[1], a[2]);
	if (TAKES("rm", 1))
		return remove(a[1]);
	if (TAKES("chmod", 2))
		return chmod(a[2], (mode_t)strtol(a[1], NULL, 8));
	if (TAKES("stat", 1))
		return show_owner(a[1]);
	errno = ENOTSUP;
	return -2;
}

static int people(char ***at)
{
	char **a = *at;
	const char *c = a[0];
	int v[4];
	if (TAKES("become", 2))
		return numbers(a + 1, v, 2), become(v[0], v[1]);
	if (TAKES("setuid", 1))
		return numbers(a + 1, v, 1), setuid((uid_t)v[0]);
	if (TAKES("seteuid", 1))
		return numbers(a + 1, v, 1), seteuid((uid_t)v[0]);
	if (TAKES("setgid", 1))
		return numbers(a + 1, v, 1), setgid((gid_t)v[0]);
	if (TAKES("setreuid", 2))
		return numbers(a + 1, v, 2), setreuid((uid_t)v[0], (uid_t)v[1]);
	if (TAKES("setfsuid", 1))
		return numbers(a + 1, v, 1), printf("fsuid was %d\n", setfsuid((uid_t)v[0])) < 0 ? -1 : 0;
	if (TAKES("keepcaps", 0))
		return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (TAKES("threads", 1))
		return numbers(a + 1, v, 1), threads(v[0]);
	if (TAKES("limits", 0))
		return lower_limits();
	if (TAKES("self", 0))
		return show_self();
	if (TAKES("chroot", 1))
		return chroot(a[1]) < 0 ? -1 : chdir("/");
	if (TAKES("chdir", 1))
		return chdir(a[1]);
	if (TAKES("umask", 1))
		return (void)umask((mode_t)strtol(a[1], NULL, 8)), 0;
	errno = ENOTSUP;
	return -2;
}

/* "fails ERRNO COMMAND...": it must fail with this. "child ..." and "orphan ...": all the rest in another process. "exec ...": in this one, executed anew. */
static int commands(char **at)
{
	while (*at) {
		const char *name = *at;
		int want = 0;
		if (strcmp(name, "fails") == 0) {
			want = atoi(at[1]);
			at += 2;
			name = *at;
		}
		if (strcmp(name, "child") == 0 || strcmp(name, "orphan") == 0)
			return child(at + 1, name[0] == 'o') < 0 ? errno : 0;
		if (strcmp(name, "exec") == 0) {
			at[0] = (char[]){ "/bin/o" };
			(void)execv("/bin/o", at);
			return errno;
		}
		errno = 0;
		int r = files(&at);
		if (r == -2)
			r = people(&at);
		if (r == -2)
			r = -1;
		if ((r < 0) != (want != 0) || (r < 0 && errno != want)) {
			int e = errno ? errno : 255;
			fprintf(stderr, "%s: %s\n", name, strerror(e));
			return e;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	return commands(argv + 1);
}
