/* Streams of somebody else: everything that is asked of one is as it was published, each change is told once and in order, what
 * a callback is lent ends with it, and a copy is a picture of its moment that lives until it is deleted. */
#include "support/check.h"
#include "support/member.h"
#include "support/peer.h"
#include <string.h>

/* What the callbacks leave for the test. */
struct kept {
    const otc_stream *lent;
    const otc_connection *lent_publisher;
    otc_stream *copied;
    struct gate seen;
};

static void is_as_published(const otc_stream *stream, const char *publisher) {
    const otc_connection *connection = otc_stream_get_connection(stream);
    CHECK_TEXT(otc_stream_get_id(stream), "cam");
    CHECK_TEXT(otc_stream_get_name(stream), "name of cam");
    CHECK_NUMBER(otc_stream_has_video_track(stream), OTC_TRUE);
    CHECK_NUMBER(otc_stream_has_video(stream), OTC_TRUE);
    CHECK_NUMBER(otc_stream_has_audio_track(stream), OTC_TRUE);
    CHECK_NUMBER(otc_stream_has_audio(stream), OTC_TRUE);
    CHECK_NUMBER(otc_stream_has_captions(stream), OTC_FALSE);
    CHECK_NUMBER(otc_stream_get_video_width(stream), 640);
    CHECK_NUMBER(otc_stream_get_video_height(stream), 480);
    CHECK_NUMBER(otc_stream_get_video_type(stream), OTC_STREAM_VIDEO_TYPE_CAMERA);
    CHECK(otc_stream_get_creation_time(stream) >= otc_connection_get_creation_time(connection));
    CHECK(otc_connection_get_creation_time(connection) > 0);
    CHECK_TEXT(otc_connection_get_id(connection), publisher);
    CHECK_TEXT(otc_connection_get_data(connection), "publisher");
    CHECK_TEXT(otc_connection_get_session_id(connection), world("SESSION"));
    CHECK(otc_stream_get_connection(stream) == connection); /* the stream's own, each time the same */
}

static void has_ended(const otc_stream *stream, const otc_connection *publisher) {
    CHECK_TEXT(otc_stream_get_id(stream), "");
    CHECK(otc_stream_get_connection(stream) == NULL);
    CHECK(otc_stream_copy(stream) == NULL);
    CHECK_NUMBER(otc_stream_delete((otc_stream *)stream), OTC_INVALID_PARAM);
    CHECK_TEXT(otc_connection_get_id(publisher), "");
    CHECK(otc_connection_copy(publisher) == NULL);
}

/* The lent stream shows what has just been told. */
static void shows_the_change(const struct heard *heard, const otc_stream *stream) {
    if (strcmp(heard->type, "audio") == 0) {
        CHECK_NUMBER(otc_stream_has_audio(stream), heard->number);
        CHECK_NUMBER(otc_stream_has_audio_track(stream), OTC_TRUE);
    } else if (strcmp(heard->type, "video") == 0) {
        CHECK_NUMBER(otc_stream_has_video(stream), heard->number);
        CHECK_NUMBER(otc_stream_has_video_track(stream), OTC_TRUE);
    } else if (strcmp(heard->type, "captions") == 0) {
        CHECK_NUMBER(otc_stream_has_captions(stream), heard->number);
    } else if (strcmp(heard->type, "dimensions") == 0) {
        CHECK_NUMBER(otc_stream_get_video_width(stream), heard->number);
        CHECK_NUMBER(otc_stream_get_video_height(stream), heard->height);
    } else {
        CHECK_NUMBER(otc_stream_get_video_type(stream), heard->number);
    }
}

static void inside(const struct moment *moment) {
    struct kept *kept = (struct kept *)moment->member->user;
    const otc_connection *second_publisher;
    otc_stream *second;
    if (moment->stream == NULL) {
        return;
    }
    if (moment->heard->kind == HEARD_STREAM_CHANGED) {
        shows_the_change(moment->heard, moment->stream);
    }
    if (moment->heard->kind != HEARD_STREAM || strcmp(moment->heard->text, "cam") != 0) {
        return;
    }
    kept->lent = moment->stream;
    kept->lent_publisher = moment->connection;
    is_as_published(moment->stream, moment->heard->who);
    kept->copied = otc_stream_copy(moment->stream);
    is_as_published(kept->copied, moment->heard->who);
    CHECK(kept->copied != moment->stream);
    CHECK(otc_stream_get_connection(kept->copied) != moment->connection);

    /* A copy of a copy ends alone, with its connection. */
    second = otc_stream_copy(kept->copied);
    second_publisher = otc_stream_get_connection(second);
    is_as_published(second, moment->heard->who);
    CHECK_NUMBER(otc_stream_delete(second), OTC_SUCCESS);
    has_ended(second, second_publisher);
    is_as_published(moment->stream, moment->heard->who);
    gate_pass(&kept->seen);
}

struct change {
    const char *channel;
    const char *content;
    const char *type;
    int number;
    int height;
};

static const struct change changes[] = {
    {"audio1", "{\"active\":false}", "audio", OTC_FALSE, 0},
    {"video1", "{\"active\":false}", "video", OTC_FALSE, 0},
    {"caption1", "{\"active\":true}", "captions", OTC_TRUE, 0},
    {"video1", "{\"width\":1280,\"height\":720}", "dimensions", 1280, 720},
    {"video1", "{\"source\":\"screen\"}", "video type", OTC_STREAM_VIDEO_TYPE_SCREEN, 0},
    {"video1", "{\"source\":\"custom\"}", "video type", OTC_STREAM_VIDEO_TYPE_CUSTOM, 0},
    {"audio1", "{\"active\":true}", "audio", OTC_TRUE, 0},
    {"video1", "{\"active\":true}", "video", OTC_TRUE, 0},
    {"caption1", "{\"active\":false}", "captions", OTC_FALSE, 0},
};
enum { CHANGES = sizeof changes / sizeof changes[0] };

/* Each twice: the second time it is no change. All are sent before any is looked at. */
static void changes_are_told_once(struct member *watcher, struct peer *peer) {
    int index;
    for (index = 0; index < CHANGES; index++) {
        CHECK_NUMBER(peer_update(peer, "cam", changes[index].channel, changes[index].content), 200);
        CHECK_NUMBER(peer_update(peer, "cam", changes[index].channel, changes[index].content), 200);
    }
    for (index = 0; index < CHANGES; index++) {
        const struct heard *heard = MEMBER_WAIT(watcher, HEARD_STREAM_CHANGED);
        CHECK_TEXT(heard->type, changes[index].type);
        CHECK_TEXT(heard->text, "cam");
        CHECK_TEXT(heard->who, peer->id);
        CHECK_NUMBER(heard->number, changes[index].number);
        CHECK_NUMBER(heard->height, changes[index].height);
    }
    CHECK_NUMBER(peer_update(peer, "cam", "none", "{\"active\":false}"), 404);
}

/* Who comes later finds both as they are now; the second has no pictures and no name, and its sound is off. */
static void inside_late(const struct moment *moment) {
    const otc_stream *stream = moment->stream;
    if (moment->heard->kind != HEARD_STREAM) {
        return;
    }
    if (strcmp(moment->heard->text, "cam") == 0) {
        CHECK_NUMBER(otc_stream_get_video_width(stream), 1280);
        CHECK_NUMBER(otc_stream_get_video_height(stream), 720);
        CHECK_NUMBER(otc_stream_get_video_type(stream), OTC_STREAM_VIDEO_TYPE_CUSTOM);
        return;
    }
    CHECK_TEXT(otc_stream_get_id(stream), "sound");
    CHECK_TEXT(otc_stream_get_name(stream), "");
    CHECK_NUMBER(otc_stream_has_video_track(stream), OTC_FALSE);
    CHECK_NUMBER(otc_stream_has_video(stream), OTC_FALSE);
    CHECK_NUMBER(otc_stream_get_video_width(stream), 0);
    CHECK_NUMBER(otc_stream_get_video_height(stream), 0);
    CHECK_NUMBER(otc_stream_has_audio_track(stream), OTC_TRUE);
    CHECK_NUMBER(otc_stream_has_audio(stream), OTC_FALSE);
    CHECK_NUMBER(otc_stream_has_captions(stream), OTC_FALSE);
}

static void are_found_as_they_are(struct peer *peer) {
    struct member late;
    memset(&late, 0, sizeof late);
    late.inside = inside_late;
    member_join(&late);
    MEMBER_WAIT(&late, HEARD_STREAM);
    MEMBER_WAIT(&late, HEARD_STREAM);
    /* One is ended by who published it, the other by leaving; before its connection goes. */
    CHECK_NUMBER(peer_ask(peer, "delete", "/stream/sound", "{}"), 200);
    CHECK_TEXT(MEMBER_WAIT(&late, HEARD_STREAM_ENDED)->text, "sound");
    peer_leave(peer);
    CHECK_TEXT(MEMBER_WAIT(&late, HEARD_STREAM_ENDED)->text, "cam");
    CHECK_TEXT(MEMBER_WAIT(&late, HEARD_WENT)->who, peer->id);
    member_delete(&late);
}

/* ---- Deleting inside on_stream_received ---- */

/* What is lent is not for the callback to delete: a fault, which harms nothing else. */
static void delete_the_stream(const struct moment *moment) {
    otc_stream *copied;
    if (moment->heard->kind == HEARD_STREAM) {
        copied = otc_stream_copy(moment->stream);
        CHECK_NUMBER(otc_connection_delete((otc_connection *)moment->connection), OTC_INVALID_PARAM);
        CHECK_NUMBER(otc_stream_delete((otc_stream *)moment->stream), OTC_INVALID_PARAM);
        CHECK_HOLDS(otc_last_error_text(), "lent");
        is_as_published(copied, moment->heard->who);
        CHECK_NUMBER(otc_stream_delete(copied), OTC_SUCCESS);
    }
}

/* What is lent lives on until the callback returns. */
static void delete_the_session(const struct moment *moment) {
    if (moment->heard->kind == HEARD_STREAM) {
        CHECK_NUMBER(otc_session_delete(moment->session), OTC_SUCCESS);
        CHECK_NUMBER(otc_session_delete(moment->session), OTC_INVALID_PARAM);
        is_as_published(moment->stream, moment->heard->who);
    }
}

static void may_be_deleted_inside(struct peer *peer) {
    struct member member;
    memset(&member, 0, sizeof member);
    member.inside = delete_the_stream;
    member_join(&member);
    MEMBER_WAIT(&member, HEARD_STREAM);
    CHECK_NUMBER(peer_update(peer, "cam", "audio1", "{\"active\":false}"), 200);
    CHECK_TEXT(MEMBER_WAIT(&member, HEARD_STREAM_CHANGED)->text, "cam");
    CHECK_NUMBER(peer_update(peer, "cam", "audio1", "{\"active\":true}"), 200);
    CHECK_NUMBER(MEMBER_WAIT(&member, HEARD_STREAM_CHANGED)->number, OTC_TRUE);
    member_delete(&member);

    member.inside = delete_the_session;
    member_make(&member);
    member_connect(&member);
    GATE_WAIT(&member.released, 1);
    CHECK_NUMBER(member_heard(&member, HEARD_STREAM), 1);
    member_forget(&member);
}

int main(void) {
    struct member watcher;
    struct peer peer;
    struct kept kept;
    const struct heard *heard;
    const otc_connection *publisher;
    memset(&watcher, 0, sizeof watcher);
    memset(&kept, 0, sizeof kept);
    gate_init(&kept.seen);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    watcher.inside = inside;
    watcher.user = &kept;
    member_join(&watcher);
    peer_join(&peer, "TOKEN");
    CHECK_NUMBER(peer_publish(&peer, "cam"), 200);
    GATE_WAIT(&kept.seen, 1);
    heard = MEMBER_WAIT(&watcher, HEARD_STREAM);
    CHECK_TEXT(heard->text, "cam");
    CHECK_TEXT(heard->who, peer.id);
    member_fence(&watcher, "fence"); /* a later callback runs, so that one has returned */
    has_ended(kept.lent, kept.lent_publisher);
    is_as_published(kept.copied, peer.id);

    may_be_deleted_inside(&peer);
    MEMBER_WAIT(&watcher, HEARD_STREAM_CHANGED);
    MEMBER_WAIT(&watcher, HEARD_STREAM_CHANGED);
    changes_are_told_once(&watcher, &peer);
    is_as_published(kept.copied, peer.id);
    CHECK_NUMBER(peer_ask(&peer, "create", "/stream/sound",
                          "{\"id\":\"sound\",\"channel\":[{\"id\":\"audio1\",\"type\":\"audio\",\"active\":false}]}"),
                 200);
    CHECK_TEXT(MEMBER_WAIT(&watcher, HEARD_STREAM)->text, "sound");
    are_found_as_they_are(&peer);
    CHECK_TEXT(MEMBER_WAIT(&watcher, HEARD_STREAM_ENDED)->text, "sound");
    CHECK_TEXT(MEMBER_WAIT(&watcher, HEARD_STREAM_ENDED)->text, "cam");
    CHECK_TEXT(MEMBER_WAIT(&watcher, HEARD_WENT)->who, peer.id);
    CHECK_NUMBER(member_heard(&watcher, HEARD_STREAM), 2);
    CHECK_NUMBER(member_heard(&watcher, HEARD_STREAM_CHANGED), CHANGES + 2);
    CHECK_NUMBER(member_heard(&watcher, HEARD_STREAM_ENDED), 2);

    /* The copy outlives the stream, its publisher, the session and the library. */
    member_delete(&watcher);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    is_as_published(kept.copied, peer.id);
    publisher = otc_stream_get_connection(kept.copied);
    CHECK_NUMBER(otc_stream_delete(kept.copied), OTC_SUCCESS);
    has_ended(kept.copied, publisher);
    gate_end(&kept.seen);
    return 0;
}
