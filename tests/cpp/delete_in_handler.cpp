// A session that ends inside one of its own handlers: the handler finishes, nothing follows but on_released.
#include "scene.hpp"

#include <future>

static void inside_its_own_handler(scene::member& witness, int round) {
    const auto book = std::make_shared<scene::diary>();
    otc::session session;
    std::promise<void> ready;
    otc::handlers on = scene::writing_into(book);
    on.on_signal_received = [&, book, go = ready.get_future().share(), held = std::make_shared<std::string>("held")](
                                otc::session_ref self, const otc::signal_view& signal) {
        go.wait();
        const std::string data(signal.data.value_or(""));
        session.reset();
        CHECK_EQUAL(*held, "held"); // what the handler holds is there until it returns
        CHECK(signal.data == data); // and so is what it was lent
        CHECK_EQUAL(self.signal("after", "the end").error().code, otc::error_code::invalid_param);
        book->write("handler done");
    };
    session = scene::made(std::move(on));
    CHECK(session.connect(scene::given("OTC_TEST_TOKEN")));
    book->await("connected");
    for (int number = 0; number < 20; ++number) CHECK(session.signal("end", "yourself"));
    ready.set_value();
    book->await("released");
    const std::vector<std::string> lines = book->lines();
    CHECK(lines.back() == "released" && lines[lines.size() - 2] == "handler done");
    CHECK(std::count(lines.begin(), lines.end(), "handler done") == 1);
    witness.book->await("dropped publisher", round);
}

/// Each ends the other while the other's handler runs: neither waits for ever.
static void each_other() {
    const std::shared_ptr<scene::diary> books[2] = {std::make_shared<scene::diary>(), std::make_shared<scene::diary>()};
    otc::session sessions[2];
    std::promise<void> inside[2];
    for (std::size_t mine = 0; mine < 2; ++mine) {
        const std::size_t other = 1 - mine;
        otc::handlers on = scene::writing_into(books[mine]);
        on.on_connected = [&, mine, other, others = inside[other].get_future().share()](otc::session_ref) {
            inside[mine].set_value();
            CHECK(others.wait_for(scene::patience) == std::future_status::ready);
            sessions[other].reset();
        };
        sessions[mine] = scene::made(std::move(on));
    }
    for (const otc::session& session : sessions) CHECK(session.connect(scene::given("OTC_TEST_TOKEN")));
    for (const auto& book : books) book->await("released");
}

int main() {
    const otc::library library = scene::started();
    scene::member witness("moderator");
    for (int round = 1; round <= 20; ++round) inside_its_own_handler(witness, round);
    each_other();
}
