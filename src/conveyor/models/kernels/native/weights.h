/* The gradient of the weights. Many steps are added at once, so that its memory is read rarely. */
#include "cell.h"

/* Steps that are not added to the gradient of the weights yet. Their inputs are copied: rows whose
 * size is a power of two bytes would evict each other from the cache. */
typedef struct {
  float *inputs; /* (PENDING, pending_width): x, 1 and the state before, as the rows of `sums` */
  const float *dz[PENDING];
  int count;
} Pending;

/* sum[r][...] += sum over k of inputs[k][r] * dz[k][...], for R inputs and N blocks of dz. */
INLINE void outer(const int R, const int N, const float *inputs, int64_t stride, const float *dz,
                  int count, float *sum, int64_t width) {
  const float *rows[ROWS];
  vec acc[ROWS][GROUP] = {};
  UNROLL for (int r = 0; r < R; r++) rows[r] = inputs + r;
  product(R, 0, N, acc, rows, stride, dz, count);
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int j = 0; j < N; j++) {
    float *to = sum + r * width + j * LANES;
    store(to, load(to) + acc[r][j]);
  }
}

/* Add to the gradient of the weights of inputs [first, last), for one group of blocks. */
static void add_products(const Pending *p, int64_t stride, int64_t first, int64_t last,
                         const float *dz, int wide, float *sum, int64_t width) {
  const int64_t tiles = (last - first + ROWS - 1) / ROWS;
  for (int64_t tile = 0, at = first; tile < tiles; tile++) {
    const int rows = (int)((last - at) / (tiles - tile));
#define TILE(R, N) \
  case R * 8 + N: \
    outer(R, N, p->inputs + at, stride, dz, p->count, sum + at * width, width); break;
    switch (rows * 8 + wide) { EVERY_TILE }
#undef TILE
    at += rows;
  }
}

/* Return whether columns [from, to) contain one of the `count` sums from `first` on. */
INLINE int holds(int64_t from, int64_t to, int first, int count, int64_t units) {
  return from < (first + count) * units && to > first * units;
}

static void add_pending(const Share *share, Pending *p) {
  const Layer *l = share->layer;
  const int64_t units = l->units, columns = SUMS * units, width = l->sums_width;
  float dz[PENDING * GROUP * LANES];
  for (int64_t from = 0; from < columns; from += GROUP * LANES) {
    const int64_t left = columns - from < GROUP * LANES ? columns - from : GROUP * LANES;
    const int wide = (int)((left + LANES - 1) / LANES);
    for (int k = 0; k < p->count; k++)
      for (int j = 0; j < wide; j++)
        store(dz + (k * wide + j) * LANES,
              load_some(p->dz[k] + from + j * LANES, (int)(left - j * LANES)));
    const int of_x = holds(from, from + left, X_FROM, X_SUMS, units);
    const int of_h = holds(from, from + left, H_FROM, H_SUMS, units);
    add_products(p, l->pending_width, of_x ? 0 : l->features,
                 l->features + 1 + (of_h ? units : 0), dz, wide, share->sums + from, width);
  }
  p->count = 0;
}

/* Add one step of a row to the pending ones. */
static void add_step(const Share *share, Pending *p, int64_t at, const float *h_old) {
  const Layer *l = share->layer;
  float *to = p->inputs + p->count * l->pending_width;
  memcpy(to, l->x + at * l->features, sizeof(float) * l->features);
  to[l->features] = 1.0f; /* the input of the bias */
  memcpy(to + l->features + 1, h_old, sizeof(float) * l->units);
  p->dz[p->count] = l->dz + at * SUMS * l->units;
  if (++p->count == PENDING) add_pending(share, p);
}
