/* otc_cli's output: one JSON object a line, each written whole and at once. */
#ifndef EXAMPLES_OTC_CLI_EVENTS_H
#define EXAMPLES_OTC_CLI_EVENTS_H

#include <otc.h>

/* Callbacks that print what happens and wake the main thread at the turning points (wake.h). */
void events_fill_callbacks(struct otc_session_callbacks *callbacks);
/* The callbacks that are not among those. */
void events_watch(otc_session *session);

void events_print_error(int code, const char *message);
void events_print_bad_command(const char *message);
void events_print_status(otc_session *session);
/* Who is in the session. Returns 0, and prints nothing, when the session is not connected. */
int events_print_connections(otc_session *session);
void events_print_issue(const char *issue_id);

#endif
