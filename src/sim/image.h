// The content of a flash in a file: a raw dump of the whole chip, as a programmer would read it, mapped
// into memory, so that it survives whatever ends the program. What a dump cannot hold (wear counters,
// words whose ECC is broken) is in a second file beside it, IMAGE.wear.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "sim/cells.h"

namespace sim {

class Image {
 public:
  // Opens the image, or makes a blank one; an empty path keeps it in RAM. One program at a time may hold
  // an image. The alternative is one line that says what was wrong and what to do.
  static std::variant<std::unique_ptr<Image>, std::string> open(const std::string& path,
                                                                const CellPhysics& physics);

  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  virtual ~Image() = default;

  const CellMemory& memory() const { return memory_; }

 protected:
  Image() = default;
  CellMemory memory_;
};

}  // namespace sim
