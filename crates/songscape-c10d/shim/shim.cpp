// torch's c10d behind a C interface. No exception passes: a function returns null, or what went wrong as a
// text that the caller frees.
#include "shim.hpp"
#include <ATen/Version.h>
#include <c10/util/Flags.h>
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/headeronly/version.h>
#include <cstdlib>
#include <cstring>
#include <mutex>
C10_DECLARE_int(caffe2_log_level);

using std::chrono::milliseconds;

struct ss_store { c10::intrusive_ptr<c10d::Store> store; };
struct ss_group { c10::intrusive_ptr<c10d::Backend> backend; };

// c10d logs each error with a C++ stack, and reads its own variable for that only where logging was begun.
// What it has to say comes back as an error.
static void quiet() {
  static std::once_flag once;
  std::call_once(once, [] {
    FLAGS_caffe2_log_level = 3;
    c10::initLogging();
  });
}

template <class F>
static char* protect(F run) noexcept {
  try {
    run();
    return nullptr;
  } catch (const c10::Error& error) {
    return strdup(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("an exception of unknown kind");
  }
}

static void finish(const c10::intrusive_ptr<c10d::Work>& work, milliseconds timeout) {
  if (!work->wait(timeout)) throw std::runtime_error("the operation was aborted");
}

static char* copy(const std::string& text) { return strdup(text.c_str()); }

extern "C" {
void ss_text_free(char* text) { free(text); }

// The version of the headers, the vector instructions in use, and how libtorch was built.
char* ss_version() { return copy(TORCH_VERSION); }
char* ss_instructions() { return copy(at::get_cpu_capability()); }
char* ss_build() { return copy(at::show_config()); }

// `listener`: a socket that listens, which the store takes over; or -1 for a store that another hosts.
char* ss_store_tcp(const char* host, uint16_t port, int listener, int64_t timeout, ss_store** out) {
  quiet();
  return protect([&] {
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = listener >= 0;
    if (options.isServer) options.masterListenFd = listener;
    options.waitWorkers = false;
    options.timeout = milliseconds(timeout);
    *out = new ss_store{c10::make_intrusive<c10d::TCPStore>(std::string(host), options)};
  });
}
char* ss_store_prefix(ss_store* inner, const char* prefix, ss_store** out) {
  return protect([&] {
    *out = new ss_store{c10::make_intrusive<c10d::PrefixStore>(std::string(prefix), inner->store)};
  });
}
char* ss_store_set(ss_store* store, const char* key, const uint8_t* bytes, size_t length) {
  return protect([&] { store->store->set(key, std::vector<uint8_t>(bytes, bytes + length)); });
}
// The bytes under a key that is there, for ss_text_free; null where it is not there.
char* ss_store_get(ss_store* store, const char* key, char** bytes, size_t* length) {
  return protect([&] {
    *bytes = nullptr;
    if (!store->store->check({std::string(key)})) return;
    auto value = store->store->get(key);
    *bytes = static_cast<char*>(malloc(value.size() + 1));
    if (!*bytes) throw std::bad_alloc();
    memcpy(*bytes, value.data(), value.size());
    *length = value.size();
  });
}
char* ss_store_add(ss_store* store, const char* key, int64_t amount, int64_t* out) {
  return protect([&] { *out = store->store->add(key, amount); });
}
void ss_store_free(ss_store* store) { delete store; }

// `make`: null for Gloo.
char* ss_group_new(ss_store* store, int rank, int size, int64_t timeout, const char* network,
                   ss_make_backend make, ss_group** out) {
  return protect([&] {
    ss_join join{store->store, rank, size, milliseconds(timeout), network};
    c10::intrusive_ptr<c10d::Backend> backend;
    if (!make) {
      backend = ss_gloo(join);
    } else {
      std::string error;
      if (make(&join, &backend, &error) != 0) throw std::runtime_error(error);
    }
    *out = new ss_group{std::move(backend)};
  });
}
void ss_group_free(ss_group* group) { delete group; }

// Tensors are torch-sys' C_tensor*, which is at::Tensor*. The backends read as many elements as there are
// from where a tensor begins, whatever its strides: the caller lets only contiguous ones pass.
char* ss_all_reduce(ss_group* group, at::Tensor* tensor, int64_t timeout) {
  return protect([&] {
    std::vector<at::Tensor> tensors{*tensor};
    c10d::AllreduceOptions options;
    options.timeout = milliseconds(timeout);
    finish(group->backend->allreduce(tensors, options), options.timeout);
  });
}
char* ss_broadcast(ss_group* group, at::Tensor* tensor, int64_t timeout) {
  return protect([&] {
    std::vector<at::Tensor> tensors{*tensor};
    c10d::BroadcastOptions options;
    options.rootRank = 0;
    options.timeout = milliseconds(timeout);
    finish(group->backend->broadcast(tensors, options), options.timeout);
  });
}
// `to` is `[size * n, ...]`.
char* ss_all_gather(ss_group* group, at::Tensor* to, at::Tensor* from, int64_t timeout) {
  return protect([&] {
    c10d::AllgatherOptions options;
    options.timeout = milliseconds(timeout);
    finish(group->backend->_allgather_base(*to, *from, options), options.timeout);
  });
}
}
