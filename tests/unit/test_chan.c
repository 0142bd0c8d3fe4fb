/* The channel: what goes in comes out, and nothing else is believed. */
#include "run_suite.h"
#include <check.h>
#include <fcntl.h>
#include <ingot/chan.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ingot_chan *a, *b;
static int raw;

static void pair(void)
{
	int sv[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	raw = sv[0];
	a = ingot_chan_new(sv[0]);
	b = ingot_chan_new(sv[1]);
	ingot_chan_set_timeout(b, 200);
}

static void unpair(void)
{
	ingot_chan_free(a);
	ingot_chan_free(b);
}

START_TEST(round_trip)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_msg_entry e = { .type = 'f', .mode = 04755, .uid = INGOT_MAX_ID, .mtime = 1700000000, .size = INGOT_MAX_FILE, .path = INGOT_SPAN("usr/bin/x\xff") };
	ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_ENTRY, &e, &err), 0);
	union ingot_msg m;
	ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_ENTRY), &m, &err), INGOT_MSG_ENTRY);
	ck_assert_uint_eq(m.entry.mode, 04755);
	ck_assert_uint_eq(m.entry.uid, INGOT_MAX_ID);
	ck_assert_uint_eq(m.entry.size, INGOT_MAX_FILE);
	ck_assert(ingot_span_eq(m.entry.path, e.path));
	ck_assert_uint_eq(m.entry.target.n, 0);
}
END_TEST

START_TEST(data_and_empty)
{
	struct ingot_err err = INGOT_ERR_INIT;
	union ingot_msg m;
	struct ingot_msg_data d = { .data = INGOT_SPAN("hello") };
	ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_DATA, &d, &err), 0);
	ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_DONE, NULL, &err), 0);
	ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DATA), &m, &err), INGOT_MSG_DATA);
	ck_assert(ingot_span_is(m.data.data, "hello"));
	ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DONE), &m, &err), INGOT_MSG_DONE);
}
END_TEST

START_TEST(unpermitted_type)
{
	struct ingot_err err = INGOT_ERR_INIT;
	union ingot_msg m;
	ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_DONE, NULL, &err), 0);
	ck_assert_int_lt(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DATA), &m, &err), 0);
	/* and the channel stays dead */
	ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_DONE, NULL, &err), 0);
	ck_assert_int_lt(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DONE), &m, &err), 0);
}
END_TEST

static const struct {
	const char *bytes;
	size_t n;
} bad[] = {
#define BAD(s) { s, sizeof(s) - 1 }
	BAD("\xff\xff\xff\xff\x05\x00\x01\x00"),                 /* too long */
	BAD("\x00\x00\x00\x00\x3f\x00\x01\x00"),                 /* no such type */
	BAD("\x00\x00\x00\x00\xff\xff\x01\x00"),                 /* type out of range */
	BAD("\x00\x00\x00\x00\x04\x00\x63\x00"),                 /* another version */
	BAD("\x00\x00\x00\x00\x04\x00\x01\x01"),                 /* a reserved byte */
	BAD("\x01\x00\x00\x00\x04\x00\x01\x00x"),                /* trailing byte */
	BAD("\x04\x00\x00\x00\x05\x00\x01\x00\x01\x00\x00\x00"), /* inner length beyond the payload */
	BAD("\x03\x00\x00\x00\x05\x00\x01\x00\x00\x00\x00"),     /* payload shorter than its fields */
	BAD("\x08\x00\x00\x00\x03\x00\x01\x00\x05\x00\x00\x00\x00\x00\x00\x00"), /* level 5 of 4 */
	BAD("\x04\x00\x00"),                                      /* cut in the header, then silence */
};

START_TEST(bad_frames)
{
	struct ingot_err err = INGOT_ERR_INIT;
	union ingot_msg m;
	ck_assert_int_eq(write(raw, bad[_i].bytes, bad[_i].n), (ssize_t)bad[_i].n);
	ck_assert_int_lt(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_DONE) | INGOT_PERMIT(INGOT_MSG_LOG), &m, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_BUG);
}
END_TEST

START_TEST(failure_is_relayed_escaped)
{
	struct ingot_err sent = INGOT_ERR_INIT, err = INGOT_ERR_INIT;
	(void)ingot_fail(&sent, INGOT_E_OUTSIDE, "bad \x1b[31m thing");
	(void)ingot_hint(&sent, "try again");
	ingot_chan_send_fail(a, &sent);
	union ingot_msg m;
	ck_assert_int_lt(ingot_chan_recv(b, 0, &m, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_str_eq(err.msg, "bad \\x1b[31m thing");
	ck_assert_str_eq(err.hint, "try again");
}
END_TEST

/* In bulk the same messages arrive in the same order, and nothing that is waited for stays behind. */
START_TEST(bulk)
{
	struct ingot_err err = INGOT_ERR_INIT;
	union ingot_msg m;
	ingot_chan_set_bulk(a);
	ingot_chan_set_bulk(b);
	static char big[40000];
	for (int round = 0; round < 20; round++) {
		struct ingot_msg_entry e = { .type = 'f', .size = 3 + sizeof(big), .path = INGOT_SPAN("usr/bin/x") };
		struct ingot_msg_data d = { .data = INGOT_SPAN("abc") }, more = { .data = { big, sizeof(big) } };
		memset(big, round, sizeof(big));
		ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_ENTRY, &e, &err), 0);
		ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_DATA, &d, &err), 0);
		if (round % 3 == 0)
			ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_DATA, &more, &err), 0);
		ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_DONE, NULL, &err), 0);
		ck_assert(!ingot_chan_pending(b));
		ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_ENTRY), &m, &err), INGOT_MSG_ENTRY);
		ck_assert(ingot_chan_pending(b));
		ck_assert(ingot_span_is(m.entry.path, "usr/bin/x"));
		ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DATA), &m, &err), INGOT_MSG_DATA);
		ck_assert(ingot_span_is(m.data.data, "abc"));
		if (round % 3 == 0) {
			ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DATA), &m, &err), INGOT_MSG_DATA);
			ck_assert(ingot_span_eq(m.data.data, more.data));
		}
		ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DONE), &m, &err), INGOT_MSG_DONE);
		ck_assert(!ingot_chan_pending(b));
	}
	/* What waits goes out before an answer is waited for: nobody waits for ever. */
	struct ingot_msg_data d = { .data = INGOT_SPAN("last") };
	ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_DATA, &d, &err), 0);
	ck_assert_int_eq(ingot_chan_send(b, INGOT_MSG_DONE, NULL, &err), 0);
	ck_assert_int_eq(ingot_chan_recv(a, INGOT_PERMIT(INGOT_MSG_DONE), &m, &err), INGOT_MSG_DONE);
	ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DATA), &m, &err), INGOT_MSG_DATA);
	/* And before a failure is told. */
	struct ingot_err sent = INGOT_ERR_INIT;
	(void)ingot_fail(&sent, INGOT_E_OUTSIDE, "no more");
	ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_DATA, &d, &err), 0);
	ingot_chan_send_fail(a, &sent);
	ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DATA), &m, &err), INGOT_MSG_DATA);
	ck_assert_int_lt(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DATA), &m, &err), 0);
	ck_assert_str_eq(err.msg, "no more");
}
END_TEST

START_TEST(bulk_bad_frames)
{
	struct ingot_err err = INGOT_ERR_INIT;
	union ingot_msg m;
	ingot_chan_set_bulk(b);
	ck_assert_int_eq(write(raw, bad[_i].bytes, bad[_i].n), (ssize_t)bad[_i].n);
	ck_assert_int_lt(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_DONE) | INGOT_PERMIT(INGOT_MSG_LOG), &m, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_BUG);
}
END_TEST

static void send_range(uint32_t file, uint64_t offset, int fd)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_msg_range m = { .file = file, .offset = offset };
	ck_assert_int_eq(ingot_chan_send_fd(a, INGOT_MSG_RANGE, &m, fd, &err), 0);
}

static int open_files(void)
{
	int n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Files arrive with the messages that they were sent with, in order, whatever was collected around them. */
START_TEST(files)
{
	struct ingot_err err = INGOT_ERR_INIT;
	union ingot_msg m;
	struct stat st;
	int before = open_files(), sent[2];
	ingot_chan_set_bulk(a);
	ingot_chan_set_bulk(b);
	ingot_chan_set_fds(b);
	ck_assert_int_eq(pipe(sent), 0);
	struct stat is[2];
	ck_assert(fstat(sent[0], &is[0]) == 0 && fstat(STDERR_FILENO, &is[1]) == 0);
	for (uint64_t i = 0; i < 9; i++)
		send_range(i % 3 == 1, i, i % 3 != 1 ? -1 : i == 4 ? STDERR_FILENO : sent[0]);
	ck_assert_int_eq(ingot_chan_send(a, INGOT_MSG_DONE, NULL, &err), 0);
	for (uint64_t i = 0; i < 9; i++) {
		ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_RANGE), &m, &err), INGOT_MSG_RANGE);
		ck_assert_uint_eq(m.range.offset, i);
		if (!m.range.file)
			continue;
		int fd = ingot_chan_take_fd(b);
		ck_assert(fd > STDERR_FILENO && fcntl(fd, F_GETFD) == FD_CLOEXEC && fstat(fd, &st) == 0);
		ck_assert(st.st_ino == is[i == 4].st_ino && st.st_dev == is[i == 4].st_dev);
		(void)close(fd);
	}
	ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_DONE), &m, &err), INGOT_MSG_DONE);
	ck_assert_int_eq(ingot_chan_take_fd(b), -1);
	/* Taken later: the first first. */
	for (int i = 0; i < 2; i++)
		send_range(1, 0, i ? STDERR_FILENO : sent[0]);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_RANGE), &m, &err), INGOT_MSG_RANGE);
	for (int i = 0; i < 2; i++) {
		int fd = ingot_chan_take_fd(b);
		ck_assert(fstat(fd, &st) == 0 && st.st_ino == is[i].st_ino && st.st_dev == is[i].st_dev);
		(void)close(fd);
	}
	(void)close(sent[0]);
	(void)close(sent[1]);
	ck_assert_int_eq(open_files(), before);
}
END_TEST

/* Who expects none keeps none; who takes none in time gets no more. */
START_TEST(files_nobody_wants)
{
	struct ingot_err err = INGOT_ERR_INIT;
	union ingot_msg m;
	int before = open_files(), r = 0;
	send_range(1, 0, STDERR_FILENO);
	ck_assert_int_eq(ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_RANGE), &m, &err), INGOT_MSG_RANGE);
	ck_assert_int_eq(ingot_chan_take_fd(b), -1);
	ck_assert_int_eq(open_files(), before);
	ingot_chan_set_fds(b);
	for (int i = 0; i <= INGOT_CHAN_FDS; i++)
		send_range(1, 0, STDERR_FILENO);
	for (int i = 0; i <= INGOT_CHAN_FDS && r >= 0; i++)
		r = ingot_chan_recv(b, INGOT_PERMIT(INGOT_MSG_RANGE), &m, &err);
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(open_files(), before + INGOT_CHAN_FDS);
	ingot_chan_free(b);
	ck_assert_int_eq(open_files(), before - 1);
	b = NULL;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chan");
	TCase *t = tcase_create("chan");
	tcase_add_checked_fixture(t, pair, unpair);
	tcase_add_test(t, round_trip);
	tcase_add_test(t, data_and_empty);
	tcase_add_test(t, unpermitted_type);
	tcase_add_loop_test(t, bad_frames, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(t, failure_is_relayed_escaped);
	tcase_add_test(t, bulk);
	tcase_add_test(t, files);
	tcase_add_test(t, files_nobody_wants);
	tcase_add_loop_test(t, bulk_bad_frames, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	suite_add_tcase(s, t);
	return run_suite(s);
}
