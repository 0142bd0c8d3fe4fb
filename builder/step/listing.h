/* listing.h - walking a directory tree in one order on every file system (private to this room; in the library and in the helper). */
#pragma once
#include <ingot/cleanup.h>
#include <ingot/err.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* The names in a directory, sorted by their bytes; at most INGOT_MAX_ENTRIES + 1 of them. */
struct step_names {
	char **v;
	size_t n, cap;
};
void step_names_done(struct step_names *l);
int step_names_list(int dirfd, const char *shown, struct step_names *ret, struct ingot_err *err) INGOT_MUST_USE;

/* The first path of each inode that has more than one name. Zeroed is empty. */
struct step_inode {
	dev_t dev;
	ino_t ino;
	char *path; /* NULL: a free slot */
};
struct step_inodes {
	struct step_inode *v; /* open addressing */
	size_t n, cap;
};
void step_inodes_done(struct step_inodes *s);
/* The path under which this inode was seen first, or NULL: then it is this one. */
const char *step_inodes_first(struct step_inodes *s, const struct stat *st, const char *path);

/* Is the tree path /dev, /proc, /run or /tmp, or below one of them? A step never sees what the Tree has there, and nothing of them is harvested. */
bool step_is_covered(const char *path);

/* copy.c writes it when a copied checkout is finished, harvest reads it: one for each name of the checkout, parents first, names sorted. A file is untouched exactly if
 * it is the same inode with the same time of change, which no process can set. */
#define STEP_RECORD "record"
struct step_record_head {
	int64_t sec; /* the latest time of change of all: what was made later is not of the copy */
	uint32_t nsec, n;
};
struct step_record {
	uint64_t ino;
	int64_t sec;
	uint32_t nsec;
	uint32_t below; /* how many of the records that follow belong to what is in it */
};
