/* corpus.h - what the programs over a corpus share: a script makes it in a directory of its own, each file of it is looked at, the verdicts are TAP. */
#pragma once
#include <dirent.h>
#include <fcntl.h>
#include <ingot/buf.h>
#include <ingot/fd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int corpus_tests, corpus_failures;
static char corpus_root[200];

static inline void verdict(bool ok, const char *kind, const char *name, const char *what)
{
	printf("%sok %d - %s %s%s%s\n", ok ? "" : "not ", ++corpus_tests, kind, name, what ? ": " : "", what ? what : "");
	corpus_failures += !ok;
}

static inline int corpus_run(const char *const *argv)
{
	int status;
	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* argv: the program, MAKE.PY. The script is given the directory. False: it could not be made. */
static inline bool corpus_make(int argc, char **argv)
{
	const char *base = getenv("TMPDIR");
	(void)snprintf(corpus_root, sizeof(corpus_root), "%s/ingot-corpus-XXXXXX", base && base[0] == '/' ? base : "/tmp");
	return argc == 2 && mkdtemp(corpus_root) && corpus_run((const char *const[]){ "python3", argv[1], corpus_root, NULL }) == 0;
}

/* Every file of a directory below the corpus, whole. Returns how many there were. */
static inline int corpus_each(const char *below, void (*look)(void *ctx, const char *name, struct ingot_buf *bytes), void *ctx)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/%s", corpus_root, below);
	DIR *d = opendir(path);
	ingot_assert(d);
	int n = 0;
	for (struct dirent *e; (e = readdir(d));) {
		struct ingot_err err = INGOT_ERR_INIT;
		_cleanup_(ingot_buf_done) struct ingot_buf bytes = INGOT_BUF(64 << 20);
		_cleanup_(ingot_closep) int fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC);
		if (e->d_name[0] == '.')
			continue;
		n++;
		ingot_assert(fd >= 0 && ingot_read_all(fd, &bytes, &err) == 0);
		look(ctx, e->d_name, &bytes);
	}
	(void)closedir(d);
	return n;
}

/* The exit status. */
static inline int corpus_end(void)
{
	(void)corpus_run((const char *const[]){ "rm", "-rf", corpus_root, NULL });
	printf("1..%d\n", corpus_tests);
	return corpus_failures != 0;
}
