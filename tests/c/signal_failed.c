/* on_signal_failed tells each signal that was accepted and has not come through: once, with what it was, in order, and before
 * what ends the session. Without it on_error tells them. After otc_session_delete() nothing is told. */
#include "support/check.h"
#include "support/member.h"
#include "support/proxy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_MS = 400, AWAY = 300 };

static const struct heard *failed(struct member *member, const char *type, const char *data, const char *addressee) {
    const struct heard *heard = MEMBER_WAIT(member, HEARD_FAILED);
    CHECK_TEXT(heard->type, type);
    CHECK_TEXT(heard->text, data);
    CHECK_TEXT(heard->who, addressee);
    CHECK_NUMBER(heard->number, OTC_SESSION_UNABLE_TO_SEND_SIGNAL);
    return heard;
}

static void join(struct member *member, struct proxy *proxy, int window_ms) {
    otc_session_settings *settings = otc_session_settings_new();
    memset(member, 0, sizeof *member);
    if (window_ms > 0) {
        CHECK_NUMBER(otc_session_settings_set_reconnect_window(settings, window_ms), OTC_SUCCESS);
    }
    member_make_with(member, proxy_url(proxy), settings);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    member_watch_failures(member);
    member_connect(member);
    MEMBER_WAIT(member, HEARD_CONNECTED);
}

static void fall(struct member *member, struct proxy *proxy) {
    proxy_refuse(proxy, 1);
    proxy_cut(proxy); /* before it lets go: what it holds must not arrive */
    proxy_hold(proxy, 0);
    MEMBER_WAIT(member, HEARD_RECONNECTING);
}

/* The server refuses what a subscriber sends, and what is for somebody who has left. */
static void refused(void) {
    struct member subscriber, sender, gone;
    otc_connection *addressee;
    char *id;
    memset(&subscriber, 0, sizeof subscriber);
    memset(&sender, 0, sizeof sender);
    memset(&gone, 0, sizeof gone);
    member_make(&subscriber);
    member_watch_failures(&subscriber);
    member_connect_as(&subscriber, "SUBSCRIBER_TOKEN");
    MEMBER_WAIT(&subscriber, HEARD_CONNECTED);
    CHECK_NUMBER(otc_session_signal(subscriber.session, "chat", "gr\xc3\xbc\xc3\x9f dich"), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_signal(subscriber.session, NULL, NULL), OTC_SUCCESS);
    failed(&subscriber, "chat", "gr\xc3\xbc\xc3\x9f dich", NULL);
    failed(&subscriber, NULL, NULL, NULL);
    CHECK_NUMBER(member_heard(&subscriber, HEARD_ERROR), 0);

    /* What is unset is told as before. */
    CHECK_NUMBER(otc_session_set_on_signal_failed(subscriber.session, NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_signal(subscriber.session, "chat", "again"), OTC_SUCCESS);
    CHECK_NUMBER(MEMBER_WAIT(&subscriber, HEARD_ERROR)->number, OTC_SESSION_UNABLE_TO_SEND_SIGNAL);
    CHECK_NUMBER(member_heard(&subscriber, HEARD_FAILED), 2);
    member_delete(&subscriber);

    member_join(&sender);
    member_watch_failures(&sender);
    member_join(&gone);
    addressee = otc_session_get_connection(gone.session);
    id = member_id(&gone);
    CHECK(addressee != NULL);
    member_delete(&gone);
    MEMBER_WAIT(&sender, HEARD_WENT);
    CHECK_NUMBER(otc_session_signal_to_connection(sender.session, "to", "nobody", addressee), OTC_SUCCESS);
    failed(&sender, "to", "nobody", id);
    member_fence(&sender, "still-here");
    free(id);
    CHECK_NUMBER(otc_connection_delete(addressee), OTC_SUCCESS);
    member_delete(&sender);
}

/* The window ends: all that waited, in order, then 1022, then the end. */
static void window_ends(struct proxy *proxy) {
    struct member member;
    char text[16];
    int index;
    join(&member, proxy, WINDOW_MS);
    fall(&member, proxy);
    for (index = 0; index < AWAY; index++) {
        sprintf(text, "%d", index);
        CHECK_NUMBER(otc_session_signal(member.session, "waits", text), OTC_SUCCESS);
    }
    for (index = 0; index < AWAY; index++) {
        sprintf(text, "%d", index);
        failed(&member, "waits", text, NULL);
    }
    /* Waiting passes by what came before: this is the order. */
    CHECK_NUMBER(MEMBER_WAIT(&member, HEARD_ERROR)->number, OTC_SESSION_CONNECTION_DROPPED);
    MEMBER_WAIT(&member, HEARD_DISCONNECTED);
    CHECK_NUMBER(member_heard(&member, HEARD_FAILED), AWAY);
    CHECK_NUMBER(member_heard(&member, HEARD_ERROR), 1);
    member_delete(&member);
    proxy_refuse(proxy, 0);
}

/* One that may not be sent again was on its way at the cut; one that may be is told only when the application gives up. */
static void on_its_way(struct proxy *proxy) {
    struct member member;
    struct otc_signal_options fleeting;
    fleeting.retry_after_reconnect = OTC_FALSE;
    join(&member, proxy, 0);
    proxy_hold(proxy, 1);
    CHECK_NUMBER(otc_session_signal(member.session, "kept", "1"), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_signal_with_options(member.session, "fleeting", "2", fleeting), OTC_SUCCESS);
    fall(&member, proxy);
    CHECK_NUMBER(otc_session_signal_with_options(member.session, "fleeting", "3", fleeting), OTC_SESSION_NOT_CONNECTED);
    failed(&member, "fleeting", "2", NULL);
    CHECK_NUMBER(member_heard(&member, HEARD_FAILED), 1);
    CHECK_NUMBER(otc_session_disconnect(member.session), OTC_SUCCESS);
    failed(&member, "kept", "1", NULL);
    MEMBER_WAIT(&member, HEARD_DISCONNECTED);
    CHECK_NUMBER(member_heard(&member, HEARD_FAILED), 2);
    CHECK_NUMBER(member_heard(&member, HEARD_ERROR), 0);
    member_delete(&member);
    proxy_refuse(proxy, 0);
}

/* What was sent while away arrives, and is not told of. */
static void comes_back(struct proxy *proxy) {
    struct member member;
    join(&member, proxy, 0);
    proxy_hold(proxy, 1);
    CHECK_NUMBER(otc_session_signal(member.session, "kept", "1"), OTC_SUCCESS);
    fall(&member, proxy);
    CHECK_NUMBER(otc_session_signal(member.session, "kept", "2"), OTC_SUCCESS);
    proxy_refuse(proxy, 0);
    MEMBER_WAIT(&member, HEARD_RECONNECTED);
    CHECK_TEXT(MEMBER_WAIT_SIGNAL(&member, "kept")->text, "1");
    CHECK_TEXT(MEMBER_WAIT_SIGNAL(&member, "kept")->text, "2");
    member_fence(&member, "all-answered");
    CHECK_NUMBER(member_heard(&member, HEARD_FAILED), 0);
    member_delete(&member);
}

/* Deleted while away: nobody is told of anything any more. */
static void deleted(struct proxy *proxy) {
    struct member member;
    int index, told;
    join(&member, proxy, 0);
    fall(&member, proxy);
    for (index = 0; index < AWAY; index++) {
        CHECK_NUMBER(otc_session_signal(member.session, "waits", "x"), OTC_SUCCESS);
    }
    CHECK_NUMBER(otc_session_delete(member.session), OTC_SUCCESS);
    told = member_heard_all(&member);
    proxy_refuse(proxy, 0);
    {
        struct member next;
        join(&next, proxy, 0);
        member_fence(&next, "goes-on");
        member_delete(&next);
    }
    CHECK_NUMBER(member_heard_all(&member), told);
    CHECK_NUMBER(member_heard(&member, HEARD_FAILED), 0);
    member_forget(&member);
}

int main(void) {
    struct proxy *proxy;
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    proxy = proxy_start();
    refused();
    window_ends(proxy);
    on_its_way(proxy);
    comes_back(proxy);
    deleted(proxy);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    proxy_stop(proxy);
    return 0;
}
