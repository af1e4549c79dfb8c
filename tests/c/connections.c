/* The list of who is in a session: one's own connection first, then the others in the order in which on_connection_created
 * told of them; a picture of that moment, which ends when it is deleted and takes its connections with it. */
#include "support/check.h"
#include "support/member.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS = 6, THREADS = 4, ROUNDS = 200 };

static const char *id_at(const otc_connection_list *list, int index) {
    return otc_connection_get_id(otc_connection_list_get(list, index));
}

static int names(const otc_connection_list *list, const char *id) {
    int index, count = 0;
    for (index = 0; index < otc_connection_list_get_size(list); index++) {
        count += strcmp(id_at(list, index), id) == 0;
    }
    return count;
}

static void not_listed(const otc_session *session) {
    CHECK(otc_session_get_connections(session) == NULL);
    CHECK_HOLDS(otc_last_error_text(), "not connected");
}

/* The list of a member that has been told of everybody says the same in the same order. */
static void lists_as_told(struct member *member) {
    otc_connection_list *list = otc_session_get_connections(member->session);
    char *own = member_id(member);
    size_t index;
    int place = 0;
    CHECK(list != NULL);
    CHECK_TEXT(id_at(list, place++), own);
    pthread_mutex_lock(&member->mutex);
    for (index = 0; index < member->count; index++) {
        if (member->heard[index]->kind == HEARD_CAME) {
            CHECK_TEXT(id_at(list, place++), member->heard[index]->who);
        }
    }
    pthread_mutex_unlock(&member->mutex);
    CHECK_NUMBER(otc_connection_list_get_size(list), place);
    CHECK_NUMBER(otc_connection_list_delete(list), OTC_SUCCESS);
    free(own);
}

/* ---- Inside callbacks ---- */

/* Passed before the first one leaves: from then on the list may be ahead of what a callback tells. */
static struct gate leaving;

static void list_inside(const struct moment *moment) {
    otc_connection_list *list = otc_session_get_connections(moment->session);
    switch (moment->heard->kind) {
    case HEARD_CONNECTED: CHECK(otc_connection_list_get_size(list) >= 1); break;
    case HEARD_CAME:
        if (gate_count(&leaving) == 0) {
            CHECK_NUMBER(names(list, moment->heard->who), 1);
        }
        break;
    case HEARD_WENT: CHECK_NUMBER(names(list, moment->heard->who), 0); break;
    case HEARD_DISCONNECTED:
        /* Of the one that disconnects; others are deleted, and may be told so while their handles are no more. */
        if (moment->member->user != NULL) {
            not_listed(moment->session);
            gate_pass((struct gate *)moment->member->user);
        }
        break;
    default: break;
    }
    if (list != NULL) {
        CHECK(id_at(list, 0)[0] != '\0');
        CHECK_NUMBER(otc_connection_list_delete(list), OTC_SUCCESS);
        CHECK_NUMBER(otc_connection_list_delete(list), OTC_INVALID_PARAM);
    }
}

/* ---- What a list holds, and how it ends ---- */

static void has_bounds(const otc_connection_list *list, int size) {
    CHECK_NUMBER(otc_connection_list_get_size(list), size);
    CHECK(otc_connection_list_get(list, 0) != NULL);
    CHECK(otc_connection_list_get(list, size - 1) != NULL);
    CHECK(otc_connection_list_get(list, size - 1) == otc_connection_list_get(list, size - 1));
    CHECK(otc_connection_list_get(list, size) == NULL);
    CHECK_HOLDS(otc_last_error_text(), "index");
    CHECK(otc_connection_list_get(list, -1) == NULL);
    CHECK(otc_connection_list_get(list, INT_MAX) == NULL);
    CHECK(otc_connection_list_get(list, INT_MIN) == NULL);
}

static void ends_once(otc_connection_list *list) {
    const otc_connection *borrowed = otc_connection_list_get(list, 1);
    otc_connection *copied = otc_connection_copy(borrowed);
    char id[64];
    CHECK(copied != NULL && strlen(otc_connection_get_id(copied)) < sizeof id);
    strcpy(id, otc_connection_get_id(copied));
    CHECK_TEXT(otc_connection_get_data(copied), "publisher");
    CHECK_TEXT(otc_connection_get_session_id(borrowed), world("SESSION"));
    CHECK_NUMBER(otc_connection_get_creation_time(copied), otc_connection_get_creation_time(borrowed));
    /* What belongs to the list is not for the caller to delete: a fault, which harms nothing else. */
    CHECK_NUMBER(otc_connection_delete((otc_connection *)otc_connection_list_get(list, 0)), OTC_INVALID_PARAM);
    CHECK_HOLDS(otc_last_error_text(), "lent");
    CHECK_TEXT(otc_connection_get_id(borrowed), id);

    CHECK_NUMBER(otc_connection_list_delete(list), OTC_SUCCESS);
    CHECK_NUMBER(otc_connection_list_delete(list), OTC_INVALID_PARAM);
    CHECK_HOLDS(otc_last_error_text(), "connection list");
    CHECK_NUMBER(otc_connection_list_get_size(list), 0);
    CHECK(otc_connection_list_get(list, 0) == NULL);
    CHECK_TEXT(otc_connection_get_id(borrowed), "");
    CHECK(otc_connection_copy(borrowed) == NULL);
    CHECK_TEXT(otc_connection_get_id(copied), id);
    CHECK_NUMBER(otc_connection_delete(copied), OTC_SUCCESS);
    CHECK_NUMBER(otc_connection_delete(copied), OTC_INVALID_PARAM);
}

/* ---- From several threads ---- */

struct shared {
    struct member *member;
    const otc_connection_list *list;
    struct gate done;
};

static void *list_again_and_again(void *argument) {
    struct shared *shared = (struct shared *)argument;
    int round, index;
    for (round = 0; round < ROUNDS; round++) {
        otc_connection_list *list = otc_session_get_connections(shared->member->session);
        CHECK(list != NULL);
        CHECK_TEXT(id_at(list, 0), id_at(shared->list, 0));
        for (index = 1; index < otc_connection_list_get_size(list); index++) {
            CHECK_NUMBER(names(list, id_at(list, index)), 1);
        }
        CHECK_NUMBER(otc_connection_list_get_size(shared->list), MEMBERS + 1);
        CHECK_NUMBER(otc_connection_list_delete(list), OTC_SUCCESS);
    }
    gate_pass(&shared->done);
    return NULL;
}

static void from_threads(struct member *member, const otc_connection_list *list) {
    pthread_t threads[THREADS];
    struct shared shared;
    int index;
    shared.member = member;
    shared.list = list;
    gate_init(&shared.done);
    for (index = 0; index < THREADS; index++) {
        CHECK(pthread_create(&threads[index], NULL, list_again_and_again, &shared) == 0);
    }
    /* Others come and go meanwhile. */
    do {
        struct member passer_by;
        memset(&passer_by, 0, sizeof passer_by);
        member_join(&passer_by);
        member_delete(&passer_by);
    } while (gate_count(&shared.done) < THREADS);
    for (index = 0; index < THREADS; index++) {
        CHECK(pthread_join(threads[index], NULL) == 0);
    }
    gate_end(&shared.done);
}

int main(void) {
    struct member watcher, members[MEMBERS];
    struct gate ended;
    otc_connection_list *list, *last;
    char *ids[MEMBERS], *own;
    int index, other;
    memset(&watcher, 0, sizeof watcher);
    memset(members, 0, sizeof members);
    gate_init(&leaving);
    gate_init(&ended);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    watcher.inside = list_inside;
    member_make(&watcher);
    not_listed(watcher.session);
    member_connect(&watcher);
    MEMBER_WAIT(&watcher, HEARD_CONNECTED);
    list = otc_session_get_connections(watcher.session);
    has_bounds(list, 1);
    CHECK_NUMBER(otc_connection_list_delete(list), OTC_SUCCESS);

    /* Together, so that some come within one millisecond. */
    for (index = 0; index < MEMBERS; index++) {
        members[index].inside = list_inside;
        members[index].user = index == 0 ? &ended : NULL;
        member_make(&members[index]);
    }
    for (index = 0; index < MEMBERS; index++) {
        member_connect(&members[index]);
    }
    for (index = 0; index < MEMBERS; index++) {
        MEMBER_WAIT(&watcher, HEARD_CAME);
        MEMBER_WAIT(&members[index], HEARD_CONNECTED);
        for (other = 0; other < MEMBERS; other++) {
            MEMBER_WAIT(&members[index], HEARD_CAME);
        }
        ids[index] = member_id(&members[index]);
    }
    lists_as_told(&watcher);
    member_fence(&watcher, "fence"); /* a later callback runs, so those have returned */
    for (index = 0; index < MEMBERS; index++) {
        lists_as_told(&members[index]);
        MEMBER_WAIT_SIGNAL(&members[index], "fence");
    }
    gate_pass(&leaving);

    list = otc_session_get_connections(watcher.session);
    last = otc_session_get_connections(watcher.session);
    CHECK(list != last);
    has_bounds(list, MEMBERS + 1);
    from_threads(&watcher, list);

    /* It stays as it was when members leave, the session ends, and the library. */
    for (index = 0; index < MEMBERS; index++) {
        if (index == 0) {
            CHECK_NUMBER(otc_session_disconnect(members[index].session), OTC_SUCCESS);
            GATE_WAIT(&ended, 1);
            not_listed(members[index].session);
        }
        member_delete(&members[index]);
        do {
            /* passers-by have left, too */
        } while (strcmp(MEMBER_WAIT(&watcher, HEARD_WENT)->who, ids[index]) != 0);
    }
    own = member_id(&watcher);
    has_bounds(list, MEMBERS + 1);
    CHECK_TEXT(id_at(list, 0), own);
    member_delete(&watcher);
    has_bounds(list, MEMBERS + 1);
    for (index = 0; index < MEMBERS; index++) {
        CHECK_NUMBER(names(list, ids[index]), 1);
        free(ids[index]);
    }
    ends_once(list);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    CHECK_TEXT(id_at(last, 0), own);
    ends_once(last);
    free(own);
    return 0;
}
