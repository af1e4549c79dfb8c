/* A session of the C API, and everything that it has told. */
#ifndef OTC_TEST_MEMBER_H
#define OTC_TEST_MEMBER_H

#include "clock.h"
#include "world.h"
#include <opentok.h>
#include <stddef.h>

enum heard_kind {
    HEARD_CONNECTED,
    HEARD_DISCONNECTED,
    HEARD_CAME,           /* who */
    HEARD_WENT,           /* who */
    HEARD_STREAM,         /* text: its id; who */
    HEARD_STREAM_ENDED,   /* text: its id; who */
    HEARD_STREAM_CHANGED, /* type: what; text: its id; who; number: the new value, the width; height */
    HEARD_SIGNAL,         /* type, text, who */
    HEARD_RECONNECTING,
    HEARD_RECONNECTED,
    HEARD_ARCHIVE,        /* text: its id */
    HEARD_ERROR,          /* text, number */
    HEARD_MUTED,          /* number: whether it begins */
    HEARD_STATUS,         /* number: the new status */
    HEARD_FAILED,         /* type, text: its data; who: its addressee; number: the error */
    HEARD_KINDS
};

/* One call of a callback. Texts that were NULL are NULL. */
struct heard {
    enum heard_kind kind;
    char *type;
    char *text;
    char *who;
    int number;
    int height;
    pthread_t thread;
};

struct member;

/* A callback that runs: what it was told, and the objects that end with it. */
struct moment {
    struct member *member;
    otc_session *session;
    const struct heard *heard;
    const otc_connection *connection;
    const otc_stream *stream;
};

struct member {
    otc_session *session;
    /* Runs inside every callback, after the call has been noted; may be NULL. Set before connecting. */
    void (*inside)(const struct moment *moment);
    /* For `inside`. */
    void *user;
    /* Passed by on_released. */
    struct gate released;
    /* Private. */
    pthread_mutex_t mutex;
    pthread_cond_t news;
    struct heard **heard;
    size_t count;
    size_t room;
    size_t next;
    size_t running;
};

/* A session at the fixture's server, or at a URL, that is not connected. Settings may be NULL. */
void member_make(struct member *member);
void member_make_at(struct member *member, const char *url);
void member_make_with(struct member *member, const char *url, otc_session_settings *settings);
/* Fills the table with callbacks that note what they hear for this member; the two that are not in the table are set by
 * member_make_with(). */
void member_callbacks(struct member *member, struct otc_session_callbacks *callbacks);

/* Notes failed signals as such; without it they are errors. */
void member_watch_failures(struct member *member);

/* Connects, with the token that may publish, or another one of the world. */
void member_connect(struct member *member);
void member_connect_as(struct member *member, const char *token);
/* Makes, connects, and waits until it is in. */
void member_join(struct member *member);
void member_join_at(struct member *member, const char *url);
void member_join_as(struct member *member, const char *token);

/* Waits for the next call of this kind, beyond the last one that was waited for; passes by others. */
#define MEMBER_WAIT(member, kind) member_wait((member), (kind), #kind, __FILE__, __LINE__)
const struct heard *member_wait(struct member *member, enum heard_kind kind, const char *name, const char *file, int line);
/* Waits for a signal of this type. */
#define MEMBER_WAIT_SIGNAL(member, type) member_wait_signal((member), (type), __FILE__, __LINE__)
const struct heard *member_wait_signal(struct member *member, const char *type, const char *file, int line);

/* The next call of this kind, or NULL when none comes in time. */
const struct heard *member_next(struct member *member, enum heard_kind kind, long long milliseconds);

/* How many calls there have been: of one kind, of any. */
int member_heard(struct member *member, enum heard_kind kind);
int member_heard_all(struct member *member);

/* A round trip of a signal of one's own: what was sent before by anybody whose signal this one follows has arrived. */
void member_fence(struct member *member, const char *type);

/* Deletes the session, which must be there, outside a callback, and forgets what it has told. */
void member_delete(struct member *member);
/* Forgets what it has told, when on_released has been called, once; the session has been deleted. */
void member_forget(struct member *member);

/* One's own connection id; to be freed. */
char *member_id(struct member *member);

#endif
