/* The payload of bench/step.c, linked statically: says when it began, and what calls cost in it. Nothing else is in its root. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int chowns(long n)
{
	int fd = open("/f", O_RDWR | O_CREAT, 0644);
	long long began = now();
	for (long i = 0; i < n; i++)
		if (fchown(fd, 105, 106) < 0)
			return 1;
	long long mid = now();
	for (long i = 0; i < n; i++)
		if (lchown("/data/0", 105, 106) < 0)
			return 1;
	printf("%lld %lld\n", (mid - began) / n, (now() - mid) / n);
	return 0;
}

static int stats(long n)
{
	struct stat st;
	long long began = now();
	for (long i = 0; i < n; i++)
		if (stat("/data/1", &st) < 0)
			return 1;
	long long mid = now();
	for (long i = 0; i < n; i++)
		(void)getuid();
	printf("%lld %lld\n", (mid - began) / n, (now() - mid) / n);
	return 0;
}

int main(int argc, char **argv)
{
	long long began = now();
	long n = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	if (n > 0 && strcmp(argv[1], "chowns") == 0)
		return chowns(n);
	if (n > 0 && strcmp(argv[1], "stats") == 0)
		return stats(n);
	printf("%lld\n", began);
	return 0;
}
