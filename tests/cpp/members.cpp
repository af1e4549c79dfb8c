// Who is in the session: oneself first, then the others; a list stays as it was.
#include "scene.hpp"

#include <iterator>

int main() {
    const otc::library library = scene::started();
    scene::member first("publisher");
    scene::member second("moderator");
    scene::member third("publisher");
    first.book->await("created publisher");
    third.book->await("created publisher");
    third.book->await("created moderator");

    std::vector<std::string> ids;
    for (const otc::connection_view member : *third.session.connections()) ids.emplace_back(member.id());
    const auto own = third.session.connection();
    CHECK(own && ids.size() == 3 && ids[0] == own->id());
    CHECK(ids[1] == first.session.connection()->id() && ids[2] == second.session.connection()->id());

    auto listed = first.session.connections();
    CHECK(listed);
    const otc::connection_list list = *std::move(listed);
    CHECK(listed && listed->empty()); // NOLINT: moved from, as is documented
    CHECK(list.size() == 3 && !list.empty() && std::distance(list.begin(), list.end()) == 3);
    CHECK_EQUAL(list[1].data(), "moderator");
    CHECK_EQUAL(std::next(list.begin(), 2)->data(), "publisher");
    const auto moderator =
        std::find_if(list.begin(), list.end(), [](otc::connection_view member) { return member.data() == "moderator"; });
    CHECK(moderator != list.end());

    second.session.reset();
    first.book->await("dropped moderator");
    CHECK_EQUAL(list.size(), std::size_t{3});
    CHECK_EQUAL(list[1].data(), "moderator");
    CHECK_EQUAL(first.session.connections()->size(), std::size_t{2});

    CHECK(first.session.disconnect());
    first.book->await("disconnected 1");
    CHECK_EQUAL(first.session.connections().error().code, otc::error_code::not_connected);
    CHECK_EQUAL(list[0].session_id(), first.session.id());
}
