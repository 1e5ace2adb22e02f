// The content of a flash in a file: a raw dump of the whole chip, as a programmer would read it, mapped
// into memory, so that it survives whatever ends the program. What a dump cannot hold (wear counters,
// words whose ECC is broken) is in a second file beside it, IMAGE.wear. Unstable bits live as long as the
// object: what a file then holds of them is how they were last.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "sim/cells.h"

namespace sim {

enum class ImageUse {
  kKeep,     // what is written is in the file
  kScratch,  // the file is where it starts; it is never written, and must be there
};

class Image {
 public:
  // Opens the image, or makes a blank one; an empty path keeps it in RAM. One program at a time may write
  // an image. The alternative is one line that says what was wrong and what to do.
  static std::variant<std::unique_ptr<Image>, std::string> open(const std::string& path,
                                                                const CellPhysics& physics,
                                                                ImageUse use = ImageUse::kKeep);

  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  virtual ~Image() = default;

  const CellMemory& memory() const { return memory_; }

 protected:
  Image() { memory_.unstable_bits = &unstable_bits_; }
  CellMemory memory_;

 private:
  UnstableBits unstable_bits_;
};

}  // namespace sim
