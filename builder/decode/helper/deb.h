/* deb.h - a Debian package (deb(5)): an ar archive of exactly debian-binary, control.tar.* and data.tar.*, in this order. */
#pragma once
#include <ingot/chan.h>
#include <ingot/err.h>

/* Control files go out as MEMBER and DATA, the files of data.tar as ENTRY. limit is for data.tar decompressed. */
int deb_decode(struct ingot_chan *chan, int fd, uint64_t offset, uint64_t size, uint64_t limit, struct ingot_err *err) INGOT_MUST_USE;
