#pragma once
typedef struct cusparseContext* cusparseHandle_t;
enum cusparseStatus_t : int { CUSPARSE_STATUS_SUCCESS = 0 };
