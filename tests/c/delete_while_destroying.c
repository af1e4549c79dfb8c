/* Sessions are made, connected and deleted on some threads while another one stops and starts the library, over and over: no
 * call hangs, each is answered as documented, and every session that was told of on_released is released once. */
#include "support/check.h"
#include "support/member.h"
#include <stdlib.h>
#include <string.h>

enum { THREADS = 3, EACH = 8, TOGETHER = 1000, ROUNDS = 500 };

static struct gate released, finished;
static pthread_barrier_t step;
static int promised[THREADS];

static void on_released(void *user_data) {
    (void)user_data;
    gate_pass(&released);
}

static otc_session *make(void) {
    struct otc_session_callbacks callbacks;
    memset(&callbacks, 0, sizeof callbacks);
    return otc_session_new("k", "s", &callbacks);
}

/* Deletes what there is at the very moment at which the library is stopped. */
static void delete_together(int *mine) {
    int round, index;
    for (round = 0; round < TOGETHER; round++) {
        otc_session *sessions[EACH];
        pthread_barrier_wait(&step); /* it runs */
        for (index = 0; index < EACH; index++) {
            sessions[index] = make();
            CHECK_NUMBER(otc_session_set_on_released(sessions[index], on_released), OTC_SUCCESS);
            *mine += 1;
        }
        pthread_barrier_wait(&step); /* it is being stopped */
        for (index = 0; index < EACH; index++) {
            otc_status status = otc_session_delete(sessions[index]);
            CHECK(status == OTC_SUCCESS || status == OTC_INVALID_PARAM);
        }
        pthread_barrier_wait(&step);
    }
}

/* Does all of it at any moment. */
static void make_and_delete(int *mine) {
    int round;
    for (round = 0; round < ROUNDS; round++) {
        otc_session *session = make();
        otc_status status;
        if (session == NULL) {
            CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
            continue;
        }
        status = otc_session_set_on_released(session, on_released);
        CHECK(status == OTC_SUCCESS || status == OTC_INVALID_PARAM);
        *mine += status == OTC_SUCCESS;
        if (round % 4 == 0) {
            status = otc_session_connect_to_host(session, "127.0.0.1", "", 1, OTC_FALSE, "token");
            CHECK(status == OTC_SUCCESS || status == OTC_INVALID_PARAM || status == OTC_SESSION_ILLEGAL_STATE);
        }
        status = otc_session_delete(session);
        CHECK(status == OTC_SUCCESS || status == OTC_INVALID_PARAM);
    }
}

static void *run(void *argument) {
    delete_together((int *)argument);
    make_and_delete((int *)argument);
    gate_pass(&finished);
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    long long deadline;
    int index, round, sessions = 0;
    gate_init(&released);
    gate_init(&finished);
    CHECK(pthread_barrier_init(&step, NULL, THREADS + 1) == 0);
    for (index = 0; index < THREADS; index++) {
        CHECK(pthread_create(&threads[index], NULL, run, &promised[index]) == 0);
    }
    for (round = 0; round < TOGETHER; round++) {
        CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
        pthread_barrier_wait(&step);
        pthread_barrier_wait(&step);
        CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
        pthread_barrier_wait(&step);
    }
    deadline = now_ms() + patience_ms();
    while (gate_count(&finished) < THREADS) {
        CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
        CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
        CHECK(now_ms() < deadline); /* no call hangs */
    }
    for (index = 0; index < THREADS; index++) {
        CHECK(pthread_join(threads[index], NULL) == 0);
        sessions += promised[index];
    }
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    CHECK(gate_wait_within(&released, sessions, patience_ms()));
    CHECK_NUMBER(gate_count(&released), sessions);
    return 0;
}
