/* configure.h - packages whose maintainer scripts are run. Internal to build. */
#pragma once
#include "engine.h"
#include <ingot/packages.h>

/* s becomes the packages of rq, configured by their own dpkg in the sandbox; what only the tools brought is gone again. */
int configure_packages(struct engine *e, struct stage_state *s, const struct ingot_packages_request *rq, struct ingot_err *err) INGOT_MUST_USE;
