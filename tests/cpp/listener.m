/* A program in Objective-C: the library comes as a module, and callbacks send messages to a class. There is no foundation
 * under it, so that nothing is needed but clang and the runtime. */
@import COtc;
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE_S 30

__attribute__((objc_root_class))
@interface Listener {
    Class isa;
}
+ (void)joined:(otc_session *)session;
+ (void)heard:(const char *)text from:(const otc_connection *)sender;
@end

static sem_t done;

static void fail(const char *why) {
    fprintf(stderr, "%s: %s\n", why, otc_last_error_text());
    fflush(NULL);
    _Exit(1);
}

@implementation Listener
+ (void)joined:(otc_session *)session {
    if (otc_session_signal(session, "greeting", "hello") != OTC_SUCCESS) fail("signal");
}
+ (void)heard:(const char *)text from:(const otc_connection *)sender {
    if (strcmp(text, "hello") != 0 || strcmp(otc_connection_get_data(sender), "publisher") != 0) fail(text);
    sem_post(&done);
}
@end

static void on_connected(otc_session *session, void *user_data) {
    (void)user_data;
    [Listener joined:session];
}

static void on_signal_received(otc_session *session, void *user_data, const char *type, const char *text,
                               const otc_connection *sender) {
    (void)session, (void)user_data, (void)type;
    [Listener heard:text from:sender];
}

int main(void) {
    struct otc_session_callbacks callbacks = {.on_connected = on_connected, .on_signal_received = on_signal_received};
    otc_session_settings *settings = otc_session_settings_new();
    otc_session *session;
    struct timespec deadline;
    if (sem_init(&done, 0, 0) != 0 || otc_init(NULL) != OTC_SUCCESS) fail("start");
    if (otc_session_settings_set_api_url(settings, getenv("OTC_TEST_URL")) != OTC_SUCCESS) fail("URL");
    session = otc_session_new_with_settings(getenv("OTC_TEST_KEY"), getenv("OTC_TEST_SESSION"), &callbacks, settings);
    otc_session_settings_delete(settings);
    if (otc_session_connect(session, getenv("OTC_TEST_TOKEN")) != OTC_SUCCESS) fail("connect");
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_S;
    if (sem_timedwait(&done, &deadline) != 0) fail("nothing is heard");
    otc_session_delete(session);
    return otc_destroy();
}
