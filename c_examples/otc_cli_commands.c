#include "otc_cli_commands.h"

#include "json.h"
#include "otc_cli_events.h"

#include <stdlib.h>
#include <string.h>

/* Members: these return 0 after they have answered what is wrong */

/* Answers that `name` must be something else. */
static int bad_member(const char *name, const char *wanted) {
    char message[128];
    snprintf(message, sizeof message, "\"%.40s\" must be %s", name, wanted);
    events_print_bad_command(message);
    return 0;
}

/* Absent and null are the same: *text is NULL. */
static int get_text(const struct json_object *command, const char *name, const char **text) {
    const struct json_member *member = json_find(command, name);
    *text = NULL;
    if (member == NULL || member->kind == JSON_NULL) return 1;
    if (member->kind != JSON_STRING) return bad_member(name, "a string or null");
    *text = member->text;
    return 1;
}

static int need_text(const struct json_object *command, const char *name, const char **text) {
    const struct json_member *member = json_find(command, name);
    if (member == NULL || member->kind != JSON_STRING) return bad_member(name, "a string");
    *text = member->text;
    return 1;
}

/* Absent and null are the same: there are none. */
static int get_texts(const struct json_object *command, const char *name, const char ***texts, int *count) {
    const struct json_member *member = json_find(command, name);
    *texts = NULL;
    *count = 0;
    if (member == NULL || member->kind == JSON_NULL) return 1;
    if (member->kind != JSON_TEXTS) return bad_member(name, "an array of strings or null");
    *texts = (const char **)member->texts;
    *count = (int)member->text_count; /* a line is too short for more than an int can count */
    return 1;
}

static int get_boolean(const struct json_object *command, const char *name, otc_bool *value) {
    const struct json_member *member = json_find(command, name);
    if (member == NULL) return 1;
    if (member->kind != JSON_TRUE && member->kind != JSON_FALSE) return bad_member(name, "true or false");
    *value = member->kind == JSON_TRUE ? OTC_TRUE : OTC_FALSE;
    return 1;
}

/* A misspelt member would change what a command does, so it is not passed over. `known` is a list that ends with NULL. */
static int has_only(const struct json_object *command, const char *const *known) {
    size_t i, k;
    for (i = 0; i < command->count; i++) {
        const char *name = command->members[i].name;
        if (strcmp(name, "cmd") == 0) continue;
        for (k = 0; known[k] != NULL && strcmp(known[k], name) != 0;) k++;
        if (known[k] == NULL) {
            char message[160];
            snprintf(message, sizeof message, "this command has no \"%.40s\"", name);
            events_print_bad_command(message);
            return 0;
        }
    }
    return 1;
}

/* Commands */

static void report(otc_status status) {
    if (status != OTC_SUCCESS) events_print_error(status, otc_last_error_text());
}

/* Who has that connection id, for the caller to delete. NULL after it has answered that nobody has. */
static otc_connection *find_connection(otc_session *session, const char *id) {
    otc_connection_list *everybody = otc_session_get_connections(session);
    otc_connection *found = NULL;
    int i;
    if (everybody == NULL) {
        events_print_error(OTC_SESSION_NOT_CONNECTED, otc_last_error_text());
        return NULL;
    }
    for (i = 0; i < otc_connection_list_get_size(everybody) && found == NULL; i++) {
        const otc_connection *connection = otc_connection_list_get(everybody, i);
        if (strcmp(otc_connection_get_id(connection), id) == 0) found = otc_connection_copy(connection);
    }
    otc_connection_list_delete(everybody);
    if (found == NULL)
        events_print_error(OTC_SESSION_NULL_OR_INVALID_PARAMETER,
                           "nobody in the session has that connection id: use one from connected or connectionCreated");
    return found;
}

static void run_signal(otc_session *session, const struct json_object *command) {
    struct otc_signal_options options;
    const char *type, *data, *to;
    otc_connection *addressee;

    options.retry_after_reconnect = OTC_TRUE;
    if (!get_text(command, "type", &type) || !get_text(command, "data", &data) || !get_text(command, "to", &to) ||
        !get_boolean(command, "retryAfterReconnect", &options.retry_after_reconnect))
        return;
    if (to == NULL) {
        report(otc_session_signal_with_options(session, type, data, options));
        return;
    }
    addressee = find_connection(session, to);
    if (addressee == NULL) return;
    report(otc_session_signal_to_connection_with_options(session, type, data, addressee, options));
    otc_connection_delete(addressee);
}

static void run_status(otc_session *session, const struct json_object *command) {
    (void)command;
    events_print_status(session);
}

static void run_connections(otc_session *session, const struct json_object *command) {
    (void)command;
    if (!events_print_connections(session)) events_print_error(OTC_SESSION_NOT_CONNECTED, otc_last_error_text());
}

static void run_force_mute_all(otc_session *session, const struct json_object *command) {
    const char **excluded;
    int count;
    if (get_texts(command, "excludedStreams", &excluded, &count)) report(otc_session_force_mute_all(session, excluded, count));
}

static void run_disable_force_mute(otc_session *session, const struct json_object *command) {
    (void)command;
    report(otc_session_disable_force_mute(session));
}

static void run_force_mute_stream(otc_session *session, const struct json_object *command) {
    const char *stream_id;
    if (need_text(command, "streamId", &stream_id)) report(otc_session_force_mute_stream(session, stream_id));
}

static void run_force_disconnect(otc_session *session, const struct json_object *command) {
    const char *connection_id;
    otc_connection *connection;
    if (!need_text(command, "connectionId", &connection_id)) return;
    connection = find_connection(session, connection_id);
    if (connection == NULL) return;
    report(otc_session_force_disconnect(session, connection));
    otc_connection_delete(connection);
}

static void run_set_encryption_secret(otc_session *session, const struct json_object *command) {
    const char *secret;
    if (need_text(command, "secret", &secret)) report(otc_session_set_encryption_secret(session, secret));
}

static void run_report_issue(otc_session *session, const struct json_object *command) {
    const char *description;
    char *issue_id = NULL;
    otc_status status;
    if (!need_text(command, "description", &description)) return;
    status = otc_session_report_issue(session, description, &issue_id);
    report(status);
    if (status == OTC_SUCCESS) events_print_issue(issue_id);
    free(issue_id);
}

static void run_disconnect(otc_session *session, const struct json_object *command) {
    (void)command;
    report(otc_session_disconnect(session));
}

static const char *const no_members[] = {NULL};
static const char *const signal_members[] = {"type", "data", "to", "retryAfterReconnect", NULL};
static const char *const mute_all_members[] = {"excludedStreams", NULL};
static const char *const mute_stream_members[] = {"streamId", NULL};
static const char *const force_disconnect_members[] = {"connectionId", NULL};
static const char *const secret_members[] = {"secret", NULL};
static const char *const issue_members[] = {"description", NULL};

static const struct {
    const char *name;
    const char *const *members; /* beside "cmd" */
    void (*run)(otc_session *session, const struct json_object *command);
    const char *help;
} commands[] = {
    {"signal", signal_members, run_signal, "sends a signal, to everybody or to the connection id \"to\""},
    {"status", no_members, run_status, "asks for a status event"},
    {"connections", no_members, run_connections, "asks who is in the session"},
    {"forceMuteAll", mute_all_members, run_force_mute_all, "mutes everybody but the streams of an array of ids"},
    {"disableForceMute", no_members, run_disable_force_mute, "ends that for those who come later"},
    {"forceMuteStream", mute_stream_members, run_force_mute_stream, "mutes one stream"},
    {"forceDisconnect", force_disconnect_members, run_force_disconnect, "makes somebody leave"},
    {"setEncryptionSecret", secret_members, run_set_encryption_secret, "sets the secret of encrypted sessions"},
    {"reportIssue", issue_members, run_report_issue, "asks for an id under which to report a problem"},
    {"disconnect", no_members, run_disconnect, "leaves the session, and ends the program"},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void run_object(otc_session *session, const struct json_object *command) {
    const struct json_member *cmd = json_find(command, "cmd");
    size_t i;
    for (i = 0; cmd != NULL && cmd->kind == JSON_STRING && i < COMMAND_COUNT; i++) {
        if (strcmp(cmd->text, commands[i].name) != 0) continue;
        if (has_only(command, commands[i].members)) commands[i].run(session, command);
        return;
    }
    bad_member("cmd", "the name of a command: otc_cli --help lists them");
}

void command_run(otc_session *session, const char *line, size_t length) {
    struct json_object command;
    struct json_error error;
    if (!json_read_object(line, length, &command, &error)) {
        events_print_bad_command(error.text);
        return;
    }
    run_object(session, &command);
    json_object_free(&command);
}

void command_print_help(FILE *out) {
    size_t i;
    for (i = 0; i < COMMAND_COUNT; i++) {
        const char *const *member;
        fprintf(out, "  {\"cmd\":\"%s\"", commands[i].name);
        for (member = commands[i].members; *member != NULL; member++) fprintf(out, ",\"%s\":...", *member);
        fprintf(out, "}\n      %s\n", commands[i].help);
    }
}
