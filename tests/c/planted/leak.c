/* PLANTED: keeps no pointer to what it has allocated, nor to a thousand neighbours. */
#include <otc.h>
#include <stdlib.h>

static void *volatile last;

int main(void) {
    int index;
    if (otc_init(NULL) != OTC_SUCCESS) {
        return 77;
    }
    for (index = 0; index < 1000; index++) {
        last = malloc(100);
    }
    last = NULL;
    return otc_destroy();
}
