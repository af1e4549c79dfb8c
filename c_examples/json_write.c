#include "json.h"

#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct json_writer *writer, const char *bytes, size_t length) {
    if (length > writer->capacity - writer->length) {
        size_t capacity = writer->capacity * 2 + length;
        char *text = (char *)realloc(writer->text, capacity);
        if (text == NULL) {
            fputs("out of memory\n", stderr);
            abort();
        }
        writer->text = text;
        writer->capacity = capacity;
    }
    memcpy(writer->text + writer->length, bytes, length);
    writer->length += length;
}

static void append_text(struct json_writer *writer, const char *text) {
    append(writer, text, strlen(text));
}

/* The two-character escapes. */
static const char *short_escape(uint32_t character) {
    switch (character) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\b': return "\\b";
    case '\f': return "\\f";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: return NULL;
    }
}

/* JSON demands it below U+0020. The others are legal as they are, but some readers of lines end a line at them
 * (U+0085, U+2028, U+2029), and terminals obey the C1 controls. */
static int needs_numeric_escape(uint32_t character) {
    return character < 0x20 || (character >= 0x7F && character <= 0x9F) || character == 0x2028 || character == 0x2029;
}

static void append_character(struct json_writer *writer, uint32_t character) {
    const char *escape = short_escape(character);
    char buffer[8];
    if (escape != NULL) {
        append_text(writer, escape);
    } else if (needs_numeric_escape(character)) {
        snprintf(buffer, sizeof buffer, "\\u%04x", (unsigned)character);
        append_text(writer, buffer);
    } else {
        append(writer, buffer, utf8_encode(character, buffer));
    }
}

static void append_quoted(struct json_writer *writer, const char *value) {
    size_t left = strlen(value);
    append(writer, "\"", 1);
    while (left > 0) {
        uint32_t character;
        size_t size = utf8_decode(value, left, &character);
        if (size == 0) {
            character = 0xFFFD;
            size = 1;
        }
        append_character(writer, character);
        value += size;
        left -= size;
    }
    append(writer, "\"", 1);
}

/* Before a member or an item: not before the first one. */
static void append_comma(struct json_writer *writer) {
    char last = writer->text[writer->length - 1];
    if (last != '{' && last != '[') append(writer, ",", 1);
}

static void append_name(struct json_writer *writer, const char *name) {
    append_comma(writer);
    append_quoted(writer, name);
    append(writer, ":", 1);
}

void json_begin(struct json_writer *writer) {
    memset(writer, 0, sizeof *writer);
    append(writer, "{", 1);
}

void json_put_string(struct json_writer *writer, const char *name, const char *value) {
    append_name(writer, name);
    if (value == NULL)
        append_text(writer, "null");
    else
        append_quoted(writer, value);
}

void json_put_integer(struct json_writer *writer, const char *name, long long value) {
    char buffer[24];
    append_name(writer, name);
    snprintf(buffer, sizeof buffer, "%lld", value);
    append_text(writer, buffer);
}

void json_put_boolean(struct json_writer *writer, const char *name, int value) {
    append_name(writer, name);
    append_text(writer, value ? "true" : "false");
}

void json_open_array(struct json_writer *writer, const char *name) {
    append_name(writer, name);
    append(writer, "[", 1);
}

void json_open_item(struct json_writer *writer) {
    append_comma(writer);
    append(writer, "{", 1);
}

void json_close_item(struct json_writer *writer) {
    append(writer, "}", 1);
}

void json_close_array(struct json_writer *writer) {
    append(writer, "]", 1);
}

void json_end(struct json_writer *writer) {
    append(writer, "}\n", 2);
}

void json_writer_free(struct json_writer *writer) {
    free(writer->text);
    memset(writer, 0, sizeof *writer);
}
