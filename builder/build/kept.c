#include "kept.h"
#include <ingot/mem.h>

int kept_get(struct engine *e, const char *kind, const struct ingot_digest *key, struct ingot_buf *text, struct ingot_digest *ret_pack, bool *ret_has_pack, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf record = INGOT_BUF(4096);
	struct ingot_digest id, pack = { 0 };
	int r = ingot_ref_get(e->store, kind, key, &record, err);
	if (r <= 0)
		return r;
	struct ingot_span rest = ingot_buf_view(&record), line;
	bool has_pack = false;
	if (!ingot_span_next(&rest, '\n', &line) || ingot_digest_parse_hex(line, &id) < 0)
		return 0;
	if (ingot_span_next(&rest, '\n', &line)) {
		if (ingot_digest_parse_hex(line, &pack) < 0)
			return 0;
		r = ingot_store_use_pack(e->store, &pack, err);
		if (r <= 0)
			return r;
		has_pack = true;
	}
	r = ingot_store_get(e->store, &id, text, err);
	if (r <= 0)
		return r;
	*ret_pack = pack;
	*ret_has_pack = has_pack;
	return 1;
}

int kept_put(struct engine *e, const char *kind, const struct ingot_digest *key, const struct ingot_buf *text, const struct ingot_intake *in, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf record = INGOT_BUF(4096);
	struct ingot_digest needs[2] = { 0 };
	ingot_pass(ingot_store_put(e->store, text->p, text->n, &needs[0], err));
	ingot_buf_fmt(&record, "%s\n", INGOT_HEX(&needs[0]));
	if (in->has_pack) {
		needs[1] = in->pack;
		ingot_buf_fmt(&record, "%s\n", INGOT_HEX(&needs[1]));
	}
	return ingot_ref_put(e->store, kind, key, ingot_buf_view(&record), needs, in->has_pack ? 2 : 1, err);
}
