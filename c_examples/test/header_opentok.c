/* opentok.h alone, in the vendor's spellings. */
#include <opentok.h>
#include <opentok.h>

static void on_reconnection_started_here(otc_session *session, void *user_data) {
    (void)session;
    (void)user_data;
}

int header_opentok(otc_session *session, struct otc_session_callbacks *callbacks);

int header_opentok(otc_session *session, struct otc_session_callbacks *callbacks) {
    callbacks->on_reconnection_started = on_reconnection_started_here;
    return otc_session_send_signal(session, "type", "data");
}
