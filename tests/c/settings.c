/* Settings: what is accepted and refused, and what they do. A session copies them, and they copy what they are given. */
#include "support/check.h"
#include "support/member.h"
#include "support/proxy.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNALS = 2000 };

/* ---- What is accepted ---- */

typedef otc_status (*set_text)(otc_session_settings *, const char *);
typedef otc_status (*set_number)(otc_session_settings *, int);

static void texts(otc_session_settings *settings, set_text set, const char *const *good, const char *const *bad) {
    for (; *good != NULL; good++) {
        CHECK_NUMBER(set(settings, *good), OTC_SUCCESS);
    }
    for (; *bad != NULL; bad++) {
        CHECK_NUMBER(set(settings, *bad), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
        CHECK(strlen(otc_last_error_text()) > 10);
        CHECK(strstr(otc_last_error_text(), "hunter2") == NULL); /* a password is not repeated */
    }
    CHECK_NUMBER(set(NULL, "x"), OTC_INVALID_PARAM);
    CHECK_HOLDS(otc_last_error_text(), "settings");
}

static void takes_texts(otc_session_settings *settings) {
    static char long_suffix[130], long_url[70000];
    static const char *const urls[] = {"http://127.0.0.1:1", "https://example.org", "https://example.org/path", NULL};
    static const char *const no_urls[] = {"", "example.org", "ftp://example.org", "http://", "\xff", long_url, NULL};
    static const char *const proxies[] = {"http://h:1", "socks5://h:65535", "http://me:hunter2@h:1", "socks5://[::1]:1", NULL};
    static const char *const no_proxies[] = {"",          "h:1", "ftp://h:1", "http://h", "http://me:hunter2@h:0",
                                             "socks4://me:hunter2@h:1", "\xff", NULL};
    static const char *const suffixes[] = {"kiosk/4.2", " ", long_suffix + 1, NULL};
    static const char *const no_suffixes[] = {"", "a\nb", "gr\xc3\xbcn", "\x7f", long_suffix, NULL};
    static const char *const paths[] = {"/etc/ssl/own.pem", "own.pem", NULL};
    static const char *const no_paths[] = {"", "\xff", NULL};
    memset(long_suffix, 'x', sizeof long_suffix - 1);
    memset(long_url, 'x', sizeof long_url - 1);
    memcpy(long_url, "http://", 7);
    texts(settings, otc_session_settings_set_api_url, urls, no_urls);
    texts(settings, otc_session_settings_set_proxy_url, urls, no_urls);
    texts(settings, otc_session_settings_set_network_proxy, proxies, no_proxies);
    texts(settings, otc_session_settings_set_user_agent_suffix, suffixes, no_suffixes);
    texts(settings, otc_session_settings_set_ca_file, paths, no_paths);
    CHECK_NUMBER(otc_session_settings_set_proxy_url(settings, NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_set_network_proxy(settings, NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_set_user_agent_suffix(settings, NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_set_api_url(settings, NULL), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_settings_set_ca_file(settings, NULL), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
}

static void numbers(otc_session_settings *settings, set_number set, int least, int most) {
    int bad[5], index;
    char bound[16];
    bad[0] = least - 1;
    bad[1] = most + 1;
    bad[2] = INT_MIN;
    bad[3] = INT_MAX;
    bad[4] = -1000;
    CHECK_NUMBER(set(settings, least), OTC_SUCCESS);
    CHECK_NUMBER(set(settings, most), OTC_SUCCESS);
    snprintf(bound, sizeof bound, "%d", most);
    for (index = 0; index < 5; index++) {
        CHECK_NUMBER(set(settings, bad[index]), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
        CHECK_HOLDS(otc_last_error_text(), bound);
    }
    CHECK_NUMBER(set(NULL, least), OTC_INVALID_PARAM);
}

static void takes_numbers_and_truths(otc_session_settings *settings) {
    static const set_number truths[] = {
        otc_session_settings_set_connection_events_suppressed, otc_session_settings_set_ip_whitelist,
        otc_session_settings_set_session_migration,            otc_session_settings_set_single_peer_connection,
    };
    size_t index;
    numbers(settings, otc_session_settings_set_reconnect_window, 0, 3600000);
    numbers(settings, otc_session_settings_set_callback_queue_size, 1, 65536);
    numbers(settings, otc_session_settings_set_signal_queue_size, 1, 65536);
    for (index = 0; index < sizeof truths / sizeof truths[0]; index++) {
        CHECK_NUMBER(truths[index](settings, OTC_TRUE), OTC_SUCCESS);
        CHECK_NUMBER(truths[index](settings, -7), OTC_SUCCESS);
        CHECK_NUMBER(truths[index](settings, OTC_FALSE), OTC_SUCCESS);
        CHECK_NUMBER(truths[index](NULL, OTC_TRUE), OTC_INVALID_PARAM);
    }
}

/* ---- ICE servers: copied to the last byte ---- */

static char *on_heap(const char *text) {
    char *copied = (char *)malloc(strlen(text) + 1);
    CHECK(copied != NULL);
    return strcpy(copied, text);
}

static void spoil(char *text) {
    memset(text, 'z', strlen(text));
    free(text);
}

/* Everything that the call was given is overwritten and freed when it has returned. */
static void give_ice_servers(otc_session_settings *settings) {
    struct otc_custom_ice_config *config = (struct otc_custom_ice_config *)malloc(sizeof *config);
    int index;
    CHECK(config != NULL);
    config->num_ice_servers = 2;
    config->ice_url = (char **)malloc(2 * sizeof(char *));
    config->ice_user = (char **)malloc(2 * sizeof(char *));
    config->ice_credential = (char **)malloc(2 * sizeof(char *));
    CHECK(config->ice_url != NULL && config->ice_user != NULL && config->ice_credential != NULL);
    config->ice_url[0] = on_heap("turn:t.example:3478?transport=tcp");
    config->ice_url[1] = on_heap("stun:[::1]:3478");
    config->ice_user[0] = on_heap("me");
    config->ice_credential[0] = on_heap("hunter2");
    config->ice_user[1] = config->ice_credential[1] = NULL;
    config->force_turn = OTC_TRUE;
    config->use_custom_turn_only = OTC_FALSE;
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(settings, config), OTC_SUCCESS);
    for (index = 0; index < 2; index++) {
        spoil(config->ice_url[index]);
    }
    spoil(config->ice_user[0]);
    spoil(config->ice_credential[0]);
    free(config->ice_url);
    free(config->ice_user);
    free(config->ice_credential);
    memset(config, 0x5a, sizeof *config);
    free(config);
}

static void refuses_bad_ice_servers(otc_session_settings *settings) {
    char url[] = "turn:h", no_url[] = "http://h", user[] = "me", *urls[1], *users[1];
    struct otc_custom_ice_config config;
    memset(&config, 0, sizeof config);
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(settings, &config), OTC_SUCCESS); /* none is allowed */
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(settings, NULL), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(NULL, &config), OTC_INVALID_PARAM);
    urls[0] = url;
    users[0] = user;
    config.num_ice_servers = 1;
    config.ice_url = urls;
    config.ice_user = users;
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(settings, &config), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    config.ice_credential = users;
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(settings, &config), OTC_SUCCESS);
    urls[0] = no_url;
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(settings, &config), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_HOLDS(otc_last_error_text(), "[0]");
    urls[0] = NULL;
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(settings, &config), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    config.num_ice_servers = 65;
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(settings, &config), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    config.num_ice_servers = -1;
    CHECK_NUMBER(otc_session_settings_set_custom_ice_config(settings, &config), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
}

/* ---- What they do ---- */

/* Everything is set at once, and the settings are deleted before the session connects. */
static void may_go_before_the_session(void) {
    struct member member;
    otc_session_settings *settings = otc_session_settings_new();
    memset(&member, 0, sizeof member);
    give_ice_servers(settings);
    CHECK_NUMBER(otc_session_settings_set_user_agent_suffix(settings, "kiosk/4.2"), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_set_ip_whitelist(settings, OTC_TRUE), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_set_session_migration(settings, OTC_TRUE), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_set_single_peer_connection(settings, OTC_TRUE), OTC_SUCCESS);
    member_make_with(&member, world("URL"), settings);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_INVALID_PARAM);
    member_connect(&member);
    MEMBER_WAIT(&member, HEARD_CONNECTED);
    member_fence(&member, "fine");
    member_delete(&member);
}

/* A session made before a change of the settings has them as they were. */
static void are_copied(void) {
    struct member before, after;
    otc_session_settings *settings = otc_session_settings_new();
    memset(&before, 0, sizeof before);
    memset(&after, 0, sizeof after);
    member_make_with(&before, world("URL"), settings);
    CHECK_NUMBER(otc_session_settings_set_connection_events_suppressed(settings, OTC_TRUE), OTC_SUCCESS);
    member_make_with(&after, world("URL"), settings);
    CHECK_NUMBER(otc_session_settings_set_api_url(settings, "http://127.0.0.1:1"), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    member_connect(&after);
    MEMBER_WAIT(&after, HEARD_CONNECTED);
    member_connect(&before);
    MEMBER_WAIT(&before, HEARD_CAME);
    member_fence(&before, "fence");
    MEMBER_WAIT_SIGNAL(&after, "fence");
    CHECK_NUMBER(member_heard(&after, HEARD_CAME), 0);
    member_delete(&before);
    member_delete(&after);
}

static void no_window_no_return(struct proxy *proxy) {
    struct member member;
    otc_session_settings *settings = otc_session_settings_new();
    memset(&member, 0, sizeof member);
    CHECK_NUMBER(otc_session_settings_set_reconnect_window(settings, 0), OTC_SUCCESS);
    member_make_with(&member, proxy_url(proxy), settings);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    member_connect(&member);
    MEMBER_WAIT(&member, HEARD_CONNECTED);
    proxy_cut(proxy);
    CHECK_NUMBER(MEMBER_WAIT(&member, HEARD_ERROR)->number, OTC_SESSION_CONNECTION_DROPPED);
    MEMBER_WAIT(&member, HEARD_DISCONNECTED);
    CHECK_NUMBER(otc_session_get_disconnect_reason(member.session), OTC_DISCONNECT_REASON_NETWORK_DISCONNECTED);
    CHECK_NUMBER(member_heard(&member, HEARD_RECONNECTING), 0);
    member_delete(&member);
}

static void hold_the_first(const struct moment *moment) {
    if (moment->heard->kind == HEARD_SIGNAL && strcmp(moment->heard->text, "0") == 0) {
        GATE_WAIT((struct gate *)moment->member->user, 1);
    }
}

/* The first callback does not return before everything has been sent. */
static void one_callback_may_wait(void) {
    struct member sender, receiver;
    struct gate sent;
    otc_session_settings *settings = otc_session_settings_new();
    char number[16];
    int index;
    memset(&sender, 0, sizeof sender);
    memset(&receiver, 0, sizeof receiver);
    gate_init(&sent);
    receiver.inside = hold_the_first;
    receiver.user = &sent;
    CHECK_NUMBER(otc_session_settings_set_callback_queue_size(settings, 1), OTC_SUCCESS);
    member_make_with(&receiver, world("URL"), settings);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    member_connect(&receiver);
    MEMBER_WAIT(&receiver, HEARD_CONNECTED);
    member_join(&sender);
    for (index = 0; index < SIGNALS; index++) {
        snprintf(number, sizeof number, "%d", index);
        CHECK_NUMBER(otc_session_signal(sender.session, "many", number), OTC_SUCCESS);
    }
    MEMBER_WAIT_SIGNAL(&receiver, "many");
    gate_pass(&sent);
    for (index = 1; index < SIGNALS; index++) {
        snprintf(number, sizeof number, "%d", index);
        CHECK_TEXT(MEMBER_WAIT_SIGNAL(&receiver, "many")->text, number);
    }
    CHECK_NUMBER(member_heard(&receiver, HEARD_RECONNECTING), 0);
    member_delete(&sender);
    member_delete(&receiver);
    gate_end(&sent);
}

static void one_signal_may_wait(struct proxy *proxy) {
    struct member member;
    otc_session_settings *settings = otc_session_settings_new();
    memset(&member, 0, sizeof member);
    CHECK_NUMBER(otc_session_settings_set_signal_queue_size(settings, 1), OTC_SUCCESS);
    member_make_with(&member, proxy_url(proxy), settings);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    member_connect(&member);
    MEMBER_WAIT(&member, HEARD_CONNECTED);
    proxy_refuse(proxy, 1);
    proxy_cut(proxy);
    MEMBER_WAIT(&member, HEARD_RECONNECTING);
    CHECK_NUMBER(otc_session_signal(member.session, "waits", NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_signal(member.session, "too-many", NULL), OTC_SESSION_UNABLE_TO_SEND_SIGNAL);
    CHECK_HOLDS(otc_last_error_text(), "wait");
    proxy_refuse(proxy, 0);
    MEMBER_WAIT(&member, HEARD_RECONNECTED);
    MEMBER_WAIT_SIGNAL(&member, "waits");
    member_delete(&member);
}

/* ---- What a session is told beside its settings ---- */

/* As many characters of two bytes. */
static const char *umlauts(int count) {
    static char text[2 * 300 + 1];
    int index;
    for (index = 0; index < count; index++) {
        memcpy(text + 2 * index, "\xc3\xbc", 2);
    }
    text[2 * count] = '\0';
    return text;
}

static void has_a_secret(otc_session *session) {
    char text[300];
    memset(text, 's', sizeof text);
    text[ENCRYPTION_SECRET_MAXIMUM_LENGTH + 1] = '\0';
    CHECK_NUMBER(otc_session_set_encryption_secret(session, text), OTC_SESSION_INVALID_ENCRYPTION_SECRET);
    CHECK(strstr(otc_last_error_text(), "sss") == NULL);
    text[ENCRYPTION_SECRET_MAXIMUM_LENGTH] = '\0';
    CHECK_NUMBER(otc_session_set_encryption_secret(session, text), OTC_SUCCESS);
    text[ENCRYPTION_SECRET_MINIMUM_LENGTH] = '\0';
    CHECK_NUMBER(otc_session_set_encryption_secret(session, text), OTC_SUCCESS);
    text[ENCRYPTION_SECRET_MINIMUM_LENGTH - 1] = '\0';
    CHECK_NUMBER(otc_session_set_encryption_secret(session, text), OTC_SESSION_INVALID_ENCRYPTION_SECRET);
    CHECK_NUMBER(otc_session_set_encryption_secret(session, ""), OTC_SESSION_INVALID_ENCRYPTION_SECRET);
    CHECK_NUMBER(otc_session_set_encryption_secret(session, umlauts(256)), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_set_encryption_secret(session, umlauts(257)), OTC_SESSION_INVALID_ENCRYPTION_SECRET);
    CHECK_NUMBER(otc_session_set_encryption_secret(session, umlauts(7)), OTC_SESSION_INVALID_ENCRYPTION_SECRET);
    CHECK_NUMBER(otc_session_set_encryption_secret(session, NULL), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_set_encryption_secret(session, "\xff\xff\xff\xff\xff\xff\xff\xff"),
                 OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_set_encryption_secret(NULL, "12345678"), OTC_INVALID_PARAM);
}

static void reports(otc_session *session) {
    static char too_long[8194];
    char here[] = "not an id";
    char *id = here, *second = NULL;
    CHECK_NUMBER(otc_session_report_issue(session, NULL, &id), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK(id == NULL);
    id = here;
    CHECK_NUMBER(otc_session_report_issue(session, "", &id), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK(id == NULL);
    id = here;
    memset(too_long, 'x', sizeof too_long - 1);
    CHECK_NUMBER(otc_session_report_issue(session, too_long, &id), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK(id == NULL);
    id = here;
    CHECK_NUMBER(otc_session_report_issue(NULL, "no picture", &id), OTC_INVALID_PARAM);
    CHECK(id == NULL);
    CHECK_NUMBER(otc_session_report_issue(session, "no picture", NULL), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK_NUMBER(otc_session_report_issue(session, "no picture", &id), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_report_issue(session, "no sound", &second), OTC_SUCCESS);
    CHECK(id != NULL && second != NULL && strcmp(id, second) != 0);
    CHECK_NUMBER(strlen(id), 36);
    free(id);
    free(second);
}

int main(void) {
    struct member member;
    struct proxy *proxy;
    otc_session_settings *settings = otc_session_settings_new();
    CHECK(settings != NULL);
    takes_texts(settings);
    takes_numbers_and_truths(settings);
    give_ice_servers(settings);
    refuses_bad_ice_servers(settings);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);

    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    proxy = proxy_start();
    may_go_before_the_session();
    are_copied();
    no_window_no_return(proxy);
    one_callback_may_wait();
    one_signal_may_wait(proxy);

    memset(&member, 0, sizeof member);
    member_make(&member);
    has_a_secret(member.session);
    member_connect(&member);
    MEMBER_WAIT(&member, HEARD_CONNECTED);
    has_a_secret(member.session);
    reports(member.session);
    member_delete(&member);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    proxy_stop(proxy);
    return 0;
}
