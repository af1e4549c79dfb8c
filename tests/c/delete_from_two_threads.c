/* Two threads delete the same session at the same time, while it is busy: one is told that it has, the other that there is
 * nothing to delete, and neither hangs. */
#include "support/check.h"
#include "support/member.h"
#include <string.h>

enum { ROUNDS = 100 };

struct both {
    otc_session *session;
    pthread_barrier_t start;
    otc_status statuses[2];
};

struct one {
    struct both *both;
    int which;
};

static void *delete_it(void *argument) {
    struct one *one = (struct one *)argument;
    pthread_barrier_wait(&one->both->start);
    one->both->statuses[one->which] = otc_session_delete(one->both->session);
    return NULL;
}

int main(void) {
    struct member noisy, member;
    int round;
    memset(&noisy, 0, sizeof noisy);
    memset(&member, 0, sizeof member);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&noisy);
    for (round = 0; round < ROUNDS; round++) {
        struct both both;
        struct one ones[2];
        pthread_t threads[2];
        int index, told;
        if (round % 2 == 0) {
            member_make(&member);
            member_connect(&member);
        } else {
            member_join(&member);
        }
        for (index = 0; index < 20; index++) {
            CHECK_NUMBER(otc_session_signal(noisy.session, "noise", "x"), OTC_SUCCESS);
        }
        both.session = member.session;
        CHECK(pthread_barrier_init(&both.start, NULL, 2) == 0);
        for (index = 0; index < 2; index++) {
            ones[index].both = &both;
            ones[index].which = index;
            CHECK(pthread_create(&threads[index], NULL, delete_it, &ones[index]) == 0);
        }
        for (index = 0; index < 2; index++) {
            CHECK(pthread_join(threads[index], NULL) == 0);
        }
        pthread_barrier_destroy(&both.start);
        CHECK_NUMBER(both.statuses[0] + both.statuses[1], OTC_SUCCESS + OTC_INVALID_PARAM);
        told = member_heard_all(&member);
        member_fence(&noisy, "fence");
        CHECK_NUMBER(member_heard_all(&member), told);
        member_forget(&member);
    }
    member_delete(&noisy);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    return 0;
}
