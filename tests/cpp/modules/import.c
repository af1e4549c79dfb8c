/* An include that becomes an import, because the module map names the header. */
#include <otc.h>

#if !__has_feature(modules)
#error "compiled without modules"
#endif

static void on_connected(otc_session *session, void *user_data) {
    (void)user_data;
    otc_session_signal(session, "greeting", "hello");
}

int check(const char *token);

int check(const char *token) {
    struct otc_session_callbacks callbacks = {.on_connected = on_connected};
    return otc_session_connect(otc_session_new("key", "session", &callbacks), token) == OTC_SUCCESS ? OTC_VERSION_NUMBER : 0;
}
