#include "chipmap/export.h"

#include "chipmap/drawing.h"

namespace chipmap {

std::string export_as(std::string_view format, const View& view) {
  constexpr uint32_t kPixelsOfPng = 2;  // sharp on a screen of today
  if (format == "html") return html_of(view);
  if (format == "json") return json_of(view);
  const Picture picture = draw(view);
  return format == "png" ? png_of(picture.scene, kPixelsOfPng) : svg_of(picture.scene);
}

}  // namespace chipmap
