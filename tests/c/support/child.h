/* This program once more, as a child, for what ends a process. */
#ifndef OTC_TEST_CHILD_H
#define OTC_TEST_CHILD_H

#include <sys/types.h>

struct child {
    pid_t pid;
    int error_pipe;
    int status;        /* of waitpid() */
    char errors[4096]; /* the beginning of what it wrote to standard error */
};

/* Starts the program with one argument. Its standard error is kept. */
void child_start(struct child *child, const char *role);
/* Waits until it has ended; a child that does not end in time is killed and fails the test. */
void child_wait(struct child *child);

#endif
