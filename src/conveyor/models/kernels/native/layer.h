/* One layer's data, and where its steps are. */
#pragma once
#include <stdint.h>
#include "vector.h"

enum { PENDING = 64 }; /* steps whose products are added to the gradient of the weights at once */

typedef struct {
  int64_t batch, time, features, units, blocks; /* blocks of LANES units */
  int reverse, keep, repeat; /* from the end; what backward needs; outputs at masked steps */
  const float *x, *h0, *c0;  /* c, where the cell has it: its second state */
  const float *kernel, *recurrent, *bias; /* packed */
  const unsigned char *mask;
  int32_t *lengths;   /* unmasked steps of each row */
  int32_t *positions; /* (batch, time): where they are, in the order in which they are computed */
  int32_t *order;     /* rows, longest first */
  float *h, *c, *kept, *h_last, *c_last; /* forward; `kept`: (batch, time, SUMS, units) */
  const float *dh, *dh_last, *dc_last;
  float *dz, *dh0, *dc0; /* backward; `dz`: gradient of the sums, (batch, time, SUMS, units), where
                            it can be in the place of `kept` */
  float *sums; /* of each share: the weights' gradient, (features + 1 + units, sums_width): that of
                  the kernel, the bias, the recurrent kernel */
  int64_t sums_width, pending_width; /* of a row of the inputs of these sums, see weights.h */
  const float *zeros; /* the sums' gradient behind a row's last step */
} Layer;

/* Rows that one thread computes, and its own memory. */
typedef struct {
  const Layer *layer;
  int32_t *rows; /* longest first */
  int64_t count;
  float *h, *next, *c; /* (count, blocks * LANES): the states; backward, their gradients */
  float *sums;         /* its own gradient of the weights */
  float *pending;      /* (PENDING, pending_width): inputs of steps still to be added to it */
} Share;

/* Where the step that a row computes as number `step` lies in (batch, time). */
INLINE int64_t place(const Layer *l, int64_t row, int64_t step) {
  return row * l->time + l->positions[row * l->time + step];
}

/* The same with masked steps counted. */
INLINE int64_t nth_in_order(const Layer *l, int64_t row, int64_t step) {
  return row * l->time + (l->reverse ? l->time - 1 - step : step);
}

/* A row's state before its step number `step`. */
INLINE const float *before(const Layer *l, const float *states, const float *first, int64_t row,
                           int64_t step) {
  return step ? states + place(l, row, step - 1) * l->units : first + row * l->units;
}
