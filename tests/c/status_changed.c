/* on_status_changed tells every change, in order with the other callbacks, and before those that the change brings. */
#include "support/check.h"
#include "support/member.h"
#include "support/proxy.h"
#include <string.h>

/* The next call, whatever it is, has to be this one; calls about others are passed by. */
static void expect(struct member *member, size_t *at, enum heard_kind kind, int number) {
    long long deadline = now_ms() + patience_ms();
    const struct heard *heard = NULL;
    while (heard == NULL) {
        pthread_mutex_lock(&member->mutex);
        if (*at < member->count) {
            heard = member->heard[(*at)++];
            if (heard->kind == HEARD_CAME || heard->kind == HEARD_WENT) {
                heard = NULL;
            }
        } else {
            CHECK(news_wait(&member->news, &member->mutex, deadline));
        }
        pthread_mutex_unlock(&member->mutex);
    }
    CHECK_NUMBER(heard->kind, kind);
    CHECK_NUMBER(heard->number, number);
}

static void check_now(const struct moment *moment) {
    /* A status that was told is the session's, or an older one of it: never a newer one. Here nothing changes meanwhile. */
    if (moment->heard->kind == HEARD_STATUS && moment->heard->number == OTC_CONNECTION_STATUS_CONNECTED) {
        CHECK_NUMBER(otc_session_get_connection_status(moment->session), OTC_CONNECTION_STATUS_CONNECTED);
    }
}

int main(void) {
    struct member member;
    struct proxy *proxy;
    size_t at = 0;
    int told;
    memset(&member, 0, sizeof member);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    proxy = proxy_start();
    member.inside = check_now;
    member_make_at(&member, proxy_url(proxy));
    CHECK_NUMBER(otc_session_get_connection_status(member.session), OTC_CONNECTION_STATUS_NOT_CONNECTED);

    member_connect(&member);
    expect(&member, &at, HEARD_STATUS, OTC_CONNECTION_STATUS_CONNECTING);
    expect(&member, &at, HEARD_STATUS, OTC_CONNECTION_STATUS_CONNECTED);
    expect(&member, &at, HEARD_CONNECTED, 0);
    proxy_cut(proxy);
    expect(&member, &at, HEARD_STATUS, OTC_CONNECTION_STATUS_RECONNECTING);
    expect(&member, &at, HEARD_RECONNECTING, 0);
    expect(&member, &at, HEARD_STATUS, OTC_CONNECTION_STATUS_CONNECTED);
    expect(&member, &at, HEARD_RECONNECTED, 0);
    CHECK_NUMBER(otc_session_disconnect(member.session), OTC_SUCCESS);
    expect(&member, &at, HEARD_STATUS, OTC_CONNECTION_STATUS_DISCONNECTING);
    expect(&member, &at, HEARD_STATUS, OTC_CONNECTION_STATUS_NOT_CONNECTED);
    expect(&member, &at, HEARD_DISCONNECTED, 0);

    CHECK_NUMBER(otc_session_connect(member.session, "no token"), OTC_SUCCESS);
    expect(&member, &at, HEARD_STATUS, OTC_CONNECTION_STATUS_CONNECTING);
    expect(&member, &at, HEARD_STATUS, OTC_CONNECTION_STATUS_FAILED);
    expect(&member, &at, HEARD_ERROR, OTC_SESSION_AUTHORIZATION_FAILURE);

    /* From a failure a session can be connected again; and what is unset is not called. */
    told = member_heard(&member, HEARD_STATUS);
    CHECK_NUMBER(otc_session_set_on_status_changed(member.session, NULL), OTC_SUCCESS);
    member_connect(&member);
    MEMBER_WAIT(&member, HEARD_CONNECTED);
    MEMBER_WAIT(&member, HEARD_CONNECTED);
    CHECK_NUMBER(member_heard(&member, HEARD_STATUS), told);
    member_delete(&member);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    proxy_stop(proxy);
    return 0;
}
