/* NULL, deleted, wrong-kind and foreign pointers: every function says so, and nothing is followed. */
#include "support/check.h"
#include "support/member.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An object that is no session. */
static void not_a_session(const void *pointer) {
    otc_session *session = (otc_session *)pointer;
    struct otc_session_capabilities may;
    struct otc_signal_options options;
    char here[] = "no issue", *issue = here;
    options.retry_after_reconnect = OTC_TRUE;
    CHECK_NUMBER(otc_session_delete(session), OTC_INVALID_PARAM);
    CHECK_HOLDS(otc_last_error_text(), "session");
    CHECK_NUMBER(otc_session_connect(session, world("TOKEN")), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_connect_to_host(session, "localhost", "", 80, OTC_FALSE, world("TOKEN")), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_disconnect(session), OTC_INVALID_PARAM);
    CHECK(otc_session_get_id(session) == NULL);
    CHECK(otc_session_get_connection(session) == NULL);
    CHECK(otc_session_get_user_data(session) == NULL);
    CHECK_NUMBER(otc_session_get_connection_status(session), OTC_CONNECTION_STATUS_NOT_CONNECTED);
    CHECK_NUMBER(otc_session_get_disconnect_reason(session), OTC_DISCONNECT_REASON_NONE);
    may = otc_session_get_capabilities(session);
    CHECK(!may.publish && !may.subscribe && !may.force_mute && !may.force_disconnect);
    CHECK_NUMBER(otc_session_set_on_released(session, NULL), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_set_on_status_changed(session, NULL), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_set_on_signal_failed(session, NULL), OTC_INVALID_PARAM);
    CHECK(otc_session_get_connections(session) == NULL);
    CHECK_NUMBER(otc_session_force_mute_all(session, NULL, 0), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_disable_force_mute(session), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_force_mute_stream(session, "stream"), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_force_disconnect(session, NULL), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_set_encryption_secret(session, "12345678"), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_report_issue(session, "issue", &issue), OTC_INVALID_PARAM);
    CHECK(issue == NULL);
    CHECK_NUMBER(otc_session_signal(session, "a", "b"), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_signal_to_connection(session, "a", "b", NULL), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_signal_with_options(session, "a", "b", options), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_signal_to_connection_with_options(session, "a", "b", NULL, options), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_send_signal(session, "a", "b"), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_send_signal_to_connection(session, "a", "b", NULL), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_send_signal_with_options(session, "a", "b", options), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_send_signal_to_connection_with_options(session, "a", "b", NULL, options), OTC_INVALID_PARAM);
}

static void not_settings(const void *pointer) {
    otc_session_settings *settings = (otc_session_settings *)pointer;
    struct otc_session_callbacks callbacks;
    struct otc_custom_ice_config ice;
    memset(&callbacks, 0, sizeof callbacks);
    memset(&ice, 0, sizeof ice);
    CHECK_NUMBER(otc_session_settings_set_connection_events_suppressed(settings, OTC_TRUE), OTC_INVALID_PARAM);
    CHECK_HOLDS(otc_last_error_text(), "settings");
    CHECK_NUMBER(otc_session_settings_set_api_url(settings, "http://localhost"), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_ca_file(settings, "/nowhere"), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(settings, &ice), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_proxy_url(settings, NULL), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_network_proxy(settings, NULL), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_user_agent_suffix(settings, NULL), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_record_file(settings, "/nowhere"), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_ip_whitelist(settings, OTC_TRUE), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_session_migration(settings, OTC_TRUE), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_single_peer_connection(settings, OTC_TRUE), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_reconnect_window(settings, 1), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_callback_queue_size(settings, 1), OTC_INVALID_PARAM);
    CHECK_NUMBER(otc_session_settings_set_signal_queue_size(settings, 1), OTC_INVALID_PARAM);
    CHECK(otc_session_new_with_settings(world("KEY"), world("SESSION"), &callbacks, settings) == NULL);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_INVALID_PARAM);
}

static void not_a_connection(const void *pointer) {
    otc_connection *connection = (otc_connection *)pointer;
    CHECK_TEXT(otc_connection_get_id(connection), "");
    CHECK_TEXT(otc_connection_get_data(connection), "");
    CHECK_TEXT(otc_connection_get_session_id(connection), "");
    CHECK_NUMBER(otc_connection_get_creation_time(connection), 0);
    CHECK(otc_connection_copy(connection) == NULL);
    CHECK_NUMBER(otc_connection_delete(connection), OTC_INVALID_PARAM);
    CHECK_HOLDS(otc_last_error_text(), "connection");
}

static void not_a_stream(const void *pointer) {
    otc_stream *stream = (otc_stream *)pointer;
    CHECK_TEXT(otc_stream_get_id(stream), "");
    CHECK_TEXT(otc_stream_get_name(stream), "");
    CHECK_NUMBER(otc_stream_has_video_track(stream), OTC_FALSE);
    CHECK_NUMBER(otc_stream_has_video(stream), OTC_FALSE);
    CHECK_NUMBER(otc_stream_has_audio_track(stream), OTC_FALSE);
    CHECK_NUMBER(otc_stream_has_audio(stream), OTC_FALSE);
    CHECK_NUMBER(otc_stream_has_captions(stream), OTC_FALSE);
    CHECK_NUMBER(otc_stream_get_video_width(stream), 0);
    CHECK_NUMBER(otc_stream_get_video_height(stream), 0);
    CHECK_NUMBER(otc_stream_get_creation_time(stream), 0);
    CHECK_NUMBER(otc_stream_get_video_type(stream), OTC_STREAM_VIDEO_TYPE_CAMERA);
    CHECK(otc_stream_get_connection(stream) == NULL);
    CHECK(otc_stream_copy(stream) == NULL);
    CHECK_NUMBER(otc_stream_delete(stream), OTC_INVALID_PARAM);
    CHECK_HOLDS(otc_last_error_text(), "stream");
}

static void not_a_list(const void *pointer) {
    otc_connection_list *list = (otc_connection_list *)pointer;
    CHECK_NUMBER(otc_connection_list_get_size(list), 0);
    CHECK(otc_connection_list_get(list, 0) == NULL);
    CHECK_NUMBER(otc_connection_list_delete(list), OTC_INVALID_PARAM);
    CHECK_HOLDS(otc_last_error_text(), "connection list");
}

static void nothing_at_all(const void *pointer) {
    not_a_session(pointer);
    not_settings(pointer);
    not_a_connection(pointer);
    not_a_stream(pointer);
    not_a_list(pointer);
}

/* The arguments beside the object. */
static void other_nulls(void) {
    struct otc_session_callbacks callbacks;
    otc_session_settings *settings = otc_session_settings_new();
    otc_session *session;
    memset(&callbacks, 0, sizeof callbacks);
    session = otc_session_new("k", "s", &callbacks);
    CHECK(session != NULL);
    CHECK(otc_session_new(NULL, "s", &callbacks) == NULL);
    CHECK_HOLDS(otc_last_error_text(), "key");
    CHECK(otc_session_new("k", NULL, &callbacks) == NULL);
    CHECK_HOLDS(otc_last_error_text(), "session id");
    CHECK(otc_session_new("k", "s", NULL) == NULL);
    CHECK_HOLDS(otc_last_error_text(), "callbacks");
    CHECK_NUMBER(otc_session_connect(session, NULL), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_HOLDS(otc_last_error_text(), "token");
    CHECK_NUMBER(otc_session_connect_to_host(session, NULL, "", 80, OTC_FALSE, "t"), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_HOLDS(otc_last_error_text(), "host");
    CHECK_NUMBER(otc_session_connect_to_host(session, "h", NULL, 80, OTC_FALSE, "t"), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_HOLDS(otc_last_error_text(), "path");
    CHECK_NUMBER(otc_session_connect_to_host(session, "h", "", 0, OTC_FALSE, "t"), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_connect_to_host(session, "h", "", -1, OTC_FALSE, "t"), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_connect_to_host(session, "h", "", 65536, OTC_FALSE, "t"), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_HOLDS(otc_last_error_text(), "port");
    CHECK_NUMBER(otc_session_settings_set_ca_file(settings, NULL), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_settings_set_api_url(settings, NULL), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_get_connection_status(session), OTC_CONNECTION_STATUS_NOT_CONNECTED);
    CHECK_NUMBER(otc_session_delete(session), OTC_SUCCESS);
}

int main(void) {
    struct member member;
    otc_session *session;
    otc_session_settings *settings;
    otc_connection *own;
    otc_connection_list *list;
    void *heap = malloc(64);
    char local[64] = "no object";
    uintptr_t bits;
    memset(&member, 0, sizeof member);

    /* Before the library runs, too. */
    nothing_at_all(NULL);
    CHECK(otc_session_new("k", "s", NULL) == NULL);
    CHECK_HOLDS(otc_last_error_text(), "otc_init");

    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    member_join(&member);
    settings = otc_session_settings_new();
    own = otc_session_get_connection(member.session);
    list = otc_session_get_connections(member.session);
    CHECK(settings != NULL && own != NULL && list != NULL);

    nothing_at_all(NULL);
    nothing_at_all(heap);
    nothing_at_all(local);
    nothing_at_all(local + 1);
    nothing_at_all((const void *)UINTPTR_MAX);
    nothing_at_all((const void *)(uintptr_t)1);
    /* Neighbours of handles that live. */
    for (bits = 0; bits < 8 * sizeof(void *); bits++) {
        not_a_session((const void *)((uintptr_t)member.session ^ ((uintptr_t)1 << bits)));
        not_a_connection((const void *)((uintptr_t)own ^ ((uintptr_t)1 << bits)));
        not_settings((const void *)((uintptr_t)settings ^ ((uintptr_t)1 << bits)));
        not_a_list((const void *)((uintptr_t)list ^ ((uintptr_t)1 << bits)));
    }

    /* Wrong kinds. */
    not_settings(member.session);
    not_a_connection(member.session);
    not_a_stream(member.session);
    not_a_session(settings);
    not_a_connection(settings);
    not_a_stream(settings);
    not_a_session(own);
    not_settings(own);
    not_a_stream(own);
    not_a_list(member.session);
    not_a_list(own);
    not_a_session(list);
    not_a_connection(list);
    not_a_stream(list);
    not_settings(list);
    other_nulls();

    CHECK_NUMBER(otc_connection_list_get_size(list), 1);
    CHECK_NUMBER(otc_connection_list_delete(list), OTC_SUCCESS);
    not_a_list(list);
    CHECK_NUMBER(otc_connection_delete(own), OTC_SUCCESS);
    not_a_connection(own);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    not_settings(settings);
    member_fence(&member, "still-there");
    session = member.session;
    member_delete(&member);
    not_a_session(session);

    /* A place that is used again does not bring the old handle back to life. */
    member_make(&member);
    not_a_session(session);
    session = member.session;
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    not_a_session(session);
    nothing_at_all(NULL);
    member_forget(&member);
    free(heap);
    return 0;
}
