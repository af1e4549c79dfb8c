// Signals go round: every form of text, to all and to one, and back from inside a handler.
#include "scene.hpp"

using namespace std::string_view_literals;

static void every_form_of_text(scene::member& one) {
    const std::string string = "string";
    const std::string_view part = "viewless"sv.substr(0, 4); // no NUL follows it
    const std::optional<std::string_view> optional = "optional"sv;
    CHECK(one.session.signal("literal", "gr\xc3\xbc\xc3\x9f dich"));
    CHECK(one.session.signal(string, string));
    CHECK(one.session.signal(part, part));
    CHECK(one.session.signal(optional, optional));
    CHECK(one.session.signal(std::nullopt, std::optional<std::string_view>()));
    CHECK(one.session.signal(nullptr, ""));
    one.book->await("signal literal gr\xc3\xbc\xc3\x9f dich from publisher");
    one.book->await("signal string string from publisher");
    one.book->await("signal view view from publisher");
    one.book->await("signal optional optional from publisher");
    one.book->await("signal - - from publisher");
    one.book->await("signal -  from publisher");
}

static void a_text_is_not_cut_short(scene::member& one) {
    const std::size_t before = one.book->lines().size();
    const otc::status in_data = one.session.signal("cut", "short\0long"sv);
    const otc::status in_type = one.session.signal(std::string("cut\0", 4), "");
    for (const otc::status& sent : {in_data, in_type}) {
        CHECK(!sent);
        CHECK_EQUAL(sent.error().code, otc::error_code::null_or_invalid_parameter);
        CHECK(!sent.error().text.empty());
    }
    CHECK(one.session.signal("after", ""));
    one.book->await("signal after  from publisher");
    CHECK_EQUAL(one.book->lines().size(), before + 1);
}

static void the_sender_is_answered(scene::member& one) {
    scene::member echo("moderator", [](otc::handlers& on) {
        on.on_signal_received = [](otc::session_ref session, const otc::signal_view& signal) {
            CHECK(signal.sender);
            CHECK(session.signal_to(*signal.sender, signal.type, signal.data));
        };
    });
    one.book->await("created moderator");
    CHECK(one.session.signal("question", "heard once from both"));
    one.book->await("signal question heard once from both from publisher");
    one.book->await("signal question heard once from both from moderator");
}

static void what_failed_is_told(scene::member& one) {
    otc::connection gone;
    {
        scene::member leaver("moderator");
        otc::result<otc::connection> own = leaver.session.connection();
        CHECK(own);
        gone = *std::move(own);
    }
    one.book->await("dropped moderator", 2);
    CHECK(one.session.signal_to(gone, "to", "nobody"));
    one.book->await("failed to nobody to " + std::string(gone.id()) + " 1550");
    CHECK(!one.book->has("error 1550"));
}

int main() {
    const otc::library library = scene::started();
    scene::member one("publisher");
    every_form_of_text(one);
    a_text_is_not_cut_short(one);
    the_sender_is_answered(one);
    what_failed_is_told(one);
}
