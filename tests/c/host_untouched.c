/* What belongs to the program stays as it was: signal handlers, SIGPIPE, signal masks, locale, environment, directory, limits.
 * Signals that the system sends are handled on the program's threads; no file that the library opens is inherited by children;
 * and writing to a socket that the other side has closed does not end the process. */
#include "support/check.h"
#include "support/member.h"
#include "support/proxy.h"
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIGNAL_NUMBERS = 65, CUTS = 5, RAISED = 200 };

extern char **environ;

struct host {
    struct sigaction actions[SIGNAL_NUMBERS];
    sigset_t mask;
    char locale[256];
    char directory[512];
    char **variables;
    size_t variable_count;
    struct rlimit files;
    mode_t umask;
    int descriptor_flags[3];
};

static void look(struct host *host) {
    int number;
    memset(host, 0, sizeof *host);
    for (number = 1; number < SIGNAL_NUMBERS; number++) {
        /* Two numbers are the C library's own. */
        if (sigaction(number, NULL, &host->actions[number]) != 0) {
            memset(&host->actions[number], 0, sizeof host->actions[number]);
        }
    }
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &host->mask) == 0);
    snprintf(host->locale, sizeof host->locale, "%s", setlocale(LC_ALL, NULL));
    CHECK(getcwd(host->directory, sizeof host->directory) != NULL);
    host->variables = environ;
    while (environ[host->variable_count] != NULL) {
        host->variable_count += 1;
    }
    CHECK(getrlimit(RLIMIT_NOFILE, &host->files) == 0);
    host->umask = umask(022);
    umask(host->umask);
    for (number = 0; number < 3; number++) {
        host->descriptor_flags[number] = fcntl(number, F_GETFL);
    }
}

static void compare(const struct host *now, const struct host *before) {
    int number;
    for (number = 1; number < SIGNAL_NUMBERS; number++) {
        const struct sigaction *one = &now->actions[number];
        const struct sigaction *other = &before->actions[number];
        if (one->sa_handler != other->sa_handler || one->sa_flags != other->sa_flags) {
            fprintf(stderr, "the action of signal %d has changed\n", number);
            FAIL("signal actions");
        }
        CHECK_NUMBER(sigismember(&now->mask, number), sigismember(&before->mask, number));
    }
    CHECK_TEXT(now->locale, before->locale);
    CHECK_TEXT(now->directory, before->directory);
    CHECK(now->variables == before->variables && now->variable_count == before->variable_count);
    CHECK(now->files.rlim_cur == before->files.rlim_cur && now->files.rlim_max == before->files.rlim_max);
    CHECK_NUMBER(now->umask, before->umask);
    for (number = 0; number < 3; number++) {
        CHECK_NUMBER(now->descriptor_flags[number], before->descriptor_flags[number]);
    }
}

static pthread_t main_thread;
static volatile sig_atomic_t handled, handled_elsewhere;

static void handler(int number) {
    (void)number;
    handled = handled + 1;
    if (!pthread_equal(pthread_self(), main_thread)) {
        handled_elsewhere = 1;
    }
}

/* No signal may land on a library's thread, whose stack and work are not the program's. */
static void raise_signals(void) {
    int number;
    for (number = 0; number < RAISED; number++) {
        int before = handled;
        long long deadline = now_ms() + patience_ms();
        CHECK(kill(getpid(), SIGUSR1) == 0);
        while (handled == before) {
            CHECK(now_ms() < deadline);
        }
    }
    CHECK(!handled_elsewhere);
}

static void check_descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;
    CHECK(directory != NULL);
    while ((entry = readdir(directory)) != NULL) {
        int descriptor = atoi(entry->d_name);
        char path[64], target[256];
        ssize_t length;
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
        length = readlink(path, target, sizeof target - 1);
        if (descriptor <= 2 || length <= 0) {
            continue;
        }
        target[length] = '\0';
        /* Sockets and the like; what the test's own starter left open is a file or a pipe. */
        if (strncmp(target, "socket:", 7) == 0 || strncmp(target, "anon_inode:", 11) == 0) {
            if ((fcntl(descriptor, F_GETFD) & FD_CLOEXEC) == 0) {
                fprintf(stderr, "descriptor %d (%s) would be inherited\n", descriptor, target);
                FAIL("close on exec");
            }
        }
    }
    closedir(directory);
}

/* Many signals into sockets that have just been closed. */
static void write_to_closed(struct proxy *proxy) {
    struct member member;
    int cut;
    memset(&member, 0, sizeof member);
    member_join_at(&member, proxy_url(proxy));
    for (cut = 0; cut < CUTS; cut++) {
        int number;
        proxy_cut(proxy);
        for (number = 0; number < 20; number++) {
            CHECK_NUMBER(otc_session_signal(member.session, "into-the-void", "x"), OTC_SUCCESS);
        }
        MEMBER_WAIT(&member, HEARD_RECONNECTED);
    }
    CHECK_NUMBER(otc_session_signal(member.session, "alive", NULL), OTC_SUCCESS);
    MEMBER_WAIT_SIGNAL(&member, "alive");
    CHECK_NUMBER(member_heard(&member, HEARD_SIGNAL), CUTS * 20 + 1);
    member_delete(&member);
}

int main(void) {
    struct host before, now;
    struct sigaction action;
    struct proxy *proxy;
    struct member member;
    memset(&member, 0, sizeof member);
    memset(&action, 0, sizeof action);
    main_thread = pthread_self();
    setlocale(LC_ALL, "C.UTF-8");
    signal(SIGPIPE, SIG_DFL);
    action.sa_handler = handler;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    look(&before);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    look(&now);
    compare(&now, &before);
    member_join(&member);
    proxy = proxy_start();
    raise_signals();
    check_descriptors();
    write_to_closed(proxy);
    look(&now);
    compare(&now, &before);
    member_delete(&member);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    look(&now);
    compare(&now, &before);
    proxy_stop(proxy);
    return 0;
}
