/* The rows of a batch, dealt to threads. Rows share no step, so a row's result does not depend on
 * the number of threads or on its company. */
#pragma once
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif
#include "call.h"
#include "layer.h"

enum { MOST_THREADS = 64 };
/* The gradient of the weights is summed by shares of the rows, whose number follows from the batch
 * alone, so that it does not depend on the number of threads. */
enum { ROWS_OF_A_SHARE = 16, MOST_SHARES = 8 };
/* Multiplications worth a thread: about 0.2 ms of work, beside which starting it and waiting for it
 * on a busy machine is little. */
static const double WORK_OF_A_THREAD = 1e7;

/* All processor cores, unless CONVEYOR_THREADS names fewer, as the trials of a sweep do. */
static int most_threads(void) {
  const char *limit = getenv("CONVEYOR_THREADS");
  const long count = limit ? atol(limit) : sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : count > MOST_THREADS ? MOST_THREADS : (int)count;
}

static int compare_keys(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

/* Lengths, positions and order of the rows; the number of unmasked steps. */
static double find_steps(Call *call, Layer *l) {
  double steps = 0;
  l->lengths = scratch(call, l->batch * (l->time + 2), sizeof(int32_t));
  int64_t *keys = scratch(call, l->batch, sizeof(int64_t));
  if (!ok(call)) return 0;
  l->order = l->lengths + l->batch;
  l->positions = l->order + l->batch;
  for (int64_t row = 0; row < l->batch; row++) {
    int32_t count = 0;
    for (int64_t step = 0; step < l->time; step++) {
      const int64_t at = nth_in_order(l, row, step) - row * l->time;
      if (l->mask[row * l->time + at]) l->positions[row * l->time + count++] = (int32_t)at;
    }
    l->lengths[row] = count;
    steps += count;
    keys[row] = ((int64_t)(INT32_MAX - count) << 32) | row;
  }
  qsort(keys, l->batch, sizeof(int64_t), compare_keys);
  for (int64_t i = 0; i < l->batch; i++) l->order[i] = (int32_t)(keys[i] & 0xffffffff);
  return steps;
}

/* Every `deal`th row of the order, so that all shares have long rows and short ones. */
static void deal_rows(Call *call, const Layer *l, Share *shares, int deal) {
  const int64_t width = l->blocks * LANES, sums = (l->features + l->units + 1) * l->sums_width;
  int32_t *rows = scratch(call, l->batch, sizeof(int32_t));
  float *states = scratch(call, 3 * l->batch * width, sizeof(float));
  if (!ok(call)) return;
  for (int i = 0; i < deal; i++) {
    const int64_t count = (l->batch - i + deal - 1) / deal;
    shares[i] = (Share){.layer = l, .rows = rows, .count = count, .h = states,
                        .next = states + count * width, .c = states + 2 * count * width,
                        .sums = l->sums + i * sums};
    for (int64_t row = 0; row < count; row++) rows[row] = l->order[i + row * deal];
    rows += count;
    states += 3 * count * width;
  }
}

typedef struct {
  void (*body)(const Share *);
  const Share *shares;
  int first, stride, count;
} Worker;

/* Gradients fade to denormal numbers, which the processor computes many times slower. */
static void *work_shares(void *argument) {
  const Worker *w = argument;
#if defined(__x86_64__)
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040); /* denormals are zero, in and out */
#endif
  for (int i = w->first; i < w->count; i += w->stride) w->body(&w->shares[i]);
#if defined(__x86_64__)
  _mm_setcsr(before);
#endif
  return NULL;
}

/* Deal the rows to shares, and those to as many threads as the work is worth.
 *
 * products: multiplications of one step of one row.
 */
static void run(Call *call, Layer *l, void (*body)(const Share *), double products) {
  const double steps = find_steps(call, l);
  const int most = most_threads();
  const double worth = steps * products / WORK_OF_A_THREAD;
  int count = worth > most ? most : (int)worth;
  count = count > l->batch ? (int)l->batch : count;
  count = count < 1 ? 1 : count;
  int deal = count;
  const int64_t sums = (l->features + l->units + 1) * l->sums_width;
  if (sums) {
    deal = (int)(l->batch / ROWS_OF_A_SHARE);
    deal = deal < 1 ? 1 : deal > MOST_SHARES ? MOST_SHARES : deal;
    count = count > deal ? deal : count;
    l->sums = scratch(call, deal * sums, sizeof(float));
  }
  pthread_t helpers[MOST_THREADS];
  Worker workers[MOST_THREADS];
  Share shares[MOST_THREADS];
  int started[MOST_THREADS] = {0};
  deal_rows(call, l, shares, deal);
  if (!ok(call)) return;
  for (int i = count - 1; i >= 0; i--) {
    workers[i] = (Worker){body, shares, i, count, deal};
    if (i) started[i] = !pthread_create(&helpers[i], NULL, work_shares, &workers[i]);
    if (!started[i]) work_shares(&workers[i]);
  }
  for (int i = 1; i < count; i++)
    if (started[i]) pthread_join(helpers[i], NULL);
  for (int share = 1; sums && share < deal; share++)
    for (int64_t i = 0; i < sums; i++) l->sums[i] += l->sums[share * sums + i];
}
