// Errors come back as values: synchronous ones from the call, with a sentence, and later ones to on_error.
#include "scene.hpp"

static void of_a_call() {
    const otc::session session = scene::made({});
    const otc::status refused = session.signal("type", "data");
    CHECK(!refused);
    CHECK_EQUAL(refused.error().code, otc::error_code::not_connected);
    CHECK(!refused.error().text.empty());
    CHECK_EQUAL(session.disconnect().error().code, otc::error_code::not_connected);
    CHECK_EQUAL(session.connection().error().code, otc::error_code::not_connected);
    CHECK_EQUAL(session.connections().error().code, otc::error_code::not_connected);
    CHECK_EQUAL(session.connect(nullptr).error().code, otc::error_code::null_or_invalid_parameter);
    CHECK_EQUAL(session.connect_to_host("localhost", "", 0, false, "token").error().code,
                otc::error_code::null_or_invalid_parameter);
    const otc::status short_secret = session.set_encryption_secret("seven77");
    CHECK_EQUAL(short_secret.error().code, otc::error_code::invalid_encryption_secret);
    CHECK(short_secret.error().text.find("seven77") == std::string::npos);
    CHECK(session.set_encryption_secret("eight888"));
}

static void an_error_lasts() {
    const otc::session session = scene::made({});
    const otc::status first = session.disconnect();
    const std::string words = first.error().text;
    CHECK(!session.connect(nullptr));
    CHECK_EQUAL(first.error().text, words); // the next error of the thread has not changed it
}

static void of_the_server() {
    const auto book = std::make_shared<scene::diary>();
    std::string words;
    otc::handlers on = scene::writing_into(book);
    on.on_error = [&words, told = on.on_error](otc::session_ref session, const otc::error& error) {
        words = error.text;
        told(session, error);
    };
    const otc::session session = scene::made(std::move(on));
    CHECK(session.connect("T1==bm9uc2Vuc2U="));
    book->await("error 1004");
    CHECK_EQUAL(session.connection_status(), otc::connection_status::failed);
    CHECK(!words.empty() && !book->has("connected"));
    CHECK(session.connect(scene::given("OTC_TEST_TOKEN"))); // and the same session once more
    book->await("connected");
    CHECK_EQUAL(session.connect("token").error().code, otc::error_code::illegal_state);
    CHECK_EQUAL(session.signal("no blanks", "").error().code, otc::error_code::invalid_signal_type);
    CHECK_EQUAL(session.signal("", std::string(8193, 'x')).error().code, otc::error_code::signal_data_too_long);
    CHECK_EQUAL(session.signal(std::string(129, 'x'), "").error().code, otc::error_code::signal_type_too_long);
}

static void results() {
    otc::result<std::string> good(std::string("value"));
    CHECK(good && *good == "value" && good->size() == 5);
    CHECK_EQUAL(*std::move(good), "value");
    const otc::result<std::string> bad(otc::error{otc::error_code::fatal, "why"});
    CHECK(!bad && bad.error().text == "why");
    CHECK(otc::status() && otc::status().error().code == otc::error_code::success);
}

int main() {
    const otc::library library = scene::started();
    of_a_call();
    an_error_lasts();
    of_the_server();
    results();
}
