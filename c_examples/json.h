/* As much JSON as a line protocol needs: read one object of plain members, write one object a line. */
#ifndef EXAMPLES_JSON_H
#define EXAMPLES_JSON_H

#include <stddef.h>

/* Bounds of the reader. What exceeds them is refused. */
#define JSON_MAX_MEMBERS 16 /* members of the object */
#define JSON_MAX_DEPTH 32   /* arrays and objects inside each other */

/* JSON_TEXTS is an array that has nothing but strings in it, or nothing at all; JSON_ARRAY is any other. */
enum json_kind { JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL, JSON_TEXTS, JSON_ARRAY, JSON_OBJECT };

/* `text` is the value of a string in UTF-8, `texts` are those of an array of strings; both are NULL for the other kinds: they are
 * checked, and only their kind is kept. */
struct json_member {
    char *name;
    char *text;
    char **texts;
    size_t text_count;
    enum json_kind kind;
};

struct json_object {
    struct json_member members[JSON_MAX_MEMBERS];
    size_t count;
};

/* Why a text was refused, for people. */
struct json_error {
    char text[200];
};

/* Reads a text that must be exactly one JSON object (RFC 8259, nothing beyond it). Returns 1, or 0 and says why in `error`;
 * only after 1 there is something to free. Refused too: a name given twice, bytes that are not UTF-8, half a surrogate pair,
 * and the character U+0000, which would end a C string early. */
int json_read_object(const char *text, size_t length, struct json_object *object, struct json_error *error);

void json_object_free(struct json_object *object);

/* NULL when there is no such member. */
const struct json_member *json_find(const struct json_object *object, const char *name);

/* An object under construction; it may have arrays of objects in it. When memory runs out the process ends with a message. */
struct json_writer {
    char *text;
    size_t length;
    size_t capacity;
};

void json_begin(struct json_writer *writer);
/* A NULL value is written as null. Bytes that are not UTF-8 become U+FFFD. */
void json_put_string(struct json_writer *writer, const char *name, const char *value);
void json_put_integer(struct json_writer *writer, const char *name, long long value);
void json_put_boolean(struct json_writer *writer, const char *name, int value);
/* An array of objects: each begins with json_open_item(), has its members put like others, and ends with json_close_item(). */
void json_open_array(struct json_writer *writer, const char *name);
void json_open_item(struct json_writer *writer);
void json_close_item(struct json_writer *writer);
void json_close_array(struct json_writer *writer);
/* Closes the object and ends the line: `text` now holds `length` bytes, the last one a line feed. */
void json_end(struct json_writer *writer);
void json_writer_free(struct json_writer *writer);

#endif
