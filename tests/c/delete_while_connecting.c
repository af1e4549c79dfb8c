/* Sessions are deleted at every moment of connecting: at once, a little later, and at a server that never answers. The call
 * does not wait, nothing is called after it, and nobody stays behind in the session. */
#include "support/check.h"
#include "support/dice.h"
#include "support/member.h"
#include "support/proxy.h"
#include <sched.h>
#include <string.h>

enum { ROUNDS = 150, AT_ONCE_MS = 1000 };

static void delete_quickly(struct member *member) {
    long long start = now_ms();
    int told;
    CHECK_NUMBER(otc_session_delete(member->session), OTC_SUCCESS);
    CHECK(now_ms() - start < AT_ONCE_MS * patience());
    told = member_heard_all(member);
    CHECK_NUMBER(otc_session_delete(member->session), OTC_INVALID_PARAM);
    sched_yield();
    CHECK_NUMBER(member_heard_all(member), told);
    member_forget(member);
}

/* Whoever has come has gone. */
static int all_gone(void *observer) {
    struct member *member = (struct member *)observer;
    return member_heard(member, HEARD_CAME) == member_heard(member, HEARD_WENT);
}

int main(void) {
    struct dice dice = dice_of(dice_seed(), 0);
    struct member observer, member;
    struct proxy *proxy;
    int round;
    memset(&observer, 0, sizeof observer);
    memset(&member, 0, sizeof member);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&observer);
    for (round = 0; round < ROUNDS; round++) {
        unsigned turns = round % 3 == 0 ? 0 : dice_roll(&dice, 4000);
        member_make(&member);
        member_connect(&member);
        while (turns-- > 0) {
            sched_yield();
        }
        delete_quickly(&member);
    }

    /* A server that takes connections and says nothing. */
    proxy = proxy_start();
    proxy_hold(proxy, 1);
    for (round = 0; round < 10; round++) {
        member_make_at(&member, proxy_url(proxy));
        member_connect(&member);
        delete_quickly(&member);
    }
    proxy_stop(proxy);

    /* One that is not there. */
    member_make_at(&member, "http://127.0.0.1:1");
    member_connect(&member);
    delete_quickly(&member);

    member_fence(&observer, "fence");
    CHECK(ask_until(all_gone, &observer, patience_ms()));
    member_delete(&observer);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    return 0;
}
