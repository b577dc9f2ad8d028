// The Gloo backend. Only here are gloo's own names needed, of which libtorch ships no headers.
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <sstream>
#include "shim.hpp"

c10::intrusive_ptr<c10d::Backend> ss_gloo(const ss_join& join) {
  using c10d::ProcessGroupGloo;
  auto options = c10::make_intrusive<ProcessGroupGloo::Options>(join.timeout);
  if (!join.network.empty() && join.network.front() == '@') {
    options->devices.push_back(ProcessGroupGloo::createDeviceForHostname(join.network.substr(1)));
  } else {
    std::istringstream names(join.network);
    for (std::string name; std::getline(names, name, ',');)
      options->devices.push_back(ProcessGroupGloo::createDeviceForInterface(name));
  }
  options->threads = static_cast<int>(2 * options->devices.size());
  return c10::make_intrusive<ProcessGroupGloo>(join.store, join.rank, join.size, options);
}
