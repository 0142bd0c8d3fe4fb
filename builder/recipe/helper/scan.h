/* scan.h - what is refused before the text reaches libfyaml, whose scanner reads a whole flow collection ahead (350 bytes a token, 1 MB of
 * "[" costs 346 MB) and keeps lines on the stack (libfyaml #172, #173, #315). */
#pragma once
#include <ingot/err.h>
#include <ingot/span.h>

/* A recipe is for people, a lock is ours: its lines are checked much more strictly. INGOT_E_INPUT with the place. */
int scan_recipe(const char *name, struct ingot_span text, struct ingot_err *err) INGOT_MUST_USE;
int scan_lock(const char *name, struct ingot_span text, struct ingot_err *err) INGOT_MUST_USE;
