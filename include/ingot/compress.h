/* compress.h - streaming compression of layers, with one output for one input, library version and level.
 *
 * zstd: one frame, level 3 unless another is asked for, window at most 8 MiB (what RFC 8878 asks every reader to support), no checksum (the digest is
 * one). Always through zstd's own worker threads: their output does not depend on how many there are, only on there being any.
 * gzip: independent members of 1 MiB of input, level 6 unless another is asked for; header without time and name (1f 8b 08 00 00000000 00 ff).
 */
#pragma once
#include <ingot/tarout.h>

enum ingot_compression { INGOT_ZSTD = 0, INGOT_GZIP = 1, INGOT_PLAIN = 2 };

#define INGOT_LEVEL_DEFAULT 0 /* zstd 3, gzip 6 */

struct ingot_compressor;
/* INGOT_E_INPUT when the level does not exist or needs a larger window (zstd 1-19, gzip 1-12). *out is borrowed until the end. */
int ingot_compressor_new(enum ingot_compression kind, int level, const struct ingot_sink *out, struct ingot_compressor **ret, struct ingot_err *err) INGOT_MUST_USE;
void ingot_compressor_free(struct ingot_compressor *c);
INGOT_CLEANUP(struct ingot_compressor, ingot_compressor_free)
int ingot_compressor_write(struct ingot_compressor *c, const void *p, size_t n, struct ingot_err *err) INGOT_MUST_USE;
int ingot_compressor_end(struct ingot_compressor *c, struct ingot_err *err) INGOT_MUST_USE; /* flushes; nothing may follow but free */

/* "zstd", "gzip", "none": the words of recipes and options. */
const char *ingot_compression_word(enum ingot_compression kind);
int ingot_compression_from_word(struct ingot_span word, enum ingot_compression *ret); /* 0, or -1 */
/* "zstd 1.5.4 level 3 jobs of 4194304": what the compressed bytes depend on beside the input. For cache keys and provenance. */
void ingot_compression_version(enum ingot_compression kind, int level, char ret[64]);
/* application/vnd.oci.image.layer.v1.tar+zstd and so on. */
const char *ingot_compression_media_type(enum ingot_compression kind);
