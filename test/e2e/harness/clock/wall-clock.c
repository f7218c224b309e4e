/*
 * Shifts the wall clock of one process, OpenSSL's within Node included; its monotonic clock stays. How far, in
 * milliseconds, is read from the eight bytes of the file BANYAN_E2E_CLOCK each time, so that a clock can be moved while
 * its process runs. Children inherit it: a PostgreSQL that a server starts lives on the same host.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift_ms;

__attribute__((constructor)) static void open_shift(void) {
  const char *path = getenv("BANYAN_E2E_CLOCK");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) shift_ms = page;
  close(file);
}

int clock_gettime(clockid_t which, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, which, now);
  if (result != 0 || shift_ms == NULL) return result;
  if (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE) return result;
  int64_t ns = (int64_t)now->tv_nsec + (*shift_ms % 1000) * 1000000;
  now->tv_sec += *shift_ms / 1000 + (ns < 0 ? -1 : ns / 1000000000);
  now->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *now) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (now != NULL) *now = precise.tv_sec;
  return precise.tv_sec;
}
