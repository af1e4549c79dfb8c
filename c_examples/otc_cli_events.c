#define _POSIX_C_SOURCE 200809L

#include "otc_cli_events.h"

#include "json.h"
#include "wake.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/* Lines */

static void begin_event(struct json_writer *line, const char *event) {
    json_begin(line);
    json_put_string(line, "event", event);
}

static int write_all(const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -1;
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

static void print_event(struct json_writer *line) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int result;
    json_end(line);
    pthread_mutex_lock(&lock);
    result = write_all(line->text, line->length);
    pthread_mutex_unlock(&lock);
    json_writer_free(line);
    if (result != 0) wake(WAKE_OUTPUT_CLOSED);
}

static void print_plain_event(const char *event) {
    struct json_writer line;
    begin_event(&line, event);
    print_event(&line);
}

static void put_connection(struct json_writer *line, const otc_connection *connection) {
    json_put_string(line, "connectionId", otc_connection_get_id(connection));
    json_put_string(line, "data", otc_connection_get_data(connection));
}

static void print_connection_event(const char *event, const otc_connection *connection) {
    struct json_writer line;
    begin_event(&line, event);
    put_connection(&line, connection);
    print_event(&line);
}

/* Names of the library's values */

static const char *reason_name(enum otc_disconnect_reason reason) {
    switch (reason) {
    case OTC_DISCONNECT_REASON_CLIENT_DISCONNECTED: return "clientDisconnected";
    case OTC_DISCONNECT_REASON_FORCE_DISCONNECTED: return "forceDisconnected";
    case OTC_DISCONNECT_REASON_NETWORK_DISCONNECTED: return "networkDisconnected";
    default: return NULL;
    }
}

static const char *status_name(enum otc_connection_status status) {
    switch (status) {
    case OTC_CONNECTION_STATUS_NOT_CONNECTED: return "notConnected";
    case OTC_CONNECTION_STATUS_CONNECTING: return "connecting";
    case OTC_CONNECTION_STATUS_CONNECTED: return "connected";
    case OTC_CONNECTION_STATUS_RECONNECTING: return "reconnecting";
    case OTC_CONNECTION_STATUS_DISCONNECTING: return "disconnecting";
    case OTC_CONNECTION_STATUS_FAILED: return "failed";
    default: return NULL;
    }
}

static const char *video_type_name(enum otc_stream_video_type type) {
    switch (type) {
    case OTC_STREAM_VIDEO_TYPE_CAMERA: return "camera";
    case OTC_STREAM_VIDEO_TYPE_SCREEN: return "screen";
    case OTC_STREAM_VIDEO_TYPE_CUSTOM: return "custom";
    default: return NULL;
    }
}

/* Streams: every event has all that is to be known of the stream, as it is now */

static void begin_stream_event(struct json_writer *line, const char *event, const otc_stream *stream) {
    int has_video = otc_stream_has_video_track(stream);
    begin_event(line, event);
    json_put_string(line, "streamId", otc_stream_get_id(stream));
    json_put_string(line, "name", otc_stream_get_name(stream));
    json_put_string(line, "connectionId", otc_connection_get_id(otc_stream_get_connection(stream)));
    json_put_integer(line, "creationTime", (long long)otc_stream_get_creation_time(stream));
    json_put_boolean(line, "hasAudioTrack", otc_stream_has_audio_track(stream));
    json_put_boolean(line, "hasAudio", otc_stream_has_audio(stream));
    json_put_boolean(line, "hasCaptions", otc_stream_has_captions(stream));
    json_put_boolean(line, "hasVideoTrack", has_video);
    json_put_boolean(line, "hasVideo", otc_stream_has_video(stream));
    json_put_string(line, "videoType", has_video ? video_type_name(otc_stream_get_video_type(stream)) : NULL);
    json_put_integer(line, "width", otc_stream_get_video_width(stream));
    json_put_integer(line, "height", otc_stream_get_video_height(stream));
}

static void print_stream_event(const char *event, const otc_stream *stream) {
    struct json_writer line;
    begin_stream_event(&line, event, stream);
    print_event(&line);
}

static void print_stream_switched(const char *event, const otc_stream *stream, otc_bool is_on) {
    struct json_writer line;
    begin_stream_event(&line, event, stream);
    json_put_boolean(&line, "changedTo", is_on);
    print_event(&line);
}

/* Callbacks: one at a time, on a thread of the library */

/* Whether on_connected has been called: an error before it means that the connect has failed. Only callbacks use it. */
static int was_connected;

static void on_connected(otc_session *session, void *user_data) {
    otc_connection *own = otc_session_get_connection(session);
    (void)user_data;
    was_connected = 1;
    print_connection_event("connected", own);
    otc_connection_delete(own);
    wake(WAKE_CONNECTED);
}

static void on_disconnected(otc_session *session, void *user_data) {
    struct json_writer line;
    (void)user_data;
    begin_event(&line, "disconnected");
    json_put_string(&line, "reason", reason_name(otc_session_get_disconnect_reason(session)));
    print_event(&line);
    wake(WAKE_DISCONNECTED);
}

static void on_error(otc_session *session, void *user_data, const char *text, enum otc_session_error_code code) {
    (void)session;
    (void)user_data;
    events_print_error((int)code, text);
    if (!was_connected) wake(WAKE_FAILED);
}

static void on_connection_created(otc_session *session, void *user_data, const otc_connection *connection) {
    (void)session;
    (void)user_data;
    print_connection_event("connectionCreated", connection);
}

static void on_connection_dropped(otc_session *session, void *user_data, const otc_connection *connection) {
    (void)session;
    (void)user_data;
    print_connection_event("connectionDropped", connection);
}

static void on_stream_received(otc_session *session, void *user_data, const otc_stream *stream) {
    (void)session;
    (void)user_data;
    print_stream_event("streamReceived", stream);
}

static void on_stream_dropped(otc_session *session, void *user_data, const otc_stream *stream) {
    (void)session;
    (void)user_data;
    print_stream_event("streamDropped", stream);
}

static void on_stream_has_audio_changed(otc_session *session, void *user_data, const otc_stream *stream, otc_bool has_audio) {
    (void)session;
    (void)user_data;
    print_stream_switched("streamHasAudioChanged", stream, has_audio);
}

static void on_stream_has_video_changed(otc_session *session, void *user_data, const otc_stream *stream, otc_bool has_video) {
    (void)session;
    (void)user_data;
    print_stream_switched("streamHasVideoChanged", stream, has_video);
}

static void on_stream_has_captions_changed(otc_session *session, void *user_data, const otc_stream *stream,
                                           otc_bool has_captions) {
    (void)session;
    (void)user_data;
    print_stream_switched("streamHasCaptionsChanged", stream, has_captions);
}

static void on_stream_video_dimensions_changed(otc_session *session, void *user_data, const otc_stream *stream, int width,
                                               int height) {
    struct json_writer line;
    char size[32];
    (void)session;
    (void)user_data;
    snprintf(size, sizeof size, "%dx%d", width, height);
    begin_stream_event(&line, "streamVideoDimensionsChanged", stream);
    json_put_string(&line, "changedTo", size);
    print_event(&line);
}

static void on_stream_video_type_changed(otc_session *session, void *user_data, const otc_stream *stream,
                                         enum otc_stream_video_type type) {
    struct json_writer line;
    (void)session;
    (void)user_data;
    begin_stream_event(&line, "streamVideoTypeChanged", stream);
    json_put_string(&line, "changedTo", video_type_name(type));
    print_event(&line);
}

static void on_signal_received(otc_session *session, void *user_data, const char *type, const char *data,
                               const otc_connection *connection) {
    struct json_writer line;
    (void)session;
    (void)user_data;
    begin_event(&line, "signal");
    json_put_string(&line, "type", type);
    json_put_string(&line, "data", data);
    json_put_string(&line, "from", connection == NULL ? NULL : otc_connection_get_id(connection));
    print_event(&line);
}

static void on_reconnecting(otc_session *session, void *user_data) {
    (void)session;
    (void)user_data;
    print_plain_event("reconnecting");
}

static void on_reconnected(otc_session *session, void *user_data) {
    (void)session;
    (void)user_data;
    print_plain_event("reconnected");
}

static void on_archive_started(otc_session *session, void *user_data, const char *archive_id, const char *name) {
    struct json_writer line;
    (void)session;
    (void)user_data;
    begin_event(&line, "archiveStarted");
    json_put_string(&line, "id", archive_id);
    json_put_string(&line, "name", name);
    print_event(&line);
}

static void on_archive_stopped(otc_session *session, void *user_data, const char *archive_id) {
    struct json_writer line;
    (void)session;
    (void)user_data;
    begin_event(&line, "archiveStopped");
    json_put_string(&line, "id", archive_id);
    print_event(&line);
}

static void on_mute_forced(otc_session *session, void *user_data, otc_on_mute_forced_info *mute_info) {
    struct json_writer line;
    (void)session;
    (void)user_data;
    begin_event(&line, "muteForced");
    json_put_boolean(&line, "active", mute_info->active);
    print_event(&line);
}

static void on_status_changed(otc_session *session, void *user_data, enum otc_connection_status status) {
    struct json_writer line;
    (void)session;
    (void)user_data;
    begin_event(&line, "statusChanged");
    json_put_string(&line, "status", status_name(status));
    print_event(&line);
}

static void on_signal_failed(otc_session *session, void *user_data, const char *type, const char *data, const char *connection_id,
                             enum otc_session_error_code error, const char *error_text) {
    struct json_writer line;
    (void)session;
    (void)user_data;
    begin_event(&line, "signalFailed");
    json_put_string(&line, "type", type);
    json_put_string(&line, "data", data);
    json_put_string(&line, "to", connection_id);
    json_put_integer(&line, "code", (int)error);
    json_put_string(&line, "message", error_text);
    print_event(&line);
}

static void on_released(void *user_data) {
    (void)user_data;
    print_plain_event("released");
}

void events_fill_callbacks(struct otc_session_callbacks *callbacks) {
    callbacks->on_connected = on_connected;
    callbacks->on_disconnected = on_disconnected;
    callbacks->on_error = on_error;
    callbacks->on_connection_created = on_connection_created;
    callbacks->on_connection_dropped = on_connection_dropped;
    callbacks->on_stream_received = on_stream_received;
    callbacks->on_stream_dropped = on_stream_dropped;
    callbacks->on_stream_has_audio_changed = on_stream_has_audio_changed;
    callbacks->on_stream_has_video_changed = on_stream_has_video_changed;
    callbacks->on_stream_has_captions_changed = on_stream_has_captions_changed;
    callbacks->on_stream_video_dimensions_changed = on_stream_video_dimensions_changed;
    callbacks->on_stream_video_type_changed = on_stream_video_type_changed;
    callbacks->on_signal_received = on_signal_received;
    callbacks->on_reconnecting = on_reconnecting;
    callbacks->on_reconnected = on_reconnected;
    callbacks->on_archive_started = on_archive_started;
    callbacks->on_archive_stopped = on_archive_stopped;
    callbacks->on_mute_forced = on_mute_forced;
}

void events_watch(otc_session *session) {
    otc_session_set_on_status_changed(session, on_status_changed);
    otc_session_set_on_signal_failed(session, on_signal_failed);
    otc_session_set_on_released(session, on_released);
}

/* Answers to commands */

void events_print_error(int code, const char *message) {
    struct json_writer line;
    begin_event(&line, "error");
    json_put_integer(&line, "code", code);
    json_put_string(&line, "message", message);
    print_event(&line);
}

void events_print_bad_command(const char *message) {
    struct json_writer line;
    begin_event(&line, "badCommand");
    json_put_string(&line, "message", message);
    print_event(&line);
}

void events_print_status(otc_session *session) {
    otc_connection *own = otc_session_get_connection(session);
    otc_connection_list *everybody = otc_session_get_connections(session);
    struct json_writer line;
    begin_event(&line, "status");
    json_put_string(&line, "status", status_name(otc_session_get_connection_status(session)));
    json_put_string(&line, "sessionId", otc_session_get_id(session));
    json_put_string(&line, "connectionId", own == NULL ? NULL : otc_connection_get_id(own));
    json_put_integer(&line, "connections", everybody == NULL ? 0 : otc_connection_list_get_size(everybody));
    print_event(&line);
    if (everybody != NULL) otc_connection_list_delete(everybody);
    if (own != NULL) otc_connection_delete(own);
}

int events_print_connections(otc_session *session) {
    otc_connection_list *everybody = otc_session_get_connections(session);
    struct json_writer line;
    int i;
    if (everybody == NULL) return 0;
    begin_event(&line, "connections");
    json_open_array(&line, "connections");
    for (i = 0; i < otc_connection_list_get_size(everybody); i++) {
        json_open_item(&line);
        put_connection(&line, otc_connection_list_get(everybody, i));
        json_close_item(&line);
    }
    json_close_array(&line);
    print_event(&line);
    otc_connection_list_delete(everybody);
    return 1;
}

void events_print_issue(const char *issue_id) {
    struct json_writer line;
    begin_event(&line, "issueReported");
    json_put_string(&line, "issueId", issue_id);
    print_event(&line);
}
