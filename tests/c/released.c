/* on_released: exactly once, last. It has run when otc_session_delete() returns outside a callback; it follows the running
 * callback when the session is deleted inside one; and it follows otc_destroy(), even one that could not wait. */
#include "support/check.h"
#include "support/member.h"
#include <stdlib.h>
#include <string.h>

/* What a program keeps for a session, and frees when it may. */
struct kept {
    struct gate *released;
    int callbacks;
};

static void count_status(otc_session *session, void *user_data, enum otc_connection_status status) {
    (void)session, (void)status;
    ((struct kept *)user_data)->callbacks += 1;
}

static void count_connected(otc_session *session, void *user_data) {
    (void)session;
    ((struct kept *)user_data)->callbacks += 1;
}

static void free_kept(void *user_data) {
    struct kept *kept = (struct kept *)user_data;
    struct gate *released = kept->released;
    free(kept); /* who touches it after this is found by the sanitizers */
    gate_pass(released);
}

static otc_session *with_kept(struct gate *released) {
    struct otc_session_callbacks callbacks;
    struct kept *kept = (struct kept *)calloc(1, sizeof *kept);
    otc_session_settings *settings = otc_session_settings_new();
    otc_session *session;
    CHECK(kept != NULL);
    kept->released = released;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.on_connected = count_connected;
    callbacks.user_data = kept;
    CHECK_NUMBER(otc_session_settings_set_api_url(settings, world("URL")), OTC_SUCCESS);
    session = otc_session_new_with_settings(world("KEY"), world("SESSION"), &callbacks, settings);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_set_on_status_changed(session, count_status), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_set_on_released(session, free_kept), OTC_SUCCESS);
    return session;
}

/* user_data is freed in it, at every moment of a session's life. */
static void frees_user_data(void) {
    struct gate released;
    int round;
    gate_init(&released);
    for (round = 0; round < 50; round++) {
        otc_session *session = with_kept(&released);
        if (round % 5 != 0) {
            CHECK_NUMBER(otc_session_connect(session, world("TOKEN")), OTC_SUCCESS);
        }
        if (round % 5 == 2) {
            CHECK_NUMBER(otc_session_disconnect(session), OTC_SUCCESS);
        }
        CHECK_NUMBER(otc_session_delete(session), OTC_SUCCESS);
        CHECK_NUMBER(gate_count(&released), round + 1);
    }
    gate_end(&released);
}

static struct gate first, second;

static void call_first(void *user_data) {
    (void)user_data;
    gate_pass(&first);
}

static void call_second(void *user_data) {
    (void)user_data;
    gate_pass(&second);
}

static otc_session *without(void) {
    struct otc_session_callbacks callbacks;
    otc_session *session;
    memset(&callbacks, 0, sizeof callbacks);
    session = otc_session_new("k", "s", &callbacks);
    CHECK(session != NULL);
    return session;
}

static void is_replaced_and_unset(void) {
    otc_session *session = without();
    gate_init(&first);
    gate_init(&second);
    CHECK_NUMBER(otc_session_set_on_released(session, call_first), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_set_on_released(session, call_second), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_delete(session), OTC_SUCCESS);
    CHECK_NUMBER(gate_count(&first), 0);
    CHECK_NUMBER(gate_count(&second), 1);
    CHECK_NUMBER(otc_session_set_on_released(session, call_first), OTC_INVALID_PARAM);
    session = without();
    CHECK_NUMBER(otc_session_set_on_released(session, call_first), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_set_on_released(session, NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_delete(session), OTC_SUCCESS);
    CHECK_NUMBER(gate_count(&first), 0);
}

struct inner {
    otc_session *target;
    struct gate *released;
    struct gate deleted;
    struct gate go_on;
};

static void delete_inside(const struct moment *moment) {
    struct inner *inner = (struct inner *)moment->member->user;
    if (moment->heard->kind == HEARD_SIGNAL) {
        CHECK_NUMBER(otc_session_delete(inner->target), OTC_SUCCESS);
        gate_pass(&inner->deleted);
        GATE_WAIT(&inner->go_on, 1);
        if (inner->target == moment->session) {
            CHECK_NUMBER(gate_count(inner->released), 0); /* this callback has not returned */
        }
    }
}

/* Deleted inside one of its own callbacks. */
static void follows_the_running_callback(struct member *other) {
    struct member member;
    struct inner inner;
    memset(&member, 0, sizeof member);
    gate_init(&inner.deleted);
    gate_init(&inner.go_on);
    member.inside = delete_inside;
    member.user = &inner;
    member_join(&member);
    inner.target = member.session;
    inner.released = &member.released;
    CHECK_NUMBER(otc_session_signal(other->session, "now", NULL), OTC_SUCCESS);
    GATE_WAIT(&inner.deleted, 1);
    CHECK_NUMBER(gate_count(&member.released), 0);
    gate_pass(&inner.go_on);
    GATE_WAIT(&member.released, 1);
    member_forget(&member);
}

struct held {
    struct gate begun;
    struct gate go_on;
};

static void hold(const struct moment *moment) {
    struct held *held = (struct held *)moment->member->user;
    if (moment->heard->kind == HEARD_SIGNAL) {
        gate_pass(&held->begun);
        GATE_WAIT(&held->go_on, 1);
    }
}

/* Deleted inside a callback of another session, while one of its own runs: the call returns at once, on_released later. */
static void follows_when_deleted_by_another(struct member *other) {
    struct member member, deleter;
    struct held held;
    struct inner inner;
    memset(&member, 0, sizeof member);
    memset(&deleter, 0, sizeof deleter);
    gate_init(&held.begun);
    gate_init(&held.go_on);
    gate_init(&inner.deleted);
    gate_init(&inner.go_on);
    gate_pass(&inner.go_on);
    member.inside = hold;
    member.user = &held;
    member_join(&member);
    CHECK_NUMBER(otc_session_signal(other->session, "hold", NULL), OTC_SUCCESS);
    GATE_WAIT(&held.begun, 1);
    inner.target = member.session;
    inner.released = &member.released;
    deleter.inside = delete_inside;
    deleter.user = &inner;
    member_join(&deleter);
    CHECK_NUMBER(otc_session_signal(other->session, "delete", NULL), OTC_SUCCESS);
    GATE_WAIT(&inner.deleted, 1); /* it has returned though the other's callback has not */
    CHECK_NUMBER(gate_count(&member.released), 0);
    gate_pass(&held.go_on);
    GATE_WAIT(&member.released, 1);
    member_forget(&member);
    deleter.inside = NULL;
    member_delete(&deleter);
}

/* A callback that does not return in time: otc_destroy() gives up after 5 s, and on_released still follows. */
static void follows_a_late_destroy(void) {
    struct member members[3];
    struct held held;
    long long start;
    int index;
    memset(members, 0, sizeof members);
    gate_init(&held.begun);
    gate_init(&held.go_on);
    members[0].inside = hold;
    members[0].user = &held;
    member_join(&members[0]);
    member_join(&members[1]);
    member_make(&members[2]);
    CHECK_NUMBER(otc_session_signal(members[1].session, "hold", NULL), OTC_SUCCESS);
    GATE_WAIT(&held.begun, 1);
    start = now_ms();
    CHECK_NUMBER(otc_destroy(), OTC_FATAL);
    CHECK(now_ms() - start < 8000 * patience());
    CHECK_NUMBER(gate_count(&members[0].released), 0);
    CHECK_NUMBER(gate_count(&members[1].released), 1);
    CHECK_NUMBER(gate_count(&members[2].released), 1);
    /* The library works again, while the old callback still runs. */
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    gate_pass(&held.go_on);
    GATE_WAIT(&members[0].released, 1);
    for (index = 0; index < 3; index++) {
        member_forget(&members[index]);
    }
}

static void has_run_after_destroy(void) {
    struct member members[4];
    int index;
    memset(members, 0, sizeof members);
    for (index = 0; index < 4; index++) {
        member_make(&members[index]);
        if (index > 0) {
            member_connect(&members[index]);
        }
    }
    MEMBER_WAIT(&members[1], HEARD_CONNECTED);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    for (index = 0; index < 4; index++) {
        CHECK_NUMBER(gate_count(&members[index].released), 1);
        member_forget(&members[index]);
    }
}

int main(void) {
    struct member other;
    memset(&other, 0, sizeof other);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    frees_user_data();
    is_replaced_and_unset();
    member_join(&other);
    follows_the_running_callback(&other);
    follows_when_deleted_by_another(&other);
    member_delete(&other);
    follows_a_late_destroy();
    has_run_after_destroy();
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    return 0;
}
