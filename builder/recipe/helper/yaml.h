/* yaml.h - YAML (and so JSON) text as a pre-order stream of nodes, through libfyaml's event interface: no document is built, nothing
 * is expanded, nothing recurses. Also the entry of the fuzz harness. */
#pragma once
#include <ingot/err.h>
#include <ingot/span.h>
#include <ingot/wire.h>

/* Takes one node; a failure ends the parse. The text of the node holds only during the call. */
typedef int (*yaml_sink)(void *ctx, const struct ingot_msg_node *node, struct ingot_err *err);

/* A mapping is MAP, then KEY and value in turn, then END; a sequence is SEQ, its members, END. INGOT_E_INPUT with the place. */
int yaml_parse(const char *name, struct ingot_span text, bool lock, yaml_sink sink, void *ctx, struct ingot_err *err) INGOT_MUST_USE;
