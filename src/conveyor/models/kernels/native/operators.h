/* The two operators of a cell: a layer over a batch, and its gradient. The including file defines
 * the cell. */
#if defined(__linux__)
#include <malloc.h>
#endif
#include "backward.h"
#include "call.h"
#include "forward.h"

/* Pack weights: (depth, count * units) -> (blocks, depth, count, LANES), padded with zeros. Sum g
 * of the result is sum order[g] of the weights. Return NULL if there is no memory. */
static float *pack(Call *call, const float *w, const Layer *l, int64_t depth, int count,
                   const int *order) {
  float *out = scratch(call, l->blocks * depth * count * LANES, sizeof(float)), *p = out;
  if (!ok(call)) return NULL;
  for (int64_t block = 0; block < l->blocks; block++)
    for (int64_t k = 0; k < depth; k++)
      for (int g = 0; g < count; g++, p += LANES)
        store(p, load_some(w + (k * count + order[g]) * l->units + block * LANES,
                           (int)(l->units - block * LANES)));
  return out;
}

/* Pack the bias: (blocks, SUMS, LANES). A sum that x and h both enter gets both biases. */
static float *pack_bias(Call *call, const float *b, const Layer *l) {
  float *out = scratch(call, l->blocks * SUMS * LANES, sizeof(float)), *p = out;
  if (!ok(call)) return NULL;
  for (int64_t block = 0; block < l->blocks; block++)
    for (int g = 0; g < SUMS; g++, p += LANES) {
      const float *at = b + block * LANES;
      const int n = (int)(l->units - block * LANES), x = g - X_FROM, h = g - H_FROM;
      vec v = all(0.0f);
      if (x >= 0 && x < X_SUMS) v += load_some(at + X_ORDER[x] * l->units, n);
      if (BIASES == 2 && h >= 0 && h < H_SUMS)
        v += load_some(at + (X_SUMS + H_ORDER[h]) * l->units, n);
      store(p, v);
    }
  return out;
}

/* Pack the transposed recurrent weights: (units, H_SUMS * units) -> groups of up to GROUP blocks,
 * each (H_SUMS * units, blocks of the group, LANES), in the order of the sums. */
static float *pack_transposed(Call *call, const float *w, const Layer *l) {
  const int64_t units = l->units, depth = H_SUMS * units;
  float *out = scratch(call, l->blocks * depth * LANES, sizeof(float)), *p = out;
  if (!ok(call)) return NULL;
  for (int64_t block = 0; block < l->blocks; block += GROUP) {
    const int64_t wide = l->blocks - block < GROUP ? l->blocks - block : GROUP;
    for (int g = 0; g < H_SUMS; g++)
      for (int64_t k = H_ORDER[g] * units; k < (H_ORDER[g] + 1) * units; k++)
        for (int64_t u = block * LANES; u < (block + wide) * LANES; u++)
          *p++ = u < units ? w[u * depth + k] : 0.0f;
  }
  return out;
}

/* Write a row of the gradient of the weights in Keras's order. */
static void unpack(float *to, const float *sum, int64_t units, int first, int count,
                   const int *order) {
  for (int g = 0; g < count; g++)
    memcpy(to + order[g] * units, sum + (first + g) * units, sizeof(float) * units);
}

static int shapes_fit(Call *call, const Layer *l) {
  static const char rule[] =
      "x (batch, time, features) needs kernel (features, gates * units), recurrent (units, gates "
      "* units), Keras's bias for them, mask (batch, time) and states (batch, units)";
  const int64_t units = l->units, batch = l->batch;
  return is_shape(call, 0, 3, batch, l->time, rule) &&
         is_shape(call, 1, 2, l->features, X_SUMS * units, rule) &&
         is_shape(call, 2, 2, units, H_SUMS * units, rule) &&
         is_shape(call, 3, BIASES, BIASES == 2 ? 2 : X_SUMS * units, X_SUMS * units, rule) &&
         is_shape(call, 4, 2, batch, l->time, rule) && is_shape(call, 5, 2, batch, units, rule) &&
         (STATES == 1 || is_shape(call, 6, 2, batch, units, rule));
}

/* Read the sizes of the layer from x and from input number `recurrent`, the recurrent weights. */
static Layer layer_of(const Call *call, const Attributes *a, int recurrent) {
  Layer l = {.reverse = a->reverse, .repeat = a->repeat, .save = a->save};
  if (!ok(call)) return l;
  const TF_Tensor *x = call->tensors[0], *u = call->tensors[recurrent];
  if (TF_NumDims(x) == 3) l.batch = TF_Dim(x, 0), l.time = TF_Dim(x, 1), l.features = TF_Dim(x, 2);
  if (TF_NumDims(u) == 2) l.units = TF_Dim(u, 0);
  l.blocks = (l.units + LANES - 1) / LANES;
  return l;
}

static void compute_forward(void *attributes, TF_OpKernelContext *context) {
  Call call = {.context = context, .status = TF_NewStatus()};
  const float *x = input(&call), *kernel = input(&call), *recurrent = input(&call);
  const float *bias = input(&call);
  const unsigned char *mask = input(&call);
  const float *h0 = input(&call), *c0 = STATES == 2 ? input(&call) : NULL;
  Layer l = layer_of(&call, attributes, 2);
  if (ok(&call) && shapes_fit(&call, &l)) {
    const int64_t saved = l.save ? l.batch : 0, products = X_SUMS * l.features + H_SUMS * l.units;
    l.x = x, l.h0 = h0, l.c0 = c0, l.mask = mask;
    l.h = output(&call, 0, 3, l.batch, l.time, l.units);
    l.saved = output(&call, 1, 3, saved, l.time, SUMS * l.units);
    l.h_last = output(&call, 2, 2, l.batch, l.units, 0);
    if (STATES == 2) {
      l.c_last = output(&call, 3, 2, l.batch, l.units, 0);
      l.c = output(&call, 4, 3, saved, l.time, l.units);
    }
    l.kernel = pack(&call, kernel, &l, l.features, X_SUMS, X_ORDER);
    l.recurrent = pack(&call, recurrent, &l, l.units, H_SUMS, H_ORDER);
    l.bias = pack_bias(&call, bias, &l);
    run(&call, &l, forward_share, (double)(products * l.units));
  }
  finish(&call);
}

/* TensorFlow computes the gradient of x from `dz`, so a graph that does not need it can drop it. */
static void compute_backward(void *attributes, TF_OpKernelContext *context) {
  Call call = {.context = context, .status = TF_NewStatus()};
  const float *x = input(&call), *recurrent = input(&call);
  const unsigned char *mask = input(&call);
  Layer l = layer_of(&call, attributes, 1);
  TF_Tensor *dz = output_in_place_of(&call, 3, 0, l.batch, l.time, SUMS * l.units);
  float *saved = input(&call), *h = input(&call);
  const float *dh = input(&call), *h0 = input(&call), *dh_last = input(&call);
  const float *c0 = STATES == 2 ? input(&call) : NULL;
  float *c = STATES == 2 ? input(&call) : NULL;
  const float *dc_last = STATES == 2 ? input(&call) : NULL;
  const int64_t units = l.units, inputs = l.features + units;
  l.x = x, l.mask = mask, l.saved = saved, l.h = h, l.dh = dh, l.h0 = h0, l.dh_last = dh_last;
  l.c0 = c0, l.c = c, l.dc_last = dc_last;
  l.sums_width = (SUMS * units + LANES - 1) / LANES * LANES;
  l.pending_width = ((inputs + 16) / 16 | 1) * 16; /* odd, so that rows do not share cache lines */
  l.dz = hold(&call, dz);
  float *dkernel = output(&call, 1, 2, l.features, X_SUMS * units, 0);
  float *drecurrent = output(&call, 2, 2, units, H_SUMS * units, 0);
  float *dbias = BIASES == 2 ? output(&call, 3, 2, 2, X_SUMS * units, 0)
                             : output(&call, 3, 1, X_SUMS * units, 0, 0);
  l.dh0 = output(&call, 4, 2, l.batch, units, 0);
  if (STATES == 2) l.dc0 = output(&call, 5, 2, l.batch, units, 0);
  float *zeros = scratch(&call, H_SUMS * units, sizeof(float));
  if (ok(&call)) l.zeros = memset(zeros, 0, sizeof(float) * H_SUMS * units);
  l.recurrent = pack_transposed(&call, recurrent, &l);
  run(&call, &l, backward_share, (double)((2 * H_SUMS * units + X_SUMS * l.features) * units));
  for (int64_t i = 0; ok(&call) && i <= inputs; i++) {
    const float *sum = l.sums + i * l.sums_width;
    if (i < l.features) unpack(dkernel + i * X_SUMS * units, sum, units, X_FROM, X_SUMS, X_ORDER);
    else if (i > l.features)
      unpack(drecurrent + (i - l.features - 1) * H_SUMS * units, sum, units, H_FROM, H_SUMS,
             H_ORDER);
    else {
      unpack(dbias, sum, units, X_FROM, X_SUMS, X_ORDER);
      if (BIASES == 2) unpack(dbias + X_SUMS * units, sum, units, H_FROM, H_SUMS, H_ORDER);
    }
  }
  finish(&call);
}

__attribute__((constructor)) static void register_operators(void) {
#if defined(__GLIBC__)
  /* Keep freed memory. Otherwise the system takes it back after every training step, and returning
   * it page by page takes a tenth of the next step. */
  mallopt(M_MMAP_THRESHOLD, 32 << 20); /* the largest value that it accepts */
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
  const char *const forward[] = {
      "<x: float", "<kernel: float", "<recurrent: float", "<bias: float", "<mask: bool",
      "<h0: float", "2<c0: float", ">h: float", ">saved: float", ">h_last: float",
      "2>c_last: float", "2>c: float", "@reverse: bool", "@repeat: bool", "@save: bool", NULL};
  const char *const backward[] = {
      "<x: float", "<recurrent: float", "<mask: bool", "<saved: float", "<h: float", "<dh: float",
      "<h0: float", "<dh_last: float", "2<c0: float", "2<c: float", "2<dc_last: float",
      ">dz: float", ">dkernel: float", ">drecurrent: float", ">dbias: float", ">dh0: float",
      "2>dc0: float", "@reverse: bool", "@repeat: bool", NULL};
  define(NAME, STATES, forward, compute_forward);
  define(NAME "Grad", STATES, backward, compute_backward);
}
