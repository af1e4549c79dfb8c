/* otc_destroy() and callbacks that take long: those that return in time are all heard, however many there are; one that does
 * not return costs its 5 seconds and no more, and nobody else's on_released. */
#include "support/check.h"
#include "support/member.h"
#include <string.h>

#define SLOW 10

static struct gate begun, ended, never;

static void slow(const struct moment *moment) {
    if (moment->heard->kind == HEARD_DISCONNECTED) {
        gate_pass(&begun);
        (void)gate_wait_within(&never, 1, 700); /* longer than anybody waits before a thread is added */
        gate_pass(&ended);
    }
}

static struct gate blocked, go_on;

static void block(const struct moment *moment) {
    if (moment->heard->kind == HEARD_SIGNAL) {
        gate_pass(&blocked);
        GATE_WAIT(&go_on, 1);
    }
}

static void every_slow_callback_is_heard(void) {
    struct member members[SLOW];
    int index;
    memset(members, 0, sizeof members);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    for (index = 0; index < SLOW; index++) {
        members[index].inside = slow;
        member_join(&members[index]);
    }
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    CHECK_NUMBER(gate_count(&begun), SLOW);
    CHECK_NUMBER(gate_count(&ended), SLOW);
    for (index = 0; index < SLOW; index++) {
        CHECK_NUMBER(gate_count(&members[index].released), 1);
        member_forget(&members[index]);
    }
}

static void one_that_blocks_costs_no_more_than_the_deadline(void) {
    struct member stuck, other;
    long long start, took;
    memset(&stuck, 0, sizeof stuck);
    memset(&other, 0, sizeof other);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    stuck.inside = block;
    member_join(&stuck);
    member_join(&other);
    CHECK_NUMBER(otc_session_signal(stuck.session, "t", "block"), OTC_SUCCESS);
    GATE_WAIT(&blocked, 1);
    start = now_ms();
    CHECK_NUMBER(otc_destroy(), OTC_FATAL);
    took = now_ms() - start;
    CHECK_HOLDS(otc_last_error_text(), "5 seconds");
    CHECK(took >= 3000);
    CHECK(took <= 5000 + 1000 * (patience() - 1) + 200);
    CHECK_NUMBER(gate_count(&other.released), 1);
    CHECK_NUMBER(gate_count(&stuck.released), 0);
    gate_pass(&go_on);
    GATE_WAIT(&stuck.released, 1);
    member_forget(&stuck);
    member_forget(&other);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
}

int main(void) {
    gate_init(&begun);
    gate_init(&ended);
    gate_init(&never);
    gate_init(&blocked);
    gate_init(&go_on);
    every_slow_callback_is_heard();
    one_that_blocks_costs_no_more_than_the_deadline();
    return 0;
}
