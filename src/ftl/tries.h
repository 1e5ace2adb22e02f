// How often it is worth to try again.
#pragma once

#include "flash/status.h"

namespace ftl {

// A worse flash than one that fails three times in a row is no flash.
inline constexpr int kTries = 3;

template <typename Attempt>
flash::Status try_thrice(Attempt attempt) {
  flash::Status status = flash::Error::kIo;
  for (int i = 0; i < kTries && status == flash::Status(flash::Error::kIo); ++i) status = attempt();
  return status;
}

}  // namespace ftl
