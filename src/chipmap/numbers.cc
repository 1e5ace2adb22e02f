// The map as JSON, for programs.
#include <map>
#include <utility>

#include "chipmap/export.h"
#include "chipmap/json.h"

namespace chipmap {

namespace {

using Runs = std::vector<std::pair<uint32_t, uint32_t>>;  // offset and length in bytes

std::string key(std::string_view name) {
  return json_quoted(name) + ": ";
}

// [a, b, ...] with a function for each element.
template <class List, class Function>
std::string array_of(const List& list, Function&& text_of, const char* separator = ", ") {
  std::string text;
  for (const auto& element : list) text += (text.empty() ? "" : separator) + text_of(element);
  return "[" + text + "]";
}

std::string pair_text(const std::pair<uint32_t, uint32_t>& pair) {
  return "[" + std::to_string(pair.first) + ", " + std::to_string(pair.second) + "]";
}

// Where each owner's units are.
std::map<uint32_t, Runs> runs_of_owners(const ChipMap& map) {
  std::map<uint32_t, Runs> runs;
  for (uint32_t i = 0; i < map.units().size(); ++i) {
    Runs& list = runs[map.units()[i].owner];
    const uint32_t at = i * kUnitBytes;
    if (list.empty() || list.back().first + list.back().second != at) list.emplace_back(at, 0);
    list.back().second += kUnitBytes;
  }
  return runs;
}

std::string owners_text(const ChipMap& map) {
  const auto runs = runs_of_owners(map);
  std::string text;
  for (uint32_t i = 1; i < map.owners().size(); ++i) {
    const auto found = runs.find(i);
    const Runs list = found == runs.end() ? Runs() : found->second;
    const std::string_view kind =
        list.empty() ? "" : name_of(map.units()[list.front().first / kUnitBytes].content);
    text += (text.empty() ? "" : ",\n    ");
    text += "{" + key("name") + json_quoted(map.owners()[i].name) + ", " + key("content") +
            json_quoted(kind) + ", " + key("size_bytes") + std::to_string(map.owners()[i].size_bytes) + ", " +
            key("runs") + array_of(list, pair_text) + "}";
  }
  return "[\n    " + text + "]";
}

std::string log_text(const LogUse& log) {
  const std::pair<std::string_view, uint32_t> numbers[] = {
      {"segment_bytes", log.segment_bytes}, {"segments", log.segments}, {"tail", log.tail},
      {"used_segments", log.used_segments}, {"blocks", log.blocks},     {"live_blocks", log.live_blocks}};
  std::string text;
  for (const auto& number : numbers) {
    text += (text.empty() ? "" : ", ") + key(number.first) + std::to_string(number.second);
  }
  return "{" + text + "}";
}

std::string volumes_text(const ChipMap& map) {
  return array_of(map.volumes(), [](const Volume& volume) {
    return "{" + key("kind") + json_quoted(volume.kind) + ", " + key("offset") +
           std::to_string(volume.offset) + ", " + key("size_bytes") + std::to_string(volume.size_bytes) +
           (volume.log ? ", " + key("log") + log_text(*volume.log) : "") + "}";
  });
}

std::string content_bytes_text(const ChipMap& map) {
  const Totals totals = totals_of(map, 0);
  std::string text;
  for (size_t i = 0; i < kContentCount; ++i) {
    text +=
        (text.empty() ? "" : ", ") + key(name_of(static_cast<Content>(i))) + std::to_string(totals.bytes[i]);
  }
  return "{" + text + "}";
}

std::string changes_text(const View& view) {
  const Changes& changes = *view.changes;
  std::vector<uint32_t> changed;
  Runs erased;
  for (size_t i = 0; i < view.map.sectors().size(); ++i) {
    const Sector& sector = view.map.sectors()[i];
    const uint32_t first = sector.offset / kUnitBytes, count = sector.size_bytes / kUnitBytes;
    bool is_changed = false;
    for (uint32_t unit = first; unit < first + count; ++unit)
      is_changed |= changes.units[unit] != Change::kNone;
    if (is_changed) changed.push_back(sector.offset);
    if (changes.wear_added[i] != 0) erased.emplace_back(sector.offset, changes.wear_added[i]);
  }
  std::string bytes;
  for (size_t i = 0; i < kChangeCount; ++i) {
    bytes +=
        (bytes.empty() ? "" : ", ") + key(name_of(static_cast<Change>(i))) + std::to_string(changes.bytes[i]);
  }
  return "{\n    " + key("bytes") + "{" + bytes + "},\n    " + key("changed_sectors") +
         array_of(changed, [](uint32_t offset) { return std::to_string(offset); }) + ",\n    " +
         key("erases_added") + (changes.has_wear ? array_of(erased, pair_text) : "null") + "}";
}

}  // namespace

std::string json_of(const View& view) {
  const ChipMap& map = view.map;
  const boards::Board& board = map.board();
  Runs wear;
  for (const Sector& sector : map.sectors()) {
    if (sector.wear != 0) wear.emplace_back(sector.offset, sector.wear);
  }
  std::string text = "{\n";
  const auto field = [&text](std::string_view name, const std::string& value) {
    text += (text.size() > 2 ? ",\n  " : "  ") + key(name) + value;
  };
  field("subject", json_quoted(view.subject));
  field("board", json_quoted(board.name));
  field("flash_bytes", std::to_string(board.part->geometry.size_bytes()));
  field("storage", "[" + std::to_string(board.storage().offset) + ", " +
                       std::to_string(board.storage().size_bytes) + "]");
  field("endurance_cycles", std::to_string(board.part->endurance_cycles));
  field("volumes", volumes_text(map));
  field("content_bytes", content_bytes_text(map));
  field("erases", array_of(wear, pair_text));
  field("owners", owners_text(map));
  field("faults", array_of(map.faults(), [](const std::string& fault) { return json_quoted(fault); }));
  if (view.changes != nullptr) field("changes", changes_text(view));
  return text + "\n}\n";
}

}  // namespace chipmap
