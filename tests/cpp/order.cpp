// Handlers are called in order and one at a time, the status before what it brings, and on_released last.
#include "scene.hpp"

#include <atomic>

static std::vector<std::string> of_a_whole_life() {
    scene::member one("publisher");
    const std::shared_ptr<scene::diary> book = one.book;
    CHECK(one.session.signal("hello", "you"));
    book->await("signal hello you from publisher");
    CHECK(one.session.disconnect());
    book->await("disconnected 1");
    one.session.reset();
    return book->lines(); // no handler runs any more, on_released has
}

static void one_at_a_time() {
    constexpr int signals = 500;
    std::atomic<int> running{0};
    std::atomic<bool> all_heard{false};
    int next = 0; // no lock: only handlers of one session touch it
    scene::member one("publisher", [&](otc::handlers& on) {
        on.on_signal_received = [&](otc::session_ref session, const otc::signal_view& signal) {
            CHECK(running.fetch_add(1) == 0);
            CHECK(signal.data == std::to_string(next));
            ++next;
            if (next == signals) {
                all_heard = true;
                CHECK(session.disconnect());
            }
            running.fetch_sub(1);
        };
    });
    for (int number = 0; number < signals; ++number) CHECK(one.session.signal("count", std::to_string(number)));
    one.book->await("disconnected 1");
    CHECK(all_heard);
}

int main() {
    const otc::library library = scene::started();
    const std::vector<std::string> expected{
        "status 1", "status 2", "connected", "signal hello you from publisher",
        "status 4", "status 0", "disconnected 1", "released"};
    const std::vector<std::string> told = of_a_whole_life();
    for (const std::string& line : told) std::puts(line.c_str());
    CHECK(told == expected);
    one_at_a_time();
}
