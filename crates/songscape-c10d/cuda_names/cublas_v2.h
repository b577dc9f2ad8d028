// The names of cuBLAS, cuSPARSE and cuSOLVER that libtorch's headers mention on the way to NCCL: their own
// headers are half a gigabyte of wheels. Only pointers and results of functions that are not called here.
#pragma once
typedef struct cublasContext* cublasHandle_t;
enum cublasStatus_t : int { CUBLAS_STATUS_SUCCESS = 0 };
