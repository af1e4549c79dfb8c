// Compiled only: every member of every class of otc.hpp, and the header alone, first and twice.
#include <otc.hpp>
#include <otc.hpp>

template class otc::detail::connection_getters<const otc_connection*>;
template class otc::detail::connection_getters<otc::detail::owner<otc_connection, otc_connection_delete>>;
template class otc::detail::stream_getters<const otc_stream*>;
template class otc::detail::stream_getters<otc::detail::owner<otc_stream, otc_stream_delete>>;
template class otc::detail::session_operations<otc_session*>;
template class otc::detail::session_operations<otc::detail::owner<otc_session, otc_session_delete>>;
template class otc::result<otc::session>;
template class otc::result<otc::connection_list>;

#if __cplusplus >= 202002L
#include <ranges>
static_assert(std::ranges::random_access_range<const otc::connection_list>);

// What C++20 makes of handlers and settings.
otc::result<otc::session> every_member(const char* key, const char* session_id);
otc::result<otc::session> every_member(const char* key, const char* session_id) {
    return otc::session::create(key, session_id, {.on_connected = [](otc::session_ref) {}}, {.ip_whitelist = true});
}
#endif
