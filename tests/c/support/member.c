#include "member.h"

#include "check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy(const char *text) {
    char *copied;
    if (text == NULL) {
        return NULL;
    }
    copied = (char *)malloc(strlen(text) + 1);
    CHECK(copied != NULL);
    strcpy(copied, text);
    return copied;
}

/* Notes a call, then runs what the test wants inside it. */
static void note(struct member *member, otc_session *session, const struct heard *told, const otc_connection *connection,
                 const otc_stream *stream) {
    struct heard *heard = (struct heard *)malloc(sizeof *heard);
    struct moment moment;
    CHECK(heard != NULL);
    *heard = *told;
    heard->type = copy(told->type);
    heard->text = copy(told->text);
    heard->who = copy(told->who);
    heard->thread = pthread_self();
    pthread_mutex_lock(&member->mutex);
    CHECK(member->running == 0); /* one at a time */
    CHECK(gate_count(&member->released) == 0); /* and none after the last */
    member->running += 1;
    if (member->count == member->room) {
        member->room = member->room == 0 ? 64 : member->room * 2;
        member->heard = (struct heard **)realloc(member->heard, member->room * sizeof *member->heard);
        CHECK(member->heard != NULL);
    }
    member->heard[member->count++] = heard;
    pthread_cond_broadcast(&member->news);
    pthread_mutex_unlock(&member->mutex);
    moment.member = member;
    moment.session = session;
    moment.heard = heard;
    moment.connection = connection;
    moment.stream = stream;
    if (member->inside != NULL) {
        member->inside(&moment);
    }
    pthread_mutex_lock(&member->mutex);
    member->running -= 1;
    pthread_cond_broadcast(&member->news);
    pthread_mutex_unlock(&member->mutex);
}

static struct heard of(enum heard_kind kind) {
    struct heard heard;
    memset(&heard, 0, sizeof heard);
    heard.kind = kind;
    return heard;
}

static void plain(otc_session *session, void *user, enum heard_kind kind) {
    struct heard heard = of(kind);
    note((struct member *)user, session, &heard, NULL, NULL);
}

static void on_connected(otc_session *session, void *user) {
    plain(session, user, HEARD_CONNECTED);
}

static void on_disconnected(otc_session *session, void *user) {
    plain(session, user, HEARD_DISCONNECTED);
}

static void on_reconnecting(otc_session *session, void *user) {
    plain(session, user, HEARD_RECONNECTING);
}

static void on_reconnected(otc_session *session, void *user) {
    plain(session, user, HEARD_RECONNECTED);
}

static void about_connection(otc_session *session, void *user, enum heard_kind kind, const otc_connection *connection) {
    struct heard heard = of(kind);
    heard.who = (char *)otc_connection_get_id(connection);
    note((struct member *)user, session, &heard, connection, NULL);
}

static void on_connection_created(otc_session *session, void *user, const otc_connection *connection) {
    about_connection(session, user, HEARD_CAME, connection);
}

static void on_connection_dropped(otc_session *session, void *user, const otc_connection *connection) {
    about_connection(session, user, HEARD_WENT, connection);
}

static void about_stream(otc_session *session, void *user, const otc_stream *stream, struct heard heard) {
    heard.text = (char *)otc_stream_get_id(stream);
    heard.who = (char *)otc_connection_get_id(otc_stream_get_connection(stream));
    note((struct member *)user, session, &heard, otc_stream_get_connection(stream), stream);
}

static void on_stream_received(otc_session *session, void *user, const otc_stream *stream) {
    about_stream(session, user, stream, of(HEARD_STREAM));
}

static void on_stream_dropped(otc_session *session, void *user, const otc_stream *stream) {
    about_stream(session, user, stream, of(HEARD_STREAM_ENDED));
}

static void change(otc_session *session, void *user, const otc_stream *stream, const char *what, int value, int height) {
    struct heard heard = of(HEARD_STREAM_CHANGED);
    heard.type = (char *)what;
    heard.number = value;
    heard.height = height;
    about_stream(session, user, stream, heard);
}

static void on_has_audio(otc_session *session, void *user, const otc_stream *stream, otc_bool on) {
    change(session, user, stream, "audio", on, 0);
}

static void on_has_video(otc_session *session, void *user, const otc_stream *stream, otc_bool on) {
    change(session, user, stream, "video", on, 0);
}

static void on_has_captions(otc_session *session, void *user, const otc_stream *stream, otc_bool on) {
    change(session, user, stream, "captions", on, 0);
}

static void on_dimensions(otc_session *session, void *user, const otc_stream *stream, int width, int height) {
    change(session, user, stream, "dimensions", width, height);
}

static void on_video_type(otc_session *session, void *user, const otc_stream *stream, enum otc_stream_video_type type) {
    change(session, user, stream, "video type", (int)type, 0);
}

static void on_signal(otc_session *session, void *user, const char *type, const char *signal, const otc_connection *connection) {
    struct heard heard = of(HEARD_SIGNAL);
    heard.type = (char *)type;
    heard.text = (char *)signal;
    heard.who = connection == NULL ? NULL : (char *)otc_connection_get_id(connection);
    note((struct member *)user, session, &heard, connection, NULL);
}

static void on_archive_started(otc_session *session, void *user, const char *archive_id, const char *name) {
    struct heard heard = of(HEARD_ARCHIVE);
    (void)name;
    heard.text = (char *)archive_id;
    heard.number = 1;
    note((struct member *)user, session, &heard, NULL, NULL);
}

static void on_archive_stopped(otc_session *session, void *user, const char *archive_id) {
    struct heard heard = of(HEARD_ARCHIVE);
    heard.text = (char *)archive_id;
    note((struct member *)user, session, &heard, NULL, NULL);
}

static void on_error(otc_session *session, void *user, const char *text, enum otc_session_error_code code) {
    struct heard heard = of(HEARD_ERROR);
    CHECK(text != NULL && text[0] != '\0');
    heard.text = (char *)text;
    heard.number = (int)code;
    note((struct member *)user, session, &heard, NULL, NULL);
}

static void on_mute_forced(otc_session *session, void *user, otc_on_mute_forced_info *info) {
    struct heard heard = of(HEARD_MUTED);
    heard.number = info->active;
    note((struct member *)user, session, &heard, NULL, NULL);
}

static void on_status_changed(otc_session *session, void *user, enum otc_connection_status status) {
    struct heard heard = of(HEARD_STATUS);
    heard.number = (int)status;
    note((struct member *)user, session, &heard, NULL, NULL);
}

static void on_signal_failed(otc_session *session, void *user, const char *type, const char *data, const char *connection_id,
                             enum otc_session_error_code error, const char *error_text) {
    struct heard heard = of(HEARD_FAILED);
    CHECK(error_text != NULL && error_text[0] != '\0');
    heard.type = (char *)type;
    heard.text = (char *)data;
    heard.who = (char *)connection_id;
    heard.number = (int)error;
    note((struct member *)user, session, &heard, NULL, NULL);
}

static void on_released(void *user) {
    struct member *member = (struct member *)user;
    pthread_mutex_lock(&member->mutex);
    CHECK(member->running == 0); /* the last one, alone */
    pthread_mutex_unlock(&member->mutex);
    gate_pass(&member->released);
}

void member_callbacks(struct member *member, struct otc_session_callbacks *callbacks) {
    memset(callbacks, 0, sizeof *callbacks);
    callbacks->on_connected = on_connected;
    callbacks->on_disconnected = on_disconnected;
    callbacks->on_connection_created = on_connection_created;
    callbacks->on_connection_dropped = on_connection_dropped;
    callbacks->on_stream_received = on_stream_received;
    callbacks->on_stream_dropped = on_stream_dropped;
    callbacks->on_stream_has_audio_changed = on_has_audio;
    callbacks->on_stream_has_video_changed = on_has_video;
    callbacks->on_stream_has_captions_changed = on_has_captions;
    callbacks->on_stream_video_dimensions_changed = on_dimensions;
    callbacks->on_stream_video_type_changed = on_video_type;
    callbacks->on_signal_received = on_signal;
    callbacks->on_reconnecting = on_reconnecting;
    callbacks->on_reconnected = on_reconnected;
    callbacks->on_archive_started = on_archive_started;
    callbacks->on_archive_stopped = on_archive_stopped;
    callbacks->on_error = on_error;
    callbacks->on_mute_forced = on_mute_forced;
    callbacks->user_data = member;
}

void member_make(struct member *member) {
    member_make_at(member, world("URL"));
}

void member_make_at(struct member *member, const char *url) {
    otc_session_settings *settings = otc_session_settings_new();
    CHECK(settings != NULL);
    member_make_with(member, url, settings);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
}

void member_make_with(struct member *member, const char *url, otc_session_settings *settings) {
    struct otc_session_callbacks callbacks;
    void (*inside)(const struct moment *) = member->inside;
    void *user = member->user;
    memset(member, 0, sizeof *member);
    member->inside = inside;
    member->user = user;
    CHECK(pthread_mutex_init(&member->mutex, NULL) == 0);
    news_init(&member->news);
    gate_init(&member->released);
    member_callbacks(member, &callbacks);
    CHECK_NUMBER(otc_session_settings_set_api_url(settings, url), OTC_SUCCESS);
    member->session = otc_session_new_with_settings(world("KEY"), world("SESSION"), &callbacks, settings);
    CHECK(member->session != NULL);
    CHECK_NUMBER(otc_session_set_on_status_changed(member->session, on_status_changed), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_set_on_released(member->session, on_released), OTC_SUCCESS);
}

void member_watch_failures(struct member *member) {
    CHECK_NUMBER(otc_session_set_on_signal_failed(member->session, on_signal_failed), OTC_SUCCESS);
}

void member_connect(struct member *member) {
    member_connect_as(member, "TOKEN");
}

void member_connect_as(struct member *member, const char *token) {
    CHECK_NUMBER(otc_session_connect(member->session, world(token)), OTC_SUCCESS);
}

void member_join(struct member *member) {
    member_join_at(member, world("URL"));
}

void member_join_at(struct member *member, const char *url) {
    member_make_at(member, url);
    member_connect(member);
    MEMBER_WAIT(member, HEARD_CONNECTED);
}

void member_join_as(struct member *member, const char *token) {
    member_make(member);
    member_connect_as(member, token);
    MEMBER_WAIT(member, HEARD_CONNECTED);
}

static const char *names[HEARD_KINDS] = {
    "on_connected",       "on_disconnected",    "on_connection_created", "on_connection_dropped",
    "on_stream_received", "on_stream_dropped",  "a change of a stream",  "on_signal_received",
    "on_reconnecting",    "on_reconnected",     "an archive",            "on_error",
    "on_mute_forced",     "on_status_changed",  "on_signal_failed",
};

/* What it has heard, for people. */
static void show(struct member *member) {
    size_t index = member->count > 20 ? member->count - 20 : 0;
    pthread_mutex_lock(&member->mutex);
    for (; index < member->count; index++) {
        const struct heard *heard = member->heard[index];
        fprintf(stderr, "    heard %s %s %s %d\n", names[heard->kind], heard->type == NULL ? "" : heard->type,
                heard->kind != HEARD_SIGNAL && heard->text != NULL ? heard->text : "", heard->number);
    }
    pthread_mutex_unlock(&member->mutex);
}

/* The next call of the kind, and of the type when one is given. */
static const struct heard *next_of(struct member *member, enum heard_kind kind, const char *type, long long milliseconds) {
    const struct heard *found = NULL;
    long long deadline = now_ms() + milliseconds;
    pthread_mutex_lock(&member->mutex);
    for (;;) {
        while (found == NULL && member->next < member->count) {
            const struct heard *heard = member->heard[member->next++];
            if (heard->kind == kind && (type == NULL || (heard->type != NULL && strcmp(heard->type, type) == 0))) {
                found = heard;
            }
        }
        if (found != NULL || !news_wait(&member->news, &member->mutex, deadline)) {
            break;
        }
    }
    pthread_mutex_unlock(&member->mutex);
    return found;
}

const struct heard *member_next(struct member *member, enum heard_kind kind, long long milliseconds) {
    return next_of(member, kind, NULL, milliseconds);
}

static const struct heard *wait_for(struct member *member, enum heard_kind kind, const char *type, const char *name,
                                    const char *file, int line) {
    const struct heard *heard = next_of(member, kind, type, patience_ms());
    if (heard == NULL) {
        show(member);
        check_that(0, name, file, line);
    }
    return heard;
}

const struct heard *member_wait(struct member *member, enum heard_kind kind, const char *name, const char *file, int line) {
    return wait_for(member, kind, NULL, name, file, line);
}

const struct heard *member_wait_signal(struct member *member, const char *type, const char *file, int line) {
    return wait_for(member, HEARD_SIGNAL, type, type, file, line);
}

int member_heard(struct member *member, enum heard_kind kind) {
    size_t index;
    int count = 0;
    pthread_mutex_lock(&member->mutex);
    for (index = 0; index < member->count; index++) {
        count += member->heard[index]->kind == kind;
    }
    pthread_mutex_unlock(&member->mutex);
    return count;
}

int member_heard_all(struct member *member) {
    int count;
    pthread_mutex_lock(&member->mutex);
    count = (int)member->count;
    pthread_mutex_unlock(&member->mutex);
    return count;
}

void member_fence(struct member *member, const char *type) {
    CHECK_NUMBER(otc_session_signal(member->session, type, NULL), OTC_SUCCESS);
    MEMBER_WAIT_SIGNAL(member, type);
}

void member_delete(struct member *member) {
    CHECK_NUMBER(otc_session_delete(member->session), OTC_SUCCESS);
    CHECK_NUMBER(gate_count(&member->released), 1);
    member_forget(member);
}

void member_forget(struct member *member) {
    size_t index;
    GATE_WAIT(&member->released, 1);
    CHECK_NUMBER(gate_count(&member->released), 1);
    for (index = 0; index < member->count; index++) {
        free(member->heard[index]->type);
        free(member->heard[index]->text);
        free(member->heard[index]->who);
        free(member->heard[index]);
    }
    free(member->heard);
    gate_end(&member->released);
    pthread_cond_destroy(&member->news);
    pthread_mutex_destroy(&member->mutex);
    memset(member, 0, sizeof *member);
}

char *member_id(struct member *member) {
    otc_connection *own = otc_session_get_connection(member->session);
    char *id;
    CHECK(own != NULL);
    id = copy(otc_connection_get_id(own));
    CHECK_NUMBER(otc_connection_delete(own), OTC_SUCCESS);
    return id;
}
