/* judge_inside.h - ingot-decode's look at one content inside the calling process. */
#pragma once
#include "../../builder/decode/helper/judge.h"

/* What it says holds until the next call. Something that the coordinator would not take ends the process: no input may lead to it. */
const struct judged *judge_inside(const void *data, size_t n);
