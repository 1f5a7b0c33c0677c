/* The LSTM: Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000, as in
 * keras.layers.LSTM. Sums in Keras's order: input, forget, candidate, output. */
#include "cell.h"

#define NAME "ConveyorLSTM"
enum { STATES = 2, SUMS = 4, X_FROM = 0, X_SUMS = 4, H_FROM = 0, H_SUMS = 4, BIASES = 1 };
static const int X_ORDER[] = {0, 1, 2, 3}, H_ORDER[] = {0, 1, 2, 3};

/* z -> sigmoid, sigmoid, tanh, sigmoid, with one division for the four. */
INLINE void activate(vec z[SUMS]) {
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

/* z: sums -> gates. */
INLINE State step_forward(vec z[SUMS], State old) {
  activate(z);
  const vec c = z[1] * old.c + z[0] * z[2];
  return (State){.h = z[3] * hyperbolic_tangent(c), .c = c};
}

/* z: gates -> the gradient of their sums. d: what the new state receives; returns what the old one
 * does, but for what reaches it through the sums. */
INLINE State step_backward(vec z[SUMS], State old, State new, State d) {
  const vec one = all(1.0f), tc = hyperbolic_tangent(new.c);
  const vec i = z[0], f = z[1], g = z[2], o = z[3];
  const vec dc = d.c + d.h * o * (one - tc * tc);
  z[0] = dc * g * i * (one - i);
  z[1] = dc * old.c * f * (one - f);
  z[2] = dc * i * (one - g * g);
  z[3] = d.h * tc * o * (one - o);
  return (State){.h = all(0.0f), .c = dc * f};
}

#include "operators.h"
