/* hello_session URL API_KEY SESSION_ID TOKEN: see who is in a session, say hello, print what comes back, leave. */
#include <otc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* The library calls the on_... functions on a thread of its own, while main() waits for `done`. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int done, exit_code;

static void finish(int code) {
    pthread_mutex_lock(&lock);
    done = 1, exit_code = code;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}
static void on_connected(otc_session *session, void *user_data) {
    (void)user_data; /* whatever main() puts into callbacks.user_data: nothing, here */
    puts("connected");
    if (otc_session_signal(session, "greeting", "hello, everyone") != OTC_SUCCESS) finish(1);
}
static void on_connection_created(otc_session *session, void *user_data, const otc_connection *who) {
    (void)session, (void)user_data; /* called once for everybody else: those already here, and each newcomer */
    printf("here: %s (%s)\n", otc_connection_get_data(who), otc_connection_get_id(who));
}
static void on_signal_received(otc_session *session, void *user_data, const char *type, const char *data, const otc_connection *from) {
    (void)user_data; /* type and data may be absent (NULL); from is NULL when the server itself sent the signal */
    printf("signal: %s: %s\n", type ? type : "-", data ? data : "-");
    otc_connection *me = otc_session_get_connection(session);
    if (from && me && strcmp(otc_connection_get_id(from), otc_connection_get_id(me)) == 0)
        otc_session_disconnect(session); /* our own greeting: it has reached everybody, so we can go */
    otc_connection_delete(me);           /* what a getter hands out is ours; what a callback is given is only lent */
}
static void on_disconnected(otc_session *session, void *user_data) {
    (void)session, (void)user_data, puts("disconnected");
    finish(0);
}
static void on_error(otc_session *session, void *user_data, const char *text, enum otc_session_error_code code) {
    (void)session, (void)user_data, fprintf(stderr, "error %d: %s\n", (int)code, text);
    finish(1); /* a failed connect ends here, too */
}
int main(int argc, char **argv) {
    static struct otc_session_callbacks callbacks; /* static, so all NULL: what we do not set is not called */
    callbacks.on_connected = on_connected, callbacks.on_disconnected = on_disconnected, callbacks.on_error = on_error;
    callbacks.on_connection_created = on_connection_created, callbacks.on_signal_received = on_signal_received;
    if (argc != 5) return fprintf(stderr, "usage: %s URL API_KEY SESSION_ID TOKEN\n", argv[0]), 2;
    otc_init(NULL);
    otc_session_settings *settings = otc_session_settings_new();
    otc_session_settings_set_api_url(settings, argv[1]);
    otc_session *session = otc_session_new_with_settings(argv[2], argv[3], &callbacks, settings);
    otc_session_settings_delete(settings); /* strings, settings and callbacks have been copied */
    if (otc_session_connect(session, argv[4]) != OTC_SUCCESS) fprintf(stderr, "%s\n", otc_last_error_text()), finish(1);
    pthread_mutex_lock(&lock);
    while (!done) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    otc_session_delete(session);
    return otc_destroy() == OTC_SUCCESS ? exit_code : 1;
}
