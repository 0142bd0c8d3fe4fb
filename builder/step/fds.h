/* fds.h - which descriptor of ingot-step is what (private to this room). */
#pragma once
#include <ingot/helper.h>
#include <ingot/limits.h>

#define STEP_FD_ROOT (INGOT_FIRST_FD + 0)
#define STEP_FD_SCRATCH (INGOT_FIRST_FD + 1)
#define STEP_FD_STDIO (INGOT_FIRST_FD + 2)  /* three */
#define STEP_FD_VOLUME (INGOT_FIRST_FD + 5) /* STEP_MAX_VOLUMES of them */
#define STEP_MAX_VOLUMES 16
#define STEP_FD_SECRET (STEP_FD_VOLUME + STEP_MAX_VOLUMES) /* INGOT_MAX_STEP_SECRETS of them */
#define STEP_FD_BASE (STEP_FD_SECRET + INGOT_MAX_STEP_SECRETS)
#define STEP_FDS (6 + STEP_MAX_VOLUMES + INGOT_MAX_STEP_SECRETS)
#define STEP_MAX_TMPFS 64

#define STEP_UPPER "upper"
#define STEP_WORK "work"

/* The last fact of a probe, and what its detail says or contains. */
#define STEP_RUNG "rung"
#define STEP_RUNG_FULL "full"
#define STEP_RUNG_COPIED ", without overlay"
#define STEP_RUNG_PROC ", with the container's /proc"
#define STEP_RUNG_CHROOT "chroot (container root)"
#define STEP_RUNG_NONE "packages only"
