// Settings are values: each is handed on, and a bad one is refused when the session is made, with words that tell which.
#include "scene.hpp"
#include <cstdio>
#include <unistd.h>

using namespace std::chrono_literals;

static otc::result<otc::session> made_with(const otc::settings& settings) {
    return otc::session::create(scene::given("OTC_TEST_KEY"), scene::given("OTC_TEST_SESSION"), {}, settings);
}

/// A file of this process's own.
static std::string recording() { return "recording." + std::to_string(getpid()); }

template <typename Change>
static void refused(Change change) {
    otc::settings settings = scene::here();
    change(settings);
    const auto session = made_with(settings);
    CHECK(!session);
    CHECK_EQUAL(session.error().code, otc::error_code::null_or_invalid_parameter);
    CHECK(!session.error().text.empty());
}

static void all_at_once() {
    otc::settings settings = scene::here();
    settings.ca_file = "/dev/null";
    settings.proxy_url = "http://127.0.0.1:9";
    settings.network_proxy = "socks5://user:password@127.0.0.1:9";
    settings.user_agent_suffix = "tests/1";
    settings.record_file = recording();
    settings.connection_events_suppressed = true;
    settings.ip_whitelist = true;
    settings.session_migration = true;
    settings.single_peer_connection = true;
    settings.reconnect_window = 10s;
    settings.callback_queue_size = 10;
    settings.signal_queue_size = 10;
    settings.custom_ice_config =
        otc::ice_config{{{"stun:127.0.0.1:9", "", ""}, {"turn:127.0.0.1:9", "user", "credential"}}, true, true};
    CHECK(made_with(settings));
    CHECK_EQUAL(std::remove(recording().c_str()), 0);
}

static void bad_ones() {
    refused([](otc::settings& with) { with.api_url = "no URL"; });
    refused([](otc::settings& with) { with.api_url = std::string("http://127.0.0.1\0", 17); });
    refused([](otc::settings& with) { with.ca_file = ""; });
    refused([](otc::settings& with) { with.proxy_url = "no URL"; });
    refused([](otc::settings& with) { with.network_proxy = "ftp://127.0.0.1:9"; });
    refused([](otc::settings& with) { with.user_agent_suffix = std::string(129, 'x'); });
    refused([](otc::settings& with) { with.record_file = ""; });
    refused([](otc::settings& with) { with.custom_ice_config = otc::ice_config{{{"http://127.0.0.1:9", "", ""}}}; });
    refused([](otc::settings& with) { with.reconnect_window = -1ms; });
    refused([](otc::settings& with) { with.reconnect_window = std::chrono::milliseconds(1LL << 32); }); // 0 in an int
    refused([](otc::settings& with) { with.callback_queue_size = 0; });
    refused([](otc::settings& with) { with.signal_queue_size = 65537; });
}

/// One that shows: the own connection is the only one that is heard of.
static void they_reach_the_session() {
    scene::member other("moderator");
    const auto book = std::make_shared<scene::diary>();
    otc::settings settings = scene::here();
    settings.connection_events_suppressed = true;
    auto session = otc::session::create(scene::given("OTC_TEST_KEY"), scene::given("OTC_TEST_SESSION"),
                                        scene::writing_into(book), settings);
    CHECK(session && session->connect(scene::given("OTC_TEST_TOKEN")));
    book->await("connected");
    CHECK(other.session.signal("last", "word"));
    book->await("signal last word from moderator");
    CHECK(!book->has("created moderator"));
}

static void of_the_process() {
    CHECK(otc::set_dials_per_second(1000));
    CHECK_EQUAL(otc::set_dials_per_second(0).error().code, otc::error_code::null_or_invalid_parameter);
    CHECK_EQUAL(otc::version(), OTC_VERSION);
    CHECK(otc::version_number() == OTC_VERSION_NUMBER);
    CHECK(otc::get_log_level() == otc::log_level::disabled);
    static scene::diary log;
    otc::set_logger([](const char* line) noexcept { log.write(line); });
    otc::set_log_level(otc::log_level::debug);
    CHECK(otc::get_log_level() == otc::log_level::debug);
    scene::member one("publisher");
    one.session.reset();
    otc::set_log_level(otc::log_level::disabled);
    otc::set_logger(nullptr);
    CHECK(!log.lines().empty());
}

int main() {
    const otc::library library = scene::started();
    all_at_once();
    bad_ones();
    they_reach_the_session();
    of_the_process();
}
