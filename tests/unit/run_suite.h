/* run_suite.h - the end of every test program. */
#pragma once
#include <check.h>

/* The status of the process: 0 when every test passed. Takes s. */
static inline int run_suite(Suite *s)
{
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
