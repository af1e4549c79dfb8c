/* A program that simply exits while it is connected and busy: a hundred times, from main and from inside a callback, and it
 * never crashes, hangs or ends with another status. */
#include "support/check.h"
#include "support/child.h"
#include "support/member.h"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { TIMES = 100, AT_ONCE = 4, STATUS = 17 };

static void exit_inside(const struct moment *moment) {
    if (moment->heard->kind == HEARD_SIGNAL) {
        exit(STATUS);
    }
}

static void *babble(void *argument) {
    struct member *member = (struct member *)argument;
    for (;;) {
        otc_session_signal(member->session, "babble", "x");
        sched_yield();
    }
    return NULL;
}

static int child(const char *role) {
    static struct member member;
    pthread_t babbler;
    struct gate never;
    if (strcmp(role, "inside") == 0) {
        member.inside = exit_inside;
    }
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&member);
    CHECK(pthread_create(&babbler, NULL, babble, &member) == 0);
    if (strcmp(role, "inside") == 0) {
        gate_init(&never);
        GATE_WAIT(&never, 1);
    }
    MEMBER_WAIT(&member, HEARD_SIGNAL);
    exit(STATUS);
}

int main(int count, char **arguments) {
    int started;
    if (count > 1) {
        return child(arguments[1]);
    }
    for (started = 0; started < TIMES; started += AT_ONCE) {
        struct child children[AT_ONCE];
        int index;
        for (index = 0; index < AT_ONCE; index++) {
            child_start(&children[index], index % 2 == 0 ? "main" : "inside");
        }
        for (index = 0; index < AT_ONCE; index++) {
            child_wait(&children[index]);
            CHECK_TEXT(children[index].errors, "");
            CHECK(WIFEXITED(children[index].status));
            CHECK_NUMBER(WEXITSTATUS(children[index].status), STATUS);
        }
    }
    return 0;
}
