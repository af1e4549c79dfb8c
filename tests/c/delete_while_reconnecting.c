/* A session that has lost its connection is deleted while it is refused, while it waits for an answer, and with signals in
 * its outbox: the call does not wait, nothing is called after it, and otc_destroy() is content. */
#include "support/check.h"
#include "support/member.h"
#include "support/proxy.h"
#include <string.h>

enum { AT_ONCE_MS = 1000 };

/* While away, at one of two kinds of bad network. */
static void away(struct proxy *proxy, int hold, int signals) {
    struct member member;
    long long start;
    int before, told;
    memset(&member, 0, sizeof member);
    member_join_at(&member, proxy_url(proxy));
    before = proxy_connections(proxy);
    proxy_refuse(proxy, !hold);
    proxy_hold(proxy, hold);
    proxy_cut(proxy);
    MEMBER_WAIT(&member, HEARD_RECONNECTING);
    CHECK_NUMBER(otc_session_get_connection_status(member.session), OTC_CONNECTION_STATUS_RECONNECTING);
    while (signals-- > 0) {
        CHECK_NUMBER(otc_session_signal(member.session, "waits", "x"), OTC_SUCCESS);
    }
    start = now_ms();
    while (proxy_connections(proxy) == before) {
        CHECK(now_ms() - start < patience_ms()); /* it tries to come back */
    }
    start = now_ms();
    CHECK_NUMBER(otc_session_delete(member.session), OTC_SUCCESS);
    CHECK(now_ms() - start < AT_ONCE_MS * patience());
    told = member_heard_all(&member);
    proxy_refuse(proxy, 0);
    proxy_hold(proxy, 0);
    {
        /* The network is good again: whoever joins finds that the deleted one does not come back. */
        struct member next;
        memset(&next, 0, sizeof next);
        member_join_at(&next, proxy_url(proxy));
        member_fence(&next, "next");
        member_delete(&next);
    }
    CHECK_NUMBER(member_heard_all(&member), told);
    member_forget(&member);
}

int main(void) {
    struct proxy *proxy;
    long long start;
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    proxy = proxy_start();
    away(proxy, 0, 0);
    away(proxy, 0, 100);
    away(proxy, 1, 0);
    away(proxy, 1, 100);
    start = now_ms();
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    CHECK(now_ms() - start < 5000 * patience());
    proxy_stop(proxy);
    return 0;
}
