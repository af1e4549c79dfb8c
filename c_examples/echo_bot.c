/* echo_bot: answers each signal to its sender, from inside the callback.
 *     echo_bot URL API_KEY SESSION_ID TOKEN
 * Runs until Ctrl-C, or until the session ends.
 *
 * Any function of the library may be called inside a callback: none of them waits for the network. */
#define _POSIX_C_SOURCE 200809L

#include "wake.h"

#include <otc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So long on_disconnected is waited for at the end. */
#define LEAVE_MS 1000

struct bot {
    otc_connection *own; /* NULL until connected */
};

/* The callbacks of a session come one at a time, so they may share the bot without a lock. main() looks only after deleting. */
static void on_connected(otc_session *session, void *user_data) {
    struct bot *bot = (struct bot *)user_data;
    bot->own = otc_session_get_connection(session);
    printf("connected as %s\n", otc_connection_get_id(bot->own));
    wake(WAKE_CONNECTED);
}

static int is_own(const struct bot *bot, const otc_connection *connection) {
    return bot->own != NULL && strcmp(otc_connection_get_id(connection), otc_connection_get_id(bot->own)) == 0;
}

static void on_signal_received(otc_session *session, void *user_data, const char *type, const char *data,
                               const otc_connection *connection) {
    const struct bot *bot = (const struct bot *)user_data;
    if (connection == NULL) return;        /* sent by the server: there is nobody to answer */
    if (is_own(bot, connection)) return; /* our own, or we would talk to ourselves for ever */

    /* The connection is lent to us until we return. What must live longer is copied: otc_connection_copy(). */
    if (otc_session_signal_to_connection(session, type, data, connection) == OTC_SUCCESS)
        printf("echoed %lu bytes to %s\n", (unsigned long)(data == NULL ? 0 : strlen(data)), otc_connection_get_id(connection));
    else
        /* A browser may send a type or a length that this API may not. */
        printf("cannot echo to %s: %s\n", otc_connection_get_id(connection), otc_last_error_text());
}

static void on_reconnecting(otc_session *session, void *user_data) {
    (void)session;
    (void)user_data;
    puts("reconnecting");
}

static void on_reconnected(otc_session *session, void *user_data) {
    (void)session;
    (void)user_data;
    puts("reconnected");
}

static void on_disconnected(otc_session *session, void *user_data) {
    (void)session;
    (void)user_data;
    puts("disconnected");
    wake(WAKE_DISCONNECTED);
}

static void on_error(otc_session *session, void *user_data, const char *text, enum otc_session_error_code code) {
    const struct bot *bot = (const struct bot *)user_data;
    (void)session;
    fprintf(stderr, "error %d: %s\n", (int)code, text);
    if (bot->own == NULL) wake(WAKE_FAILED);
}

static otc_session *new_session(char **argv, struct bot *bot) {
    struct otc_session_callbacks callbacks;
    otc_session_settings *settings = otc_session_settings_new();
    otc_session *session;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.on_connected = on_connected;
    callbacks.on_disconnected = on_disconnected;
    callbacks.on_signal_received = on_signal_received;
    callbacks.on_reconnecting = on_reconnecting;
    callbacks.on_reconnected = on_reconnected;
    callbacks.on_error = on_error;
    callbacks.user_data = bot;
    otc_session_settings_set_api_url(settings, argv[1]);
    session = otc_session_new_with_settings(argv[2], argv[3], &callbacks, settings);
    otc_session_settings_delete(settings);
    return session;
}

/* Returns the exit code. */
static int run(otc_session *session) {
    for (;;) {
        switch (wake_wait(-1, -1)) {
        case WAKE_FAILED: return 1;
        case WAKE_DISCONNECTED: return 0;
        case WAKE_INTERRUPTED:
            if (otc_session_disconnect(session) != OTC_SUCCESS) return 0;
            for (;;) {
                int woken = wake_wait(-1, LEAVE_MS);
                if (woken == WAKE_DISCONNECTED || woken == WAKE_TIMEOUT) return 0;
            }
        default: break;
        }
    }
}

int main(int argc, char **argv) {
    struct bot bot = {NULL};
    otc_session *session;
    int exit_code = 1;
    if (argc != 5) {
        fprintf(stderr, "usage: echo_bot URL API_KEY SESSION_ID TOKEN\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* line by line, into a pipe too */
    if (wake_open() != 0) {
        perror("echo_bot");
        return 1;
    }
    if (otc_init(NULL) != OTC_SUCCESS) {
        fprintf(stderr, "echo_bot: %s\n", otc_last_error_text());
        return 1;
    }
    session = new_session(argv, &bot);
    if (session != NULL && otc_session_connect(session, argv[4]) == OTC_SUCCESS)
        exit_code = run(session);
    else
        fprintf(stderr, "%s\n", otc_last_error_text());
    if (session != NULL) otc_session_delete(session);
    if (bot.own != NULL) otc_connection_delete(bot.own);
    otc_destroy();
    return exit_code;
}
