/* What ThreadSanitizer's runtime and code that rustc has made need to understand each other.
 *
 * clang before 15 has no such three functions; what they call is intercepted and watched. A newer runtime's own take
 * precedence.
 *
 * Rust's Arc gives a reference up with a decrement that releases, and whoever was last acquires with a fence. The sanitizer
 * does not know fences, and the standard library, which does without one when it is built for the sanitizer, is not. So
 * decrements acquire too (--wrap): then the last one has seen what the others did, as with the fence.
 *
 * The slow paths of the standard library's mutex and condition variable, which tokio uses, are in its precompiled part, so
 * what they acquire and release is told here. Their names, which change with the compiler, come from the script: LOCK, WAIT
 * and WAIT_TIMEOUT. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *__tsan_memcpy(void *to, const void *from, size_t size) __attribute__((weak));
void *__tsan_memmove(void *to, const void *from, size_t size) __attribute__((weak));
void *__tsan_memset(void *to, int byte, size_t size) __attribute__((weak));
uint64_t __real___tsan_atomic64_fetch_sub(volatile uint64_t *counter, uint64_t by, int order);
uint64_t __wrap___tsan_atomic64_fetch_sub(volatile uint64_t *counter, uint64_t by, int order);

void __tsan_acquire(void *address);
void __tsan_release(void *address);
void real_lock(void *mutex) __asm__("__real_" LOCK);
void lock(void *mutex) __asm__("__wrap_" LOCK);
void real_wait(void *condition, void *mutex) __asm__("__real_" WAIT);
void wait(void *condition, void *mutex) __asm__("__wrap_" WAIT);
_Bool real_wait_timeout(void *condition, void *mutex, uint64_t seconds, uint32_t nanoseconds) __asm__("__real_" WAIT_TIMEOUT);
_Bool wait_timeout(void *condition, void *mutex, uint64_t seconds, uint32_t nanoseconds) __asm__("__wrap_" WAIT_TIMEOUT);

void *__tsan_memcpy(void *to, const void *from, size_t size) {
    return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size) {
    return memmove(to, from, size);
}

void *__tsan_memset(void *to, int byte, size_t size) {
    return memset(to, byte, size);
}

uint64_t __wrap___tsan_atomic64_fetch_sub(volatile uint64_t *counter, uint64_t by, int order) {
    enum { RELEASE = 3, ACQUIRE_AND_RELEASE = 4 }; /* as the runtime numbers them */
    return __real___tsan_atomic64_fetch_sub(counter, by, order == RELEASE ? ACQUIRE_AND_RELEASE : order);
}

void lock(void *mutex) {
    real_lock(mutex);
    __tsan_acquire(mutex);
}

void wait(void *condition, void *mutex) {
    __tsan_release(mutex);
    real_wait(condition, mutex);
    __tsan_acquire(mutex);
}

_Bool wait_timeout(void *condition, void *mutex, uint64_t seconds, uint32_t nanoseconds) {
    _Bool in_time;
    __tsan_release(mutex);
    in_time = real_wait_timeout(condition, mutex, seconds, nanoseconds);
    __tsan_acquire(mutex);
    return in_time;
}
