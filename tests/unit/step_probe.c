/* The only program in the roots of test_step and test_harvest, linked statically: small commands, one after the other, each with its arguments.
 * The exit status is the first failing command's errno. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY, 0644);
	return fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0 ? -1 : 0;
}

static int cat(const char *path)
{
	char block[4096];
	ssize_t n = -1;
	int fd = open(path, O_RDONLY);
	while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0)
		if (write(1, block, (size_t)n) != n)
			return -1;
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

static int show(char **argv)
{
	extern char **environ;
	struct utsname u;
	char cwd[200];
	for (char **e = environ; *e; e++)
		printf("env %s\n", *e);
	for (char **a = argv; *a; a++)
		printf("arg %s\n", *a);
	DIR *d = opendir("/proc/self/fd");
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(d))
			printf("fd %s\n", e->d_name);
	if (d)
		closedir(d);
	(void)uname(&u);
	mode_t mask = umask(0);
	printf("uid %d gid %d groups %d pid %d host %s cwd %s umask %03o\n", (int)getuid(), (int)getgid(), getgroups(0, NULL), (int)getpid(), u.nodename,
	       getcwd(cwd, sizeof(cwd)) ? cwd : "?", (unsigned)mask);
	fflush(stdout);
	return 0;
}

static int fill(const char *path, long mib)
{
	static char block[1 << 20];
	memset(block, 'x', sizeof(block));
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	for (long i = 0; fd >= 0 && i < mib; i++)
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			return -1;
	return fd < 0 ? -1 : close(fd);
}

static int many(const char *dir, long n)
{
	char path[300];
	for (long i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%ld", dir, i);
		int fd = open(path, O_WRONLY | O_CREAT, 0644);
		if (fd < 0 || close(fd) < 0)
			return -1;
	}
	return 0;
}

/* Processes that outlive their parent, and hold its output. */
static int leave_children(void)
{
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			(void)setsid();
			for (;;)
				(void)pause();
		}
	return 0;
}

static int eat(long mib, int flags)
{
	size_t n = (size_t)mib << 20;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	for (size_t i = 0; i < n; i += 4096)
		p[i] = 1;
	return 0;
}

/* Each by itself is small. */
static int eaters(long processes, long mib)
{
	for (long i = 0; i < processes; i++)
		if (fork() == 0) {
			(void)eat(mib, MAP_PRIVATE);
			for (;;)
				(void)pause();
		}
	return 0;
}

static int fill_memfd(long mib)
{
	static char block[1 << 20];
	int fd = memfd_create("m", 0);
	memset(block, 'x', sizeof(block));
	for (long i = 0; i < mib; i++)
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			return -1;
	return 0;
}

static int bomb(void)
{
	long n = 0;
	while (n < 20000) {
		pid_t p = fork();
		if (p == 0)
			for (;;)
				(void)pause();
		if (p < 0)
			break;
		n++;
	}
	printf("forked %s\n", n < 20000 ? "not for ever" : "for ever");
	fflush(stdout);
	return n < 20000 ? 0 : -1;
}

static int loopback(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr addr;
	socklen_t n = sizeof(addr);
	/* bound to any free port on 127.0.0.1 by listening there */
	unsigned char in[16] = { AF_INET, 0, 0, 0, 127, 0, 0, 1 };
	if (s < 0 || c < 0)
		return -1;
	memcpy(&addr, in, sizeof(in));
	if (bind(s, &addr, sizeof(addr)) < 0 || listen(s, 1) < 0 || getsockname(s, &addr, &n) < 0)
		return -1;
	return connect(c, &addr, n);
}

/* A descriptor, handed to whoever listens at this path, or at this abstract name where it begins with '@'. */
static int hand_out(int out, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char c = 'x';
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &out, sizeof(out));
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	socklen_t size = sizeof(a);
	if (*path == '@') {
		a.sun_path[0] = '\0';
		size = (socklen_t)(sizeof(sa_family_t) + strlen(path));
	}
	return s < 0 || connect(s, (struct sockaddr *)&a, size) < 0 || sendmsg(s, &m, 0) != 1 ? -1 : 0;
}

/* EEXIST when a file is reached from any descriptor, by any number of steps up. */
static int climb(const char *file)
{
	char path[4300];
	for (int fd = 0; fd < 300; fd++)
		for (int up = 0; up < 14; up++) {
			int n = snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
			for (int i = 0; i < up; i++)
				n += snprintf(path + n, sizeof(path) - (size_t)n, "/..");
			(void)snprintf(path + n, sizeof(path) - (size_t)n, "%s", file);
			if (access(path, F_OK) == 0) {
				errno = EEXIST;
				return -1;
			}
		}
	return 0;
}

static int nest(const char *name, long depth)
{
	for (long i = 0; i < depth; i++)
		if (mkdir(name, 0755) < 0 || chdir(name) < 0)
			return -1;
	return chdir("/");
}

/* Written through a mapping that was read first: then no fault tells the file system of the write (do_read_fault() of the kernel, where nothing wants to be told). */
static int mapped(const char *path, const char *text)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	volatile char *p = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	char c = p[0];
	for (size_t i = 0; text[i]; i++)
		p[i] = text[i];
	return c ? 0 : -1;
}

#define TAKES(word, n) (strcmp(c, (word)) == 0 && (*at = a + 1 + (n), 1))

/* What a hostile step tries. */
static int attack(char ***at)
{
	char **a = *at;
	const char *c = a[0];
	if (TAKES("hand", 1))
		return hand_out(1, a[1]);
	if (TAKES("handfile", 2))
		return hand_out(open(a[1], O_RDWR | O_CREAT, 0644), a[2]);
	if (TAKES("socket", 1))
		return mknod(a[1], S_IFSOCK | 0600, 0);
	if (TAKES("family", 1))
		return socket(atoi(a[1]), SOCK_SEQPACKET, 0) < 0 && socket(atoi(a[1]), SOCK_STREAM, 0) < 0 ? -1 : 0;
	if (TAKES("opens", 1))
		return open(a[1], O_RDWR | O_NONBLOCK | O_NOCTTY) < 0 ? -1 : 0;
	if (TAKES("climb", 1))
		return climb(a[1]);
	if (TAKES("mapped", 2))
		return mapped(a[1], a[2]);
	if (TAKES("yes", 0)) {
		static char block[16384];
		for (size_t k = 0; k < sizeof(block); k += 16)
			memcpy(block + k, "yes yes yes yes\n", 16);
		for (;;)
			if (write(1, block, sizeof(block)) < 0)
				return -1;
	}
	if (TAKES("starve", 1)) { /* leave pid N no descriptor to open */
		const struct rlimit none = { 0, 0 };
		return prlimit(atoi(a[1]), RLIMIT_NOFILE, &none, NULL);
	}
	errno = ENOTSUP;
	return -1;
}

/* By a file with the same inode number, if that comes within n files. */
static int replace(const char *path, long n)
{
	struct stat old, now;
	char other[300];
	long i = 0;
	if (lstat(path, &old) < 0 || unlink(path) < 0)
		return -1;
	for (;; i++) {
		if (put(path, "another") < 0 || lstat(path, &now) < 0)
			return -1;
		if (now.st_ino == old.st_ino || i == n)
			break;
		(void)snprintf(other, sizeof(other), "%s.%ld", path, i);
		if (rename(path, other) < 0)
			return -1;
	}
	while (i-- > 0) {
		(void)snprintf(other, sizeof(other), "%s.%ld", path, i);
		if (unlink(other) < 0)
			return -1;
	}
	return 0;
}

/* Memory, signals, unusual files. 1: it is none of these. */
static int one_of_these(char ***at)
{
	char **a = *at;
	const char *c = a[0];
	if (TAKES("eat", 1))
		return eat(atol(a[1]), MAP_PRIVATE);
	if (TAKES("eatshared", 1))
		return eat(atol(a[1]), MAP_SHARED);
	if (TAKES("eaters", 2))
		return eaters(atol(a[1]), atol(a[2]));
	if (TAKES("memfd", 1))
		return fill_memfd(atol(a[1]));
	if (TAKES("killpid", 2)) /* a process and a signal */
		return kill(atoi(a[1]), atoi(a[2]));
	if (TAKES("killchild", 1)) {
		int status;
		pid_t p = fork();
		if (p == 0)
			for (;;)
				(void)pause();
		if (kill(p, atoi(a[1])) < 0 || waitpid(p, &status, 0) != p)
			return -1;
		return WIFSIGNALED(status) && WTERMSIG(status) == atoi(a[1]) ? 0 : (errno = EINVAL, -1);
	}
	if (TAKES("killgroup", 1)) {
		int status;
		pid_t p = fork();
		if (p == 0) {
			(void)setpgid(0, 0);
			for (;;)
				(void)pause();
		}
		(void)setpgid(p, p);
		if (kill(-p, atoi(a[1])) < 0 || waitpid(p, &status, 0) != p)
			return -1;
		return WIFSIGNALED(status) ? 0 : (errno = EINVAL, -1);
	}
	if (TAKES("raise", 0)) {
		(void)signal(SIGUSR1, SIG_IGN);
		return raise(SIGUSR1);
	}
	if (TAKES("xattr", 3))
		return setxattr(a[1], a[2], a[3], strlen(a[3]), 0);
	if (TAKES("mkfifo", 1))
		return mkfifo(a[1], 0600);
	if (TAKES("mknod", 1))
		return mknod(a[1], S_IFCHR | 0666, makedev(1, 3));
	if (TAKES("truncate", 2))
		return open(a[1], O_WRONLY | O_CREAT, 0644) < 0 ? -1 : truncate(a[1], atol(a[2]) << 20);
	if (TAKES("many", 2))
		return many(a[1], atol(a[2]));
	if (TAKES("nest", 2))
		return nest(a[1], atol(a[2]));
	if (TAKES("links", 2)) { /* how many names a file has */
		struct stat st;
		return lstat(a[1], &st) < 0 ? -1 : st.st_nlink == (nlink_t)atoi(a[2]) ? 0 : (errno = EMLINK, -1);
	}
	return 1;
}

static int one(char ***at)
{
	char **a = *at;
	const char *c = a[0];
	int r = one_of_these(at);
	if (r != 1)
		return r;
	if (TAKES("exit", 1))
		exit(atoi(a[1]));
	if (TAKES("echo", 1))
		return printf("%s\n", a[1]) < 0 || fflush(stdout) ? -1 : 0;
	if (TAKES("error", 1))
		return fprintf(stderr, "%s\n", a[1]) < 0 ? -1 : 0;
	if (TAKES("show", 0))
		return show(a + 1);
	if (TAKES("put", 2))
		return put(a[1], a[2]);
	if (TAKES("cat", 1))
		return cat(a[1]);
	if (TAKES("mkdir", 1))
		return mkdir(a[1], 0755);
	if (TAKES("rm", 1))
		return unlink(a[1]) == 0 || rmdir(a[1]) == 0 ? 0 : -1;
	if (TAKES("mv", 2))
		return rename(a[1], a[2]);
	if (TAKES("ln", 2))
		return link(a[1], a[2]);
	if (TAKES("symlink", 2))
		return symlink(a[1], a[2]);
	if (TAKES("replace", 2))
		return replace(a[1], atol(a[2]));
	if (TAKES("lchmod", 2)) /* as mknod -m: by the descriptor's name in /proc, where libc knows no fchmodat2() */
		return fchmodat(AT_FDCWD, a[2], (mode_t)strtoul(a[1], NULL, 8), AT_SYMLINK_NOFOLLOW);
	if (TAKES("chmod", 2))
		return chmod(a[2], (mode_t)strtol(a[1], NULL, 8));
	if (TAKES("chown", 2))
		return lchown(a[2], (uid_t)atoi(a[1]), (uid_t)atoi(a[1]));
	if (TAKES("sleep", 1))
		return (int)sleep((unsigned)atoi(a[1]));
	if (TAKES("kill", 1))
		return kill(getpid(), atoi(a[1]));
	if (TAKES("kill1", 0))
		return kill(1, SIGKILL);
	if (TAKES("hold", 2)) { /* written, removed, and open still */
		return fill(a[1], atol(a[2])) < 0 || open(a[1], O_RDONLY) < 0 ? -1 : unlink(a[1]);
	}
	if (TAKES("fill", 2))
		return fill(a[1], atol(a[2]));
	if (TAKES("children", 0))
		return leave_children();
	if (TAKES("bomb", 0))
		return bomb();
	if (TAKES("loopback", 0))
		return loopback();
	if (TAKES("try", 0)) { /* the next command, however it ends */
		char **next = a + 1;
		(void)one(&next);
		*at = next;
		return 0;
	}
	if (TAKES("fails", 0)) { /* the next command must fail */
		char **next = a + 1;
		int failed = one(&next);
		*at = next;
		return failed == 0 ? (errno = EEXIST, -1) : 0;
	}
	return attack(at);
}

int main(int argc, char **argv)
{
	for (char **at = argv + 1; *at;) {
		const char *name = *at;
		if (one(&at) < 0) {
			int e = errno;
			fprintf(stderr, "%s: %s\n", name, strerror(e));
			return e;
		}
	}
	return 0;
}
