// hello_cpp URL API_KEY SESSION_ID TOKEN: says hello to everybody and shows what is said, until you press Enter.
#include <otc.hpp>
#include <iostream>

int main(int argc, char** argv) {
    const auto library = otc::library::init();
    if (argc != 5 || !library) return 2;

    otc::handlers on; // called on the library's threads, one at a time
    on.on_connected = [](otc::session_ref session) {
        if (const auto sent = session.signal("chat", "hello"); !sent) std::cerr << sent.error().text << '\n';
    };
    on.on_signal_received = [](otc::session_ref, const otc::signal_view& signal) {
        std::cout << (signal.sender ? signal.sender->data() : "server") << ": " << signal.data.value_or("") << std::endl;
    };
    on.on_error = [](otc::session_ref, const otc::error& error) { std::cerr << error.text << '\n'; };

    otc::settings settings;
    settings.api_url = argv[1];
    auto session = otc::session::create(argv[2], argv[3], std::move(on), settings);
    const auto joining = session ? session->connect(argv[4]) : session.error();
    if (!joining) {
        std::cerr << joining.error().text << '\n';
        return 1;
    }
    std::cin.get();
} // the session leaves and ends, then the library
