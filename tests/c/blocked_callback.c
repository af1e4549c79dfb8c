/* A callback that blocks for 30 seconds, a bug that real programs have. Meanwhile other sessions go on without a delay, the
 * blocked session's heart-beat goes on (the server, which drops who is silent for 10 s, keeps it), nothing of it is lost; and
 * otc_session_delete() on another thread waits for the callback, and says in the log after 2 seconds whom it waits for. */
#include "support/check.h"
#include "support/member.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKED_MS = 30000, BESIDE_MS = 2000, SIGNALS = 50 };

struct block {
    struct gate begun;
    struct gate ended;
    struct gate never;
};

static void block(const struct moment *moment) {
    struct block *block = (struct block *)moment->member->user;
    if (moment->heard->kind == HEARD_SIGNAL && strcmp(moment->heard->type, "block") == 0) {
        gate_pass(&block->begun);
        /* The one thing here that is about time itself. */
        gate_wait_within(&block->never, 1, BLOCKED_MS);
        gate_pass(&block->ended);
    }
}

static struct gate warned;

static void logger(const char *message) {
    if (strstr(message, "otc_session_delete") != NULL && strstr(message, "on_signal_received") != NULL) {
        gate_pass(&warned);
    }
}

static void *delete_it(void *session) {
    CHECK_NUMBER(otc_session_delete((otc_session *)session), OTC_SUCCESS);
    return NULL;
}

int main(void) {
    struct member blocked, other, watcher;
    struct block plan;
    pthread_t deleter;
    char *id;
    long long start, round;
    int number;
    memset(&blocked, 0, sizeof blocked);
    memset(&other, 0, sizeof other);
    memset(&watcher, 0, sizeof watcher);
    gate_init(&plan.begun);
    gate_init(&plan.ended);
    gate_init(&plan.never);
    gate_init(&warned);
    otc_log_set_logger_callback(logger);
    otc_log_enable(OTC_LOG_LEVEL_WARN);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    blocked.inside = block;
    blocked.user = &plan;
    member_join(&watcher);
    member_join(&other);
    member_join(&blocked);
    id = member_id(&blocked);
    /* Before the callback begins: a start that is read after it may come late, and then the callback looks too short. */
    start = now_ms();
    CHECK_NUMBER(otc_session_signal(other.session, "block", NULL), OTC_SUCCESS);
    GATE_WAIT(&plan.begun, 1);

    /* 20 s long: others hear each other at once, and the blocked one can still be asked and can still send. */
    for (number = 0; now_ms() - start < 20000; number++) {
        round = now_ms();
        member_fence(&other, "beside");
        MEMBER_WAIT_SIGNAL(&watcher, "beside");
        CHECK_NUMBER(otc_session_signal(blocked.session, "from-blocked", NULL), OTC_SUCCESS);
        MEMBER_WAIT_SIGNAL(&other, "from-blocked");
        CHECK(now_ms() - round < BESIDE_MS * patience());
        CHECK_NUMBER(otc_session_get_connection_status(blocked.session), OTC_CONNECTION_STATUS_CONNECTED);
        /* Not faster than twenty times a second. */
        gate_wait_within(&plan.never, 1, 50);
    }
    CHECK(number > 100 / patience());
    CHECK_NUMBER(member_heard(&watcher, HEARD_WENT), 0);
    CHECK_NUMBER(gate_count(&plan.ended), 0);

    /* Deleted while it blocks. */
    CHECK(pthread_create(&deleter, NULL, delete_it, blocked.session) == 0);
    GATE_WAIT(&warned, 1);
    CHECK_NUMBER(gate_count(&plan.ended), 0);
    CHECK(pthread_join(deleter, NULL) == 0);
    CHECK_NUMBER(gate_count(&plan.ended), 1); /* it waited until the callback had returned */
    CHECK(now_ms() - start >= BLOCKED_MS);
    CHECK_TEXT(MEMBER_WAIT(&watcher, HEARD_WENT)->who, id);

    number = member_heard_all(&blocked);
    member_fence(&other, "after");
    CHECK_NUMBER(member_heard_all(&blocked), number);
    member_forget(&blocked);
    member_delete(&other);
    member_delete(&watcher);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    free(id);
    return 0;
}
