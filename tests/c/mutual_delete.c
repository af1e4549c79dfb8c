/* Two sessions delete each other from inside their callbacks, both being inside at the same time: no deadlock, both deletes
 * are good, and nothing is called after both callbacks have returned. */
#include "support/check.h"
#include "support/member.h"
#include <string.h>

enum { ROUNDS = 25 };

struct pair {
    struct member members[2];
    struct gate inside;
    struct gate deleted;
};

static void delete_other(const struct moment *moment) {
    struct pair *pair = (struct pair *)moment->member->user;
    struct member *other = &pair->members[moment->member == &pair->members[0]];
    /* Until the other has deleted it a session may hear more. */
    if (moment->heard->kind != HEARD_SIGNAL || member_heard(moment->member, HEARD_SIGNAL) > 1) {
        return;
    }
    gate_pass(&pair->inside);
    GATE_WAIT(&pair->inside, 2);
    CHECK_NUMBER(otc_session_delete(other->session), OTC_SUCCESS);
    gate_pass(&pair->deleted);
}

int main(void) {
    struct member observer;
    int round;
    memset(&observer, 0, sizeof observer);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&observer);
    for (round = 0; round < ROUNDS; round++) {
        struct pair pair;
        int index, told[2];
        memset(&pair, 0, sizeof pair);
        gate_init(&pair.inside);
        gate_init(&pair.deleted);
        for (index = 0; index < 2; index++) {
            pair.members[index].inside = delete_other;
            pair.members[index].user = &pair;
            member_join(&pair.members[index]);
        }
        for (index = 0; index < 10; index++) {
            CHECK_NUMBER(otc_session_signal(observer.session, "now", "x"), OTC_SUCCESS);
        }
        GATE_WAIT(&pair.deleted, 2);
        for (index = 0; index < 2; index++) {
            CHECK_NUMBER(otc_session_delete(pair.members[index].session), OTC_INVALID_PARAM);
        }
        MEMBER_WAIT(&observer, HEARD_WENT);
        MEMBER_WAIT(&observer, HEARD_WENT);
        for (index = 0; index < 2; index++) {
            told[index] = member_heard_all(&pair.members[index]);
        }
        member_fence(&observer, "fence");
        for (index = 0; index < 2; index++) {
            CHECK_NUMBER(member_heard_all(&pair.members[index]), told[index]);
            member_forget(&pair.members[index]);
        }
    }
    member_delete(&observer);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    return 0;
}
