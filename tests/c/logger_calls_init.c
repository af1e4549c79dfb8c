/* A logger that calls otc_init() while otc_destroy() is what has something to say: refused, and no deadlock. */
#include "support/check.h"
#include "support/member.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct gate told;
static int answer = -1;

static void logger(const char *line) {
    if (strstr(line, "has not reached") != NULL) {
        answer = (int)otc_init(NULL);
        gate_pass(&told);
    }
}

int main(void) {
    struct member member;
    struct sockaddr_in place;
    socklen_t size = sizeof place;
    char url[64];
    char *issue = NULL;
    const int silent = socket(AF_INET, SOCK_STREAM, 0); /* it takes connections and never answers */
    memset(&member, 0, sizeof member);
    memset(&place, 0, sizeof place);
    gate_init(&told);
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_NUMBER(bind(silent, (struct sockaddr *)&place, sizeof place), 0);
    CHECK_NUMBER(listen(silent, 5), 0);
    CHECK_NUMBER(getsockname(silent, (struct sockaddr *)&place, &size), 0);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d", (int)ntohs(place.sin_port));

    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_make_at(&member, url);
    CHECK_NUMBER(otc_session_report_issue(member.session, "it hangs", &issue), OTC_SUCCESS);
    free(issue);
    otc_log_set_logger_callback(logger);
    otc_log_enable(OTC_LOG_LEVEL_WARN);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    otc_log_enable(OTC_LOG_LEVEL_DISABLED);
    otc_log_set_logger_callback(NULL);
    CHECK_NUMBER(gate_count(&told), 1);
    CHECK_NUMBER(answer, OTC_SESSION_ILLEGAL_STATE);
    member_forget(&member);
    close(silent);
    return 0;
}
