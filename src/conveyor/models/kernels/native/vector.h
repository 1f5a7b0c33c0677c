/* Vectors of LANES floats, the functions of a cell on them, and the product that fills a tile. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
enum { GROUP = 4 }; /* vectors side by side in a tile */

typedef float vec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vec load(const float *p) { return *(const vec *)p; }
INLINE void store(float *p, vec v) { *(vec *)p = v; }
INLINE vec all(float x) { return (vec){} + x; }
INLINE vec least(vec a, vec b) { return __builtin_elementwise_min(a, b); }
INLINE vec most(vec a, vec b) { return __builtin_elementwise_max(a, b); }

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

/* acc[r][first + j] += sum over k of rows[r][k] * packed[k][j], for j below N */
INLINE void product(const int R, const int first, const int N, vec acc[ROWS][GROUP],
                    const float *const *rows, const float *packed, int64_t depth) {
  for (int64_t k = 0; k < depth; k++) {
    vec b[GROUP];
    UNROLL for (int j = 0; j < N; j++) b[j] = load(packed + ((size_t)k * N + j) * LANES);
    UNROLL for (int r = 0; r < R; r++) {
      const vec a = all(rows[r][k]);
      UNROLL for (int j = 0; j < N; j++) acc[r][first + j] += a * b[j];
    }
  }
}
