/* What a main thread waits for: input, an interrupt (Ctrl-C, SIGTERM), or a word from a callback, in one poll(). */
#ifndef EXAMPLES_WAKE_H
#define EXAMPLES_WAKE_H

enum wake_reason {
    WAKE_CONNECTED = 'c',    /* on_connected */
    WAKE_FAILED = 'f',       /* on_error before on_connected */
    WAKE_DISCONNECTED = 'd', /* on_disconnected */
    WAKE_INTERRUPTED = 'i',  /* Ctrl-C or SIGTERM; a second one ends the process at once */
    WAKE_OUTPUT_CLOSED = 'o', /* nobody reads our output any more */
    WAKE_INPUT = 1,          /* the descriptor can be read, or has ended */
    WAKE_TIMEOUT = 2
};

/* Once, before otc_init(). Makes sure that descriptors 0 to 2 are taken, so that a program started with some of them closed
 * does not take a socket for its input. Returns 0, or -1 with errno set. */
int wake_open(void);

/* From any thread, and from signal handlers. */
void wake(enum wake_reason reason);

/* Waits for the next reason; reasons come before input, in order. `input_fd` -1: not interested in input.
 * `timeout_ms` -1: no limit. */
enum wake_reason wake_wait(int input_fd, int timeout_ms);

#endif
