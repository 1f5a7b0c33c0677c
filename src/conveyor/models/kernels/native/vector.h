/* Vectors of LANES floats, the activation functions on them, and the product of a tile. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
/* The sums of a tile fill the vector registers (16 or 32), except those that hold one column of
 * factors and one vector of weights. */
#if defined(__x86_64__) && !defined(__AVX512F__)
enum { ROWS = 3 };
#define EVERY_HEIGHT(X) X(1) X(2) X(3)
#else
enum { ROWS = 6 };
#define EVERY_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif
#define EVERY_WIDTH(R) TILE(R, 1) TILE(R, 2) TILE(R, 3) TILE(R, 4)
#define EVERY_TILE EVERY_HEIGHT(EVERY_WIDTH)
enum { GROUP = 4 }; /* vectors of a row in a tile */

typedef float vec __attribute__((ext_vector_type(LANES), aligned(4), may_alias));
typedef int32_t ivec __attribute__((ext_vector_type(LANES)));
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vec load(const float *p) { return *(const vec *)p; }
INLINE void store(float *p, vec v) { *(vec *)p = v; }
INLINE vec all(float x) { return (vec)x; }
/* Prefetch n floats. Rows lie too far apart for the processor to predict the access. */
INLINE void fetch(const float *p, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) __builtin_prefetch(p + i, 0);
}
INLINE void fetch_to_write(const float *p, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) __builtin_prefetch(p + i, 1);
}

/* Load or store at most LANES floats: the number of units need not be a multiple of LANES. */
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

/* Compute e^(times * x) for negative `times`. The exponent is limited to [-20, 20]: beyond, a
 * sigmoid is 0 or 1 in float32; within, a product of four denominators is finite. NaN gives NaN.
 *
 * The result is 2^n 2^r: 2^n through the bits of a float, and 2^r, |r| <= 1/2, by a near-minimax
 * polynomial (relative error 1e-7). Adding 1.5 * 2^23 rounds to an integer in the lowest bits. */
INLINE vec exponential(const float times, vec x) {
  const vec limit = all(-20.0f / times);
  const vec scale = all(times * 1.44269504f), rounder = all(12582912.0f);
  x = x > limit ? limit : x;
  x = x < -limit ? -limit : x;
  const vec rounded = x * scale + rounder, n = rounded - rounder, r = x * scale - n;
  vec p = all(0.0013264659f);
  p = p * r + all(0.00967156598f);
  p = p * r + all(0.0555073439f);
  p = p * r + all(0.240222413f);
  p = p * r + all(0.693146977f);
  p = p * r + all(1.0f);
  return (vec)((ivec)p + ((ivec)rounded << 23));
}

INLINE vec hyperbolic_tangent(vec x) {
  const vec e = exponential(-2.0f, x);
  return (all(1.0f) - e) / (all(1.0f) + e);
}

/* acc[r][first + j] += sum over k of rows[r][k * stride] * packed[k][j], for j < N. Registers hold
 * one column of `rows` and one vector of `packed`. */
INLINE void product(const int R, const int first, const int N, vec acc[ROWS][GROUP],
                    const float *const *rows, const int64_t stride, const float *packed,
                    int64_t depth) {
  for (int64_t k = 0; k < depth; k++) {
    vec a[ROWS];
    UNROLL for (int r = 0; r < R; r++) a[r] = all(rows[r][k * stride]);
    UNROLL for (int j = 0; j < N; j++) {
      const vec b = load(packed + ((size_t)k * N + j) * LANES);
      UNROLL for (int r = 0; r < R; r++) acc[r][first + j] += a[r] * b;
    }
  }
}
