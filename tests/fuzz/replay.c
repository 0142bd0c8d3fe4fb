/* Runs a fuzz harness over the files of a directory: what was found once stays found. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int replay(int dir, const char *name)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		perror(name);
		return -1;
	}
	if (S_ISREG(st.st_mode)) {
		/* Exactly as large as the input, so that a sanitizer sees the first byte read beyond it. */
		uint8_t *data = malloc((size_t)st.st_size + !st.st_size);
		if (!data || read(fd, data, (size_t)st.st_size) != st.st_size)
			abort();
		(void)LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
		free(data);
		printf("ok %s\n", name);
	}
	return close(fd);
}

static int replay_all(const char *where)
{
	DIR *d = opendir(where);
	int n = 0;
	if (!d) {
		perror(where);
		return -1;
	}
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		if (replay(dirfd(d), e->d_name) < 0)
			return -1;
		n++;
	}
	(void)closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (replay_all(argv[i]) <= 0)
			return 1;
	if (argc < 2)
		(void)fprintf(stderr, "usage: fuzz_NAME CORPUS..\n");
	return argc < 2 ? 2 : 0;
}
