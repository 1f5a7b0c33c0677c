/* The backward pass of the cell that includes this: backpropagation through time. */
#include "cell.h"
#include "shares.h"
#include "weights.h"

/* Moves to the step computed after `at`, if it is a masked one of the same row. */
INLINE int masked_behind(const Layer *l, int64_t row, int64_t *at) {
  *at += l->reverse ? -1 : 1;
  return *at >= row * l->time && *at < (row + 1) * l->time && !l->mask[*at];
}

/* `dh` and what the output at a step receives from outside, for itself and for its copies at masked
 * steps behind it. */
INLINE vec with_received(vec dh, const Layer *l, int64_t row, int64_t at, int64_t from, int n) {
  dh += load_some(l->dh + at * l->units + from, n);
  if (l->repeat && l->lengths[row] < l->time)
    for (int64_t next = at; masked_behind(l, row, &next);)
      dh += load_some(l->dh + next * l->units + from, n);
  return dh;
}

/* The gradient of a row's output at `step`, from the step behind it, for up to GROUP blocks. */
INLINE void backward_tile(const int R, const int N, const Layer *l, const int32_t *rows,
                          int64_t step, const float *const *behind, float *dh_now, float *dc_now,
                          int64_t block) {
  const int64_t units = l->units, width = l->blocks * LANES;
  vec acc[ROWS][GROUP] = {};
  product(R, 0, N, acc, behind, l->recurrent + block * H_SUMS * units * LANES, H_SUMS * units);
  vec sums[ROWS][GROUP]; /* `acc` must not be indexed by a variable, or it leaves the registers */
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int j = 0; j < N; j++) sums[r][j] = acc[r][j];
  for (int r = 0; r < R; r++)
    for (int j = 0; j < N; j++) {
      const int64_t from = (block + j) * LANES, row = rows[r];
      const int n = (int)(units - from);
      float *dh_place = dh_now + r * width + from, *dc_place = dc_now + r * width + from;
      const vec from_behind = sums[r][j] + load(dh_place);
      if (step < 0) {
        store(dh_place, from_behind);
        continue;
      }
      const int64_t at = place(l, row, step);
      vec z[SUMS];
      UNROLL for (int g = 0; g < SUMS; g++)
        z[g] = load_some(l->kept + (at * SUMS + g) * units + from, n);
      State old = {.h = load_some(before(l, l->h, l->h0, row, step) + from, n)}, new = {}, d;
      if (STATES == 2) {
        old.c = load_some(before(l, l->c, l->c0, row, step) + from, n);
        new.c = load_some(l->c + at * units + from, n);
        d.c = load(dc_place);
      }
      d.h = with_received(from_behind, l, row, at, from, n);
      d = step_backward(z, old, new, d);
      UNROLL for (int g = 0; g < SUMS; g++)
        store_some(l->dz + (at * SUMS + g) * units + from, z[g], n);
      store(dh_place, d.h);
      if (STATES == 2) store(dc_place, d.c);
    }
}

static void backward_step(const Layer *l, const int32_t *rows, int64_t active, int64_t step,
                          float *dh, float *dc) {
  const int64_t units = l->units, width = l->blocks * LANES;
  const int64_t tiles = (active + ROWS - 1) / ROWS;
  for (int64_t block = 0; block < l->blocks; block += GROUP) {
    const int wide = (int)(l->blocks - block < GROUP ? l->blocks - block : GROUP);
    for (int64_t tile = 0, at = 0; tile < tiles; tile++) {
      const int size = (int)((active - at) / (tiles - tile));
      const float *behind[ROWS];
      for (int r = 0; r < size; r++) {
        const int64_t row = rows[at + r];
        behind[r] = step + 1 < l->lengths[row]
                        ? l->dz + (place(l, row, step + 1) * SUMS + H_FROM) * units : l->zeros;
      }
#define TILE(R, N) \
  case R * 8 + N: backward_tile(R, N, l, rows + at, step, behind, dh + at * width, \
                                dc + at * width, block); break;
      switch (size * 8 + wide) { EVERY_TILE }
#undef TILE
      at += size;
    }
  }
}

/* What a row's last states receive from outside, and zeros at its masked steps. */
static void begin_backward(const Layer *l, int64_t row, float *dh, float *dc) {
  const int64_t units = l->units;
  memcpy(dh, l->dh_last + row * units, sizeof(float) * units);
  if (STATES == 2) memcpy(dc, l->dc_last + row * units, sizeof(float) * units);
  for (int64_t at = row * l->time; at < (row + 1) * l->time; at++)
    if (!l->mask[at]) memset(l->dz + at * SUMS * units, 0, sizeof(float) * SUMS * units);
}

static void backward_share(const Share *share) {
  const Layer *l = share->layer;
  const int64_t units = l->units, width = l->blocks * LANES, count = share->count;
  const int32_t *rows = share->rows;
  float *dh = share->h, *dc = share->c;
  Pending pending = {.count = 0};
  memset(share->sums, 0, sizeof(float) * (l->features + units + 1) * l->sums_width);
  memset(dh, 0, sizeof(float) * count * width);
  memset(dc, 0, sizeof(float) * count * width);
  for (int64_t i = 0; i < count; i++) begin_backward(l, rows[i], dh + i * width, dc + i * width);
  int64_t active = 0;
  for (int64_t step = count ? l->lengths[rows[0]] - 1 : -1; step >= 0; step--) {
    while (active < count && l->lengths[rows[active]] > step) active++;
    backward_step(l, rows, active, step, dh, dc);
    for (int64_t i = 0; i < active; i++) {
      const int64_t at = place(l, rows[i], step);
      pending.x[pending.count] = l->x + at * l->features;
      pending.h[pending.count] = before(l, l->h, l->h0, rows[i], step);
      pending.dz[pending.count] = l->dz + at * SUMS * units;
      if (++pending.count == PENDING) add_pending(share, &pending);
    }
  }
  add_pending(share, &pending);
  backward_step(l, rows, count, -1, dh, dc);
  for (int64_t i = 0; i < count; i++) {
    memcpy(l->dh0 + rows[i] * units, dh + i * width, sizeof(float) * units);
    if (STATES == 2) memcpy(l->dc0 + rows[i] * units, dc + i * width, sizeof(float) * units);
  }
}
