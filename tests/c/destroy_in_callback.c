/* otc_destroy() inside a callback would wait for itself: it is refused, says so, and has no effect. */
#include "support/check.h"
#include "support/member.h"
#include <string.h>

static void destroy_it(const struct moment *moment) {
    struct gate *refused = (struct gate *)moment->member->user;
    if (moment->heard->kind == HEARD_STATUS) {
        return;
    }
    CHECK_NUMBER(otc_destroy(), OTC_SESSION_ILLEGAL_STATE);
    CHECK_HOLDS(otc_last_error_text(), "otc_destroy");
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS); /* it runs, so this changes nothing */
    gate_pass(refused);
}

int main(void) {
    struct member member, other;
    struct gate refused;
    memset(&member, 0, sizeof member);
    memset(&other, 0, sizeof other);
    gate_init(&refused);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&other);
    member.inside = destroy_it;
    member.user = &refused;
    member_join(&member);
    GATE_WAIT(&refused, 2); /* on_connected, on_connection_created */
    CHECK_NUMBER(otc_session_get_connection_status(member.session), OTC_CONNECTION_STATUS_CONNECTED);
    member_fence(&other, "works");
    MEMBER_WAIT_SIGNAL(&member, "works");
    member_delete(&member);
    member_delete(&other);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    return 0;
}
