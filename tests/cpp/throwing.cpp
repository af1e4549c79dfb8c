// An exception that leaves a handler ends the program by std::terminate(), where a debugger finds it, and with its words.
#include "scene.hpp"

#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

[[noreturn]] static void throw_in_a_handler() {
    const otc::library library = scene::started();
    scene::member one("publisher", [](otc::handlers& on) {
        on.on_signal_received = [](otc::session_ref, const otc::signal_view&) {
            throw std::runtime_error("thrown by a handler");
        };
    });
    CHECK(one.session.signal("throw", "now"));
    one.book->await("never");
    std::_Exit(1);
}

int main(int, char** arguments) {
    if (arguments[1] != nullptr) throw_in_a_handler();
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t child = fork(); // before the library starts
    CHECK(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        execl("/proc/self/exe", arguments[0], "child", static_cast<char*>(nullptr));
        std::_Exit(127);
    }
    close(ends[1]);
    std::string said;
    char bytes[512];
    for (ssize_t count; (count = read(ends[0], bytes, sizeof bytes)) > 0;) said.append(bytes, static_cast<std::size_t>(count));
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    std::fputs(said.c_str(), stderr);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(said.find("thrown by a handler") != std::string::npos);
}
