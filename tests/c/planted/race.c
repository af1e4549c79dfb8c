/* PLANTED: a callback, on a thread of the library, and the main thread count together without a lock. */
#include <otc.h>
#include <pthread.h>
#include <string.h>

static int counted;

static void on_released(void *user_data) {
    (void)user_data;
    counted += 1;
}

static void *delete_it(void *session) {
    otc_session_delete((otc_session *)session);
    return NULL;
}

int main(void) {
    struct otc_session_callbacks callbacks;
    otc_session *session;
    pthread_t thread;
    memset(&callbacks, 0, sizeof callbacks);
    if (otc_init(NULL) != OTC_SUCCESS || (session = otc_session_new("k", "s", &callbacks)) == NULL ||
        otc_session_set_on_released(session, on_released) != OTC_SUCCESS ||
        pthread_create(&thread, NULL, delete_it, session) != 0) {
        return 77;
    }
    counted += 1;
    pthread_join(thread, NULL);
    return otc_destroy();
}
