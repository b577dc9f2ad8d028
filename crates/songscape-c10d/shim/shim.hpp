// What the parts of the shim share. C++ objects pass between them, so all must be compiled against the
// same libtorch.
#pragma once
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <string>

// What a backend is made of.
struct ss_join {
  c10::intrusive_ptr<c10d::Store> store;
  int rank;
  int size;
  std::chrono::milliseconds timeout;
  // Names of network interfaces, separated by commas, or "@" and an address of this machine.
  std::string network;
};

c10::intrusive_ptr<c10d::Backend> ss_gloo(const ss_join& join);

// The one symbol of the NCCL plugin: 0, or 1 and a message.
using ss_make_backend = int (*)(const ss_join*, c10::intrusive_ptr<c10d::Backend>*, std::string*);
