// The NCCL backend: a library of its own, opened once libtorch_cuda is there. `cargo xtask nccl` builds it.
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <cstdlib>
#include "shim.hpp"

extern "C" __attribute__((visibility("default"))) int ss_nccl(
    const ss_join* join, c10::intrusive_ptr<c10d::Backend>* out, std::string* error) {
  try {
    // A peer that is lost is an error of the call that waits for it, not the end of the process.
    setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", 0);
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = join->timeout;
    *out = c10::make_intrusive<c10d::ProcessGroupNCCL>(join->store, join->rank, join->size, options);
    return 0;
  } catch (const c10::Error& e) {
    *error = e.what_without_backtrace();
  } catch (const std::exception& e) {
    *error = e.what();
  } catch (...) {
    *error = "an exception of unknown kind";
  }
  return 1;
}
