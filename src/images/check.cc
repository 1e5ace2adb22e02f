#include "images/check.h"

#include <algorithm>

#include "chipmap/chip_map.h"
#include "images/mend_fat.h"
#include "images/walk.h"
#include "images/words.h"

namespace images {

namespace {

using flash::Status;

void add_damaged_places(const chipmap::ChipMap& map, std::vector<std::string>& faults) {
  uint32_t owner = chipmap::kNobody;
  size_t count = 0;
  const auto tell = [&] {
    if (count == 0) return;
    const std::string whose = owner == chipmap::kNobody ? "nobody's" : printable(map.owners()[owner].name);
    faults.push_back(std::to_string(count * chipmap::kUnitBytes) + " bytes do not read back: " + whose);
  };
  for (const chipmap::Unit& unit : map.units()) {
    if (unit.content != chipmap::Content::kDamaged) continue;
    if (unit.owner != owner) {
      tell();
      count = 0;
    }
    owner = unit.owner;
    ++count;
  }
  tell();
}

// Of the volume that is read, both tell the same.
void add_unseen(const chipmap::ChipMap& map, Findings& findings) {
  auto& lines = findings.unseen;
  for (const std::string& line : map.unseen()) {
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
}

std::string name_of_remains(Image& image, uint32_t start, uint32_t end) {
  volumes::StorageDevice device(image.camera().storage(), start, end - start);
  const Filesystem* const remains = sure_remains(device);
  if (remains == nullptr) return {};
  return remains == filesystem_of_option("fat") ? "a damaged FAT filesystem" : "a half-written littlefs";
}

// Of volumes whose beginning is lost, where the one in front ends and where the data begins. That which the
// image was opened at is not looked for.
void look_for_remains(Image& image, Findings& findings) {
  const uint32_t block = image.board().native_block_bytes;
  for (const FoundVolume& area : findings.unknown) {
    uint32_t begin = 0, end = image.camera().storage().size_bytes();
    for (const FoundVolume& volume : findings.volumes) {
      const uint32_t volume_end = (volume.start + volume.size_bytes + block - 1) / block * block;
      if (volume.start < area.start) begin = std::max(begin, volume_end);
      if (volume.start > area.start) end = std::min(end, volume.start);
    }
    if (begin <= image.start() && image.start() < end) continue;
    for (const uint32_t start : {begin, (area.start + block - 1) / block * block}) {
      const std::string what = start < end ? name_of_remains(image, start, end) : "";
      if (what.empty()) continue;
      const std::string at = std::to_string(start);
      findings.faults.push_back("what looks like " + what + " is at start=" + at + "; --start " + at +
                                " looks into it");
      break;
    }
  }
}

// Where a folder holds what can be no entry. The camera takes it for strange files, or for nothing.
void look_for_lost_names(Image& image, Findings& findings) {
  MendedFat mended;
  mend_fat(image.device(), image.camera(), false, mended).ignore();
  findings.faults.insert(findings.faults.end(), mended.lost_names.begin(), mended.lost_names.end());
}

// As the camera would read it, to the last byte.
void read_everything(Image& image, const OnProgress& on_progress, Findings& findings) {
  std::vector<Node> nodes;
  walk(image.volume(), "/", nodes, [&](const Fault& fault) {
    if (fault.status == volumes::kTooDeep) {
      findings.unseen.push_back(printable(fault.path) + ": " + reason_of(fault.status));
      return true;
    }
    const char* kind = fault.is_file ? "file " : "folder ";
    findings.faults.push_back(kind + printable(fault.path) + ": " + reason_of(fault.status));
    findings.files += fault.is_file ? 1 : 0;
    findings.unreadable_files += fault.is_file ? 1 : 0;
    return true;
  }).ignore();
  uint64_t total_bytes = 0, done_bytes = 0;
  for (const Node& node : nodes) total_bytes += node.entry.size_bytes;
  for (const Node& node : nodes) {
    if (node.entry.is_directory) {
      ++findings.folders;
      continue;
    }
    ++findings.files;
    uint64_t read_bytes = 0;
    const Status status = read_file(image.volume(), node.path, [&](std::span<const uint8_t> piece) {
      read_bytes += piece.size();
      on_progress(done_bytes + read_bytes, total_bytes, node.path);
      return read_bytes <= image.device().size_bytes();  // a chain that leads in a circle never ends
    });
    done_bytes += node.entry.size_bytes;
    if (status.ok() && read_bytes == node.entry.size_bytes) continue;
    ++findings.unreadable_files;
    findings.faults.push_back("file " + printable(node.path) + ": reads to byte " +
                              std::to_string(read_bytes) + " of " + std::to_string(node.entry.size_bytes));
  }
}

}  // namespace

Findings check(Image& image, const OnProgress& on_progress) {
  const chipmap::ChipMap map = chipmap::survey(image.board(), image.camera().memory());
  Findings findings;
  findings.volumes = volumes_of(map);
  findings.faults.assign(map.faults().begin(), map.faults().end());
  findings.unknown = unknown_areas_of(map);
  add_damaged_places(map, findings.faults);
  look_for_remains(image, findings);
  const std::string& found = image.content().description;
  if (image.content().filesystem == nullptr) {
    if (!image.content().is_blank) findings.faults.push_back("it holds " + found);
  } else if (!image.mount().empty()) {
    const std::string start = std::to_string(image.start());
    findings.faults.push_back("the " + found + " at start=" + start + " does not mount");
  } else {
    for (const FoundVolume& volume : findings.volumes) {
      if (volume.start >= image.start() || image.start() >= volume.start + volume.size_bytes) continue;
      findings.faults.push_back("the " + found + " at start=" + std::to_string(image.start()) +
                                " lies inside the " + volume.kind +
                                " at start=" + std::to_string(volume.start));
    }
    if (image.content().filesystem == filesystem_of_option("fat") && !has_allocation_table(image.device())) {
      findings.faults.push_back("the allocation table of the FAT is damaged");
    }
    read_everything(image, on_progress, findings);
    if (image.content().filesystem == filesystem_of_option("fat")) look_for_lost_names(image, findings);
  }
  add_unseen(map, findings);
  return findings;
}

}  // namespace images
