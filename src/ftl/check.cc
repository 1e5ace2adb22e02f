#include "ftl/check.h"

#include <algorithm>
#include <array>

#include "ftl/tree.h"

namespace ftl {

using flash::Status;

namespace {

Status count_erases(Log& log, CheckReport& report) {
  report.least_erases = UINT32_MAX;
  for (uint32_t segment = 0; segment < report.layout.segment_count; ++segment) {
    Log::SegmentState state;
    FLASH_TRY(log.read_segment(segment, state));
    if (state.kind != HeaderKind::kOurs) continue;
    report.least_erases = std::min(report.least_erases, state.header.erase_count);
    report.most_erases = std::max(report.most_erases, state.header.erase_count);
  }
  report.least_erases = std::min(report.least_erases, report.most_erases);
  return {};
}

void note_damage(uint32_t block, CheckReport& report) {
  if (report.damaged_blocks++ == 0) report.first_damaged_block = block;
}

// Block after block: where the way to one is damaged, the next may still be found.
Status count_blocks(Log& log, const Tree& tree, CheckReport& report, BlockVisitor* visitor) {
  std::array<uint8_t, kBlockBytes> data;
  const auto visit = [visitor](uint32_t block, Location at, std::span<const uint8_t> bytes) {
    if (visitor != nullptr) visitor->visit(block, at, bytes);
  };
  for (uint32_t block = 0; block < report.layout.block_count; ++block) {
    Location at = kNowhere;
    Record record;
    FLASH_TRY(tree.find(static_cast<uint16_t>(block), at, record));
    if (at == kNowhere) continue;
    bool is_sound = false;
    if (at == kLost) {
      report.map_is_damaged = true;
    } else {
      ++report.live_blocks;
      FLASH_TRY(log.read_data(at, record, data, is_sound));
    }
    if (!is_sound) note_damage(block, report);
    visit(block, at, is_sound ? std::span<const uint8_t>(data) : std::span<const uint8_t>());
  }
  return {};
}

}  // namespace

Status check(flash::NorFlash& nor, uint32_t offset, uint32_t size_bytes, CheckReport& report,
             BlockVisitor* visitor) {
  report = {};
  FLASH_TRY(make_layout(nor.geometry(), offset, size_bytes, report.layout));
  Log log(nor, report.layout);
  Record root;
  Location at = kNowhere;
  FLASH_TRY(log.mount(report.finding, root, at));
  if (report.finding != Finding::kSound) return {};
  report.sequence = root.sequence;
  report.last_commit = at;
  report.head = log.head();
  report.tail = log.tail();
  report.used_segments = log.segments_in_use();
  FLASH_TRY(count_erases(log, report));
  Tree tree(log);
  tree.set_root(root, at);
  return count_blocks(log, tree, report, visitor);
}

}  // namespace ftl
