/* Distribute the rows of a batch over threads. Each row is computed by itself, so its result does
 * not depend on the number of threads or on the other rows. */
#pragma once
#include <stdlib.h>
#include <unistd.h>
#include "call.h"
#include "helpers.h"
#include "layer.h"

/* Each share of the rows sums its own gradient of the weights. The number of shares follows from
 * the batch size alone, so the sum does not depend on the number of threads. */
enum { ROWS_OF_A_SHARE = 16, MOST_SHARES = 8 };
/* Multiplications for which one more thread pays: about 40 us of work, far more than it takes to
 * start a helper. */
static const double WORK_OF_A_THREAD = 2e6;

/* All processor cores, or the number in CONVEYOR_THREADS, which a trial of a sweep sets. */
static int most_threads(void) {
  const char *limit = getenv("CONVEYOR_THREADS");
  const long count = limit ? atol(limit) : sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : count > MOST_THREADS ? MOST_THREADS : (int)count;
}

static int compare_keys(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

/* Find the lengths, positions and order of the rows. Return the number of unmasked steps. */
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

/* Give share i the rows i, i + deal, i + 2 deal, ... of the order by length, so that all shares get
 * long and short rows. */
static void deal_rows(Call *call, const Layer *l, Share *shares, int deal) {
  const int64_t width = l->blocks * LANES, sums = (l->features + 1 + l->units) * l->sums_width;
  const int64_t pending = PENDING * l->pending_width;
  int32_t *rows = scratch(call, l->batch, sizeof(int32_t));
  float *states = scratch(call, 3 * l->batch * width, sizeof(float));
  float *waiting = scratch(call, deal * pending, sizeof(float));
  if (!ok(call)) return;
  for (int i = 0; i < deal; i++) {
    const int64_t count = (l->batch - i + deal - 1) / deal;
    shares[i] = (Share){.layer = l, .rows = rows, .count = count, .h = states,
                        .next = states + count * width, .c = states + 2 * count * width,
                        .sums = l->sums + i * sums, .pending = waiting + i * pending};
    for (int64_t row = 0; row < count; row++) rows[row] = l->order[i + row * deal];
    rows += count;
    states += 3 * count * width;
  }
}

/* Split the rows into shares, and run `body` on them with as many threads as the work pays for.
 *
 * products: multiplications of one step of one row.
 */
static void run(Call *call, Layer *l, void (*body)(const Share *), double products) {
  const double worth = find_steps(call, l) * products / WORK_OF_A_THREAD;
  const int64_t sums = (l->features + 1 + l->units) * l->sums_width, most = most_threads();
  int threads = worth > most ? (int)most : worth < 1 ? 1 : (int)worth;
  int deal = (int)(l->batch / ROWS_OF_A_SHARE);
  deal = deal < 1 ? 1 : deal > MOST_SHARES ? MOST_SHARES : deal;
  if (!sums && deal < threads) deal = threads > l->batch ? (int)l->batch : threads;
  if (sums) l->sums = scratch(call, deal * sums, sizeof(float));
  Share shares[MOST_THREADS];
  deal_rows(call, l, shares, deal);
  if (!ok(call)) return;
  share_out(body, shares, deal, threads < deal ? threads : deal);
  for (int share = 1; sums && share < deal; share++)
    for (int64_t i = 0; i < sums; i++) l->sums[i] += l->sums[share * sums + i];
}
