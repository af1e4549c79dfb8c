/* A child that was forked from a program that uses the library: every function tells it so at once, none hangs, exit() works;
 * and the parent goes on as if nothing had been. */
#include "support/check.h"
#include "support/member.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* 0 when all is well, else the line. Checks of the tests' own kind print and end too much. */
static int in_child(struct member *member, otc_session_settings *settings, otc_connection *own) {
    struct otc_session_callbacks callbacks;
    struct otc_session_capabilities may;
    memset(&callbacks, 0, sizeof callbacks);
#define IN_CHILD(condition) \
    if (!(condition)) return __LINE__
    IN_CHILD(otc_session_signal(member->session, "a", "b") == OTC_SESSION_ILLEGAL_STATE);
    IN_CHILD(strstr(otc_last_error_text(), "fork") != NULL);
    IN_CHILD(otc_session_disconnect(member->session) == OTC_SESSION_ILLEGAL_STATE);
    IN_CHILD(otc_session_connect(member->session, "token") == OTC_SESSION_ILLEGAL_STATE);
    IN_CHILD(otc_session_get_connection(member->session) == NULL);
    IN_CHILD(otc_session_get_connection_status(member->session) == OTC_CONNECTION_STATUS_NOT_CONNECTED);
    may = otc_session_get_capabilities(member->session);
    IN_CHILD(!may.publish && !may.subscribe);
    IN_CHILD(otc_session_new("k", "s", &callbacks) == NULL);
    IN_CHILD(otc_session_settings_new() == NULL);
    IN_CHILD(otc_session_settings_delete(settings) == OTC_SESSION_ILLEGAL_STATE);
    IN_CHILD(strcmp(otc_connection_get_id(own), "") == 0);
    IN_CHILD(otc_connection_delete(own) == OTC_SESSION_ILLEGAL_STATE);
    IN_CHILD(otc_session_delete(member->session) == OTC_SESSION_ILLEGAL_STATE);
    IN_CHILD(otc_init(NULL) == OTC_SESSION_ILLEGAL_STATE);
    IN_CHILD(otc_destroy() == OTC_SESSION_ILLEGAL_STATE);
    IN_CHILD(strcmp(otc_version(), OTC_VERSION) == 0);
#undef IN_CHILD
    return 0;
}

int main(void) {
    struct member member;
    otc_session_settings *settings;
    otc_connection *own;
    struct pollfd ended;
    int ends[2], line = -1, status;
    pid_t pid;
    memset(&member, 0, sizeof member);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&member);
    settings = otc_session_settings_new();
    own = otc_session_get_connection(member.session);
    CHECK(pipe(ends) == 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        line = in_child(&member, settings, own);
        if (write(ends[1], &line, sizeof line) != (ssize_t)sizeof line) {
            _exit(1);
        }
        exit(0);
    }
    close(ends[1]);
    ended.fd = ends[0];
    ended.events = POLLIN;
    CHECK(poll(&ended, 1, patience_ms()) == 1);
    CHECK(read(ends[0], &line, sizeof line) == (ssize_t)sizeof line);
    CHECK_NUMBER(line, 0);
    /* The pipe closes when the child has ended; if it hangs in exit() this says so. */
    CHECK(poll(&ended, 1, patience_ms()) == 1);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_NUMBER(status, 0);

    member_fence(&member, "parent");
    CHECK_NUMBER(otc_connection_delete(own), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    member_delete(&member);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    close(ends[0]);
    return 0;
}
