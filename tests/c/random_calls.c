/* The whole C API in random order, against a live server and a bad network: four threads, and the callbacks, call what they
 * like on sessions, connections, streams and settings that they share, that others are just deleting, that are long gone, of
 * another kind, or were never there. Nothing may crash, hang or fail in another way than its function documents; at the end
 * otc_destroy() is content and on_released has been called once for every session.
 *
 * OTC_TEST_ROUNDS: calls of each thread. OTC_TEST_SEED: as printed by the run to repeat. */
#include "support/check.h"
#include "support/dice.h"
#include "support/member.h"
#include "support/peer.h"
#include "support/proxy.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 4000, LIVE = 24, PLACES = 24 };

/* ---- What the threads share: handles, alive or not ---- */

enum kind { SESSIONS, SETTINGS, CONNECTIONS, STREAMS, LISTS, KINDS };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news;
static void *pool[KINDS][PLACES];
static int made, live;
static uint64_t callback_number, seed;
static int calm; /* nothing is called inside callbacks any more */
static struct gate released, finished, streamed;
static const char *urls[2];

/* A place for it; what was there before is for the caller to delete. */
static void *share(struct dice *dice, enum kind kind, void *handle) {
    unsigned place = dice_roll(dice, PLACES);
    void *before;
    pthread_mutex_lock(&mutex);
    before = pool[kind][place];
    pool[kind][place] = handle;
    pthread_mutex_unlock(&mutex);
    return before;
}

/* Any handle: mostly of the kind, sometimes of another, sometimes none at all. */
static void *any(struct dice *dice, enum kind kind) {
    void *handle;
    unsigned roll = dice_roll(dice, 32);
    if (roll == 0) {
        return NULL;
    }
    if (roll == 1) {
        return (void *)((uintptr_t)dice_roll(dice, 0x7fffffff) * dice_roll(dice, 0x7fffffff));
    }
    if (roll == 2) {
        kind = (enum kind)dice_roll(dice, KINDS);
    }
    pthread_mutex_lock(&mutex);
    handle = pool[kind][dice_roll(dice, PLACES)];
    pthread_mutex_unlock(&mutex);
    return handle;
}

/* What a function may answer. OTC_FATAL and OTC_SESSION_INTERNAL_ERROR are never an answer to anything here. */
static void allowed(otc_status status) {
    switch (status) {
    case OTC_SUCCESS:
    case OTC_INVALID_PARAM:
    case OTC_SESSION_NOT_CONNECTED:
    case OTC_SESSION_NULL_OR_INVALID_PARAMETER:
    case OTC_SESSION_ILLEGAL_STATE:
    case OTC_SESSION_INVALID_SIGNAL_TYPE:
    case OTC_SESSION_SIGNAL_DATA_TOO_LONG:
    case OTC_SESSION_SIGNAL_TYPE_TOO_LONG:
    case OTC_SESSION_UNABLE_TO_SEND_SIGNAL:
    case OTC_UNABLE_TO_FORCE_MUTE:
    case OTC_UNABLE_TO_FORCE_DISCONNECT:
    case OTC_SESSION_INVALID_ENCRYPTION_SECRET:
        break;
    default:
        CHECK_NUMBER(status, OTC_SUCCESS);
    }
    if (status != OTC_SUCCESS) {
        CHECK(otc_last_error_text()[0] != '\0');
    }
}

/* ---- Callbacks ---- */

static void call_something(struct dice *dice, int inside);

/* What a session's user_data points to; freed in on_released. */
struct own {
    int magic;
};
enum { MAGIC = 0x5e55 };

static void inside(void *user_data) {
    struct dice dice;
    int still;
    CHECK_NUMBER(((struct own *)user_data)->magic, MAGIC);
    pthread_mutex_lock(&mutex);
    dice = dice_of(seed, 1000 + callback_number++);
    still = !calm;
    pthread_cond_broadcast(&news);
    pthread_mutex_unlock(&mutex);
    if (still && dice_roll(&dice, 4) == 0) {
        call_something(&dice, 1);
    }
}

static void on_plain(otc_session *session, void *user_data) {
    (void)session;
    inside(user_data);
}

static void keep_connection(void *user_data, const otc_connection *connection) {
    struct dice dice;
    otc_connection *copied = otc_connection_copy(connection);
    CHECK(copied != NULL && otc_connection_get_id(connection)[0] != '\0');
    CHECK_TEXT(otc_connection_get_id(copied), otc_connection_get_id(connection));
    pthread_mutex_lock(&mutex);
    dice = dice_of(seed, 1000 + callback_number++);
    pthread_mutex_unlock(&mutex);
    otc_connection_delete((otc_connection *)share(&dice, CONNECTIONS, copied));
    inside(user_data);
}

static void on_connection(otc_session *session, void *user_data, const otc_connection *connection) {
    (void)session;
    keep_connection(user_data, connection);
}

static void on_stream(otc_session *session, void *user_data, const otc_stream *stream) {
    struct dice dice;
    otc_stream *copied = otc_stream_copy(stream);
    (void)session;
    CHECK(copied != NULL);
    CHECK_TEXT(otc_stream_get_id(copied), otc_stream_get_id(stream));
    gate_pass(&streamed);
    pthread_mutex_lock(&mutex);
    dice = dice_of(seed, 1000 + callback_number++);
    pthread_mutex_unlock(&mutex);
    otc_stream_delete((otc_stream *)share(&dice, STREAMS, copied));
    inside(user_data);
}

static void on_stream_flag(otc_session *session, void *user_data, const otc_stream *stream, otc_bool on) {
    CHECK(on == OTC_TRUE || on == OTC_FALSE);
    on_stream(session, user_data, stream);
}

static void on_dimensions(otc_session *session, void *user_data, const otc_stream *stream, int width, int height) {
    CHECK(width > 0 && height > 0);
    on_stream(session, user_data, stream);
}

static void on_video_type(otc_session *session, void *user_data, const otc_stream *stream, enum otc_stream_video_type type) {
    CHECK((int)type >= OTC_STREAM_VIDEO_TYPE_CAMERA && (int)type <= OTC_STREAM_VIDEO_TYPE_CUSTOM);
    on_stream(session, user_data, stream);
}

static void on_signal(otc_session *session, void *user_data, const char *type, const char *signal,
                      const otc_connection *connection) {
    (void)session;
    CHECK(type == NULL || strlen(type) <= 128);
    CHECK(signal == NULL || strlen(signal) <= 8192);
    if (connection != NULL) {
        keep_connection(user_data, connection);
    }
}

static void on_error(otc_session *session, void *user_data, const char *text, enum otc_session_error_code code) {
    (void)session;
    CHECK(text != NULL && text[0] != '\0');
    CHECK(code != OTC_SESSION_INTERNAL_ERROR);
    inside(user_data);
}

static void on_mute_forced(otc_session *session, void *user_data, otc_on_mute_forced_info *info) {
    (void)session;
    CHECK(info != NULL);
    inside(user_data);
}

static void on_status(otc_session *session, void *user_data, enum otc_connection_status status) {
    (void)session;
    CHECK((int)status >= 0 && (int)status <= OTC_CONNECTION_STATUS_FAILED);
    inside(user_data);
}

static void on_signal_failed(otc_session *session, void *user_data, const char *type, const char *data, const char *connection_id,
                             enum otc_session_error_code error, const char *error_text) {
    (void)session;
    CHECK((type == NULL || strlen(type) <= 128) && (data == NULL || strlen(data) <= 8192));
    CHECK(connection_id == NULL || connection_id[0] != '\0');
    CHECK_NUMBER(error, OTC_SESSION_UNABLE_TO_SEND_SIGNAL);
    CHECK(error_text[0] != '\0');
    inside(user_data);
}

static void on_released(void *user_data) {
    CHECK_NUMBER(((struct own *)user_data)->magic, MAGIC);
    free(user_data);
    pthread_mutex_lock(&mutex);
    live -= 1;
    pthread_mutex_unlock(&mutex);
    gate_pass(&released);
}

/* ---- Calls ---- */

static void make_session(struct dice *dice) {
    struct otc_session_callbacks callbacks;
    struct own *own;
    otc_session_settings *settings = NULL;
    otc_session *session;
    int enough;
    pthread_mutex_lock(&mutex);
    enough = live >= LIVE;
    live += !enough;
    pthread_mutex_unlock(&mutex);
    if (enough) {
        return;
    }
    own = (struct own *)malloc(sizeof *own);
    CHECK(own != NULL);
    own->magic = MAGIC;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.on_connected = on_plain;
    callbacks.on_disconnected = on_plain;
    callbacks.on_connection_created = on_connection;
    callbacks.on_connection_dropped = on_connection;
    callbacks.on_stream_received = on_stream;
    callbacks.on_stream_dropped = on_stream;
    callbacks.on_stream_has_audio_changed = on_stream_flag;
    callbacks.on_stream_has_video_changed = on_stream_flag;
    callbacks.on_stream_has_captions_changed = on_stream_flag;
    callbacks.on_stream_video_dimensions_changed = on_dimensions;
    callbacks.on_stream_video_type_changed = on_video_type;
    callbacks.on_signal_received = on_signal;
    callbacks.on_reconnecting = on_plain;
    callbacks.on_reconnected = on_plain;
    callbacks.on_error = on_error;
    callbacks.on_mute_forced = on_mute_forced;
    callbacks.user_data = own;
    if (dice_roll(dice, 8) == 0) {
        session = otc_session_new_with_settings(world("KEY"), world("SESSION"), &callbacks,
                                                (otc_session_settings *)any(dice, SETTINGS));
    } else {
        settings = otc_session_settings_new();
        CHECK(settings != NULL);
        allowed(otc_session_settings_set_api_url(settings, urls[dice_roll(dice, 2)]));
        session = otc_session_new_with_settings(world("KEY"), world("SESSION"), &callbacks, settings);
        allowed(otc_session_settings_delete(settings));
    }
    /* Between the two calls another thread may have destroyed the library: then nobody was told of this session. */
    if (session == NULL || otc_session_set_on_released(session, on_released) != OTC_SUCCESS) {
        free(own);
        pthread_mutex_lock(&mutex);
        live -= 1;
        pthread_mutex_unlock(&mutex);
        return;
    }
    pthread_mutex_lock(&mutex);
    made += 1;
    pthread_mutex_unlock(&mutex);
    allowed(otc_session_set_on_status_changed(session, on_status));
    allowed(otc_session_set_on_signal_failed(session, on_signal_failed));
    allowed(otc_session_connect(session, world(dice_roll(dice, 4) == 0 ? "MODERATOR_TOKEN" : "TOKEN")));
    otc_session_delete((otc_session *)share(dice, SESSIONS, session));
}

static const char *some_text(struct dice *dice) {
    static char long_one[9001];
    static const char *const texts[] = {
        NULL, "", "type", "a-b_c~d", "not allowed", "\xff\xfe", "gr\xc3\xbc\xc3\x9f", "{\"json\":[1,2]}", long_one, long_one + 808,
    };
    pthread_mutex_lock(&mutex);
    if (long_one[0] == '\0') {
        memset(long_one, 'x', sizeof long_one - 1);
    }
    pthread_mutex_unlock(&mutex);
    return texts[dice_roll(dice, sizeof texts / sizeof texts[0])];
}

static void send_signal(struct dice *dice) {
    otc_session *session = (otc_session *)any(dice, SESSIONS);
    const otc_connection *to = (const otc_connection *)any(dice, CONNECTIONS);
    const char *type = dice_roll(dice, 3) == 0 ? some_text(dice) : "random";
    const char *data = some_text(dice);
    struct otc_signal_options options;
    options.retry_after_reconnect = (otc_bool)dice_roll(dice, 3);
    switch (dice_roll(dice, 8)) {
    case 0: allowed(otc_session_signal(session, type, data)); break;
    case 1: allowed(otc_session_signal_to_connection(session, type, data, to)); break;
    case 2: allowed(otc_session_signal_with_options(session, type, data, options)); break;
    case 3: allowed(otc_session_signal_to_connection_with_options(session, type, data, to, options)); break;
    case 4: allowed(otc_session_send_signal(session, type, data)); break;
    case 5: allowed(otc_session_send_signal_to_connection(session, type, data, to)); break;
    case 6: allowed(otc_session_send_signal_with_options(session, type, data, options)); break;
    default: allowed(otc_session_send_signal_to_connection_with_options(session, type, data, to, options)); break;
    }
}

/* The texts of shared objects end with them, so they are not read: another thread may be deleting. */
static void ask_session(struct dice *dice) {
    otc_session *session = (otc_session *)any(dice, SESSIONS);
    otc_connection *own;
    struct otc_session_capabilities may;
    switch (dice_roll(dice, 8)) {
    case 0: (void)otc_session_get_id(session); break;
    case 1: (void)otc_session_get_user_data(session); break;
    case 2:
        may = otc_session_get_capabilities(session);
        CHECK((may.publish | may.subscribe | may.force_mute | may.force_disconnect) <= 1);
        break;
    case 3: CHECK((int)otc_session_get_connection_status(session) <= OTC_CONNECTION_STATUS_FAILED); break;
    case 4: CHECK((int)otc_session_get_disconnect_reason(session) <= OTC_DISCONNECT_REASON_NETWORK_DISCONNECTED); break;
    case 5: allowed(otc_session_set_on_status_changed(session, dice_roll(dice, 2) == 0 ? NULL : on_status)); break;
    case 6: allowed(otc_session_set_on_signal_failed(session, dice_roll(dice, 2) == 0 ? NULL : on_signal_failed)); break;
    default:
        own = otc_session_get_connection(session);
        if (own != NULL) {
            CHECK(otc_connection_get_id(own)[0] != '\0');
            otc_connection_delete((otc_connection *)share(dice, CONNECTIONS, own));
        }
        break;
    }
}

static void change_session(struct dice *dice) {
    otc_session *session = (otc_session *)any(dice, SESSIONS);
    const char *token = dice_roll(dice, 4) == 0 ? some_text(dice) : world("TOKEN");
    char host[64];
    int port;
    switch (dice_roll(dice, 8)) {
    case 0: allowed(otc_session_disconnect(session)); break;
    case 1: allowed(otc_session_connect(session, token)); break;
    case 2:
        CHECK(sscanf(world("URL"), "http://%63[^:]:%d", host, &port) == 2);
        allowed(otc_session_connect_to_host(session, host, "", port, OTC_FALSE, token));
        break;
    case 3:
        if (dice_roll(dice, 3) == 0) {
            allowed(otc_session_delete(session));
        }
        break;
    default: make_session(dice); break;
    }
}

/* The members that a list of one's own names, and a list that others may be deleting. */
static void use_list(struct dice *dice) {
    otc_session *session = (otc_session *)any(dice, SESSIONS);
    otc_connection_list *list;
    int index;
    switch (dice_roll(dice, 4)) {
    case 0: allowed(otc_connection_list_delete((otc_connection_list *)any(dice, LISTS))); break;
    case 1: (void)otc_connection_list_get((otc_connection_list *)any(dice, LISTS), (int)dice_roll(dice, 8) - 2); break;
    default:
        list = otc_session_get_connections(session);
        if (list == NULL) {
            break;
        }
        CHECK(otc_connection_list_get_size(list) >= 1);
        for (index = 0; index < otc_connection_list_get_size(list); index++) {
            CHECK(otc_connection_get_id(otc_connection_list_get(list, index))[0] != '\0');
        }
        CHECK(otc_connection_list_get(list, index) == NULL && otc_connection_list_get(list, -1) == NULL);
        otc_connection_list_delete((otc_connection_list *)share(dice, LISTS, list));
        break;
    }
}

static void moderate(struct dice *dice) {
    otc_session *session = (otc_session *)any(dice, SESSIONS);
    const char *excluded[2];
    char *issue = NULL;
    excluded[0] = "s0";
    excluded[1] = some_text(dice);
    switch (dice_roll(dice, 8)) {
    case 0: allowed(otc_session_force_mute_all(session, excluded, (int)dice_roll(dice, 3))); break;
    case 1: allowed(otc_session_force_mute_all(session, NULL, 0)); break;
    case 2: allowed(otc_session_disable_force_mute(session)); break;
    case 3: allowed(otc_session_force_mute_stream(session, excluded[dice_roll(dice, 2)])); break;
    case 4: allowed(otc_session_set_encryption_secret(session, some_text(dice))); break;
    case 5:
        /* Few, or the moderators send everybody away at once. */
        if (dice_roll(dice, 8) == 0) {
            allowed(otc_session_force_disconnect(session, (const otc_connection *)any(dice, CONNECTIONS)));
        }
        break;
    case 6:
        if (dice_roll(dice, 16) == 0) {
            allowed(otc_session_report_issue(session, some_text(dice), &issue));
            free(issue);
        }
        break;
    default: allowed(otc_session_force_disconnect(session, NULL)); break;
    }
}

static void use_connection(struct dice *dice) {
    otc_connection *connection = (otc_connection *)any(dice, CONNECTIONS);
    otc_connection *copied;
    switch (dice_roll(dice, 4)) {
    case 0: allowed(otc_connection_delete(connection)); break;
    case 1:
        copied = otc_connection_copy(connection);
        if (copied != NULL) {
            CHECK_TEXT(otc_connection_get_session_id(copied), world("SESSION"));
            otc_connection_delete((otc_connection *)share(dice, CONNECTIONS, copied));
        }
        break;
    case 2: (void)otc_connection_get_creation_time(connection); break;
    default:
        CHECK(otc_connection_get_id(connection) != NULL && otc_connection_get_data(connection) != NULL &&
              otc_connection_get_session_id(connection) != NULL);
        break;
    }
}

static void use_stream(struct dice *dice) {
    otc_stream *stream = (otc_stream *)any(dice, STREAMS);
    otc_stream *copied;
    const otc_connection *publisher;
    switch (dice_roll(dice, 4)) {
    case 0: allowed(otc_stream_delete(stream)); break;
    case 1:
        copied = otc_stream_copy(stream);
        if (copied != NULL) {
            publisher = otc_stream_get_connection(copied);
            CHECK(publisher != NULL && otc_connection_get_id(publisher)[0] != '\0');
            allowed(otc_connection_delete((otc_connection *)publisher)); /* it is the stream's: a fault, and no harm */
            otc_stream_delete((otc_stream *)share(dice, STREAMS, copied));
        }
        break;
    case 2: (void)otc_stream_get_connection(stream); break;
    default:
        CHECK(otc_stream_get_id(stream) != NULL && otc_stream_get_name(stream) != NULL);
        (void)(otc_stream_has_video_track(stream) | otc_stream_has_video(stream) | otc_stream_has_audio_track(stream) |
               otc_stream_has_audio(stream) | otc_stream_has_captions(stream));
        (void)(otc_stream_get_video_width(stream) + otc_stream_get_video_height(stream));
        (void)otc_stream_get_creation_time(stream);
        CHECK((int)otc_stream_get_video_type(stream) >= 1 && (int)otc_stream_get_video_type(stream) <= 3);
        break;
    }
}

static void use_settings(struct dice *dice) {
    otc_session_settings *settings = (otc_session_settings *)any(dice, SETTINGS);
    struct otc_custom_ice_config ice;
    char url[] = "turn:127.0.0.1:3478", user[] = "user", credential[] = "credential";
    char *urls_of[1], *users_of[1], *credentials_of[1];
    urls_of[0] = url;
    users_of[0] = user;
    credentials_of[0] = credential;
    ice.num_ice_servers = (int)dice_roll(dice, 3) - 1;
    ice.num_ice_servers = ice.num_ice_servers > 1 ? 1 : ice.num_ice_servers;
    ice.ice_url = urls_of;
    ice.ice_user = users_of;
    ice.ice_credential = credentials_of;
    ice.force_turn = ice.use_custom_turn_only = (otc_bool)dice_roll(dice, 2);
    switch (dice_roll(dice, 16)) {
    case 5: allowed(otc_session_settings_set_custom_ice_config(settings, dice_roll(dice, 4) == 0 ? NULL : &ice)); break;
    case 6: allowed(otc_session_settings_set_proxy_url(settings, some_text(dice))); break;
    case 7: allowed(otc_session_settings_set_network_proxy(settings, some_text(dice))); break;
    case 8: allowed(otc_session_settings_set_user_agent_suffix(settings, some_text(dice))); break;
    case 9: allowed(otc_session_settings_set_reconnect_window(settings, (int)dice_roll(dice, 60000) - 1000)); break;
    case 10: allowed(otc_session_settings_set_callback_queue_size(settings, (int)dice_roll(dice, 4) - 1)); break;
    case 11: allowed(otc_session_settings_set_signal_queue_size(settings, (int)dice_roll(dice, 4) - 1)); break;
    case 12: allowed(otc_session_settings_set_ip_whitelist(settings, OTC_TRUE)); break;
    case 13: allowed(otc_session_settings_set_session_migration(settings, OTC_TRUE)); break;
    case 14: allowed(otc_session_settings_set_single_peer_connection(settings, OTC_TRUE)); break;
    case 15: allowed(otc_session_settings_set_record_file(settings, dice_roll(dice, 2) == 0 ? NULL : "")); break;
    case 0: otc_session_settings_delete((otc_session_settings *)share(dice, SETTINGS, otc_session_settings_new())); break;
    case 1: allowed(otc_session_settings_delete(settings)); break;
    case 2: allowed(otc_session_settings_set_api_url(settings, dice_roll(dice, 2) == 0 ? some_text(dice) : urls[0])); break;
    case 3: allowed(otc_session_settings_set_connection_events_suppressed(settings, (otc_bool)dice_roll(dice, 3))); break;
    default: allowed(otc_session_settings_set_ca_file(settings, some_text(dice))); break;
    }
}

static void logger(const char *message) {
    CHECK(message[0] == '[' && message[strlen(message) - 1] == '\n');
}

static void use_library(struct dice *dice, int inside) {
    switch (dice_roll(dice, 40)) {
    case 0: otc_log_enable((enum otc_log_level)dice_roll(dice, 5)); break;
    case 1: otc_log_set_logger_callback(logger); break;
    case 2:
        if (dice_roll(dice, 8) != 0) {
            break;
        }
        CHECK_NUMBER(otc_destroy(), inside ? (int)OTC_SESSION_ILLEGAL_STATE : (int)OTC_SUCCESS);
        break;
    default:
        /* Inside a callback it is refused while another thread destroys. */
        if (inside) {
            allowed(otc_init(NULL));
        } else {
            CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
        }
        CHECK_TEXT(otc_version(), OTC_VERSION);
        CHECK((int)otc_get_log_level() <= OTC_LOG_LEVEL_ALL);
        break;
    }
}

static void call_something(struct dice *dice, int inside) {
    switch (dice_roll(dice, 12)) {
    case 10: use_list(dice); break;
    case 11:
        if (!inside || dice_roll(dice, 32) == 0) {
            moderate(dice);
        }
        break;
    case 0:
    case 1:
    case 2:
        /* Whoever answers each signal with signals drowns. */
        if (!inside || dice_roll(dice, 32) == 0) {
            send_signal(dice);
        }
        break;
    case 3:
    case 4: ask_session(dice); break;
    case 5: change_session(dice); break;
    case 6: use_connection(dice); break;
    case 7: use_stream(dice); break;
    case 8: use_settings(dice); break;
    default: use_library(dice, inside); break;
    }
}

/* ---- Somebody who publishes ---- */

/* It publishes, changes and ends one of a few streams; when a moderator has sent it away, it comes again. */
static void publish_something(struct peer *peer, struct dice *dice) {
    static const char *const audio[] = {"{\"active\":true}", "{\"active\":false}"};
    static const char *const video[] = {"{\"active\":false,\"source\":\"screen\"}", "{\"width\":320,\"height\":240}",
                                        "{\"active\":true,\"width\":1280,\"height\":720,\"source\":\"custom\"}"};
    char stream[8], path[32];
    int status;
    snprintf(stream, sizeof stream, "s%u", dice_roll(dice, 3));
    snprintf(path, sizeof path, "/stream/%s", stream);
    switch (dice_roll(dice, 5)) {
    case 0: status = peer_update(peer, stream, "audio1", audio[dice_roll(dice, 2)]); break;
    case 1: status = peer_update(peer, stream, "video1", video[dice_roll(dice, 3)]); break;
    case 2: status = peer_update(peer, stream, "caption1", audio[dice_roll(dice, 2)]); break;
    case 3: status = peer_ask(peer, "delete", path, "{}"); break;
    default: status = peer_publish(peer, stream); break;
    }
    if (status == 0) {
        peer_leave(peer);
        peer_join(peer, "TOKEN");
    } else {
        CHECK(status == 200 || status == 404 || status == 409); /* 404: not published, 409: it is already */
    }
}

/* ---- The run ---- */

static int rounds(void) {
    const char *text = getenv("OTC_TEST_ROUNDS");
    return text == NULL ? ROUNDS : atoi(text);
}

/* Lets sessions live: goes on with the next callback, or soon. */
static void wait_for_news(void) {
    pthread_mutex_lock(&mutex);
    news_wait(&news, &mutex, now_ms() + 4);
    pthread_mutex_unlock(&mutex);
}

static void *run(void *argument) {
    struct dice dice = dice_of(seed, (uint64_t)(uintptr_t)argument);
    int round;
    for (round = 0; round < rounds(); round++) {
        if (round % 8 == 0) {
            make_session(&dice);
        }
        call_something(&dice, 0);
        if (dice_roll(&dice, 8) == 0) {
            wait_for_news();
        }
    }
    gate_pass(&finished);
    return NULL;
}

int main(void) {
    struct dice dice;
    struct peer peer;
    struct proxy *proxy;
    pthread_t threads[THREADS];
    long long deadline;
    int index, place, sessions;
    seed = dice_seed();
    dice = dice_of(seed, 999);
    gate_init(&released);
    gate_init(&finished);
    gate_init(&streamed);
    news_init(&news);
    otc_log_set_logger_callback(logger);
    otc_log_enable(OTC_LOG_LEVEL_DEBUG);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    proxy = proxy_start();
    urls[0] = world("URL");
    urls[1] = proxy_url(proxy);
    peer_join(&peer, "TOKEN");
    CHECK_NUMBER(peer_publish(&peer, "s0"), 200);
    for (index = 0; index < THREADS; index++) {
        CHECK(pthread_create(&threads[index], NULL, run, (void *)(uintptr_t)index) == 0);
    }
    /* The network is bad meanwhile. */
    deadline = now_ms() + (30000 + 10LL * rounds()) * patience();
    while (!gate_wait_within(&finished, THREADS, 20 + dice_roll(&dice, 80))) {
        switch (dice_roll(&dice, 4)) {
        case 0: proxy_refuse(proxy, (int)dice_roll(&dice, 2)); break;
        case 1: proxy_hold(proxy, (int)dice_roll(&dice, 2)); break;
        default: proxy_cut(proxy); break;
        }
        publish_something(&peer, &dice);
        CHECK(now_ms() < deadline); /* no call hangs */
    }
    for (index = 0; index < THREADS; index++) {
        CHECK(pthread_join(threads[index], NULL) == 0);
    }
    peer_leave(&peer);
    pthread_mutex_lock(&mutex);
    calm = 1;
    pthread_mutex_unlock(&mutex);

    /* A callback that began before may still make a session: what counts is what there is when none runs any more. */
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    pthread_mutex_lock(&mutex);
    sessions = made;
    pthread_mutex_unlock(&mutex);
    CHECK(gate_wait_within(&released, sessions, patience_ms()));
    CHECK_NUMBER(gate_count(&released), sessions);
    CHECK_NUMBER(live, 0);
    printf("%d calls of each of %d threads, %d sessions, %llu callbacks, %d about streams\n", rounds(), THREADS, sessions,
           (unsigned long long)callback_number, gate_count(&streamed));

    for (place = 0; place < PLACES; place++) {
        otc_connection_delete((otc_connection *)pool[CONNECTIONS][place]);
        otc_stream_delete((otc_stream *)pool[STREAMS][place]);
        otc_connection_list_delete((otc_connection_list *)pool[LISTS][place]);
        otc_session_settings_delete((otc_session_settings *)pool[SETTINGS][place]);
        CHECK_NUMBER(otc_session_delete((otc_session *)pool[SESSIONS][place]), OTC_INVALID_PARAM);
    }
    proxy_stop(proxy);
    return 0;
}
