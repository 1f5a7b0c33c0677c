/* The LSTM of Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000, as in
 * keras.layers.LSTM. The sums have Keras's order: input, forget, candidate, output. */
#include "cell.h"

#define NAME "ConveyorLSTM"
enum { STATES = 2, SUMS = 4, X_FROM = 0, X_SUMS = 4, H_FROM = 0, H_SUMS = 4, BIASES = 1 };
static const int X_ORDER[] = {0, 1, 2, 3}, H_ORDER[] = {0, 1, 2, 3};

/* z: the sums on entry; the gates on return. One division serves all four gates of a unit. Each
 * stage loops over the rows, since a stage must wait for the result of the previous one. */
INLINE void step_forward(const int R, vec z[ROWS][GROUP], State *state) {
  const vec one = all(1.0f);
  vec e[ROWS][GROUP];
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int g = 0; g < SUMS; g++) e[r][g] = exponential(g == 2 ? -2.0f : -1.0f, z[r][g]);
  UNROLL for (int r = 0; r < R; r++) {
    const vec ei = one + e[r][0], ef = one + e[r][1], eg = one + e[r][2], eo = one + e[r][3];
    const vec low = ei * ef, high = eg * eo, inverse = one / (low * high);
    const vec of_low = high * inverse, of_high = low * inverse;
    z[r][0] = ef * of_low;
    z[r][1] = ei * of_low;
    z[r][2] = (one - e[r][2]) * (eo * of_high);
    z[r][3] = eg * of_high;
    state[r].c = z[r][1] * state[r].c + z[r][0] * z[r][2];
  }
  UNROLL for (int r = 0; r < R; r++) state[r].h = z[r][3] * hyperbolic_tangent(state[r].c);
}

/* z: the gates on entry; the gradient of the sums on return. d: the gradient of the new state.
 * Return the gradient of the old state, without the part that passes through the sums. */
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
