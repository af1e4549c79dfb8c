/* What a moderator does: muting everybody, but for some streams, and one stream; ending it; sending somebody away. Who may not
 * is told at once, and nothing happens. */
#include "support/check.h"
#include "support/member.h"
#include "support/peer.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- Who may what ---- */

static void may(const otc_session *session, int publish, int subscribe, int moderate) {
    struct otc_session_capabilities capabilities = otc_session_get_capabilities(session);
    CHECK_NUMBER(capabilities.publish, publish);
    CHECK_NUMBER(capabilities.subscribe, subscribe);
    CHECK_NUMBER(capabilities.force_mute, moderate);
    CHECK_NUMBER(capabilities.force_disconnect, moderate);
}

/* Somebody else as a member sees it: a copy. */
static otc_connection *other(struct member *member, const char *id) {
    otc_connection_list *list = otc_session_get_connections(member->session);
    otc_connection *found = NULL;
    int index;
    for (index = 1; index < otc_connection_list_get_size(list); index++) {
        const otc_connection *connection = otc_connection_list_get(list, index);
        if (strcmp(otc_connection_get_id(connection), id) == 0) {
            found = otc_connection_copy(connection);
        }
    }
    CHECK_NUMBER(otc_connection_list_delete(list), OTC_SUCCESS);
    CHECK(found != NULL);
    return found;
}

/* Every call of a moderator's answers so. */
static void answers(struct member *member, const otc_connection *whom, int mute, int disconnect) {
    const char *excluded[1];
    excluded[0] = "loud";
    CHECK_NUMBER(otc_session_force_mute_all(member->session, excluded, 1), mute);
    CHECK_NUMBER(otc_session_force_mute_all(member->session, NULL, 0), mute);
    CHECK_NUMBER(otc_session_disable_force_mute(member->session), mute);
    CHECK_NUMBER(otc_session_force_mute_stream(member->session, "loud"), mute);
    CHECK(otc_last_error_text()[0] != '\0');
    CHECK_NUMBER(otc_session_force_disconnect(member->session, whom), disconnect);
    CHECK(otc_last_error_text()[0] != '\0');
}

static void not_for(const char *token, struct member *moderator, int publishes) {
    struct member member;
    char *id = member_id(moderator);
    otc_connection *whom;
    int told;
    memset(&member, 0, sizeof member);
    member_join_as(&member, token);
    MEMBER_WAIT(&member, HEARD_CAME);
    may(member.session, publishes, OTC_TRUE, OTC_FALSE);
    whom = other(&member, id);
    answers(&member, whom, OTC_UNABLE_TO_FORCE_MUTE, OTC_UNABLE_TO_FORCE_DISCONNECT);
    CHECK_HOLDS(otc_last_error_text(), "moderator");
    told = member_heard(moderator, HEARD_MUTED);
    if (publishes) {
        member_fence(&member, "nothing-happened");
        MEMBER_WAIT_SIGNAL(moderator, "nothing-happened");
    }
    CHECK_NUMBER(member_heard(moderator, HEARD_MUTED), told);
    CHECK_NUMBER(member_heard(&member, HEARD_ERROR), 0);
    CHECK_NUMBER(otc_connection_delete(whom), OTC_SUCCESS);
    member_delete(&member);
    MEMBER_WAIT(moderator, HEARD_WENT);
    free(id);
}

/* Before it is connected, and after. */
static void needs_a_connection(const otc_connection *whom) {
    struct member member;
    memset(&member, 0, sizeof member);
    member_make(&member);
    may(member.session, OTC_FALSE, OTC_FALSE, OTC_FALSE);
    answers(&member, whom, OTC_SESSION_NOT_CONNECTED, OTC_SESSION_NOT_CONNECTED);
    member_connect_as(&member, "MODERATOR_TOKEN");
    MEMBER_WAIT(&member, HEARD_CONNECTED);
    may(member.session, OTC_TRUE, OTC_TRUE, OTC_TRUE);
    CHECK_NUMBER(otc_session_disconnect(member.session), OTC_SUCCESS);
    MEMBER_WAIT(&member, HEARD_DISCONNECTED);
    may(member.session, OTC_FALSE, OTC_FALSE, OTC_FALSE);
    answers(&member, whom, OTC_SESSION_NOT_CONNECTED, OTC_SESSION_NOT_CONNECTED);
    member_delete(&member);
}

/* ---- Arguments ---- */

static void refuses_bad_arguments(struct member *moderator) {
    const char *ids[2];
    const char *bad[5];
    char too_long[66];
    otc_connection *gone = otc_session_get_connection(moderator->session);
    int index, told = member_heard(moderator, HEARD_MUTED);
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    bad[0] = NULL;
    bad[1] = "";
    bad[2] = "a/b";
    bad[3] = "\xff";
    bad[4] = too_long;
    ids[0] = "good";
    for (index = 0; index < 5; index++) {
        ids[1] = bad[index];
        CHECK_NUMBER(otc_session_force_mute_stream(moderator->session, bad[index]), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
        CHECK_NUMBER(otc_session_force_mute_all(moderator->session, ids, 2), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
        CHECK_HOLDS(otc_last_error_text(), "stream id");
    }
    CHECK_NUMBER(otc_session_force_mute_all(moderator->session, NULL, 1), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_force_mute_all(moderator->session, ids, -1), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_force_mute_all(moderator->session, ids, 3001), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_force_mute_all(moderator->session, ids, INT_MIN), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_connection_delete(gone), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_force_disconnect(moderator->session, NULL), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_force_disconnect(moderator->session, gone), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_force_disconnect(moderator->session, (const otc_connection *)moderator->session),
                 OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    member_fence(moderator, "good-still");
    CHECK_NUMBER(member_heard(moderator, HEARD_MUTED), told);
    CHECK_NUMBER(member_heard(moderator, HEARD_ERROR), 0);
}

/* ---- Mute ---- */

static void mutes_and_ends_it(struct member *moderator, struct member *member, struct peer *peer) {
    struct member late;
    const char *excluded[2];
    excluded[0] = "spared";
    excluded[1] = "not-published";
    CHECK_NUMBER(otc_session_force_mute_all(moderator->session, excluded, 2), OTC_SUCCESS);
    CHECK_NUMBER(MEMBER_WAIT(moderator, HEARD_MUTED)->number, OTC_TRUE);
    CHECK_NUMBER(MEMBER_WAIT(member, HEARD_MUTED)->number, OTC_TRUE);
    CHECK_HOLDS(peer_told(peer, "update", "/stream/loud"), "\"reason\":\"mute\"");

    memset(&late, 0, sizeof late);
    member_join(&late);
    CHECK_NUMBER(MEMBER_WAIT(&late, HEARD_MUTED)->number, OTC_TRUE);
    CHECK_NUMBER(otc_session_disable_force_mute(moderator->session), OTC_SUCCESS);
    CHECK_NUMBER(MEMBER_WAIT(moderator, HEARD_MUTED)->number, OTC_FALSE);
    CHECK_NUMBER(MEMBER_WAIT(member, HEARD_MUTED)->number, OTC_FALSE);
    CHECK_NUMBER(MEMBER_WAIT(&late, HEARD_MUTED)->number, OTC_FALSE);
    member_delete(&late);

    /* Who joins afterwards hears nothing of it. */
    member_join(&late);
    member_fence(&late, "later");
    CHECK_NUMBER(member_heard(&late, HEARD_MUTED), 0);
    member_delete(&late);

    /* The publisher has heard of both, and the stream that was spared was not muted. */
    CHECK_HOLDS(peer_told(peer, "update", ""), "\"active\":true");
    CHECK_HOLDS(peer_told(peer, "update", ""), "\"active\":false");
    CHECK_NUMBER(peer_waiting(peer, "update", "/stream/spared"), 0);
    /* Now it is; nobody but its publisher is told. */
    CHECK_NUMBER(otc_session_force_mute_stream(moderator->session, "spared"), OTC_SUCCESS);
    CHECK_HOLDS(peer_told(peer, "update", "/stream/spared"), "\"reason\":\"mute\"");
    /* What only the server can know. */
    CHECK_NUMBER(otc_session_force_mute_stream(moderator->session, "not-published"), OTC_SUCCESS);
    CHECK_NUMBER(MEMBER_WAIT(moderator, HEARD_ERROR)->number, OTC_UNABLE_TO_FORCE_MUTE);
    member_fence(moderator, "muted");
    MEMBER_WAIT_SIGNAL(member, "muted");
    CHECK_NUMBER(member_heard(moderator, HEARD_MUTED), 2);
    CHECK_NUMBER(member_heard(member, HEARD_MUTED), 2);

    /* Nobody is spared. */
    CHECK_NUMBER(otc_session_force_mute_all(moderator->session, NULL, 0), OTC_SUCCESS);
    peer_told(peer, "update", "/stream/loud");
    peer_told(peer, "update", "/stream/spared");
    CHECK_NUMBER(otc_session_disable_force_mute(moderator->session), OTC_SUCCESS);
    CHECK_NUMBER(MEMBER_WAIT(member, HEARD_MUTED)->number, OTC_TRUE);
    CHECK_NUMBER(MEMBER_WAIT(member, HEARD_MUTED)->number, OTC_FALSE);
}

/* ---- Sending away ---- */

static void wait_until_gone(struct member *member, const char *id) {
    do {
        /* others have left before it */
    } while (strcmp(MEMBER_WAIT(member, HEARD_WENT)->who, id) != 0);
}

static void check_reason(const struct moment *moment) {
    struct gate *checked = (struct gate *)moment->member->user;
    if (moment->heard->kind == HEARD_DISCONNECTED && gate_count(checked) == 0) {
        CHECK_NUMBER(otc_session_get_disconnect_reason(moment->session), OTC_DISCONNECT_REASON_FORCE_DISCONNECTED);
        CHECK_NUMBER(otc_session_get_connection_status(moment->session), OTC_CONNECTION_STATUS_NOT_CONNECTED);
        may(moment->session, OTC_FALSE, OTC_FALSE, OTC_FALSE);
        gate_pass(checked);
    }
}

static void sends_away(struct member *moderator, struct member *member) {
    struct member target;
    struct gate checked;
    otc_connection *whom;
    char *id;
    memset(&target, 0, sizeof target);
    gate_init(&checked);
    target.inside = check_reason;
    target.user = &checked;
    member_join(&target);
    id = member_id(&target);
    do {
        /* others have come before it */
    } while (strcmp(MEMBER_WAIT(moderator, HEARD_CAME)->who, id) != 0);
    whom = other(moderator, id);
    CHECK_NUMBER(otc_session_force_disconnect(moderator->session, whom), OTC_SUCCESS);
    GATE_WAIT(&checked, 1);
    CHECK_NUMBER(member_heard(&target, HEARD_DISCONNECTED), 1);
    CHECK_NUMBER(member_heard(&target, HEARD_ERROR), 0);
    wait_until_gone(moderator, id);
    wait_until_gone(member, id);
    /* Twice: the server knows that it is gone. */
    CHECK_NUMBER(otc_session_force_disconnect(moderator->session, whom), OTC_SUCCESS);
    CHECK_NUMBER(MEMBER_WAIT(moderator, HEARD_ERROR)->number, OTC_UNABLE_TO_FORCE_DISCONNECT);
    CHECK_NUMBER(otc_connection_delete(whom), OTC_SUCCESS);
    free(id);

    /* It may come again, as somebody else. */
    member_connect(&target);
    MEMBER_WAIT(&target, HEARD_CONNECTED);
    member_delete(&target);
    gate_end(&checked);
}

/* The publisher; its streams end before it goes. */
static void sends_a_publisher_away(struct member *moderator, struct peer *peer) {
    otc_connection *whom = other(moderator, peer->id);
    CHECK_NUMBER(otc_session_force_disconnect(moderator->session, whom), OTC_SUCCESS);
    MEMBER_WAIT(moderator, HEARD_STREAM_ENDED);
    MEMBER_WAIT(moderator, HEARD_STREAM_ENDED);
    wait_until_gone(moderator, peer->id);
    CHECK_NUMBER(otc_connection_delete(whom), OTC_SUCCESS);
    peer_leave(peer);
}

int main(void) {
    struct member moderator, member;
    struct peer peer;
    otc_connection *own;
    memset(&moderator, 0, sizeof moderator);
    memset(&member, 0, sizeof member);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join_as(&moderator, "MODERATOR_TOKEN");
    may(moderator.session, OTC_TRUE, OTC_TRUE, OTC_TRUE);
    own = otc_session_get_connection(moderator.session);
    needs_a_connection(own);
    CHECK_NUMBER(otc_connection_delete(own), OTC_SUCCESS);
    MEMBER_WAIT(&moderator, HEARD_WENT);
    not_for("TOKEN", &moderator, OTC_TRUE);
    not_for("SUBSCRIBER_TOKEN", &moderator, OTC_FALSE);
    refuses_bad_arguments(&moderator);

    member_join(&member);
    peer_join(&peer, "TOKEN");
    CHECK_NUMBER(peer_publish(&peer, "loud"), 200);
    CHECK_NUMBER(peer_publish(&peer, "spared"), 200);
    MEMBER_WAIT(&moderator, HEARD_STREAM);
    MEMBER_WAIT(&moderator, HEARD_STREAM);
    mutes_and_ends_it(&moderator, &member, &peer);
    sends_away(&moderator, &member);
    sends_a_publisher_away(&moderator, &peer);
    member_delete(&member);
    member_delete(&moderator);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    return 0;
}
