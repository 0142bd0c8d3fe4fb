/* deb_list FILE.deb: what ingot-decode says of a package, a line an entry: type, mode, uid, gid, mtime, size, path, target, sha256 of the content. */
#include <fcntl.h>
#include <ingot/decode.h>
#include <ingot/digest.h>
#include <ingot/fd.h>
#include <ingot/escape.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *s, struct ingot_span v)
{
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(40000);
	ingot_escape_field(&b, v);
	printf("%s%s", s, ingot_buf_cstr(&b));
}

static int list(int fd, uint64_t size, struct ingot_err *err)
{
	const uint64_t all = INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_MEMBER) | INGOT_PERMIT(INGOT_MSG_ENTRY) | INGOT_PERMIT(INGOT_MSG_XATTR) | INGOT_PERMIT(INGOT_MSG_DONE);
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	struct ingot_hash *hash = ingot_hash_new();
	struct ingot_digest d;
	union ingot_msg m;
	uint64_t left = 0;
	int type;
	ingot_pass(ingot_decode_start(&h, INGOT_DECODE_DEB, (struct ingot_input){ fd, 0, size }, 0, err));
	while ((type = ingot_chan_recv(h.chan, all, &m, err)) > 0 && type != INGOT_MSG_DONE) {
		if (type == INGOT_MSG_DATA) {
			ingot_hash_add(hash, m.data.data.p, m.data.data.n);
			left -= m.data.data.n;
		} else if (type == INGOT_MSG_MEMBER) {
			left = m.member.size;
			put("m ", m.member.name);
		} else if (type == INGOT_MSG_ENTRY) {
			left = m.entry.size;
			printf("%c %04o %u %u %llu %llu", (int)m.entry.type, m.entry.mode, m.entry.uid, m.entry.gid, (unsigned long long)m.entry.mtime, (unsigned long long)m.entry.size);
			put(" /", m.entry.path);
			put(" ", m.entry.target);
		}
		if (!left && type != INGOT_MSG_XATTR) {
			ingot_hash_end(hash, &d);
			printf(" %s\n", INGOT_HEX(&d));
		}
	}
	ingot_hash_free(hash);
	return type < 0 ? -1 : ingot_helper_finish(&h, err);
}

int main(int argc, char **argv)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct stat st;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || fstat(fd, &st) < 0)
		return 2;
	if (list(fd, (uint64_t)st.st_size, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.msg);
	return 1;
}
