/* What the wall around decoding costs: the same blob decoded in this process, and by ingot-decode over its channel, both times with every content hashed on arrival.
 *
 *     bench_channel FILE.deb|FILE.tar.zst [ROUNDS]
 *
 * Built with -Dingot_chan_send=bench_send for the decoder's sources, so that "in this process" differs in nothing but the channel. */
#include "../builder/decode/helper/answer.h"
#include <fcntl.h>
#include <ingot/decode.h>
#include <ingot/digest.h>
#include <ingot/fd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct spent {
	double wall, cpu;
};

static struct ingot_hash *hash;
static uint64_t left, messages, bytes;
static bool hashing;

static void take(enum ingot_msg_type type, const union ingot_msg *m)
{
	struct ingot_digest d;
	messages++;
	if (type == INGOT_MSG_ENTRY)
		left = m->entry.size;
	if (type == INGOT_MSG_MEMBER)
		left = m->member.size;
	if (type != INGOT_MSG_DATA)
		return;
	bytes += m->data.data.n;
	left -= m->data.data.n;
	if (hashing)
		ingot_hash_add(hash, m->data.data.p, m->data.data.n);
	if (hashing && !left)
		ingot_hash_end(hash, &d);
}

int ingot_chan_send(struct ingot_chan *c, enum ingot_msg_type type, const void *msg, struct ingot_err *err)
{
	take(type, msg);
	return 0;
}

static void now(struct spent *s)
{
	struct timespec t;
	struct rusage self, children;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	(void)getrusage(RUSAGE_SELF, &self);
	(void)getrusage(RUSAGE_CHILDREN, &children);
	s->wall = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	const struct timeval *v[] = { &self.ru_utime, &self.ru_stime, &children.ru_utime, &children.ru_stime };
	s->cpu = 0;
	for (size_t i = 0; i < 4; i++)
		s->cpu += (double)v[i]->tv_sec + (double)v[i]->tv_usec / 1e6;
}

static int inside(int fd, uint64_t size, enum ingot_decode_what what, struct ingot_err *err)
{
	struct ingot_msg_decode q = { .what = what, .size = size };
	return answer(NULL, fd, &q, err);
}

static int outside(int fd, uint64_t size, enum ingot_decode_what what, struct ingot_err *err)
{
	const uint64_t all = INGOT_PERMIT(INGOT_MSG_DATA) | INGOT_PERMIT(INGOT_MSG_MEMBER) | INGOT_PERMIT(INGOT_MSG_ENTRY) | INGOT_PERMIT(INGOT_MSG_XATTR) | INGOT_PERMIT(INGOT_MSG_DONE);
	_cleanup_(ingot_helper_kill) struct ingot_helper h = INGOT_HELPER_INIT;
	union ingot_msg m;
	int type;
	ingot_pass(ingot_decode_start(&h, what, (struct ingot_input){ fd, 0, size }, 0, err));
	while ((type = ingot_chan_recv(h.chan, all, &m, err)) > 0) {
		take((enum ingot_msg_type)type, &m);
		if (type == INGOT_MSG_DONE)
			return ingot_helper_finish(&h, err);
	}
	return -1;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

#define MAX_ROUNDS 50

/* Pairs, interleaved: the machine's mood is the same for both of a pair. */
static int compare(int fd, uint64_t size, enum ingot_decode_what what, size_t rounds, struct ingot_err *err)
{
	double wall[2][MAX_ROUNDS], cpu[2][MAX_ROUNDS], wall_ratio[MAX_ROUNDS], cpu_ratio[MAX_ROUNDS];
	for (size_t i = 0; i <= rounds; i++)
		for (int k = 0; k < 2; k++) {
			struct spent before, after;
			messages = bytes = 0;
			now(&before);
			ingot_pass(k ? outside(fd, size, what, err) : inside(fd, size, what, err));
			now(&after);
			if (i == 0)
				continue; /* the first round warms the page cache */
			wall[k][i - 1] = after.wall - before.wall;
			cpu[k][i - 1] = after.cpu - before.cpu;
		}
	for (size_t i = 0; i < rounds; i++) {
		wall_ratio[i] = wall[1][i] / wall[0][i];
		cpu_ratio[i] = cpu[1][i] / cpu[0][i];
	}
	printf("%s: %llu messages, %.1f MiB\n", hashing ? "contents hashed" : "contents dropped", (unsigned long long)messages, (double)bytes / 1048576);
	printf("  in this process   wall %8.1f ms   cpu %8.1f ms\n", 1000 * median(wall[0], rounds), 1000 * median(cpu[0], rounds));
	printf("  over the channel  wall %8.1f ms   cpu %8.1f ms\n", 1000 * median(wall[1], rounds), 1000 * median(cpu[1], rounds));
	printf("  ratio             wall %8.2f      cpu %8.2f\n", median(wall_ratio, rounds), median(cpu_ratio, rounds));
	return 0;
}

int main(int argc, char **argv)
{
	struct ingot_err err = INGOT_ERR_INIT;
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 5, n = argc > 1 ? strlen(argv[1]) : 0;
	struct stat st;
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || fstat(fd, &st) < 0 || !rounds || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: bench_channel FILE.deb|FILE.tar.zst [ROUNDS]\n");
		return 2;
	}
	enum ingot_decode_what what = n > 4 && strcmp(argv[1] + n - 4, ".deb") == 0 ? INGOT_DECODE_DEB : INGOT_DECODE_TAR;
	hash = ingot_hash_new();
	for (int i = 0; i < 2; i++) {
		hashing = i == 0;
		if (compare(fd, (uint64_t)st.st_size, what, rounds, &err) < 0) {
			fprintf(stderr, "%s\n", err.msg);
			return 1;
		}
	}
	ingot_hash_free(hash);
	return 0;
}
