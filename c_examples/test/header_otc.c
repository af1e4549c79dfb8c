/* otc.h alone, as every C and C++ that it promises to be. */
#include <otc.h>
#include <otc.h>

/* What programs are compiled against may only grow by functions. */
typedef char callbacks_have_the_final_size[sizeof(struct otc_session_callbacks) == 20 * sizeof(void *) ? 1 : -1];
typedef char capabilities_have_the_final_size[sizeof(struct otc_session_capabilities) == 4 * sizeof(otc_bool) ? 1 : -1];
typedef char options_have_the_final_size[sizeof(struct otc_signal_options) == sizeof(otc_bool) ? 1 : -1];
typedef char numbers_are_the_vendors[OTC_SUCCESS == 0 && OTC_TRUE == 1 && OTC_FALSE == 0 && OTC_SESSION_AUTHORIZATION_FAILURE == 1004 ? 1 : -1];

int header_otc(otc_session *session, const otc_connection *connection);

int header_otc(otc_session *session, const otc_connection *connection) {
    struct otc_signal_options options;
    enum otc_connection_status status = otc_session_get_connection_status(session);
    options.retry_after_reconnect = OTC_FALSE;
    if (status != OTC_CONNECTION_STATUS_CONNECTED) return otc_session_connect(session, "token");
    return otc_session_signal_to_connection_with_options(session, "type", "data", connection, options);
}
