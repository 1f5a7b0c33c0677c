/* The data of one layer, and the positions of its steps. */
#pragma once
#include <stdint.h>
#include "vector.h"

enum { PENDING = 64 }; /* steps that are added to the gradient of the weights together */

typedef struct {
  int64_t batch, time, features, units, blocks; /* blocks of LANES units */
  int reverse, save, repeat; /* reverse time; save for backward; repeat outputs at masked steps */
  const float *x, *h0, *c0;  /* c is the second state of a cell that has one */
  const float *kernel, *recurrent, *bias; /* packed */
  const unsigned char *mask;
  int32_t *lengths;   /* number of unmasked steps of each row */
  int32_t *positions; /* (batch, time): their positions, in the order of computation */
  int32_t *order;     /* rows, longest first */
  float *h, *c, *saved, *h_last, *c_last; /* forward; `saved`: gates, (batch, time, SUMS, units) */
  const float *dh, *dh_last, *dc_last;
  float *dz, *dh0, *dc0; /* backward; `dz`: gradient of the sums, (batch, time, SUMS, units), in
                            the memory of `saved` if possible */
  float *sums; /* gradient of the weights, of each share: (features + 1 + units, sums_width); its
                  rows are those of the kernel, the bias and the recurrent kernel */
  int64_t sums_width, pending_width; /* row widths: of `sums`, and of their inputs, see weights.h */
  const float *zeros; /* the gradient of the sums after the last step of a row */
} Layer;

/* Rows that one thread computes, and the memory for them. */
typedef struct {
  const Layer *layer;
  int32_t *rows; /* longest first */
  int64_t count;
  float *h, *next, *c; /* (count, blocks * LANES): the states, or their gradients in backward */
  float *sums;         /* gradient of the weights of these rows */
  float *pending;      /* (PENDING, pending_width): inputs of steps that are not added yet */
} Share;

/* Return the position in (batch, time) of unmasked step number `step` of a row. */
INLINE int64_t place(const Layer *l, int64_t row, int64_t step) {
  return row * l->time + l->positions[row * l->time + step];
}

/* The same, where masked steps count too. */
INLINE int64_t nth_in_order(const Layer *l, int64_t row, int64_t step) {
  return row * l->time + (l->reverse ? l->time - 1 - step : step);
}

/* Return the state of a row before its unmasked step number `step`. */
INLINE const float *before(const Layer *l, const float *states, const float *first, int64_t row,
                           int64_t step) {
  return step ? states + place(l, row, step - 1) * l->units : first + row * l->units;
}
