/* Helper threads, which share the work of the calling thread.
 *
 * On a virtual machine a sleeping core takes up to a millisecond to wake, as long as a whole layer
 * takes. So a helper that has finished polls for new work for a while before it sleeps, and yields
 * its core to other threads meanwhile. The calling thread never waits for a helper that has not
 * started to work.
 */
#pragma once
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif
#include "layer.h"

enum { MOST_THREADS = 64 };
static const double LOOKS_OUT = 2e-3; /* seconds: about the time between two training steps */

/* Shares of work. Each thread takes the next share until none is left. */
typedef struct {
  void (*body)(const Share *);
  const Share *shares;
  int count;
  atomic_int next;
} Work;

typedef struct {
  _Atomic(Work *) offer; /* NULL: the helper is free; BEGUN: it works */
  atomic_int asleep;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  int started;
} Helper;

static Helper helpers[MOST_THREADS];
static pthread_mutex_t helpers_turn = PTHREAD_MUTEX_INITIALIZER; /* for one layer at a time */
static Work begun;
#define BEGUN (&begun)

/* Work on shares until none is left. Denormal numbers, to which small gradients fade, count as
 * zero: a processor computes them many times slower. */
static void work_through(Work *work) {
#if defined(__x86_64__)
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040); /* denormal inputs and results are zero */
#endif
  for (int i; (i = atomic_fetch_add(&work->next, 1)) < work->count;) work->body(&work->shares[i]);
#if defined(__x86_64__)
  _mm_setcsr(before);
#endif
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Wait briefly, and let other threads use the core. */
static void pause_a_moment(void) {
#if defined(__x86_64__)
  for (int i = 0; i < 32; i++) _mm_pause();
#endif
  sched_yield();
}

static void *help(void *argument) {
  Helper *me = argument;
  for (double last = seconds();;) {
    Work *offer = atomic_load(&me->offer);
    if (offer && atomic_compare_exchange_strong(&me->offer, &offer, BEGUN)) {
      work_through(offer);
      atomic_store(&me->offer, NULL);
      last = seconds();
    } else if (seconds() - last < LOOKS_OUT) {
      pause_a_moment();
    } else {
      pthread_mutex_lock(&me->lock);
      atomic_store(&me->asleep, 1);
      while (!atomic_load(&me->offer)) pthread_cond_wait(&me->wake, &me->lock);
      atomic_store(&me->asleep, 0);
      pthread_mutex_unlock(&me->lock);
      last = seconds();
    }
  }
  return NULL;
}

static void offer_to(Helper *h, Work *work) {
  pthread_t thread;
  if (!h->started) {
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->wake, NULL);
    if (pthread_create(&thread, NULL, help, h)) return; /* work with one thread fewer */
    pthread_detach(thread);
    h->started = 1;
  }
  atomic_store(&h->offer, work);
  if (!atomic_load(&h->asleep)) return;
  pthread_mutex_lock(&h->lock);
  pthread_cond_signal(&h->wake);
  pthread_mutex_unlock(&h->lock);
}

/* Work on all shares, with up to `threads` threads. */
static void share_out(void (*body)(const Share *), const Share *shares, int count, int threads) {
  Work work = {.body = body, .shares = shares, .count = count};
  const int helped = threads > 1 && !pthread_mutex_trylock(&helpers_turn);
  for (int i = 1; helped && i < threads; i++) offer_to(&helpers[i], &work);
  work_through(&work);
  for (int i = 1; helped && i < threads; i++) {
    Work *offer = &work;
    if (!atomic_compare_exchange_strong(&helpers[i].offer, &offer, NULL)) /* it has started */
      while (atomic_load(&helpers[i].offer)) pause_a_moment();
  }
  if (helped) pthread_mutex_unlock(&helpers_turn);
}

/* A forked process has no threads of its parent. */
static void forget_helpers(void) {
  for (int i = 0; i < MOST_THREADS; i++) helpers[i] = (Helper){.started = 0};
  pthread_mutex_init(&helpers_turn, NULL);
}
__attribute__((constructor)) static void watch_for_forks(void) {
  pthread_atfork(NULL, NULL, forget_helpers);
}
