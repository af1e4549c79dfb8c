// Each callback of C leads to its own handler, with what it was told; what has no handler is not called. This looks behind the
// header's curtain, because some of these callbacks need a peer that publishes.
#include "scene.hpp"

static std::string told; // by the handler that was called last

static otc::handlers telling() {
    otc::handlers on;
    const auto truth = [](bool value) { return value ? " yes" : " no"; };
    on.on_connected = [](otc::session_ref) { told = "connected"; };
    on.on_disconnected = [](otc::session_ref) { told = "disconnected"; };
    on.on_connection_created = [](otc::session_ref, otc::connection_view) { told = "connection created"; };
    on.on_connection_dropped = [](otc::session_ref, otc::connection_view) { told = "connection dropped"; };
    on.on_stream_received = [](otc::session_ref, otc::stream_view) { told = "stream received"; };
    on.on_stream_dropped = [](otc::session_ref, otc::stream_view) { told = "stream dropped"; };
    on.on_stream_has_audio_changed = [=](otc::session_ref, otc::stream_view, bool has) {
        told = std::string("audio") + truth(has);
    };
    on.on_stream_has_video_changed = [=](otc::session_ref, otc::stream_view, bool has) {
        told = std::string("video") + truth(has);
    };
    on.on_stream_has_captions_changed = [=](otc::session_ref, otc::stream_view, bool has) {
        told = std::string("captions") + truth(has);
    };
    on.on_stream_video_dimensions_changed = [](otc::session_ref, otc::stream_view, int width, int height) {
        told = std::to_string(width) + " by " + std::to_string(height);
    };
    on.on_stream_video_type_changed = [](otc::session_ref, otc::stream_view, otc::video_type type) {
        told = type == otc::video_type::screen ? "screen" : "no screen";
    };
    on.on_signal_received = [](otc::session_ref, const otc::signal_view& signal) {
        told = std::string(signal.type.value_or("none")) + ' ' + std::string(signal.data.value_or("none")) +
               (signal.sender ? " sent" : " by nobody");
    };
    on.on_signal_failed = [](otc::session_ref, const otc::failed_signal_view& failed) {
        told = std::string(failed.type.value_or("none")) + ' ' + std::string(failed.data.value_or("none")) + " to " +
               std::string(failed.addressee_id.value_or("all")) + ": " + scene::shown(failed.error.code) + ' ' + failed.error.text;
    };
    on.on_reconnecting = [](otc::session_ref) { told = "reconnecting"; };
    on.on_reconnected = [](otc::session_ref) { told = "reconnected"; };
    on.on_archive_started = [](otc::session_ref, std::string_view id, std::string_view name) {
        told = std::string(id) + " named " + std::string(name);
    };
    on.on_archive_stopped = [](otc::session_ref, std::string_view id) { told = std::string(id) + " stopped"; };
    on.on_error = [](otc::session_ref, const otc::error& error) { told = scene::shown(error.code) + ' ' + error.text; };
    on.on_mute_forced = [=](otc::session_ref, bool active) { told = std::string("muted") + truth(active); };
    return on;
}

int main() {
    otc::handlers on = telling();
    const otc_session_callbacks c = otc::detail::callbacks_of(on);
    void* const user = c.user_data;
    otc_on_mute_forced_info mute{};
    const auto told_by = [](auto callback, auto... arguments) {
        told.clear();
        callback(nullptr, arguments...);
        return told;
    };
    const otc_connection* const connection = nullptr;
    const otc_stream* const stream = nullptr;
    const char* const none = nullptr;
    CHECK_EQUAL(told_by(c.on_connected, user), "connected");
    CHECK_EQUAL(told_by(c.on_disconnected, user), "disconnected");
    CHECK_EQUAL(told_by(c.on_connection_created, user, connection), "connection created");
    CHECK_EQUAL(told_by(c.on_connection_dropped, user, connection), "connection dropped");
    CHECK_EQUAL(told_by(c.on_stream_received, user, stream), "stream received");
    CHECK_EQUAL(told_by(c.on_stream_dropped, user, stream), "stream dropped");
    CHECK_EQUAL(told_by(c.on_stream_has_audio_changed, user, stream, 256), "audio yes"); // any number but 0 is true
    CHECK_EQUAL(told_by(c.on_stream_has_video_changed, user, stream, 0), "video no");
    CHECK_EQUAL(told_by(c.on_stream_has_captions_changed, user, stream, 1), "captions yes");
    CHECK_EQUAL(told_by(c.on_stream_video_dimensions_changed, user, stream, 640, 480), "640 by 480");
    CHECK_EQUAL(told_by(c.on_stream_video_type_changed, user, stream, OTC_STREAM_VIDEO_TYPE_SCREEN), "screen");
    CHECK_EQUAL(told_by(c.on_signal_received, user, "type", "data", connection), "type data by nobody");
    CHECK_EQUAL(told_by(c.on_signal_received, user, none, none, connection), "none none by nobody");
    const otc_signal_failed_callback failed = otc::detail::call_signal_failed;
    const otc_session_error_code number = OTC_SESSION_UNABLE_TO_SEND_SIGNAL;
    CHECK_EQUAL(told_by(failed, user, "type", "data", "id", number, "why"), "type data to id: 1550 why");
    CHECK_EQUAL(told_by(failed, user, none, none, none, number, "why"), "none none to all: 1550 why");
    CHECK_EQUAL(told_by(c.on_reconnecting, user), "reconnecting");
    CHECK_EQUAL(told_by(c.on_reconnected, user), "reconnected");
    CHECK_EQUAL(told_by(c.on_archive_started, user, "archive", none), "archive named ");
    CHECK_EQUAL(told_by(c.on_archive_stopped, user, "archive"), "archive stopped");
    CHECK_EQUAL(told_by(c.on_error, user, "why", OTC_SESSION_CONNECTION_DROPPED), "1022 why");
    CHECK_EQUAL(told_by(c.on_mute_forced, user, &mute), "muted no");
    mute.active = OTC_TRUE;
    CHECK_EQUAL(told_by(c.on_mute_forced, user, &mute), "muted yes");

    otc::handlers nothing;
    const otc_session_callbacks silent = otc::detail::callbacks_of(nothing);
    CHECK(!silent.on_connected && !silent.on_stream_video_type_changed && !silent.on_signal_received && !silent.on_error);
    CHECK(silent.user_data == &nothing && silent.reserved == nullptr);
}
