// What `pybflash powercut` was asked to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/camera_options.h"
#include "sim/power_supply.h"

namespace cli::powercut {

// Of all cuts, those whose number leaves the remainder `index` on division by `count`.
struct Shard {
  size_t index = 0;
  size_t count = 1;

  bool holds(size_t number) const { return number % count == index; }
};

// A cut of the writer; and if there are more: a cut of the boot and check that followed, and so on.
using CutPath = std::vector<sim::Cut>;

std::string to_string(const CutPath& path);  // "41b7/2e1"

struct Options {
  CameraOptions camera;
  std::string write_script;
  std::string check_script;
  size_t cuts = SIZE_MAX;  // of each run that is cut, at most
  unsigned depth = 1;
  bool torn = false;
  Shard shard;
  unsigned jobs = 1;
  uint32_t seed = 1;
  unsigned time_limit_s = 20;  // of the host, for one boot and check
  CutPath replay;              // empty: a campaign
  std::string save;            // of a replay: the image that the cut leaves; empty: none
  std::string json;            // empty: none
};

}  // namespace cli::powercut
