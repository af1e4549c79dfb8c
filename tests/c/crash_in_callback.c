/* A crash inside a callback reaches the application's own crash handler: the library's threads leave signals to the
 * application, but not those that a thread sends to itself. */
#include "support/check.h"
#include "support/member.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANDLED 42

static struct gate never;

static void handler(int number) {
    (void)number;
    _exit(HANDLED);
}

static void crash(const struct moment *moment) {
    if (moment->heard->kind == HEARD_SIGNAL) raise(SIGSEGV);
}

static void child(void) {
    struct member member;
    memset(&member, 0, sizeof member);
    gate_init(&never);
    signal(SIGSEGV, handler);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member.inside = crash;
    member_join(&member);
    CHECK_NUMBER(otc_session_signal(member.session, "crash", "now"), OTC_SUCCESS);
    GATE_WAIT(&never, 1);
}

int main(void) {
    int status = 0;
    const pid_t pid = fork(); /* before otc_init(), as a program that forks must */
    CHECK(pid >= 0);
    if (pid == 0) {
        child();
        _exit(1);
    }
    CHECK_NUMBER(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_NUMBER(WEXITSTATUS(status), HANDLED);
    return 0;
}
