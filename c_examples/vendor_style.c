/* vendor_style: written as for the vendor's SDK, against opentok.h alone and in its spellings, and linked with -lopentok.
 *     vendor_style API_KEY SESSION_ID TOKEN
 * The server is the one that OTC_API_URL names: programs written for that SDK know nothing of servers.
 *
 * Joins, sends a signal, and leaves when the signal has come back. */
#include <opentok.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct app {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    int over;
    int failed;
};

static void app_over(struct app *app, int failed) {
    pthread_mutex_lock(&app->mutex);
    app->over = 1;
    app->failed = failed;
    pthread_cond_signal(&app->cond);
    pthread_mutex_unlock(&app->mutex);
}

static void on_logger_message(const char *message) {
    fprintf(stderr, "%s", message);
}

static void on_session_connected(otc_session *session, void *user_data) {
    struct otc_signal_options options = {OTC_FALSE};
    struct otc_session_capabilities capabilities = otc_session_get_capabilities(session);
    printf("connected to %s, may publish: %s\n", otc_session_get_id(session), capabilities.publish ? "yes" : "no");
    if (otc_session_send_signal(session, "chat", "to all") != OTC_SUCCESS ||
        otc_session_send_signal_with_options(session, "last", "to all, with options", options) != OTC_SUCCESS)
        app_over((struct app *)user_data, 1);
}

static void on_session_signal_received(otc_session *session, void *user_data, const char *type, const char *signal,
                                       const otc_connection *connection) {
    otc_connection *own = otc_session_get_connection(session);
    struct otc_signal_options options = {OTC_TRUE};
    (void)user_data;
    printf("signal %s: %s\n", type != NULL ? type : "", signal != NULL ? signal : "");
    if (connection != NULL && own != NULL && strcmp(otc_connection_get_id(connection), otc_connection_get_id(own)) == 0) {
        if (strcmp(type, "last") == 0) otc_session_send_signal_to_connection(session, "direct", "to one", connection);
        if (strcmp(type, "direct") == 0)
            otc_session_send_signal_to_connection_with_options(session, "bye", "to one, with options", connection, options);
        if (strcmp(type, "bye") == 0) otc_session_disconnect(session);
    }
    otc_connection_delete(own);
}

static void on_session_connection_created(otc_session *session, void *user_data, const otc_connection *connection) {
    (void)session;
    (void)user_data;
    printf("connection created: %s\n", otc_connection_get_id(connection));
}

static void on_session_reconnection_started(otc_session *session, void *user_data) {
    (void)session;
    (void)user_data;
    printf("reconnection started\n");
}

static void on_session_reconnected(otc_session *session, void *user_data) {
    (void)session;
    (void)user_data;
    printf("reconnected\n");
}

static void on_session_disconnected(otc_session *session, void *user_data) {
    (void)session;
    printf("disconnected\n");
    app_over((struct app *)user_data, 0);
}

static void on_session_error(otc_session *session, void *user_data, const char *error_string, enum otc_session_error_code error) {
    (void)session;
    fprintf(stderr, "error %d: %s\n", (int)error, error_string);
    app_over((struct app *)user_data, 1);
}

int main(int argc, char **argv) {
    struct app app = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    struct otc_session_callbacks session_callbacks = {0};
    otc_session *session;

    if (argc != 4) {
        fprintf(stderr, "usage: OTC_API_URL=http://ADDRESS:PORT vendor_style API_KEY SESSION_ID TOKEN\n");
        return 2;
    }
    if (otc_init(NULL) != OTC_SUCCESS) {
        fprintf(stderr, "could not init the library\n");
        return 1;
    }
    otc_log_set_logger_callback(on_logger_message);
    otc_log_enable(OTC_LOG_LEVEL_ERROR);

    session_callbacks.user_data = &app;
    session_callbacks.on_connected = on_session_connected;
    session_callbacks.on_connection_created = on_session_connection_created;
    session_callbacks.on_signal_received = on_session_signal_received;
    session_callbacks.on_reconnection_started = on_session_reconnection_started;
    session_callbacks.on_reconnected = on_session_reconnected;
    session_callbacks.on_disconnected = on_session_disconnected;
    session_callbacks.on_error = on_session_error;

    session = otc_session_new(argv[1], argv[2], &session_callbacks);
    if (session == NULL || otc_session_connect(session, argv[3]) != OTC_SUCCESS) {
        fprintf(stderr, "could not connect\n");
        return 1;
    }
    pthread_mutex_lock(&app.mutex);
    while (!app.over) pthread_cond_wait(&app.cond, &app.mutex);
    pthread_mutex_unlock(&app.mutex);

    otc_session_delete(session);
    otc_destroy();
    return app.failed;
}
