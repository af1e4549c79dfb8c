#define _POSIX_C_SOURCE 200809L

#include "chat_screen.h"

#include "utf8.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESET "\033[0m"
#define GREY "\033[90m"
#define RED "\033[31m"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int coloured;

void screen_open(void) {
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    coloured = isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0 && (no_color == NULL || *no_color == '\0');
}

/* Control characters could move the cursor, fake a line or drive the terminal; the bidirectional ones turn text around. */
static int is_harmless(uint32_t character) {
    if (character < 0x20 || (character >= 0x7F && character <= 0x9F)) return 0;
    if (character == 0x2028 || character == 0x2029) return 0;
    return !(character >= 0x202A && character <= 0x202E) && !(character >= 0x2066 && character <= 0x2069);
}

/* Calls `put` for each harmless character; others become one blank each. */
static void for_each_shown(const char *text, size_t length, int (*put)(const char *bytes, size_t size, void *out), void *out) {
    while (length > 0) {
        uint32_t character;
        size_t size = utf8_decode(text, length, &character);
        int harmless = size > 0 && is_harmless(character);
        if (!put(harmless ? text : " ", harmless ? size : 1, out)) return;
        text += size > 0 ? size : 1;
        length -= size > 0 ? size : 1;
    }
}

static int put_into_name(const char *bytes, size_t size, void *out) {
    struct chat_name *name = (struct chat_name *)out;
    size_t length = strlen(name->text);
    if (length + size >= sizeof name->text) return 0;
    memcpy(name->text + length, bytes, size);
    name->text[length + size] = '\0';
    return 1;
}

static int put_on_screen(const char *bytes, size_t size, void *out) {
    return fwrite(bytes, 1, size, (FILE *)out) == size;
}

static void show(const char *text) {
    for_each_shown(text, strlen(text), put_on_screen, stdout);
}

void chat_name_of(const otc_connection *connection, struct chat_name *name) {
    const char *data = otc_connection_get_data(connection);
    memset(name, 0, sizeof *name);
    if (data != NULL) for_each_shown(data, strlen(data), put_into_name, name);
    if (name->text[0] == '\0') snprintf(name->text, sizeof name->text, "guest-%.8s", otc_connection_get_id(connection));
}

/* One of six colours, the same for everybody who looks at that person. */
static const char *colour_of(const otc_connection *speaker) {
    static const char *const colours[] = {"\033[36m", "\033[32m", "\033[33m", "\033[35m", "\033[34m", "\033[96m"};
    const char *id;
    unsigned hash = 0;
    if (speaker == NULL) return GREY;
    for (id = otc_connection_get_id(speaker); *id != '\0'; id++) hash = hash * 31 + (unsigned char)*id;
    return colours[hash % (sizeof colours / sizeof *colours)];
}

static void say(const char *colour, const char *format, va_list values) {
    char text[1024];
    vsnprintf(text, sizeof text, format, values);
    pthread_mutex_lock(&lock);
    if (coloured) fputs(colour, stdout);
    fputs("* ", stdout);
    show(text);
    if (coloured) fputs(RESET, stdout);
    putc('\n', stdout);
    fflush(stdout);
    pthread_mutex_unlock(&lock);
}

void screen_notice(const char *format, ...) {
    va_list values;
    va_start(values, format);
    say(GREY, format, values);
    va_end(values);
}

void screen_problem(const char *format, ...) {
    va_list values;
    va_start(values, format);
    say(RED, format, values);
    va_end(values);
}

void screen_message(const otc_connection *speaker, const char *who, const char *note, const char *text) {
    struct chat_name name;
    if (who == NULL) {
        chat_name_of(speaker, &name);
        who = name.text;
    }
    pthread_mutex_lock(&lock);
    if (coloured) fputs(colour_of(speaker), stdout);
    show(who);
    if (note != NULL) {
        fputs(" (", stdout);
        show(note);
        putc(')', stdout);
    }
    if (coloured) fputs(RESET, stdout);
    fputs(": ", stdout);
    show(text);
    putc('\n', stdout);
    fflush(stdout);
    pthread_mutex_unlock(&lock);
}
