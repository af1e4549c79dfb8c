/* chat: a terminal chat.
 *     chat URL API_KEY SESSION_ID TOKEN
 * A line is sent to everybody; /to NAME text to one person; /who lists who is here; /quit (or Ctrl-C, or Ctrl-D) leaves.
 * A person's name is the connection data of the token:  otc-server token --session SESSION_ID --data ada */
#define _POSIX_C_SOURCE 200809L

#include "chat_screen.h"
#include "line_reader.h"
#include "wake.h"

#include <otc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Signal types of this program. Other signals are shown with their type. */
#define TO_ALL "chat"
#define TO_ONE "private"

/* So long on_disconnected is waited for at the end. */
#define LEAVE_MS 1000

/* Written by on_connected before it wakes the main thread, which reads it after; NULL until then. */
static otc_connection *own;

static int is_own(const otc_connection *connection) {
    return own != NULL && strcmp(otc_connection_get_id(connection), otc_connection_get_id(own)) == 0;
}

/* Callbacks */

static void on_connected(otc_session *session, void *user_data) {
    struct chat_name name;
    (void)user_data;
    own = otc_session_get_connection(session);
    chat_name_of(own, &name);
    screen_notice("connected as %s (/who, /to NAME text, /quit)", name.text);
    wake(WAKE_CONNECTED);
}

static void on_connection_created(otc_session *session, void *user_data, const otc_connection *connection) {
    struct chat_name name;
    (void)session;
    (void)user_data;
    chat_name_of(connection, &name);
    screen_notice("%s is here", name.text);
}

static void on_connection_dropped(otc_session *session, void *user_data, const otc_connection *connection) {
    struct chat_name name;
    (void)session;
    (void)user_data;
    chat_name_of(connection, &name);
    screen_notice("%s has left", name.text);
}

static void on_signal_received(otc_session *session, void *user_data, const char *type, const char *data,
                               const otc_connection *connection) {
    (void)session;
    (void)user_data;
    if (data == NULL) data = "";
    if (connection == NULL)
        screen_message(NULL, "the server", type, data);
    else if (is_own(connection))
        screen_message(connection, "you", NULL, data);
    else if (type == NULL || strcmp(type, TO_ALL) == 0)
        screen_message(connection, NULL, NULL, data);
    else
        screen_message(connection, NULL, strcmp(type, TO_ONE) == 0 ? "to you" : type, data);
}

static void on_reconnecting(otc_session *session, void *user_data) {
    (void)session;
    (void)user_data;
    screen_notice("reconnecting: what you write now is sent afterwards");
}

static void on_reconnected(otc_session *session, void *user_data) {
    (void)session;
    (void)user_data;
    screen_notice("reconnected");
}

static void on_disconnected(otc_session *session, void *user_data) {
    (void)user_data;
    switch (otc_session_get_disconnect_reason(session)) {
    case OTC_DISCONNECT_REASON_FORCE_DISCONNECTED: screen_notice("disconnected: removed by a moderator"); break;
    case OTC_DISCONNECT_REASON_NETWORK_DISCONNECTED: screen_notice("disconnected: the network is gone"); break;
    default: screen_notice("disconnected"); break;
    }
    wake(WAKE_DISCONNECTED);
}

static void on_error(otc_session *session, void *user_data, const char *text, enum otc_session_error_code code) {
    (void)session;
    (void)user_data;
    screen_problem("error %d: %s", (int)code, text);
    if (own == NULL) wake(WAKE_FAILED);
}

/* What is typed */

static void report(otc_status status) {
    if (status != OTC_SUCCESS) screen_problem("not sent: %s", otc_last_error_text());
}

static void show_everybody(otc_session *session) {
    otc_connection_list *everybody = otc_session_get_connections(session);
    int i, count = otc_connection_list_get_size(everybody);
    screen_notice("%d here:", count);
    for (i = 0; i < count; i++) {
        const otc_connection *connection = otc_connection_list_get(everybody, i);
        struct chat_name name;
        chat_name_of(connection, &name);
        screen_notice("  %s%s", name.text, is_own(connection) ? " (you)" : "");
    }
    otc_connection_list_delete(everybody);
}

/* The best addressee so far for "NAME text": the longest name wins, since names may have blanks in them. */
struct addressee {
    const char *line;
    size_t name_length;
    const otc_connection *connection;
    int others_of_that_name;
};

static void consider(const otc_connection *connection, struct addressee *best) {
    struct chat_name name;
    size_t length;
    chat_name_of(connection, &name);
    length = strlen(name.text);
    if (is_own(connection) || length < best->name_length || strncmp(best->line, name.text, length) != 0) return;
    if (best->line[length] != ' ' && best->line[length] != '\0') return;
    if (best->connection != NULL && length == best->name_length) {
        best->others_of_that_name++;
        return;
    }
    best->connection = connection;
    best->name_length = length;
    best->others_of_that_name = 0;
}

static void send_to(otc_session *session, const struct addressee *addressee) {
    const char *text = addressee->line + addressee->name_length;
    otc_status status;
    text += strspn(text, " ");
    if (*text == '\0') {
        screen_problem("nothing to send: /to NAME text");
        return;
    }
    status = otc_session_signal_to_connection(session, TO_ONE, text, addressee->connection);
    if (status == OTC_SUCCESS) screen_message(addressee->connection, "you", "private", text);
    report(status);
}

static void send_to_one(otc_session *session, const char *name_and_text) {
    otc_connection_list *everybody = otc_session_get_connections(session);
    struct addressee best = {NULL, 0, NULL, 0};
    int i;
    best.line = name_and_text;
    for (i = 0; i < otc_connection_list_get_size(everybody); i++) consider(otc_connection_list_get(everybody, i), &best);
    if (best.connection == NULL)
        screen_problem("nobody here has that name: /who lists the names");
    else if (best.others_of_that_name > 0)
        screen_problem("%d people have that name, so it is not clear who is meant", best.others_of_that_name + 1);
    else
        send_to(session, &best);
    otc_connection_list_delete(everybody);
}

/* Returns 0 for /quit. */
static int run_line(otc_session *session, const char *line) {
    if (*line == '\0') return 1;
    if (*line != '/') {
        report(otc_session_signal(session, TO_ALL, line));
    } else if (strcmp(line, "/quit") == 0) {
        return 0;
    } else if (strcmp(line, "/who") == 0) {
        show_everybody(session);
    } else if (strncmp(line, "/to ", 4) == 0) {
        send_to_one(session, line + 4 + strspn(line + 4, " "));
    } else {
        screen_problem("there are /who, /to NAME text and /quit");
    }
    return 1;
}

/* Returns 0 when there will be no more lines. */
static int run_input(otc_session *session, struct line_reader *input) {
    char *line;
    size_t length;
    line_reader_fill(input);
    for (;;) {
        switch (line_reader_next(input, &line, &length)) {
        case LINE_READY:
            if (length > 0 && line[length - 1] == '\r') line[length - 1] = '\0';
            if (!run_line(session, line)) return 0;
            break;
        case LINE_TOO_LONG: screen_problem("that line is too long"); break;
        case LINE_PARTIAL: return 1;
        case LINE_END: return 0;
        }
    }
}

/* The life of the program */

static void leave(otc_session *session) {
    enum wake_reason reason = WAKE_INPUT;
    otc_session_disconnect(session);
    while (reason != WAKE_DISCONNECTED && reason != WAKE_TIMEOUT) reason = wake_wait(-1, LEAVE_MS);
}

/* Returns the exit code. What is typed waits until we are connected. */
static int run(otc_session *session) {
    struct line_reader input;
    int connected = 0, exit_code = -1;
    line_reader_init(&input, STDIN_FILENO);
    while (exit_code < 0) {
        switch (wake_wait(connected ? STDIN_FILENO : -1, -1)) {
        case WAKE_CONNECTED: connected = 1; break;
        case WAKE_FAILED: exit_code = 1; break;
        case WAKE_DISCONNECTED: exit_code = 0; break;
        case WAKE_INPUT:
            if (run_input(session, &input)) break;
            leave(session);
            exit_code = 0;
            break;
        case WAKE_INTERRUPTED:
            if (connected) leave(session);
            exit_code = 0;
            break;
        default: break;
        }
    }
    line_reader_free(&input);
    return exit_code;
}

static otc_session *new_session(char **argv) {
    struct otc_session_callbacks callbacks;
    otc_session_settings *settings = otc_session_settings_new();
    otc_session *session;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.on_connected = on_connected;
    callbacks.on_disconnected = on_disconnected;
    callbacks.on_connection_created = on_connection_created;
    callbacks.on_connection_dropped = on_connection_dropped;
    callbacks.on_signal_received = on_signal_received;
    callbacks.on_reconnecting = on_reconnecting;
    callbacks.on_reconnected = on_reconnected;
    callbacks.on_error = on_error;
    otc_session_settings_set_api_url(settings, argv[1]);
    session = otc_session_new_with_settings(argv[2], argv[3], &callbacks, settings);
    otc_session_settings_delete(settings);
    return session;
}

int main(int argc, char **argv) {
    otc_session *session;
    int exit_code = 1;
    if (argc != 5) {
        fprintf(stderr, "usage: chat URL API_KEY SESSION_ID TOKEN\n");
        return 2;
    }
    if (wake_open() != 0) {
        perror("chat");
        return 1;
    }
    if (otc_init(NULL) != OTC_SUCCESS) {
        fprintf(stderr, "chat: %s\n", otc_last_error_text());
        return 1;
    }
    screen_open();
    session = new_session(argv);
    if (session != NULL && otc_session_connect(session, argv[4]) == OTC_SUCCESS)
        exit_code = run(session);
    else
        screen_problem("%s", otc_last_error_text());
    if (session != NULL) otc_session_delete(session);
    if (own != NULL) otc_connection_delete(own);
    otc_destroy();
    return exit_code;
}
