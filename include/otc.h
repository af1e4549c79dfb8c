/* libotc: join realtime sessions and exchange signals. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Made from src/ffi by build.rs; to refresh it: make header
 *
 * Every function tells, under fixed words: from which threads it may be called (Threads), whether from inside a callback
 * (Callback-safe), whether it waits for anything (Blocks), who ends what (Owns), and what it returns when it fails
 * (Errors). */


#ifndef OTC_H
#define OTC_H

#include <stdint.h>

/** The version of this header; otc_version() tells that of the library. */
#define OTC_VERSION "0.1.0"
/** The version's first number. It is 0 as long as the API may still change between two minor versions. */
#define OTC_VERSION_MAJOR 0
/** The version's second number. */
#define OTC_VERSION_MINOR 1
/** The version's third number. */
#define OTC_VERSION_PATCH 0
/** One number that grows with every version. */
#define OTC_VERSION_NUMBER ((OTC_VERSION_MAJOR << 16) | (OTC_VERSION_MINOR << 8) | OTC_VERSION_PATCH)

/** How many characters an encryption secret has, see otc_session_set_encryption_secret(). */
#define ENCRYPTION_SECRET_MINIMUM_LENGTH 8
#define ENCRYPTION_SECRET_MAXIMUM_LENGTH 256

/** Success and truth. */
enum otc_constant {
    OTC_SUCCESS = 0,
    OTC_FALSE = 0,
    OTC_TRUE = !OTC_FALSE
};

/** How loud the log is. A name that is said to be another is the same level. */
enum otc_log_level {
    /** Nothing. */
    OTC_LOG_LEVEL_DISABLED = 0,
    /** What failed. */
    OTC_LOG_LEVEL_ERROR = 1,
    /** What is wrong, while the library copes. */
    OTC_LOG_LEVEL_WARN = 2,
    /** What happens. */
    OTC_LOG_LEVEL_INFO = 3,
    /** What happens inside. */
    OTC_LOG_LEVEL_DEBUG = 4,
    OTC_LOG_LEVEL_FATAL = OTC_LOG_LEVEL_ERROR,
    OTC_LOG_LEVEL_MSG = OTC_LOG_LEVEL_DEBUG,
    OTC_LOG_LEVEL_TRACE = OTC_LOG_LEVEL_DEBUG,
    OTC_LOG_LEVEL_ALL = OTC_LOG_LEVEL_DEBUG
};

/**
 * Errors that are not about a session.
 */
typedef enum otc_error_code {
    /**
     * A NULL, deleted, foreign or wrong-kind object was passed.
     */
    OTC_INVALID_PARAM = 1,
    /**
     * The library could not carry out the call; otc_last_error_text() says why.
     */
    OTC_FATAL = 2,
    /**
     * The format of a video frame is not supported.
     */
    OTC_INVALID_VIDEO_FORMAT = 3,
    /**
     * The connection was lost.
     */
    OTC_CONNECTION_DROPPED = 1022,
    /**
     * Somebody could not be sent away.
     */
    OTC_UNABLE_TO_FORCE_DISCONNECT = 1520,
    /**
     * Somebody could not be muted.
     */
    OTC_UNABLE_TO_FORCE_MUTE = 1540,
    /**
     * The connection could not be made in time.
     */
    OTC_CONNECTION_TIMED_OUT = 1542,
    /**
     * The publisher is not of this session.
     */
    OTC_UNKNOWN_PUBLISHER_INSTANCE = 2003,
    /**
     * The subscriber is not of this session.
     */
    OTC_UNKNOWN_SUBSCRIBER_INSTANCE = 2004,
    /**
     * No picture could be captured.
     */
    OTC_VIDEO_CAPTURE_FAILED = 3000,
    /**
     * The camera failed.
     */
    OTC_CAMERA_FAILED = 3010,
    /**
     * A picture could not be shown.
     */
    OTC_VIDEO_RENDER_FAILED = 4000,
    /**
     * Media are not available.
     */
    OT_UNABLE_TO_ACCESS_MEDIA_ENGINE = 5000
} otc_error_code;

/**
 * Errors of a session: what on_error reports, and what functions return.
 */
typedef enum otc_session_error_code {
    /**
     * The token or the API key was refused: wrong, expired, or for another session. Get a new token.
     */
    OTC_SESSION_AUTHORIZATION_FAILURE = 1004,
    /**
     * The server does not serve this place.
     */
    OTC_SESSION_BLOCKED_COUNTRY = 1026,
    /**
     * The connection was lost and could not be restored. Connect again when the network is back.
     */
    OTC_SESSION_CONNECTION_DROPPED = 1022,
    /**
     * The session could not be joined. Check the network and the API URL.
     */
    OTC_SESSION_CONNECTION_FAILED = 1006,
    /**
     * The session is full.
     */
    OTC_SESSION_CONNECTION_LIMIT_EXCEEDED = 1027,
    /**
     * The socket to the messaging server could not be opened.
     */
    OTC_SESSION_CONNECTION_REFUSED = 1023,
    /**
     * The messaging server did not answer in time.
     */
    OTC_SESSION_CONNECTION_TIMED_OUT = 1021,
    /**
     * The stream cannot be ended, or is not one.
     */
    OTC_SESSION_FORCE_UNPUBLISH_OR_INVALID_STREAM = 1535,
    /**
     * The session's state does not allow the call.
     */
    OTC_SESSION_ILLEGAL_STATE = 1015,
    /**
     * The library has a fault. Please report it.
     */
    OTC_SESSION_INTERNAL_ERROR = 2000,
    /**
     * The session id is not one.
     */
    OTC_SESSION_INVALID_SESSION = 1005,
    /**
     * The signal type holds something else than letters, digits, '-', '_' and '~'.
     */
    OTC_SESSION_INVALID_SIGNAL_TYPE = 1461,
    /**
     * The call needs a connected session.
     */
    OTC_SESSION_NOT_CONNECTED = 1010,
    /**
     * The session info names no messaging server.
     */
    OTC_SESSION_NO_MESSAGING_SERVER = 1503,
    /**
     * An argument is NULL or not valid.
     */
    OTC_SESSION_NULL_OR_INVALID_PARAMETER = 1011,
    /**
     * The publisher is not of this session.
     */
    OTC_SESSION_PUBLISHER_NOT_FOUND = 1113,
    /**
     * The signal data is longer than 8192 bytes.
     */
    OTC_SESSION_SIGNAL_DATA_TOO_LONG = 1413,
    /**
     * The signal type is longer than 128 bytes.
     */
    OTC_SESSION_SIGNAL_TYPE_TOO_LONG = 1414,
    /**
     * A signal was not delivered, or nothing is known of it.
     */
    OTC_SESSION_UNABLE_TO_SEND_SIGNAL = 1550,
    /**
     * The session info did not arrive in time.
     */
    OTC_SESSION_STATE_FAILED = 1020,
    /**
     * The subscriber is not of this session.
     */
    OTC_SESSION_SUBSCRIBER_NOT_FOUND = 1112,
    /**
     * The server's answer made no sense. (The name's spelling is the vendor's.)
     */
    OTC_SESSION_UNEXPECTED_GET_SESSION_INFO_REPONSE = 2001,
    /**
     * The session is encrypted and no secret was set.
     */
    OTC_SESSION_ENCRYPTION_SECRET_MISSING = 6000,
    /**
     * The encryption secret is not valid.
     */
    OTC_SESSION_INVALID_ENCRYPTION_SECRET = 6004
} otc_session_error_code;

/**
 * Where a stream's pictures come from.
 */
typedef enum otc_stream_video_type {
    /**
     * A camera.
     */
    OTC_STREAM_VIDEO_TYPE_CAMERA = 1,
    /**
     * A screen.
     */
    OTC_STREAM_VIDEO_TYPE_SCREEN = 2,
    /**
     * Something else.
     */
    OTC_STREAM_VIDEO_TYPE_CUSTOM = 3
} otc_stream_video_type;

/**
 * Where a session stands.
 */
typedef enum otc_connection_status {
    /**
     * Never connected, or disconnected.
     */
    OTC_CONNECTION_STATUS_NOT_CONNECTED = 0,
    /**
     * otc_session_connect() is under way.
     */
    OTC_CONNECTION_STATUS_CONNECTING = 1,
    /**
     * Joined.
     */
    OTC_CONNECTION_STATUS_CONNECTED = 2,
    /**
     * The connection is lost and being restored.
     */
    OTC_CONNECTION_STATUS_RECONNECTING = 3,
    /**
     * otc_session_disconnect() is under way.
     */
    OTC_CONNECTION_STATUS_DISCONNECTING = 4,
    /**
     * The last connect failed.
     */
    OTC_CONNECTION_STATUS_FAILED = 5
} otc_connection_status;

/**
 * Why a session ended.
 */
typedef enum otc_disconnect_reason {
    /**
     * It has not ended.
     */
    OTC_DISCONNECT_REASON_NONE = 0,
    /**
     * The application asked for it.
     */
    OTC_DISCONNECT_REASON_CLIENT_DISCONNECTED = 1,
    /**
     * A moderator or the application's server sent this client away.
     */
    OTC_DISCONNECT_REASON_FORCE_DISCONNECTED = 2,
    /**
     * The connection was lost and could not be restored.
     */
    OTC_DISCONNECT_REASON_NETWORK_DISCONNECTED = 3
} otc_disconnect_reason;

/**
 * A member of a session. Objects that callbacks are given end with the callback; make a copy to keep one.
 */
typedef struct otc_connection otc_connection;

/**
 * Who was in a session when otc_session_get_connections() was called; it does not change afterwards.
 */
typedef struct otc_connection_list otc_connection_list;

/**
 * A session. The object is made, connected, disconnected, connected again if wanted, and deleted.
 */
typedef struct otc_session otc_session;

/**
 * Settings of sessions; a session copies them when it is made.
 */
typedef struct otc_session_settings otc_session_settings;

/**
 * A stream of a session. Objects that callbacks are given end with the callback; make a copy to keep one.
 */
typedef struct otc_stream otc_stream;

/**
 * What most functions return: OTC_SUCCESS, or a number of one of the error enums.
 */
typedef int otc_status;

/**
 * Takes one line of the log; the line ends with a newline and is the library's again when the function returns.
 */
typedef void (*otc_logger_callback)(const char *message);

/**
 * A truth value: 0 is false, everything else is true.
 */
typedef int otc_bool;

/**
 * What on_mute_forced is told.
 */
typedef struct otc_on_mute_forced_info {
    /**
     * True when muting begins, false when it ends.
     */
    otc_bool active;
} otc_on_mute_forced_info;

/**
 * What a session tells the application. Fields that are NULL are not called.
 *
 * Callbacks of one session run one at a time, in order, on threads of the library. What is passed to them is theirs until
 * they return, except session and user_data. They must not throw and should return quickly: three threads serve all sessions.
 * A callback that takes longer than about 10 ms has one of them for itself; when none is left and a callback waits for 100 ms,
 * one more thread is made, up to 64 in all, and beyond them callbacks wait. Sockets and heart-beats go on in any case.
 * Functions that are called inside a callback tell how things are now, which may be later than what the callback tells.
 */
typedef struct otc_session_callbacks {
    /**
     * The session is joined.
     */
    void (*on_connected)(struct otc_session *session,
                         void *user_data);
    /**
     * The session has ended; otc_session_get_disconnect_reason() says why.
     */
    void (*on_disconnected)(struct otc_session *session,
                            void *user_data);
    /**
     * Somebody else is in the session: has joined, or was there before.
     */
    void (*on_connection_created)(struct otc_session *session,
                                  void *user_data,
                                  const struct otc_connection *connection);
    /**
     * Somebody else has left the session.
     */
    void (*on_connection_dropped)(struct otc_session *session,
                                  void *user_data,
                                  const struct otc_connection *connection);
    /**
     * Somebody else publishes a stream.
     */
    void (*on_stream_received)(struct otc_session *session,
                               void *user_data,
                               const struct otc_stream *stream);
    /**
     * Somebody else's stream has ended.
     */
    void (*on_stream_dropped)(struct otc_session *session,
                              void *user_data,
                              const struct otc_stream *stream);
    /**
     * A stream has gained or lost its sound.
     */
    void (*on_stream_has_audio_changed)(struct otc_session *session,
                                        void *user_data,
                                        const struct otc_stream *stream,
                                        otc_bool has_audio);
    /**
     * A stream has gained or lost its pictures.
     */
    void (*on_stream_has_video_changed)(struct otc_session *session,
                                        void *user_data,
                                        const struct otc_stream *stream,
                                        otc_bool has_video);
    /**
     * A stream has gained or lost its captions.
     */
    void (*on_stream_has_captions_changed)(struct otc_session *session,
                                           void *user_data,
                                           const struct otc_stream *stream,
                                           otc_bool has_captions);
    /**
     * The pictures of a stream have another size, in pixels.
     */
    void (*on_stream_video_dimensions_changed)(struct otc_session *session,
                                               void *user_data,
                                               const struct otc_stream *stream,
                                               int width,
                                               int height);
    /**
     * The pictures of a stream come from elsewhere.
     */
    void (*on_stream_video_type_changed)(struct otc_session *session,
                                         void *user_data,
                                         const struct otc_stream *stream,
                                         enum otc_stream_video_type type);
    /**
     * A signal has arrived. type and signal are NULL when the sender gave none; connection is NULL when the application's
     * server sent it.
     */
    void (*on_signal_received)(struct otc_session *session,
                               void *user_data,
                               const char *type,
                               const char *signal,
                               const struct otc_connection *connection);
    /**
     * The connection is lost; the library tries to come back.
     */
    void (*on_reconnecting)(struct otc_session *session,
                            void *user_data);
    /**
     * The library has come back; nothing was lost.
     */
    void (*on_reconnected)(struct otc_session *session,
                           void *user_data);
    /**
     * A recording of the session has begun, or was running when the session was joined.
     */
    void (*on_archive_started)(struct otc_session *session,
                               void *user_data,
                               const char *archive_id,
                               const char *name);
    /**
     * A recording has ended.
     */
    void (*on_archive_stopped)(struct otc_session *session,
                               void *user_data,
                               const char *archive_id);
    /**
     * Something failed: connecting, a signal, or the connection for good (then on_disconnected follows).
     */
    void (*on_error)(struct otc_session *session,
                     void *user_data,
                     const char *error_string,
                     enum otc_session_error_code error);
    /**
     * A moderator mutes everybody, or ends it.
     */
    void (*on_mute_forced)(struct otc_session *session,
                           void *user_data,
                           struct otc_on_mute_forced_info *mute_info);
    /**
     * Passed to every callback; the library does not touch it.
     */
    void *user_data;
    /**
     * Set to NULL.
     */
    void *reserved;
} otc_session_callbacks;

/**
 * What the token of a connected session allows.
 */
typedef struct otc_session_capabilities {
    /**
     * To publish streams.
     */
    otc_bool publish;
    /**
     * To subscribe to streams.
     */
    otc_bool subscribe;
    /**
     * To mute others.
     */
    otc_bool force_mute;
    /**
     * To send others away.
     */
    otc_bool force_disconnect;
} otc_session_capabilities;

/**
 * Told once, last of all callbacks of a session: the library uses user_data, that of the session's callbacks, no more.
 */
typedef void (*otc_released_callback)(void *user_data);

/**
 * Told whenever otc_session_get_connection_status() has come to answer otherwise, in order with the session's other
 * callbacks and before those that the change brings.
 */
typedef void (*otc_status_changed_callback)(struct otc_session *session,
                                            void *user_data,
                                            enum otc_connection_status status);

/**
 * Told of a signal of one's own that was accepted and that the server has refused, or has not answered before the session
 * ended. type and data are what the signal was sent with, NULL when it had none; connection_id is its addressee's id, NULL when
 * it was for everybody. error is OTC_SESSION_UNABLE_TO_SEND_SIGNAL; error_text says what happened, and whether the signal may
 * have arrived all the same. All texts are the callback's until it returns.
 */
typedef void (*otc_signal_failed_callback)(struct otc_session *session,
                                           void *user_data,
                                           const char *type,
                                           const char *data,
                                           const char *connection_id,
                                           enum otc_session_error_code error,
                                           const char *error_text);

/**
 * STUN and TURN servers of the application's own.
 */
typedef struct otc_custom_ice_config {
    /**
     * How many servers there are: the length of each array.
     */
    int num_ice_servers;
    /**
     * Their URLs: "stun:", "stuns:", "turn:" or "turns:", and then host and port.
     */
    char **ice_url;
    /**
     * The names to log in with; an entry may be NULL.
     */
    char **ice_user;
    /**
     * The passwords to log in with; an entry may be NULL.
     */
    char **ice_credential;
    /**
     * True: every packet goes by way of a TURN server.
     */
    otc_bool force_turn;
    /**
     * True: the servers that the session's own server names are left out.
     */
    otc_bool use_custom_turn_only;
} otc_custom_ice_config;

/**
 * How a signal is sent.
 */
typedef struct otc_signal_options {
    /**
     * True: while the session is reconnecting the signal waits and is sent afterwards. False: it is refused then, and not
     * sent again when the connection is lost before the server has answered.
     */
    otc_bool retry_after_reconnect;
} otc_signal_options;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The connection's id; "" for NULL.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text belongs to the connection object and lives as long as it.
 * Errors: "" when connection is not one.
 */
const char *otc_connection_get_id(const struct otc_connection *connection);

/**
 * When the connection joined the session, in milliseconds since 1970; 0 when unknown.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: 0 when connection is not one.
 */
int64_t otc_connection_get_creation_time(const struct otc_connection *connection);

/**
 * The connection data of the member's token; "" when it has none.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text belongs to the connection object and lives as long as it.
 * Errors: "" when connection is not one.
 */
const char *otc_connection_get_data(const struct otc_connection *connection);

/**
 * The id of the session that the connection is a member of.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text belongs to the connection object and lives as long as it.
 * Errors: "" when connection is not one.
 */
const char *otc_connection_get_session_id(const struct otc_connection *connection);

/**
 * Makes a copy that outlives the callback.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the caller owns the copy and ends it with otc_connection_delete().
 * Errors: NULL when connection is not one.
 */
struct otc_connection *otc_connection_copy(const struct otc_connection *connection);

/**
 * Ends a connection object that the caller owns.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: takes the object; every text of it ends too.
 * Errors: OTC_INVALID_PARAM when connection is not one, has been deleted before, or is lent.
 */
otc_status otc_connection_delete(struct otc_connection *connection);

/**
 * Lists who is in the session now: one's own connection first, then the others in the order in which
 * on_connection_created tells of them. What the list tells may be ahead of the callbacks. When connection events are suppressed, the list holds whom the server tells of all the same:
 * as a rule one's own connection alone.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the caller owns the list and ends it with otc_connection_list_delete().
 * Errors: NULL when session is not one, or is not connected; otc_last_error_text() says which.
 */
struct otc_connection_list *otc_session_get_connections(const struct otc_session *session);

/**
 * How many connections are in the list.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: 0 when list is not one.
 */
int otc_connection_list_get_size(const struct otc_connection_list *list);

/**
 * One connection of the list; index is 0 for one's own.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the connection belongs to the list and lives as long as it; make a copy to keep it, and do not delete it.
 * Errors: NULL when list is not one, or index is negative or not below the size.
 */
const struct otc_connection *otc_connection_list_get(const struct otc_connection_list *list,
                                                     int index);

/**
 * Ends a list, and the connections that belong to it.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: takes the object.
 * Errors: OTC_INVALID_PARAM when list is not one, or has been deleted before.
 */
otc_status otc_connection_list_delete(struct otc_connection_list *list);

/**
 * Sets the secret from which the keys of end-to-end encryption are made; it may be set again.
 *
 * It protects media (audio and video), which this version of the library does not carry: what the call does is to tell the
 * server of a session with such encryption, when the secret is set before otc_session_connect(), that this client takes part
 * in it. Signals are not encrypted end to end: the server can read them.
 *
 * secret: 8 to 256 characters of UTF-8 text, the same at all members.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text is copied, and never logged or sent.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when secret is NULL or not UTF-8;
 * OTC_SESSION_INVALID_ENCRYPTION_SECRET when it is too short or too long; then the secret stays as it was.
 */
otc_status otc_session_set_encryption_secret(struct otc_session *session,
                                             const char *secret);

/**
 * Reports an issue to the server's operator, who finds it in the server's log by its id.
 *
 * The id is logged here too (INFO), with the session, the connection and where the session stands; the description goes to
 * the server only. The report is sent in the background; that it could not be delivered is logged (WARN).
 *
 * issue_description: what is wrong, for people: 1 to 8192 bytes of UTF-8 text. issue_id: where the id of the report, a UUID,
 * is put; NULL is put there when the call fails.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the description is copied; the caller owns the id and ends it with free().
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when issue_id is NULL, or
 * issue_description is NULL, empty, too long or not UTF-8; OTC_SESSION_ILLEGAL_STATE when four reports of this process are
 * still on their way; OTC_FATAL when the system gives no memory or no randomness.
 */
otc_status otc_session_report_issue(struct otc_session *session,
                                    const char *issue_description,
                                    char **issue_id);

/**
 * Starts the library: must come before everything but settings and logging. A second call changes nothing.
 *
 * reserved: pass NULL.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_FATAL when the system gives no threads; OTC_SESSION_ILLEGAL_STATE in a child after fork(), and inside a
 * callback while another thread is in otc_destroy().
 */
otc_status otc_init(void *reserved);

/**
 * Stops the library: ends all sessions, gives those that are connected half a second to say that they leave, and ends its
 * threads. One that waits for the system to look up a name ends when the system gives up. otc_init() works again afterwards.
 *
 * Threads: any. Callback-safe: no, it is refused there.
 * Blocks: until running callbacks have returned and recordings are written, 5 seconds at most.
 * Owns: ends every session that has not been deleted; connection and stream objects of the caller stay.
 * Errors: OTC_SESSION_ILLEGAL_STATE inside a callback; OTC_FATAL when a callback has not returned, or a recording is not
 * written, in time.
 */
otc_status otc_destroy(void);

/**
 * The library's version, "1.2.3" for example; compare with OTC_VERSION of the header.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text is the library's and lives for ever.
 * Errors: none.
 */
const char *otc_version(void);

/**
 * The library's version as one number; compare with OTC_VERSION_NUMBER of the header.
 *
 * Bits 16 and up hold the major version, bits 8 to 15 the minor one, bits 0 to 7 the patch.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: none.
 */
int otc_version_number(void);

/**
 * Says how often this process may begin to open a socket, over all its sessions; more wait their turn.
 *
 * dials: 1 to 10000 in a second, 100 by default. As many as that may begin at once, the next ones a
 * second later, one after the other. A change holds at once, for sessions that wait already too, and stays until the next
 * change: otc_destroy() does not undo it.
 * Many sessions that lose their server together come back at this rate; see to it that the server can bear it.
 *
 * Threads: any; may come before otc_init(). Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_SESSION_NULL_OR_INVALID_PARAMETER when dials is out of range.
 */
otc_status otc_set_dials_per_second(int dials);

/**
 * Says in a sentence why this thread's last failed call failed, and what to do next; "" when none has failed.
 *
 * Threads: any; each has its own text. Callback-safe: yes. Blocks: no.
 * Owns: the text is the library's and lives until the thread's next failed call.
 * Errors: none.
 */
const char *otc_last_error_text(void);

/**
 * Sets the function that takes the lines of the log; NULL sends them to standard error.
 *
 * callback: called on whatever thread has something to say, on several at the same time. It may call what a callback may, and
 * should return at once: when a thread of the library calls it, the sockets of all sessions wait for it.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: none.
 */
void otc_log_set_logger_callback(otc_logger_callback callback);

/**
 * Sets how loud the log is. It begins disabled.
 *
 * log_level: everything up to this level is logged; what is above OTC_LOG_LEVEL_DEBUG counts as that.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: none; a negative number changes nothing.
 */
void otc_log_enable(enum otc_log_level log_level);

/**
 * How loud the log is.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: none.
 */
enum otc_log_level otc_get_log_level(void);

/**
 * Mutes everybody in the session, oneself included, but the excluded streams; those who publish later start muted, until
 * otc_session_disable_force_mute(). Every member is told by on_mute_forced. It takes a moderator's token. While the session
 * is reconnecting the request waits, in order with the signals.
 *
 * excluded_streams_ids: ids of streams that are not muted; NULL when there are none. excluded_streams_len: how many,
 * 0 to 3000.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when the number is not in its
 * range, or an id is NULL or not one (1 to 64 letters, digits, '-', '_' and '.'); OTC_SESSION_NOT_CONNECTED;
 * OTC_UNABLE_TO_FORCE_MUTE when the token does not allow it (otc_session_get_capabilities()), or too many requests wait.
 * What the server refuses later is reported by on_error with OTC_UNABLE_TO_FORCE_MUTE.
 */
otc_status otc_session_force_mute_all(struct otc_session *session,
                                      const char **excluded_streams_ids,
                                      int excluded_streams_len);

/**
 * Ends what otc_session_force_mute_all() began: those who publish from now on are not muted. Who is muted stays so until
 * it unmutes itself. Every member is told by on_mute_forced. While the session is reconnecting the request waits, in order
 * with the signals.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_UNABLE_TO_FORCE_MUTE when the token
 * does not allow it (otc_session_get_capabilities()), or too many requests wait. What the server refuses later is reported
 * by on_error with OTC_UNABLE_TO_FORCE_MUTE.
 */
otc_status otc_session_disable_force_mute(struct otc_session *session);

/**
 * Mutes one stream: its publisher is told to. It takes a moderator's token. While the session is reconnecting the request
 * waits, in order with the signals.
 *
 * stream_id_to_mute: as otc_stream_get_id() says it.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text is copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when the id is NULL or not one
 * (1 to 64 letters, digits, '-', '_' and '.'); OTC_SESSION_NOT_CONNECTED; OTC_UNABLE_TO_FORCE_MUTE when the token does not
 * allow it (otc_session_get_capabilities()), or too many requests wait. What the server refuses later, because no such
 * stream is published for example, is reported by on_error with OTC_UNABLE_TO_FORCE_MUTE.
 */
otc_status otc_session_force_mute_stream(const struct otc_session *session,
                                         const char *stream_id_to_mute);

/**
 * Sends a member away: its session ends with on_disconnected and OTC_DISCONNECT_REASON_FORCE_DISCONNECTED, and the others
 * hear on_connection_dropped. It takes a moderator's token. While the session is reconnecting the request waits, in order
 * with the signals.
 *
 * connection: whom, from a callback, a copy, a list or otc_stream_get_connection().
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when connection is not one;
 * OTC_SESSION_NOT_CONNECTED; OTC_UNABLE_TO_FORCE_DISCONNECT when the token does not allow it
 * (otc_session_get_capabilities()), or too many requests wait. What the server refuses later, because the member has left
 * for example, is reported by on_error with OTC_UNABLE_TO_FORCE_DISCONNECT.
 */
otc_status otc_session_force_disconnect(struct otc_session *session,
                                        const struct otc_connection *connection);

/**
 * Makes a session that is not connected.
 *
 * apikey: API key or application id, 1024 bytes at most. session_id: from the application's server, 1024 bytes at most.
 * callbacks: copied; see there.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the caller owns the session and ends it with otc_session_delete(); all arguments are copied.
 * Errors: NULL when an argument is NULL, too long or not UTF-8, when the environment variable OTC_API_URL is no URL, or before
 * otc_init(); otc_last_error_text() says which. Whether key and session exist is found out by otc_session_connect().
 */
struct otc_session *otc_session_new(const char *apikey,
                                    const char *session_id,
                                    const struct otc_session_callbacks *callbacks);

/**
 * Makes a session with settings.
 *
 * apikey, session_id, callbacks: as for otc_session_new(). settings: copied; may be deleted at once.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the caller owns the session and ends it with otc_session_delete(); all arguments are copied.
 * Errors: as for otc_session_new(), and NULL when settings is not a settings object, or when the record file that they
 * name cannot be written.
 */
struct otc_session *otc_session_new_with_settings(const char *apikey,
                                                  const char *session_id,
                                                  const struct otc_session_callbacks *callbacks,
                                                  struct otc_session_settings *settings);

/**
 * Leaves the session if it is connected, and ends the object. When the call returns, no callback of the session begins
 * any more but on_released; inside a callback, one that is running or just beginning may still finish, and on_released
 * follows it.
 *
 * Threads: any. Callback-safe: yes.
 * Blocks: outside callbacks, until a running callback of the session has returned and on_released has run, and after two
 * seconds the log says whom it waits for; then half a second at most for its recording to be written, if it has one; never
 * for the network.
 * Owns: takes the object.
 * Errors: OTC_INVALID_PARAM when session is not one, or has been deleted before.
 */
otc_status otc_session_delete(struct otc_session *session);

/**
 * Joins the session; on_connected or on_error follows. What fails for a passing reason is tried up to three times first.
 *
 * token: from the application's server, a T1 token or a JWT, 16384 bytes at most.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the token is copied, and forgotten when the session is joined.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when token is NULL, too long or
 * not UTF-8; OTC_SESSION_ILLEGAL_STATE when the session is connected, connecting, reconnecting or disconnecting.
 */
otc_status otc_session_connect(struct otc_session *session,
                               const char *token);

/**
 * Joins the session on the server at host; on_connected or on_error follows.
 *
 * host: name or address, without scheme and port. path: what comes before "/session" in URLs, mostly "". port: 1 to 65535. secure: OTC_TRUE for
 * https. token: as for otc_session_connect().
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: as for otc_session_connect(); OTC_SESSION_NULL_OR_INVALID_PARAMETER also when host, path or port is not one.
 */
otc_status otc_session_connect_to_host(struct otc_session *session,
                                       const char *host,
                                       const char *path,
                                       int port,
                                       otc_bool secure,
                                       const char *token);

/**
 * Leaves the session; on_disconnected follows. Signals that were accepted are sent first, and their answers awaited, until the
 * server has not answered for 2 seconds. While the session is reconnecting it ends at once.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED when there is nothing to leave.
 */
otc_status otc_session_disconnect(struct otc_session *session);

/**
 * The session id that the session was made with.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text belongs to the session and lives until otc_session_delete(); do not free it.
 * Errors: NULL when session is not one.
 */
char *otc_session_get_id(const struct otc_session *session);

/**
 * One's own connection, also while the session is reconnecting.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the caller owns the object and ends it with otc_connection_delete().
 * Errors: NULL when session is not one, or is not connected.
 */
struct otc_connection *otc_session_get_connection(const struct otc_session *session);

/**
 * The user_data of the callbacks.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing; the pointer is the application's.
 * Errors: NULL when session is not one.
 */
void *otc_session_get_user_data(const struct otc_session *session);

/**
 * What the token allows; all OTC_FALSE while the session is not connected.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: all OTC_FALSE when session is not one.
 */
struct otc_session_capabilities otc_session_get_capabilities(const struct otc_session *session);

/**
 * Where the session stands.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_CONNECTION_STATUS_NOT_CONNECTED when session is not one.
 */
enum otc_connection_status otc_session_get_connection_status(const struct otc_session *session);

/**
 * Why the session ended last; OTC_DISCONNECT_REASON_NONE while it has not.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_DISCONNECT_REASON_NONE when session is not one.
 */
enum otc_disconnect_reason otc_session_get_disconnect_reason(const struct otc_session *session);

/**
 * Sets the last callback of the session: it is called exactly once, after otc_session_delete() or otc_destroy(), when every
 * other callback of the session has returned and none begins any more. From then on user_data may be freed.
 *
 * Outside a callback, otc_session_delete() returns after it has run; inside a callback, before.
 *
 * on_released: called with the user_data of the session's callbacks; NULL for none. It replaces the one set before.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when session is not one, or has been deleted before.
 */
otc_status otc_session_set_on_released(struct otc_session *session,
                                       otc_released_callback on_released);

/**
 * Sets a callback for every change of the session's status.
 *
 * on_status_changed: called with the user_data of the session's callbacks and the new status; NULL for none. It replaces the
 * one set before, for what is told from now on.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when session is not one, or has been deleted before.
 */
otc_status otc_session_set_on_status_changed(struct otc_session *session,
                                             otc_status_changed_callback on_status_changed);

/**
 * Sets a callback for signals that were accepted and have not, or may not have, come through: each is told once, in order with
 * the session's other callbacks, and before the on_error and on_disconnected that end the session. It is told instead of on_error.
 *
 * Signals that are unanswered when otc_session_delete() is called are not told: from then on no callback begins. Who wants to
 * know of them calls otc_session_disconnect() first, and waits for on_disconnected.
 *
 * on_signal_failed: called with the user_data of the session's callbacks; NULL for none, then on_error tells of such signals. It
 * replaces the one set before, for what is told from now on.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when session is not one, or has been deleted before.
 */
otc_status otc_session_set_on_signal_failed(struct otc_session *session,
                                            otc_signal_failed_callback on_signal_failed);

/**
 * Makes settings with every value at its default.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the caller owns them and ends them with otc_session_settings_delete().
 * Errors: NULL when there are too many.
 */
struct otc_session_settings *otc_session_settings_new(void);

/**
 * Ends settings; sessions that were made with them keep their copy.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: takes the object.
 * Errors: OTC_INVALID_PARAM when settings is not one, or has been deleted before.
 */
otc_status otc_session_settings_delete(struct otc_session_settings *settings);

/**
 * Says whether on_connection_created and on_connection_dropped are left out, and not even sent by the server. Off by
 * default; meant for sessions with very many members.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when settings is not one.
 */
otc_status otc_session_settings_set_connection_events_suppressed(struct otc_session_settings *settings,
                                                                 otc_bool suppress);

/**
 * Says which server to use: an http or https URL such as "https://example.org" or "http://127.0.0.1:8080".
 *
 * Without it the environment variable OTC_API_URL decides, and without that the hosted platform is used.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text is copied.
 * Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when url is not a URL.
 */
otc_status otc_session_settings_set_api_url(struct otc_session_settings *settings,
                                            const char *url);

/**
 * Names a file of PEM certificates to trust beside the system's, for servers with a certificate authority of their own.
 *
 * The file is read when a session first connects over TLS.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text is copied.
 * Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when path is NULL or empty.
 */
otc_status otc_session_settings_set_ca_file(struct otc_session_settings *settings,
                                            const char *path);

/**
 * Names STUN and TURN servers of the application's own.
 *
 * custom_ice_config: up to 64 servers; none is allowed. The library carries no media yet: the servers are checked and
 * kept, and nothing of joining, signals and reconnection uses them.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the struct, its arrays and their texts are copied; they may be freed at once.
 * Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when custom_ice_config is
 * NULL, when num_ice_servers is negative or above 64, when there are servers and an array is NULL, and when a URL is NULL
 * or not one of these forms, or a name or password is longer than 1024 bytes or not UTF-8.
 */
otc_status otc_session_settings_set_custom_ice_config(struct otc_session_settings *settings,
                                                      const struct otc_custom_ice_config *custom_ice_config);

/**
 * Says whether media may use only those addresses that the hosted platform has promised to firewalls, which it sells as
 * an addition. Off by default.
 *
 * The library carries no media yet, and what would have to be said to the server is not known: the setting is kept and
 * changes nothing.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when settings is not one.
 */
otc_status otc_session_settings_set_ip_whitelist(struct otc_session_settings *settings,
                                                 otc_bool ip_whitelist);

/**
 * Says whether all streams of a routed session share one peer connection instead of having one each. Off by default.
 *
 * The library carries no media yet: the setting is kept and changes nothing, and the server is not told of it.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when settings is not one.
 */
otc_status otc_session_settings_set_single_peer_connection(struct otc_session_settings *settings,
                                                           otc_bool single_peer_connection);

/**
 * Names a server that stands in for all others (what the vendor calls an IP proxy): each URL becomes one of its own.
 *
 * proxy_url: an http or https URL such as "https://proxy.example.org/otc"; NULL: none, which is the default. What would be
 * asked for at "https://host:port/path" is then asked for at "https://proxy.example.org/otc/host:port/path", and sockets
 * likewise, encrypted when proxy_url begins with https. The proxy passes on what it is asked for. For HTTP CONNECT and
 * SOCKS see otc_session_settings_set_network_proxy(); both may be set.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text is copied.
 * Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when proxy_url is not a URL.
 */
otc_status otc_session_settings_set_proxy_url(struct otc_session_settings *settings,
                                              const char *proxy_url);

/**
 * Names a proxy that stands between this network and the server.
 *
 * url: "http://host:port" for HTTP CONNECT, "socks5://host:port" for SOCKS5; with "user:password@" before the host for a
 * proxy that wants to know who asks (write %40 for @, %3A for a colon and %25 for a percent sign in them). NULL: none,
 * which is the default; the proxy settings of the system and of the environment are not looked at. The session info and
 * the socket go through the proxy, encrypted or not; it must allow connections to the ports of both. Names of servers are
 * looked up by the proxy. A proxy that is not there, or refuses, or does not answer within 10 seconds, is a failed
 * connect: on_error with OTC_SESSION_CONNECTION_FAILED and a text that names the proxy.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text is copied; name and password are never logged.
 * Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when url is not one of these
 * forms.
 */
otc_status otc_session_settings_set_network_proxy(struct otc_session_settings *settings,
                                                  const char *url);

/**
 * Adds something to what the client calls itself, "libotc/1.2.3 (linux)" for example; the server and its logs see it.
 *
 * suffix: 1 to 128 printable ASCII characters, such as "kiosk/4.2"; NULL: nothing, which is the default.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text is copied.
 * Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when suffix is empty, too
 * long, or holds something else.
 */
otc_status otc_session_settings_set_user_agent_suffix(struct otc_session_settings *settings,
                                                      const char *suffix);

/**
 * Says whether the application wants to follow the server to another one. Off by default.
 *
 * The library does not follow yet, and does not tell the server that it would, whatever is set here: a server that moves
 * its sessions is told that this client stays, and the session then comes back or ends as after any lost connection.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when settings is not one.
 */
otc_status otc_session_settings_set_session_migration(struct otc_session_settings *settings,
                                                      otc_bool session_migration);

/**
 * Says how long a session tries to come back when its connection is lost.
 *
 * milliseconds: 0 to 3600000, 30000 by default. 0: a lost connection is not restored; on_error with
 * OTC_SESSION_CONNECTION_DROPPED and on_disconnected follow at once, without on_reconnecting. More than the server keeps
 * a lost client (otc-server: 45 seconds unless it is told otherwise) is of no use: it then says that it is too late.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when milliseconds is out of
 * range.
 */
otc_status otc_session_settings_set_reconnect_window(struct otc_session_settings *settings,
                                                     int milliseconds);

/**
 * Says how many callbacks may wait for the application. When they do, the session reads no more of its socket until half
 * of them have run, and nothing is lost; a server ends the connection of a client that does not read for long.
 *
 * callbacks: 1 to 65536, 1024 by default. What one read brings may come on top.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when callbacks is out of
 * range.
 */
otc_status otc_session_settings_set_callback_queue_size(struct otc_session_settings *settings,
                                                        int callbacks);

/**
 * Says how many signals and other requests may wait for the server's answer, or for the connection to come back. Above,
 * a signal is refused with OTC_SESSION_UNABLE_TO_SEND_SIGNAL.
 *
 * signals: 1 to 65536, 16384 by default. Beside it 64 MiB of them are the most.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when signals is out of range.
 */
otc_status otc_session_settings_set_signal_queue_size(struct otc_session_settings *settings,
                                                      int signals);

/**
 * Names a file in which what happens to the session is written down, to be sent along with a report of a bug: otc-replay
 * makes it happen again.
 *
 * path: NULL: none, which is the default; then the environment variable OTC_RECORD names one. The second session of a
 * process that is recorded under the same path gets a file of its own, path with ".2" behind it, the next one ".3"; a
 * file that another process is writing is left to it, and the next number that is free is taken. By the environment 100
 * sessions of a process are recorded at most, and none of a program that has more rights than its user (setuid).
 *
 * The file is made with otc_session_new_with_settings(), for its owner to read and nobody else, and ends at 64 MiB. An
 * older recording in its place is overwritten; any other file is left alone. It holds the ids of connections, streams and
 * archives, times (of creation, too), permissions, the sizes of video, and the seed of ids and of jitter. Of tokens,
 * secrets, names and what is signalled it holds how many characters of each kind they have (of one byte, of two and so
 * on, and those that JSON escapes), of URLs the scheme, too. A thread for each recording writes it. Should it not be
 * possible to go on writing, because the disk is full or too slow for example, the log says so and the session goes on.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text is copied.
 * Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when path is empty, longer
 * than 4096 bytes or not UTF-8. A file that cannot be written is found out by otc_session_new_with_settings(), which then
 * returns NULL.
 */
otc_status otc_session_settings_set_record_file(struct otc_session_settings *settings,
                                                const char *path);

/**
 * Sends a signal to everybody in the session, oneself included. Every member gets it exactly once, in the order in which its
 * sender sent, through cuts of the connection.
 *
 * type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
 * signal: UTF-8 text, 8192 bytes at most; may be NULL.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
 * OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
 * UTF-8; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
 * later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
 */
otc_status otc_session_signal(struct otc_session *session,
                              const char *type,
                              const char *signal);

/**
 * Sends a signal to one member of the session. Every member gets it exactly once, in the order in which its
 * sender sent, through cuts of the connection.
 *
 * type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
 * signal: UTF-8 text, 8192 bytes at most; may be NULL.
 * connection: the addressee, from a callback, a copy or otc_stream_get_connection().
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
 * OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
 * UTF-8, or connection is not one; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
 * later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
 */
otc_status otc_session_signal_to_connection(struct otc_session *session,
                                            const char *type,
                                            const char *signal,
                                            const struct otc_connection *connection);

/**
 * Sends a signal to everybody in the session, oneself included, with options. Every member gets it exactly once, in the order in which its
 * sender sent, through cuts of the connection.
 *
 * type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
 * signal: UTF-8 text, 8192 bytes at most; may be NULL.
 * signal_options: whether the signal waits while the session is reconnecting.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
 * OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
 * UTF-8; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
 * later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
 */
otc_status otc_session_signal_with_options(struct otc_session *session,
                                           const char *type,
                                           const char *signal,
                                           struct otc_signal_options signal_options);

/**
 * Sends a signal to one member of the session, with options. Every member gets it exactly once, in the order in which its
 * sender sent, through cuts of the connection.
 *
 * type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
 * signal: UTF-8 text, 8192 bytes at most; may be NULL.
 * connection: the addressee, from a callback, a copy or otc_stream_get_connection().
 * signal_options: whether the signal waits while the session is reconnecting.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
 * OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
 * UTF-8, or connection is not one; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
 * later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
 */
otc_status otc_session_signal_to_connection_with_options(struct otc_session *session,
                                                         const char *type,
                                                         const char *signal,
                                                         const struct otc_connection *connection,
                                                         struct otc_signal_options signal_options);

/**
 * The vendor's spelling of otc_session_signal().
 *
 * type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
 * signal: UTF-8 text, 8192 bytes at most; may be NULL.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
 * OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
 * UTF-8; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
 * later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
 */
otc_status otc_session_send_signal(struct otc_session *session,
                                   const char *type,
                                   const char *signal);

/**
 * The vendor's spelling of otc_session_signal_to_connection().
 *
 * type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
 * signal: UTF-8 text, 8192 bytes at most; may be NULL.
 * connection: the addressee, from a callback, a copy or otc_stream_get_connection().
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
 * OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
 * UTF-8, or connection is not one; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
 * later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
 */
otc_status otc_session_send_signal_to_connection(struct otc_session *session,
                                                 const char *type,
                                                 const char *signal,
                                                 const struct otc_connection *connection);

/**
 * The vendor's spelling of otc_session_signal_with_options().
 *
 * type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
 * signal: UTF-8 text, 8192 bytes at most; may be NULL.
 * signal_options: whether the signal waits while the session is reconnecting.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
 * OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
 * UTF-8; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
 * later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
 */
otc_status otc_session_send_signal_with_options(struct otc_session *session,
                                                const char *type,
                                                const char *signal,
                                                struct otc_signal_options signal_options);

/**
 * The vendor's spelling of otc_session_signal_to_connection_with_options().
 *
 * type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
 * signal: UTF-8 text, 8192 bytes at most; may be NULL.
 * connection: the addressee, from a callback, a copy or otc_stream_get_connection().
 * signal_options: whether the signal waits while the session is reconnecting.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: all arguments are copied.
 * Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
 * OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
 * UTF-8, or connection is not one; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
 * later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
 */
otc_status otc_session_send_signal_to_connection_with_options(struct otc_session *session,
                                                              const char *type,
                                                              const char *signal,
                                                              const struct otc_connection *connection,
                                                              struct otc_signal_options signal_options);

/**
 * The stream's id; "" for NULL.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text belongs to the stream object and lives as long as it.
 * Errors: "" when stream is not one.
 */
const char *otc_stream_get_id(const struct otc_stream *stream);

/**
 * The stream's name; "" when it has none.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the text belongs to the stream object and lives as long as it.
 * Errors: "" when stream is not one.
 */
const char *otc_stream_get_name(const struct otc_stream *stream);

/**
 * Whether the stream was published with pictures, on or off.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_FALSE when stream is not one.
 */
otc_bool otc_stream_has_video_track(const struct otc_stream *stream);

/**
 * Whether the stream's pictures are on.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_FALSE when stream is not one.
 */
otc_bool otc_stream_has_video(const struct otc_stream *stream);

/**
 * Whether the stream was published with sound, on or off.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_FALSE when stream is not one.
 */
otc_bool otc_stream_has_audio_track(const struct otc_stream *stream);

/**
 * Whether the stream's sound is on.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_FALSE when stream is not one.
 */
otc_bool otc_stream_has_audio(const struct otc_stream *stream);

/**
 * Whether the stream's captions are on.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_FALSE when stream is not one.
 */
otc_bool otc_stream_has_captions(const struct otc_stream *stream);

/**
 * Makes a copy that outlives the callback. The copy shows the stream as it was when the original was made.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the caller owns the copy and ends it with otc_stream_delete().
 * Errors: NULL when stream is not one.
 */
struct otc_stream *otc_stream_copy(const struct otc_stream *stream);

/**
 * Ends a stream object that the caller owns.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: takes the object; its texts and its connection end too.
 * Errors: OTC_INVALID_PARAM when stream is not one, has been deleted before, or is lent.
 */
otc_status otc_stream_delete(struct otc_stream *stream);

/**
 * The width of the stream's pictures in pixels; 0 without pictures.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: 0 when stream is not one.
 */
int otc_stream_get_video_width(const struct otc_stream *stream);

/**
 * The height of the stream's pictures in pixels; 0 without pictures.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: 0 when stream is not one.
 */
int otc_stream_get_video_height(const struct otc_stream *stream);

/**
 * When the stream was published, in milliseconds since 1970; 0 when unknown.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: 0 when stream is not one.
 */
int64_t otc_stream_get_creation_time(const struct otc_stream *stream);

/**
 * Where the stream's pictures come from.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: nothing.
 * Errors: OTC_STREAM_VIDEO_TYPE_CAMERA when stream is not one.
 */
enum otc_stream_video_type otc_stream_get_video_type(const struct otc_stream *stream);

/**
 * The connection that publishes the stream.
 *
 * Threads: any. Callback-safe: yes. Blocks: no.
 * Owns: the connection belongs to the stream object and lives as long as it; do not delete it.
 * Errors: NULL when stream is not one.
 */
const struct otc_connection *otc_stream_get_connection(const struct otc_stream *stream);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif
