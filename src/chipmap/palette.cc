#include "chipmap/palette.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace chipmap {

namespace {

Colour mix(Colour a, Colour b, double share_of_b) {
  const auto between = [share_of_b](uint8_t x, uint8_t y) {
    return static_cast<uint8_t>(std::lround(x + (y - x) * share_of_b));
  };
  return {between(a.red, b.red), between(a.green, b.green), between(a.blue, b.blue)};
}

}  // namespace

Colour colour_of(Content content) {
  constexpr std::array<Colour, kContentCount> kColours = {
      Colour::of(0xDDD8CE), Colour::of(0xF1F4F7), Colour::of(0xCBD5DF),
      Colour::of(0xD3A0B4), Colour::of(0x2A7FB8), Colour::of(0xE69F00),
      Colour::of(0x00785A), Colour::of(0x7A6A8C), Colour::of(0xC81E1E)};
  return kColours[static_cast<size_t>(content)];
}

Colour colour_of(Change change) {
  constexpr std::array<Colour, kChangeCount> kColours = {Colour::of(0xC3CCD5), Colour::of(0x2A7FB8),
                                                         Colour::of(0xE69F00), Colour::of(0x8C2D6E),
                                                         Colour::of(0x2BB39A)};
  return kColours[static_cast<size_t>(change)];
}

Colour colour_of(const Unit& unit) {
  constexpr std::array kShares = {0.0, 0.32, 0.16};
  const Colour colour = colour_of(unit.content);
  return unit.content == Content::kFile ? mix(colour, kPaper, kShares[unit.owner % kShares.size()]) : colour;
}

WearScale::WearScale(uint32_t max_wear) {
  constexpr uint32_t kLargestPowerOfTen = 1'000'000'000;
  while (top_ < max_wear && top_ < kLargestPowerOfTen) top_ *= 10;
}

double WearScale::position(uint32_t wear) const {
  return std::clamp(std::log10(std::max(wear, 1u)) / std::log10(top_), 0.0, 1.0);
}

Colour WearScale::colour(uint32_t wear) const {
  return wear == 0 ? none() : at(position(wear));
}

Colour WearScale::at(double position) {
  constexpr std::array kStops = {Colour::of(0xFDE7A3), Colour::of(0xFBB650), Colour::of(0xF0803C),
                                 Colour::of(0xD24644), Colour::of(0x9C2063), Colour::of(0x5C126E),
                                 Colour::of(0x1B0A3C)};
  const double at = std::clamp(position, 0.0, 1.0) * (kStops.size() - 1);
  const size_t stop = std::min(static_cast<size_t>(at), kStops.size() - 2);
  return mix(kStops[stop], kStops[stop + 1], at - static_cast<double>(stop));
}

Colour WearScale::none() {
  return Colour::of(0xF1F4F7);
}

}  // namespace chipmap
