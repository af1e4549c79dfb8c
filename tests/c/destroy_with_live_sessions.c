/* otc_destroy() with sessions in every state: it ends them within its deadline, the others see them leave, their handles are
 * stale, nothing is called afterwards, and otc_init() works again. */
#include "support/check.h"
#include "support/member.h"
#include "support/proxy.h"
#include <string.h>

enum { IDLE, CONNECTING, STUCK, CONNECTED, AWAY, DISCONNECTING, FAILED, STATES };

int main(void) {
    struct proxy *good, *silent, *bad;
    struct member members[STATES], observer;
    long long start;
    int state, told[STATES];
    memset(members, 0, sizeof members);
    memset(&observer, 0, sizeof observer);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    good = proxy_start();
    silent = proxy_start();
    bad = proxy_start();
    member_make(&members[IDLE]);
    proxy_hold(silent, 1);
    member_make_at(&members[STUCK], proxy_url(silent));
    member_connect(&members[STUCK]);
    member_join(&members[CONNECTED]);
    member_join_at(&members[AWAY], proxy_url(bad));
    proxy_refuse(bad, 1);
    proxy_cut(bad);
    MEMBER_WAIT(&members[AWAY], HEARD_RECONNECTING);
    member_make(&members[FAILED]);
    CHECK_NUMBER(otc_session_connect(members[FAILED].session, "no token"), OTC_SUCCESS);
    MEMBER_WAIT(&members[FAILED], HEARD_ERROR);
    member_join_at(&members[DISCONNECTING], proxy_url(good));
    member_make(&members[CONNECTING]);
    member_connect(&members[CONNECTING]);
    CHECK_NUMBER(otc_session_disconnect(members[DISCONNECTING].session), OTC_SUCCESS);

    start = now_ms();
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    CHECK(now_ms() - start < 5000 * patience());
    for (state = 0; state < STATES; state++) {
        told[state] = member_heard_all(&members[state]);
        CHECK(otc_session_get_id(members[state].session) == NULL);
        CHECK_NUMBER(otc_session_delete(members[state].session), OTC_INVALID_PARAM);
    }
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS); /* nothing runs: nothing to do */

    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&observer);
    member_fence(&observer, "again");
    /* Those who could say goodbye have; the one that was away is still expected back. */
    CHECK(member_heard(&observer, HEARD_CAME) <= 1);
    for (state = 0; state < STATES; state++) {
        CHECK_NUMBER(member_heard_all(&members[state]), told[state]);
        member_forget(&members[state]);
    }
    member_delete(&observer);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    proxy_stop(good);
    proxy_stop(silent);
    proxy_stop(bad);
    return 0;
}
