/* The backward pass of a layer: backpropagation through time. The including file defines the
 * cell. */
#include "cell.h"
#include "shares.h"
#include "weights.h"

/* Move `at` to the step that is computed next. Return whether it is a masked step of the same
 * row. */
INLINE int masked_behind(const Layer *l, int64_t row, int64_t *at) {
  *at += l->reverse ? -1 : 1;
  return *at >= row * l->time && *at < (row + 1) * l->time && !l->mask[*at];
}

/* Add to `dh` the gradients that later layers pass to the output of a step. Where masked steps
 * repeat this output, add the gradients of those copies too. */
INLINE vec with_received(vec dh, const Layer *l, int64_t row, int64_t at, int64_t from, int n) {
  dh += load_some(l->dh + at * l->units + from, n);
  if (l->repeat && l->lengths[row] < l->time)
    for (int64_t next = at; masked_behind(l, row, &next);)
      dh += load_some(l->dh + next * l->units + from, n);
  return dh;
}

/* sums[r][j]: the gradient that the output of row r receives through the sums of the next step. */
INLINE void backward_tile(const int R, const int N, const float *const *behind,
                          const float *recurrent, int64_t depth, vec sums[ROWS][GROUP]) {
  vec acc[ROWS][GROUP] = {};
  product(R, 0, N, acc, behind, 1, recurrent, depth);
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int j = 0; j < N; j++) sums[r][j] = acc[r][j];
}

/* The position of a step of a row in (batch, time), and the states before this step. */
typedef struct {
  int64_t row, at;
  const float *h_old, *c_old;
} Place;

/* Compute the gradient of one step for n units. `received`: the gradient of their output from the
 * next step. */
INLINE void backward_units(const Layer *l, const Place *p, int64_t from, int n, vec received,
                           float *dh, float *dc) {
  const int64_t units = l->units;
  float *dz = l->dz + p->at * SUMS * units + from;
  const float *saved = l->saved + p->at * SUMS * units + from;
  vec z[SUMS];
  UNROLL for (int g = 0; g < SUMS; g++) z[g] = load_some(saved + g * units, n);
  State old = {.h = load_some(p->h_old + from, n)}, new = {}, d;
  if (STATES == 2) {
    old.c = load_some(p->c_old + from, n);
    new.c = load_some(l->c + p->at * units + from, n);
    d.c = load(dc);
  }
  d.h = with_received(received, l, p->row, p->at, from, n);
  d = step_backward(z, old, new, d);
  UNROLL for (int g = 0; g < SUMS; g++) store_some(dz + g * units, z[g], n);
  store(dh, d.h);
  if (STATES == 2) store(dc, d.c);
}

/* Compute the gradient of up to GROUP blocks of one step of a row. Step -1 stands for the initial
 * states. */
static void backward_row(const Layer *l, int64_t row, int64_t step, int64_t block, int wide,
                         const vec *sums, float *dh, float *dc) {
  Place p = {.row = row};
  if (step >= 0) {
    p.at = place(l, row, step);
    p.h_old = before(l, l->h, l->h0, row, step);
    if (STATES == 2) p.c_old = before(l, l->c, l->c0, row, step);
  }
  for (int j = 0; j < wide; j++) {
    const int64_t from = (block + j) * LANES, left = l->units - from;
    const vec received = sums[j] + load(dh + from);
    if (step < 0) store(dh + from, received);
    else if (left >= LANES) backward_units(l, &p, from, LANES, received, dh + from, dc + from);
    else backward_units(l, &p, from, (int)left, received, dh + from, dc + from);
  }
}

/* Prefetch the data that `backward_row` will read and write. */
static void fetch_row(const Layer *l, int64_t row, int64_t step, int64_t block, int wide) {
  const int64_t at = place(l, row, step), units = l->units, from = block * LANES, n = wide * LANES;
  for (int g = 0; g < SUMS; g++) {
    fetch_to_write(l->dz + (at * SUMS + g) * units + from, n);
    if (l->saved != l->dz) fetch(l->saved + (at * SUMS + g) * units + from, n);
  }
  fetch(l->dh + at * units + from, n);
  if (STATES == 2) fetch(before(l, l->c, l->c0, row, step) + from, n);
  else fetch(before(l, l->h, l->h0, row, step) + from, n);
}

static void backward_step(const Layer *l, const int32_t *rows, int64_t active, int64_t step,
                          float *dh, float *dc) {
  const int64_t units = l->units, width = l->blocks * LANES;
  const int64_t tiles = (active + ROWS - 1) / ROWS;
  for (int64_t block = 0; block < l->blocks; block += GROUP) {
    const int wide = (int)(l->blocks - block < GROUP ? l->blocks - block : GROUP);
    const float *recurrent = l->recurrent + block * H_SUMS * units * LANES;
    for (int64_t tile = 0, at = 0; tile < tiles; tile++) {
      const int size = (int)((active - at) / (tiles - tile));
      const float *behind[ROWS];
      for (int r = 0; r < size; r++) {
        const int64_t row = rows[at + r];
        if (step >= 0) fetch_row(l, row, step, block, wide);
        behind[r] = step + 1 < l->lengths[row]
                        ? l->dz + (place(l, row, step + 1) * SUMS + H_FROM) * units : l->zeros;
      }
      vec sums[ROWS][GROUP];
#define TILE(R, N) \
  case R * 8 + N: backward_tile(R, N, behind, recurrent, H_SUMS * units, sums); break;
      switch (size * 8 + wide) { EVERY_TILE }
#undef TILE
      for (int r = 0; r < size; r++)
        backward_row(l, rows[at + r], step, block, wide, sums[r], dh + (at + r) * width,
                     dc + (at + r) * width);
      at += size;
    }
  }
}

/* Start with the gradients of the last states of a row, and set the gradient of the sums to zero at
 * its masked steps. */
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
  Pending pending = {.inputs = share->pending};
  memset(share->sums, 0, sizeof(float) * (l->features + units + 1) * l->sums_width);
  memset(dh, 0, sizeof(float) * count * width);
  memset(dc, 0, sizeof(float) * count * width);
  for (int64_t i = 0; i < count; i++) begin_backward(l, rows[i], dh + i * width, dc + i * width);
  int64_t active = 0;
  for (int64_t step = count ? l->lengths[rows[0]] - 1 : -1; step >= 0; step--) {
    while (active < count && l->lengths[rows[active]] > step) active++;
    backward_step(l, rows, active, step, dh, dc);
    for (int64_t i = 0; i < active; i++)
      add_step(share, &pending, place(l, rows[i], step), before(l, l->h, l->h0, rows[i], step));
  }
  add_pending(share, &pending);
  backward_step(l, rows, count, -1, dh, dc);
  for (int64_t i = 0; i < count; i++) {
    memcpy(l->dh0 + rows[i] * units, dh + i * width, sizeof(float) * units);
    if (STATES == 2) memcpy(l->dc0 + rows[i] * units, dc + i * width, sizeof(float) * units);
  }
}
