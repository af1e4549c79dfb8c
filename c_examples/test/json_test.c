/* json.h: what is read, what is refused and why, and that written text reads back the same. */
#include "../json.h"

#include "check.h"

static int read_text(const char *text, struct json_object *object, struct json_error *error) {
    return json_read_object(text, strlen(text), object, error);
}

/* {"v": ...}: the value as the source says it, and as it must be decoded. */
static void expect_string(const char *source, const char *decoded) {
    struct json_object object;
    struct json_error error = {""};
    char text[256];
    snprintf(text, sizeof text, "{\"v\":%s}", source);
    CHECK(read_text(text, &object, &error), error.text);
    CHECK(object.count == 1 && object.members[0].kind == JSON_STRING, source);
    CHECK(strcmp(json_find(&object, "v")->text, decoded) == 0, source);
    json_object_free(&object);
}

static void expect_kind(const char *source, enum json_kind kind) {
    struct json_object object;
    struct json_error error = {""};
    char text[256];
    snprintf(text, sizeof text, " { \"v\" :\t%s\r\n} ", source);
    CHECK(read_text(text, &object, &error), error.text);
    CHECK(object.count == 1 && object.members[0].kind == kind && object.members[0].text == NULL, source);
    CHECK(object.members[0].texts == NULL && object.members[0].text_count == 0, source);
    json_object_free(&object);
}

/* {"v": ...}: an array of strings, and what they are with "|" after each. */
static void expect_texts(const char *source, const char *joined) {
    struct json_object object;
    struct json_error error = {""};
    char text[256];
    size_t i;
    snprintf(text, sizeof text, "{\"v\":%s}", source);
    CHECK(read_text(text, &object, &error), error.text);
    CHECK(object.members[0].kind == JSON_TEXTS && object.members[0].text == NULL, source);
    text[0] = '\0';
    for (i = 0; i < object.members[0].text_count; i++) {
        strcat(text, object.members[0].texts[i]);
        strcat(text, "|");
    }
    CHECK(strcmp(text, joined) == 0, source);
    json_object_free(&object);
}

static void expect_refused_bytes(const char *text, size_t length, const char *why) {
    struct json_object object;
    struct json_error error = {""};
    CHECK(!json_read_object(text, length, &object, &error), text);
    if (strstr(error.text, why) == NULL) fprintf(stderr, "said: %s\n", error.text);
    CHECK(strstr(error.text, why) != NULL, text);
}

static void expect_refused(const char *text, const char *why) {
    expect_refused_bytes(text, strlen(text), why);
}

static void test_strings(void) {
    expect_string("\"\"", "");
    expect_string("\"plain\"", "plain");
    expect_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    expect_string("\"\\u0041\\u00e9\\u20AC\\uFFFF\"", "A\xC3\xA9\xE2\x82\xAC\xEF\xBF\xBF");
    expect_string("\"\\ud83d\\ude00\\uDBFF\\uDFFF\"", "\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF");
    expect_string("\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \x7F\"", "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \x7F");
    expect_string("\"\\\\u0041\"", "\\u0041");
}

static void test_bad_strings(void) {
    expect_refused("{\"v\":\"\\u0000\"}", "U+0000");
    expect_refused("{\"\\u0000\":1}", "U+0000");
    expect_refused("{\"v\":\"\\ud83d\"}", "first half of a surrogate pair");
    expect_refused("{\"v\":\"\\ud83d\\u0041\"}", "first half of a surrogate pair");
    expect_refused("{\"v\":\"\\ud83dx\"}", "first half of a surrogate pair");
    expect_refused("{\"v\":\"\\ude00\"}", "second half of a surrogate pair");
    expect_refused("{\"v\":\"\\u12g4\"}", "four hexadecimal digits");
    expect_refused("{\"v\":\"\\u12", "four hexadecimal digits");
    expect_refused("{\"v\":\"\\x41\"}", "unknown escape");
    expect_refused("{\"v\":\"\\'\"}", "unknown escape");
    expect_refused("{\"v\":\"\\", "without an end");
    expect_refused("{\"v\":\"abc", "without an end");
    expect_refused("{\"v\":\"a\nb\"}", "control character");
    expect_refused("{\"v\":\"a\tb\"}", "control character");
    expect_refused_bytes("{\"v\":\"a\0b\"}", 11, "control character");
    expect_refused("{\"v\":\"\xFF\"}", "not UTF-8");
    expect_refused("{\"v\":\"\xC3\"}", "not UTF-8");
    expect_refused("{\"v\":\"\xC0\x80\"}", "not UTF-8");
    expect_refused("{\"v\":\"\xE0\x80\x80\"}", "not UTF-8");
    expect_refused("{\"v\":\"\xED\xA0\x80\"}", "not UTF-8");
    expect_refused("{\"v\":\"\xF4\x90\x80\x80\"}", "not UTF-8");
}

static void test_values(void) {
    static const char *const numbers[] = {"0", "-0", "7", "-12", "1.5", "0.25", "1e9", "1E+9", "-1.0e-9", "123456789012345678901234567890"};
    size_t i;
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++) expect_kind(numbers[i], JSON_NUMBER);
    expect_kind("true", JSON_TRUE);
    expect_kind("false", JSON_FALSE);
    expect_kind("null", JSON_NULL);
    expect_kind("[[]]", JSON_ARRAY);
    expect_kind("[\"x\", \"y\", \"z\", 1]", JSON_ARRAY);
    expect_kind("[null, \"x\"]", JSON_ARRAY);
    expect_kind("[[\"x\"], \"y\"]", JSON_ARRAY);
    expect_kind("[ 1, \"x\\n\", [null], {\"a\": {}} ]", JSON_ARRAY);
    expect_kind("{\"a\": [true, {\"b\": \"}\"}], \"c\": 1}", JSON_OBJECT);
}

static void test_texts(void) {
    expect_texts("[]", "");
    expect_texts(" [ ] ", "");
    expect_texts("[\"\"]", "|");
    expect_texts("[ \"a\" , \"\\u00e9\"]", "a|\xC3\xA9|");
    expect_texts("[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]", "1|2|3|4|5|6|7|8|9|");
    expect_refused("{\"v\":[\"a\",\"b\"", "closing bracket");
    expect_refused("{\"v\":[\"a\",\"b\",]}", "value expected");
    expect_refused("{\"v\":[\"a\",\"\\u0000\"]}", "U+0000");
    expect_refused("{\"v\":[\"a\"],\"v\":1}", "twice");
}

static void test_bad_values(void) {
    static const char *const values[] = {"01", "+1", ".5", "1.", "1e", "1e+", "-", "0x10", "NaN", "True", "nul", "'x'", "[1,]", "[1 2]", "[", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\"}", ""};
    size_t i;
    for (i = 0; i < sizeof values / sizeof *values; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"v\":%s}", values[i]);
        expect_refused(text, "at byte");
    }
}

static void test_objects(void) {
    struct json_object object;
    struct json_error error = {""};
    CHECK(read_text("{}", &object, &error) && object.count == 0, "empty object");
    CHECK(read_text("{\"a\":\"1\",\"b\":null,\"\":true}", &object, &error), error.text);
    CHECK(object.count == 3 && json_find(&object, "b")->kind == JSON_NULL && json_find(&object, "")->kind == JSON_TRUE, "three members");
    CHECK(json_find(&object, "c") == NULL, "absent member");
    json_object_free(&object);

    expect_refused("", "object");
    expect_refused("   ", "object");
    expect_refused("[]", "object");
    expect_refused("\"signal\"", "object");
    expect_refused("null", "object");
    expect_refused("{", "name in double quotes");
    expect_refused("{\"a\":1", "',' or '}'");
    expect_refused("{\"a\":1,}", "name in double quotes");
    expect_refused("{,}", "name in double quotes");
    expect_refused("{\"a\":1 \"b\":2}", "',' or '}'");
    expect_refused("{\"a\":1}}", "something follows");
    expect_refused("{\"a\":1} {\"b\":2}", "something follows");
    expect_refused_bytes("{}\0", 3, "something follows");
    expect_refused("{\"a\":1,\"\\u0061\":2}", "twice");
    expect_refused("\xEF\xBB\xBF{}", "object"); /* a byte order mark is no part of JSON */
}

static void test_bounds(void) {
    struct json_object object;
    struct json_error error = {""};
    char text[1024] = "{";
    int i, depth;
    for (i = 0; i < JSON_MAX_MEMBERS; i++) sprintf(text + strlen(text), "%s\"m%d\":%d", i ? "," : "", i, i);
    strcat(text, "}");
    CHECK(read_text(text, &object, &error) && object.count == JSON_MAX_MEMBERS, "as many members as may be");
    json_object_free(&object);
    text[strlen(text) - 1] = '\0';
    strcat(text, ",\"more\":1}");
    expect_refused(text, "too many members");

    for (depth = JSON_MAX_DEPTH - 1; depth <= JSON_MAX_DEPTH; depth++) {
        strcpy(text, "{\"v\":");
        for (i = 1; i < depth; i++) strcat(text, "[");
        for (i = 1; i < depth; i++) strcat(text, "]");
        strcat(text, "}");
        if (depth < JSON_MAX_DEPTH)
            CHECK(read_text(text, &object, &error), "as deep as may be");
        else
            expect_refused(text, "nested too deeply");
        if (depth < JSON_MAX_DEPTH) json_object_free(&object);
    }
}

static void test_writing(void) {
    struct json_writer writer;
    json_begin(&writer);
    json_end(&writer);
    CHECK(writer.length == 3 && memcmp(writer.text, "{}\n", 3) == 0, "empty object");
    json_writer_free(&writer);

    json_begin(&writer);
    json_put_string(&writer, "s", "\"\\/\b\f\n\r\t\x01\x1F\x7F");
    json_put_string(&writer, "n", NULL);
    json_put_integer(&writer, "i", -1004);
    json_put_boolean(&writer, "b", 1);
    json_put_string(&writer, "u", "\xC3\xA9\xF0\x9F\x98\x80\xC2\x85\xE2\x80\xA8\xFFz\xE2\x82");
    json_end(&writer);
    {
        static const char expected[] = "{\"s\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\",\"n\":null,\"i\":-1004,\"b\":true,"
                                       "\"u\":\"\xC3\xA9\xF0\x9F\x98\x80\\u0085\\u2028\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"}\n";
        CHECK(writer.length == sizeof expected - 1, "length of a line");
        CHECK(memcmp(writer.text, expected, writer.length) == 0, "text of a line");
    }
    json_writer_free(&writer);
}

static void test_writing_arrays(void) {
    static const char expected[] = "{\"none\":[],\"some\":[{\"a\":\"{\"},{\"a\":\"[\",\"b\":2},{}],\"last\":true}\n";
    struct json_writer writer;
    json_begin(&writer);
    json_open_array(&writer, "none");
    json_close_array(&writer);
    json_open_array(&writer, "some");
    json_open_item(&writer);
    json_put_string(&writer, "a", "{");
    json_close_item(&writer);
    json_open_item(&writer);
    json_put_string(&writer, "a", "[");
    json_put_integer(&writer, "b", 2);
    json_close_item(&writer);
    json_open_item(&writer);
    json_close_item(&writer);
    json_close_array(&writer);
    json_put_boolean(&writer, "last", 1);
    json_end(&writer);
    CHECK(writer.length == sizeof expected - 1 && memcmp(writer.text, expected, writer.length) == 0, "arrays");
    json_writer_free(&writer);
}

/* Each character but U+0000 and the surrogates, written and read back. */
static void test_round_trip(void) {
    unsigned long first;
    for (first = 1; first <= 0x10FFFF; first += 64) {
        struct json_writer writer;
        struct json_object object;
        struct json_error error = {""};
        char text[64 * 4 + 1];
        size_t length = 0;
        unsigned long c;
        for (c = first; c < first + 64 && c <= 0x10FFFF; c++) {
            if (c >= 0xD800 && c <= 0xDFFF) continue;
            if (c < 0x80) {
                text[length++] = (char)c;
            } else if (c < 0x800) {
                text[length++] = (char)(0xC0 | c >> 6);
                text[length++] = (char)(0x80 | (c & 0x3F));
            } else {
                if (c < 0x10000) {
                    text[length++] = (char)(0xE0 | c >> 12);
                } else {
                    text[length++] = (char)(0xF0 | c >> 18);
                    text[length++] = (char)(0x80 | (c >> 12 & 0x3F));
                }
                text[length++] = (char)(0x80 | (c >> 6 & 0x3F));
                text[length++] = (char)(0x80 | (c & 0x3F));
            }
        }
        text[length] = '\0';
        json_begin(&writer);
        json_put_string(&writer, "v", text);
        json_end(&writer);
        CHECK(memchr(writer.text, '\n', writer.length) == writer.text + writer.length - 1, "one line feed, at the end");
        CHECK(json_read_object(writer.text, writer.length, &object, &error), error.text);
        CHECK(strcmp(object.members[0].text, text) == 0, "round trip");
        json_object_free(&object);
        json_writer_free(&writer);
    }
}

/* Every prefix of a valid text is refused, and so is every change of one byte that the grammar cannot bear; none may crash. */
static void test_damage(void) {
    static const char good[] = "{\"a\":\"x\\ud83d\\ude00\\n\",\"b\":[1.5e3,{\"c\":null}],\"e\":[\"x\",\"y\"],\"d\":true}";
    char text[sizeof good];
    size_t at;
    int byte;
    for (at = 0; at < sizeof good - 1; at++) {
        struct json_object object;
        struct json_error error = {""};
        CHECK(!json_read_object(good, at, &object, &error) && error.text[0] != '\0', "prefix");
        for (byte = 0; byte < 256; byte++) {
            strcpy(text, good);
            text[at] = (char)byte;
            error.text[0] = '\0';
            if (json_read_object(text, sizeof good - 1, &object, &error))
                json_object_free(&object);
            else
                CHECK(error.text[0] != '\0', "a refusal says why");
        }
    }
}

int main(void) {
    test_strings();
    test_bad_strings();
    test_values();
    test_texts();
    test_bad_values();
    test_objects();
    test_bounds();
    test_writing();
    test_writing_arrays();
    test_round_trip();
    test_damage();
    puts("json: ok");
    return 0;
}
