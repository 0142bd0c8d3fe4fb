#include <ingot/limits.h>
#include <ingot/num.h>
#include <ingot/owned.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

void ingot_owned_text(const struct ingot_owned *o, char ret[INGOT_OWNED_TEXT])
{
	char caps[2 * INGOT_CAPS_SIZE + 1] = "-";
	if (o->n_caps)
		ingot_format_hex(o->caps, INGOT_CAPS_SIZE, caps);
	(void)snprintf(ret, INGOT_OWNED_TEXT, "%u %u %u %u %u %u %u %s", o->set, o->uid, o->gid, o->mode, o->type, o->major, o->minor, caps);
}

int ingot_owned_parse(struct ingot_span text, struct ingot_owned *ret)
{
	static const uint32_t most[] = { INGOT_OWNED_ALL, INGOT_MAX_ID, INGOT_MAX_ID, 07777, 'c', 0xfff, 0xfffff };
	uint32_t v[7];
	struct ingot_span word;
	struct ingot_owned o = { 0 };
	for (size_t i = 0; i < 7; i++)
		if (!ingot_span_next(&text, ' ', &word) || ingot_parse_u32(word, most[i], &v[i]) < 0)
			return -1;
	o.set = v[0];
	o.uid = v[1];
	o.gid = v[2];
	o.mode = v[3];
	o.type = v[4];
	o.major = v[5];
	o.minor = v[6];
	/* 0,0 is no device but how overlayfs spells "removed"; a layer that holds it would remove what is below. */
	if ((o.set & INGOT_OWNED_DEVICE) ? (o.type != 'c' && o.type != 'b') || !(o.major | o.minor) : o.type != 0)
		return -1;
	if (ingot_span_is(text, "-")) {
		*ret = o;
		return 0;
	}
	if (text.n != 2 * INGOT_CAPS_SIZE || !(o.set & INGOT_OWNED_CAPS) || ingot_parse_hex(text, o.caps, INGOT_CAPS_SIZE) < 0)
		return -1;
	o.n_caps = INGOT_CAPS_SIZE;
	*ret = o;
	return 0;
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int ingot_caps_normal(const void *value, size_t n, uint8_t ret[INGOT_CAPS_SIZE])
{
	const uint8_t *p = value;
	if (n < 4)
		return -1;
	uint32_t magic = le32(p), revision = magic & VFS_CAP_REVISION_MASK, flags = magic & VFS_CAP_FLAGS_MASK;
	if ((flags & ~(uint32_t)VFS_CAP_FLAGS_EFFECTIVE) || !((revision == VFS_CAP_REVISION_2 && n == XATTR_CAPS_SZ_2) || (revision == VFS_CAP_REVISION_3 && n == XATTR_CAPS_SZ_3)))
		return -1;
	uint32_t head = VFS_CAP_REVISION_2 | flags;
	for (size_t i = 0; i < 4; i++)
		ret[i] = (uint8_t)(head >> (8 * i));
	memcpy(ret + 4, p + 4, INGOT_CAPS_SIZE - 4);
	return 0;
}
