// The colours. Contents are told apart by hue and by lightness (after Okabe and Ito), wear by lightness
// alone, so that both can be read with any kind of colour vision.
#pragma once

#include <cstdint>

#include "chipmap/changes.h"
#include "chipmap/chip_map.h"
#include "chipmap/scene.h"

namespace chipmap {

inline constexpr Colour kInk = Colour::of(0x1B1F24);
inline constexpr Colour kFaintInk = Colour::of(0x656D76);
inline constexpr Colour kLine = Colour::of(0xC4CAD0);
inline constexpr Colour kPaper = Colour::of(0xFFFFFF);
inline constexpr Colour kMark = Colour::of(0x0072B2);  // around hot spots; nothing of the wear scale is blue

Colour colour_of(Content content);
Colour colour_of(Change change);

// Neighbouring files have slightly different shades.
Colour colour_of(const Unit& unit);

// Wear on a logarithmic scale from 1 to `top`, a power of ten; no wear at all has a colour of its own.
class WearScale {
 public:
  explicit WearScale(uint32_t max_wear);

  uint32_t top() const { return top_; }
  Colour colour(uint32_t wear) const;
  // 0 for one erase, 1 for `top` of them.
  double position(uint32_t wear) const;
  static Colour at(double position);
  static Colour none();

 private:
  uint32_t top_ = 10;
};

}  // namespace chipmap
