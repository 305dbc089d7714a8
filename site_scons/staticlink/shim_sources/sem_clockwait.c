/* Wait for a semaphore until a time of a given clock.

   glibc takes CLOCK_REALTIME and CLOCK_MONOTONIC and fails with EINVAL for others (the glibc manual, "Waiting with Explicit
   Clocks"). musl waits by CLOCK_REALTIME only, so a time of the other clock is turned into one of it, for a second at most:
   should the real-time clock be set meanwhile, the wait is at most that second too long. A post wakes it at once. */

#define _GNU_SOURCE
#include <errno.h>
#include <semaphore.h>
#include <time.h>

#define SECOND 1000000000L

int sem_clockwait(sem_t *, clockid_t, const struct timespec *);

static struct timespec sum(struct timespec one, time_t seconds, long nanoseconds)
{
	one.tv_sec += seconds;
	one.tv_nsec += nanoseconds;
	if (one.tv_nsec >= SECOND) {
		one.tv_nsec -= SECOND;
		one.tv_sec++;
	}
	return one;
}

int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
	struct timespec now, real;

	if (clock == CLOCK_REALTIME)
		return sem_timedwait(semaphore, until);
	if (clock != CLOCK_MONOTONIC || until->tv_nsec < 0 || until->tv_nsec >= SECOND) {
		errno = EINVAL;
		return -1;
	}
	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		clock_gettime(CLOCK_REALTIME, &real);
		time_t seconds = until->tv_sec - now.tv_sec;
		long nanoseconds = until->tv_nsec - now.tv_nsec;
		if (nanoseconds < 0) {
			nanoseconds += SECOND;
			seconds--;
		}
		int last = seconds < 1;
		struct timespec slice = seconds < 0 ? real : last ? sum(real, 0, nanoseconds) : sum(real, 1, 0);
		if (!sem_timedwait(semaphore, &slice))
			return 0;
		if (errno != ETIMEDOUT || seconds < 0)
			return -1;
	}
}
