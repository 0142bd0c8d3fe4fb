/* harvest.h - what the two ways of harvesting share: an overlay's upper directory (harvest.c), a copied checkout (compare.c). */
#pragma once
#include "../listing.h"
#include "sandbox.h"

struct harvest {
	struct ingot_chan *c;
	const struct step_plan *p;
	char path[INGOT_MAX_PATH + 1];
	size_t n; /* of path */
	struct step_inodes inodes;
	uint64_t bytes, entries;
	bool kept; /* what the next entry is about is an inode from before the step: its owner is the Tree's */
	struct step_record_head copied; /* of a copied checkout */
	struct step_record *records;
	size_t n_records;
	uint64_t *inodes_copied; /* their numbers, sorted; NULL: not needed yet */
	bool on_tmpfs;
	char block[KIB(256)];
};

/* One message about h->path. */
int harvest_entry(struct harvest *h, uint32_t type, const struct stat *st, struct ingot_span target, struct ingot_err *err) INGOT_MUST_USE;
/* Whatever has this name in dirfd, with all that is in it; h->path is its path already. */
int harvest_any(struct harvest *h, int dirfd, const char *name, unsigned depth, struct ingot_err *err) INGOT_MUST_USE;
int harvest_dir_itself(struct harvest *h, int fd, unsigned depth, struct ingot_err *err) INGOT_MUST_USE;
/* One name further down; returns what harvest_up() is to be told. */
ssize_t harvest_down(struct harvest *h, const char *name, struct ingot_err *err) INGOT_MUST_USE;
void harvest_up(struct harvest *h, size_t had);

/* compare.c */
int compare_begin(struct harvest *h, struct ingot_err *err) INGOT_MUST_USE; /* before the walls stand: reads the record */
int compare(struct harvest *h, int upper, int lower, struct ingot_err *err) INGOT_MUST_USE;
