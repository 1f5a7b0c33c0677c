/* The forward pass of a layer. The including file defines the cell. Masked steps are not computed:
 * the state stays as it is, and the output is the previous output or zeros, as in Keras. */
#include "cell.h"
#include "shares.h"

/* WHOLE: whether the block has all LANES units. */
INLINE void forward_tile(const int R, const int WHOLE, const Layer *l, const int32_t *rows,
                         int64_t step, const float *h_old, float *h_new, float *c_now,
                         int64_t block) {
  const int64_t units = l->units, width = l->blocks * LANES, from = block * LANES;
  const int n = WHOLE ? LANES : (int)(units - from);
  const float *x[ROWS], *h[ROWS];
  int64_t at[ROWS];
  vec acc[ROWS][GROUP];
  UNROLL for (int r = 0; r < R; r++) {
    at[r] = place(l, rows[r], step);
    x[r] = l->x + at[r] * l->features;
    h[r] = h_old + r * width;
    UNROLL for (int g = 0; g < SUMS; g++) acc[r][g] = load(l->bias + (block * SUMS + g) * LANES);
  }
  product(R, X_FROM, X_SUMS, acc, x, 1, l->kernel + from * l->features * X_SUMS, l->features);
  product(R, H_FROM, H_SUMS, acc, h, 1, l->recurrent + from * units * H_SUMS, units);
  State state[ROWS];
  UNROLL for (int r = 0; r < R; r++) {
    state[r].h = load(h[r] + from);
    if (STATES == 2) state[r].c = load(c_now + r * width + from);
  }
  step_forward(R, acc, state);
  UNROLL for (int r = 0; r < R; r++) {
    store(h_new + r * width + from, state[r].h);
    store_some(l->h + at[r] * units + from, state[r].h, n);
    if (STATES == 2) store(c_now + r * width + from, state[r].c);
    if (!l->save) continue;
    float *saved = l->saved + at[r] * SUMS * units + from;
    UNROLL for (int g = 0; g < SUMS; g++) store_some(saved + g * units, acc[r][g], n);
    if (STATES == 2) store_some(l->c + at[r] * units + from, state[r].c, n);
  }
}

static void forward_step(const Layer *l, const int32_t *rows, int64_t active, int64_t step,
                         const float *h_old, float *h_new, float *c) {
  const int64_t width = l->blocks * LANES, tiles = (active + ROWS - 1) / ROWS;
  for (int64_t block = 0; block < l->blocks; block++) {
    const int whole = l->units - block * LANES >= LANES;
    for (int64_t tile = 0, at = 0; tile < tiles; tile++) {
      const int size = (int)((active - at) / (tiles - tile));
#define FORWARD(R, WHOLE) \
  case R * 2 + WHOLE: forward_tile(R, WHOLE, l, rows + at, step, h_old + at * width, \
                                   h_new + at * width, c + at * width, block); break;
#define TILE(R) FORWARD(R, 0) FORWARD(R, 1)
      switch (size * 2 + whole) { EVERY_HEIGHT(TILE) }
#undef TILE
#undef FORWARD
      at += size;
    }
  }
}

/* Write the outputs of a row at its masked steps. */
static void fill_masked(const Layer *l, int64_t row) {
  const size_t bytes = sizeof(float) * l->units;
  int64_t last = -1;
  if (l->lengths[row] == l->time) return;
  for (int64_t step = 0; step < l->time; step++) {
    const int64_t at = nth_in_order(l, row, step);
    if (l->mask[at]) last = at;
    else if (l->repeat && last >= 0) memcpy(l->h + at * l->units, l->h + last * l->units, bytes);
    else memset(l->h + at * l->units, 0, bytes);
  }
}

static void forward_share(const Share *share) {
  const Layer *l = share->layer;
  const int64_t units = l->units, width = l->blocks * LANES;
  const int32_t *rows = share->rows;
  float *h = share->h, *next = share->next, *c = share->c;
  memset(h, 0, sizeof(float) * share->count * width); /* up to the end of the last block */
  memset(c, 0, sizeof(float) * share->count * width);
  for (int64_t i = 0; i < share->count; i++) {
    memcpy(h + i * width, l->h0 + rows[i] * units, sizeof(float) * units);
    if (STATES == 2) memcpy(c + i * width, l->c0 + rows[i] * units, sizeof(float) * units);
  }
  int64_t active = share->count;
  for (int64_t step = 0;; step++) {
    while (active && l->lengths[rows[active - 1]] <= step) {
      const int64_t i = --active; /* this row has no more steps */
      memcpy(l->h_last + rows[i] * units, h + i * width, sizeof(float) * units);
      if (STATES == 2) memcpy(l->c_last + rows[i] * units, c + i * width, sizeof(float) * units);
      fill_masked(l, rows[i]);
    }
    if (!active) break;
    forward_step(l, rows, active, step, h, next, c);
    float *swap = h; h = next; next = swap;
  }
}
