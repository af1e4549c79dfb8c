#ifndef OTC_H
#define OTC_H 
#include <stdint.h>
#define ENCRYPTION_SECRET_MINIMUM_LENGTH 8
#define ENCRYPTION_SECRET_MAXIMUM_LENGTH 256
enum otc_constant {
    OTC_SUCCESS = 0,
    OTC_FALSE = 0,
    OTC_TRUE = !OTC_FALSE
};
enum otc_log_level {
    OTC_LOG_LEVEL_DISABLED = 0,
    OTC_LOG_LEVEL_ERROR = 1,
    OTC_LOG_LEVEL_WARN = 2,
    OTC_LOG_LEVEL_INFO = 3,
    OTC_LOG_LEVEL_DEBUG = 4,
    OTC_LOG_LEVEL_FATAL = OTC_LOG_LEVEL_ERROR,
    OTC_LOG_LEVEL_MSG = OTC_LOG_LEVEL_DEBUG,
    OTC_LOG_LEVEL_TRACE = OTC_LOG_LEVEL_DEBUG,
    OTC_LOG_LEVEL_ALL = OTC_LOG_LEVEL_DEBUG
};
typedef enum otc_error_code {
    OTC_INVALID_PARAM = 1,
    OTC_FATAL = 2,
    OTC_INVALID_VIDEO_FORMAT = 3,
    OTC_CONNECTION_DROPPED = 1022,
    OTC_UNABLE_TO_FORCE_DISCONNECT = 1520,
    OTC_UNABLE_TO_FORCE_MUTE = 1540,
    OTC_CONNECTION_TIMED_OUT = 1542,
    OTC_UNKNOWN_PUBLISHER_INSTANCE = 2003,
    OTC_UNKNOWN_SUBSCRIBER_INSTANCE = 2004,
    OTC_VIDEO_CAPTURE_FAILED = 3000,
    OTC_CAMERA_FAILED = 3010,
    OTC_VIDEO_RENDER_FAILED = 4000,
    OT_UNABLE_TO_ACCESS_MEDIA_ENGINE = 5000
} otc_error_code;
typedef enum otc_session_error_code {
    OTC_SESSION_AUTHORIZATION_FAILURE = 1004,
    OTC_SESSION_BLOCKED_COUNTRY = 1026,
    OTC_SESSION_CONNECTION_DROPPED = 1022,
    OTC_SESSION_CONNECTION_FAILED = 1006,
    OTC_SESSION_CONNECTION_LIMIT_EXCEEDED = 1027,
    OTC_SESSION_CONNECTION_REFUSED = 1023,
    OTC_SESSION_CONNECTION_TIMED_OUT = 1021,
    OTC_SESSION_FORCE_UNPUBLISH_OR_INVALID_STREAM = 1535,
    OTC_SESSION_ILLEGAL_STATE = 1015,
    OTC_SESSION_INTERNAL_ERROR = 2000,
    OTC_SESSION_INVALID_SESSION = 1005,
    OTC_SESSION_INVALID_SIGNAL_TYPE = 1461,
    OTC_SESSION_NOT_CONNECTED = 1010,
    OTC_SESSION_NO_MESSAGING_SERVER = 1503,
    OTC_SESSION_NULL_OR_INVALID_PARAMETER = 1011,
    OTC_SESSION_PUBLISHER_NOT_FOUND = 1113,
    OTC_SESSION_SIGNAL_DATA_TOO_LONG = 1413,
    OTC_SESSION_SIGNAL_TYPE_TOO_LONG = 1414,
    OTC_SESSION_UNABLE_TO_SEND_SIGNAL = 1550,
    OTC_SESSION_STATE_FAILED = 1020,
    OTC_SESSION_SUBSCRIBER_NOT_FOUND = 1112,
    OTC_SESSION_UNEXPECTED_GET_SESSION_INFO_REPONSE = 2001,
    OTC_SESSION_ENCRYPTION_SECRET_MISSING = 6000,
    OTC_SESSION_INVALID_ENCRYPTION_SECRET = 6004
} otc_session_error_code;
typedef enum otc_stream_video_type {
    OTC_STREAM_VIDEO_TYPE_CAMERA = 1,
    OTC_STREAM_VIDEO_TYPE_SCREEN = 2,
    OTC_STREAM_VIDEO_TYPE_CUSTOM = 3
} otc_stream_video_type;
typedef enum otc_connection_status {
    OTC_CONNECTION_STATUS_NOT_CONNECTED = 0,
    OTC_CONNECTION_STATUS_CONNECTING = 1,
    OTC_CONNECTION_STATUS_CONNECTED = 2,
    OTC_CONNECTION_STATUS_RECONNECTING = 3,
    OTC_CONNECTION_STATUS_DISCONNECTING = 4,
    OTC_CONNECTION_STATUS_FAILED = 5
} otc_connection_status;
typedef enum otc_disconnect_reason {
    OTC_DISCONNECT_REASON_NONE = 0,
    OTC_DISCONNECT_REASON_CLIENT_DISCONNECTED = 1,
    OTC_DISCONNECT_REASON_FORCE_DISCONNECTED = 2,
    OTC_DISCONNECT_REASON_NETWORK_DISCONNECTED = 3
} otc_disconnect_reason;
typedef struct otc_connection otc_connection;
typedef struct otc_connection_list otc_connection_list;
typedef struct otc_session otc_session;
typedef struct otc_session_settings otc_session_settings;
typedef struct otc_stream otc_stream;
typedef int otc_status;
typedef void (*otc_logger_callback)(const char *message);
typedef int otc_bool;
typedef struct otc_on_mute_forced_info {
    otc_bool active;
} otc_on_mute_forced_info;
typedef struct otc_session_callbacks {
    void (*on_connected)(struct otc_session *session,
                         void *user_data);
    void (*on_disconnected)(struct otc_session *session,
                            void *user_data);
    void (*on_connection_created)(struct otc_session *session,
                                  void *user_data,
                                  const struct otc_connection *connection);
    void (*on_connection_dropped)(struct otc_session *session,
                                  void *user_data,
                                  const struct otc_connection *connection);
    void (*on_stream_received)(struct otc_session *session,
                               void *user_data,
                               const struct otc_stream *stream);
    void (*on_stream_dropped)(struct otc_session *session,
                              void *user_data,
                              const struct otc_stream *stream);
    void (*on_stream_has_audio_changed)(struct otc_session *session,
                                        void *user_data,
                                        const struct otc_stream *stream,
                                        otc_bool has_audio);
    void (*on_stream_has_video_changed)(struct otc_session *session,
                                        void *user_data,
                                        const struct otc_stream *stream,
                                        otc_bool has_video);
    void (*on_stream_has_captions_changed)(struct otc_session *session,
                                           void *user_data,
                                           const struct otc_stream *stream,
                                           otc_bool has_captions);
    void (*on_stream_video_dimensions_changed)(struct otc_session *session,
                                               void *user_data,
                                               const struct otc_stream *stream,
                                               int width,
                                               int height);
    void (*on_stream_video_type_changed)(struct otc_session *session,
                                         void *user_data,
                                         const struct otc_stream *stream,
                                         enum otc_stream_video_type type);
    void (*on_signal_received)(struct otc_session *session,
                               void *user_data,
                               const char *type,
                               const char *signal,
                               const struct otc_connection *connection);
    void (*on_reconnecting)(struct otc_session *session,
                            void *user_data);
    void (*on_reconnected)(struct otc_session *session,
                           void *user_data);
    void (*on_archive_started)(struct otc_session *session,
                               void *user_data,
                               const char *archive_id,
                               const char *name);
    void (*on_archive_stopped)(struct otc_session *session,
                               void *user_data,
                               const char *archive_id);
    void (*on_error)(struct otc_session *session,
                     void *user_data,
                     const char *error_string,
                     enum otc_session_error_code error);
    void (*on_mute_forced)(struct otc_session *session,
                           void *user_data,
                           struct otc_on_mute_forced_info *mute_info);
    void *user_data;
    void *reserved;
} otc_session_callbacks;
typedef struct otc_session_capabilities {
    otc_bool publish;
    otc_bool subscribe;
    otc_bool force_mute;
    otc_bool force_disconnect;
} otc_session_capabilities;
typedef void (*otc_released_callback)(void *user_data);
typedef void (*otc_status_changed_callback)(struct otc_session *session,
                                            void *user_data,
                                            enum otc_connection_status status);
typedef void (*otc_signal_failed_callback)(struct otc_session *session,
                                           void *user_data,
                                           const char *type,
                                           const char *data,
                                           const char *connection_id,
                                           enum otc_session_error_code error,
                                           const char *error_text);
typedef struct otc_custom_ice_config {
    int num_ice_servers;
    char **ice_url;
    char **ice_user;
    char **ice_credential;
    otc_bool force_turn;
    otc_bool use_custom_turn_only;
} otc_custom_ice_config;
typedef struct otc_signal_options {
    otc_bool retry_after_reconnect;
} otc_signal_options;
#ifdef __cplusplus
extern "C" {
#endif
const char *otc_connection_get_id(const struct otc_connection *connection);
int64_t otc_connection_get_creation_time(const struct otc_connection *connection);
const char *otc_connection_get_data(const struct otc_connection *connection);
const char *otc_connection_get_session_id(const struct otc_connection *connection);
struct otc_connection *otc_connection_copy(const struct otc_connection *connection);
otc_status otc_connection_delete(struct otc_connection *connection);
struct otc_connection_list *otc_session_get_connections(const struct otc_session *session);
int otc_connection_list_get_size(const struct otc_connection_list *list);
const struct otc_connection *otc_connection_list_get(const struct otc_connection_list *list,
                                                     int index);
otc_status otc_connection_list_delete(struct otc_connection_list *list);
otc_status otc_session_set_encryption_secret(struct otc_session *session,
                                             const char *secret);
otc_status otc_session_report_issue(struct otc_session *session,
                                    const char *issue_description,
                                    char **issue_id);
otc_status otc_init(void *reserved);
otc_status otc_destroy(void);
const char *otc_version(void);
int otc_version_number(void);
otc_status otc_set_dials_per_second(int dials);
const char *otc_last_error_text(void);
void otc_log_set_logger_callback(otc_logger_callback callback);
void otc_log_enable(enum otc_log_level log_level);
enum otc_log_level otc_get_log_level(void);
otc_status otc_session_force_mute_all(struct otc_session *session,
                                      const char **excluded_streams_ids,
                                      int excluded_streams_len);
otc_status otc_session_disable_force_mute(struct otc_session *session);
otc_status otc_session_force_mute_stream(const struct otc_session *session,
                                         const char *stream_id_to_mute);
otc_status otc_session_force_disconnect(struct otc_session *session,
                                        const struct otc_connection *connection);
struct otc_session *otc_session_new(const char *apikey,
                                    const char *session_id,
                                    const struct otc_session_callbacks *callbacks);
struct otc_session *otc_session_new_with_settings(const char *apikey,
                                                  const char *session_id,
                                                  const struct otc_session_callbacks *callbacks,
                                                  struct otc_session_settings *settings);
otc_status otc_session_delete(struct otc_session *session);
otc_status otc_session_connect(struct otc_session *session,
                               const char *token);
otc_status otc_session_connect_to_host(struct otc_session *session,
                                       const char *host,
                                       const char *path,
                                       int port,
                                       otc_bool secure,
                                       const char *token);
otc_status otc_session_disconnect(struct otc_session *session);
char *otc_session_get_id(const struct otc_session *session);
struct otc_connection *otc_session_get_connection(const struct otc_session *session);
void *otc_session_get_user_data(const struct otc_session *session);
struct otc_session_capabilities otc_session_get_capabilities(const struct otc_session *session);
enum otc_connection_status otc_session_get_connection_status(const struct otc_session *session);
enum otc_disconnect_reason otc_session_get_disconnect_reason(const struct otc_session *session);
otc_status otc_session_set_on_released(struct otc_session *session,
                                       otc_released_callback on_released);
otc_status otc_session_set_on_status_changed(struct otc_session *session,
                                             otc_status_changed_callback on_status_changed);
otc_status otc_session_set_on_signal_failed(struct otc_session *session,
                                            otc_signal_failed_callback on_signal_failed);
struct otc_session_settings *otc_session_settings_new(void);
otc_status otc_session_settings_delete(struct otc_session_settings *settings);
otc_status otc_session_settings_set_connection_events_suppressed(struct otc_session_settings *settings,
                                                                 otc_bool suppress);
otc_status otc_session_settings_set_api_url(struct otc_session_settings *settings,
                                            const char *url);
otc_status otc_session_settings_set_ca_file(struct otc_session_settings *settings,
                                            const char *path);
otc_status otc_session_settings_set_custom_ice_config(struct otc_session_settings *settings,
                                                      const struct otc_custom_ice_config *custom_ice_config);
otc_status otc_session_settings_set_ip_whitelist(struct otc_session_settings *settings,
                                                 otc_bool ip_whitelist);
otc_status otc_session_settings_set_single_peer_connection(struct otc_session_settings *settings,
                                                           otc_bool single_peer_connection);
otc_status otc_session_settings_set_proxy_url(struct otc_session_settings *settings,
                                              const char *proxy_url);
otc_status otc_session_settings_set_network_proxy(struct otc_session_settings *settings,
                                                  const char *url);
otc_status otc_session_settings_set_user_agent_suffix(struct otc_session_settings *settings,
                                                      const char *suffix);
otc_status otc_session_settings_set_session_migration(struct otc_session_settings *settings,
                                                      otc_bool session_migration);
otc_status otc_session_settings_set_reconnect_window(struct otc_session_settings *settings,
                                                     int milliseconds);
otc_status otc_session_settings_set_callback_queue_size(struct otc_session_settings *settings,
                                                        int callbacks);
otc_status otc_session_settings_set_signal_queue_size(struct otc_session_settings *settings,
                                                      int signals);
otc_status otc_session_settings_set_record_file(struct otc_session_settings *settings,
                                                const char *path);
otc_status otc_session_signal(struct otc_session *session,
                              const char *type,
                              const char *signal);
otc_status otc_session_signal_to_connection(struct otc_session *session,
                                            const char *type,
                                            const char *signal,
                                            const struct otc_connection *connection);
otc_status otc_session_signal_with_options(struct otc_session *session,
                                           const char *type,
                                           const char *signal,
                                           struct otc_signal_options signal_options);
otc_status otc_session_signal_to_connection_with_options(struct otc_session *session,
                                                         const char *type,
                                                         const char *signal,
                                                         const struct otc_connection *connection,
                                                         struct otc_signal_options signal_options);
otc_status otc_session_send_signal(struct otc_session *session,
                                   const char *type,
                                   const char *signal);
otc_status otc_session_send_signal_to_connection(struct otc_session *session,
                                                 const char *type,
                                                 const char *signal,
                                                 const struct otc_connection *connection);
otc_status otc_session_send_signal_with_options(struct otc_session *session,
                                                const char *type,
                                                const char *signal,
                                                struct otc_signal_options signal_options);
otc_status otc_session_send_signal_to_connection_with_options(struct otc_session *session,
                                                              const char *type,
                                                              const char *signal,
                                                              const struct otc_connection *connection,
                                                              struct otc_signal_options signal_options);
const char *otc_stream_get_id(const struct otc_stream *stream);
const char *otc_stream_get_name(const struct otc_stream *stream);
otc_bool otc_stream_has_video_track(const struct otc_stream *stream);
otc_bool otc_stream_has_video(const struct otc_stream *stream);
otc_bool otc_stream_has_audio_track(const struct otc_stream *stream);
otc_bool otc_stream_has_audio(const struct otc_stream *stream);
otc_bool otc_stream_has_captions(const struct otc_stream *stream);
struct otc_stream *otc_stream_copy(const struct otc_stream *stream);
otc_status otc_stream_delete(struct otc_stream *stream);
int otc_stream_get_video_width(const struct otc_stream *stream);
int otc_stream_get_video_height(const struct otc_stream *stream);
int64_t otc_stream_get_creation_time(const struct otc_stream *stream);
enum otc_stream_video_type otc_stream_get_video_type(const struct otc_stream *stream);
const struct otc_connection *otc_stream_get_connection(const struct otc_stream *stream);
#ifdef __cplusplus
}
#endif
#endif
