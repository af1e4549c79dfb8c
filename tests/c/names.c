/* Every function of the session layer under its own name and with its own signature, as programs and bindings for the
 * vendor's SDK have them: c-api.md §1.1 to §1.3, §3.1, §3.2. The compiler and the linker do the checking. */
#include "support/check.h"
#include <opentok.h>
#include <stddef.h>
#include <string.h>

/* Declares a pointer of the very type that the function has to have, and points it there. */
#define HAS(type, name, arguments) type(*const p_##name) arguments = name; CHECK(p_##name != NULL)

static void logger(const char *message) {
    (void)message;
}

static void base(void) {
    otc_logger_callback callback = logger;
    HAS(otc_status, otc_init, (void *));
    HAS(otc_status, otc_destroy, (void));
    HAS(void, otc_log_set_logger_callback, (otc_logger_callback));
    HAS(void, otc_log_enable, (enum otc_log_level));
    HAS(enum otc_log_level, otc_get_log_level, (void));
    CHECK(callback != NULL);
}

static void settings(void) {
    HAS(otc_session_settings *, otc_session_settings_new, (void));
    HAS(otc_status, otc_session_settings_set_connection_events_suppressed, (otc_session_settings *, otc_bool));
    HAS(otc_status, otc_session_settings_set_custom_ice_config, (otc_session_settings *, const struct otc_custom_ice_config *));
    HAS(otc_status, otc_session_settings_set_proxy_url, (otc_session_settings *, const char *));
    HAS(otc_status, otc_session_settings_set_ip_whitelist, (otc_session_settings *, otc_bool));
    HAS(otc_status, otc_session_settings_set_session_migration, (otc_session_settings *, otc_bool));
    HAS(otc_status, otc_session_settings_set_single_peer_connection, (otc_session_settings *, otc_bool));
    HAS(otc_status, otc_session_settings_delete, (otc_session_settings *));
}

static void session(void) {
    HAS(otc_session *, otc_session_new, (const char *, const char *, const struct otc_session_callbacks *));
    HAS(otc_session *, otc_session_new_with_settings,
        (const char *, const char *, const struct otc_session_callbacks *, otc_session_settings *));
    HAS(otc_status, otc_session_delete, (otc_session *));
    HAS(otc_status, otc_session_connect, (otc_session *, const char *));
    HAS(otc_status, otc_session_connect_to_host, (otc_session *, const char *, const char *, int, otc_bool, const char *));
    HAS(otc_status, otc_session_disconnect, (otc_session *));
    HAS(char *, otc_session_get_id, (const otc_session *));
    HAS(otc_connection *, otc_session_get_connection, (const otc_session *));
    HAS(struct otc_session_capabilities, otc_session_get_capabilities, (const otc_session *));
    HAS(void *, otc_session_get_user_data, (const otc_session *));
}

static void signals(void) {
    HAS(otc_status, otc_session_send_signal, (otc_session *, const char *, const char *));
    HAS(otc_status, otc_session_send_signal_to_connection,
        (otc_session *, const char *, const char *, const otc_connection *));
    HAS(otc_status, otc_session_send_signal_with_options,
        (otc_session *, const char *, const char *, struct otc_signal_options));
    HAS(otc_status, otc_session_send_signal_to_connection_with_options,
        (otc_session *, const char *, const char *, const otc_connection *, struct otc_signal_options));
}

static void moderation(void) {
    HAS(otc_status, otc_session_force_mute_all, (otc_session *, const char **, const int));
    HAS(otc_status, otc_session_disable_force_mute, (otc_session *));
    HAS(otc_status, otc_session_force_mute_stream, (const otc_session *, const char *));
    HAS(otc_status, otc_session_force_disconnect, (otc_session *, const otc_connection *));
    HAS(otc_status, otc_session_set_encryption_secret, (otc_session *, const char *));
    HAS(otc_status, otc_session_report_issue, (struct otc_session *, const char *, char **));
}

static void connection(void) {
    HAS(const char *, otc_connection_get_id, (const otc_connection *));
    HAS(int64_t, otc_connection_get_creation_time, (const otc_connection *));
    HAS(const char *, otc_connection_get_data, (const otc_connection *));
    HAS(const char *, otc_connection_get_session_id, (const otc_connection *));
    HAS(otc_connection *, otc_connection_copy, (const otc_connection *));
    HAS(otc_status, otc_connection_delete, (otc_connection *));
}

static void stream(void) {
    HAS(const char *, otc_stream_get_id, (const otc_stream *));
    HAS(const char *, otc_stream_get_name, (const otc_stream *));
    HAS(otc_bool, otc_stream_has_video_track, (const otc_stream *));
    HAS(otc_bool, otc_stream_has_video, (const otc_stream *));
    HAS(otc_bool, otc_stream_has_audio_track, (const otc_stream *));
    HAS(otc_bool, otc_stream_has_audio, (const otc_stream *));
    HAS(otc_bool, otc_stream_has_captions, (const otc_stream *));
    HAS(otc_stream *, otc_stream_copy, (const otc_stream *));
    HAS(otc_status, otc_stream_delete, (otc_stream *));
    HAS(int, otc_stream_get_video_width, (const otc_stream *));
    HAS(int, otc_stream_get_video_height, (const otc_stream *));
    HAS(int64_t, otc_stream_get_creation_time, (const otc_stream *));
    HAS(enum otc_stream_video_type, otc_stream_get_video_type, (const otc_stream *));
    HAS(const otc_connection *, otc_stream_get_connection, (const otc_stream *));
}

static void plain(otc_session *session, void *user_data) {
    (void)session, (void)user_data;
}

static void about_connection(otc_session *session, void *user_data, const otc_connection *connection) {
    (void)session, (void)user_data, (void)connection;
}

static void about_stream(otc_session *session, void *user_data, const otc_stream *stream) {
    (void)session, (void)user_data, (void)stream;
}

static void stream_has(otc_session *session, void *user_data, const otc_stream *stream, otc_bool has) {
    (void)session, (void)user_data, (void)stream, (void)has;
}

static void dimensions(otc_session *session, void *user_data, const otc_stream *stream, int width, int height) {
    (void)session, (void)user_data, (void)stream, (void)width, (void)height;
}

static void video_type(otc_session *session, void *user_data, const otc_stream *stream, enum otc_stream_video_type type) {
    (void)session, (void)user_data, (void)stream, (void)type;
}

static void signal_received(otc_session *session, void *user_data, const char *type, const char *signal,
                            const otc_connection *connection) {
    (void)session, (void)user_data, (void)type, (void)signal, (void)connection;
}

static void archive_started(otc_session *session, void *user_data, const char *archive_id, const char *name) {
    (void)session, (void)user_data, (void)archive_id, (void)name;
}

static void archive_stopped(otc_session *session, void *user_data, const char *archive_id) {
    (void)session, (void)user_data, (void)archive_id;
}

static void error(otc_session *session, void *user_data, const char *error_string, enum otc_session_error_code error) {
    (void)session, (void)user_data, (void)error_string, (void)error;
}

static void mute_forced(otc_session *session, void *user_data, otc_on_mute_forced_info *mute_info) {
    (void)session, (void)user_data, (void)mute_info;
}

static void callbacks(void) {
    struct otc_session_callbacks all;
    void *const *slot = (void *const *)(void *)&all;
    size_t index;
    memset(&all, 0, sizeof all);
    all.on_connected = plain;
    all.on_disconnected = plain;
    all.on_connection_created = about_connection;
    all.on_connection_dropped = about_connection;
    all.on_stream_received = about_stream;
    all.on_stream_dropped = about_stream;
    all.on_stream_has_audio_changed = stream_has;
    all.on_stream_has_video_changed = stream_has;
    all.on_stream_has_captions_changed = stream_has;
    all.on_stream_video_dimensions_changed = dimensions;
    all.on_stream_video_type_changed = video_type;
    all.on_signal_received = signal_received;
    all.on_reconnection_started = plain;
    all.on_reconnected = plain;
    all.on_archive_started = archive_started;
    all.on_archive_stopped = archive_stopped;
    all.on_error = error;
    all.on_mute_forced = mute_forced;
    for (index = 0; index < 18; index++) {
        CHECK(slot[index] != NULL);
    }
    CHECK(all.user_data == NULL && all.reserved == NULL);
}

int main(void) {
    base();
    settings();
    session();
    signals();
    moderation();
    connection();
    stream();
    callbacks();
    return 0;
}
