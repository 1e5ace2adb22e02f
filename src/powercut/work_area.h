// What a cut of power may have destroyed, by the physics of the flash and the way the storage works.
//
// The storage rewrites a sector in place: it erases it when the whole new content is in RAM, and programs
// that at once. In between the content is nowhere but in RAM, and a cut loses it. (Where one command
// erases several sectors, that is all of them.) No other sector is in danger at any time.
#pragma once

#include <cstdint>

#include "powercut/campaign.h"

namespace powercut {

struct WorkArea {
  uint32_t begin = 0;  // bytes of the whole flash
  uint32_t end = 0;    // == begin: nothing is erased and not complete again

  bool contains(uint32_t offset) const { return offset >= begin && offset < end; }
};

// What was being rewritten at that moment.
WorkArea rewritten_at(const Moment& moment);

// The bytes whose program the cut has torn.
WorkArea programmed_at(const Moment& moment);

}  // namespace powercut
