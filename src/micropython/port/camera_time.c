// Python's time is the camera's time.
//
// MicroPython's unix port, the FAT driver and asyncio ask the C library for the time and let it sleep.
// The linker hands those calls to the functions here (--wrap, see CMakeLists.txt). Sleeping moves the
// camera's clock and takes no time at all; looking at the clock first lets the camera live through the
// time that the host really spent, so that a loop which waits for the clock comes to its end.
//
// A program that never looks at the clock therefore runs the same on any machine, busy or not. Where all
// programs must, the camera leaves the host's time: then a look at the clock takes a fixed time.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "micropython/port/camera_glue.h"
#include "micropython/port/camera_time.h"

enum {
    MS_PER_S = 1000,
    US_PER_MS = 1000,
    US_PER_S = 1000000,
    NS_PER_US = 1000,
    // Without the host's time: about what the call takes a camera, and the date at which it starts.
    LOOK_US = 10,
    FIRST_DATE_S = 1735689600, // 2025-01-01
};

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_gettimeofday(struct timeval *now, void *timezone);
int __wrap_gettimeofday(struct timeval *now, void *timezone);
time_t __real_time(time_t *now);
time_t __wrap_time(time_t *now);
int __real_usleep(useconds_t us);
int __wrap_usleep(useconds_t us);
int __real_select(int count, fd_set *readable, fd_set *writable, fd_set *other, struct timeval *timeout);
int __wrap_select(int count, fd_set *readable, fd_set *writable, fd_set *other, struct timeval *timeout);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

static uint64_t host_us(clockid_t clock) {
    struct timespec now;
    __real_clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / NS_PER_US;
}

static uint64_t host_seen_us; // the host's time that the camera has lived through
static bool host_left;

void camera_time_skip_host_time(void) {
    host_seen_us = host_us(CLOCK_MONOTONIC);
}

void camera_time_leave_host(void) {
    host_left = true;
}

// The camera lives through the time that the host spent since the last call.
static void catch_up(void) {
    if (host_left) {
        camera_pass_us(LOOK_US);
        return;
    }
    const uint64_t now_us = host_us(CLOCK_MONOTONIC);
    camera_pass_us(now_us - host_seen_us);
    host_seen_us = now_us;
}

static uint64_t camera_monotonic_us(void) {
    catch_up();
    return camera_now_us();
}

// The date: that of the host when the program started, and from there on camera time.
static uint64_t camera_date_us(void) {
    static uint64_t switched_on_us;
    if (host_left) {
        switched_on_us = (uint64_t)FIRST_DATE_S * US_PER_S;
    } else if (switched_on_us == 0) {
        switched_on_us = host_us(CLOCK_REALTIME) - camera_now_us();
    }
    return switched_on_us + camera_monotonic_us();
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
    if (!camera_is_attached() || (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)) {
        return __real_clock_gettime(clock, now);
    }
    const uint64_t us = clock == CLOCK_MONOTONIC ? camera_monotonic_us() : camera_date_us();
    now->tv_sec = (time_t)(us / US_PER_S);
    now->tv_nsec = (long)(us % US_PER_S * NS_PER_US);
    return 0;
}

int __wrap_gettimeofday(struct timeval *now, void *timezone) {
    if (!camera_is_attached()) {
        return __real_gettimeofday(now, timezone);
    }
    const uint64_t us = camera_date_us();
    now->tv_sec = (time_t)(us / US_PER_S);
    now->tv_usec = (suseconds_t)(us % US_PER_S);
    return 0;
}

time_t __wrap_time(time_t *now) {
    if (!camera_is_attached()) {
        return __real_time(now);
    }
    const time_t seconds = (time_t)(camera_date_us() / US_PER_S);
    if (now != NULL) {
        *now = seconds;
    }
    return seconds;
}

int __wrap_usleep(useconds_t us) {
    if (!camera_is_attached()) {
        return __real_usleep(us);
    }
    camera_pass_us(us);
    return 0;
}

int __wrap_select(int count, fd_set *readable, fd_set *writable, fd_set *other, struct timeval *timeout) {
    if (!camera_is_attached() || count != 0 || timeout == NULL) {
        return __real_select(count, readable, writable, other, timeout);
    }
    if (timeout->tv_sec < 0 || timeout->tv_usec < 0) {
        errno = EINVAL;
        return -1;
    }
    camera_pass_us((uint64_t)timeout->tv_sec * US_PER_S + (uint64_t)timeout->tv_usec);
    return 0;
}

static bool waits_for_host(const struct pollfd *fds, nfds_t count) {
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].fd >= 0) {
            return true;
        }
    }
    return false;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    if (!camera_is_attached() || timeout_ms < 0 || waits_for_host(fds, count)) {
        return __real_poll(fds, count, timeout_ms);
    }
    camera_pass_us((uint64_t)timeout_ms * US_PER_MS);
    return 0;
}

bool camera_time_wait_for_input(int fd, int slice_ms) {
    struct pollfd input = { .fd = fd, .events = POLLIN };
    const int ready = __real_poll(&input, 1, slice_ms);
    const bool was_interrupted = ready < 0 && errno == EINTR;
    if (camera_is_attached()) {
        catch_up();
    }
    return ready != 0 && !was_interrupted;
}
