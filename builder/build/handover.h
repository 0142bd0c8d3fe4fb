/* handover.h - the parts of a hand-over. Internal to build. */
#pragma once
#include <ingot/handover.h>
#include <ingot/limits.h>

const char *handover_volume(struct ingot_arena *arena, const char *path);
/* The volume's name for the i-th writable place, no two the same. */
const char *handover_place(const struct ingot_runtime *r, struct ingot_arena *arena, size_t i);
int handover_port(const char *text, uint32_t *ret, const char **ret_protocol, struct ingot_err *err) INGOT_MUST_USE;
/* handover_pod.c: a Pod as YAML. */
int handover_pod(const struct ingot_handover *h, struct ingot_buf *out, struct ingot_err *err) INGOT_MUST_USE;
