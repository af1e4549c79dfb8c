// The C++ part of the module, imported by name.
@import COtc.Cpp;

bool check(const char* token);

bool check(const char* token) {
    otc::handlers on;
    on.on_connected = [](otc::session_ref session) { static_cast<void>(session.signal("greeting", "hello")); };
    const auto session = otc::session::create("key", "session", std::move(on));
    return session && session->connect(token) && OTC_VERSION_NUMBER > 0;
}
