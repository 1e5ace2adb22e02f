// The picture as a page of its own that tells about the sector under the pointer.

#include "chipmap/drawing.h"
#include "chipmap/export.h"
#include "chipmap/json.h"
#include "chipmap/page_script.h"

namespace chipmap {

namespace {

template <class List, class Function>
std::string array_of(const List& list, Function&& text_of) {
  std::string text;
  for (const auto& element : list) text += (text.empty() ? "" : ",") + text_of(element);
  return "[" + text + "]";
}

// Runs of equal units: content, owner, count.
std::string units_text(const ChipMap& map, const Grid& grid) {
  const auto units = map.units().subspan(grid.offset / kUnitBytes, grid.size_bytes / kUnitBytes);
  std::string text;
  for (size_t begin = 0; begin < units.size();) {
    size_t end = begin + 1;
    while (end < units.size() && units[end] == units[begin]) ++end;
    text += (text.empty() ? "[" : ",[") + std::to_string(static_cast<int>(units[begin].content)) + "," +
            std::to_string(units[begin].owner) + "," + std::to_string(end - begin) + "]";
    begin = end;
  }
  return "[" + text + "]";
}

std::string owners_text(const ChipMap& map) {
  return array_of(map.owners(), [](const Owner& owner) {
    return "[" + json_quoted(owner.name) + "," + std::to_string(owner.size_bytes) + "]";
  });
}

// Offset, size and erases of the sectors in the grid; and what was added to the erases, if that is known.
std::string sectors_text(const View& view, const Grid& grid) {
  std::string text;
  for (size_t i = 0; i < view.map.sectors().size(); ++i) {
    const Sector& sector = view.map.sectors()[i];
    if (sector.offset < grid.offset || sector.offset - grid.offset >= grid.size_bytes) continue;
    text += (text.empty() ? "[" : ",[") + std::to_string(sector.offset) + "," +
            std::to_string(sector.size_bytes) + "," + std::to_string(sector.wear);
    if (view.changes != nullptr && view.changes->has_wear)
      text += "," + std::to_string(view.changes->wear_added[i]);
    text += "]";
  }
  return "[" + text + "]";
}

// One digit a unit.
std::string changes_text(const Changes& changes, const Grid& grid) {
  std::string text;
  for (uint32_t at = 0; at < grid.size_bytes; at += kUnitBytes) {
    text += static_cast<char>('0' + static_cast<int>(changes.units[(grid.offset + at) / kUnitBytes]));
  }
  return "\"" + text + "\"";
}

template <class Kind>
std::string names_text(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += (text.empty() ? "" : ",") + json_quoted(name_of(static_cast<Kind>(i)));
  }
  return "[" + text + "]";
}

std::string data_of(const View& view, const Picture& picture) {
  const Grid& grid = picture.grid;
  const auto number = [](double value) { return std::to_string(value); };
  std::string text = "{\"panels\":" + array_of(picture.panels, [&number](const Panel& panel) {
                       return "[" + number(panel.x) + "," + number(panel.y) + "]";
                     });
  text += ",\"offset\":" + std::to_string(grid.offset) + ",\"size\":" + std::to_string(grid.size_bytes) +
          ",\"cell\":" + std::to_string(grid.cell_bytes) + ",\"columns\":" + std::to_string(grid.columns) +
          ",\"pitch\":" + number(grid.pitch) + ",\"unit\":" + std::to_string(kUnitBytes) +
          ",\"endurance\":" + std::to_string(view.map.board().part->endurance_cycles) +
          ",\"hasWear\":" + (view.map.has_wear() ? "true" : "false") +
          ",\"contents\":" + names_text<Content>(kContentCount) + ",\"units\":" + units_text(view.map, grid) +
          ",\"owners\":" + owners_text(view.map) + ",\"sectors\":" + sectors_text(view, grid);
  if (view.changes != nullptr) {
    text += ",\"changes\":" + changes_text(*view.changes, grid) +
            ",\"changeNames\":" + names_text<Change>(kChangeCount) +
            ",\"unitsBefore\":" + units_text(*view.before, grid) +
            ",\"ownersBefore\":" + owners_text(*view.before);
  }
  return text + "}";
}

}  // namespace

std::string html_of(const View& view) {
  const Picture picture = draw(view);
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>" +
         xml_escaped(view.subject) + "</title>\n<style>" + kPageStyle +
         "</style>\n</head>\n<body>\n<main>\n" + svg_of(picture.scene) +
         "</main>\n<div id=\"tip\" hidden=\"hidden\"></div>\n<script type=\"application/json\" id=\"data\">" +
         data_of(view, picture) + "</script>\n<script>" + kPageScript + "</script>\n</body>\n</html>\n";
}

}  // namespace chipmap
