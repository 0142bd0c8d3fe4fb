/* faults.h - the system calls of the store, made to fail or to be the last one.
 *
 * The linker sends the library's calls here (--wrap, see meson.build): no LD_PRELOAD, so it works under a sanitizer as well. */
#pragma once
#include <stdbool.h>

enum faults_mode {
	FAULTS_OFF,
	FAULTS_COUNT,   /* only count */
	FAULTS_KILL,    /* SIGKILL instead of call number AT */
	FAULTS_ONCE,    /* call number AT fails */
	FAULTS_FOREVER  /* and every one after it */
};

/* SYS decides which calls count: ENOSPC and EDQUOT those that need space, EMFILE those that make a descriptor, all others every call. */
void faults_set(enum faults_mode mode, long at, int sys);
long faults_count(void);          /* calls that counted since faults_set() */
const char *faults_last(void);    /* the call that failed last, or "" */
/* Record the names of the calls that make things durable or visible, each followed by a blank, into buf (NULL: stop). */
void faults_trace(char *buf, unsigned long size);
void faults_pause(bool paused);   /* while the test itself looks at files */
