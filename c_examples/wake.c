#define _POSIX_C_SOURCE 200809L

#include "wake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int wake_pipe[2];

static void on_interrupt(int signal_number) {
    (void)signal_number;
    wake(WAKE_INTERRUPTED);
}

static int take_standard_descriptors(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
        if (fd < 0) return -1;
    } while (fd <= STDERR_FILENO);
    return close(fd);
}

int wake_open(void) {
    struct sigaction interrupt, ignore;
    if (take_standard_descriptors() != 0 || pipe(wake_pipe) != 0) return -1;
    /* A full pipe must not block a callback or a signal handler; a main thread with that much to do will look anyway. */
    if (fcntl(wake_pipe[1], F_SETFL, O_NONBLOCK) != 0) return -1;
    memset(&interrupt, 0, sizeof interrupt);
    interrupt.sa_handler = on_interrupt;
    interrupt.sa_flags = SA_RESTART | (int)SA_RESETHAND;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    if (sigaction(SIGINT, &interrupt, NULL) != 0 || sigaction(SIGTERM, &interrupt, NULL) != 0) return -1;
    return sigaction(SIGPIPE, &ignore, NULL);
}

void wake(enum wake_reason reason) {
    int saved = errno;
    char byte = (char)reason;
    ssize_t written;
    do written = write(wake_pipe[1], &byte, 1);
    while (written < 0 && errno == EINTR);
    errno = saved;
}

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum wake_reason wake_wait(int input_fd, int timeout_ms) {
    long long deadline = now_ms() + timeout_ms;
    for (;;) {
        struct pollfd watched[2];
        int left = timeout_ms;
        char reason;
        if (timeout_ms >= 0) left = deadline > now_ms() ? (int)(deadline - now_ms()) : 0;
        watched[0].fd = wake_pipe[0];
        watched[1].fd = input_fd; /* poll() passes over a negative one */
        watched[0].events = watched[1].events = POLLIN;
        watched[0].revents = watched[1].revents = 0;
        if (poll(watched, 2, left) == 0) return WAKE_TIMEOUT;
        if (watched[0].revents != 0 && read(wake_pipe[0], &reason, 1) == 1) return (enum wake_reason)reason;
        if (watched[1].revents != 0) return WAKE_INPUT; /* an error or a hang-up, too: reading will tell */
    }
}
