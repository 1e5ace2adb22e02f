// Which of the layers over a storage may be used: each keeps the map of its log in RAM, so two on one slice
// would write over each other's records. The one that was mounted or formatted last has the slice.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace ftl {

class Claims {
 public:
  // Takes a slice from all who have part of it. Returns the ticket to ask with, from 1.
  uint32_t claim(uint32_t offset, uint32_t size_bytes) {
    const Claim claim = {offset, size_bytes, ++last_ticket_};
    // An older claim that lies within this one has nothing more to say.
    Claim* place = std::find_if(claims_.begin(), claims_.end(), [&](const Claim& other) {
      return other.offset >= offset && other.offset + other.size_bytes <= offset + size_bytes;
    });
    if (place == claims_.end()) {
      place = std::min_element(claims_.begin(), claims_.end(),
                               [](const Claim& a, const Claim& b) { return a.ticket < b.ticket; });
      forgotten_ = std::max(forgotten_, place->ticket);
    }
    *place = claim;
    return claim.ticket;
  }

  // Has nobody claimed part of the slice since? (Where more is going on than is remembered: perhaps
  // somebody.)
  bool holds(uint32_t ticket, uint32_t offset, uint32_t size_bytes) const {
    return ticket >= forgotten_ && std::none_of(claims_.begin(), claims_.end(), [&](const Claim& other) {
             return other.ticket > ticket && other.offset < offset + size_bytes &&
                    offset < other.offset + other.size_bytes;
           });
  }

 private:
  struct Claim {
    uint32_t offset = 0;
    uint32_t size_bytes = 0;
    uint32_t ticket = 0;
  };

  std::array<Claim, 32> claims_;
  uint32_t last_ticket_ = 0;
  uint32_t forgotten_ = 0;  // the last claim that is not remembered any more
};

}  // namespace ftl
