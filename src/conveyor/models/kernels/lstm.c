/* One LSTM layer over a whole batch of sequences, forward and backward, as two TensorFlow CPU
 * operators behind TensorFlow's C interface.
 *
 * A step's input and state products, its gates and its state stay in vector registers: a tile of
 * up to ROWS rows holds all four gates of LANES units. Rows share no step, so they are dealt to
 * threads; a row's result does not depend on the number of threads or on its company. Steps that
 * the mask leaves out are not computed: they keep the state, and give the output before them again
 * or zeros, as in Keras. Gates stand in Keras's order: input, forget, candidate, output.
 *
 * Equations: Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000, as in
 * keras.layers.LSTM; backward: backpropagation through time.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif
/* TensorFlow's header names these as C++ does. */
typedef struct TF_OpDefinitionBuilder TF_OpDefinitionBuilder;
typedef struct TF_ShapeInferenceContext TF_ShapeInferenceContext;
typedef struct TF_ShapeHandle TF_ShapeHandle;
typedef struct TF_DimensionHandle TF_DimensionHandle;
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_tensor.h"

/* A tile's sums fill the vector registers, but for those that hold its factors. */
#if defined(__AVX512F__)
enum { LANES = 16, ROWS = 6 };
#define EVERY_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6)
#elif defined(__AVX__)
enum { LANES = 8, ROWS = 3 };
#define EVERY_HEIGHT(X) X(1) X(2) X(3)
#else
enum { LANES = 4, ROWS = 5 };
#define EVERY_HEIGHT(X) X(1) X(2) X(3) X(4) X(5)
#endif
#define EVERY_WIDTH(R) TILE(R, 1) TILE(R, 2) TILE(R, 3) TILE(R, 4)
#define EVERY_TILE EVERY_HEIGHT(EVERY_WIDTH)
enum { GATES = 4, GROUP = 4, MOST_THREADS = 64, PENDING = 64 };
/* The gradient of the weights is summed by shares of the rows, whose number follows from the batch
 * alone, so that it does not depend on the number of threads. */
enum { ROWS_OF_A_SHARE = 16, MOST_SHARES = 8 };
/* Multiplications worth a thread: about 0.2 ms of work, beside which starting it and waiting for it
 * on a busy machine is little. */
static const double WORK_OF_A_THREAD = 1e7;

typedef float vec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vec load(const float *p) { return *(const vec *)p; }
INLINE void store(float *p, vec v) { *(vec *)p = v; }
INLINE vec all(float x) { return (vec){} + x; }
INLINE vec least(vec a, vec b) { return __builtin_elementwise_min(a, b); }
INLINE vec most(vec a, vec b) { return __builtin_elementwise_max(a, b); }

/* exp for |x| <= 20: 2^n times a near-minimax polynomial on [-ln 2 / 2, ln 2 / 2]. */
INLINE vec exponential(vec x) {
  const vec n = __builtin_elementwise_roundeven(x * all(1.44269504f));
  const vec r = (x - n * all(0.693359375f)) + n * all(2.12194440e-4f);
  vec p = all(0.00139411085f);
  p = p * r + all(0.00837512594f);
  p = p * r + all(0.0416663513f);
  p = p * r + all(0.166664153f);
  p = p * r + all(0.5f);
  p = p * r + all(1.0f);
  p = p * r + all(1.0f);
  return (vec)((ivec)p + (__builtin_convertvector(n, ivec) << 23));
}

/* Beyond 20 a sigmoid is 0 or 1 in float32; products of four denominators stay finite. */
INLINE vec within(vec x) { return most(least(x, all(20.0f)), all(-20.0f)); }

INLINE vec hyperbolic_tangent(vec x) {
  const vec e = exponential(within(all(-2.0f) * x));
  return (all(1.0f) - e) / (all(1.0f) + e);
}

/* z -> sigmoid, sigmoid, tanh, sigmoid, with one division for the four. */
INLINE void activate(vec z[GATES]) {
  const vec one = all(1.0f);
  const vec ei = one + exponential(within(-z[0])), ef = one + exponential(within(-z[1]));
  const vec eg = exponential(within(all(-2.0f) * z[2])), eg1 = one + eg;
  const vec eo = one + exponential(within(-z[3]));
  const vec low = ei * ef, high = eg1 * eo, inverse = one / (low * high);
  const vec of_low = high * inverse, of_high = low * inverse;
  z[0] = ef * of_low;
  z[1] = ei * of_low;
  z[2] = (one - eg) * (eo * of_high);
  z[3] = eg1 * of_high;
}

/* Copy of at most LANES floats: a row of units need not be a multiple of LANES long. */
INLINE vec load_some(const float *p, int n) {
  if (n >= LANES) return load(p);
  vec v = {};
  memcpy(&v, p, sizeof(float) * n);
  return v;
}
INLINE void store_some(float *p, vec v, int n) {
  if (n >= LANES) store(p, v);
  else memcpy(p, &v, sizeof(float) * n);
}

/* acc[r][j] += sum over k of rows[r][k] * packed[k][j] */
INLINE void product(const int R, const int N, vec acc[ROWS][GROUP], const float *const *rows,
                    const float *packed, int depth) {
  for (int k = 0; k < depth; k++) {
    vec b[GROUP];
    UNROLL for (int j = 0; j < N; j++) b[j] = load(packed + ((size_t)k * N + j) * LANES);
    UNROLL for (int r = 0; r < R; r++) {
      const vec a = all(rows[r][k]);
      UNROLL for (int j = 0; j < N; j++) acc[r][j] += a * b[j];
    }
  }
}

typedef struct {
  int64_t batch, time, features, units, blocks; /* blocks of LANES units */
  int reverse, keep, repeat; /* from the end; what backward needs; outputs at masked steps */
  const float *x, *h0, *c0, *bias, *kernel, *recurrent; /* the last three packed */
  const unsigned char *mask;
  int32_t *lengths;   /* unmasked steps of each row */
  int32_t *positions; /* (batch, time): where they are, in the order in which they are computed */
  float *h, *h_last, *c_last, *gates, *c, *h_before; /* forward */
  const float *dh, *dh_last, *dc_last;
  float *dz, *dh0, *dc0; /* backward */
  float *sums; /* of each share: the weights' gradient, (features + units + 1, sums_width) */
  int64_t sums_width;
  const int32_t *order;  /* rows, longest first */
} Layer;

typedef struct {
  const Layer *layer;
  int first, stride; /* of `order` */
  float *sums;       /* its own gradient of the weights */
} Share;

INLINE int64_t place(const Layer *l, int64_t row, int64_t step) {
  return row * l->time + l->positions[row * l->time + step];
}

/* ---------------------------------------------------------------- forward */

INLINE void forward_tile(const int R, const Layer *l, const int32_t *rows, int64_t step,
                         const float *h_old, float *h_new, float *c_now, int64_t block) {
  const int64_t units = l->units, width = l->blocks * LANES;
  const int n = (int)(units - block * LANES);
  const float *x[ROWS], *h[ROWS];
  int64_t at[ROWS];
  vec acc[ROWS][GROUP];
  UNROLL for (int r = 0; r < R; r++) {
    at[r] = place(l, rows[r], step);
    x[r] = l->x + at[r] * l->features;
    h[r] = h_old + r * width;
    UNROLL for (int g = 0; g < GATES; g++)
      acc[r][g] = load(l->bias + (block * GATES + g) * LANES);
  }
  product(R, GATES, acc, x, l->kernel + block * l->features * GATES * LANES, (int)l->features);
  product(R, GATES, acc, h, l->recurrent + block * units * GATES * LANES, (int)units);
  UNROLL for (int r = 0; r < R; r++) {
    vec *z = acc[r];
    float *c_place = c_now + r * width + block * LANES;
    activate(z);
    const vec c = z[1] * load(c_place) + z[0] * z[2];
    const vec out = z[3] * hyperbolic_tangent(c);
    store(c_place, c);
    store(h_new + r * width + block * LANES, out);
    store_some(l->h + at[r] * units + block * LANES, out, n);
    if (l->keep) {
      UNROLL for (int g = 0; g < GATES; g++)
        store_some(l->gates + at[r] * GATES * units + g * units + block * LANES, z[g], n);
      store_some(l->c + at[r] * units + block * LANES, c, n);
      store_some(l->h_before + at[r] * units + block * LANES,
                 load(h[r] + block * LANES), n);
    }
  }
}

static void forward_step(const Layer *l, const int32_t *rows, int active, int64_t step,
                         const float *h_old, float *h_new, float *c) {
  const int64_t width = l->blocks * LANES;
  const int tiles = (active + ROWS - 1) / ROWS;
  for (int64_t block = 0; block < l->blocks; block++)
    for (int tile = 0, at = 0; tile < tiles; tile++) {
      const int size = (active - at) / (tiles - tile);
#define TILE(R) \
  case R: forward_tile(R, l, rows + at, step, h_old + at * width, h_new + at * width, \
                       c + at * width, block); break;
      switch (size) { EVERY_HEIGHT(TILE) }
#undef TILE
      at += size;
    }
}

INLINE int64_t nth_in_order(const Layer *l, int64_t row, int64_t step) {
  return row * l->time + (l->reverse ? l->time - 1 - step : step);
}

/* The outputs of a row's masked steps. */
static void fill_masked(const Layer *l, int64_t row) {
  const size_t bytes = sizeof(float) * l->units;
  int64_t before = -1;
  if (l->lengths[row] == l->time) return;
  for (int64_t step = 0; step < l->time; step++) {
    const int64_t at = nth_in_order(l, row, step);
    if (l->mask[at]) { before = at; continue; }
    if (l->repeat && before >= 0) memcpy(l->h + at * l->units, l->h + before * l->units, bytes);
    else memset(l->h + at * l->units, 0, bytes);
    if (l->keep) memset(l->h_before + at * l->units, 0, bytes); /* is multiplied by zeros */
  }
}

static int my_rows(const Share *share, int32_t *rows) {
  int count = 0;
  for (int64_t i = share->first; i < share->layer->batch; i += share->stride)
    rows[count++] = share->layer->order[i];
  return count;
}

static void flush_denormals(void) {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
}

static void forward_share(const Share *share) {
  const Layer *l = share->layer;
  const int64_t units = l->units, width = l->blocks * LANES;
  int32_t *rows = malloc(sizeof(int32_t) * (l->batch + 1));
  const int count = my_rows(share, rows);
  float *h = calloc(2 * count * width + 1, sizeof(float)), *next = h + count * width;
  float *c = calloc(count * width + 1, sizeof(float)), *first = h;
  flush_denormals();
  for (int i = 0; i < count; i++) {
    memcpy(h + i * width, l->h0 + rows[i] * units, sizeof(float) * units);
    memcpy(c + i * width, l->c0 + rows[i] * units, sizeof(float) * units);
  }
  int active = count;
  for (int64_t step = 0;; step++) {
    while (active && l->lengths[rows[active - 1]] <= step) {
      const int i = --active; /* this row has ended */
      memcpy(l->h_last + rows[i] * units, h + i * width, sizeof(float) * units);
      memcpy(l->c_last + rows[i] * units, c + i * width, sizeof(float) * units);
      fill_masked(l, rows[i]);
    }
    if (!active) break;
    forward_step(l, rows, active, step, h, next, c);
    float *swap = h; h = next; next = swap;
  }
  free(first); free(c); free(rows);
}

/* --------------------------------------------------------------- backward */

/* Moves to the step computed after `at`, if it is a masked one of the same row. */
INLINE int masked_behind(const Layer *l, int64_t row, int64_t *at) {
  *at += l->reverse ? -1 : 1;
  return *at >= row * l->time && *at < (row + 1) * l->time && !l->mask[*at];
}

/* The gradient of a row's output at `step`, from the step behind it, for up to GROUP blocks. */
INLINE void backward_tile(const int R, const int N, const Layer *l, const int32_t *rows,
                          int64_t step, const float *const *behind, float *dh_now, float *dc_now,
                          int64_t block) {
  const int64_t units = l->units, width = l->blocks * LANES;
  vec acc[ROWS][GROUP] = {};
  product(R, N, acc, behind, l->recurrent + block * GATES * units * LANES, (int)(GATES * units));
  vec sums[ROWS][GROUP]; /* `acc` must not be indexed by a variable, or it leaves the registers */
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int j = 0; j < N; j++) sums[r][j] = acc[r][j];
  for (int r = 0; r < R; r++)
    for (int j = 0; j < N; j++) {
      const int64_t from = (block + j) * LANES;
      const int n = (int)(units - from);
      const vec received = sums[r][j] + load(dh_now + r * width + from);
      if (step < 0) {
        store(dh_now + r * width + from, received);
        continue;
      }
      store(dh_now + r * width + from, (vec){}); /* what the row's end received, used once */
      const int64_t at = place(l, rows[r], step), row = rows[r];
      const float *gate = l->gates + at * GATES * units + from;
      const vec i = load_some(gate, n), f = load_some(gate + units, n);
      const vec g = load_some(gate + 2 * units, n), o = load_some(gate + 3 * units, n);
      const float *before = step ? l->c + place(l, row, step - 1) * units : l->c0 + row * units;
      const vec one = all(1.0f), tc = hyperbolic_tangent(load_some(l->c + at * units + from, n));
      vec dh = received + load_some(l->dh + at * units + from, n);
      if (l->repeat && l->lengths[row] < l->time) /* its copies at masked steps behind it */
        for (int64_t next = at; masked_behind(l, row, &next);)
          dh += load_some(l->dh + next * units + from, n);
      const vec dc = load(dc_now + r * width + from) + dh * o * (one - tc * tc);
      float *dz = l->dz + at * GATES * units + from;
      store_some(dz, dc * g * i * (one - i), n);
      store_some(dz + units, dc * load_some(before + from, n) * f * (one - f), n);
      store_some(dz + 2 * units, dc * i * (one - g * g), n);
      store_some(dz + 3 * units, dh * tc * o * (one - o), n);
      store(dc_now + r * width + from, dc * f);
    }
}

static void backward_step(const Layer *l, const int32_t *rows, int active, int64_t step,
                          const float *nothing, float *dh, float *dc) {
  const int64_t units = l->units, width = l->blocks * LANES;
  const int tiles = (active + ROWS - 1) / ROWS;
  for (int64_t block = 0; block < l->blocks; block += GROUP) {
    const int wide = (int)(l->blocks - block < GROUP ? l->blocks - block : GROUP);
    for (int tile = 0, at = 0; tile < tiles; tile++) {
      const int size = (active - at) / (tiles - tile);
      const float *behind[ROWS];
      for (int r = 0; r < size; r++) {
        const int64_t row = rows[at + r];
        behind[r] = step + 1 < l->lengths[row]
                        ? l->dz + place(l, row, step + 1) * GATES * units : nothing;
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

/* What a row's last output and state receive from outside, and zeros at its masked steps. */
static void begin_backward(const Layer *l, int64_t row, float *dh, float *dc) {
  const int64_t units = l->units;
  memcpy(dh, l->dh_last + row * units, sizeof(float) * units);
  memcpy(dc, l->dc_last + row * units, sizeof(float) * units);
  for (int64_t at = row * l->time; at < (row + 1) * l->time; at++)
    if (!l->mask[at]) memset(l->dz + at * GATES * units, 0, sizeof(float) * GATES * units);
}

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
    float *place = sum + (input + r) * width + j * LANES;
    store(place, load(place) + acc[r][j]);
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

/* Steps whose products are still to be added to the gradient of the weights. */
typedef struct {
  const float *x[PENDING], *h[PENDING], *dz[PENDING];
  int count;
} Pending;

static void add_pending(const Share *share, Pending *p) {
  const Layer *l = share->layer;
  const int64_t gates = GATES * l->units, width = l->sums_width;
  float *recurrent = share->sums + l->features * width, *bias = recurrent + l->units * width;
  const float one = 1.0f, *ones[PENDING];
  float ends[PENDING * GROUP * LANES] = {0}; /* of rows that are no multiple of LANES long */
  for (int k = 0; k < p->count; k++) ones[k] = &one;
  for (int64_t from = 0; from < gates; from += GROUP * LANES) {
    const int64_t left = gates - from < GROUP * LANES ? gates - from : GROUP * LANES;
    const int wide = (int)((left + LANES - 1) / LANES);
    const float *dz[PENDING];
    for (int k = 0; k < p->count; k++) {
      dz[k] = p->dz[k] + from;
      if (left % LANES) dz[k] = memcpy(ends + k * GROUP * LANES, dz[k], sizeof(float) * left);
    }
    add_products(p->x, l->features, dz, p->count, wide, share->sums + from, width);
    add_products(p->h, l->units, dz, p->count, wide, recurrent + from, width);
    add_products(ones, 1, dz, p->count, wide, bias + from, width);
  }
  p->count = 0;
}

static void backward_share(const Share *share) {
  const Layer *l = share->layer;
  const int64_t units = l->units, width = l->blocks * LANES;
  int32_t *rows = malloc(sizeof(int32_t) * (l->batch + 1));
  const int count = my_rows(share, rows);
  float *dh = calloc(count * width + 1, sizeof(float));
  float *dc = calloc(count * width + 1, sizeof(float));
  float *nothing = calloc(GATES * units, sizeof(float));
  Pending pending = {.count = 0};
  flush_denormals();
  for (int i = 0; i < count; i++) begin_backward(l, rows[i], dh + i * width, dc + i * width);
  int active = 0;
  for (int64_t step = count ? l->lengths[rows[0]] - 1 : -1; step >= 0; step--) {
    while (active < count && l->lengths[rows[active]] > step) active++;
    backward_step(l, rows, active, step, nothing, dh, dc);
    for (int i = 0; i < active; i++) {
      const int64_t at = place(l, rows[i], step);
      pending.x[pending.count] = l->x + at * l->features;
      pending.h[pending.count] = l->h_before + at * units;
      pending.dz[pending.count] = l->dz + at * GATES * units;
      if (++pending.count == PENDING) add_pending(share, &pending);
    }
  }
  add_pending(share, &pending);
  backward_step(l, rows, count, -1, nothing, dh, dc);
  for (int i = 0; i < count; i++) {
    memcpy(l->dh0 + rows[i] * units, dh + i * width, sizeof(float) * units);
    memcpy(l->dc0 + rows[i] * units, dc + i * width, sizeof(float) * units);
  }
  free(dh); free(dc); free(nothing); free(rows);
}

/* ---------------------------------------------------------------- threads */

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

static int32_t *longest_first(const int32_t *lengths, int64_t batch) {
  int64_t *keys = malloc(sizeof(int64_t) * (batch + 1));
  int32_t *order = malloc(sizeof(int32_t) * (batch + 1));
  for (int64_t i = 0; i < batch; i++) keys[i] = ((int64_t)(INT32_MAX - lengths[i]) << 32) | i;
  qsort(keys, batch, sizeof(int64_t), compare_keys);
  for (int64_t i = 0; i < batch; i++) order[i] = (int32_t)(keys[i] & 0xffffffff);
  free(keys);
  return order;
}

static void find_positions(Layer *l) {
  l->lengths = malloc(sizeof(int32_t) * (l->batch + 1));
  l->positions = malloc(sizeof(int32_t) * (l->batch * l->time + 1));
  for (int64_t row = 0; row < l->batch; row++) {
    int32_t count = 0;
    for (int64_t step = 0; step < l->time; step++) {
      const int64_t at = nth_in_order(l, row, step) - row * l->time;
      if (l->mask[row * l->time + at]) l->positions[row * l->time + count++] = (int32_t)at;
    }
    l->lengths[row] = count;
  }
}

typedef struct {
  void (*body)(const Share *);
  const Share *shares;
  int first, stride, count;
} Worker;

static void *work_shares(void *argument) {
  const Worker *w = argument;
  for (int i = w->first; i < w->count; i += w->stride) w->body(&w->shares[i]);
  return NULL;
}

/* Deal the rows to shares, and those to as many threads as the work is worth. */
static void run(Layer *l, void (*body)(const Share *), int64_t depth) {
  double steps = 0;
  find_positions(l);
  l->order = longest_first(l->lengths, l->batch);
  for (int64_t i = 0; i < l->batch; i++) steps += l->lengths[i];
  int count = (int)(steps * (double)(GATES * l->units * depth) / WORK_OF_A_THREAD);
  const int most = most_threads();
  count = count > most ? most : count;
  count = count > l->batch ? (int)l->batch : count;
  count = count < 1 ? 1 : count;
  int deal = count;
  if (l->sums) {
    deal = (int)(l->batch / ROWS_OF_A_SHARE);
    deal = deal < 1 ? 1 : deal > MOST_SHARES ? MOST_SHARES : deal;
    count = count > deal ? deal : count;
  }
  const int64_t sums = (l->features + l->units + 1) * l->sums_width;
  pthread_t helpers[MOST_THREADS];
  Worker workers[MOST_THREADS];
  Share shares[MOST_THREADS];
  int started[MOST_THREADS] = {0};
  for (int i = 0; i < deal; i++) shares[i] = (Share){l, i, deal, l->sums + i * sums};
  for (int i = count - 1; i >= 0; i--) {
    workers[i] = (Worker){body, shares, i, count, deal};
    if (i) started[i] = !pthread_create(&helpers[i], NULL, work_shares, &workers[i]);
    if (!started[i]) work_shares(&workers[i]);
  }
  for (int i = 1; i < count; i++)
    if (started[i]) pthread_join(helpers[i], NULL);
  if (l->sums)
    for (int share = 1; share < deal; share++)
      for (int64_t i = 0; i < sums; i++) l->sums[i] += l->sums[share * sums + i];
  free((void *)l->order);
  free(l->lengths);
  free(l->positions);
}

/* ---------------------------------------------------------------- packing */

static void *aligned(size_t floats) {
  void *p = NULL;
  return posix_memalign(&p, 64, sizeof(float) * (floats + LANES)) ? NULL : p;
}

/* (depth, 4 units) -> (blocks, depth, 4, LANES), filled up with zeros. */
static float *pack_gates(const float *w, int64_t depth, int64_t units, int64_t blocks) {
  float *out = aligned(blocks * depth * GATES * LANES), *p = out;
  for (int64_t block = 0; block < blocks; block++)
    for (int64_t k = 0; k < depth; k++)
      for (int g = 0; g < GATES; g++, p += LANES)
        store(p, load_some(w + (k * GATES + g) * units + block * LANES,
                           (int)(units - block * LANES)));
  return out;
}

/* (units, 4 units) -> groups of GROUP blocks of its transpose: (4 units, up to GROUP, LANES). */
static float *pack_transposed(const float *w, int64_t units, int64_t blocks) {
  const int64_t depth = GATES * units;
  float *out = aligned(blocks * depth * LANES), *p = out;
  for (int64_t block = 0; block < blocks; block += GROUP) {
    const int64_t wide = blocks - block < GROUP ? blocks - block : GROUP;
    for (int64_t k = 0; k < depth; k++)
      for (int64_t u = block * LANES; u < (block + wide) * LANES; u++)
        *p++ = u < units ? w[u * depth + k] : 0.0f;
  }
  return out;
}

/* -------------------------------------------------------------- operators */

typedef struct { int reverse, keep, repeat; } Attributes;

static int flag(TF_OpKernelConstruction *c, const char *name, TF_Status *s) {
  unsigned char value = 0;
  TF_OpKernelConstruction_GetAttrBool(c, name, &value, s);
  return value;
}
static void *create_forward(TF_OpKernelConstruction *c) {
  TF_Status *s = TF_NewStatus();
  Attributes *a = malloc(sizeof *a);
  *a = (Attributes){flag(c, "reverse", s), flag(c, "keep", s), flag(c, "repeat", s)};
  TF_DeleteStatus(s);
  return a;
}
static void *create_backward(TF_OpKernelConstruction *c) {
  TF_Status *s = TF_NewStatus();
  Attributes *a = malloc(sizeof *a);
  *a = (Attributes){flag(c, "reverse", s), 1, flag(c, "repeat", s)};
  TF_DeleteStatus(s);
  return a;
}

typedef struct {
  TF_Tensor *tensors[16];
  int count;
  TF_OpKernelContext *context;
  TF_Status *status;
} Call;

static TF_Tensor *input(Call *call, int i) {
  TF_Tensor *t = NULL;
  TF_GetInput(call->context, i, &t, call->status);
  if (t) call->tensors[call->count++] = t;
  return t;
}
static const void *data(Call *call, int i) {
  TF_Tensor *t = input(call, i);
  return t ? TF_TensorData(t) : NULL;
}
static float *output(Call *call, int i, int rank, int64_t a, int64_t b, int64_t c) {
  int64_t dims[3] = {a, b, c};
  size_t bytes = sizeof(float);
  for (int d = 0; d < rank; d++) bytes *= dims[d];
  TF_Tensor *t = TF_AllocateOutput(call->context, i, TF_FLOAT, dims, rank, bytes, call->status);
  if (!t || TF_GetCode(call->status) != TF_OK) return NULL;
  call->tensors[call->count++] = t;
  return TF_TensorData(t);
}
static void finish(Call *call) {
  if (TF_GetCode(call->status) != TF_OK) TF_OpKernelContext_Failure(call->context, call->status);
  for (int i = 0; i < call->count; i++) TF_DeleteTensor(call->tensors[i]);
  TF_DeleteStatus(call->status);
}
/* Whether an input has this shape; without it, memory of others would be read. */
static int is_shape(Call *call, int i, int rank, int64_t a, int64_t b) {
  const TF_Tensor *t = call->tensors[i];
  if (TF_NumDims(t) == rank && TF_Dim(t, 0) == a && (rank < 2 || TF_Dim(t, 1) == b)) return 1;
  TF_SetStatus(call->status, TF_INVALID_ARGUMENT,
               "x (batch, time, features) needs kernel (features, 4 units), recurrent (units, "
               "4 units), bias (4 units), h0 and c0 (batch, units) and mask (batch, time)");
  return 0;
}
static int shapes_fit(Call *call) {
  const TF_Tensor *x = call->tensors[0], *u = call->tensors[2];
  const int64_t units = TF_NumDims(u) == 2 ? TF_Dim(u, 0) : -1;
  if (TF_NumDims(x) != 3) return is_shape(call, 0, 3, -1, -1);
  const int64_t batch = TF_Dim(x, 0), time = TF_Dim(x, 1), gates = GATES * units;
  return is_shape(call, 1, 2, TF_Dim(x, 2), gates) && is_shape(call, 2, 2, units, gates) &&
         is_shape(call, 3, 1, gates, 0) && is_shape(call, 4, 2, batch, units) &&
         is_shape(call, 5, 2, batch, units) && is_shape(call, 6, 2, batch, time);
}

static void compute_forward(void *kernel, TF_OpKernelContext *context) {
  const Attributes *a = kernel;
  Call call = {.context = context, .status = TF_NewStatus()};
  TF_Tensor *x = input(&call, 0);
  const float *w = data(&call, 1), *u = data(&call, 2), *b = data(&call, 3);
  Layer l = {.reverse = a->reverse, .keep = a->keep, .repeat = a->repeat,
             .h0 = data(&call, 4), .c0 = data(&call, 5), .mask = data(&call, 6)};
  if (TF_GetCode(call.status) == TF_OK && shapes_fit(&call)) {
    l.x = TF_TensorData(x);
    l.batch = TF_Dim(x, 0), l.time = TF_Dim(x, 1), l.features = TF_Dim(x, 2);
    l.units = TF_Dim(call.tensors[2], 0);
    l.blocks = (l.units + LANES - 1) / LANES;
    const int64_t kept = l.keep ? l.batch : 0;
    l.h = output(&call, 0, 3, l.batch, l.time, l.units);
    l.h_last = output(&call, 1, 2, l.batch, l.units, 0);
    l.c_last = output(&call, 2, 2, l.batch, l.units, 0);
    l.gates = output(&call, 3, 3, kept, l.time, GATES * l.units);
    l.c = output(&call, 4, 3, kept, l.time, l.units);
    l.h_before = output(&call, 5, 3, kept, l.time, l.units);
  }
  if (TF_GetCode(call.status) == TF_OK) {
    float *kernel_packed = pack_gates(w, l.features, l.units, l.blocks);
    float *recurrent = pack_gates(u, l.units, l.units, l.blocks);
    float *bias = pack_gates(b, 1, l.units, l.blocks);
    l.kernel = kernel_packed, l.recurrent = recurrent, l.bias = bias;
    run(&l, forward_share, l.features + l.units);
    free(kernel_packed); free(recurrent); free(bias);
  }
  finish(&call);
}

static void compute_backward(void *kernel, TF_OpKernelContext *context) {
  const Attributes *a = kernel;
  Call call = {.context = context, .status = TF_NewStatus()};
  TF_Tensor *x = input(&call, 0);
  const float *u = data(&call, 1);
  Layer l = {.reverse = a->reverse, .keep = 1, .repeat = a->repeat, .c0 = data(&call, 2),
             .mask = data(&call, 3), .gates = (float *)data(&call, 4),
             .c = (float *)data(&call, 5), .h_before = (float *)data(&call, 6),
             .dh = data(&call, 7), .dh_last = data(&call, 8), .dc_last = data(&call, 9)};
  float *dkernel = NULL, *drecurrent = NULL, *dbias = NULL;
  const int64_t gates = x ? GATES * TF_Dim(call.tensors[1], 0) : 0;
  if (TF_GetCode(call.status) == TF_OK) {
    l.x = TF_TensorData(x);
    l.batch = TF_Dim(x, 0), l.time = TF_Dim(x, 1), l.features = TF_Dim(x, 2);
    l.units = gates / GATES;
    l.blocks = (l.units + LANES - 1) / LANES;
    l.dz = output(&call, 0, 3, l.batch, l.time, gates);
    dkernel = output(&call, 1, 2, l.features, gates, 0);
    drecurrent = output(&call, 2, 2, l.units, gates, 0);
    dbias = output(&call, 3, 1, gates, 0, 0);
    l.dh0 = output(&call, 4, 2, l.batch, l.units, 0);
    l.dc0 = output(&call, 5, 2, l.batch, l.units, 0);
  }
  if (TF_GetCode(call.status) == TF_OK) {
    float *transposed = pack_transposed(u, l.units, l.blocks);
    l.recurrent = transposed;
    l.sums_width = (gates + LANES - 1) / LANES * LANES;
    l.sums = calloc(MOST_SHARES * (l.features + l.units + 1) * l.sums_width, sizeof(float));
    run(&l, backward_share, 2 * l.units + l.features);
    const float *sum = l.sums;
    for (int64_t i = 0; i < l.features + l.units + 1; i++, sum += l.sums_width) {
      float *to = i < l.features ? dkernel + i * gates : drecurrent + (i - l.features) * gates;
      memcpy(i == l.features + l.units ? dbias : to, sum, sizeof(float) * gates);
    }
    free(l.sums);
    free(transposed);
  }
  finish(&call);
}

static void delete_kernel(void *kernel) { free(kernel); }

static void define(const char *name, const char *const *parts,
                   void *(*create)(TF_OpKernelConstruction *),
                   void (*compute)(void *, TF_OpKernelContext *)) {
  TF_Status *status = TF_NewStatus();
  TF_OpDefinitionBuilder *op = TF_NewOpDefinitionBuilder(name);
  for (; *parts; parts++) {
    if (**parts == '<') TF_OpDefinitionBuilderAddInput(op, *parts + 1);
    if (**parts == '>') TF_OpDefinitionBuilderAddOutput(op, *parts + 1);
    if (**parts == '@') TF_OpDefinitionBuilderAddAttr(op, *parts + 1);
  }
  TF_RegisterOpDefinition(op, status);
  TF_KernelBuilder *builder = TF_NewKernelBuilder(name, "CPU", create, compute, delete_kernel);
  TF_RegisterKernelBuilder(name, builder, status);
  TF_DeleteStatus(status);
}

__attribute__((constructor)) static void register_operators(void) {
  const char *const forward[] = {
      "<x: float", "<kernel: float", "<recurrent: float", "<bias: float", "<h0: float",
      "<c0: float", "<mask: bool", ">h: float", ">h_last: float", ">c_last: float",
      ">gates: float", ">c: float", ">h_before: float", "@reverse: bool", "@keep: bool",
      "@repeat: bool", NULL};
  const char *const backward[] = {
      "<x: float", "<recurrent: float", "<c0: float", "<mask: bool", "<gates: float", "<c: float",
      "<h_before: float", "<dh: float", "<dh_last: float", "<dc_last: float", ">dz: float",
      ">dkernel: float", ">drecurrent: float", ">dbias: float", ">dh0: float", ">dc0: float",
      "@reverse: bool", "@repeat: bool", NULL};
  define("ConveyorLSTM", forward, create_forward, compute_forward);
  define("ConveyorLSTMGrad", backward, create_backward, compute_backward);
}
