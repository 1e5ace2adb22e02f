#include <array>
#include <cstdio>
#include <string_view>

#include "chipmap/scene.h"

namespace chipmap {

namespace {

constexpr std::string_view kFonts = "system-ui, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif";

// At most two decimals, and no more than there are.
std::string number(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.2f", value);
  std::string result = text.data();
  while (result.ends_with('0')) result.pop_back();
  if (result.ends_with('.')) result.pop_back();
  return result == "-0" ? "0" : result;
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + std::string(value) + "\"";
}

std::string box(double x, double y, double width, double height) {
  return attribute("x", number(x)) + attribute("y", number(y)) + attribute("width", number(width)) +
         attribute("height", number(height));
}

std::string element(const Rectangle& r) {
  return "<rect" + box(r.x, r.y, r.width, r.height) + attribute("fill", hex_of(r.colour)) + "/>\n";
}

std::string element(const Frame& f) {
  const double half = f.line_width / 2;
  return "<rect" + box(f.x - half, f.y - half, f.width + f.line_width, f.height + f.line_width) +
         attribute("fill", "none") + attribute("stroke", hex_of(f.colour)) +
         attribute("stroke-width", number(f.line_width)) + "/>\n";
}

std::string element(const Text& t) {
  constexpr std::array<std::string_view, 3> kAnchors = {"start", "middle", "end"};
  std::string attributes = attribute("x", number(t.x)) + attribute("y", number(t.y)) +
                           attribute("font-size", number(t.size)) + attribute("fill", hex_of(t.colour));
  if (t.anchor != Anchor::kStart) {
    attributes += attribute("text-anchor", kAnchors[static_cast<size_t>(t.anchor)]);
  }
  if (t.bold) attributes += attribute("font-weight", "bold");
  return "<text" + attributes + ">" + xml_escaped(t.text) + "</text>\n";
}

}  // namespace

std::string hex_of(Colour colour) {
  std::array<char, 8> text;
  std::snprintf(text.data(), text.size(), "#%02x%02x%02x", colour.red, colour.green, colour.blue);
  return text.data();
}

std::string svg_of(const Scene& scene) {
  const std::string size = number(scene.width) + " " + number(scene.height);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"" + attribute("width", number(scene.width)) +
                    attribute("height", number(scene.height)) + attribute("viewBox", "0 0 " + size) +
                    attribute("font-family", kFonts) + ">\n";
  svg += element(Rectangle{0, 0, scene.width, scene.height, scene.background});
  for (const Shape& shape : scene.shapes) {
    svg += std::visit([](const auto& which) { return element(which); }, shape);
  }
  return svg + "</svg>\n";
}

}  // namespace chipmap
