/* The interface of a cell. A cell's file defines these names and its equations, and then includes
 * operators.h, which computes any layer whose step consists of sums of products.
 *
 *   NAME              name of the forward operator; the gradient operator is NAME "Grad"
 *   STATES            1: h; 2: h and c
 *   SUMS              number of sums of products of one unit, at most GROUP
 *   X_FROM, X_SUMS    first sum that the inputs enter, and the number of such sums
 *   H_FROM, H_SUMS    the same for the state before the step
 *   BIASES            rows of the bias
 *   X_ORDER, H_ORDER  position in Keras's weights of each sum that x or h enters
 *
 * The products, gates and state of a step stay in vector registers: a tile of up to ROWS rows holds
 * all sums of LANES units. Files are included and not linked, so that these sizes are constants in
 * the code of each cell.
 */
#pragma once
#include "layer.h"

/* The state of a unit. */
typedef struct {
  vec h, c; /* c is used only where STATES is 2 */
} State;
