// A session that moves while it is connected goes on, and its handlers with it.
#include "scene.hpp"

int main() {
    const otc::library library = scene::started();
    const auto book = std::make_shared<scene::diary>();
    std::vector<otc::session> sessions;
    sessions.push_back(scene::made(scene::writing_into(book)));
    CHECK(sessions.front().connect(scene::given("OTC_TEST_TOKEN")));
    for (int more = 0; more < 100; ++more) sessions.push_back(scene::made({})); // the vector moves them as it grows
    book->await("connected");
    for (int round = 0; round < 100; ++round) {
        otc::session elsewhere = std::move(sessions.front());
        CHECK(elsewhere.signal("round", std::to_string(round)));
        sessions.front() = std::move(elsewhere);
    }
    book->await("signal round 99 from publisher");
    std::swap(sessions.front(), sessions.back());
    CHECK(!book->has("disconnected 1") && !book->has("released"));
    sessions.pop_back();
    CHECK(book->lines().back() == "released");
}
