#include "otc_cli_commands.h"

#include "json.h"
#include "otc_cli_events.h"
#include "roster.h"

#include <stdio.h>
#include <string.h>

#define USABLE_COMMANDS "\"signal\", \"status\" or \"disconnect\""

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

static int get_boolean(const struct json_object *command, const char *name, otc_bool *value) {
    const struct json_member *member = json_find(command, name);
    if (member == NULL) return 1;
    if (member->kind != JSON_TRUE && member->kind != JSON_FALSE) return bad_member(name, "true or false");
    *value = member->kind == JSON_TRUE ? OTC_TRUE : OTC_FALSE;
    return 1;
}

/* A misspelt member would change what a command does, so it is not passed over. `known` is a list that ends with NULL. */
static int has_only(const struct json_object *command, const char *const known[]) {
    size_t i, k;
    for (i = 0; i < command->count; i++) {
        for (k = 0; known[k] != NULL && strcmp(known[k], command->members[i].name) != 0;) k++;
        if (known[k] == NULL) {
            char message[160];
            snprintf(message, sizeof message, "this command has no \"%.40s\"", command->members[i].name);
            events_print_bad_command(message);
            return 0;
        }
    }
    return 1;
}

static void report(otc_status status) {
    if (status != OTC_SUCCESS) events_print_error(status, otc_last_error_text());
}

static void run_signal(otc_session *session, const struct json_object *command) {
    static const char *const known[] = {"cmd", "type", "data", "to", "retryAfterReconnect", NULL};
    struct otc_signal_options options;
    const char *type, *data, *to;
    otc_connection *addressee;

    options.retry_after_reconnect = OTC_TRUE;
    if (!has_only(command, known) || !get_text(command, "type", &type) || !get_text(command, "data", &data) ||
        !get_text(command, "to", &to) || !get_boolean(command, "retryAfterReconnect", &options.retry_after_reconnect))
        return;
    if (to == NULL) {
        report(otc_session_signal_with_options(session, type, data, options));
        return;
    }
    addressee = roster_find(to);
    if (addressee == NULL) {
        events_print_error(OTC_SESSION_NULL_OR_INVALID_PARAMETER,
                           "nobody in the session has that connection id: use one from connected or connectionCreated");
        return;
    }
    report(otc_session_signal_to_connection_with_options(session, type, data, addressee, options));
    otc_connection_delete(addressee);
}

static void run_object(otc_session *session, const struct json_object *command) {
    static const char *const only_cmd[] = {"cmd", NULL};
    const struct json_member *cmd = json_find(command, "cmd");
    if (cmd == NULL || cmd->kind != JSON_STRING) {
        bad_member("cmd", USABLE_COMMANDS);
    } else if (strcmp(cmd->text, "signal") == 0) {
        run_signal(session, command);
    } else if (strcmp(cmd->text, "status") == 0) {
        if (has_only(command, only_cmd)) events_print_status(session);
    } else if (strcmp(cmd->text, "disconnect") == 0) {
        if (has_only(command, only_cmd)) report(otc_session_disconnect(session));
    } else {
        bad_member("cmd", USABLE_COMMANDS);
    }
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
