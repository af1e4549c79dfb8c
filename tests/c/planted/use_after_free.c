/* PLANTED: reads a text after its owner has been deleted. The library's memory, so the sanitizer has to see that too. */
#include <otc.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    struct otc_session_callbacks callbacks;
    otc_session *session;
    const char *id;
    memset(&callbacks, 0, sizeof callbacks);
    if (otc_init(NULL) != OTC_SUCCESS || (session = otc_session_new("k", "s", &callbacks)) == NULL) {
        return 77;
    }
    id = otc_session_get_id(session);
    otc_session_delete(session);
    otc_destroy();
    printf("%s\n", id);
    return 0;
}
