#include "images/check.h"

#include <variant>

#include "boards/hardware.h"
#include "chipmap/chip_map.h"
#include "images/walk.h"
#include "images/words.h"
#include "sim/image.h"

namespace images {

namespace {

using flash::Status;

void add_damaged_places(const chipmap::ChipMap& map, std::vector<std::string>& faults) {
  uint32_t owner = chipmap::kNobody;
  size_t count = 0;
  const auto tell = [&] {
    if (count == 0) return;
    const std::string whose = owner == chipmap::kNobody ? "nobody's" : map.owners()[owner].name;
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

std::vector<FoundVolume> volumes_of(const chipmap::ChipMap& map) {
  std::vector<FoundVolume> found;
  for (const chipmap::Volume& volume : map.volumes()) {
    found.push_back({volume.kind, volume.offset - map.board().storage().offset, volume.size_bytes});
  }
  return found;
}

// As the camera would read it, to the last byte.
void read_everything(Image& image, const OnProgress& on_progress, Findings& findings) {
  std::vector<Node> nodes;
  walk(image.volume(), "/", nodes, [&](const Fault& fault) {
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

std::vector<FoundVolume> other_volumes(const boards::Board& board, const std::string& path) {
  const auto opened = sim::Image::open(path, boards::physics_of(*board.part), sim::ImageUse::kScratch);
  const auto* image = std::get_if<std::unique_ptr<sim::Image>>(&opened);
  if (image == nullptr) return {};
  auto volumes = volumes_of(chipmap::survey(board, (*image)->memory()));
  std::erase_if(volumes, [](const FoundVolume& volume) { return volume.is_at_start(); });
  return volumes;
}

std::string check(Image& image, const std::string& path, const OnProgress& on_progress, Findings& findings) {
  const boards::Board& board = image.board();
  auto opened = sim::Image::open(path, boards::physics_of(*board.part), sim::ImageUse::kScratch);
  if (const auto* error = std::get_if<std::string>(&opened)) return *error;
  const auto& memory = std::get<std::unique_ptr<sim::Image>>(opened)->memory();
  const chipmap::ChipMap map = chipmap::survey(board, memory);
  findings.volumes = volumes_of(map);
  findings.faults.assign(map.faults().begin(), map.faults().end());
  add_damaged_places(map, findings.faults);
  if (image.content().filesystem == nullptr) {
    if (!image.content().is_blank) findings.faults.push_back("it holds " + image.content().description);
    return {};
  }
  if (const std::string error = image.mount(); !error.empty()) {
    findings.faults.push_back("the " + image.content().description + " at its start does not mount");
    return {};
  }
  read_everything(image, on_progress, findings);
  return {};
}

}  // namespace images
