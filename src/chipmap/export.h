// One look at a chip in every format: picture, page, numbers, text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chipmap/changes.h"
#include "chipmap/chip_map.h"

namespace chipmap {

// Of one image; or of two, then with what changed from `before` to `map`.
struct View {
  const ChipMap& map;
  const ChipMap* before;
  const Changes* changes;  // null without `before`
  std::string subject;     // the name of the image, or of both
  bool whole_chip;         // draw more than the storage
};

// `format` is "svg", "png", "html" or "json"; the content of the file.
std::string export_as(std::string_view format, const View& view);

std::string html_of(const View& view);
std::string json_of(const View& view);

// What one has to know to read it right: damage, counters that are missing.
std::vector<std::string> remarks_on(const View& view);

// Some lines for a terminal: totals, hottest sectors, what is wrong.
std::string summary_of(const View& view);

}  // namespace chipmap
