/* What the chat shows: coloured on a terminal (unless NO_COLOR is set), plain elsewhere, and never with a control character that
 * somebody else has sent. Safe from any thread. */
#ifndef EXAMPLES_CHAT_SCREEN_H
#define EXAMPLES_CHAT_SCREEN_H

#include <otc.h>

/* A person's name, fit to be shown. */
struct chat_name {
    char text[65];
};

/* The connection data; "guest-" and the beginning of the connection id when there is none. */
void chat_name_of(const otc_connection *connection, struct chat_name *name);

void screen_open(void);

#if defined(__GNUC__)
#define SCREEN_PRINTF __attribute__((format(printf, 1, 2)))
#else
#define SCREEN_PRINTF
#endif

/* A line about the session, and a line about something that went wrong. */
void screen_notice(const char *format, ...) SCREEN_PRINTF;
void screen_problem(const char *format, ...) SCREEN_PRINTF;

/* A line that somebody says. `who` NULL: the connection's name. `note` NULL: none. `speaker` gives the colour; NULL: none. */
void screen_message(const otc_connection *speaker, const char *who, const char *note, const char *text);

#endif
