#include "json.h"

#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *start, *next, *end;
    struct json_error *error;
};

/* Every function below returns 1, or 0 after it has filled in the error. */
static int refuse(struct reader *reader, const char *why) {
    snprintf(reader->error->text, sizeof reader->error->text, "%s at byte %lu", why, (unsigned long)(reader->next - reader->start));
    return 0;
}

static void skip_blanks(struct reader *reader) {
    while (reader->next < reader->end && strchr(" \t\r\n", *reader->next) != NULL && *reader->next != '\0') reader->next++;
}

/* Takes `wanted` if it comes next. */
static int take(struct reader *reader, char wanted) {
    if (reader->next == reader->end || *reader->next != wanted) return 0;
    reader->next++;
    return 1;
}

static int take_word(struct reader *reader, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->next) < length || memcmp(reader->next, word, length) != 0) return 0;
    reader->next += length;
    return 1;
}

/* Strings */

static int read_hex4(struct reader *reader, uint32_t *unit) {
    int i;
    *unit = 0;
    for (i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = NULL;
        if (reader->next < reader->end && *reader->next != '\0') digit = strchr(digits, *reader->next);
        if (digit == NULL) return refuse(reader, "\\u needs four hexadecimal digits");
        *unit = *unit << 4 | (uint32_t)((digit - digits) % 16);
        reader->next++;
    }
    return 1;
}

/* After `\u`: one unit, or the two units of a surrogate pair. */
static int read_numeric_escape(struct reader *reader, uint32_t *character) {
    uint32_t low;
    if (!read_hex4(reader, character)) return 0;
    if (*character >= 0xDC00 && *character <= 0xDFFF) return refuse(reader, "second half of a surrogate pair without its first half");
    if (*character < 0xD800 || *character > 0xDBFF) return 1;
    if (!take_word(reader, "\\u")) return refuse(reader, "first half of a surrogate pair without its second half");
    if (!read_hex4(reader, &low)) return 0;
    if (low < 0xDC00 || low > 0xDFFF) return refuse(reader, "first half of a surrogate pair without its second half");
    *character = 0x10000 + ((*character - 0xD800) << 10) + (low - 0xDC00);
    return 1;
}

static int read_escape(struct reader *reader, uint32_t *character) {
    if (reader->next == reader->end) return refuse(reader, "string without an end");
    switch (*reader->next++) {
    case '"': *character = '"'; return 1;
    case '\\': *character = '\\'; return 1;
    case '/': *character = '/'; return 1;
    case 'b': *character = '\b'; return 1;
    case 'f': *character = '\f'; return 1;
    case 'n': *character = '\n'; return 1;
    case 'r': *character = '\r'; return 1;
    case 't': *character = '\t'; return 1;
    case 'u': return read_numeric_escape(reader, character);
    default: reader->next--; return refuse(reader, "unknown escape in a string");
    }
}

static int read_character(struct reader *reader, uint32_t *character) {
    size_t size;
    if (take(reader, '\\')) {
        if (!read_escape(reader, character)) return 0;
        if (*character == 0) return refuse(reader, "the character U+0000, which no C string can hold,");
        return 1;
    }
    size = utf8_decode(reader->next, (size_t)(reader->end - reader->next), character);
    if (size == 0) return refuse(reader, "text that is not UTF-8");
    if (*character < 0x20) return refuse(reader, "control character in a string (write it as an escape)");
    reader->next += size;
    return 1;
}

/* Bytes up to the closing quote: decoding makes no character longer, so its value needs no more than this. */
static size_t encoded_length(const struct reader *reader) {
    const char *at = reader->next;
    while (at < reader->end && *at != '"') at += *at == '\\' && reader->end - at > 1 ? 2 : 1;
    return (size_t)(at - reader->next);
}

static int decode_string(struct reader *reader, char *out) {
    while (!take(reader, '"')) {
        uint32_t character;
        if (reader->next == reader->end) return refuse(reader, "string without an end");
        if (!read_character(reader, &character)) return 0;
        out += utf8_encode(character, out);
    }
    *out = '\0';
    return 1;
}

/* At the opening quote. The caller frees *text. */
static int read_string(struct reader *reader, char **text) {
    char *out;
    reader->next++;
    out = (char *)malloc(encoded_length(reader) + 1);
    if (out == NULL) return refuse(reader, "out of memory");
    if (!decode_string(reader, out)) {
        free(out);
        return 0;
    }
    *text = out;
    return 1;
}

/* Numbers are only checked */

static int take_digits(struct reader *reader) {
    const char *first = reader->next;
    while (reader->next < reader->end && *reader->next >= '0' && *reader->next <= '9') reader->next++;
    return reader->next > first;
}

static int check_number(struct reader *reader) {
    take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader)) return refuse(reader, "value expected");
    if (take(reader, '.') && !take_digits(reader)) return refuse(reader, "digit expected");
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '+')) take(reader, '-');
        if (!take_digits(reader)) return refuse(reader, "digit expected");
    }
    return 1;
}

/* Values */

static int read_value(struct reader *reader, struct json_member *member, int depth);

static void free_texts(struct json_member *member) {
    while (member->text_count > 0) free(member->texts[--member->text_count]);
    free(member->texts);
    member->texts = NULL;
}

static void free_value(struct json_member *member) {
    free(member->text);
    free_texts(member);
}

/* A value whose content nobody asks for. */
static int check_value(struct reader *reader, int depth) {
    struct json_member ignored;
    int good = read_value(reader, &ignored, depth);
    if (good) free_value(&ignored);
    return good;
}

static int check_name(struct reader *reader) {
    char *name;
    skip_blanks(reader);
    if (reader->next == reader->end || *reader->next != '"') return refuse(reader, "name in double quotes expected");
    if (!read_string(reader, &name)) return 0;
    free(name);
    skip_blanks(reader);
    return take(reader, ':') || refuse(reader, "':' expected");
}

/* After the opening bracket of an object inside the object. */
static int check_object(struct reader *reader, int depth) {
    if (depth >= JSON_MAX_DEPTH) return refuse(reader, "nested too deeply");
    skip_blanks(reader);
    if (take(reader, '}')) return 1;
    for (;;) {
        if (!check_name(reader) || !check_value(reader, depth)) return 0;
        skip_blanks(reader);
        if (take(reader, '}')) return 1;
        if (!take(reader, ',')) return refuse(reader, "',' or the closing bracket expected");
    }
}

/* Takes the text of the item over. The space doubles whenever the count is a power of two. */
static int add_text(struct reader *reader, struct json_member *array, char *text) {
    size_t count = array->text_count;
    if ((count & (count - 1)) == 0) {
        char **grown = (char **)realloc(array->texts, (count == 0 ? 1 : count * 2) * sizeof *grown);
        if (grown == NULL) {
            free(text);
            return refuse(reader, "out of memory");
        }
        array->texts = grown;
    }
    array->texts[array->text_count++] = text;
    return 1;
}

static int read_item(struct reader *reader, struct json_member *array, int depth) {
    struct json_member item;
    if (!read_value(reader, &item, depth)) return 0;
    if (array->kind == JSON_TEXTS && item.kind == JSON_STRING) return add_text(reader, array, item.text);
    free_value(&item);
    free_texts(array);
    array->kind = JSON_ARRAY;
    return 1;
}

/* After the opening bracket. */
static int read_items(struct reader *reader, struct json_member *array, int depth) {
    if (depth >= JSON_MAX_DEPTH) return refuse(reader, "nested too deeply");
    skip_blanks(reader);
    if (take(reader, ']')) return 1;
    for (;;) {
        if (!read_item(reader, array, depth)) return 0;
        skip_blanks(reader);
        if (take(reader, ']')) return 1;
        if (!take(reader, ',')) return refuse(reader, "',' or the closing bracket expected");
    }
}

static int read_array(struct reader *reader, struct json_member *array, int depth) {
    array->kind = JSON_TEXTS;
    if (read_items(reader, array, depth)) return 1;
    free_texts(array);
    return 0;
}

/* Sets all of the member but its name. After 0 there is nothing in it to free. */
static int read_value(struct reader *reader, struct json_member *member, int depth) {
    member->text = NULL;
    member->texts = NULL;
    member->text_count = 0;
    skip_blanks(reader);
    if (reader->next == reader->end) return refuse(reader, "value expected");
    if (*reader->next == '"') return member->kind = JSON_STRING, read_string(reader, &member->text);
    if (take_word(reader, "true")) return member->kind = JSON_TRUE, 1;
    if (take_word(reader, "false")) return member->kind = JSON_FALSE, 1;
    if (take_word(reader, "null")) return member->kind = JSON_NULL, 1;
    if (take(reader, '[')) return read_array(reader, member, depth + 1);
    if (take(reader, '{')) return member->kind = JSON_OBJECT, check_object(reader, depth + 1);
    return member->kind = JSON_NUMBER, check_number(reader);
}

/* The object */

/* After the name. */
static int read_member_value(struct reader *reader, const struct json_object *object, struct json_member *member) {
    if (json_find(object, member->name) != NULL) return refuse(reader, "a name is given twice");
    skip_blanks(reader);
    if (!take(reader, ':')) return refuse(reader, "':' expected");
    return read_value(reader, member, 1);
}

static int read_member(struct reader *reader, struct json_object *object) {
    struct json_member member;
    skip_blanks(reader);
    if (reader->next == reader->end || *reader->next != '"') return refuse(reader, "name in double quotes expected");
    if (object->count == JSON_MAX_MEMBERS) return refuse(reader, "too many members");
    if (!read_string(reader, &member.name)) return 0;
    if (!read_member_value(reader, object, &member)) {
        free(member.name);
        return 0;
    }
    object->members[object->count++] = member;
    return 1;
}

static int read_members(struct reader *reader, struct json_object *object) {
    skip_blanks(reader);
    if (!take(reader, '{')) return refuse(reader, "a JSON object ({...}) expected");
    skip_blanks(reader);
    if (!take(reader, '}')) {
        for (;;) {
            if (!read_member(reader, object)) return 0;
            skip_blanks(reader);
            if (take(reader, '}')) break;
            if (!take(reader, ',')) return refuse(reader, "',' or '}' expected");
        }
    }
    skip_blanks(reader);
    return reader->next == reader->end || refuse(reader, "something follows the object");
}

int json_read_object(const char *text, size_t length, struct json_object *object, struct json_error *error) {
    struct reader reader;
    reader.start = reader.next = text;
    reader.end = text + length;
    reader.error = error;
    object->count = 0;
    if (read_members(&reader, object)) return 1;
    json_object_free(object);
    return 0;
}

void json_object_free(struct json_object *object) {
    size_t i;
    for (i = 0; i < object->count; i++) {
        free(object->members[i].name);
        free_value(&object->members[i]);
    }
    object->count = 0;
}

const struct json_member *json_find(const struct json_object *object, const char *name) {
    size_t i;
    for (i = 0; i < object->count; i++)
        if (strcmp(object->members[i].name, name) == 0) return &object->members[i];
    return NULL;
}
