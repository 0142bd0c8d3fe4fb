#include "inside.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/escape.h>
#include <ingot/fd.h>
#include <ingot/helper.h>
#include <ingot/limits.h>
#include <ingot/mem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void forget(struct ingot_buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	ingot_buf_done(b);
}

static int ask(bool has_passphrase, struct ingot_span passphrase, struct ingot_buf *private_pem, struct ingot_buf *public_pem, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int passphrase_fd = -1;
	ingot_pass(secret_fd(has_passphrase, passphrase, &passphrase_fd, err));
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	ingot_pass(ingot_helper_start(&h, "ingot-sign", (int[]){ -1, passphrase_fd }, 2, err));
	union ingot_msg m;
	if (ingot_chan_send(h.chan, INGOT_MSG_KEYGEN, NULL, err) < 0 || ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_KEYPAIR), &m, err) < 0)
		return ingot_helper_failed(&h, err);
	ingot_buf_span(private_pem, m.keypair.private_pem);
	ingot_buf_span(public_pem, m.keypair.public_pem);
	if (ingot_chan_recv(h.chan, INGOT_PERMIT(INGOT_MSG_DONE), &m, err) < 0)
		return ingot_helper_failed(&h, err);
	return ingot_helper_finish(&h, err);
}

/* A new file or nothing: O_EXCL follows no link and replaces no key. */
static int write_new(const char *path, mode_t mode, struct ingot_span text, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0 && errno == EEXIST) {
		(void)ingot_fail(err, INGOT_E_INPUT, "%s exists already, and a key is not overwritten", INGOT_SHOW(ingot_span_of(path)));
		return ingot_hint(err, "choose another prefix, or move the old pair away: whatever it signed needs its public half");
	}
	if (fd < 0)
		return ingot_fail_sys(err, INGOT_E_INPUT, "creating %s", INGOT_SHOW(ingot_span_of(path)));
	if (ingot_write_all(fd, text.p, text.n, err) < 0 || (fsync(fd) < 0 && ingot_fail_sys(err, INGOT_E_BUG, "syncing %s", INGOT_SHOW(ingot_span_of(path))) < 0)) {
		(void)unlink(path);
		return -1;
	}
	return ingot_close(TAKE_FD(fd), path, err);
}

int ingot_keygen(const char *prefix, bool has_passphrase, struct ingot_span passphrase, struct ingot_err *err)
{
	_cleanup_(ingot_freep) char *private_path = ingot_strf("%s.key", prefix);
	_cleanup_(ingot_freep) char *public_path = ingot_strf("%s.pub", prefix);
	struct stat st;
	/* Said before a key is made; write_new() holds it. */
	if (lstat(public_path, &st) == 0) {
		(void)ingot_fail(err, INGOT_E_INPUT, "%s exists already, and a key is not overwritten", INGOT_SHOW(ingot_span_of(public_path)));
		return ingot_hint(err, "choose another prefix, or move the old pair away: whatever it signed needs its public half");
	}
	_cleanup_(forget) struct ingot_buf private_pem = INGOT_BUF(INGOT_MAX_KEY);
	_cleanup_(ingot_buf_done) struct ingot_buf public_pem = INGOT_BUF(INGOT_MAX_KEY);
	ingot_try(err, ask(has_passphrase, passphrase, &private_pem, &public_pem, err), "making a key");
	ingot_pass(write_new(private_path, 0600, ingot_buf_view(&private_pem), err));
	if (write_new(public_path, 0644, ingot_buf_view(&public_pem), err) < 0) {
		(void)unlink(private_path); /* half a pair is none */
		return -1;
	}
	return 0;
}
