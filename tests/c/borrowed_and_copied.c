/* Connection objects that callbacks are given end with the callback; copies live until they are deleted, once, even longer
 * than the session and the library. */
#include "support/check.h"
#include "support/member.h"
#include <stdlib.h>
#include <string.h>

struct kept {
    const otc_connection *borrowed;
    otc_connection *copied;
    char *id;
    struct gate seen;
};

static void keep(const struct moment *moment) {
    struct kept *kept = (struct kept *)moment->member->user;
    otc_connection *second;
    if (moment->heard->kind != HEARD_CAME) {
        return;
    }
    kept->borrowed = moment->connection;
    kept->copied = otc_connection_copy(moment->connection);
    CHECK(kept->copied != NULL && kept->copied != moment->connection);
    CHECK_TEXT(otc_connection_get_id(kept->copied), otc_connection_get_id(moment->connection));
    CHECK_TEXT(otc_connection_get_data(kept->copied), otc_connection_get_data(moment->connection));
    CHECK_TEXT(otc_connection_get_session_id(moment->connection), world("SESSION"));
    CHECK(otc_connection_get_creation_time(moment->connection) > 0);
    /* A copy of a copy, and ending it leaves the others alone. */
    second = otc_connection_copy(kept->copied);
    CHECK_NUMBER(otc_connection_delete(second), OTC_SUCCESS);
    CHECK_NUMBER(otc_connection_delete(second), OTC_INVALID_PARAM);
    CHECK_TEXT(otc_connection_get_id(kept->copied), moment->heard->who);
    gate_pass(&kept->seen);
}

int main(void) {
    struct member watcher, comer;
    struct kept kept;
    const char *text;
    char *id;
    memset(&watcher, 0, sizeof watcher);
    memset(&comer, 0, sizeof comer);
    memset(&kept, 0, sizeof kept);
    gate_init(&kept.seen);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    watcher.inside = keep;
    watcher.user = &kept;
    member_join(&watcher);
    member_join(&comer);
    id = member_id(&comer);
    GATE_WAIT(&kept.seen, 1);
    member_fence(&watcher, "fence"); /* a later callback runs, so that one has returned */

    CHECK_TEXT(otc_connection_get_id(kept.borrowed), "");
    CHECK(otc_connection_copy(kept.borrowed) == NULL);
    CHECK_NUMBER(otc_connection_delete((otc_connection *)kept.borrowed), OTC_INVALID_PARAM);
    CHECK_TEXT(otc_connection_get_id(kept.copied), id);
    CHECK_TEXT(otc_connection_get_data(kept.copied), "publisher");

    /* A copy is an addressee; what has ended is none. */
    CHECK_NUMBER(otc_session_signal_to_connection(watcher.session, "to-copy", "x", kept.copied), OTC_SUCCESS);
    MEMBER_WAIT_SIGNAL(&comer, "to-copy");
    CHECK_NUMBER(otc_session_signal_to_connection(watcher.session, "to-borrowed", "x", kept.borrowed),
                 OTC_SESSION_NULL_OR_INVALID_PARAMETER);

    member_delete(&comer);
    MEMBER_WAIT(&watcher, HEARD_WENT);
    CHECK_TEXT(otc_connection_get_id(kept.copied), id);
    member_delete(&watcher);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    text = otc_connection_get_id(kept.copied);
    CHECK_TEXT(text, id);
    CHECK_NUMBER(otc_connection_delete(kept.copied), OTC_SUCCESS);
    CHECK_NUMBER(otc_connection_delete(kept.copied), OTC_INVALID_PARAM);
    CHECK_TEXT(otc_connection_get_id(kept.copied), "");
    free(id);
    return 0;
}
