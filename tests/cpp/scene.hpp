// What the tests share: a check that ends the test, a diary of what handlers were told, and members of the test's session.
#ifndef OTC_TEST_SCENE_HPP
#define OTC_TEST_SCENE_HPP

#include <otc.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Ends the test unless the condition holds; on any thread, and without exceptions.
#define CHECK(condition) scene::check((condition) ? true : false, #condition, __FILE__, __LINE__)
// The same for two things that must be equal; the first is shown when they are not.
#define CHECK_EQUAL(actual, expected) scene::check_equal((actual), (expected), #actual " == " #expected, __FILE__, __LINE__)

namespace scene {

inline constexpr std::chrono::seconds patience{30};

[[noreturn]] inline void fail(const std::string& what, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
    std::fflush(nullptr);
    std::_Exit(1); // exit() would wait for the handler that failed
}

inline void check(bool holds, const char* condition, const char* file, int line) {
    if (!holds) fail(std::string("does not hold: ") + condition, file, line);
}

inline std::string shown(otc::error_code code) { return std::to_string(static_cast<int>(code)); }
inline std::string shown(otc::connection_status status) { return std::to_string(static_cast<int>(status)); }
inline std::string shown(otc::disconnect_reason reason) { return std::to_string(static_cast<int>(reason)); }
inline std::string shown(std::size_t number) { return std::to_string(number); }
inline std::string shown(std::string_view text) { return std::string(text); }

template <typename Actual, typename Expected>
void check_equal(const Actual& actual, const Expected& expected, const char* what, const char* file, int line) {
    if (!(actual == expected)) fail(std::string("does not hold: ") + what + "; it is \"" + shown(actual) + '"', file, line);
}

/// A variable that tests/c/run.py sets.
inline const char* given(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr) fail(std::string(name) + " is not set: run this through tests/c/run.py", __FILE__, __LINE__);
    return value;
}

/// What happened, in words, in order. Any thread writes, the test waits.
class diary {
public:
    void write(std::string line) {
        const std::lock_guard<std::mutex> lock(mutex_);
        lines_.push_back(std::move(line));
        news_.notify_all();
    }
    /// Waits until the line is there `times` times.
    void await(std::string_view line, std::ptrdiff_t times = 1) {
        std::unique_lock<std::mutex> lock(mutex_);
        const auto there = [&] { return std::count(lines_.begin(), lines_.end(), line) >= times; };
        if (news_.wait_for(lock, patience, there)) return;
        std::string all;
        for (const std::string& written : lines_) all += "\n    " + written;
        fail("\"" + std::string(line) + "\" is not written; what is:" + all, __FILE__, __LINE__);
    }
    std::vector<std::string> lines() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return lines_;
    }
    bool has(std::string_view line) {
        const std::vector<std::string> all = lines();
        return std::find(all.begin(), all.end(), line) != all.end();
    }

private:
    std::mutex mutex_;
    std::condition_variable news_;
    std::vector<std::string> lines_;
};

/// Handlers that write everything down. The diary lives as long as they.
inline otc::handlers writing_into(const std::shared_ptr<diary>& book) {
    otc::handlers on;
    on.on_connected = [book](otc::session_ref) { book->write("connected"); };
    on.on_disconnected = [book](otc::session_ref session) {
        book->write("disconnected " + std::to_string(static_cast<int>(session.disconnect_reason())));
    };
    on.on_connection_created = [book](otc::session_ref, otc::connection_view who) {
        book->write("created " + std::string(who.data()));
    };
    on.on_connection_dropped = [book](otc::session_ref, otc::connection_view who) {
        book->write("dropped " + std::string(who.data()));
    };
    on.on_signal_received = [book](otc::session_ref, const otc::signal_view& signal) {
        const std::string sender(signal.sender ? signal.sender->data() : "server");
        book->write("signal " + std::string(signal.type.value_or("-")) + ' ' + std::string(signal.data.value_or("-")) +
                    " from " + sender);
    };
    on.on_error = [book](otc::session_ref, const otc::error& error) {
        book->write("error " + std::to_string(static_cast<int>(error.code)));
    };
    on.on_signal_failed = [book](otc::session_ref, const otc::failed_signal_view& failed) {
        CHECK(!failed.error.text.empty());
        book->write("failed " + std::string(failed.type.value_or("-")) + ' ' + std::string(failed.data.value_or("-")) + " to " +
                    std::string(failed.addressee_id.value_or("everybody")) + ' ' +
                    std::to_string(static_cast<int>(failed.error.code)));
    };
    on.on_mute_forced = [book](otc::session_ref, bool active) { book->write(active ? "muted" : "mute ended"); };
    on.on_status_changed = [book](otc::session_ref, otc::connection_status status) {
        book->write("status " + std::to_string(static_cast<int>(status)));
    };
    on.on_released = [book] { book->write("released"); };
    return on;
}

/// A started library; it ends with the test.
inline otc::library started() {
    otc::result<otc::library> library = otc::library::init();
    CHECK(library);
    return *std::move(library);
}

/// Settings for the fixture's server.
inline otc::settings here() {
    otc::settings settings;
    settings.api_url = given("OTC_TEST_URL");
    return settings;
}

/// A session that is not connected.
inline otc::session made(otc::handlers on) {
    otc::result<otc::session> session =
        otc::session::create(given("OTC_TEST_KEY"), given("OTC_TEST_SESSION"), std::move(on), here());
    CHECK(session);
    return *std::move(session);
}

/// A member of the test's session: "publisher" or "moderator", as its data say too.
struct member {
    std::shared_ptr<diary> book = std::make_shared<diary>();
    otc::session session;

    explicit member(std::string_view role) : member(role, [](otc::handlers&) {}) {}
    /// With a chance to change the handlers.
    template <typename Change>
    member(std::string_view role, Change change) {
        otc::handlers on = writing_into(book);
        change(on);
        session = made(std::move(on));
        CHECK(session.connect(given(role == "moderator" ? "OTC_TEST_MODERATOR_TOKEN" : "OTC_TEST_TOKEN")));
        book->await("connected");
    }
};

} // namespace scene

#endif
