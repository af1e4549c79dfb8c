/* Disconnect, delete, destroy and exit in a row, as programs end: the others see it leave within a second, so it has said
 * goodbye (whoever does not is expected back for 45 s). The same with each of the first steps left out. */
#include "support/check.h"
#include "support/child.h"
#include "support/member.h"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { A_SECOND_MS = 1000 };

static int leaver(const char *role) {
    struct member member;
    memset(&member, 0, sizeof member);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&member);
    CHECK_NUMBER(otc_session_signal(member.session, "last-words", role), OTC_SUCCESS);
    if (strchr(role, 'c') != NULL) {
        CHECK_NUMBER(otc_session_disconnect(member.session), OTC_SUCCESS);
    }
    if (strchr(role, 'd') != NULL) {
        CHECK_NUMBER(otc_session_delete(member.session), OTC_SUCCESS);
    }
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    exit(0);
}

static void watch(struct member *observer, const char *role) {
    struct child child;
    const struct heard *came, *words;
    long long ended;
    child_start(&child, role);
    came = MEMBER_WAIT(observer, HEARD_CAME);
    /* What was accepted is delivered before the goodbye. */
    words = MEMBER_WAIT_SIGNAL(observer, "last-words");
    CHECK_TEXT(words->who, came->who);
    CHECK_TEXT(words->text, role);
    child_wait(&child);
    CHECK_NUMBER(child.status, 0);
    ended = now_ms();
    CHECK_TEXT(MEMBER_WAIT(observer, HEARD_WENT)->who, came->who);
    CHECK(now_ms() - ended < A_SECOND_MS * patience());
}

int main(int count, char **arguments) {
    struct member observer;
    if (count > 1) {
        return leaver(arguments[1]);
    }
    memset(&observer, 0, sizeof observer);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&observer);
    watch(&observer, "cd"); /* disconnect, delete, destroy, exit */
    watch(&observer, "c");
    watch(&observer, "d");
    watch(&observer, "-"); /* destroy, exit */
    member_delete(&observer);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    return 0;
}
