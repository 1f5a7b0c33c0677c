/* One call of an operator, in TensorFlow's C interface.
 *
 * TensorFlow allocates all memory, on the calling thread and before the computation starts. Where
 * memory is too small, the call ends with ResourceExhausted, as TensorFlow's own operators do.
 * After a first failure, no function here does anything. So one check of `ok` suffices for many.
 */
#pragma once
#include <stdint.h>
#include <stdlib.h>
/* TensorFlow's header uses these types without `struct`, as in C++. */
typedef struct TF_OpDefinitionBuilder TF_OpDefinitionBuilder;
typedef struct TF_ShapeInferenceContext TF_ShapeInferenceContext;
typedef struct TF_ShapeHandle TF_ShapeHandle;
typedef struct TF_DimensionHandle TF_DimensionHandle;
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_tensor.h"

typedef struct {
  TF_Tensor *tensors[40]; /* the inputs come first, in their order */
  int count;
  TF_OpKernelContext *context;
  TF_Status *status;
} Call;

static int ok(const Call *call) { return TF_GetCode(call->status) == TF_OK; }

static void *hold(Call *call, TF_Tensor *t) {
  if (!t) return NULL;
  call->tensors[call->count++] = t;
  return TF_TensorData(t);
}

/* Return the data of the next input. */
static void *input(Call *call) {
  TF_Tensor *t = NULL;
  if (ok(call)) TF_GetInput(call->context, call->count, &t, call->status);
  return hold(call, t);
}

static float *output(Call *call, int i, int rank, int64_t a, int64_t b, int64_t c) {
  const int64_t dims[3] = {a, b, c};
  size_t bytes = sizeof(float);
  if (!ok(call)) return NULL; /* an allocation would overwrite the failure */
  for (int d = 0; d < rank; d++) bytes *= dims[d];
  return hold(call, TF_AllocateOutput(call->context, i, TF_FLOAT, dims, rank, bytes,
                                      call->status));
}

/* Allocate an output, in the memory of an input if nothing else uses that memory. The caller must
 * `hold` it after the remaining inputs, since inputs are counted by the tensors held so far. */
static TF_Tensor *output_in_place_of(Call *call, int input, int i, int64_t a, int64_t b,
                                     int64_t c) {
  const int64_t dims[3] = {a, b, c};
  if (!ok(call)) return NULL;
  return TF_ForwardInputOrAllocateOutput(call->context, &input, 1, i, dims, 3, NULL, call->status);
}

/* Allocate memory that is freed at the end of the call, aligned to a cache line. */
static void *scratch(Call *call, int64_t count, size_t size) {
  const int64_t bytes = count * (int64_t)size + 1;
  TF_AllocatorAttributes attributes = {.struct_size = TF_ALLOCATOR_ATTRIBUTES_STRUCT_SIZE};
  if (!ok(call)) return NULL;
  return hold(call, TF_AllocateTemp(call->context, TF_UINT8, &bytes, 1, &attributes,
                                    call->status));
}

static void finish(Call *call) {
  if (!ok(call)) TF_OpKernelContext_Failure(call->context, call->status);
  for (int i = 0; i < call->count; i++) TF_DeleteTensor(call->tensors[i]);
  TF_DeleteStatus(call->status);
}

/* Check the shape of an input. A wrong shape would make the kernel read memory outside it. */
static int is_shape(Call *call, int i, int rank, int64_t a, int64_t b, const char *rule) {
  const TF_Tensor *t = call->tensors[i];
  if (TF_NumDims(t) == rank && TF_Dim(t, 0) == a && (rank < 2 || TF_Dim(t, 1) == b)) return 1;
  TF_SetStatus(call->status, TF_INVALID_ARGUMENT, rule);
  return 0;
}

typedef struct { int reverse, repeat, save; } Attributes;

/* Read the attributes of an operator. A missing attribute is 0. */
static void *create(TF_OpKernelConstruction *c) {
  static const Attributes every[8] = {{0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 1},
                                      {1, 0, 0}, {1, 0, 1}, {1, 1, 0}, {1, 1, 1}};
  const char *const names[3] = {"reverse", "repeat", "save"};
  int which = 0;
  TF_Status *s = TF_NewStatus();
  for (int i = 0; i < 3; i++) {
    unsigned char value = 0;
    TF_OpKernelConstruction_GetAttrBool(c, names[i], &value, s);
    which = 2 * which + (TF_GetCode(s) == TF_OK && value);
  }
  TF_DeleteStatus(s);
  return (void *)&every[which];
}
static void delete_nothing(void *attributes) { (void)attributes; }

/* Register an operator.
 *
 * parts: "<input: type", ">output: type" or "@attribute: type", with NULL at the end. A part that
 * starts with 2 applies only to cells with two states.
 */
static void define(const char *name, int states, const char *const *parts,
                   void (*compute)(void *, TF_OpKernelContext *)) {
  TF_Status *status = TF_NewStatus();
  TF_OpDefinitionBuilder *op = TF_NewOpDefinitionBuilder(name);
  for (; *parts; parts++) {
    const char *part = *parts;
    if (*part == '2' && states < 2) continue;
    part += *part == '2';
    if (*part == '<') TF_OpDefinitionBuilderAddInput(op, part + 1);
    if (*part == '>') TF_OpDefinitionBuilderAddOutput(op, part + 1);
    if (*part == '@') TF_OpDefinitionBuilderAddAttr(op, part + 1);
  }
  TF_RegisterOpDefinition(op, status);
  TF_KernelBuilder *builder = TF_NewKernelBuilder(name, "CPU", create, compute, delete_nothing);
  TF_RegisterKernelBuilder(name, builder, status);
  TF_DeleteStatus(status);
}
