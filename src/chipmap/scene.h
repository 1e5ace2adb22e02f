// A picture as a list of shapes, for writers of any format. Coordinates are pixels of a picture at its
// natural size, from the top left corner.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace chipmap {

struct Colour {
  uint8_t red = 0, green = 0, blue = 0;

  static constexpr Colour of(uint32_t rgb) {
    return {static_cast<uint8_t>(rgb >> 16), static_cast<uint8_t>(rgb >> 8), static_cast<uint8_t>(rgb)};
  }
  friend bool operator==(Colour, Colour) = default;
};

std::string hex_of(Colour colour);  // "#0072b2"

struct Rectangle {
  double x, y, width, height;
  Colour colour;
};

// The outline of a rectangle; the line lies outside of it.
struct Frame {
  double x, y, width, height;
  double line_width;
  Colour colour;
};

enum class Anchor { kStart, kMiddle, kEnd };

// `y` is the base line, `size` the height of the font.
struct Text {
  double x, y, size;
  std::string text;  // UTF-8
  Colour colour;
  Anchor anchor = Anchor::kStart;
  bool bold = false;
};

using Shape = std::variant<Rectangle, Frame, Text>;

struct Scene {
  double width = 0;
  double height = 0;
  Colour background = Colour::of(0xFFFFFF);
  std::vector<Shape> shapes;  // later ones lie above earlier ones

  void add(Shape shape) { shapes.push_back(std::move(shape)); }
};

// The scene as a standalone SVG document.
std::string svg_of(const Scene& scene);

// As a PNG file, `pixels` by `pixels` for each pixel of the scene. Letters outside ASCII are shown as '?'.
std::string png_of(const Scene& scene, uint32_t pixels);

// For text and attributes in XML and HTML; what XML does not allow becomes U+FFFD.
std::string xml_escaped(const std::string& text);

}  // namespace chipmap
