/* A session is recorded in the file that its settings name, without what was said; what is no recording is left alone. */
#include "support/check.h"
#include "support/member.h"
#include "support/proxy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64], second[70];

/* What a file holds; to be freed. */
static char *content(const char *name) {
    FILE *file = fopen(name, "rb");
    char *text;
    long size;
    CHECK(file != NULL);
    CHECK(fseek(file, 0, SEEK_END) == 0);
    size = ftell(file);
    CHECK(size >= 0 && fseek(file, 0, SEEK_SET) == 0);
    text = (char *)malloc((size_t)size + 1);
    CHECK(text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size);
    text[size] = '\0';
    CHECK(fclose(file) == 0);
    return text;
}

static otc_session_settings *recorded_in(const char *name) {
    otc_session_settings *settings = otc_session_settings_new();
    CHECK_NUMBER(otc_session_settings_set_record_file(settings, name), OTC_SUCCESS);
    return settings;
}

static void what_happens_is_written_and_what_is_said_is_not(struct proxy *proxy) {
    struct member member;
    struct stat status;
    char *text, *line;
    otc_session_settings *settings = recorded_in(path);
    memset(&member, 0, sizeof member);
    member_make_with(&member, proxy_url(proxy), settings);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    member_connect(&member);
    MEMBER_WAIT(&member, HEARD_CONNECTED);
    proxy_cut(proxy);
    MEMBER_WAIT(&member, HEARD_RECONNECTED);
    CHECK_NUMBER(otc_session_signal(member.session, "type-of-it", "what is said"), OTC_SUCCESS);
    MEMBER_WAIT_SIGNAL(&member, "type-of-it");
    /* The library writes on a thread of its own; delete waits for it. */
    member_delete(&member);
    text = content(path);
    CHECK(strncmp(text, "{\"otc_recording\":1,", 19) == 0);
    CHECK_HOLDS(text, "\"event\":\"connected\"");
    CHECK_HOLDS(text, "\"event\":\"reconnecting\"");
    CHECK_HOLDS(text, "\"event\":\"reconnected\"");
    CHECK_HOLDS(text, "\"type\":10,\"data\":12");
    CHECK(strstr(text, "what is said") == NULL && strstr(text, "type-of-it") == NULL);
    CHECK(strstr(text, world("TOKEN")) == NULL && strstr(text, world("SESSION")) == NULL);
    for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        CHECK(line[0] == '{' && line[strlen(line) - 1] == '}');
    }
    free(text);
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
}

static void the_next_session_has_a_file_of_its_own(void) {
    struct member member;
    char *text;
    otc_session_settings *settings = recorded_in(path);
    memset(&member, 0, sizeof member);
    member_make_with(&member, world("URL"), settings);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_disconnect(member.session), OTC_SESSION_NOT_CONNECTED);
    member_delete(&member);
    text = content(second);
    CHECK_HOLDS(text, "\"in\":\"disconnect\",\"refused\":1010");
    free(text);
}

static void what_cannot_be_written_is_said(const char *name) {
    struct otc_session_callbacks callbacks;
    otc_session_settings *settings = recorded_in(name);
    memset(&callbacks, 0, sizeof callbacks);
    CHECK(otc_session_new_with_settings(world("KEY"), world("SESSION"), &callbacks, settings) == NULL);
    CHECK_HOLDS(otc_last_error_text(), name);
    CHECK_HOLDS(otc_last_error_text(), "cannot be recorded");
    /* Without a file there is a session. */
    CHECK_NUMBER(otc_session_settings_set_record_file(settings, ""), OTC_SESSION_NULL_OR_INVALID_PARAMETER);
    CHECK(otc_session_new_with_settings(world("KEY"), world("SESSION"), &callbacks, settings) == NULL);
    CHECK_NUMBER(otc_session_settings_set_record_file(settings, NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_delete(otc_session_new_with_settings(world("KEY"), world("SESSION"), &callbacks, settings)), OTC_SUCCESS);
    CHECK_NUMBER(otc_session_settings_delete(settings), OTC_SUCCESS);
}

static void a_diary_is_left_alone(void) {
    char diary[70], *text;
    FILE *file;
    snprintf(diary, sizeof diary, "%s.diary", path);
    file = fopen(diary, "wb");
    CHECK(file != NULL && fputs("Dear diary", file) >= 0 && fclose(file) == 0);
    what_cannot_be_written_is_said(diary);
    text = content(diary);
    CHECK_TEXT(text, "Dear diary");
    free(text);
    CHECK(remove(diary) == 0);
}

int main(void) {
    struct proxy *proxy;
    /* A file of this test's own, in the folder where it runs. */
    snprintf(path, sizeof path, "record_test.%ld", (long)getpid());
    snprintf(second, sizeof second, "%s.2", path);
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    proxy = proxy_start();
    what_happens_is_written_and_what_is_said_is_not(proxy);
    the_next_session_has_a_file_of_its_own();
    what_cannot_be_written_is_said("/nowhere/at/all");
    what_cannot_be_written_is_said("/dev/null");
    a_diary_is_left_alone();
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    proxy_stop(proxy);
    CHECK(remove(path) == 0 && remove(second) == 0);
    return 0;
}
