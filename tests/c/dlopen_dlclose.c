/* The library as a plug-in brings it: loaded, used, unloaded, loaded again; with otc_destroy() and without, connected. */
#include "support/check.h"
#include "support/clock.h"
#include "support/world.h"
#include <dlfcn.h>
#include <otc.h>
#include <string.h>

/* ISO C knows no way from an object's pointer to a function's. */
static void find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    CHECK(address != NULL);
    memcpy(function, &address, sizeof address);
}

static void on_connected(otc_session *session, void *user_data) {
    (void)session;
    gate_pass((struct gate *)user_data);
}

static void use(int destroy) {
    struct otc_session_callbacks callbacks;
    struct gate connected;
    otc_status (*init)(void *);
    otc_status (*end)(void);
    otc_session_settings *(*settings_new)(void);
    otc_status (*set_api_url)(otc_session_settings *, const char *);
    otc_status (*settings_delete)(otc_session_settings *);
    otc_session *(*new_with_settings)(const char *, const char *, const struct otc_session_callbacks *, otc_session_settings *);
    otc_status (*join)(otc_session *, const char *);
    otc_status (*session_delete)(otc_session *);
    otc_session_settings *settings;
    otc_session *session;
    void *library = dlopen(world("LIBRARY"), RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    find(library, "otc_init", &init);
    find(library, "otc_destroy", &end);
    find(library, "otc_session_settings_new", &settings_new);
    find(library, "otc_session_settings_set_api_url", &set_api_url);
    find(library, "otc_session_settings_delete", &settings_delete);
    find(library, "otc_session_new_with_settings", &new_with_settings);
    find(library, "otc_session_connect", &join);
    find(library, "otc_session_delete", &session_delete);
    gate_init(&connected);
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.on_connected = on_connected;
    callbacks.user_data = &connected;
    CHECK_NUMBER(init(NULL), OTC_SUCCESS);
    settings = settings_new();
    CHECK_NUMBER(set_api_url(settings, world("URL")), OTC_SUCCESS);
    session = new_with_settings(world("KEY"), world("SESSION"), &callbacks, settings);
    CHECK(session != NULL);
    CHECK_NUMBER(settings_delete(settings), OTC_SUCCESS);
    CHECK_NUMBER(join(session, world("TOKEN")), OTC_SUCCESS);
    GATE_WAIT(&connected, 1);
    if (destroy) {
        CHECK_NUMBER(end(), OTC_SUCCESS);
    } else {
        /* Its threads go on; they must find their code where it was. */
        CHECK_NUMBER(session_delete(session), OTC_SUCCESS);
    }
    CHECK(dlclose(library) == 0);
}

int main(void) {
    use(1);
    use(1);
    use(0);
    use(1);
    return 0;
}
