/* What a cell must say before it includes forward.h, backward.h and operators.h, which compute any
 * layer whose step is made of sums of products: a cell's file is this interface and its equations.
 *
 *   NAME          of its operators; the gradient's is NAME "Grad"
 *   STATES        1: h; 2: h and c
 *   SUMS          sums of products of one unit, at most GROUP
 *   X_FROM, X_SUMS    which of them the inputs meet: X_FROM and the X_SUMS - 1 after it
 *   H_FROM, H_SUMS    which of them the state before meets
 *   BIASES        rows of the bias
 *   X_ORDER, H_ORDER  numbers in Keras's weights of the sums that x and h meet
 *
 * A step's products, its gates and its state stay in vector registers: a tile of up to ROWS rows
 * holds all sums of LANES units. So the files are included, not linked: each cell has tiles of its
 * own, in which its numbers are constants.
 */
#pragma once
#include "layer.h"

/* What a unit has beside its sums. */
typedef struct {
  vec h, c; /* before it; c only where the cell has it */
} State;
