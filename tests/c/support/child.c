#include "child.h"

#include "check.h"
#include "clock.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void child_start(struct child *child, const char *role) {
    posix_spawn_file_actions_t actions;
    char program[] = "/proc/self/exe";
    char argument[64];
    char *arguments[3];
    int ends[2];
    snprintf(argument, sizeof argument, "%s", role);
    arguments[0] = program;
    arguments[1] = argument;
    arguments[2] = NULL;
    memset(child, 0, sizeof *child);
    CHECK(pipe(ends) == 0);
    CHECK(fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0);
    CHECK(posix_spawn_file_actions_init(&actions) == 0);
    CHECK(posix_spawn_file_actions_adddup2(&actions, ends[1], 2) == 0);
    CHECK(posix_spawn(&child->pid, program, &actions, NULL, arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    child->error_pipe = ends[0];
}

void child_wait(struct child *child) {
    long long deadline = now_ms() + patience_ms();
    int descriptor = child->error_pipe;
    size_t length = 0;
    for (;;) {
        struct pollfd polled;
        char bytes[1024];
        ssize_t count;
        long long left = deadline - now_ms();
        polled.fd = descriptor;
        polled.events = POLLIN;
        polled.revents = 0;
        if (left <= 0 || poll(&polled, 1, (int)left) == 0) {
            kill(child->pid, SIGABRT);
            waitpid(child->pid, &child->status, 0);
            FAIL("the child hangs");
        }
        count = read(descriptor, bytes, sizeof bytes);
        if (count <= 0) {
            break;
        }
        if (length + (size_t)count < sizeof child->errors) {
            memcpy(child->errors + length, bytes, (size_t)count);
            length += (size_t)count;
        }
    }
    child->errors[length] = '\0';
    close(descriptor);
    CHECK(waitpid(child->pid, &child->status, 0) == child->pid);
}
