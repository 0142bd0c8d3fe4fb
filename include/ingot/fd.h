/* fd.h - file descriptors: owned ones start at -1, all are close-on-exec, every short read and write is handled once, here. */
#pragma once
#include <ingot/err.h>
#include <ingot/buf.h>
#include <stdint.h>
#include <sys/types.h>

void ingot_closep(int *fd); /* for _cleanup_; keeps errno */
int ingot_close(int fd, const char *what, struct ingot_err *err) INGOT_MUST_USE; /* a close error before publication is a failure */

int ingot_write_all(int fd, const void *p, size_t n, struct ingot_err *err) INGOT_MUST_USE;
/* Reads until n bytes or end of file; returns the count. */
ssize_t ingot_read_upto(int fd, void *p, size_t n, struct ingot_err *err) INGOT_MUST_USE;
/* pread() until n bytes; fewer is a failure. */
int ingot_pread_all(int fd, void *p, size_t n, uint64_t offset, struct ingot_err *err) INGOT_MUST_USE;
/* The whole rest of a file into out (bounded by out->max). */
int ingot_read_all(int fd, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
/* A user's own file by name, at most max bytes, regular files and pipes only. INGOT_E_INPUT when it cannot be read. */
int ingot_read_file(const char *path, size_t max, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
/* Copy n bytes between fds from the current positions, in the kernel where it can. */
int ingot_copy_range(int from, uint64_t offset, uint64_t n, int to, struct ingot_err *err) INGOT_MUST_USE;

/* Publish bytes as NAME in dirfd: temp file, sync, rename, sync of the directory. */
int ingot_publish(int dirfd, const char *name, const void *p, size_t n, mode_t mode, struct ingot_err *err) INGOT_MUST_USE;
/* A name for a temporary file: "." + prefix + 128 random bits in hex. */
void ingot_temp_name(const char *prefix, char ret[64]);
