// What moderators may do and others may not.
#include "scene.hpp"

static void nobody_who_is_not_there() {
    const otc::session session = scene::made({});
    CHECK_EQUAL(session.force_mute_all().error().code, otc::error_code::not_connected);
    CHECK_EQUAL(session.disable_force_mute().error().code, otc::error_code::not_connected);
    CHECK_EQUAL(session.force_mute_stream("stream").error().code, otc::error_code::not_connected);
}

static void not_without_permission(scene::member& publisher, scene::member& moderator) {
    const auto target = moderator.session.connection();
    CHECK(target);
    CHECK(!publisher.session.capabilities().force_mute && !publisher.session.capabilities().force_disconnect);
    CHECK(publisher.session.capabilities().publish);
    CHECK_EQUAL(publisher.session.force_mute_all({"one", "two"}).error().code, otc::error_code::unable_to_force_mute);
    CHECK_EQUAL(publisher.session.disable_force_mute().error().code, otc::error_code::unable_to_force_mute);
    CHECK_EQUAL(publisher.session.force_mute_stream("stream").error().code, otc::error_code::unable_to_force_mute);
    CHECK_EQUAL(publisher.session.force_disconnect(*target).error().code, otc::error_code::unable_to_force_disconnect);
}

static void with_permission(scene::member& publisher, scene::member& moderator) {
    const auto target = publisher.session.connection();
    CHECK(target);
    CHECK(moderator.session.capabilities().force_mute && moderator.session.capabilities().force_disconnect);
    CHECK(moderator.session.force_mute_all({"some-stream"}));
    publisher.book->await("muted");
    CHECK(moderator.session.disable_force_mute());
    publisher.book->await("mute ended");
    CHECK(moderator.session.force_disconnect(*target));
    publisher.book->await("disconnected 2");
    CHECK_EQUAL(publisher.session.disconnect_reason(), otc::disconnect_reason::force_disconnected);
    moderator.book->await("dropped publisher");
    CHECK(moderator.session.force_disconnect(*target)); // gone by now: the server says so later
    moderator.book->await("error 1520");
}

static void an_issue_is_reported(scene::member& moderator) {
    const auto issue = moderator.session.report_issue("the picture is blue");
    CHECK(issue && !issue->empty());
}

int main() {
    const otc::library library = scene::started();
    nobody_who_is_not_there();
    scene::member moderator("moderator");
    scene::member publisher("publisher");
    not_without_permission(publisher, moderator);
    with_permission(publisher, moderator);
    an_issue_is_reported(moderator);
}
