// What a cut of power may have destroyed, by the physics of the flash and the way the storage works.
//
// The storage rewrites a sector in place: it erases it when the whole new content is in RAM, and programs
// that at once. In between the content is nowhere but in RAM, and a cut loses it. (Where one command
// erases several sectors, that is all of them.) No other sector is in danger at any time, and none is in
// danger while no call of the user's is under way.
#pragma once

#include <cstdint>
#include <vector>

#include "powercut/campaign.h"

namespace powercut {

// Bytes of the whole flash.
struct Extent {
  uint32_t begin = 0;
  uint32_t end = 0;

  bool contains(uint32_t offset) const { return offset >= begin && offset < end; }
  friend bool operator==(const Extent&, const Extent&) = default;
};

// What was erased and not complete again at that moment: nothing, or the area of one command. Once an
// operation has failed in a call, that is all that the call has erased.
std::vector<Extent> rewritten_at(const Moment& moment);

// The bytes whose program the cut has torn.
Extent programmed_at(const Moment& moment);

}  // namespace powercut
