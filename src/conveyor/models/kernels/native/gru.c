/* The GRU of Cho et al. 2014, with the reset gate after the product, as in keras.layers.GRU with
 * reset_after=True. The candidate has two sums, since the reset gate multiplies one of them. Order
 * of the sums: candidate of x, update, reset, candidate of h. Order in Keras's weights: update,
 * reset, candidate. */
#include "cell.h"

#define NAME "ConveyorGRU"
enum { STATES = 1, SUMS = 4, X_FROM = 0, X_SUMS = 3, H_FROM = 1, H_SUMS = 3, BIASES = 2 };
static const int X_ORDER[] = {2, 0, 1}, H_ORDER[] = {0, 1, 2};

/* z: the sums on entry; candidate, update, reset and the candidate's sum of h on return. */
INLINE void step_forward(const int R, vec z[ROWS][GROUP], State *state) {
  const vec one = all(1.0f);
  UNROLL for (int r = 0; r < R; r++) {
    const vec eu = one + exponential(-1.0f, z[r][1]), er = one + exponential(-1.0f, z[r][2]);
    const vec inverse = one / (eu * er);
    z[r][1] = er * inverse;
    z[r][2] = eu * inverse;
  }
  UNROLL for (int r = 0; r < R; r++) {
    z[r][0] = hyperbolic_tangent(z[r][0] + z[r][2] * z[r][3]);
    state[r].h = z[r][0] + z[r][1] * (state[r].h - z[r][0]);
  }
}

/* z: values of the forward pass on entry; the gradient of the sums on return. d: the gradient of
 * the new state. Return the gradient of the old state, without the part that passes through the
 * sums. */
INLINE State step_backward(vec z[SUMS], State old, State new, State d) {
  (void)new;
  const vec one = all(1.0f), n = z[0], u = z[1], r = z[2], of_h = z[3];
  const vec dn = d.h * (one - u) * (one - n * n);
  z[0] = dn;
  z[1] = d.h * (old.h - n) * u * (one - u);
  z[2] = dn * of_h * r * (one - r);
  z[3] = dn * r;
  return (State){.h = d.h * u};
}

#include "operators.h"
