/* Every number, size and offset that programs are compiled with, written out by hand: c-api.md §2, §3.3, §3.4. The compiler
 * does the checking. */
#include "support/check.h"
#include <opentok.h>
#include <stddef.h>

#define NUMBER(name, value) STATIC_CHECK((name) == (value), #name)
#define FIELD(type, field, offset) STATIC_CHECK(offsetof(type, field) == (offset), #field)

/* c-api.md §3.3 */
STATIC_CHECK(sizeof(otc_bool) == sizeof(int), "otc_bool");
STATIC_CHECK(sizeof(otc_status) == sizeof(int), "otc_status");
NUMBER(OTC_SUCCESS, 0);
NUMBER(OTC_FALSE, 0);
NUMBER(OTC_TRUE, 1);
NUMBER(OTC_GENERIC_ERROR, 0);

/* c-api.md §3.4: the newer levels */
NUMBER(OTC_LOG_LEVEL_DISABLED, 0);
NUMBER(OTC_LOG_LEVEL_ERROR, 1);
NUMBER(OTC_LOG_LEVEL_WARN, 2);
NUMBER(OTC_LOG_LEVEL_INFO, 3);
NUMBER(OTC_LOG_LEVEL_DEBUG, 4);
NUMBER(OTC_LOG_LEVEL_FATAL, 1);
NUMBER(OTC_LOG_LEVEL_MSG, 4);
NUMBER(OTC_LOG_LEVEL_TRACE, 4);
NUMBER(OTC_LOG_LEVEL_ALL, 4);

/* c-api.md §3.4: otc_error_code */
NUMBER(OTC_INVALID_PARAM, 1);
NUMBER(OTC_FATAL, 2);
NUMBER(OTC_INVALID_VIDEO_FORMAT, 3);
NUMBER(OTC_CONNECTION_DROPPED, 1022);
NUMBER(OTC_UNABLE_TO_FORCE_DISCONNECT, 1520);
NUMBER(OTC_UNABLE_TO_FORCE_MUTE, 1540);
NUMBER(OTC_CONNECTION_TIMED_OUT, 1542);
NUMBER(OTC_UNKNOWN_PUBLISHER_INSTANCE, 2003);
NUMBER(OTC_UNKNOWN_SUBSCRIBER_INSTANCE, 2004);
NUMBER(OTC_VIDEO_CAPTURE_FAILED, 3000);
NUMBER(OTC_CAMERA_FAILED, 3010);
NUMBER(OTC_VIDEO_RENDER_FAILED, 4000);
NUMBER(OT_UNABLE_TO_ACCESS_MEDIA_ENGINE, 5000);

/* c-api.md §3.4: otc_session_error_code */
NUMBER(OTC_SESSION_AUTHORIZATION_FAILURE, 1004);
NUMBER(OTC_SESSION_INVALID_SESSION, 1005);
NUMBER(OTC_SESSION_CONNECTION_FAILED, 1006);
NUMBER(OTC_SESSION_NOT_CONNECTED, 1010);
NUMBER(OTC_SESSION_NULL_OR_INVALID_PARAMETER, 1011);
NUMBER(OTC_SESSION_ILLEGAL_STATE, 1015);
NUMBER(OTC_SESSION_STATE_FAILED, 1020);
NUMBER(OTC_SESSION_CONNECTION_TIMED_OUT, 1021);
NUMBER(OTC_SESSION_CONNECTION_DROPPED, 1022);
NUMBER(OTC_SESSION_CONNECTION_REFUSED, 1023);
NUMBER(OTC_SESSION_BLOCKED_COUNTRY, 1026);
NUMBER(OTC_SESSION_CONNECTION_LIMIT_EXCEEDED, 1027);
NUMBER(OTC_SESSION_SUBSCRIBER_NOT_FOUND, 1112);
NUMBER(OTC_SESSION_PUBLISHER_NOT_FOUND, 1113);
NUMBER(OTC_SESSION_SIGNAL_DATA_TOO_LONG, 1413);
NUMBER(OTC_SESSION_SIGNAL_TYPE_TOO_LONG, 1414);
NUMBER(OTC_SESSION_INVALID_SIGNAL_TYPE, 1461);
NUMBER(OTC_SESSION_NO_MESSAGING_SERVER, 1503);
NUMBER(OTC_SESSION_FORCE_UNPUBLISH_OR_INVALID_STREAM, 1535);
NUMBER(OTC_SESSION_UNABLE_TO_SEND_SIGNAL, 1550);
NUMBER(OTC_SESSION_INTERNAL_ERROR, 2000);
NUMBER(OTC_SESSION_UNEXPECTED_GET_SESSION_INFO_REPONSE, 2001);
NUMBER(OTC_SESSION_ENCRYPTION_SECRET_MISSING, 6000);
NUMBER(OTC_SESSION_INVALID_ENCRYPTION_SECRET, 6004);

NUMBER(OTC_STREAM_VIDEO_TYPE_CAMERA, 1);
NUMBER(OTC_STREAM_VIDEO_TYPE_SCREEN, 2);
NUMBER(OTC_STREAM_VIDEO_TYPE_CUSTOM, 3);

/* What libotc adds. */
NUMBER(OTC_CONNECTION_STATUS_NOT_CONNECTED, 0);
NUMBER(OTC_CONNECTION_STATUS_CONNECTING, 1);
NUMBER(OTC_CONNECTION_STATUS_CONNECTED, 2);
NUMBER(OTC_CONNECTION_STATUS_RECONNECTING, 3);
NUMBER(OTC_CONNECTION_STATUS_DISCONNECTING, 4);
NUMBER(OTC_CONNECTION_STATUS_FAILED, 5);
NUMBER(OTC_DISCONNECT_REASON_NONE, 0);
NUMBER(OTC_DISCONNECT_REASON_CLIENT_DISCONNECTED, 1);
NUMBER(OTC_DISCONNECT_REASON_FORCE_DISCONNECTED, 2);
NUMBER(OTC_DISCONNECT_REASON_NETWORK_DISCONNECTED, 3);

/* Every enum is as wide as the int that the library takes and returns for it. */
STATIC_CHECK(sizeof(enum otc_constant) == sizeof(int), "enum otc_constant");
STATIC_CHECK(sizeof(enum otc_log_level) == sizeof(int), "enum otc_log_level");
STATIC_CHECK(sizeof(enum otc_error_code) == sizeof(int), "enum otc_error_code");
STATIC_CHECK(sizeof(enum otc_session_error_code) == sizeof(int), "enum otc_session_error_code");
STATIC_CHECK(sizeof(enum otc_stream_video_type) == sizeof(int), "enum otc_stream_video_type");
STATIC_CHECK(sizeof(enum otc_connection_status) == sizeof(int), "enum otc_connection_status");
STATIC_CHECK(sizeof(enum otc_disconnect_reason) == sizeof(int), "enum otc_disconnect_reason");

/* c-api.md §2: the newest layout, 18 callbacks, then two pointers. */
#define CALLBACK(field, number) \
    FIELD(struct otc_session_callbacks, field, ((number) - 1) * sizeof(void *))
CALLBACK(on_connected, 1);
CALLBACK(on_disconnected, 2);
CALLBACK(on_connection_created, 3);
CALLBACK(on_connection_dropped, 4);
CALLBACK(on_stream_received, 5);
CALLBACK(on_stream_dropped, 6);
CALLBACK(on_stream_has_audio_changed, 7);
CALLBACK(on_stream_has_video_changed, 8);
CALLBACK(on_stream_has_captions_changed, 9);
CALLBACK(on_stream_video_dimensions_changed, 10);
CALLBACK(on_stream_video_type_changed, 11);
CALLBACK(on_signal_received, 12);
CALLBACK(on_reconnection_started, 13);
CALLBACK(on_reconnecting, 13);
CALLBACK(on_reconnected, 14);
CALLBACK(on_archive_started, 15);
CALLBACK(on_archive_stopped, 16);
CALLBACK(on_error, 17);
CALLBACK(on_mute_forced, 18);
CALLBACK(user_data, 19);
CALLBACK(reserved, 20);
STATIC_CHECK(sizeof(struct otc_session_callbacks) == 20 * sizeof(void *), "160 bytes where pointers have 8");

STATIC_CHECK(sizeof(struct otc_session_capabilities) == 16, "capabilities");
FIELD(struct otc_session_capabilities, publish, 0);
FIELD(struct otc_session_capabilities, subscribe, 4);
FIELD(struct otc_session_capabilities, force_mute, 8);
FIELD(struct otc_session_capabilities, force_disconnect, 12);

STATIC_CHECK(sizeof(struct otc_signal_options) == 4, "signal options");
FIELD(struct otc_signal_options, retry_after_reconnect, 0);

STATIC_CHECK(sizeof(struct otc_on_mute_forced_info) == 4, "mute info");
STATIC_CHECK(sizeof(otc_on_mute_forced_info) == 4, "mute info, its short name");
FIELD(struct otc_on_mute_forced_info, active, 0);

/* c-api.md §1.2: a number, three pointers, two truth values. */
FIELD(struct otc_custom_ice_config, num_ice_servers, 0);
FIELD(struct otc_custom_ice_config, ice_url, sizeof(void *));
FIELD(struct otc_custom_ice_config, ice_user, 2 * sizeof(void *));
FIELD(struct otc_custom_ice_config, ice_credential, 3 * sizeof(void *));
FIELD(struct otc_custom_ice_config, force_turn, 4 * sizeof(void *));
FIELD(struct otc_custom_ice_config, use_custom_turn_only, 4 * sizeof(void *) + 4);
STATIC_CHECK(sizeof(struct otc_custom_ice_config) == 4 * sizeof(void *) + 8, "40 bytes where pointers have 8");

/* c-api.md §1.3 */
NUMBER(ENCRYPTION_SECRET_MINIMUM_LENGTH, 8);
NUMBER(ENCRYPTION_SECRET_MAXIMUM_LENGTH, 256);

int main(void) {
    return 0;
}
