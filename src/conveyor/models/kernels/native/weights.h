/* The gradient of the weights: sums over many steps at once, so that they are read seldom. */
#include "cell.h"

enum { PENDING = 64 };

/* Steps whose products are still to be added to the gradient of the weights. */
typedef struct {
  const float *x[PENDING], *h[PENDING], *dz[PENDING];
  int count;
} Pending;

/* sum[r][...] += sum over k of inputs[k][r] * dz[k][...], for R inputs and N blocks of dz. */
INLINE void outer(const int R, const int N, const float *const *inputs, const float *const *dz,
                  int count, int64_t input, float *sum, int64_t width) {
  vec acc[ROWS][GROUP] = {};
  for (int k = 0; k < count; k++) {
    vec b[GROUP];
    UNROLL for (int j = 0; j < N; j++) b[j] = load(dz[k] + j * LANES);
    UNROLL for (int r = 0; r < R; r++) {
      const vec a = all(inputs[k][input + r]);
      UNROLL for (int j = 0; j < N; j++) acc[r][j] += a * b[j];
    }
  }
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int j = 0; j < N; j++) {
    float *to = sum + (input + r) * width + j * LANES;
    store(to, load(to) + acc[r][j]);
  }
}

/* Add to the gradient of the weights that meet `size` inputs, for one group of blocks. */
static void add_products(const float *const *inputs, int64_t size, const float *const *dz,
                         int count, int wide, float *sum, int64_t width) {
  const int64_t tiles = (size + ROWS - 1) / ROWS;
  for (int64_t tile = 0, at = 0; tile < tiles; tile++) {
    const int rows = (int)((size - at) / (tiles - tile));
#define TILE(R, N) \
  case R * 8 + N: outer(R, N, inputs, dz, count, at, sum, width); break;
    switch (rows * 8 + wide) { EVERY_TILE }
#undef TILE
    at += rows;
  }
}

/* Whether columns [from, to) hold a sum of those that begin with `first`. */
INLINE int holds(int64_t from, int64_t to, int first, int count, int64_t units) {
  return from < (first + count) * units && to > first * units;
}

static void add_pending(const Share *share, Pending *p) {
  const Layer *l = share->layer;
  const int64_t units = l->units, columns = SUMS * units, width = l->sums_width;
  float *recurrent = share->sums + l->features * width, *bias = recurrent + units * width;
  const float one = 1.0f, *ones[PENDING];
  float ends[PENDING * GROUP * LANES] = {0}; /* of rows that are no multiple of LANES long */
  for (int k = 0; k < p->count; k++) ones[k] = &one;
  for (int64_t from = 0; from < columns; from += GROUP * LANES) {
    const int64_t left = columns - from < GROUP * LANES ? columns - from : GROUP * LANES;
    const int wide = (int)((left + LANES - 1) / LANES);
    const float *dz[PENDING];
    for (int k = 0; k < p->count; k++) {
      dz[k] = p->dz[k] + from;
      if (left % LANES) dz[k] = memcpy(ends + k * GROUP * LANES, dz[k], sizeof(float) * left);
    }
    if (holds(from, from + left, X_FROM, X_SUMS, units))
      add_products(p->x, l->features, dz, p->count, wide, share->sums + from, width);
    if (holds(from, from + left, H_FROM, H_SUMS, units))
      add_products(p->h, units, dz, p->count, wide, recurrent + from, width);
    add_products(ones, 1, dz, p->count, wide, bias + from, width);
  }
  p->count = 0;
}
