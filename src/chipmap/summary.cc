#include <algorithm>

#include "chipmap/drawing.h"
#include "chipmap/export.h"
#include "chipmap/words.h"

namespace chipmap {

namespace {

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string right(const std::string& text, size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

std::string sentence_of(const LogUse& log) {
  return "The layer's log takes " + in_groups(log.used_segments) + " of " + in_groups(log.segments) +
         " segments of " + in_bytes(log.segment_bytes) + ", from segment " + std::to_string(log.tail) +
         " on; " + in_groups(log.live_blocks) + " of " + in_groups(log.blocks) + " blocks hold something.";
}

std::string head_of(const View& view) {
  const boards::Board& board = view.map.board();
  std::string text = view.subject + ": " + std::string(board.camera) + " (" + std::string(board.name) +
                     "), " + std::string(board.part->name) + "\n";
  for (const Volume& volume : view.map.volumes()) {
    text += volume.kind + " of " + in_bytes(volume.size_bytes) + " at " + in_hex(volume.offset) + "\n";
  }
  if (view.map.volumes().empty()) text += "no known filesystem\n";
  return text;
}

std::string contents_of(const ChipMap& map) {
  const Totals totals = totals_of(map, 0);
  const double storage_bytes = map.board().storage().size_bytes;
  std::string text = "\nCONTENT                SIZE    SHARE\n";
  for (const Content content : kContentsOfStorage) {
    const uint64_t bytes = totals.bytes[static_cast<size_t>(content)];
    if (bytes == 0) continue;
    text += padded(std::string(name_of(content)), 17) + right(in_bytes(bytes), 10) +
            right(in_percent(static_cast<double>(bytes), storage_bytes), 9) + "\n";
  }
  return text;
}

std::string hottest_of(const ChipMap& map) {
  const Totals totals = totals_of(map, kHotSpots);
  if (totals.hottest.empty()) return map.has_wear() ? "\nNothing was ever erased.\n" : "";
  const uint32_t endurance = map.board().part->endurance_cycles;
  std::string text = "\nHOTTEST        ERASES    OF " + in_groups(endurance) + "  CONTENT\n";
  for (const uint32_t i : totals.hottest) {
    const Sector& sector = map.sectors()[i];
    text += in_hex(sector.offset) + right(in_groups(sector.wear), 11) +
            right(in_percent(sector.wear, endurance), 14) + "  " + content_of(map, sector) + "\n";
  }
  return text + in_groups(totals.erases) + " erases in all\n";
}

std::string changes_of(const View& view) {
  const Changes& changes = *view.changes;
  std::string text = "\nCHANGE                       SIZE\n";
  for (size_t i = 1; i < kChangeCount; ++i) {
    text += padded(std::string(name_of(static_cast<Change>(i))), 23) + right(in_bytes(changes.bytes[i]), 10) +
            "\n";
  }
  return text + "\n" + sentence_of(changes) + "\n";
}

// Empty: nothing is.
std::string without_counters(const View& view) {
  if (view.before == nullptr) return view.map.has_wear() ? "" : view.subject;
  if (!view.map.has_wear()) return view.before->has_wear() ? "the new image" : "either image";
  return view.before->has_wear() ? "" : "the old image";
}

}  // namespace

std::vector<std::string> remarks_on(const View& view) {
  std::vector<std::string> remarks;
  for (const Volume& volume : view.map.volumes()) {
    if (volume.log) remarks.push_back(sentence_of(*volume.log));
  }
  remarks.insert(remarks.end(), view.map.faults().begin(), view.map.faults().end());
  remarks.insert(remarks.end(), view.map.unseen().begin(), view.map.unseen().end());
  if (const std::string whose = without_counters(view); !whose.empty()) {
    remarks.push_back("There are no wear counters beside " + whose + ".");
  }
  if (view.changes != nullptr && view.changes->counters_went_back) {
    remarks.push_back("Some counters are lower than before: they were started anew in between.");
  }
  return remarks;
}

std::string summary_of(const View& view) {
  std::string text = head_of(view);
  text += view.changes != nullptr ? changes_of(view) : contents_of(view.map) + hottest_of(view.map);
  const std::vector<std::string> remarks = remarks_on(view);
  if (!remarks.empty()) text += "\n";
  for (const std::string& remark : remarks) text += remark + "\n";
  return text;
}

}  // namespace chipmap
