/* The least a unit test in C needs. */
#ifndef EXAMPLES_CHECK_H
#define EXAMPLES_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names the case that is being checked and ends the test when `condition` does not hold. */
#define CHECK(condition, name)                                                              \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, (name), #condition);     \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

#endif
