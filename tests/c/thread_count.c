/* A process has as many threads with 1,000 sessions as with one, connected and hearing signals. */
#include "support/check.h"
#include "support/member.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { SESSIONS = 1000 };

static struct gate connected, heard;

static void on_connected(otc_session *session, void *user_data) {
    (void)session, (void)user_data;
    gate_pass(&connected);
}

static void on_signal(otc_session *session, void *user_data, const char *type, const char *signal,
                      const otc_connection *connection) {
    (void)session, (void)user_data, (void)type, (void)signal, (void)connection;
    gate_pass(&heard);
}

static void on_error(otc_session *session, void *user_data, const char *text, enum otc_session_error_code code) {
    (void)session, (void)user_data;
    fprintf(stderr, "on_error %d: %s\n", (int)code, text);
    FAIL("every session connects");
}

static otc_session *join(void) {
    struct otc_session_callbacks callbacks;
    otc_session_settings *settings = otc_session_settings_new();
    otc_session *session;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.on_connected = on_connected;
    callbacks.on_signal_received = on_signal;
    callbacks.on_error = on_error;
    CHECK_NUMBER(otc_session_settings_set_api_url(settings, world("URL")), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_set_connection_events_suppressed(settings, OTC_TRUE), OTC_SUCCESS);
    session = otc_session_new_with_settings(world("KEY"), world("SESSION"), &callbacks, settings);
    CHECK(session != NULL);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_connect(session, world("TOKEN")), OTC_SUCCESS);
    return session;
}

static int threads(void) {
    DIR *directory = opendir("/proc/self/task");
    struct dirent *entry;
    int count = 0;
    CHECK(directory != NULL);
    while ((entry = readdir(directory)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(directory);
    return count;
}

static int as_many(void *expected) {
    return threads() == *(int *)expected;
}

int main(void) {
    static otc_session *sessions[SESSIONS];
    struct rlimit files;
    int index, with_one;
    gate_init(&connected);
    gate_init(&heard);
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    if (files.rlim_max != RLIM_INFINITY && files.rlim_max < SESSIONS + 100) {
        FAIL("ulimit -Hn is too low for 1,000 sessions");
    }
    files.rlim_cur = files.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    sessions[0] = join();
    GATE_WAIT(&connected, 1);
    CHECK_NUMBER(otc_session_signal(sessions[0], "one", NULL), OTC_SUCCESS);
    GATE_WAIT(&heard, 1);
    with_one = threads();
    printf("threads with 1 session: %d\n", with_one);

    for (index = 1; index < SESSIONS; index++) {
        sessions[index] = join();
    }
    CHECK(gate_wait_within(&connected, SESSIONS, 3LL * patience_ms()));
    CHECK_NUMBER(otc_session_signal(sessions[0], "all", NULL), OTC_SUCCESS);
    GATE_WAIT(&heard, 1 + SESSIONS);
    /* On a machine that is very busy a callback may have seemed to block; the thread that it cost leaves after 10 s. */
    if (!ask_until(as_many, &with_one, patience_ms())) {
        CHECK_NUMBER(threads(), with_one);
    }
    printf("threads with %d sessions: %d\n", SESSIONS, threads());
    for (index = 0; index < SESSIONS; index++) {
        CHECK_NUMBER(otc_session_delete(sessions[index]), OTC_SUCCESS);
    }
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    return 0;
}
