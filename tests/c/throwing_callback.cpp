// A C++ exception that leaves a callback ends the process in a defined way: abort, and a message that says why.
#include "support/check.h"
#include "support/child.h"
#include "support/member.h"
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>

static void throw_it(const struct moment *) {
    throw std::runtime_error("from a callback");
}

static int child() {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    static struct member member;
    member.inside = throw_it;
    CHECK_NUMBER(otc_init(nullptr), OTC_SUCCESS);
    member_make(&member);
    member_connect(&member);
    MEMBER_WAIT(&member, HEARD_DISCONNECTED); // never: the process ends in on_connected
    return 0;
}

int main(int count, char **) {
    if (count > 1) {
        return child();
    }
    struct child process;
    child_start(&process, "child");
    child_wait(&process);
    CHECK(WIFSIGNALED(process.status));
    CHECK_NUMBER(WTERMSIG(process.status), SIGABRT);
    CHECK_HOLDS(process.errors, "exception left a callback");
    return 0;
}
