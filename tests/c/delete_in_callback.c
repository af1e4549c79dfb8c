/* A session is deleted inside each of its callbacks: the call returns at once, says so the second time, and nothing more is
 * called; the others see it leave. */
#include "support/check.h"
#include "support/member.h"
#include "support/proxy.h"
#include <stdlib.h>
#include <string.h>

struct plan {
    enum heard_kind when;
    struct gate deleted;
};

static void delete_it(const struct moment *moment) {
    struct plan *plan = (struct plan *)moment->member->user;
    if (moment->heard->kind != plan->when) {
        return;
    }
    CHECK_NUMBER(otc_session_delete(moment->session), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_delete(moment->session), OTC_INVALID_PARAM);
    CHECK(otc_session_get_id(moment->session) == NULL);
    CHECK_NUMBER(otc_session_signal(moment->session, "x", "y"), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_disconnect(moment->session), OTC_INVALID_PARAM);
    /* What the callback was given lives until it returns, whatever has become of the session. */
    if (moment->connection != NULL) {
        CHECK_TEXT(otc_connection_get_id(moment->connection), moment->heard->who);
    }
    gate_pass(&plan->deleted);
}

static void plan_for(struct member *member, struct plan *plan, enum heard_kind when) {
    memset(member, 0, sizeof *member);
    plan->when = when;
    gate_init(&plan->deleted);
    member->inside = delete_it;
    member->user = plan;
}

/* The deletion has happened, and nothing is told after it. */
static void expect_end(struct member *member, struct plan *plan, struct member *observer, int was_in) {
    int told;
    GATE_WAIT(&plan->deleted, 1);
    told = member_heard_all(member);
    if (was_in) {
        MEMBER_WAIT(observer, HEARD_WENT);
    }
    member_fence(observer, "after");
    CHECK_NUMBER(member_heard_all(member), told);
    CHECK_NUMBER(gate_count(&plan->deleted), 1);
    member_forget(member);
}

static void in_connected(struct member *observer) {
    struct member member;
    struct plan plan;
    plan_for(&member, &plan, HEARD_CONNECTED);
    member_make(&member);
    member_connect(&member);
    expect_end(&member, &plan, observer, 1);
}

/* The observer is who was there before. */
static void in_connection_created(struct member *observer) {
    struct member member;
    struct plan plan;
    plan_for(&member, &plan, HEARD_CAME);
    member_make(&member);
    member_connect(&member);
    expect_end(&member, &plan, observer, 1);
}

static void in_connection_dropped(struct member *observer) {
    struct member member, other;
    struct plan plan;
    memset(&other, 0, sizeof other);
    plan_for(&member, &plan, HEARD_WENT);
    member_join(&member);
    member_join(&other);
    member_fence(&other, "here");
    MEMBER_WAIT_SIGNAL(&member, "here");
    member_delete(&other);
    MEMBER_WAIT(observer, HEARD_WENT);
    expect_end(&member, &plan, observer, 1);
}

static void in_signal(struct member *observer) {
    struct member member;
    struct plan plan;
    int number;
    plan_for(&member, &plan, HEARD_SIGNAL);
    member_join(&member);
    for (number = 0; number < 100; number++) {
        CHECK_NUMBER(otc_session_signal(observer->session, "many", "x"), OTC_SUCCESS);
    }
    expect_end(&member, &plan, observer, 1);
}

static void in_disconnected(struct member *observer) {
    struct member member;
    struct plan plan;
    plan_for(&member, &plan, HEARD_DISCONNECTED);
    member_join(&member);
    CHECK_NUMBER(otc_session_disconnect(member.session), OTC_SUCCESS);
    expect_end(&member, &plan, observer, 1);
}

static void in_error(struct member *observer) {
    struct member member;
    struct plan plan;
    plan_for(&member, &plan, HEARD_ERROR);
    member_make(&member);
    CHECK_NUMBER(otc_session_connect(member.session, "no token"), OTC_SUCCESS);
    expect_end(&member, &plan, observer, 0);
}

/* While it is away, and just back. */
static void in_reconnection(struct member *observer, enum heard_kind when) {
    struct member member;
    struct plan plan;
    struct proxy *proxy = proxy_start();
    plan_for(&member, &plan, when);
    member_join_at(&member, proxy_url(proxy));
    MEMBER_WAIT(observer, HEARD_CAME);
    proxy_refuse(proxy, when == HEARD_RECONNECTING);
    proxy_cut(proxy);
    /* Whoever is deleted while away cannot say goodbye. */
    expect_end(&member, &plan, observer, when == HEARD_RECONNECTED);
    proxy_stop(proxy);
}

int main(void) {
    struct member observer;
    memset(&observer, 0, sizeof observer);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&observer);
    in_connected(&observer);
    in_connection_created(&observer);
    in_connection_dropped(&observer);
    in_signal(&observer);
    in_disconnected(&observer);
    in_error(&observer);
    in_reconnection(&observer, HEARD_RECONNECTED);
    in_reconnection(&observer, HEARD_RECONNECTING);
    member_delete(&observer);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    return 0;
}
