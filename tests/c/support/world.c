#include "world.h"

#include <stdio.h>
#include <stdlib.h>

const char *world(const char *name) {
    char variable[64];
    const char *value;
    snprintf(variable, sizeof variable, "OTC_TEST_%s", name);
    value = getenv(variable);
    if (value == NULL || value[0] == '\0') {
        fprintf(stderr, "%s is not set: run this test with ctest, or through tests/c/run.py\n", variable);
        _Exit(1);
    }
    return value;
}
