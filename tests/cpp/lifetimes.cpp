// Who owns what, when it ends, and that what is empty or has ended does no harm.
#include "scene.hpp"

#include <type_traits>

template <typename Owner>
constexpr bool moves_only = std::is_nothrow_move_constructible_v<Owner> && std::is_nothrow_move_assignable_v<Owner> &&
                            !std::is_copy_constructible_v<Owner> && !std::is_copy_assignable_v<Owner>;
static_assert(moves_only<otc::library> && moves_only<otc::session> && moves_only<otc::connection> && moves_only<otc::stream> &&
              moves_only<otc::connection_list>);
static_assert(sizeof(otc::session) == sizeof(void*) && sizeof(otc::connection_view) == sizeof(void*));
static_assert(std::is_trivially_copyable_v<otc::session_ref> && std::is_trivially_copyable_v<otc::stream_view>);
static_assert(std::is_convertible_v<const otc::session&, otc::session_ref>);
static_assert(std::is_convertible_v<const otc::connection&, otc::connection_view>);
static_assert(!std::is_convertible_v<otc::connection_view, otc::connection>, "a copy is made on purpose only");

static void nothing_before_the_library() {
    const auto session = otc::session::create("key", "session", {});
    CHECK(!session);
    CHECK_EQUAL(session.error().code, otc::error_code::fatal);
    CHECK(session.error().text.find("otc_init") != std::string::npos);
}

static void empty_objects() {
    const otc::session session;
    CHECK(!session);
    CHECK_EQUAL(session.signal("type", "data").error().code, otc::error_code::invalid_param);
    CHECK_EQUAL(session.connections().error().code, otc::error_code::invalid_param);
    CHECK_EQUAL(session.connection_status(), otc::connection_status::not_connected);
    CHECK_EQUAL(session.id(), "");
    const otc::connection connection;
    CHECK(!connection);
    CHECK_EQUAL(connection.id(), "");
    CHECK(!otc::connection(otc::connection_view(connection))); // a copy of nothing
    const otc::stream stream;
    CHECK(!stream);
    CHECK_EQUAL(stream.name(), "");
    CHECK_EQUAL(stream.connection().id(), "");
    CHECK(!otc::stream(otc::stream_view(stream)));
}

/// What the handlers hold ends with the session: after on_released, and before the destructor returns.
static void handlers_end_with_the_session() {
    const auto book = std::make_shared<scene::diary>();
    std::weak_ptr<int> held;
    {
        auto holds = std::make_shared<int>(1);
        held = holds;
        otc::handlers on = scene::writing_into(book);
        on.on_released = [book, held, holds = std::move(holds)] { book->write(held.expired() ? "too late" : "released"); };
        const otc::session session = scene::made(std::move(on));
        CHECK(!held.expired());
    }
    CHECK(held.expired());
    CHECK(book->lines() == std::vector<std::string>{"released"});
}

static void handlers_end_when_no_session_is_made() {
    const auto book = std::make_shared<scene::diary>();
    const auto session = otc::session::create(nullptr, "session", scene::writing_into(book));
    CHECK(!session);
    CHECK_EQUAL(session.error().code, otc::error_code::fatal);
    CHECK(book.use_count() == 1 && book->lines().empty());
}

static void assignment_ends_what_was_there() {
    const auto first_book = std::make_shared<scene::diary>(), second_book = std::make_shared<scene::diary>();
    otc::session session = scene::made(scene::writing_into(first_book));
    session = scene::made(scene::writing_into(second_book));
    CHECK(first_book->has("released") && first_book.use_count() == 1);
    CHECK(session && second_book->lines().empty());
    otc::session other = std::move(session);
    CHECK(!session && other); // NOLINT: moved from is empty, as is documented
    other = {};
    CHECK(second_book->has("released"));
}

static void what_was_lent_can_be_kept() {
    struct keeper {
        otc::connection member;
        std::optional<otc::connection_view> lent;
    } keeper;
    std::string id;
    scene::member one("publisher", [&](otc::handlers& on) {
        on.on_connection_created = [&, told = on.on_connection_created](otc::session_ref session, otc::connection_view who) {
            keeper.member = otc::connection(who);
            keeper.lent = who;
            id = who.id();
            told(session, who);
        };
    });
    scene::member two("moderator");
    one.book->await("created moderator");
    CHECK(one.session.signal_to(keeper.member, "kept", "works"));
    two.book->await("signal kept works from publisher");
    CHECK_EQUAL(keeper.member.id(), id);
    CHECK_EQUAL(keeper.member.data(), "moderator");
    CHECK_EQUAL(keeper.member.session_id(), one.session.id());
    CHECK(keeper.member.creation_time() > std::chrono::system_clock::time_point());
    const otc::connection moved = std::move(keeper.member);
    CHECK(moved && !keeper.member && moved.id() == id); // NOLINT
    const otc::status refused = one.session.signal_to(*keeper.lent, "lent", "has ended");
    CHECK_EQUAL(refused.error().code, otc::error_code::null_or_invalid_parameter);
}

/// otc_destroy() ends sessions whose objects live on.
static void the_library_ends_first(otc::library library) {
    scene::member one("publisher");
    const otc::session_ref kept = one.session;
    CHECK(library.destroy());
    CHECK(one.book->lines().back() == "released" && one.book.use_count() == 1);
    CHECK(one.session);
    CHECK_EQUAL(one.session.disconnect().error().code, otc::error_code::invalid_param);
    CHECK_EQUAL(kept.disconnect().error().code, otc::error_code::invalid_param);
    CHECK(library.destroy()); // nothing left to do
}

int main() {
    nothing_before_the_library();
    otc::library library = scene::started();
    empty_objects();
    handlers_end_with_the_session();
    handlers_end_when_no_session_is_made();
    assignment_ends_what_was_there();
    what_was_lent_can_be_kept();
    the_library_ends_first(std::move(library));
    library = scene::started(); // and once more
    scene::member("publisher").session.reset();
}
