/* otc_cli: a session for scripts and tests. Prints one JSON object a line for everything that happens, and reads commands,
 * one JSON object a line, from standard input. README.md beside this file lists both.
 *
 * otc_cli_events.c is the output, otc_cli_commands.c the input; here are the options and the life of the program. */
#define _XOPEN_SOURCE 700 /* setitimer() */

#include "line_reader.h"
#include "otc_cli_commands.h"
#include "otc_cli_events.h"
#include "wake.h"

#include <otc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* Leaving takes two seconds at the most: so long it waits for on_disconnected, ... */
#define LEAVE_MS 1000
/* ... and after so long the process ends, whatever happens (a reader that no longer reads would hold up a callback for ever). */
#define LEAVE_AT_ALL_COSTS_US 1800000

#define EXIT_USAGE 2

struct options {
    const char *url, *api_key, *session_id, *token, *ca_file, *log_level;
};

/* Options */

static void print_usage(FILE *out) {
    fprintf(out, "usage: otc_cli [--url URL] --api-key KEY --session SESSION_ID --token TOKEN [--ca-file FILE]\n"
                 "               [--log error|warn|info|debug]\n"
                 "  --url      the server; without it OTC_API_URL, else the hosted platform\n"
                 "  --ca-file  authorities in PEM that the server's certificate may have, beside those of the system\n"
                 "  --log      what the library has to say, on standard error\n"
                 "  --help     this, and the commands that standard input may have\n");
}

static int usage(const char *problem, const char *which) {
    fprintf(stderr, "otc_cli: %s%s\n", problem, which);
    print_usage(stderr);
    return EXIT_USAGE;
}

static int is_help_wanted(int argc, char **argv) {
    int i;
    for (i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) return 1;
    return 0;
}

static int print_help(void) {
    print_usage(stdout);
    printf("commands, one JSON object a line:\n");
    command_print_help(stdout);
    printf("Members may be left out where there is something to assume. README.md beside the source says it all.\n");
    return 0;
}

static const char **option_place(struct options *options, const char *name, size_t length) {
    static const char *const names[] = {"--url", "--api-key", "--session", "--token", "--ca-file", "--log"};
    const char **places[6];
    size_t i;
    places[0] = &options->url;
    places[1] = &options->api_key;
    places[2] = &options->session_id;
    places[3] = &options->token;
    places[4] = &options->ca_file;
    places[5] = &options->log_level;
    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) return places[i];
    return NULL;
}

/* `--name value` and `--name=value`. Returns 0 or the exit code. */
static int read_options(int argc, char **argv, struct options *options) {
    int i;
    memset(options, 0, sizeof *options);
    for (i = 1; i < argc; i++) {
        size_t length = strcspn(argv[i], "=");
        const char **place = option_place(options, argv[i], length);
        if (place == NULL) return usage("unknown option ", argv[i]);
        if (argv[i][length] == '=')
            *place = argv[i] + length + 1;
        else if (i + 1 < argc)
            *place = argv[++i];
        else
            return usage("no value after ", argv[i]);
    }
    if (options->api_key == NULL) return usage("missing option ", "--api-key");
    if (options->session_id == NULL) return usage("missing option ", "--session");
    if (options->token == NULL) return usage("missing option ", "--token");
    return 0;
}

/* Standard output belongs to the events. */
static void log_to_stderr(const char *message) {
    size_t length = strlen(message);
    fprintf(stderr, "%s%s", message, length > 0 && message[length - 1] == '\n' ? "" : "\n");
}

static int enable_log(const char *level) {
    static const char *const names[] = {"error", "warn", "info", "debug"};
    static const enum otc_log_level levels[] = {OTC_LOG_LEVEL_ERROR, OTC_LOG_LEVEL_WARN, OTC_LOG_LEVEL_INFO, OTC_LOG_LEVEL_DEBUG};
    size_t i;
    otc_log_set_logger_callback(log_to_stderr);
    if (level == NULL) return 0;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(level, names[i]) == 0) {
            otc_log_enable(levels[i]);
            return 0;
        }
    }
    return usage("--log cannot be ", level);
}

/* Life */

static otc_session *new_session(const struct options *options) {
    struct otc_session_callbacks callbacks;
    otc_session_settings *settings = otc_session_settings_new();
    otc_session *session = NULL;
    memset(&callbacks, 0, sizeof callbacks);
    events_fill_callbacks(&callbacks);
    if ((options->url == NULL || otc_session_settings_set_api_url(settings, options->url) == OTC_SUCCESS) &&
        (options->ca_file == NULL || otc_session_settings_set_ca_file(settings, options->ca_file) == OTC_SUCCESS))
        session = otc_session_new_with_settings(options->api_key, options->session_id, &callbacks, settings);
    if (session == NULL)
        events_print_error(OTC_SESSION_NULL_OR_INVALID_PARAMETER, otc_last_error_text());
    else
        events_watch(session);
    otc_session_settings_delete(settings);
    return session;
}

static volatile sig_atomic_t code_when_out_of_time;

static void on_out_of_time(int signal_number) {
    (void)signal_number;
    _exit(code_when_out_of_time);
}

static void limit_time_to_leave(int exit_code) {
    struct sigaction action;
    struct itimerval timer;
    memset(&action, 0, sizeof action);
    memset(&timer, 0, sizeof timer);
    action.sa_handler = on_out_of_time;
    timer.it_value.tv_sec = LEAVE_AT_ALL_COSTS_US / 1000000;
    timer.it_value.tv_usec = LEAVE_AT_ALL_COSTS_US % 1000000;
    code_when_out_of_time = exit_code;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* Carries out every line that is complete. Returns whether there can be more. */
static int run_commands(otc_session *session, struct line_reader *input) {
    char *line;
    size_t length;
    line_reader_fill(input);
    for (;;) {
        switch (line_reader_next(input, &line, &length)) {
        case LINE_READY: command_run(session, line, length); break;
        case LINE_TOO_LONG: events_print_bad_command("a line may have 1048576 bytes; this one is thrown away"); break;
        case LINE_PARTIAL: return 1;
        case LINE_END: return 0;
        }
    }
}

/* The program has to end (end of input, Ctrl-C, no more readers): leaves the session, in LEAVE_MS at the most. A connect that is
 * still under way is given that time too, so that the exit code can still tell of its failure. A refused disconnect changes
 * nothing: the session is then on its way out already, and on_disconnected is still to come. */
static int leave(otc_session *session, int connecting, int exit_code) {
    limit_time_to_leave(exit_code);
    if (!connecting) otc_session_disconnect(session);
    for (;;) {
        switch (wake_wait(-1, LEAVE_MS)) {
        case WAKE_CONNECTED: otc_session_disconnect(session); break;
        case WAKE_FAILED: return 1;
        case WAKE_DISCONNECTED:
        case WAKE_TIMEOUT: return exit_code;
        default: break;
        }
    }
}

/* From the connect to the end; returns the exit code. */
static int run(otc_session *session, struct line_reader *input) {
    int connecting = 1;
    for (;;) {
        switch (wake_wait(input->fd, -1)) {
        case WAKE_CONNECTED: connecting = 0; break;
        case WAKE_FAILED: return 1;
        case WAKE_DISCONNECTED: return 0;
        case WAKE_INTERRUPTED: return leave(session, connecting, 0);
        case WAKE_OUTPUT_CLOSED: return leave(session, connecting, 1);
        case WAKE_INPUT:
            if (!run_commands(session, input)) return leave(session, connecting, 0);
            break;
        case WAKE_TIMEOUT: break;
        }
    }
}

static int run_session(otc_session *session, const char *token) {
    struct line_reader input;
    int exit_code;
    otc_status status = otc_session_connect(session, token);
    if (status != OTC_SUCCESS) {
        events_print_error(status, otc_last_error_text());
        return 1;
    }
    line_reader_init(&input, STDIN_FILENO);
    exit_code = run(session, &input);
    line_reader_free(&input);
    return exit_code;
}

int main(int argc, char **argv) {
    struct options options;
    otc_session *session;
    int exit_code;
    if (is_help_wanted(argc, argv)) return print_help();
    exit_code = read_options(argc, argv, &options);
    if (exit_code == 0) exit_code = enable_log(options.log_level);
    if (exit_code != 0) return exit_code;
    if (wake_open() != 0) {
        perror("otc_cli");
        return 1;
    }
    if (otc_init(NULL) != OTC_SUCCESS) {
        fprintf(stderr, "otc_cli: %s\n", otc_last_error_text());
        return 1;
    }
    session = new_session(&options);
    exit_code = session == NULL ? 1 : run_session(session, options.token);
    if (session != NULL) otc_session_delete(session);
    otc_destroy();
    return exit_code;
}
