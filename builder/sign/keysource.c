/* Where keys come from, and how they and their passphrases get to the signer: by descriptor, keys unread. */
#include "inside.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int secret_fd(bool has, struct ingot_span secret, int *ret_fd, struct ingot_err *err)
{
	if (!has) {
		*ret_fd = -1;
		return 0;
	}
	/* In memory only; a pipe would do, if nothing were ever longer than its buffer. */
	_cleanup_(ingot_closep) int fd = memfd_create("ingot-secret", MFD_CLOEXEC);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "a file in memory");
	ingot_pass(ingot_write_all(fd, secret.p, secret.n, err));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return ingot_fail_sys(err, INGOT_E_BUG, "a file in memory");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int open_file(const char *path, int *ret_fd, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "the key %s", INGOT_SHOW(ingot_span_of(path)));
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return ingot_fail(err, INGOT_E_INPUT, "the key %s is no file", INGOT_SHOW(ingot_span_of(path)));
	/* Non-blocking was for the opening alone: a FIFO without a writer must not hold us. */
	if (fcntl(fd, F_SETFL, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "the key %s", INGOT_SHOW(ingot_span_of(path)));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int key_open(const struct ingot_key *key, int *ret_fd, struct ingot_err *err)
{
	if (key->path)
		return open_file(key->path, ret_fd, err);
	if (key->env) {
		const char *pem = getenv(key->env);
		if (!pem || !pem[0])
			return ingot_fail(err, INGOT_E_INPUT, "the environment variable %s, which should hold the key, is not set", INGOT_SHOW(ingot_span_of(key->env)));
		return secret_fd(true, ingot_span_of(pem), ret_fd, err);
	}
	int fd = fcntl(key->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "the key's descriptor %d", key->fd);
	*ret_fd = fd;
	return 0;
}

int ingot_key_from_option(const char *option, const char *passphrase, struct ingot_key *ret, struct ingot_err *err)
{
	struct ingot_key key = { .fd = -1, .has_passphrase = passphrase != NULL, .passphrase = ingot_span_of(passphrase) };
	struct ingot_span o = ingot_span_of(option);
	if (ingot_span_starts(o, "env://"))
		key.env = option + 6;
	else
		key.path = option;
	if (!o.n || (key.env && !key.env[0]))
		return ingot_fail(err, INGOT_E_INPUT, "a key is named FILE or env://NAME");
	*ret = key;
	return 0;
}
