/* libotc for C++17: realtime sessions and signals. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One header over otc.h, with nothing of its own to link. Each function calls one of otc.h, and what is said there of bounds
 * and errors holds here too.
 *
 * Errors.   Nothing here throws by itself (memory that runs out apart), so it also works with -fno-exceptions and -fno-rtti.
 *           What can fail returns an otc::status or an otc::result, which the compiler does not let you overlook.
 * Handlers. Those of one session run one at a time, in order, on threads of the library, and with no lock held. An exception
 *           that leaves a handler ends the program by std::terminate(), as one that leaves the function of a std::thread does.
 * Lifetime. session, connection, stream, connection_list and library own what they stand for and can only be moved.
 *           session_ref, connection_view, stream_view and signal_view are lent to a handler until it returns; to keep a
 *           connection or a stream, make one: otc::connection kept(view). Texts live as long as what they were asked of.
 *           A session may end inside its own handlers. What the handlers hold lives until the last of them has returned.
 * Threads.  Any function from any thread, handlers included. The objects here are like those of the standard library: several
 *           threads may use one at once, but not while one of them moves or ends it. */
#ifndef OTC_HPP
#define OTC_HPP

#include "otc.h"

#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "otc.hpp needs C++17: compile with -std=c++17 or later"
#endif

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace otc {

// ---- Numbers ------------------------------------------------------------------------------------------------------------

/// What went wrong. A number without a name here is possible, and is one of otc.h's or of a later library.
enum class error_code : int {
    success = OTC_SUCCESS,
    invalid_param = OTC_INVALID_PARAM,                                    ///< the object is empty, or has ended
    fatal = OTC_FATAL,                                                    ///< the text says why
    authorization_failure = OTC_SESSION_AUTHORIZATION_FAILURE,            ///< the token or the API key was refused
    invalid_session = OTC_SESSION_INVALID_SESSION,                        ///< the session id is not one
    connection_failed = OTC_SESSION_CONNECTION_FAILED,                    ///< the session could not be joined
    not_connected = OTC_SESSION_NOT_CONNECTED,                            ///< the call needs a connected session
    null_or_invalid_parameter = OTC_SESSION_NULL_OR_INVALID_PARAMETER,    ///< an argument is not valid
    illegal_state = OTC_SESSION_ILLEGAL_STATE,                            ///< not in this state, or not in a handler
    state_failed = OTC_SESSION_STATE_FAILED,                              ///< the session info did not come in time
    connection_timed_out = OTC_SESSION_CONNECTION_TIMED_OUT,              ///< the messaging server did not answer
    connection_dropped = OTC_SESSION_CONNECTION_DROPPED,                  ///< lost, and could not be restored
    connection_refused = OTC_SESSION_CONNECTION_REFUSED,                  ///< no way to the messaging server
    blocked_country = OTC_SESSION_BLOCKED_COUNTRY,                        ///< the server does not serve this place
    connection_limit_exceeded = OTC_SESSION_CONNECTION_LIMIT_EXCEEDED,    ///< the session is full
    signal_data_too_long = OTC_SESSION_SIGNAL_DATA_TOO_LONG,              ///< more than 8192 bytes
    signal_type_too_long = OTC_SESSION_SIGNAL_TYPE_TOO_LONG,              ///< more than 128 bytes
    invalid_signal_type = OTC_SESSION_INVALID_SIGNAL_TYPE,                ///< not only letters, digits, '-', '_', '~'
    no_messaging_server = OTC_SESSION_NO_MESSAGING_SERVER,                ///< the session info names none
    unable_to_force_disconnect = OTC_UNABLE_TO_FORCE_DISCONNECT,          ///< somebody could not be sent away
    force_unpublish_or_invalid_stream = OTC_SESSION_FORCE_UNPUBLISH_OR_INVALID_STREAM, ///< the stream is not one
    unable_to_force_mute = OTC_UNABLE_TO_FORCE_MUTE,                      ///< somebody could not be muted
    unable_to_send_signal = OTC_SESSION_UNABLE_TO_SEND_SIGNAL,            ///< not delivered, or nothing is known of it
    internal_error = OTC_SESSION_INTERNAL_ERROR,                          ///< a fault of the library: please report it
    unexpected_session_info = OTC_SESSION_UNEXPECTED_GET_SESSION_INFO_REPONSE, ///< the server's answer made no sense
    encryption_secret_missing = OTC_SESSION_ENCRYPTION_SECRET_MISSING,    ///< the session is encrypted, no secret is set
    invalid_encryption_secret = OTC_SESSION_INVALID_ENCRYPTION_SECRET,    ///< not 8 to 256 characters
};

/// Where a session stands.
enum class connection_status : int {
    not_connected = OTC_CONNECTION_STATUS_NOT_CONNECTED, ///< never connected, or disconnected
    connecting = OTC_CONNECTION_STATUS_CONNECTING,       ///< connect() is under way
    connected = OTC_CONNECTION_STATUS_CONNECTED,         ///< joined
    reconnecting = OTC_CONNECTION_STATUS_RECONNECTING,   ///< lost, and being restored
    disconnecting = OTC_CONNECTION_STATUS_DISCONNECTING, ///< disconnect() is under way
    failed = OTC_CONNECTION_STATUS_FAILED,               ///< the last connect() failed
};

/// Why a session ended.
enum class disconnect_reason : int {
    none = OTC_DISCONNECT_REASON_NONE,                                 ///< it has not
    client_disconnected = OTC_DISCONNECT_REASON_CLIENT_DISCONNECTED,   ///< the application asked for it
    force_disconnected = OTC_DISCONNECT_REASON_FORCE_DISCONNECTED,     ///< a moderator or the server sent us away
    network_disconnected = OTC_DISCONNECT_REASON_NETWORK_DISCONNECTED, ///< lost, and could not be restored
};

/// Where a stream's pictures come from.
enum class video_type : int {
    camera = OTC_STREAM_VIDEO_TYPE_CAMERA, ///< a camera
    screen = OTC_STREAM_VIDEO_TYPE_SCREEN, ///< a screen
    custom = OTC_STREAM_VIDEO_TYPE_CUSTOM, ///< something else
};

/// How loud the log is; each level includes those before it.
enum class log_level : int {
    disabled = OTC_LOG_LEVEL_DISABLED, ///< silent, the default
    error = OTC_LOG_LEVEL_ERROR,       ///< what failed
    warn = OTC_LOG_LEVEL_WARN,         ///< what may be going wrong
    info = OTC_LOG_LEVEL_INFO,         ///< what happens
    debug = OTC_LOG_LEVEL_DEBUG,       ///< everything
};

// ---- Errors -------------------------------------------------------------------------------------------------------------

/// An error: its number, and a sentence on why and what to do next.
struct error {
    error_code code = error_code::success; ///< for programs
    std::string text;                      ///< for people; names no secret and no signal's contents
};

/// What a call without a value returns: success (true) or an error.
class [[nodiscard]] status {
public:
    /// Success.
    status() = default;
    /// A failure.
    status(otc::error failure) : error_(std::move(failure)) {}
    /// Whether the call succeeded.
    explicit operator bool() const noexcept { return error_.code == error_code::success; }
    /// Why it did not; error_code::success and no text if it did.
    const otc::error& error() const noexcept { return error_; }

private:
    otc::error error_;
};

/// What a call with a value returns: the value, or an error. As with std::optional, `*` and `->` need a value to be there.
template <typename Value>
class [[nodiscard]] result {
public:
    /// A value.
    result(Value value) : content_(std::in_place_index<0>, std::move(value)) {}
    /// A failure.
    result(otc::error failure) : content_(std::in_place_index<1>, std::move(failure)) {}
    /// Whether there is a value.
    explicit operator bool() const noexcept { return content_.index() == 0; }
    /// The value.
    Value& operator*() & noexcept { return *std::get_if<0>(&content_); }
    /// The value.
    const Value& operator*() const& noexcept { return *std::get_if<0>(&content_); }
    /// The value, moved out; itself and no reference, so that `for (auto c : *session.connections())` keeps the list alive.
    Value operator*() && { return std::move(*std::get_if<0>(&content_)); }
    /// The value.
    Value* operator->() noexcept { return std::get_if<0>(&content_); }
    /// The value.
    const Value* operator->() const noexcept { return std::get_if<0>(&content_); }
    /// Why there is no value; only when there is none.
    const otc::error& error() const noexcept { return *std::get_if<1>(&content_); }

private:
    std::variant<Value, otc::error> content_;
};

// ---- Between C and C++ --------------------------------------------------------------------------------------------------

/// Not for applications.
namespace detail {

template <auto Delete>
struct deleter {
    template <typename Object>
    void operator()(Object* object) const noexcept {
        static_cast<void>(Delete(object)); // it fails only when otc_destroy() has ended the object before
    }
};

template <typename Object, auto Delete>
using owner = std::unique_ptr<Object, deleter<Delete>>;

template <typename Object>
Object* raw(Object* object) noexcept {
    return object;
}

template <typename Object, typename Deleter>
Object* raw(const std::unique_ptr<Object, Deleter>& object) noexcept {
    return object.get();
}

/// Right after the call, on the same thread: the sentence is the thread's.
inline otc::error last_error(otc_status number) {
    return {static_cast<error_code>(number), otc_last_error_text()};
}

inline status to_status(otc_status number) {
    return number == OTC_SUCCESS ? status() : status(last_error(number));
}

inline std::string_view to_view(const char* text) noexcept { return text == nullptr ? std::string_view() : text; }

inline std::optional<std::string_view> to_optional(const char* text) noexcept {
    return text == nullptr ? std::nullopt : std::optional<std::string_view>(text);
}

inline std::chrono::system_clock::time_point to_time(std::int64_t milliseconds) noexcept {
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
}

/// C would see the text's beginning only. In its place the library is given something that is no UTF-8, and refuses it.
inline const char* to_c(const std::string& text) noexcept {
    return text.find('\0') == std::string::npos ? text.c_str() : "\xff";
}

inline otc_bool to_c(bool value) noexcept { return value ? OTC_TRUE : OTC_FALSE; }
inline int to_c(int value) noexcept { return value; }

inline int to_c(std::chrono::milliseconds value) noexcept {
    // Beyond an int it is beyond what is allowed, too.
    return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(value.count(), INT_MIN, INT_MAX));
}

} // namespace detail

/// A text on its way into the library: a literal, a std::string, a std::string_view, an optional one, or
/// std::nullopt for none. It is made by the call that it is an argument of, and is not for keeping. A text with a NUL
/// character inside is refused as one that is not UTF-8.
class text {
public:
    /// None.
    text(std::nullopt_t) noexcept {}
    /// A text that ends with NUL; none if it is a null pointer.
    text(const char* zero_terminated) noexcept : c_str_(zero_terminated) {}
    /// A string, which must outlive the call.
    text(const std::string& string) noexcept : c_str_(detail::to_c(string)) {}
    /// A view; it is copied, because nothing says that a NUL follows it.
    text(std::string_view view) : copy_(view), c_str_(detail::to_c(copy_)) {}
    /// A view or none.
    text(const std::optional<std::string_view>& view) : copy_(view.value_or(std::string_view())) {
        if (view) c_str_ = detail::to_c(copy_);
    }
    text(const text&) = delete;
    text& operator=(const text&) = delete;
    ~text() = default;
    /// What C is given.
    const char* c_str() const noexcept { return c_str_; }

private:
    std::string copy_;
    const char* c_str_ = nullptr;
};

// ---- Connections --------------------------------------------------------------------------------------------------------

namespace detail {

/// What otc::connection and otc::connection_view have in common.
template <typename Handle>
class connection_getters {
public:
    /// The connection's id; "" for an empty object.
    std::string_view id() const noexcept { return otc_connection_get_id(native()); }
    /// The connection data of the member's token; "" when it has none.
    std::string_view data() const noexcept { return otc_connection_get_data(native()); }
    /// The session that the connection is a member of.
    std::string_view session_id() const noexcept { return otc_connection_get_session_id(native()); }
    /// When the connection joined; the clock's epoch when unknown.
    std::chrono::system_clock::time_point creation_time() const noexcept {
        return to_time(otc_connection_get_creation_time(native()));
    }
    /// For functions of otc.h.
    const otc_connection* native() const noexcept { return raw(handle_); }

protected:
    connection_getters() = default;
    explicit connection_getters(Handle handle) noexcept : handle_(std::move(handle)) {}

    Handle handle_{};
};

} // namespace detail

class connection;

/// A member of a session, lent to a handler until it returns, or by an object that owns it.
class connection_view : public detail::connection_getters<const otc_connection*> {
public:
    /// A connection of C's, which must outlive the view.
    explicit connection_view(const otc_connection* lent) noexcept : connection_getters(lent) {}
    /// A view of one's own connection, which must outlive the view.
    inline connection_view(const connection& owned) noexcept;
};

/// A member of a session, for keeping.
class connection : public detail::connection_getters<detail::owner<otc_connection, otc_connection_delete>> {
public:
    /// An empty object.
    connection() = default;
    /// A copy; empty when what is lent has ended.
    explicit connection(connection_view lent) noexcept : connection(otc_connection_copy(lent.native())) {}
    /// Takes what otc_connection_copy() or otc_session_get_connection() returned.
    explicit connection(otc_connection* taken) noexcept
        : connection_getters(detail::owner<otc_connection, otc_connection_delete>(taken)) {}
    /// False for an empty object, as one is that was moved from.
    explicit operator bool() const noexcept { return handle_ != nullptr; }
};

inline connection_view::connection_view(const connection& owned) noexcept : connection_getters(owned.native()) {}

/// Who was in a session when the list was made: oneself first, then the others in the order in which they joined. Go through it
/// with `for (otc::connection_view member : list)`; the members live as long as the list.
class connection_list {
public:
    /// Takes what otc_session_get_connections() returned.
    explicit connection_list(otc_connection_list* taken) : list_(taken) {
        const int size = otc_connection_list_get_size(taken);
        for (int index = 0; index < size; ++index) members_.emplace_back(otc_connection_list_get(taken, index));
    }
    /// How many members there are; 0 for a list that was moved from.
    std::size_t size() const noexcept { return members_.size(); }
    /// Whether there are none.
    bool empty() const noexcept { return members_.empty(); }
    /// A member, 0 being oneself; index must be below size().
    const connection_view& operator[](std::size_t index) const noexcept { return members_[index]; }
    /// The first member.
    std::vector<connection_view>::const_iterator begin() const noexcept { return members_.begin(); }
    /// Behind the last one.
    std::vector<connection_view>::const_iterator end() const noexcept { return members_.end(); }

private:
    detail::owner<otc_connection_list, otc_connection_list_delete> list_;
    std::vector<connection_view> members_;
};

// ---- Streams ------------------------------------------------------------------------------------------------------------

namespace detail {

/// What otc::stream and otc::stream_view have in common.
template <typename Handle>
class stream_getters {
public:
    /// The stream's id; "" for an empty object.
    std::string_view id() const noexcept { return otc_stream_get_id(native()); }
    /// The stream's name; "" when it has none.
    std::string_view name() const noexcept { return otc_stream_get_name(native()); }
    /// Whether it was published with sound, on or off.
    bool has_audio_track() const noexcept { return otc_stream_has_audio_track(native()) != OTC_FALSE; }
    /// Whether its sound is on.
    bool has_audio() const noexcept { return otc_stream_has_audio(native()) != OTC_FALSE; }
    /// Whether it was published with pictures, on or off.
    bool has_video_track() const noexcept { return otc_stream_has_video_track(native()) != OTC_FALSE; }
    /// Whether its pictures are on.
    bool has_video() const noexcept { return otc_stream_has_video(native()) != OTC_FALSE; }
    /// Whether its captions are on.
    bool has_captions() const noexcept { return otc_stream_has_captions(native()) != OTC_FALSE; }
    /// The width of its pictures in pixels; 0 without pictures.
    int video_width() const noexcept { return otc_stream_get_video_width(native()); }
    /// The height of its pictures in pixels; 0 without pictures.
    int video_height() const noexcept { return otc_stream_get_video_height(native()); }
    /// Where its pictures come from.
    otc::video_type video_type() const noexcept { return static_cast<otc::video_type>(otc_stream_get_video_type(native())); }
    /// When it was published; the clock's epoch when unknown.
    std::chrono::system_clock::time_point creation_time() const noexcept {
        return to_time(otc_stream_get_creation_time(native()));
    }
    /// Who publishes it; lives as long as the stream object.
    connection_view connection() const noexcept { return connection_view(otc_stream_get_connection(native())); }
    /// For functions of otc.h.
    const otc_stream* native() const noexcept { return raw(handle_); }

protected:
    stream_getters() = default;
    explicit stream_getters(Handle handle) noexcept : handle_(std::move(handle)) {}

    Handle handle_{};
};

} // namespace detail

class stream;

/// A stream of a session, lent to a handler until it returns, or by an object that owns it.
class stream_view : public detail::stream_getters<const otc_stream*> {
public:
    /// A stream of C's, which must outlive the view.
    explicit stream_view(const otc_stream* lent) noexcept : stream_getters(lent) {}
    /// A view of one's own stream, which must outlive the view.
    inline stream_view(const stream& owned) noexcept;
};

/// A stream of a session as it was at one moment, for keeping.
class stream : public detail::stream_getters<detail::owner<otc_stream, otc_stream_delete>> {
public:
    /// An empty object.
    stream() = default;
    /// A copy; empty when what is lent has ended.
    explicit stream(stream_view lent) noexcept : stream(otc_stream_copy(lent.native())) {}
    /// Takes what otc_stream_copy() returned.
    explicit stream(otc_stream* taken) noexcept : stream_getters(detail::owner<otc_stream, otc_stream_delete>(taken)) {}
    /// False for an empty object, as one is that was moved from.
    explicit operator bool() const noexcept { return handle_ != nullptr; }
};

inline stream_view::stream_view(const stream& owned) noexcept : stream_getters(owned.native()) {}

// ---- Sessions: what goes in and out -------------------------------------------------------------------------------------

/// A signal that has arrived. It is lent to a handler until it returns.
struct signal_view {
    std::optional<std::string_view> type;  ///< what the sender called it, if anything
    std::optional<std::string_view> data;  ///< its text, if any
    std::optional<connection_view> sender; ///< who sent it; nobody when it was the application's server
};

/// A signal of one's own that has not, or may not have, come through. It is lent to a handler until it returns.
struct failed_signal_view {
    std::optional<std::string_view> type;         ///< as it was sent
    std::optional<std::string_view> data;         ///< as it was sent
    std::optional<std::string_view> addressee_id; ///< the addressee's connection id; nobody when it was for everybody
    otc::error error;                             ///< what happened, and whether it may have arrived all the same
};

/// How a signal is sent.
struct signal_options {
    /// True: while the session is reconnecting the signal waits, and is sent afterwards. False: it is refused then, and not
    /// sent again when the connection is lost before the server has answered.
    bool retry_after_reconnect = true;
};

/// What the token of a connected session allows.
struct capabilities {
    bool publish = false;          ///< to publish streams
    bool subscribe = false;        ///< to subscribe to streams
    bool force_mute = false;       ///< to mute others
    bool force_disconnect = false; ///< to send others away
};

/// A server that finds ways through address translators, or relays.
struct ice_server {
    std::string url;        ///< "stun:…" or "turn:…"
    std::string user;       ///< for "turn:", else empty
    std::string credential; ///< for "turn:", else empty
};

/// Servers for the ways of media.
struct ice_config {
    std::vector<ice_server> servers;   ///< used in this order
    bool force_turn = false;           ///< nothing but relays
    bool use_custom_turn_only = false; ///< no relays but these
};

/// Settings of a session: a plain value, copied by session::create(). What is not set has the library's default. Whether a
/// value is good is told by session::create(), which fails with what the function of otc.h says of it.
struct settings {
    std::optional<std::string> api_url{};                        ///< which server: "https://example.org"
    std::optional<std::string> ca_file{};                        ///< PEM file of certificates to trust beside the system's
    std::optional<std::string> proxy_url{};                      ///< a server that stands in for all others
    std::optional<std::string> network_proxy{};                  ///< "http://[user:password@]host:port" or "socks5://…"
    std::optional<std::string> user_agent_suffix{};              ///< printable ASCII, 128 bytes at most
    std::optional<std::string> record_file{};                    ///< what happens is recorded there, for a report of a bug
    std::optional<bool> connection_events_suppressed{};          ///< no on_connection_created and …_dropped
    std::optional<bool> ip_whitelist{};                          ///< kept, and without effect until there are media
    std::optional<bool> session_migration{};                     ///< kept, and without effect: the library does not follow
    std::optional<bool> single_peer_connection{};                ///< kept, and without effect until there are media
    std::optional<std::chrono::milliseconds> reconnect_window{}; ///< how long to try to come back; 0: not at all
    std::optional<int> callback_queue_size{};                    ///< callbacks that may wait, 1 to 65536
    std::optional<int> signal_queue_size{};                      ///< signals and other requests that may wait, 1 to 65536
    std::optional<ice_config> custom_ice_config{};               ///< kept, and without effect until there are media
};

class session_ref;

/// What a session tells. Set those that you want; they are moved into the session, stay as they are, and end after on_released.
/// What they hold must be copyable (std::function): put what is not into a std::shared_ptr. A class that hands in lambdas with
/// its `this` declares its session last, so that the session ends first.
struct handlers {
    /// The session is joined.
    std::function<void(session_ref)> on_connected{};
    /// The session has ended; disconnect_reason() says why.
    std::function<void(session_ref)> on_disconnected{};
    /// Somebody else is in the session: has joined, or was there before.
    std::function<void(session_ref, connection_view)> on_connection_created{};
    /// Somebody else has left the session.
    std::function<void(session_ref, connection_view)> on_connection_dropped{};
    /// Somebody else publishes a stream.
    std::function<void(session_ref, stream_view)> on_stream_received{};
    /// Somebody else's stream has ended.
    std::function<void(session_ref, stream_view)> on_stream_dropped{};
    /// A stream has gained or lost its sound.
    std::function<void(session_ref, stream_view, bool has_audio)> on_stream_has_audio_changed{};
    /// A stream has gained or lost its pictures.
    std::function<void(session_ref, stream_view, bool has_video)> on_stream_has_video_changed{};
    /// A stream has gained or lost its captions.
    std::function<void(session_ref, stream_view, bool has_captions)> on_stream_has_captions_changed{};
    /// The pictures of a stream have another size, in pixels.
    std::function<void(session_ref, stream_view, int width, int height)> on_stream_video_dimensions_changed{};
    /// The pictures of a stream come from elsewhere.
    std::function<void(session_ref, stream_view, video_type)> on_stream_video_type_changed{};
    /// A signal has arrived, one's own included.
    std::function<void(session_ref, const signal_view&)> on_signal_received{};
    /// The connection is lost; the library tries to come back.
    std::function<void(session_ref)> on_reconnecting{};
    /// The library has come back; nothing was lost.
    std::function<void(session_ref)> on_reconnected{};
    /// A recording of the session has begun, or was running when the session was joined.
    std::function<void(session_ref, std::string_view archive_id, std::string_view name)> on_archive_started{};
    /// A recording has ended.
    std::function<void(session_ref, std::string_view archive_id)> on_archive_stopped{};
    /// Something failed: connecting, or the connection for good (then on_disconnected follows); a signal when
    /// on_signal_failed is not set.
    std::function<void(session_ref, const otc::error&)> on_error{};
    /// A moderator mutes everybody, or ends it.
    std::function<void(session_ref, bool active)> on_mute_forced{};
    /// The session stands elsewhere; told before what the change brings.
    std::function<void(session_ref, connection_status)> on_status_changed{};
    /// A signal of one's own that was accepted was refused by the server, or not answered before the session ended.
    std::function<void(session_ref, const failed_signal_view&)> on_signal_failed{};
    /// The last word, exactly once: the session has ended, and no handler runs or will run.
    std::function<void()> on_released{};
};

// ---- Sessions -----------------------------------------------------------------------------------------------------------

namespace detail {

/// What otc::session and otc::session_ref have in common. On an empty object each fails with error_code::invalid_param.
template <typename Handle>
class session_operations {
public:
    /// Joins the session with a token of the application's server; on_connected or on_error follows.
    status connect(const text& token) const { return to_status(otc_session_connect(native(), token.c_str())); }
    /// Joins the session on the server at host and port; path is what comes before "/session" in URLs, mostly "".
    status connect_to_host(const text& host, const text& path, int port, bool secure, const text& token) const {
        return to_status(
            otc_session_connect_to_host(native(), host.c_str(), path.c_str(), port, to_c(secure), token.c_str()));
    }
    /// Leaves the session; on_disconnected follows. Signals that were accepted are sent first.
    status disconnect() const { return to_status(otc_session_disconnect(native())); }

    /// Sends a signal to everybody, oneself included. What the server refuses later is told by on_error.
    status signal(const text& type, const text& data, signal_options options = {}) const {
        return to_status(otc_session_signal_with_options(native(), type.c_str(), data.c_str(), to_options(options)));
    }
    /// Sends a signal to one member.
    status signal_to(connection_view addressee, const text& type, const text& data, signal_options options = {}) const {
        return to_status(otc_session_signal_to_connection_with_options(native(), type.c_str(), data.c_str(),
                                                                       addressee.native(), to_options(options)));
    }

    /// Mutes everybody, oneself included, but the streams with these ids; those who publish later start muted.
    status force_mute_all(const std::vector<std::string>& excluded_stream_ids = {}) const {
        std::vector<const char*> ids;
        ids.reserve(excluded_stream_ids.size());
        for (const std::string& id : excluded_stream_ids) ids.push_back(to_c(id));
        return to_status(otc_session_force_mute_all(native(), ids.data(), static_cast<int>(ids.size())));
    }
    /// Ends what force_mute_all() began: those who publish later are not muted.
    status disable_force_mute() const { return to_status(otc_session_disable_force_mute(native())); }
    /// Asks the publisher of one stream to mute it.
    status force_mute_stream(const text& stream_id) const {
        return to_status(otc_session_force_mute_stream(native(), stream_id.c_str()));
    }
    /// Sends a member away.
    status force_disconnect(connection_view member) const {
        return to_status(otc_session_force_disconnect(native(), member.native()));
    }

    /// Sets the secret of an encrypted session, 8 to 256 characters; may be called again.
    status set_encryption_secret(const text& secret) const {
        return to_status(otc_session_set_encryption_secret(native(), secret.c_str()));
    }
    /// Reports an issue to the server's operator; returns the id by which to speak of it.
    result<std::string> report_issue(const text& description) const {
        char* issue_id = nullptr;
        const otc_status done = otc_session_report_issue(native(), description.c_str(), &issue_id);
        if (done != OTC_SUCCESS) return last_error(done);
        const std::unique_ptr<char, void (*)(void*)> taken(issue_id, std::free);
        return std::string(to_view(issue_id));
    }

    /// The session id that the session was made with; lives as long as the session.
    std::string_view id() const noexcept { return to_view(otc_session_get_id(native())); }
    /// Where the session stands now, which may be later than what a handler is told.
    otc::connection_status connection_status() const noexcept {
        return static_cast<otc::connection_status>(otc_session_get_connection_status(native()));
    }
    /// Why the session ended last.
    otc::disconnect_reason disconnect_reason() const noexcept {
        return static_cast<otc::disconnect_reason>(otc_session_get_disconnect_reason(native()));
    }
    /// What the token allows; nothing while the session is not connected.
    otc::capabilities capabilities() const noexcept {
        const otc_session_capabilities allowed = otc_session_get_capabilities(native());
        return {allowed.publish != OTC_FALSE, allowed.subscribe != OTC_FALSE, allowed.force_mute != OTC_FALSE,
                allowed.force_disconnect != OTC_FALSE};
    }
    /// One's own connection; error_code::not_connected without one.
    result<otc::connection> connection() const {
        if (otc_connection* own = otc_session_get_connection(native())) return otc::connection(own);
        return no_connection();
    }
    /// Who is in the session now; error_code::not_connected when oneself is not.
    result<connection_list> connections() const {
        if (otc_connection_list* list = otc_session_get_connections(native())) return connection_list(list);
        return no_connection();
    }
    /// For functions of otc.h. The callbacks' user_data is not the application's.
    otc_session* native() const noexcept { return raw(handle_); }

protected:
    session_operations() = default;
    explicit session_operations(Handle handle) noexcept : handle_(std::move(handle)) {}

    Handle handle_{};

private:
    otc::error no_connection() const {
        if (native() == nullptr) return last_error(OTC_INVALID_PARAM);
        return last_error(OTC_SESSION_NOT_CONNECTED);
    }
    static otc_signal_options to_options(signal_options options) noexcept {
        otc_signal_options c_options{};
        c_options.retry_after_reconnect = to_c(options.retry_after_reconnect);
        return c_options;
    }
};

} // namespace detail

class session;

/// A session that somebody else owns. Handlers are given one. It may be kept: when the session has ended, calls are refused.
class session_ref : public detail::session_operations<otc_session*> {
public:
    /// A session of C's.
    explicit session_ref(otc_session* lent) noexcept : session_operations(lent) {}
    /// A session of C++.
    inline session_ref(const session& owned) noexcept;
};

/// A session. It is one pointer, and can be moved at any time, also while it is connected.
class session : public detail::session_operations<detail::owner<otc_session, otc_session_delete>> {
public:
    /// An empty object.
    session() = default;
    /// Makes a session that is not connected. otc_init() (otc::library) comes before.
    static inline result<session> create(const text& api_key, const text& session_id, handlers on, const settings& with = {});
    /// Leaves the session if it is connected, and ends it, as the destructor and assignment do. Waits for a handler of it
    /// that runs on another thread (so hold no lock that the handler takes), but never for the network; inside handlers it
    /// does not wait at all.
    void reset() noexcept { handle_.reset(); }
    /// False for an empty object, as one is that was moved from.
    explicit operator bool() const noexcept { return handle_ != nullptr; }

private:
    using session_operations::session_operations;
};

inline session_ref::session_ref(const session& owned) noexcept : session_operations(owned.native()) {}

namespace detail {

inline status apply(const ice_config& from, otc_session_settings* to) {
    // The structure's pointers are not const, but the library only reads, and copies.
    std::vector<char*> urls, users, credentials;
    for (const ice_server& server : from.servers) {
        urls.push_back(const_cast<char*>(to_c(server.url)));
        users.push_back(const_cast<char*>(to_c(server.user)));
        credentials.push_back(const_cast<char*>(to_c(server.credential)));
    }
    otc_custom_ice_config config{};
    config.num_ice_servers = static_cast<int>(from.servers.size());
    config.ice_url = urls.data();
    config.ice_user = users.data();
    config.ice_credential = credentials.data();
    config.force_turn = to_c(from.force_turn);
    config.use_custom_turn_only = to_c(from.use_custom_turn_only);
    return to_status(otc_session_settings_set_custom_ice_config(to, &config));
}

/// Stops at the first value that is refused.
inline status apply(const settings& from, otc_session_settings* to) {
    status done;
    const auto set = [&done, to](auto setter, const auto& value) {
        if (done && value) done = to_status(setter(to, to_c(*value)));
    };
    set(otc_session_settings_set_api_url, from.api_url);
    set(otc_session_settings_set_ca_file, from.ca_file);
    set(otc_session_settings_set_proxy_url, from.proxy_url);
    set(otc_session_settings_set_network_proxy, from.network_proxy);
    set(otc_session_settings_set_user_agent_suffix, from.user_agent_suffix);
    set(otc_session_settings_set_record_file, from.record_file);
    set(otc_session_settings_set_connection_events_suppressed, from.connection_events_suppressed);
    set(otc_session_settings_set_ip_whitelist, from.ip_whitelist);
    set(otc_session_settings_set_session_migration, from.session_migration);
    set(otc_session_settings_set_single_peer_connection, from.single_peer_connection);
    set(otc_session_settings_set_reconnect_window, from.reconnect_window);
    set(otc_session_settings_set_callback_queue_size, from.callback_queue_size);
    set(otc_session_settings_set_signal_queue_size, from.signal_queue_size);
    if (done && from.custom_ice_config) done = apply(*from.custom_ice_config, to);
    return done;
}

inline handlers& handlers_of(void* user_data) noexcept { return *static_cast<handlers*>(user_data); }

inline connection_view from_c(const otc_connection* connection) noexcept { return connection_view(connection); }
inline stream_view from_c(const otc_stream* stream) noexcept { return stream_view(stream); }
inline video_type from_c(otc_stream_video_type type) noexcept { return static_cast<video_type>(type); }
inline connection_status from_c(otc_connection_status status) noexcept { return static_cast<connection_status>(status); }
inline std::string_view from_c(const char* text) noexcept { return to_view(text); }
inline bool from_c(const otc_on_mute_forced_info* info) noexcept { return info->active != OTC_FALSE; }
inline int from_c(int number) noexcept { return number; } // or a truth value, which the handler's bool makes of it

/// What C calls: noexcept, so that nothing is thrown into it.
template <auto Handler, typename... Arguments>
void call(otc_session* session, void* user_data, Arguments... arguments) noexcept {
    (handlers_of(user_data).*Handler)(session_ref(session), from_c(arguments)...);
}

inline void call_signal(otc_session* session, void* user_data, const char* type, const char* data,
                        const otc_connection* sender) noexcept {
    signal_view signal{to_optional(type), to_optional(data), std::nullopt};
    if (sender != nullptr) signal.sender.emplace(sender);
    handlers_of(user_data).on_signal_received(session_ref(session), signal);
}

inline void call_signal_failed(otc_session* session, void* user_data, const char* type, const char* data,
                               const char* connection_id, otc_session_error_code code, const char* text) noexcept {
    handlers_of(user_data).on_signal_failed(
        session_ref(session), {to_optional(type), to_optional(data), to_optional(connection_id),
                               {static_cast<error_code>(code), std::string(to_view(text))}});
}

inline void call_error(otc_session* session, void* user_data, const char* text, otc_session_error_code code) noexcept {
    handlers_of(user_data).on_error(session_ref(session), {static_cast<error_code>(code), std::string(to_view(text))});
}

/// The handlers are the session's from create() on; here they end.
inline void release(void* user_data) noexcept {
    const std::unique_ptr<handlers> last(static_cast<handlers*>(user_data));
    if (last->on_released) last->on_released();
}

/// What has no handler is not called.
inline otc_session_callbacks callbacks_of(handlers& set) noexcept {
    using H = handlers;
    otc_session_callbacks c{};
    c.user_data = &set;
    if (set.on_connected) c.on_connected = call<&H::on_connected>;
    if (set.on_disconnected) c.on_disconnected = call<&H::on_disconnected>;
    if (set.on_connection_created) c.on_connection_created = call<&H::on_connection_created>;
    if (set.on_connection_dropped) c.on_connection_dropped = call<&H::on_connection_dropped>;
    if (set.on_stream_received) c.on_stream_received = call<&H::on_stream_received>;
    if (set.on_stream_dropped) c.on_stream_dropped = call<&H::on_stream_dropped>;
    if (set.on_stream_has_audio_changed) c.on_stream_has_audio_changed = call<&H::on_stream_has_audio_changed>;
    if (set.on_stream_has_video_changed) c.on_stream_has_video_changed = call<&H::on_stream_has_video_changed>;
    if (set.on_stream_has_captions_changed) c.on_stream_has_captions_changed = call<&H::on_stream_has_captions_changed>;
    if (set.on_stream_video_dimensions_changed)
        c.on_stream_video_dimensions_changed = call<&H::on_stream_video_dimensions_changed>;
    if (set.on_stream_video_type_changed) c.on_stream_video_type_changed = call<&H::on_stream_video_type_changed>;
    if (set.on_signal_received) c.on_signal_received = call_signal;
    if (set.on_reconnecting) c.on_reconnecting = call<&H::on_reconnecting>;
    if (set.on_reconnected) c.on_reconnected = call<&H::on_reconnected>;
    if (set.on_archive_started) c.on_archive_started = call<&H::on_archive_started>;
    if (set.on_archive_stopped) c.on_archive_stopped = call<&H::on_archive_stopped>;
    if (set.on_error) c.on_error = call_error;
    if (set.on_mute_forced) c.on_mute_forced = call<&H::on_mute_forced>;
    return c;
}

} // namespace detail

inline result<session> session::create(const text& api_key, const text& session_id, handlers on, const settings& with) {
    const detail::owner<otc_session_settings, otc_session_settings_delete> c_settings(otc_session_settings_new());
    if (!c_settings) return detail::last_error(OTC_FATAL);
    if (status applied = detail::apply(with, c_settings.get()); !applied) return applied.error();

    auto kept = std::make_unique<handlers>(std::move(on));
    const otc_session_callbacks callbacks = detail::callbacks_of(*kept);
    detail::owner<otc_session, otc_session_delete> made(
        otc_session_new_with_settings(api_key.c_str(), session_id.c_str(), &callbacks, c_settings.get()));
    if (!made) return detail::last_error(OTC_FATAL);

    if (kept->on_status_changed) {
        const otc_status_changed_callback changed = detail::call<&handlers::on_status_changed>;
        const status set = detail::to_status(otc_session_set_on_status_changed(made.get(), changed));
        if (!set) return set.error();
    }
    if (kept->on_signal_failed) {
        const status set = detail::to_status(otc_session_set_on_signal_failed(made.get(), detail::call_signal_failed));
        if (!set) return set.error();
    }
    const status set = detail::to_status(otc_session_set_on_released(made.get(), detail::release));
    if (!set) return set.error(); // another thread is in otc_destroy(): on_released will not come
    static_cast<void>(kept.release()); // on_released ends them
    return session(std::move(made));
}

// ---- The library --------------------------------------------------------------------------------------------------------

/// The library while it runs: make one in main(), before sessions, and let it end after them. There is one library in a
/// process, so whichever of several guards ends first stops it for all.
class library {
public:
    /// Starts the library.
    static result<library> init() {
        const otc_status started = otc_init(nullptr);
        if (started != OTC_SUCCESS) return detail::last_error(started);
        return library(true);
    }
    /// Takes over.
    library(library&& other) noexcept : running_(std::exchange(other.running_, false)) {}
    /// Stops the library if this guard still has to, and takes over.
    library& operator=(library&& other) noexcept {
        library(std::move(other)).swap(*this);
        return *this;
    }
    /// Stops the library; it waits 5 seconds at most for handlers that do not return. It is refused inside handlers.
    ~library() {
        if (running_) static_cast<void>(otc_destroy());
    }
    /// Stops the library now, and says how that went.
    status destroy() {
        if (!running_) return {};
        const otc_status stopped = otc_destroy();
        running_ = stopped == OTC_SESSION_ILLEGAL_STATE; // refused: it still runs
        return detail::to_status(stopped);
    }

private:
    explicit library(bool running) noexcept : running_(running) {}
    void swap(library& other) noexcept { std::swap(running_, other.running_); }
    bool running_;
};

/// The library's version, "1.2.3" for example; OTC_VERSION is the header's.
inline std::string_view version() noexcept { return otc_version(); }

/// The library's version as one number that grows; OTC_VERSION_NUMBER is the header's.
inline int version_number() noexcept { return otc_version_number(); }

/// Sets how many dials this process begins in a second at most, 1 to 10000.
inline status set_dials_per_second(int dials) { return detail::to_status(otc_set_dials_per_second(dials)); }

/// Takes one line of the log, which ends with a newline, on whatever thread has something to say.
using logger = void (*)(const char* line) noexcept;

/// Sets what takes the log; nullptr sends it to standard error.
inline void set_logger(logger takes) noexcept { otc_log_set_logger_callback(takes); }

/// Sets how loud the log is.
inline void set_log_level(log_level level) noexcept { otc_log_enable(static_cast<otc_log_level>(level)); }

/// How loud the log is.
inline log_level get_log_level() noexcept { return static_cast<log_level>(otc_get_log_level()); }

} // namespace otc

#endif
