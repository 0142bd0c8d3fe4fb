/* tested.h - the recipe's tests in a build: between the image and its signature, so that nothing is signed or written whose tests fail. Internal to build. */
#pragma once
#include "engine.h"

/* 1: nothing has to be run for an image of this key. There are no tests, or they are not wanted, or they passed before in a sandbox that will do. */
int tests_known(struct engine *e, const struct ingot_digest *key, struct ingot_err *err) INGOT_MUST_USE;
/* Run them on the tree, unless they are known; that they passed is remembered. Without a tree they are known. */
int tests_of_image(struct engine *e, const struct ingot_tree *tree, const struct ingot_digest *key, const struct ingot_doc *config, struct ingot_err *err) INGOT_MUST_USE;
