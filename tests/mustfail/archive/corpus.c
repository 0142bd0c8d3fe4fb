/* The archives of make.py, read inside this process: what must be refused is, what is honest is read, and then the honest ones are damaged: cut at every byte,
 * and changed in every byte. The reading may only fail or stay what it was for a byte that has no meaning (an owner's name, a checksum's spelling, a content that is
 * not read), and never crash.
 *
 *     corpus MAKE.PY */
#include "../../fuzz/decode_inside.h"
#include <dirent.h>
#include <fcntl.h>
#include <ingot/buf.h>
#include <ingot/fd.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int tests, failures;
static char root[200];

static void verdict(bool ok, const char *kind, const char *name, const char *what)
{
	printf("%sok %d - %s %s%s%s\n", ok ? "" : "not ", ++tests, kind, name, what ? ": " : "", what ? what : "");
	failures += !ok;
}

static int run(const char *const *argv)
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

/* Bombs have to meet a limit that a package would declare. */
static uint64_t limit_of(const char *name)
{
	return strstr(name, "bomb") ? 16 << 20 : 0;
}

static void check(enum ingot_decode_what what, const char *kind, const char *name, bool good, struct ingot_span bytes)
{
	struct ingot_err err;
	char text[1200];
	int r = decode_inside(what, bytes.p, bytes.n, limit_of(name), NULL, &err);
	(void)snprintf(text, sizeof(text), "%s", r < 0 ? err.msg : "it was read");
	verdict(good ? r == 0 : r < 0 && err.code == INGOT_E_OUTSIDE, kind, name, text);
}

/* No beginning of an archive is an archive; but a layer needs no end, because a digest covers all of it. */
static void cut(enum ingot_decode_what what, const char *kind, const char *name, struct ingot_span bytes)
{
	struct ingot_err err;
	size_t n = 0, read = 0;
	for (; n < bytes.n; n++)
		if (decode_inside(what, bytes.p, n, 0, NULL, &err) == 0 && !(what == INGOT_DECODE_TAR && n % 512 == 0))
			read++;
	/* A skippable frame at the end, and zeros behind it, are nothing that could be missed. */
	bool padded = (what == INGOT_DECODE_TAR && strstr(name, "skippable")) || strstr(name, "behind-the-end");
	/* A stream of several members is whole at the end of each. */
	bool members = what == INGOT_DECODE_STREAM && strstr(name, "members");
	char text[100];
	(void)snprintf(text, sizeof(text), "cut at each of %zu places: %zu were read", n, read);
	verdict(read == 0 || padded || members, kind, name, text);
}

static void change(enum ingot_decode_what what, const char *kind, const char *name, struct ingot_buf *bytes)
{
	static const char with[] = { 0x01, (char)0x80, (char)0xff };
	struct ingot_err err;
	struct inside honest, now;
	size_t unseen = 0, at = 0;
	ingot_assert(decode_inside(what, bytes->p, bytes->n, 0, &honest, &err) == 0);
	for (size_t i = 0; i < bytes->n; i++) {
		char flip = with[i % sizeof(with)];
		bytes->p[i] ^= flip;
		if (decode_inside(what, bytes->p, bytes->n, 64 << 20, &now, &err) == 0 && ingot_digest_eq(&now.digest, &honest.digest)) {
			unseen++;
			at = i;
		}
		bytes->p[i] ^= flip;
	}
	char text[100];
	(void)snprintf(text, sizeof(text), "changed in each of %zu bytes: %zu went unnoticed, the last at %zu", bytes->n, unseen, at);
	verdict(unseen < bytes->n || !bytes->n, kind, name, text);
}

static void directory(enum ingot_decode_what what, const char *kind, bool good)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/%s/%s", root, kind, good ? "good" : "bad");
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
		check(what, kind, e->d_name, good, ingot_buf_view(&bytes));
		if (good && bytes.n < 8000) {
			cut(what, kind, e->d_name, ingot_buf_view(&bytes));
			change(what, kind, e->d_name, &bytes);
		}
	}
	(void)closedir(d);
	verdict(n > 2, kind, good ? "good" : "bad", "the corpus is there");
}

int main(int argc, char **argv)
{
	const char *base = getenv("TMPDIR");
	(void)snprintf(root, sizeof(root), "%s/ingot-corpus-XXXXXX", base && base[0] == '/' ? base : "/tmp");
	if (argc != 2 || !mkdtemp(root))
		return 2;
	if (run((const char *const[]){ "python3", argv[1], root, NULL }) != 0)
		return 2;
	static const struct {
		enum ingot_decode_what what;
		const char *kind;
	} kinds[] = { { INGOT_DECODE_TAR, "tar" }, { INGOT_DECODE_DEB, "deb" }, { INGOT_DECODE_ARCHIVE, "archive" }, { INGOT_DECODE_STREAM, "stream" } };
	for (size_t i = 0; i < 4; i++) {
		directory(kinds[i].what, kinds[i].kind, false);
		directory(kinds[i].what, kinds[i].kind, true);
	}
	(void)run((const char *const[]){ "rm", "-rf", root, NULL });
	printf("1..%d\n", tests);
	return failures != 0;
}
