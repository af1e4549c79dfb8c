/* Callbacks of one session: one at a time, in order, never on a thread of the application; and with no lock held: inside one,
 * every function works, on the callback's own thread and on another while the callback waits for it. */
#include "support/check.h"
#include "support/member.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNALS = 2000, SENDERS = 3 };

struct plan {
    pthread_t main;
    struct gate called;
};

/* Everything that may be asked of a session that is connected. */
static void call_everything(otc_session *session) {
    struct otc_signal_options options;
    struct otc_session_capabilities may = otc_session_get_capabilities(session);
    otc_session_settings *settings = otc_session_settings_new();
    otc_connection *own = otc_session_get_connection(session);
    struct otc_session_callbacks callbacks;
    otc_session *other;
    options.retry_after_reconnect = OTC_TRUE;
    memset(&callbacks, 0, sizeof callbacks);
    CHECK(own != NULL && settings != NULL);
    CHECK(may.publish && may.subscribe && !may.force_mute);
    CHECK_NUMBER(otc_session_get_connection_status(session), OTC_CONNECTION_STATUS_CONNECTED);
    CHECK_NUMBER(otc_session_get_disconnect_reason(session), OTC_DISCONNECT_REASON_NONE);
    CHECK_TEXT(otc_session_get_id(session), world("SESSION"));
    CHECK(otc_session_get_user_data(session) != NULL);
    CHECK_NUMBER(otc_session_connect(session, world("TOKEN")), OTC_SESSION_ILLEGAL_STATE);
    CHECK_NUMBER(otc_session_signal(session, "inside", "x"), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_signal_with_options(session, "inside", "x", options), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_signal_to_connection(session, "inside", "x", own), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_signal_to_connection_with_options(session, "inside", "x", own, options), OTC_SUCCESS);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_set_connection_events_suppressed(settings, OTC_TRUE), OTC_SUCCESS);
    other = otc_session_new_with_settings("k", "s", &callbacks, settings);
    CHECK(other != NULL);
    CHECK_NUMBER(otc_session_delete(other), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    CHECK_NUMBER(otc_connection_delete(own), OTC_SUCCESS);
    otc_log_enable(otc_get_log_level());
}

static void *call_elsewhere(void *session) {
    call_everything((otc_session *)session);
    return NULL;
}

static void inside(const struct moment *moment) {
    struct plan *plan = (struct plan *)moment->member->user;
    pthread_t other;
    CHECK(!pthread_equal(pthread_self(), plan->main));
    if (moment->heard->kind == HEARD_CONNECTED || moment->heard->kind == HEARD_CAME ||
        (moment->heard->kind == HEARD_SIGNAL && strcmp(moment->heard->type, "call") == 0)) {
        call_everything(moment->session);
        CHECK(pthread_create(&other, NULL, call_elsewhere, moment->session) == 0);
        CHECK(pthread_join(other, NULL) == 0); /* a lock that is held would make this hang */
        gate_pass(&plan->called);
    }
}

int main(void) {
    struct member member, senders[SENDERS];
    struct plan plan;
    char *ids[SENDERS];
    int next[SENDERS], index, number;
    memset(&member, 0, sizeof member);
    memset(senders, 0, sizeof senders);
    plan.main = pthread_self();
    gate_init(&plan.called);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member.inside = inside;
    member.user = &plan;
    member_join(&member);
    for (index = 0; index < SENDERS; index++) {
        member_join(&senders[index]);
        ids[index] = member_id(&senders[index]);
        next[index] = 0;
    }
    CHECK_NUMBER(otc_session_signal(senders[0].session, "call", NULL), OTC_SUCCESS);
    GATE_WAIT(&plan.called, 1 + SENDERS + 1);

    /* Each sender's signals arrive in its order; member.c checks that callbacks never overlap. */
    for (number = 0; number < SIGNALS; number++) {
        char text[16];
        snprintf(text, sizeof text, "%d", number);
        CHECK_NUMBER(otc_session_signal(senders[number % SENDERS].session, "count", text), OTC_SUCCESS);
    }
    for (number = 0; number < SIGNALS; number++) {
        const struct heard *heard = MEMBER_WAIT_SIGNAL(&member, "count");
        for (index = 0; strcmp(heard->who, ids[index]) != 0; index++) {
            CHECK(index + 1 < SENDERS);
        }
        CHECK_NUMBER(atoi(heard->text), next[index] * SENDERS + index);
        next[index] += 1;
    }
    for (index = 0; index < SENDERS; index++) {
        member_delete(&senders[index]);
        free(ids[index]);
    }
    member_delete(&member);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    return 0;
}
